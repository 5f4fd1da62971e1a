//! Gives a webhook a new secret. The old one stays valid for signing a while, so that its owner can change over in peace.

use crate::core::Core;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::SignedDuration;
use crate::projects::add_webhook::new_secret;
use crate::store::webhooks::{self, Webhook};

/// How long deliveries are signed with the old secret too.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// The webhook with its new secret; `None` where it is not there any more.
pub async fn rotate_secret(core: &Core, project: ProjectId, id: WebhookId) -> anyhow::Result<Option<Webhook>> {
    let sealed = core.seal.seal(&new_secret(core));
    let until = core.clock.now() + OVERLAP;
    core.db
        .write(async move |tx| {
            if !webhooks::rotate(tx, project, id, &sealed, until).await? {
                return Ok(None);
            }
            Ok(Some(webhooks::get(tx, project, id).await?))
        })
        .await
}
