//! Counts what happens often under attack, and logs it once a minute: the first at once, the others in one line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::time::Clock;

/// How long what follows the first is counted before it is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// A count and how it is logged.
pub struct Tally {
    /// Zero while no interval runs; else one more than what is not logged yet.
    pending: Arc<AtomicU64>,
    clock: Clock,
    log: fn(u64),
}

impl Tally {
    /// `log` is given how many there were.
    pub fn new(clock: Clock, log: fn(u64)) -> Self {
        Self { pending: Arc::default(), clock, log }
    }

    /// Counts one. Within a runtime: the end of the interval is waited for.
    pub fn add(&self) {
        if self.pending.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        (self.log)(1);
        let (pending, clock, log) = (self.pending.clone(), self.clock.clone(), self.log);
        tokio::spawn(async move {
            clock.sleep(LOG_INTERVAL).await;
            log_rest(&pending, log);
        });
    }

    /// How many there were since the interval began.
    #[cfg(test)]
    pub fn pending(&self) -> u64 {
        self.pending.load(Ordering::Relaxed)
    }

    /// Logs what is not logged yet: the process stops.
    pub fn flush(&self) {
        log_rest(&self.pending, self.log);
    }
}

fn log_rest(pending: &AtomicU64, log: fn(u64)) {
    let rest = pending.swap(0, Ordering::Relaxed).saturating_sub(1);
    if rest > 0 {
        log(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{SignedDuration, Timestamp};

    static LINES: AtomicU64 = AtomicU64::new(0);
    static COUNTED: AtomicU64 = AtomicU64::new(0);

    #[tokio::test]
    async fn a_flood_is_two_lines_a_minute_and_all_of_it_is_counted() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let tally = Tally::new(clock.clone(), |count| {
            LINES.fetch_add(1, Ordering::Relaxed);
            COUNTED.fetch_add(count, Ordering::Relaxed);
        });
        let logged = || (LINES.load(Ordering::Relaxed), COUNTED.load(Ordering::Relaxed));
        (0..1_000).for_each(|_| tally.add());
        assert_eq!(logged(), (1, 1));
        tokio::task::yield_now().await;
        clock.advance(SignedDuration::from_secs(60));
        while logged().0 < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(logged(), (2, 1_000));
        tally.add();
        tally.add();
        tally.flush();
        assert_eq!(logged(), (4, 1_002));
    }
}
