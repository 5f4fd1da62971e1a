//! Leaves a server alone for a while that has failed several times: turns go on without it at once.
//!
//! ```text
//! closed ──5 failures within 60 s──▶ open ──30 s──▶ half-open: one call ──success──▶ closed
//!                                      ▲                        └──failure──▶ open
//! ```

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::domain::time::{SignedDuration, Timestamp};

/// Failures that open it,
const FAILURES_MAX: usize = 5;
/// within so long.
const WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// How long it is open.
const OPEN_FOR: SignedDuration = SignedDuration::from_secs(30);

#[derive(Default)]
struct State {
    /// The newest failures.
    failures: VecDeque<Timestamp>,
    /// Since when it is open, and whether a call was let through to look.
    open_since: Option<Timestamp>,
}

/// A circuit breaker.
#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

impl Breaker {
    /// Whether a call may be made now. While it is open, one in [`OPEN_FOR`].
    pub(super) fn try_acquire(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_since {
            None => true,
            // Whoever looks first makes the others wait for as long again.
            Some(since) if now >= since + OPEN_FOR => {
                state.open_since = Some(now);
                true
            }
            Some(_) => false,
        }
    }

    /// A call succeeded.
    pub(super) fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// A call failed. Whether that opened it.
    pub(super) fn failed(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures.push_back(now);
        while state.failures.len() > FAILURES_MAX || state.failures.front().is_some_and(|first| now - WITHIN > *first) {
            state.failures.pop_front();
        }
        if state.open_since.is_some() {
            state.open_since = Some(now);
            return false;
        }
        let opens = state.failures.len() >= FAILURES_MAX;
        if opens {
            state.open_since = Some(now);
        }
        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn five_failures_within_a_minute_open_it_for_half_a_minute() {
        let breaker = Breaker::default();
        for second in 0..4 {
            assert!(!breaker.failed(at(second)) && breaker.try_acquire(at(second)));
        }
        assert!(breaker.failed(at(4)));
        assert!(!breaker.try_acquire(at(33)));
        assert!(breaker.try_acquire(at(34)) && !breaker.try_acquire(at(34)), "one call looks");
        breaker.failed(at(35));
        assert!(!breaker.try_acquire(at(64)) && breaker.try_acquire(at(65)));
        breaker.succeeded();
        assert!(breaker.try_acquire(at(66)));
    }

    #[test]
    fn failures_that_are_far_apart_do_not_open_it() {
        let breaker = Breaker::default();
        assert!((0..20).all(|nth| !breaker.failed(at(nth * 16)) && breaker.try_acquire(at(nth * 16))));
    }
}
