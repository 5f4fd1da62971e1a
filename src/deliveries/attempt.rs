//! Attempts a leased delivery, with one signed POST, and stores the result.

use std::sync::Arc;
use std::time::Duration;

use tracing::Span;

use super::{Deliveries, LeasedDelivery};
use crate::core::Core;
use crate::domain::attempt_result::{AttemptResult, NoResponse};
use crate::domain::delivery::AttemptOutcome;
use crate::domain::time::Timestamp;
use crate::outbound::Attempt;
use crate::traces;

/// A response within this time is a quick one.
const QUICK_MS: u64 = 100;
/// A response later than this lowers the concurrency.
const SLOW_MS: u64 = 2_000;

/// How the attempt of a delivery went.
pub struct DeliveryResult {
    /// The delivery.
    pub delivery: LeasedDelivery,
    /// The request and its response.
    pub attempt: Attempt,
    /// When the request began.
    pub started_at: Timestamp,
    /// Spreads the next attempt: 0 to 1.
    pub jitter: f64,
}

/// What the limiter of an endpoint learns from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Performance {
    /// It succeeded, and quickly.
    Quick,
    /// It succeeded in good time.
    Good,
    /// It failed, or took long.
    Bad,
}

impl DeliveryResult {
    /// What it says of its endpoint.
    pub fn performance(&self) -> Performance {
        match (&self.attempt.outcome, self.attempt.duration_ms) {
            (AttemptOutcome::Delivered, ..=QUICK_MS) => Performance::Quick,
            (AttemptOutcome::Delivered, ..=SLOW_MS) => Performance::Good,
            // Of its endpoint it says nothing: that was not asked.
            _ if self.attempt.result == AttemptResult::None(NoResponse::NotRendered) => Performance::Good,
            _ => Performance::Bad,
        }
    }
}

/// Makes one attempt.
pub async fn attempt(core: &Core, delivery: LeasedDelivery) -> Arc<DeliveryResult> {
    let started_at = core.clock.now();
    let attempt = delivery.endpoint.send(core, &delivery.content, started_at).await.attempt;
    let (status, duration_ms) = (attempt.status, attempt.duration_ms);
    let result = match (&attempt.outcome, attempt.result) {
        (AttemptOutcome::Delivered, _) => "delivered",
        (AttemptOutcome::Gone, _) => "gone",
        (AttemptOutcome::Failed { .. }, AttemptResult::None(_)) => "no_response",
        (AttemptOutcome::Failed { .. }, _) => "refused",
    };
    core.metrics.attempt(result, Duration::from_millis(duration_ms));
    trace(result, status);
    match &attempt.outcome {
        AttemptOutcome::Delivered => tracing::debug!(status, duration_ms, "delivery attempt succeeded"),
        AttemptOutcome::Failed { error, .. } => tracing::info!(status, duration_ms, error, "delivery attempt failed"),
        AttemptOutcome::Gone => {
            tracing::info!(status, duration_ms, "delivery attempt failed: the receiver wants no more")
        }
    }
    Arc::new(DeliveryResult { delivery, attempt, started_at, jitter: core.random.fraction() })
}

/// What the trace of an attempt has of how it went.
fn trace(result: &'static str, status: Option<u16>) {
    if !traces::are_on() {
        return;
    }
    let span = Span::current();
    traces::set_text(&span, "result", result);
    if let Some(status) = status {
        traces::set_number(&span, "http.response.status_code", status.into());
    }
    if result != "delivered" {
        traces::set_failed(&span);
    }
}

/// Stores how an attempt went, together with others.
pub async fn settle(deliveries: &Deliveries, result: &Arc<DeliveryResult>) -> anyhow::Result<()> {
    deliveries.results.write(result.clone()).await
}
