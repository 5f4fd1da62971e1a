//! Removes a webhook and cancels what still waits for it. What was delivered stays on record.

use crate::core::Core;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::store::webhooks;

/// Writes that one removal takes at most; nothing that is left is ever delivered.
const WRITES_MAX: usize = 10_000;

/// `false` where there is no such webhook. From the first write on nothing is delivered to it any more; the cancelling
/// goes in parts, so that other writes come in between.
pub async fn remove_webhook(core: &Core, project: ProjectId, id: WebhookId) -> anyhow::Result<bool> {
    let now = core.clock.now();
    if !core.db.write(async move |tx| Ok(webhooks::remove(tx, project, id, now).await?)).await? {
        return Ok(false);
    }
    for _ in 0..WRITES_MAX {
        if core.db.write(async move |tx| Ok(webhooks::cancel_deliveries(tx, project, id).await?)).await? == 0 {
            break;
        }
    }
    Ok(true)
}
