//! Registers the one webhook of an API key, or sends its events elsewhere.

use crate::core::Core;
use crate::domain::delivery::Policy;
use crate::domain::event::EventType;
use crate::domain::ids::{KeyId, ProjectId};
use crate::domain::rate_limit::Limits;
use crate::net::Target;
use crate::notifier::Work;
use crate::projects::add_webhook::{WebhookRefused, new_secret, sealed_headers};
use crate::store::webhooks::{self, NewWebhook, Webhook};

/// Whose webhook it is.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The project of the key.
    pub project: ProjectId,
    /// The row of the key.
    pub key_id: KeyId,
    /// The service of the key.
    pub service_name: String,
}

/// Stores `url` as the place where the owner's events go. A webhook that is there already keeps its id and its secret,
/// and is turned on again if it was off.
pub async fn configure_webhook(core: &Core, owner: Owner, url: String) -> Result<Webhook, WebhookRefused> {
    Target::parse(&url, core.webhook_client.policy())?;
    let row = NewWebhook {
        public_id: core.random.uuid().to_string(),
        key_id: Some(owner.key_id),
        service_name: owner.service_name,
        url,
        sealed_secret: core.seal.seal(&new_secret(core)),
        sealed_headers: sealed_headers(core, &[]),
        events: EventType::PARTNER.iter().map(|event| event.as_str().to_owned()).collect(),
        policy: Policy::Retry,
        limits: Limits::default(),
    };
    let (project, key_id, now) = (owner.project, owner.key_id, core.clock.now());
    let stored = core.db.write(async move |tx| {
        let is_new = webhooks::find_by_key(tx, project, key_id).await?.is_none();
        if is_new && webhooks::count(tx, project).await? >= webhooks::PER_PROJECT_MAX {
            return Ok(None);
        }
        Ok(Some(webhooks::insert(tx, project, &row, now).await?))
    });
    let webhook = stored.await?.ok_or(WebhookRefused::TooMany)?;
    core.notifier.notify(Work::Deliveries);
    Ok(webhook)
}
