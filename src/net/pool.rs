//! Connections that wait for the next request to the same origin: few, and not for long.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::time::Clock;
use crate::net::connection::Connection;
use crate::net::moment;

/// Idle connections of all origins. The limits hold memory flat however many webhooks there are.
pub(super) struct Pool {
    state: Mutex<State>,
    limits: Limits,
}

/// How many connections may be idle, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) idle_max: usize,
    pub(super) idle_per_origin_max: usize,
    pub(super) idle_for_max: Duration,
}

#[derive(Default)]
struct State {
    /// The longest idle first.
    idle: VecDeque<Idle>,
    /// Whether a task is there that closes what has expired.
    swept: bool,
}

struct Idle {
    origin: Box<str>,
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), limits })
    }

    /// The connection to `origin` that was used last, if one is still open.
    pub(super) fn take(&self, origin: &str) -> Option<Connection> {
        let mut state = self.lock();
        self.drop_expired(&mut state);
        loop {
            let newest = state.idle.iter().rposition(|idle| *idle.origin == *origin)?;
            let connection = state.idle.remove(newest)?.connection;
            if connection.is_ready() {
                return Some(connection);
            }
        }
    }

    /// Puts back a connection whose last response has ended properly. Where there are too many, the longest idle one is closed.
    pub(super) fn put(self: &Arc<Self>, origin: &str, connection: Connection) {
        let mut state = self.lock();
        self.drop_expired(&mut state);
        if state.idle.iter().filter(|idle| *idle.origin == *origin).count() >= self.limits.idle_per_origin_max {
            return;
        }
        state.idle.push_back(Idle { origin: origin.into(), connection, since: moment() });
        if state.idle.len() > self.limits.idle_max {
            state.idle.pop_front();
        }
        if !std::mem::replace(&mut state.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), self.limits.idle_for_max));
        }
    }

    /// How many of the idle connections are still open.
    pub(super) fn open(&self) -> usize {
        self.lock().idle.iter().filter(|idle| idle.connection.is_ready()).count()
    }

    fn drop_expired(&self, state: &mut State) {
        while state.idle.front().is_some_and(|oldest| oldest.since.elapsed() >= self.limits.idle_for_max) {
            state.idle.pop_front();
        }
    }

    /// Nothing panics while it is held; a poisoned lock would still guard a usable list.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what has expired when no further request comes by; ends when nothing is left.
async fn sweep(pool: Weak<Pool>, every: Duration) {
    loop {
        Clock::System.sleep(every).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut state = pool.lock();
        pool.drop_expired(&mut state);
        if state.idle.is_empty() {
            state.swept = false;
            return;
        }
    }
}
