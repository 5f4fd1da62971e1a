//! Delivers a claimed event to its webhook: one signed POST, then settling.

use bytes::Bytes;

use super::Deliveries;
use crate::core::Core;
use crate::deliveries::claim::Due;
use crate::deliveries::settle::Settling;
use crate::domain::time::Timestamp;
use crate::outbound::{Attempt, Outcome};
use crate::store::events::Content;

/// An answer that takes no longer is a quick one.
const QUICK_MS: u64 = 100;
/// An answer slower than this is a reason to send fewer at once.
const SLOW_MS: u64 = 2_000;

/// A delivery that was attempted and is not settled.
pub struct Attempted {
    /// The delivery.
    pub due: Due,
    /// How it went.
    pub attempt: Attempt,
    /// When the request began.
    pub started_at: Timestamp,
}

/// What an attempt tells of how fast its webhook may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impression {
    /// It succeeded, and at once.
    Quick,
    /// It succeeded in good time.
    Good,
    /// It failed, or took long.
    Bad,
}

impl Attempted {
    /// What it tells of its webhook.
    pub fn impression(&self) -> Impression {
        match (&self.attempt.outcome, self.attempt.duration_ms) {
            (Outcome::Delivered, ..=QUICK_MS) => Impression::Quick,
            (Outcome::Delivered, ..=SLOW_MS) => Impression::Good,
            _ => Impression::Bad,
        }
    }
}

/// Makes one attempt.
pub async fn attempt(core: &Core, due: Due) -> Attempted {
    let started_at = core.clock.now();
    let Content { event_id, body, body_external } = &*due.content;
    let body = Bytes::copy_from_slice(due.endpoint.body(body, body_external.as_deref()).as_bytes());
    let attempt = due.endpoint.post(core, event_id, body, started_at).await;
    Attempted { due, attempt, started_at }
}

/// Stores how an attempt went, together with others.
pub async fn settle(deliveries: &Deliveries, attempted: &Attempted) -> anyhow::Result<()> {
    let Attempted { due: Due { claimed, endpoint, .. }, attempt, started_at } = attempted;
    let settling = Settling {
        claimed: claimed.clone(),
        endpoint: endpoint.clone(),
        attempt: attempt.clone(),
        started_at: *started_at,
        jitter: deliveries.core.random.fraction(),
    };
    deliveries.settlements.write(settling).await
}
