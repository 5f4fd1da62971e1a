//! Changes the settings of a webhook. Its id and its secret stay.

use serde_json::{Value, json};

use crate::core::Core;
use crate::db::Error;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::net::Target;
use crate::notifier::Work;
use crate::outbound::headers;
use crate::projects::add_webhook::{NewWebhook, WebhookRefused, check_name, events_of, origin, sealed_headers};
use crate::projects::limit_webhook::check;
use crate::store::webhook_settings::{self, Settings};
use crate::store::{audit, webhooks};

/// Gives a webhook these settings; `false` where there is no such webhook. What waits goes to the new URL.
pub async fn update_webhook(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
    new: NewWebhook,
) -> Result<bool, WebhookRefused> {
    Target::parse(&new.url, core.webhook_client.policy())?;
    headers::check_all(&new.headers)?;
    check(new.limits)?;
    check_name(&new.name)?;
    let events = events_of(&new.events)?;
    let (core_then, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let updated = core.db.write(async move |tx| {
        let before = match webhooks::get(tx, project, webhook).await {
            Err(Error::NoRow) => return Ok(false),
            found => found?,
        };
        let detail = detail(&new, &events, &before.url);
        let settings = Settings {
            sealed_headers: sealed_headers(&core_then, project, &before.public_id, &new.headers),
            name: new.name,
            url: new.url,
            events,
            policy: new.policy,
            limits: new.limits,
        };
        webhook_settings::update(tx, project, webhook, &settings).await?;
        let change = Change::new(Action::UpdateWebhook, Object::Webhook(before.public_id)).with(detail);
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(true)
    });
    let is_updated = updated.await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_updated)
}

fn detail(new: &NewWebhook, events: &[String], url_before: &str) -> Value {
    json!({
        "name": &new.name,
        "origin": origin(&new.url),
        "url": if new.url == url_before { "the same" } else { "changed" },
        "events": events,
        "headers": new.headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "policy": new.policy.as_str(),
        "rate": new.limits.rate_per_second,
        "concurrency": new.limits.concurrency,
    })
}
