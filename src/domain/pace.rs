//! How often a webhook may be called: its deliveries begin evenly spaced, so that no second has more than it allows.

use super::time::{SignedDuration, Timestamp};

/// What an owner may set about how fast a webhook is called. It holds over all nodes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Deliveries that may begin in a second; any number where it is `None`.
    pub rate_per_second: Option<u32>,
    /// Deliveries that may be in flight at once; as many as it answers well to where it is `None`.
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

/// How long a process may stand still without its deliveries getting new moments.
const HITCH: SignedDuration = SignedDuration::from_millis(50);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The distance between two deliveries.
#[derive(Clone, Copy, Debug)]
pub struct Pace(SignedDuration);

impl Pace {
    /// That of a rate; 0 counts as 1.
    pub fn per_second(rate: u32) -> Self {
        const SECOND_US: i64 = 1_000_000;
        let rate = i64::from(rate.max(1));
        // Rounded up: rather a little slower than too fast.
        Self(SignedDuration::from_micros((SECOND_US + rate - 1) / rate))
    }

    /// When deliveries may begin, up to `most` of them, from the moment `free` on, which is the first that no delivery has
    /// yet, and before `until`.
    pub fn moments(self, free: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
        let moments = std::iter::successors(Some(free), |moment| Some(self.after(*moment)));
        moments.take_while(|moment| *moment < until).take(most).collect()
    }

    /// How late a delivery may begin and still keep the pace: later ones get a new moment, so that no two begin at once
    /// after a stop of the process. At a high rate a hitch is let pass.
    pub fn lateness_max(self) -> SignedDuration {
        self.0.clamp(HITCH, SECOND)
    }

    /// The first moment that is free when `last` is taken.
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
        let moments = Pace::per_second(rate).moments(free, free + SignedDuration::from_millis(for_ms), most);
        assert_eq!(moments.iter().map(|moment| moment.as_microsecond() - FREE).collect::<Vec<_>>(), expected_us);
    }

    #[test]
    fn deliveries_are_evenly_spaced() {
        check(1, 500, 10, &[0]);
        check(1, 2_500, 10, &[0, 1_000_000, 2_000_000]);
        check(3, 1_000, 10, &[0, 333_334, 666_668]);
        check(10_000, 500, 3, &[0, 100, 200]);
        check(5, 0, 10, &[]);
    }

    proptest::proptest! {
        #[test]
        fn no_second_has_more_than_the_rate(rate in 1_u32..=RATE_MAX) {
            let free = from_microseconds(FREE);
            let until = free + SignedDuration::from_secs(1);
            let moments = Pace::per_second(rate).moments(free, until, usize::MAX);
            proptest::prop_assert!(moments.len() <= rate as usize);
            proptest::prop_assert!(moments.len() + 100 >= rate as usize * 99 / 100);
        }
    }
}
