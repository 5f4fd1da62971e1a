//! Looks again at due times after the clock was set back: what was scheduled while it ran ahead would wait for as long as it did.
//! Deliveries and replies wait no longer than the retry schedule has them wait.

use std::time::Duration;

use crate::core::Core;
use crate::domain::ids::WebhookId;
use crate::domain::retry::{RETRY_AFTER_MAX, Schedule};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::deliveries::{self, DueBound};
use crate::store::replies;

/// A step back of less is not looked at: nodes' clocks differ by as much.
const STEP_MIN: SignedDuration = SignedDuration::from_secs(2);
/// How often due times that no schedule allows are looked for, whatever the clock did.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Deliveries that one transaction changes.
const BATCH: u32 = 500;
/// More attempts than any delivery has.
const ATTEMPTS_MAX: u32 = 1_000_000_000;

/// What was seen of the clock. Nothing yet: the first look is as after a step, since the clock may have been set while no node ran.
#[derive(Default)]
pub struct ClockWatch {
    seen_at: Option<Timestamp>,
    looked_at: Option<Timestamp>,
}

impl ClockWatch {
    /// Looks at the clock, and at due times where it was set back or some time has passed. Returns how many deliveries and
    /// replies are due earlier now.
    pub async fn look(&mut self, core: &Core) -> anyhow::Result<u64> {
        let now = core.clock.now();
        let is_stepped = self.seen_at.is_none_or(|seen_at| seen_at.duration_since(now) >= STEP_MIN);
        self.seen_at = Some(now);
        if !is_stepped && self.looked_at.is_some_and(|looked_at| now.duration_since(looked_at).abs() < LOOK_EVERY) {
            return Ok(0);
        }
        // Without a step, what a receiver asked for with `Retry-After` may be later than the schedule.
        let after = if is_stepped { core.config.lease } else { longest(core)? };
        let rescheduled = bring_forward(core, now, now + after).await;
        if rescheduled.is_err() {
            // The next look is to be as thorough as this one.
            self.seen_at = None;
        }
        self.looked_at = Some(now);
        rescheduled
    }
}

/// The longest time that anything may wait.
fn longest(core: &Core) -> anyhow::Result<SignedDuration> {
    let waits = core.config.retry_schedule.waits().iter().map(|wait| Schedule::longest(*wait));
    Ok(SignedDuration::try_from(waits.fold(RETRY_AFTER_MAX, Ord::max))?.max(core.config.lease))
}

/// Makes due earlier what is due after `after` and later than the schedule allows.
async fn bring_forward(core: &Core, now: Timestamp, after: Timestamp) -> anyhow::Result<u64> {
    let bounds = bounds(core, now)?;
    let webhooks = core.db.read(async move |conn| Ok(deliveries::webhooks_due_after(conn, after).await?)).await?;
    let mut changed = 0;
    for webhook in webhooks {
        for &bound in &bounds {
            changed += of_webhook(core, webhook, bound).await?;
        }
    }
    let replies = core.db.write(async move |tx| Ok(replies::bring_forward(tx, &bounds, after).await?)).await?;
    if changed > 0 {
        tracing::warn!(
            deliveries = changed,
            "deliveries rescheduled: they were due later than the retry schedule allows"
        );
        core.notifier.notify(Work::Deliveries);
    }
    if replies > 0 {
        tracing::warn!(replies, "replies rescheduled: they were due later than the retry schedule allows");
        core.notifier.notify(Work::Replies);
    }
    Ok(changed + replies)
}

async fn of_webhook(core: &Core, webhook: WebhookId, bound: DueBound) -> anyhow::Result<u64> {
    let mut changed = 0;
    loop {
        let late =
            core.db.read(async move |conn| Ok(deliveries::find_late(conn, webhook, bound, BATCH).await?)).await?;
        if late.is_empty() {
            return Ok(changed);
        }
        changed +=
            core.db.write(async move |tx| Ok(deliveries::bring_forward(tx, &late, bound.due_max).await?)).await?;
    }
}

/// When a delivery, or a reply, is due at the latest after so many attempts. None is due before the end of its lease, so that
/// what is in flight is not attempted twice at once.
fn bounds(core: &Core, now: Timestamp) -> anyhow::Result<Vec<DueBound>> {
    let schedule = core.config.retry_schedule.waits();
    let waits = [Duration::ZERO].into_iter().chain(schedule.iter().map(|wait| Schedule::longest(*wait)));
    let bound = |(attempts, wait): (usize, Duration)| {
        // The schedule may have been longer.
        let attempts_max = if attempts == schedule.len() { ATTEMPTS_MAX } else { u32::try_from(attempts)? };
        let due_max = now + SignedDuration::try_from(wait)?.max(core.config.lease);
        Ok(DueBound { attempts: u32::try_from(attempts)?, attempts_max, due_max })
    };
    waits.enumerate().map(bound).collect()
}
