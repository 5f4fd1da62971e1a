//! Settles deliveries after their attempts, many in one transaction: the log, the next attempt, and the state of the webhook.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::json;

use super::DeliveryResult;
use crate::db::{Batch, Tx, pipelined};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::delivery::{AttemptOutcome, DeliveryStatus, Policy};
use crate::domain::retry::Schedule;
use crate::domain::time::{Clock, SignedDuration, Timestamp};
use crate::outbound::Attempt;
use crate::store::attempts::{self, AttemptRow};
use crate::store::audit;
use crate::store::deliveries::{self, Settlement};
use crate::store::webhooks::{self, Webhook};

/// How long a webhook may fail everything before it is turned off.
const FAILING_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The batch that settles deliveries.
pub struct SettleDeliveries {
    /// Where the time comes from.
    pub clock: Clock,
    /// When failed deliveries are tried again.
    pub schedule: Schedule,
    /// In which rows attempts are counted.
    pub slots: Slots,
}

/// The rows in which this process counts attempts: one on SQLite, two on PostgreSQL, which two batches at the same time take in
/// turns. No node waits for another's.
pub struct Slots {
    first: i64,
    both: i64,
    batches: AtomicI64,
}

impl Slots {
    /// Those of a node that has peers, or of one that has none.
    pub fn of_node(node: i64, has_peers: bool) -> Self {
        let (first, both) = if has_peers { (2 * node, 2) } else { (0, 1) };
        Self { first, both, batches: AtomicI64::new(0) }
    }

    fn next(&self) -> i64 {
        self.first + self.batches.fetch_add(1, Ordering::Relaxed) % self.both
    }
}

impl Batch for SettleDeliveries {
    type Item = Arc<DeliveryResult>;
    type Output = ();

    async fn write(&self, tx: &Tx, results: &[Arc<DeliveryResult>]) -> anyhow::Result<Vec<()>> {
        let now = self.clock.now();
        let texts = results.iter().map(|one| LogTexts::of(&one.attempt)).collect::<anyhow::Result<Vec<_>>>()?;
        let rows: Vec<_> = results.iter().zip(&texts).map(|(one, texts)| row(one, texts)).collect();
        let settlements: Vec<_> = results.iter().map(|one| self.settlement(one, now)).collect();
        // The counts last: their rows are locked until the commit, and other batches want them.
        let slot = self.slots.next();
        let store = pipelined(deliveries::settle(tx, &settlements), attempts::log(tx, &rows, slot));
        let mut judged = HashSet::new();
        let mut verdicts = Vec::new();
        for result in results {
            let webhook = &result.delivery.endpoint.webhook;
            if let Some(verdict) = Verdict::of(webhook, &result.attempt.outcome, now)
                && judged.insert((webhook.id, verdict))
            {
                verdicts.push((webhook, verdict));
            }
        }
        if verdicts.is_empty() {
            tx.last(store).await?;
            return Ok(vec![(); results.len()]);
        }
        store.await?;
        // In the order of the webhooks' keys, so that two batches never wait for each other.
        verdicts.sort_by_key(|(webhook, _)| webhook.id);
        for (webhook, verdict) in verdicts {
            verdict.apply(tx, webhook, now).await?;
        }
        Ok(vec![(); results.len()])
    }
}

impl SettleDeliveries {
    fn settlement(&self, result: &DeliveryResult, now: Timestamp) -> Settlement {
        let (lease, webhook) = (&result.delivery.lease, &result.delivery.endpoint.webhook);
        let (status, due_at) = match &result.attempt.outcome {
            AttemptOutcome::Delivered => (DeliveryStatus::Delivered, None),
            AttemptOutcome::Gone => (DeliveryStatus::Failed, None),
            AttemptOutcome::Failed { .. } if webhook.policy == Policy::None => (DeliveryStatus::Failed, None),
            AttemptOutcome::Failed { retry_after, .. } => {
                let made = lease.attempt.saturating_sub(lease.retries_from);
                let next = self.schedule.next(made, now, result.jitter, *retry_after);
                (if next.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::Failed }, next)
            }
        };
        Settlement { id: lease.id, attempt: lease.attempt, status, due_at, result: result.attempt.result }
    }
}

/// The texts of an attempt that the log keeps.
struct LogTexts {
    sent: String,
    response: Option<(String, String)>,
}

impl LogTexts {
    fn of(attempt: &Attempt) -> anyhow::Result<Self> {
        let response = || -> anyhow::Result<_> {
            // PostgreSQL keeps no NUL in a text.
            let body = attempt.response_body.replace('\0', "\u{fffd}");
            Ok((serde_json::to_string(&attempt.response_headers)?, body))
        };
        Ok(Self { sent: attempt.sent.to_log(), response: attempt.status.map(|_| response()).transpose()? })
    }
}

fn row<'a>(result: &'a DeliveryResult, texts: &'a LogTexts) -> AttemptRow<'a> {
    let DeliveryResult { delivery, attempt, started_at, .. } = result;
    AttemptRow {
        delivery_id: delivery.lease.id,
        webhook_id: delivery.lease.webhook_id,
        number: delivery.lease.attempt,
        started_at: *started_at,
        duration_ms: i64::try_from(attempt.duration_ms).unwrap_or(i64::MAX),
        status_code: attempt.status.map(i64::from),
        outcome: &attempt.outcome,
        result: attempt.result,
        sent: &texts.sent,
        response_headers: texts.response.as_ref().map(|(headers, _)| headers.as_str()),
        response_body: texts.response.as_ref().map(|(_, body)| body.as_str()),
    }
}

/// What an attempt changes in the record of its webhook.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Verdict {
    /// It answers again.
    Answers,
    /// From now on it fails everything.
    Fails,
    /// It asked not to be called any more.
    Gone,
    /// It has failed everything for too long.
    FailedTooLong,
}

impl Verdict {
    fn of(webhook: &Webhook, outcome: &AttemptOutcome, now: Timestamp) -> Option<Self> {
        match (outcome, webhook.failing_since) {
            (AttemptOutcome::Delivered, None) => None,
            (AttemptOutcome::Delivered, Some(_)) => Some(Self::Answers),
            (AttemptOutcome::Gone, _) => Some(Self::Gone),
            (AttemptOutcome::Failed { .. }, None) => Some(Self::Fails),
            (AttemptOutcome::Failed { .. }, Some(since)) => {
                (now.duration_since(since) >= FAILING_MAX).then_some(Self::FailedTooLong)
            }
        }
    }

    async fn apply(self, tx: &Tx, webhook: &Webhook, now: Timestamp) -> anyhow::Result<()> {
        let project = webhook.project;
        let reason = match self {
            Self::Answers => return Ok(webhooks::set_failing_since(tx, project, webhook.id, None).await?),
            Self::Fails => return Ok(webhooks::set_failing_since(tx, project, webhook.id, Some(now)).await?),
            Self::Gone => "It answered 410 Gone: the endpoint asks not to be called any more.",
            Self::FailedTooLong => {
                "Every delivery has failed for 5 days. Mend the endpoint, then turn the webhook on again."
            }
        };
        if webhooks::turn_off(tx, project, webhook.id, reason, now).await? {
            let change = Change::new(Action::DisableWebhook, Object::Webhook(webhook.public_id.clone()));
            let change = change.with(json!({"reason": reason}));
            audit::record(tx, project, &Actor::System, &change, now).await?;
            tracing::warn!(webhook = webhook.public_id, reason, "webhook turned off");
        }
        Ok(())
    }
}
