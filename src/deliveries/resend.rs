//! Resends deliveries: one, or all that failed since a time.

use serde_json::json;

use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{DeliveryId, ProjectId, WebhookId};
use crate::domain::time::{Timestamp, with_microseconds};
use crate::notifier::Work;
use crate::store::window::Position;
use crate::store::{audit, delivery_log, webhooks};

/// Deliveries that one transaction makes due.
const BATCH: u32 = 500;
/// Webhooks that one statement reads.
const WEBHOOKS_READ: u32 = 500;

/// Makes a delivery of the project due again, with its retry schedule from the start; `false` where the project has no such
/// delivery.
pub async fn resend_delivery(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    delivery: DeliveryId,
) -> anyhow::Result<bool> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let resent = core.db.write(async move |tx| {
        if !delivery_log::resend(tx, project, delivery, now).await? {
            return Ok(false);
        }
        let change = Change::new(Action::ResendDeliveries, Object::Delivery(delivery));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(true)
    });
    let is_resent = resent.await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_resent)
}

/// Makes all failed deliveries of a webhook, or of every webhook, due again whose event is not older than `since`. `progress`
/// gets how many there are so far.
///
/// The audit log gets a row for each transaction: what it says was done, wherever a long run ends.
pub async fn resend_failed(
    core: &Core,
    actor: &Actor,
    webhook: Option<(ProjectId, WebhookId)>,
    since: Timestamp,
    progress: impl Fn(u64),
) -> anyhow::Result<u64> {
    let resend = Resend { core, actor, since };
    if let Some((project, webhook)) = webhook {
        return resend.of_webhook(project, webhook, &progress).await;
    }
    let (mut resent, mut after) = (0, WebhookId(0));
    loop {
        let keys =
            core.db.read(async move |conn| Ok(delivery_log::webhook_keys(conn, after, WEBHOOKS_READ).await?)).await?;
        for &(project, webhook) in &keys {
            resent += resend.of_webhook(project, webhook, &|of_this| progress(resent + of_this)).await?;
        }
        match keys.last() {
            Some((_, last)) => after = *last,
            None => return Ok(resent),
        }
    }
}

struct Resend<'a> {
    core: &'a Core,
    actor: &'a Actor,
    since: Timestamp,
}

impl Resend<'_> {
    /// Goes through the log once, so that a delivery that fails again meanwhile is not resent a second time.
    async fn of_webhook(&self, project: ProjectId, webhook: WebhookId, progress: &impl Fn(u64)) -> anyhow::Result<u64> {
        let (mut resent, mut after) = (0, Position::before(self.since));
        loop {
            // Found by reading: a long search blocks no other write.
            let failed = async move |conn: &_| Ok(delivery_log::failed(conn, project, webhook, after, BATCH).await?);
            let failed = self.core.db.read(failed).await?;
            let Some(last) = failed.last() else { return Ok(resent) };
            after = *last;
            resent += self.batch(project, webhook, failed).await?;
            progress(resent);
            self.core.notifier.notify(Work::Deliveries);
        }
    }

    async fn batch(&self, project: ProjectId, webhook: WebhookId, failed: Vec<Position>) -> anyhow::Result<u64> {
        let (actor, since, now) = (self.actor.clone(), self.since, self.core.clock.now());
        let resend = async move |tx: &Tx| {
            let mut due = 0_u64;
            for delivery in failed {
                due += u64::from(delivery_log::resend_if_failed(tx, project, DeliveryId(delivery.id), now).await?);
            }
            if due > 0 {
                let object = Object::Webhook(webhooks::get(tx, project, webhook).await?.public_id);
                let change = Change::new(Action::ResendDeliveries, object);
                let change = change.with(json!({"deliveries": due, "since": with_microseconds(since)}));
                audit::record(tx, project, &actor, &change, now).await?;
            }
            Ok(due)
        };
        self.core.db.write(resend).await
    }
}
