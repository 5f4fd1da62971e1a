//! Pauses a webhook, and resumes it. While it is paused, deliveries are made for it and wait.

use serde_json::json;

use crate::core::Core;
use crate::db::{Error, Tx};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::closed_set::closed_set;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::notifier::Work;
use crate::store::{audit, webhook_settings, webhooks};

/// Transactions in which what waits is skipped, at most.
const WRITES_MAX: usize = 10_000;

closed_set! {
    /// What happens to the deliveries that wait when a webhook is resumed.
    pub enum Waiting {
        /// They are sent.
        Send = "send",
        /// They are cancelled.
        Skip = "skip",
    }
}

/// Pauses a webhook that is on; `false` where there is no such webhook, or it is off or paused already.
pub async fn pause_webhook(core: &Core, actor: &Actor, project: ProjectId, webhook: WebhookId) -> anyhow::Result<bool> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            if !webhook_settings::pause(tx, project, webhook, now).await? {
                return Ok(false);
            }
            let object = Object::Webhook(webhooks::get(tx, project, webhook).await?.public_id);
            audit::record(tx, project, &actor, &Change::new(Action::PauseWebhook, object), now).await?;
            Ok(true)
        })
        .await
}

/// Resumes a paused webhook; `false` where there is no such webhook, or it is not paused. What is skipped is cancelled in batches,
/// so that other writes come in between, and recorded with each.
pub async fn resume_webhook(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
    waiting: Waiting,
) -> anyhow::Result<bool> {
    if waiting == Waiting::Skip {
        for _ in 0..WRITES_MAX {
            if skip_batch(core, actor, project, webhook).await? == 0 {
                break;
            }
        }
    }
    let (actor, now) = (actor.clone(), core.clock.now());
    let resumed = core.db.write(async move |tx| {
        if !webhook_settings::resume(tx, project, webhook).await? {
            return Ok(false);
        }
        let object = Object::Webhook(webhooks::get(tx, project, webhook).await?.public_id);
        let change = Change::new(Action::ResumeWebhook, object).with(json!({"waiting": waiting.as_str()}));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(true)
    });
    let is_resumed = resumed.await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_resumed)
}

async fn skip_batch(core: &Core, actor: &Actor, project: ProjectId, webhook: WebhookId) -> anyhow::Result<u64> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let skip = async move |tx: &Tx| {
        let skipped = webhook_settings::skip_waiting(tx, project, webhook).await?;
        if skipped > 0 {
            let object = match webhooks::get(tx, project, webhook).await {
                Err(Error::NoRow) => return Ok(0),
                found => Object::Webhook(found?.public_id),
            };
            let change = Change::new(Action::SkipDeliveries, object).with(json!({"deliveries": skipped}));
            audit::record(tx, project, &actor, &change, now).await?;
        }
        Ok(skipped)
    };
    core.db.write(skip).await
}
