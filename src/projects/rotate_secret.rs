//! Gives a webhook a new secret. Deliveries are signed with the old one too for a while, so that its owner has time to change
//! over.

use crate::core::Core;
use crate::db::Error;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::SignedDuration;
use crate::projects::add_webhook::new_secret;
use crate::store::audit;
use crate::store::webhooks::{self, Webhook};

/// How long deliveries are signed with the old secret too.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// The webhook with its new secret; `None` where it is not there any more.
pub async fn rotate_secret(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
) -> anyhow::Result<Option<Webhook>> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let (seal, secret) = (core.seal.clone(), new_secret(core));
    core.db
        .write(async move |tx| {
            let before = match webhooks::get(tx, project, webhook).await {
                Err(Error::NoRow) => return Ok(None),
                found => found?,
            };
            let sealed = seal.seal(before.secret_place(), &secret);
            if !webhooks::rotate(tx, project, webhook, &sealed, now + OVERLAP).await? {
                return Ok(None);
            }
            let webhook = webhooks::get(tx, project, webhook).await?;
            let change = Change::new(Action::RotateSecret, Object::Webhook(webhook.public_id.clone()));
            audit::record(tx, project, &actor, &change, now).await?;
            Ok(Some(webhook))
        })
        .await
}
