//! When a failed delivery is tried again: the schedule, its jitter, and what the receiver asked for.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// Waits in one schedule at most.
pub const WAITS_MAX: usize = 50;

/// The shortest single wait of a schedule.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// The longest single wait of a schedule.
pub const WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What of a `Retry-After` is honoured at most.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// What jitter adds to a wait at most, as a part of it.
const JITTER_PART_MAX: f64 = 0.1;

/// The waits between attempts. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Default for Schedule {
    /// 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 3 h, 6 h, 12 h, 24 h: eleven attempts in about two days.
    fn default() -> Self {
        let seconds = [5, 30, 120, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 24 * 3_600];
        Self(seconds.map(Duration::from_secs).into())
    }
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// Not numbers with units.
    #[error("`{0}` is not a wait: write a number with ms, s, m, h or d, as in 5s,30s,2m")]
    Wait(String),
    /// Zero, or longer than [`WAIT_MAX`].
    #[error("the wait `{0}` is out of range: from 1ms to 7d")]
    Range(String),
    /// More than [`WAITS_MAX`].
    #[error("a schedule has at most {WAITS_MAX} waits")]
    TooMany,
}

impl Schedule {
    /// Parses comma-separated waits, as in `5s,30s,2m` (`AURIX_RETRY_SCHEDULE`).
    pub fn parse(text: &str) -> Result<Self, InvalidSchedule> {
        if text.split(',').nth(WAITS_MAX).is_some() {
            return Err(InvalidSchedule::TooMany);
        }
        text.split(',').map(|wait| parse_wait(wait.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// The waits, in order.
    pub fn waits(&self) -> &[Duration] {
        &self.0
    }

    /// How long a wait can be with its jitter.
    pub fn longest(wait: Duration) -> Duration {
        wait.mul_f64(1.0 + JITTER_PART_MAX)
    }

    /// When the next attempt is due, if there is one. `now` is the time after `attempts_made` attempts (1 after the
    /// first), `jitter` from 0 to 1 adds up to a tenth of the wait, and `retry_after` counts where it is later.
    pub fn next(
        &self,
        attempts_made: u32,
        now: Timestamp,
        jitter: f64,
        retry_after: Option<RetryAfter>,
    ) -> Option<Timestamp> {
        let Some(waited) = attempts_made.checked_sub(1) else { return Some(now) };
        let wait = self.0.get(usize::try_from(waited).ok()?)?;
        let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        let due = later(now, wait.mul_f64(1.0 + JITTER_PART_MAX * jitter));
        let asked = retry_after.map(|asked| asked.at(now).min(later(now, RETRY_AFTER_MAX)));
        Some(asked.map_or(due, |asked| asked.max(due)))
    }
}

/// Parses one wait, as in `30s`; a day has 24 hours.
pub fn parse_wait(text: &str) -> Result<Duration, InvalidSchedule> {
    let span: Span = text.parse().map_err(|_| InvalidSchedule::Wait(text.to_owned()))?;
    let wait =
        span.to_duration(SpanRelativeTo::days_are_24_hours()).ok().and_then(|wait| Duration::try_from(wait).ok());
    wait.filter(|wait| (WAIT_MIN..=WAIT_MAX).contains(wait)).ok_or_else(|| InvalidSchedule::Range(text.to_owned()))
}

/// What a receiver asked for with `Retry-After` (RFC 9110, section 10.2.3). It counts for a 429 and a 503 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// This long after the response.
    Wait(Duration),
    /// At this time.
    Until(Timestamp),
}

impl RetryAfter {
    /// Parses the header's value: seconds, or a date in one of HTTP's three forms. Anything else asks for nothing.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number too large to hold is cut to the same limit as any other.
            return Some(Self::Wait(Duration::from_secs(value.parse().unwrap_or(u64::MAX))));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        // Only the last day that can be written is beyond what a timestamp holds.
        Some(Self::Until(Timestamp::try_from(date).unwrap_or(Timestamp::MAX)))
    }

    /// Asks for this long after the response.
    pub fn wait(wait: SignedDuration) -> Self {
        Self::Wait(Duration::try_from(wait).unwrap_or_default())
    }

    /// The time that is asked for.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Wait(wait) => later(now, wait.min(RETRY_AFTER_MAX)),
            Self::Until(time) => time,
        }
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_default_schedule_waits_as_the_contract_says_and_then_ends() {
        let now = at("2026-01-01T00:00:00Z");
        let waits: Vec<i64> = (1..=10)
            .map(|made| Schedule::default().next(made, now, 0.0, None).unwrap().duration_since(now).as_secs())
            .collect();
        assert_eq!(waits, [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400]);
        assert_eq!(Schedule::default().next(11, now, 0.0, None), None);
        assert_eq!(Schedule::default().next(u32::MAX, now, 0.0, None), None);
        assert_eq!(Schedule::default().next(0, now, 0.7, None), Some(now));
    }

    #[test]
    fn retry_after_is_honoured_where_it_is_later_up_to_a_day() {
        let now = at("2026-01-01T00:00:00Z");
        let check = |value: &str, expected: &str| {
            let due = Schedule::default().next(2, now, 0.0, RetryAfter::parse(value));
            assert_eq!(due, Some(at(expected)), "{value}");
        };
        check("120", "2026-01-01T00:02:00Z");
        check("29", "2026-01-01T00:00:30Z");
        check("0", "2026-01-01T00:00:30Z");
        check("86401", "2026-01-02T00:00:00Z");
        check("99999999999999999999999", "2026-01-02T00:00:00Z");
        check("Thu, 01 Jan 2026 01:00:00 GMT", "2026-01-01T01:00:00Z");
        check("Fri, 31 Dec 1999 23:59:59 GMT", "2026-01-01T00:00:30Z");
        check("Fri, 31 Dec 9999 23:59:59 GMT", "2026-01-02T00:00:00Z");
        check("soon", "2026-01-01T00:00:30Z");
    }

    #[test]
    fn http_dates_are_read_in_all_three_forms() {
        let expected = Some(RetryAfter::Until(at("1994-11-06T08:49:37Z")));
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(RetryAfter::parse(text), expected, "{text}");
        }
        for text in
            ["", "-5", "1.5", "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994", "6"]
        {
            assert!(!matches!(RetryAfter::parse(text), Some(RetryAfter::Until(_))), "{text}");
        }
    }

    #[test]
    fn a_schedule_is_read_from_a_setting() {
        let schedule = Schedule::parse("250ms, 5s,2m,3h,1d,1.5h,1h 30m").unwrap();
        assert_eq!(
            schedule.waits(),
            [250, 5_000, 120_000, 10_800_000, 86_400_000, 5_400_000, 5_400_000].map(Duration::from_millis)
        );
        let check = |text: &str, expected: &str| assert_eq!(Schedule::parse(text).unwrap_err().to_string(), expected);
        check("5s,,1m", "`` is not a wait: write a number with ms, s, m, h or d, as in 5s,30s,2m");
        check("5", "`5` is not a wait: write a number with ms, s, m, h or d, as in 5s,30s,2m");
        check("five", "`five` is not a wait: write a number with ms, s, m, h or d, as in 5s,30s,2m");
        check("0s", "the wait `0s` is out of range: from 1ms to 7d");
        check("8d", "the wait `8d` is out of range: from 1ms to 7d");
        check("-5s", "the wait `-5s` is out of range: from 1ms to 7d");
        check("1mo", "the wait `1mo` is out of range: from 1ms to 7d");
        check(
            "99999999999999999999d",
            "`99999999999999999999d` is not a wait: write a number with ms, s, m, h or d, as in 5s,30s,2m",
        );
        check(&vec!["1s"; 51].join(","), "a schedule has at most 50 waits");
    }

    proptest::proptest! {
        #[test]
        fn jitter_is_never_earlier_and_adds_a_tenth_at_most(made in 1u32..=10, jitter: f64) {
            let now = at("2026-01-01T00:00:00Z");
            let schedule = Schedule::default();
            let plain = schedule.waits()[made as usize - 1];
            let waited = schedule.next(made, now, jitter, None).unwrap().duration_since(now);
            let waited = Duration::try_from(waited).unwrap();
            proptest::prop_assert!(plain <= waited && waited <= plain.mul_f64(1.1), "{waited:?}");
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", date in "[A-Z][a-z]{2},? [0-9]{2}[ -][A-Z][a-z]{2}[ -][0-9]{2,5} [0-9:]{5,9} GMT") {
            let now = at("2026-01-01T00:00:00Z");
            let schedule = Schedule::parse(&text).unwrap_or_default();
            for value in [text, date] {
                let due = schedule.next(1, now, 0.5, RetryAfter::parse(&value)).unwrap();
                proptest::prop_assert!(now < due && due <= later(now, WAIT_MAX.mul_f64(1.1)));
            }
        }
    }
}
