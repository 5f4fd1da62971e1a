//! Removes a webhook and cancels its pending deliveries. The log of its past deliveries stays.

use crate::core::Core;
use crate::db::{Error, Tx};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::store::{audit, webhooks};

/// Transactions of one removal at most. Deliveries that are left are never sent, since their webhook is removed.
const WRITES_MAX: usize = 10_000;

/// `false` where there is no such webhook. From the first transaction on nothing is delivered to it any more. Deliveries are
/// cancelled in batches, so that other writes come in between.
pub async fn remove_webhook(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
) -> anyhow::Result<bool> {
    let (actor, now) = (actor.clone(), core.clock.now());
    if !core.db.write(async move |tx| remove(tx, &actor, project, webhook, now).await).await? {
        return Ok(false);
    }
    for _ in 0..WRITES_MAX {
        let cancel = async move |tx: &Tx| Ok(webhooks::cancel_deliveries(tx, project, webhook).await?);
        if core.db.write(cancel).await? == 0 {
            break;
        }
    }
    Ok(true)
}

async fn remove(
    tx: &Tx,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
    now: Timestamp,
) -> anyhow::Result<bool> {
    // Read first: a removed webhook is not read any more.
    let public_id = match webhooks::get(tx, project, webhook).await {
        Ok(found) => found.public_id,
        Err(Error::NoRow) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if !webhooks::remove(tx, project, webhook, now).await? {
        return Ok(false);
    }
    let change = Change::new(Action::RemoveWebhook, Object::Webhook(public_id));
    audit::record(tx, project, actor, &change, now).await?;
    Ok(true)
}
