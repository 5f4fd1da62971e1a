//! Rate limits by source, in a table of a fixed size. Beyond it the sources that were seen least recently are forgotten; one that is
//! over its limit is seen often.
//!
//! The algorithm is GCRA: a source has one number, the time at which all that it was admitted for is used up at its rate. A minute's
//! worth may come at once.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::tally::Tally;
use crate::domain::rates::{Kind, Rates};
use crate::domain::time::Clock;

/// Sources of one kind that are remembered.
const SOURCES_MAX: usize = 10_000;
const MINUTE_US: i64 = 60_000_000;

/// Over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverLimit {
    /// Seconds until another request is admitted.
    pub retry_after_s: u32,
}

/// How much of its rate a source has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    pub per_minute: u32,
    /// Requests that would be admitted now.
    pub left: u32,
    /// Seconds until the whole rate is there again.
    pub whole_in_s: u32,
}

/// Who is limited: a row's key, an address, or an address for that row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(i64, Option<IpAddr>);

impl Source {
    /// The row with that key, from wherever.
    pub fn row(key: i64) -> Self {
        Self(key, None)
    }

    /// An address, for the row with that key.
    pub fn address(key: i64, ip: IpAddr) -> Self {
        Self(key, Some(network(ip)))
    }
}

/// A host on IPv6 has a /64 at least, and could use each of its addresses once.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

/// The rates of all kinds. Cheap to clone.
#[derive(Clone)]
pub struct RateLimiter(Arc<Parts>);

struct Parts {
    clock: Clock,
    limits: [Option<Limit>; Kind::ALL.len()],
}

struct Limit {
    /// Microseconds that one request stands for.
    interval_us: i64,
    /// Until when each source has used its rate: microseconds since 1970.
    used_until: quick_cache::sync::Cache<Source, Arc<AtomicI64>>,
    refused: Tally,
}

impl RateLimiter {
    /// With nothing counted.
    pub fn new(rates: Rates, clock: Clock) -> Self {
        let limits = Kind::ALL.map(|kind| {
            rates.of(kind).map(|per_minute| Limit {
                interval_us: (MINUTE_US / i64::from(per_minute)).max(1),
                used_until: quick_cache::sync::Cache::new(SOURCES_MAX),
                refused: Tally::new(clock.clone(), log_of(kind)),
            })
        });
        Self(Arc::new(Parts { clock, limits }))
    }

    /// Counts a request and admits it, unless its source is over the limit.
    pub fn admit(&self, kind: Kind, source: Source) -> Result<(), OverLimit> {
        let Some(limit) = &self.0.limits[kind as usize] else { return Ok(()) };
        let new = || Ok::<_, Infallible>(Arc::new(AtomicI64::new(i64::MIN)));
        let Ok(used_until) = limit.used_until.get_or_insert_with(&source, new);
        let now = self.now();
        let admitted = used_until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| limit.next(until, now));
        admitted.map(drop).map_err(|until| limit.refuse(until, now))
    }

    /// Whether another request would be admitted. It is not counted.
    pub fn check(&self, kind: Kind, source: Source) -> Result<(), OverLimit> {
        let Some(limit) = &self.0.limits[kind as usize] else { return Ok(()) };
        let Some(used_until) = limit.used_until.get(&source) else { return Ok(()) };
        let (until, now) = (used_until.load(Ordering::Relaxed), self.now());
        limit.next(until, now).map(drop).ok_or_else(|| limit.refuse(until, now))
    }

    /// How much is left; `None` where there is no limit. Nothing is counted.
    pub fn standing(&self, kind: Kind, source: Source) -> Option<Standing> {
        let limit = self.0.limits[kind as usize].as_ref()?;
        let now = self.now();
        let until = limit.used_until.get(&source).map_or(now, |until| until.load(Ordering::Relaxed));
        let used_us = if until > now + MINUTE_US { 0 } else { (until - now).max(0) };
        let whole = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        Some(Standing {
            per_minute: whole(MINUTE_US / limit.interval_us),
            left: whole((MINUTE_US - used_us) / limit.interval_us),
            whole_in_s: whole((used_us + 999_999) / 1_000_000),
        })
    }

    fn now(&self) -> i64 {
        self.0.clock.now().as_microsecond()
    }
}

impl Limit {
    /// Until when the rate is used after one more request; `None` where that is too far ahead.
    fn next(&self, until: i64, now: i64) -> Option<i64> {
        // One further ahead than any request can bring it is from before the clock was set back.
        let begin = if until > now + MINUTE_US { now } else { until.max(now) };
        Some(begin + self.interval_us).filter(|next| *next <= now + MINUTE_US)
    }

    fn refuse(&self, until: i64, now: i64) -> OverLimit {
        self.refused.add();
        let wait_us = until.saturating_add(self.interval_us - now - MINUTE_US).max(1);
        OverLimit { retry_after_s: u32::try_from((wait_us + 999_999) / 1_000_000).unwrap_or(60) }
    }
}

fn log_of(kind: Kind) -> fn(u64) {
    match kind {
        Kind::Clicks => |requests| tracing::warn!(limit = "clicks", requests, "over a rate limit"),
        Kind::Guesses => |requests| tracing::warn!(limit = "guesses", requests, "over a rate limit"),
        Kind::Calls => |requests| tracing::warn!(limit = "calls", requests, "over a rate limit"),
        Kind::Tests => |requests| tracing::warn!(limit = "tests", requests, "over a rate limit"),
        Kind::Chats => |requests| tracing::warn!(limit = "chats", requests, "over a rate limit"),
        Kind::Messages => |requests| tracing::warn!(limit = "messages", requests, "over a rate limit"),
        Kind::Tokens => |requests| tracing::warn!(limit = "tokens", requests, "over a rate limit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{SignedDuration, Timestamp};

    fn limiter() -> (RateLimiter, Clock) {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        (RateLimiter::new(Rates::parse("clicks=10,calls=off").unwrap(), clock.clone()), clock)
    }

    fn address(text: &str) -> Source {
        Source::address(1, text.parse().unwrap())
    }

    #[tokio::test]
    async fn a_minutes_worth_comes_at_once_and_then_one_at_a_time() {
        let (limiter, clock) = limiter();
        let admit = || limiter.admit(Kind::Clicks, address("192.0.2.1"));
        assert!((0..10).all(|_| admit().is_ok()));
        assert_eq!(admit(), Err(OverLimit { retry_after_s: 6 }));
        clock.advance(SignedDuration::from_secs(6));
        assert_eq!(limiter.check(Kind::Clicks, address("192.0.2.1")), Ok(()));
        assert_eq!(admit(), Ok(()));
        assert_eq!(admit(), Err(OverLimit { retry_after_s: 6 }));
        assert_eq!(limiter.check(Kind::Clicks, address("192.0.2.1")), Err(OverLimit { retry_after_s: 6 }));
        clock.advance(SignedDuration::from_hours(1));
        assert!((0..10).all(|_| admit().is_ok()));
        assert!(admit().is_err());
    }

    #[tokio::test]
    async fn a_source_is_told_what_is_left() {
        let (limiter, clock) = limiter();
        let standing = || limiter.standing(Kind::Clicks, address("192.0.2.1"));
        let of = |left, whole_in_s| Some(Standing { per_minute: 10, left, whole_in_s });
        assert_eq!(standing(), of(10, 0));
        assert!((0..4).all(|_| limiter.admit(Kind::Clicks, address("192.0.2.1")).is_ok()));
        assert_eq!(standing(), of(6, 24));
        clock.advance(SignedDuration::from_secs(12));
        assert_eq!(standing(), of(8, 12));
        assert_eq!(limiter.standing(Kind::Calls, Source::row(1)), None, "off");
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_refuses_nobody() {
        let (limiter, clock) = limiter();
        assert!(limiter.admit(Kind::Clicks, address("192.0.2.1")).is_ok());
        clock.advance(SignedDuration::from_hours(-1));
        assert!((0..10).all(|_| limiter.admit(Kind::Clicks, address("192.0.2.1")).is_ok()));
        assert!(limiter.admit(Kind::Clicks, address("192.0.2.1")).is_err());
    }

    #[tokio::test]
    async fn sources_and_kinds_are_counted_apart() {
        let (limiter, _clock) = limiter();
        assert!((0..11).any(|_| limiter.admit(Kind::Clicks, address("2001:db8::1")).is_err()));
        assert!(limiter.admit(Kind::Clicks, address("2001:db8::ffff")).is_err(), "the same /64");
        assert!(limiter.admit(Kind::Clicks, address("2001:db8:0:1::1")).is_ok());
        assert!(limiter.admit(Kind::Clicks, Source::address(2, "2001:db8::1".parse().unwrap())).is_ok());
        assert!(limiter.admit(Kind::Guesses, address("2001:db8::1")).is_ok());
        assert!((0..100_000).all(|_| limiter.admit(Kind::Calls, Source::row(1)).is_ok()), "off");
    }

    #[tokio::test]
    async fn a_flood_of_sources_takes_no_more_memory_and_forgets_no_busy_one() {
        let (limiter, _clock) = limiter();
        let busy = address("192.0.2.1");
        while limiter.admit(Kind::Clicks, busy).is_ok() {}
        for number in 0..5 * u32::try_from(SOURCES_MAX).unwrap() {
            let _ = limiter.admit(Kind::Clicks, Source::address(1, std::net::Ipv4Addr::from_bits(number).into()));
            assert!(limiter.admit(Kind::Clicks, busy).is_err(), "after {number} others");
        }
        let limit = limiter.0.limits[Kind::Clicks as usize].as_ref().unwrap();
        assert!(limit.used_until.len() <= SOURCES_MAX);
    }
}
