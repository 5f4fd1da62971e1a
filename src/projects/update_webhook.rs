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
use crate::store::audit;
use crate::store::webhook_settings::{self, Settings};
use crate::store::webhooks::{self, Webhook};

/// What a webhook is to be.
#[derive(Clone, Debug, Default)]
pub struct WebhookSettings {
    /// All of it, but for headers whose values stay.
    pub new: NewWebhook,
    /// Names of headers whose values stay as they are. Of a webhook that goes to another host none does: a value could be read
    /// there.
    pub kept_headers: Vec<String>,
}

/// Gives a webhook these settings; `false` where there is no such webhook. What waits goes to the new URL.
pub async fn update_webhook(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
    settings: WebhookSettings,
) -> Result<bool, WebhookRefused> {
    let WebhookSettings { new, kept_headers } = settings;
    Target::parse(&new.url, core.webhook_client.policy())?;
    check(new.limits)?;
    check_name(&new.name)?;
    let events = events_of(&new.events)?;
    let (core_then, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let updated = core.db.write(async move |tx| {
        let before = match webhooks::get(tx, project, webhook).await {
            Err(Error::NoRow) => return Ok(Ok(false)),
            found => found?,
        };
        let new = match with_kept_headers(&core_then, &before, new, &kept_headers) {
            Ok(new) => new,
            Err(refused) => return Ok(Err(refused)),
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
        Ok(Ok(true))
    });
    let is_updated = updated.await??;
    core.notifier.notify(Work::Deliveries);
    Ok(is_updated)
}

/// The settings with the values of headers that stay.
fn with_kept_headers(
    core: &Core,
    before: &Webhook,
    mut new: NewWebhook,
    kept: &[String],
) -> Result<NewWebhook, WebhookRefused> {
    if let Some(name) = kept.first().filter(|_| origin(&new.url) != origin(&before.url)) {
        return Err(WebhookRefused::HeaderOfOtherHost(name.clone()));
    }
    let opened = core.seal.open(before.headers_place(), &before.sealed_headers).map_err(anyhow::Error::from)?;
    let opened: Vec<(String, String)> = serde_json::from_str(&opened).map_err(anyhow::Error::from)?;
    let is_kept = |name: &str| kept.iter().any(|one| one.eq_ignore_ascii_case(name));
    new.headers.splice(..0, opened.into_iter().filter(|(name, _)| is_kept(name)));
    headers::check_all(&new.headers)?;
    Ok(new)
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
