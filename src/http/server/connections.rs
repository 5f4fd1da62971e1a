//! The open connections and what each is doing, so that those that only take a place can be closed.
//!
//! Actors: the task of a connection notes its phase; the sweep, once a second, closes what has been in one for too long; accepting
//! closes idle ones where there is no place left. A connection is idle (nothing of a request has come) → head (a part of one has) →
//! busy (a handler works, or its response is written) → idle again; closing where the rest of a body that nobody wants is discarded.
//! Besides, in any phase, its writes may be stalled: the client takes nothing.
//!
//! Seconds are counted by the sweep: a request reads no clock, and needs no timer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::domain::time::Clock;

/// How often the sweep runs.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT_S: u32 = 15;
/// How long a client may take nothing of a response.
const WRITE_TIMEOUT_S: u32 = 30;
/// How long the rest of a body is discarded.
const CLOSING_TIMEOUT_S: u32 = 2;
/// How long a client that is in the middle of something is left alone although others need its place.
const SHED_AFTER_S: u32 = 2;
/// [`Connection::stalled_since`] of one that is not.
const NOT_STALLED: u32 = 0;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle = 0,
    Head = 1,
    Busy = 2,
    Closing = 3,
}

/// A connection, as its task and the sweep see it.
pub(super) struct Connection {
    /// In the order of accepting.
    number: u64,
    seconds: Arc<AtomicU32>,
    /// The phase in the upper half, and the second in which it began.
    phase: AtomicU64,
    stalled_since: AtomicU32,
    is_body_unread: AtomicBool,
}

impl Connection {
    fn new(number: u64, seconds: Arc<AtomicU32>) -> Self {
        let (phase, stalled_since) = (AtomicU64::new(0), AtomicU32::new(NOT_STALLED));
        let connection = Self { number, seconds, phase, stalled_since, is_body_unread: AtomicBool::new(false) };
        connection.enter(Phase::Idle);
        connection
    }

    /// Begins a phase.
    pub(super) fn enter(&self, phase: Phase) {
        let second = self.seconds.load(Ordering::Relaxed);
        self.phase.store((phase as u64) << 32 | u64::from(second), Ordering::Relaxed);
    }

    /// Bytes of a request have come.
    pub(super) fn note_read(&self) {
        if self.phase().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Whether the client took what was written.
    pub(super) fn note_write(&self, is_taken: bool) {
        let is_stalled = self.is_stalled();
        if is_taken && is_stalled {
            self.stalled_since.store(NOT_STALLED, Ordering::Relaxed);
        } else if !is_taken && !is_stalled {
            self.stalled_since.store(self.seconds.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Whether a write waits for the client.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled_since.load(Ordering::Relaxed) != NOT_STALLED
    }

    /// A request's body is not read to its end.
    pub(super) fn note_body_unread(&self) {
        self.is_body_unread.store(true, Ordering::Relaxed);
    }

    /// Whether what is left of a body stands before the next request.
    pub(super) fn is_body_unread(&self) -> bool {
        self.is_body_unread.load(Ordering::Relaxed)
    }

    fn phase(&self) -> (Phase, u32) {
        let packed = self.phase.load(Ordering::Relaxed);
        let phase = match packed >> 32 {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Closing,
        };
        (phase, (packed & u64::from(u32::MAX)) as u32)
    }

    /// Whether it is to be closed at `second`.
    fn is_expired(&self, second: u32, keep_alive_s: u32) -> bool {
        let is_older = |since: u32, limit_s: u32| second.saturating_sub(since) > limit_s;
        let stalled_since = self.stalled_since.load(Ordering::Relaxed);
        let (phase, since) = self.phase();
        let limit_s = match phase {
            Phase::Idle => Some(keep_alive_s),
            Phase::Head => Some(HEAD_TIMEOUT_S),
            Phase::Busy => None,
            Phase::Closing => Some(CLOSING_TIMEOUT_S),
        };
        let is_stalled = stalled_since != NOT_STALLED;
        limit_s.is_some_and(|limit_s| is_older(since, limit_s))
            || (is_stalled && is_older(stalled_since, WRITE_TIMEOUT_S))
    }

    /// Its turn where places are needed: idle ones first, those that were idle for longest before others; then clients that are slow
    /// to send or to read. `None` for one that is served.
    fn shed_rank(&self, second: u32) -> Option<(u8, u32, u64)> {
        let is_slow = |since: u32| second.saturating_sub(since) > SHED_AFTER_S;
        let stalled_since = self.stalled_since.load(Ordering::Relaxed);
        if stalled_since != NOT_STALLED {
            return is_slow(stalled_since).then_some((2, stalled_since, self.number));
        }
        match self.phase() {
            (Phase::Idle | Phase::Closing, since) => Some((0, since, self.number)),
            (Phase::Head, since) => is_slow(since).then_some((1, since, self.number)),
            (Phase::Busy, _) => None,
        }
    }
}

type Tasks = HashMap<u64, (Arc<Connection>, AbortHandle)>;

/// All connections of a server.
#[derive(Default)]
pub(super) struct Connections {
    seconds: Arc<AtomicU32>,
    numbers: AtomicU64,
    tasks: Mutex<Tasks>,
}

impl Connections {
    /// With none. Seconds begin with one: zero says that nothing is stalled.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { seconds: Arc::new(AtomicU32::new(1)), ..Self::default() })
    }

    /// A connection that was just accepted. It is known from [`Connections::spawn`] on.
    pub(super) fn open(&self) -> Arc<Connection> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Arc::new(Connection::new(number, self.seconds.clone()))
    }

    /// Runs the task of a connection, which is known until it ends.
    pub(super) fn spawn(
        self: &Arc<Self>,
        connection: Arc<Connection>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let entry = Entry { connections: self.clone(), number: connection.number };
        // Locked, so that a task that ends at once is not forgotten before it is known.
        let mut tasks = self.lock();
        let handle = tokio::spawn(async move {
            let _entry = entry;
            task.await;
        });
        tasks.insert(connection.number, (connection, handle.abort_handle()));
    }

    /// Closes up to `most` connections that are not served; returns how many.
    pub(super) fn shed(&self, most: usize) -> usize {
        let second = self.seconds.load(Ordering::Relaxed);
        let mut idle: Vec<_> = self
            .lock()
            .values()
            .filter_map(|(connection, task)| Some((connection.shed_rank(second)?, task.clone())))
            .collect();
        idle.sort_unstable_by_key(|(rank, _)| *rank);
        idle.truncate(most);
        idle.iter().for_each(|(_, task)| task.abort());
        idle.len()
    }

    /// Closes what has been in one phase for too long, until it is aborted.
    pub(super) async fn sweep(self: Arc<Self>, clock: Clock, keep_alive: Duration) {
        let keep_alive_s = u32::try_from(keep_alive.as_secs()).unwrap_or(u32::MAX);
        loop {
            clock.sleep(SWEEP_INTERVAL).await;
            let second = self.seconds.fetch_add(1, Ordering::Relaxed) + 1;
            let is_expired = |connection: &Connection| connection.is_expired(second, keep_alive_s);
            let expired: Vec<AbortHandle> = self
                .lock()
                .values()
                .filter(|(connection, _)| is_expired(connection))
                .map(|(_, task)| task.clone())
                .collect();
            expired.iter().for_each(AbortHandle::abort);
        }
    }

    /// Nothing panics while it is locked; a poisoned lock would still guard a usable value.
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a connection when its task ends, however it ends.
struct Entry {
    connections: Arc<Connections>,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ended = self.connections.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(number: u64) -> (Connection, Arc<AtomicU32>) {
        let seconds = Arc::new(AtomicU32::new(100));
        (Connection::new(number, seconds.clone()), seconds)
    }

    /// The second in which it is closed, counted from the phase's begin.
    fn expires_after(connection: &Connection) -> Option<u32> {
        (0..1_000).find(|second| connection.is_expired(100 + second, 75))
    }

    #[test]
    fn each_phase_has_its_limit() {
        let (connection, _seconds) = connection(1);
        assert_eq!(expires_after(&connection), Some(76), "idle");
        connection.note_read();
        assert_eq!(expires_after(&connection), Some(16), "a head that does not end");
        connection.enter(Phase::Busy);
        connection.note_read();
        assert_eq!(expires_after(&connection), None, "a handler works");
        connection.note_write(false);
        assert_eq!(expires_after(&connection), Some(31), "the client takes nothing");
        connection.note_write(true);
        assert_eq!(expires_after(&connection), None);
        connection.enter(Phase::Closing);
        assert_eq!(expires_after(&connection), Some(3));
    }

    #[test]
    fn progress_begins_the_time_of_a_write_anew() {
        let (connection, seconds) = connection(1);
        connection.enter(Phase::Busy);
        connection.note_write(false);
        seconds.store(120, Ordering::Relaxed);
        connection.note_write(false);
        assert!(connection.is_expired(131, 75), "waiting again is no progress");
        connection.note_write(true);
        connection.note_write(false);
        assert!(!connection.is_expired(131, 75));
        assert!(connection.is_expired(151, 75));
    }

    #[test]
    fn idle_connections_are_shed_first_and_served_ones_never() {
        let (idle, _) = connection(7);
        let (newer, _) = connection(8);
        let (head, _) = connection(1);
        head.note_read();
        let (stalled, _) = connection(2);
        stalled.enter(Phase::Busy);
        stalled.note_write(false);
        let (busy, _) = connection(0);
        busy.enter(Phase::Busy);
        let all = [&busy, &stalled, &head, &newer, &idle];
        let shed = |second: u32| {
            let mut ranks: Vec<_> = all.iter().filter_map(|connection| connection.shed_rank(second)).collect();
            ranks.sort_unstable();
            ranks.into_iter().map(|(_, _, number)| number).collect::<Vec<_>>()
        };
        assert_eq!(shed(100), [7, 8], "others are given a moment");
        assert_eq!(shed(103), [7, 8, 1, 2]);
    }
}
