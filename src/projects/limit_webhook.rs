//! Sets how fast a webhook may be called.

use crate::core::Core;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::rate_limit::{CONCURRENCY_MAX, Limits, RATE_MAX};
use crate::notifier::Work;
use crate::store::rate_limits;

/// A limit that cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimits {
    /// Too high, or nothing at all.
    #[error("the rate {0} is not from 1 to {RATE_MAX} deliveries a second")]
    Rate(u32),
    /// Too many, or none.
    #[error("the concurrency {0} is not from 1 to {CONCURRENCY_MAX} deliveries at once")]
    Concurrency(u32),
}

/// Checks limits that an owner wants.
pub fn check(limits: Limits) -> Result<(), InvalidLimits> {
    match limits {
        Limits { rate_per_second: Some(rate), .. } if !(1..=RATE_MAX).contains(&rate) => Err(InvalidLimits::Rate(rate)),
        Limits { concurrency: Some(most), .. } if !(1..=CONCURRENCY_MAX).contains(&most) => {
            Err(InvalidLimits::Concurrency(most))
        }
        _ => Ok(()),
    }
}

/// Sets the limits of a webhook, which every node follows from its next claim on. `false` where there is no such webhook.
pub async fn limit_webhook(
    core: &Core,
    project: ProjectId,
    webhook: WebhookId,
    limits: Limits,
) -> anyhow::Result<bool> {
    check(limits)?;
    let is_there =
        core.db.write(async move |tx| Ok(rate_limits::set_limits(tx, project, webhook, limits).await?)).await?;
    core.notifier.notify(Work::Deliveries);
    Ok(is_there)
}
