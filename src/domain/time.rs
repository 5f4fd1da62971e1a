//! Time as the product writes it: UTC, microseconds in the database and the lists, milliseconds in events.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use jiff::{SignedDuration, Timestamp};

/// RFC 3339 UTC with microseconds, as in `2026-01-07T09:52:24.744651Z` (lists of the partner API).
pub fn with_microseconds(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// RFC 3339 UTC with milliseconds, as in `2024-01-23T10:30:00.123Z` (events).
pub fn with_milliseconds(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A time from the database.
pub fn from_microseconds(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Where the product reads the time and waits for it to pass. Tests advance theirs.
#[derive(Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// Changes only when it is advanced.
    Manual(Arc<watch::Sender<ManualTime>>),
}

/// The state of a [`Clock::Manual`].
#[derive(Clone, Copy)]
pub struct ManualTime {
    /// Microseconds since 1970.
    now_us: i64,
    /// The sum of all steps forward: a sleep that has begun is not longer because the clock is set back.
    elapsed_us: i64,
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn manual(start: Timestamp) -> Self {
        let time = ManualTime { now_us: start.as_microsecond(), elapsed_us: 0 };
        Self::Manual(Arc::new(watch::Sender::new(time)))
    }

    /// The time, cut to microseconds.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        from_microseconds(match self {
            Self::System => Timestamp::now().as_microsecond(),
            Self::Manual(time) => time.borrow().now_us,
        })
    }

    /// Moves a manual clock, backwards where `by` is negative. The machine's clock is left alone.
    pub fn advance(&self, by: SignedDuration) {
        let Self::Manual(time) = self else { return };
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        time.send_modify(|time| {
            time.now_us = time.now_us.saturating_add(by_us);
            time.elapsed_us = time.elapsed_us.saturating_add(by_us.max(0));
        });
    }

    /// Returns when so much time has passed on this clock: the only way to wait for nothing but time. What is real time by
    /// nature, whatever a test's clock says, sleeps on [`Clock::System`].
    #[expect(clippy::disallowed_methods, reason = "the one place that waits for time")]
    pub async fn sleep(&self, duration: Duration) {
        let Self::Manual(time) = self else { return tokio::time::sleep(duration).await };
        let mut time = time.subscribe();
        let duration_us = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let until_us = time.borrow().elapsed_us.saturating_add(duration_us);
        // The clock is borrowed, so its sender lives.
        let _ = time.wait_for(|time| time.elapsed_us >= until_us).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_sleep_on_a_manual_clock_ends_when_the_clock_has_been_advanced() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut sleep = Box::pin(clock.sleep(Duration::from_secs(2)));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(SignedDuration::from_millis(1_999));
        clock.advance(SignedDuration::from_hours(-1));
        assert!(sleep.as_mut().now_or_never().is_none());
        clock.advance(SignedDuration::from_millis(1));
        assert!(sleep.now_or_never().is_some(), "setting the clock back does not prolong a sleep");
        assert!(clock.sleep(Duration::ZERO).now_or_never().is_some());
    }

    #[test]
    fn times_keep_their_digits() {
        let time = from_microseconds(1_767_779_544_744_651);
        assert_eq!(with_microseconds(time), "2026-01-07T09:52:24.744651Z");
        assert_eq!(with_milliseconds(time), "2026-01-07T09:52:24.744Z");
        assert_eq!(with_milliseconds(from_microseconds(1_700_000_000_000_000)), "2023-11-14T22:13:20.000Z");
    }
}
