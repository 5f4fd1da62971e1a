//! Turns a webhook on or off. Deliveries that waited while it was off are sent when it is on again.

use anyhow::bail;

use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::notifier::Work;
use crate::store::{audit, keys, webhooks};

/// The reason that is shown for a webhook that a person turned off.
const BY_HAND: &str = "Turned off by hand.";

/// The webhook belongs to a key that is not valid any more.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the webhook's API key was revoked: add a webhook for whoever shall have its events")]
pub struct KeyRevoked;

/// `false` where there is no such webhook; an error for one to be turned on whose API key was revoked.
pub async fn set_webhook_active(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
    is_active: bool,
) -> anyhow::Result<bool> {
    let (action, reason) =
        if is_active { (Action::EnableWebhook, None) } else { (Action::DisableWebhook, Some(BY_HAND)) };
    let (actor, now) = (actor.clone(), core.clock.now());
    let is_changed = core.db.write(async move |tx| {
        if is_active && !owner_is_valid(tx, project, webhook).await? {
            bail!(KeyRevoked);
        }
        if !webhooks::set_active(tx, project, webhook, is_active, reason).await? {
            return Ok(false);
        }
        let object = Object::Webhook(webhooks::get(tx, project, webhook).await?.public_id);
        audit::record(tx, project, &actor, &Change::new(action, object), now).await?;
        Ok(true)
    });
    let is_changed = is_changed.await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_changed)
}

async fn owner_is_valid(tx: &Tx, project: ProjectId, webhook: WebhookId) -> anyhow::Result<bool> {
    match webhooks::key_of(tx, project, webhook).await? {
        Some(key) => Ok(keys::is_valid(tx, project, key).await?),
        None => Ok(true),
    }
}
