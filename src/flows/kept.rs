//! What was read lately, kept in memory: for a moment while the database answers, and for longer while it is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::time::{SignedDuration, Timestamp};

/// How old a kept value may be while the database answers. Changes by command are seen within a second.
pub const FRESH: SignedDuration = SignedDuration::from_millis(500);
/// Values of a kind kept in memory.
pub const KEPT_MAX: usize = 10_000;

/// Values of one kind by their public ids, each with the time at which it was read.
pub struct Kept<T>(Mutex<HashMap<String, (Arc<T>, Timestamp)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Arc<T>, Timestamp)>> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read of that id, and when.
    pub fn get(&self, id: &str) -> Option<(Arc<T>, Timestamp)> {
        self.lock().get(id).cloned()
    }

    /// What was read of that id a moment ago.
    pub fn get_fresh(&self, id: &str, now: Timestamp) -> Option<Arc<T>> {
        self.get(id).filter(|(_, since)| is_fresh(*since, now)).map(|(value, _)| value)
    }

    /// Keeps what was read at `now`, where there is room.
    pub fn keep(&self, id: &str, value: Arc<T>, now: Timestamp) {
        let mut kept = self.lock();
        if kept.len() < KEPT_MAX || kept.contains_key(id) {
            kept.insert(id.to_owned(), (value, now));
        }
    }

    /// There is nothing of that id any more.
    pub fn forget(&self, id: &str) {
        self.lock().remove(id);
    }
}

/// Whether what was read at `since` still counts. What was read later than now was read before the clock was stepped back.
pub fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(since);
    age < FRESH && age > -FRESH
}
