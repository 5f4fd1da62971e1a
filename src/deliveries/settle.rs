//! Settles deliveries after their attempts, many in one transaction: the log, what comes next, and what it says of the webhook.

use std::collections::HashSet;
use std::sync::Arc;

use crate::db::{Batch, Tx};
use crate::deliveries::endpoint::Endpoint;
use crate::domain::retry::Schedule;
use crate::domain::time::{Clock, SignedDuration, Timestamp};
use crate::outbound::{Attempt, Outcome};
use crate::store::deliveries::{self, AttemptRow, Claimed, Settled};
use crate::store::webhooks::{self, Webhook};

/// How long a webhook may fail everything before it is turned off.
const FAILING_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);

/// An attempt that has ended.
pub struct Settling {
    /// The delivery.
    pub claimed: Claimed,
    /// Where it went.
    pub endpoint: Arc<Endpoint>,
    /// How it went.
    pub attempt: Attempt,
    /// When the request began.
    pub started_at: Timestamp,
    /// Spreads the next attempt: 0 to 1.
    pub jitter: f64,
}

/// The batch that settles deliveries.
pub struct SettleDeliveries {
    /// Where the time comes from.
    pub clock: Clock,
    /// When failed deliveries are tried again.
    pub schedule: Schedule,
}

impl Batch for SettleDeliveries {
    type Item = Settling;
    type Output = ();

    async fn write(&self, tx: &Tx, settling: &[Settling]) -> anyhow::Result<Vec<()>> {
        let now = self.clock.now();
        let texts = settling.iter().map(|one| LogTexts::of(&one.attempt)).collect::<anyhow::Result<Vec<_>>>()?;
        let rows: Vec<_> = settling.iter().zip(&texts).map(|(one, texts)| row(one, texts)).collect();
        let settled: Vec<_> = settling.iter().map(|one| self.settled(one, now)).collect();
        let store = async {
            let (logged, settled) =
                tokio::join!(biased; deliveries::log_attempts(tx, &rows), deliveries::settle(tx, &settled));
            logged.and(settled)
        };
        let mut judged = HashSet::new();
        let mut verdicts = Vec::new();
        for Settling { endpoint, attempt, .. } in settling {
            let webhook = &endpoint.webhook;
            if let Some(verdict) = Verdict::of(webhook, &attempt.outcome, now)
                && judged.insert((webhook.id, verdict))
            {
                verdicts.push((webhook, verdict));
            }
        }
        if verdicts.is_empty() {
            tx.last(store).await?;
            return Ok(vec![(); settling.len()]);
        }
        store.await?;
        // In the order of the webhooks' keys, so that two groups never wait for each other.
        verdicts.sort_by_key(|(webhook, _)| webhook.id);
        for (webhook, verdict) in verdicts {
            verdict.apply(tx, webhook, now).await?;
        }
        Ok(vec![(); settling.len()])
    }
}

impl SettleDeliveries {
    fn settled<'a>(&self, settling: &'a Settling, now: Timestamp) -> Settled<'a> {
        let Settling { claimed, endpoint, attempt, jitter, .. } = settling;
        let (status, due_at) = match &attempt.outcome {
            Outcome::Delivered => ("delivered", None),
            Outcome::Gone => ("failed", None),
            Outcome::Failed { .. } if endpoint.webhook.policy == "none" => ("failed", None),
            Outcome::Failed { retry_after, .. } => {
                let made = claimed.attempt.saturating_sub(claimed.retries_from);
                let next = self.schedule.next(made, now, *jitter, *retry_after);
                (if next.is_some() { "pending" } else { "failed" }, next)
            }
        };
        Settled { id: claimed.id, attempt: claimed.attempt, status, due_at }
    }
}

/// The texts of an attempt that the log keeps.
struct LogTexts {
    sent: String,
    answer: Option<(String, String)>,
}

impl LogTexts {
    fn of(attempt: &Attempt) -> anyhow::Result<Self> {
        let answer = || -> anyhow::Result<_> {
            // PostgreSQL keeps no NUL in a text.
            let body = attempt.answer_body.replace('\0', "\u{fffd}");
            Ok((serde_json::to_string(&attempt.answer_headers)?, body))
        };
        Ok(Self { sent: attempt.sent.to_log(), answer: attempt.status.map(|_| answer()).transpose()? })
    }
}

fn row<'a>(settling: &'a Settling, texts: &'a LogTexts) -> AttemptRow<'a> {
    let Settling { claimed, attempt, started_at, .. } = settling;
    AttemptRow {
        delivery_id: claimed.id,
        number: claimed.attempt,
        started_at: *started_at,
        duration_ms: i64::try_from(attempt.duration_ms).unwrap_or(i64::MAX),
        status_code: attempt.status.map(i64::from),
        problem: match &attempt.outcome {
            Outcome::Delivered => None,
            Outcome::Failed { why, .. } => Some(why.as_str()),
            Outcome::Gone => Some("the receiver answered 410 Gone"),
        },
        sent: &texts.sent,
        answer_headers: texts.answer.as_ref().map(|(headers, _)| headers.as_str()),
        answer_body: texts.answer.as_ref().map(|(_, body)| body.as_str()),
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
    fn of(webhook: &Webhook, outcome: &Outcome, now: Timestamp) -> Option<Self> {
        match (outcome, webhook.failing_since) {
            (Outcome::Delivered, None) => None,
            (Outcome::Delivered, Some(_)) => Some(Self::Answers),
            (Outcome::Gone, _) => Some(Self::Gone),
            (Outcome::Failed { .. }, None) => Some(Self::Fails),
            (Outcome::Failed { .. }, Some(since)) => {
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
        webhooks::set_active(tx, project, webhook.id, false, Some(reason)).await?;
        tracing::warn!(webhook = webhook.public_id, reason, "turned off");
        Ok(())
    }
}
