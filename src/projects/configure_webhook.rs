//! Registers the one webhook of an API key, or changes its URL.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::{Actor, KeyHolder};
use crate::domain::audit::{Action, Change, Object};
use crate::domain::delivery::Policy;
use crate::domain::event::EventType;
use crate::domain::rate_limit::Limits;
use crate::domain::seal::Place;
use crate::net::Target;
use crate::notifier::Work;
use crate::projects::add_webhook::{WebhookRefused, new_secret, origin, sealed_headers};
use crate::store::webhooks::{self, NewWebhook, Webhook};
use crate::store::{audit, keys};

/// Delivers the partner's events to `url` from now on. A webhook that exists keeps its id and its secret, and is turned on again
/// if it was off.
pub async fn configure_webhook(core: &Core, partner: &KeyHolder, url: String) -> Result<Webhook, WebhookRefused> {
    Target::parse(&url, core.webhook_client.policy())?;
    let detail = json!({"origin": origin(&url)});
    let public_id = core.random.uuid().to_string();
    let row = NewWebhook {
        key_id: Some(partner.key_id),
        service_name: partner.service_name.clone(),
        url,
        sealed_secret: core.seal.seal(Place::WebhookSecret(partner.project, &public_id), &new_secret(core)),
        sealed_headers: sealed_headers(core, partner.project, &public_id, &[]),
        events: EventType::PARTNER.iter().map(|event| event.as_str().to_owned()).collect(),
        policy: Policy::Retry,
        limits: Limits::default(),
        name: String::new(),
        public_id,
    };
    let (project, key_id) = (partner.project, partner.key_id);
    let (actor, now) = (Actor::Key(partner.clone()), core.clock.now());
    let stored = core.db.write(async move |tx| {
        // It was valid when the request came.
        if !keys::is_valid(tx, project, key_id).await? {
            return Ok(Err(WebhookRefused::KeyRevoked));
        }
        let is_new = webhooks::find_by_key(tx, project, key_id).await?.is_none();
        if is_new && webhooks::count(tx, project).await? >= webhooks::PER_PROJECT_MAX {
            return Ok(Err(WebhookRefused::TooMany));
        }
        let webhook = webhooks::insert(tx, project, &row, now).await?;
        let change = Change::new(Action::ConfigureWebhook, Object::Webhook(webhook.public_id.clone())).with(detail);
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(webhook))
    });
    let webhook = stored.await??;
    core.notifier.notify(Work::Deliveries);
    Ok(webhook)
}
