//! Turns a webhook on or off. What waited while it was off goes out when it is on again.

use crate::core::Core;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::notifier::Work;
use crate::store::webhooks;

/// Why a webhook is off that a person turned off.
const BY_HAND: &str = "Turned off by hand.";

/// `false` where there is no such webhook.
pub async fn set_webhook_active(
    core: &Core,
    project: ProjectId,
    id: WebhookId,
    is_active: bool,
) -> anyhow::Result<bool> {
    let reason = if is_active { None } else { Some(BY_HAND) };
    let is_there =
        core.db.write(async move |tx| Ok(webhooks::set_active(tx, project, id, is_active, reason).await?)).await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_there)
}
