//! Rows that every request needs, cached by public id: read again after [`TTL`], and used past it while the database is
//! unavailable.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::time::{SignedDuration, Timestamp};

/// Age at which an entry is read again. A change by command is seen within a second.
pub const TTL: SignedDuration = SignedDuration::from_millis(500);
/// Entries of one cache.
pub const ENTRIES_MAX: usize = 10_000;

/// Values of one kind by their public ids, each with the time at which it was read.
pub struct Cache<T>(Mutex<HashMap<String, (Arc<T>, Timestamp)>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Cache<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Arc<T>, Timestamp)>> {
        // Nothing panics while it is locked; a poisoned lock would still guard a usable value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry of that id, however old, and when it was read.
    pub fn get(&self, id: &str) -> Option<(Arc<T>, Timestamp)> {
        self.lock().get(id).cloned()
    }

    /// The entry of that id, if it is younger than [`TTL`].
    pub fn get_fresh(&self, id: &str, now: Timestamp) -> Option<Arc<T>> {
        self.get(id).filter(|(_, read_at)| is_fresh(*read_at, now)).map(|(value, _)| value)
    }

    /// Caches what was read at `now`, where there is room.
    pub fn insert(&self, id: &str, value: Arc<T>, now: Timestamp) {
        let mut entries = self.lock();
        if entries.len() < ENTRIES_MAX || entries.contains_key(id) {
            entries.insert(id.to_owned(), (value, now));
        }
    }

    /// Forgets an id that has no row any more.
    pub fn remove(&self, id: &str) {
        self.lock().remove(id);
    }
}

/// Whether what was read at `read_at` is young enough. A later time was read before the clock was stepped back.
pub fn is_fresh(read_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(read_at);
    age < TTL && age > -TTL
}
