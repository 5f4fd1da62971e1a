//! How many calls are under way and how many wait: what comes beyond is turned away at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Calls that are under way at the same time.
pub(super) const CALLS_MAX: usize = 8;
/// Calls that wait for one of those to end.
pub(super) const QUEUE_MAX: usize = 32;

/// Lets calls through, a few at a time.
pub(super) struct Gate {
    calls: Semaphore,
    waiting: AtomicUsize,
}

/// The queue is full.
#[derive(Debug)]
pub(super) struct QueueFull;

/// A place in the queue, given back when it is left.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { calls: Semaphore::new(CALLS_MAX), waiting: AtomicUsize::new(0) }
    }

    /// Waits for a call of its own.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, QueueFull> {
        if let Ok(permit) = self.calls.try_acquire() {
            return Ok(permit);
        }
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= QUEUE_MAX {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(QueueFull);
        }
        let _place = Place(&self.waiting);
        self.calls.acquire().await.map_err(|_| QueueFull)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn eight_are_under_way_and_thirty_two_wait() {
        let gate = Gate::new();
        let mut under_way = Vec::new();
        for _ in 0..CALLS_MAX {
            under_way.push(gate.enter().now_or_never().expect("it is free").expect("it is free"));
        }
        let mut waiting: Vec<_> = (0..QUEUE_MAX).map(|_| Box::pin(gate.enter())).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none(), "it waits");
        }
        assert!(gate.enter().now_or_never().expect("it does not wait").is_err());
        waiting.pop();
        assert!(gate.enter().now_or_never().is_none(), "whoever left made room");
        under_way.pop();
        assert!(waiting[0].as_mut().now_or_never().is_some(), "the first in the queue is next");
    }
}
