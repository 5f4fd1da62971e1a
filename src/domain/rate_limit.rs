//! Rate limits: the deliveries of a webhook begin evenly spaced, so that no second has more than the limit allows.

use super::time::{SignedDuration, Timestamp};

/// The limits that an owner may set for a webhook. They hold over all nodes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Deliveries that may begin in a second; any number where it is `None`.
    pub rate_per_second: Option<u32>,
    /// Deliveries that may be in flight at once; as many as it responds well to where it is `None`.
    pub concurrency: Option<u32>,
}

/// The highest rate that can be set: beyond it the webhook is not limited by any.
pub const RATE_MAX: u32 = 10_000;
/// The highest concurrency that can be set.
pub const CONCURRENCY_MAX: u32 = 1_000;

impl Limits {
    /// Whether there is one.
    pub fn any(&self) -> bool {
        self.rate_per_second.is_some() || self.concurrency.is_some()
    }
}

/// How long a process may be frozen without its deliveries getting new starts.
const STALL: SignedDuration = SignedDuration::from_millis(50);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A rate limit, as the time between two deliveries.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit(SignedDuration);

impl RateLimit {
    /// So many deliveries a second; 0 counts as 1.
    pub fn per_second(rate: u32) -> Self {
        const SECOND_US: i64 = 1_000_000;
        let rate = i64::from(rate.max(1));
        // Rounded up: rather a little slower than too fast.
        Self(SignedDuration::from_micros((SECOND_US + rate - 1) / rate))
    }

    /// When deliveries may begin, up to `most` of them, from `free` on, the first start time that no delivery has yet, and
    /// before `until`.
    pub fn starts(self, free: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
        let starts = std::iter::successors(Some(free), |start| Some(self.after(*start)));
        starts.take_while(|start| *start < until).take(most).collect()
    }

    /// How many may begin at once, of a bucket that holds a second's worth: `next` is when the next one would begin, were they evenly
    /// spaced. With the time from which they count.
    pub fn permits(self, next: Timestamp, now: Timestamp) -> (usize, Timestamp) {
        // Further ahead it can only be because the clock was set back.
        let next = if next > now + SECOND * 2 { now } else { next };
        let from = next.max(now - SECOND);
        let passed = now.duration_since(from).as_micros();
        let permits = if passed < 0 { 0 } else { passed / self.0.as_micros() + 1 };
        (usize::try_from(permits).unwrap_or(usize::MAX), from)
    }

    /// When the next one would begin after `count` that count from `from`.
    pub fn after_all(self, from: Timestamp, count: usize) -> Timestamp {
        from + self.0 * i32::try_from(count).unwrap_or(i32::MAX)
    }

    /// How late a delivery may begin within the limit: later ones get a new start time, so that no two begin at once after the
    /// process stalled. At a high rate a short stall is tolerated.
    pub fn lateness_max(self) -> SignedDuration {
        self.0.clamp(STALL, SECOND)
    }

    /// The first start time that is free after `last`.
    pub fn after(self, last: Timestamp) -> Timestamp {
        last + self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::from_microseconds;

    const FREE: i64 = 1_700_000_000_000_000;

    fn check(rate: u32, for_ms: i64, most: usize, expected_us: &[i64]) {
        let free = from_microseconds(FREE);
        let starts = RateLimit::per_second(rate).starts(free, free + SignedDuration::from_millis(for_ms), most);
        assert_eq!(starts.iter().map(|start| start.as_microsecond() - FREE).collect::<Vec<_>>(), expected_us);
    }

    #[test]
    fn a_bucket_holds_a_seconds_worth() {
        let (rate, now) = (RateLimit::per_second(20), from_microseconds(FREE));
        let permits = |next_ms: i64| rate.permits(now + SignedDuration::from_millis(next_ms), now).0;
        assert_eq!([permits(-3_600_000), permits(-1_000), permits(-500), permits(0), permits(1)], [21, 21, 11, 1, 0]);
        assert_eq!(permits(60_000), 1, "the clock was set back");
        let (_, from) = rate.permits(now - SECOND * 3_600, now);
        assert_eq!(rate.after_all(from, 21), now + SignedDuration::from_millis(50));
    }

    #[test]
    fn deliveries_are_evenly_spaced() {
        check(1, 500, 10, &[0]);
        check(1, 2_500, 10, &[0, 1_000_000, 2_000_000]);
        check(3, 1_000, 10, &[0, 333_334, 666_668]);
        check(10_000, 500, 3, &[0, 100, 200]);
        check(5, 0, 10, &[]);
    }

    #[test]
    fn a_delivery_may_begin_as_late_as_the_next_one_within_bounds() {
        for (rate, milliseconds) in [(1, 1_000), (4, 250), (10_000, 50)] {
            let late = RateLimit::per_second(rate).lateness_max();
            assert_eq!(late, SignedDuration::from_millis(milliseconds), "{rate} per second");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_second_has_more_than_the_rate(rate in 1_u32..=RATE_MAX) {
            let free = from_microseconds(FREE);
            let until = free + SignedDuration::from_secs(1);
            let starts = RateLimit::per_second(rate).starts(free, until, usize::MAX);
            proptest::prop_assert!(starts.len() <= rate as usize);
            proptest::prop_assert!(starts.len() + 100 >= rate as usize * 99 / 100);
        }
    }
}
