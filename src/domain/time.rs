//! Time as the product writes it: UTC, microseconds in the database and the lists, milliseconds in events.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

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

/// Where the product reads the time. Tests move theirs by hand.
#[derive(Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// Stands still until it is moved. Microseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.as_microsecond())))
    }

    /// The time, cut to microseconds.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        from_microseconds(match self {
            Self::System => Timestamp::now().as_microsecond(),
            Self::Manual(time) => time.load(Ordering::SeqCst),
        })
    }

    /// Moves a clock that stands still; the machine's goes its own way.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Manual(time) = self {
            time.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_digits() {
        let time = from_microseconds(1_767_779_544_744_651);
        assert_eq!(with_microseconds(time), "2026-01-07T09:52:24.744651Z");
        assert_eq!(with_milliseconds(time), "2026-01-07T09:52:24.744Z");
        assert_eq!(with_milliseconds(from_microseconds(1_700_000_000_000_000)), "2023-11-14T22:13:20.000Z");
    }
}
