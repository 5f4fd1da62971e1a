//! Revokes an API key: requests with it are refused from now on, and its webhook is off. Whoever stole a key may have sent its
//! events to an address of their own.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::store::{audit, keys, webhooks};

/// The reason that is shown for the webhook of a revoked key.
const REVOKED: &str = "Its API key was revoked.";

/// A key that was revoked.
#[derive(Debug, PartialEq, Eq)]
pub struct RevokedKey {
    /// The UUID of its webhook, which is off now; `None` where it had none.
    pub webhook_id: Option<String>,
}

/// Revokes the project's key with that UUID; `None` where the project has no such key, or it was revoked before.
pub async fn revoke_key(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    public_id: &str,
) -> anyhow::Result<Option<RevokedKey>> {
    let (actor, public_id, now) = (actor.clone(), public_id.to_owned(), core.clock.now());
    core.db
        .write(async move |tx| {
            let Some(key) = keys::revoke(tx, project, &public_id, now).await? else { return Ok(None) };
            let webhook_id = match webhooks::find_by_key(tx, project, key).await? {
                Some(webhook) => {
                    webhooks::set_active(tx, project, webhook.id, false, Some(REVOKED)).await?;
                    Some(webhook.public_id)
                }
                None => None,
            };
            let change = Change::new(Action::RevokeKey, Object::Key(public_id.clone()));
            audit::record(tx, project, &actor, &change, now).await?;
            if let Some(webhook_id) = &webhook_id {
                let change = Change::new(Action::DisableWebhook, Object::Webhook(webhook_id.clone()));
                let change = change.with(json!({"reason": REVOKED, "key_id": public_id}));
                audit::record(tx, project, &actor, &change, now).await?;
            }
            Ok(Some(RevokedKey { webhook_id }))
        })
        .await
}
