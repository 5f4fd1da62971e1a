//! Resends deliveries: one of them, or all that failed since a time.

use crate::core::Core;
use crate::domain::ids::{DeliveryId, ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::delivery_log;
use crate::store::window::Position;

/// Deliveries made due in one transaction.
const BATCH: u32 = 500;
/// Webhooks read at once.
const WEBHOOKS_READ: u32 = 500;

/// Makes a delivery of the project due again; `false` where it has no such delivery. Its retry schedule starts anew.
pub async fn resend_delivery(core: &Core, project: ProjectId, delivery: DeliveryId) -> anyhow::Result<bool> {
    let now = core.clock.now();
    let found = core.db.write(async move |tx| Ok(delivery_log::resend(tx, project, delivery, now).await?)).await?;
    core.notifier.notify(Work::Deliveries);
    Ok(found)
}

/// Makes all failed deliveries of a webhook, or of every one, due again whose event is not older than `since`. `progress`
/// gets how many there are so far.
pub async fn resend_failed(
    core: &Core,
    webhook: Option<(ProjectId, WebhookId)>,
    since: Timestamp,
    progress: impl Fn(u64),
) -> anyhow::Result<u64> {
    if let Some((project, webhook)) = webhook {
        return resend_of_webhook(core, project, webhook, since, &progress).await;
    }
    let (mut resent, mut after) = (0, WebhookId(0));
    loop {
        let keys =
            core.db.read(async move |conn| Ok(delivery_log::webhook_keys(conn, after, WEBHOOKS_READ).await?)).await?;
        for (project, webhook) in &keys {
            resent += resend_of_webhook(core, *project, *webhook, since, &|of_this| progress(resent + of_this)).await?;
        }
        match keys.last() {
            Some((_, last)) => after = *last,
            None => return Ok(resent),
        }
    }
}

/// Goes through the log once, so that what fails again meanwhile is not sent a second time.
async fn resend_of_webhook(
    core: &Core,
    project: ProjectId,
    webhook: WebhookId,
    since: Timestamp,
    progress: &impl Fn(u64),
) -> anyhow::Result<u64> {
    let (mut resent, mut after) = (0, Position::before(since));
    loop {
        // Found by reading: a long search holds nobody's writes up.
        let failed =
            core.db.read(async move |conn| Ok(delivery_log::failed(conn, project, webhook, after, BATCH).await?));
        let failed = failed.await?;
        let Some(last) = failed.last() else { return Ok(resent) };
        after = *last;
        let now = core.clock.now();
        resent += core
            .db
            .write(async move |tx| {
                let mut due = 0;
                for delivery in failed {
                    due += u64::from(delivery_log::resend_if_failed(tx, project, DeliveryId(delivery.id), now).await?);
                }
                Ok(due)
            })
            .await?;
        progress(resent);
        core.notifier.notify(Work::Deliveries);
    }
}
