//! Creates a widget: the button that a site shows.

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::origin::AllowedOrigin;
use crate::store::{audit, channels, widgets};

/// The default start of the prefilled text.
pub const GREETING: &str = "Hello! I have a question.";
/// Characters of a greeting: the prefilled text must fit into a link.
const GREETING_CHARS_MAX: usize = 500;
/// Sites that a widget may list.
const ORIGINS_MAX: usize = 100;

/// What a widget starts with.
pub struct NewWidget {
    /// The channel's id at its platform.
    pub channel_id: String,
    /// The origins that may use the widget's JSON endpoint, as [`AllowedOrigin::parse`] reads them; all where it is empty.
    pub origins: Vec<String>,
    /// The start of the prefilled text; [`GREETING`] where there is none.
    pub greeting: Option<String>,
}

/// A widget that was created.
pub struct CreatedWidget {
    /// The id in the tag.
    pub public_id: String,
    /// The tag for the site.
    pub snippet: String,
}

/// Creates a widget on a channel of the project.
pub async fn create_widget(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: NewWidget,
) -> anyhow::Result<CreatedWidget> {
    let greeting = new.greeting.unwrap_or_else(|| GREETING.to_owned()).trim().replace('\0', "");
    ensure!(
        greeting.chars().count() <= GREETING_CHARS_MAX,
        "a greeting may have at most {GREETING_CHARS_MAX} characters"
    );
    ensure!(new.origins.len() <= ORIGINS_MAX, "a widget may list at most {ORIGINS_MAX} origins");
    let origins: Vec<_> = new.origins.iter().map(|text| AllowedOrigin::parse(text)).collect::<Result<_, _>>()?;
    let origins = serde_json::to_string(&origins)?;
    let (actor, public_id, now) = (actor.clone(), core.random.token("w_", 12), core.clock.now());
    let id = public_id.clone();
    core.db
        .write(async move |tx| {
            let channel = channels::find_in(tx, project, &new.channel_id).await?.with_context(|| {
                format!(
                    "the project has no channel {:?}: `aurix channel list --project ID` lists its channels",
                    new.channel_id
                )
            })?;
            let new =
                widgets::NewWidget { public_id: &id, channel: channel.id, greeting: &greeting, origins: &origins };
            widgets::insert(tx, project, &new, now).await?;
            let change = Change::new(Action::CreateWidget, Object::Widget(id.clone()));
            let change = change.with(json!({"channel_id": &channel.external_id}));
            audit::record(tx, project, &actor, &change, now).await?;
            Ok(())
        })
        .await?;
    Ok(CreatedWidget { snippet: snippet(&core.config.base_url, &public_id), public_id })
}

/// The tag for the site, with a plain link for browsers without JavaScript.
pub fn snippet(base_url: &str, public_id: &str) -> String {
    format!(
        "<script async src=\"{base_url}/widget.js\" data-widget=\"{public_id}\"></script>\n\
         <noscript><a href=\"{base_url}/c/{public_id}\">Chat with us on WhatsApp</a></noscript>"
    )
}
