//! Changes a widget. Its id stays, so that tags on sites go on working.

use anyhow::ensure;
use serde_json::json;

use super::create_widget::{CheckedWidget, NewWidget, ORIGINS_MAX, check, get_channel};
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::origin::AllowedOrigin;
use crate::store::audit;
use crate::store::widgets::{self, WidgetDetails};

/// Changes the project's widget with that public id; `false` where it has none. Sites see the greeting and the origins within a
/// second; how the button looks is said by the tag on the site.
pub async fn update_widget(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    public_id: &str,
    changed: NewWidget,
) -> anyhow::Result<bool> {
    let CheckedWidget { greeting, origins } = check(&changed)?;
    let (actor, public_id, now) = (actor.clone(), public_id.to_owned(), core.clock.now());
    core.db
        .write(async move |tx| {
            let channel = get_channel(tx, project, &changed.channel_id).await?;
            let (greeting, origins, look) = (&greeting, &origins, &changed.look);
            let row = widgets::NewWidget { public_id: &public_id, channel: channel.id, greeting, origins, look };
            if !widgets::update(tx, project, &row).await? {
                return Ok(false);
            }
            let change = Change::new(Action::UpdateWidget, Object::Widget(public_id.clone()));
            let detail = json!({"channel_id": &channel.external_id, "origins": &changed.origins});
            audit::record(tx, project, &actor, &change.with(detail), now).await?;
            Ok(true)
        })
        .await
}

/// Adds a site that a widget refused to its list.
pub async fn allow_origin(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    details: WidgetDetails,
    origin: AllowedOrigin,
) -> anyhow::Result<()> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            let WidgetDetails { widget, look, .. } = &details;
            let mut origins = widget.origins.clone();
            if !origins.contains(&origin) {
                origins.push(origin.clone());
            }
            ensure!(origins.len() <= ORIGINS_MAX, "a widget may list at most {ORIGINS_MAX} origins");
            let (public_id, greeting, stored) = (&widget.public_id, &widget.greeting, serde_json::to_string(&origins)?);
            let row = widgets::NewWidget { public_id, channel: widget.channel, greeting, origins: &stored, look };
            widgets::update(tx, project, &row).await?;
            widgets::forget_refused(tx, project, widget.id, origin.as_str()).await?;
            let change = Change::new(Action::UpdateWidget, Object::Widget(public_id.clone()));
            Ok(audit::record(tx, project, &actor, &change.with(json!({"origins": &origins})), now).await?)
        })
        .await
}
