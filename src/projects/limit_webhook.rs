//! Sets the rate limit and the concurrency limit of a webhook.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::rate_limit::{CONCURRENCY_MAX, Limits, RATE_MAX};
use crate::notifier::Work;
use crate::store::{audit, rate_limits, webhooks};

/// A limit that cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimits {
    /// Too high, or 0.
    #[error("the rate {0} is out of range: 1 to {RATE_MAX} deliveries per second")]
    Rate(u32),
    /// Too high, or 0.
    #[error("the concurrency {0} is out of range: 1 to {CONCURRENCY_MAX} deliveries at once")]
    Concurrency(u32),
}

/// Checks that limits are in range.
pub fn check(limits: Limits) -> Result<(), InvalidLimits> {
    match limits {
        Limits { rate_per_second: Some(rate), .. } if !(1..=RATE_MAX).contains(&rate) => Err(InvalidLimits::Rate(rate)),
        Limits { concurrency: Some(most), .. } if !(1..=CONCURRENCY_MAX).contains(&most) => {
            Err(InvalidLimits::Concurrency(most))
        }
        _ => Ok(()),
    }
}

/// Sets the limits of a webhook, which every node applies from its next claim on. `false` where there is no such webhook.
pub async fn limit_webhook(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
    limits: Limits,
) -> anyhow::Result<bool> {
    check(limits)?;
    let (actor, now) = (actor.clone(), core.clock.now());
    let is_changed = core.db.write(async move |tx| {
        if !rate_limits::set_limits(tx, project, webhook, limits).await? {
            return Ok(false);
        }
        let object = Object::Webhook(webhooks::get(tx, project, webhook).await?.public_id);
        let detail = json!({"rate": limits.rate_per_second, "concurrency": limits.concurrency});
        audit::record(tx, project, &actor, &Change::new(Action::LimitWebhook, object).with(detail), now).await?;
        Ok(true)
    });
    let is_changed = is_changed.await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_changed)
}
