//! The circuit breaker before the database, so that visitors do not wait for one that is unavailable.
//!
//! States: closed (every click tries the database) → open for `OPEN_FOR` after a failure (no click does) → half-open (one
//! click does; the next one may after `TRIAL_TIMEOUT`) → closed again after a success.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::{SignedDuration, Timestamp};

/// How long the breaker stays open after a failure.
const OPEN_FOR: SignedDuration = SignedDuration::from_secs(1);
/// How long the one attempt of the half-open state may take before another one is allowed.
const TRIAL_TIMEOUT: SignedDuration = SignedDuration::from_secs(3);
/// [`CircuitBreaker::open_until`] while closed.
const CLOSED: i64 = i64::MIN;

/// One for the process.
pub struct CircuitBreaker {
    /// Microseconds since 1970.
    open_until: AtomicI64,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self { open_until: AtomicI64::new(CLOSED) }
    }
}

impl CircuitBreaker {
    /// Whether a click may try the database.
    pub fn try_acquire(&self, now: Timestamp) -> bool {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == CLOSED {
            return true;
        }
        let next = (now + TRIAL_TIMEOUT).as_microsecond();
        let is_half_open = until <= now.as_microsecond();
        is_half_open && self.open_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether the database was found unavailable a moment ago.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.load(Ordering::Relaxed) > now.as_microsecond()
    }

    /// The database is unavailable.
    pub fn record_failure(&self, now: Timestamp) {
        self.open_until.store((now + OPEN_FOR).as_microsecond(), Ordering::Relaxed);
    }

    /// The database stored a click.
    pub fn record_success(&self) {
        self.open_until.store(CLOSED, Ordering::Relaxed);
    }
}
