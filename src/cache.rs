//! Rows that every request needs, cached by public id: read again after [`TTL`], and used past it while the database is
//! unavailable.

use std::sync::Arc;

use crate::domain::ids::{AdId, ProjectId, SourceId};
use crate::domain::source::{Ad, AdNames, Source};
use crate::domain::time::{SignedDuration, Timestamp};

/// Age at which an entry is read again. A change by command is seen within a second.
pub const TTL: SignedDuration = SignedDuration::from_millis(500);
/// Entries of one cache; beyond it, those that were used least go.
pub const ENTRIES_MAX: usize = 10_000;

/// Values of one kind by their public ids, each with the time at which it was read.
pub struct Cache<T>(quick_cache::sync::Cache<String, (Arc<T>, Timestamp)>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(ENTRIES_MAX))
    }
}

impl<T> Cache<T> {
    /// The entry of that id, however old, and when it was read.
    pub fn get(&self, id: &str) -> Option<(Arc<T>, Timestamp)> {
        self.0.get(id)
    }

    /// The entry of that id, if it is younger than [`TTL`].
    pub fn get_fresh(&self, id: &str, now: Timestamp) -> Option<Arc<T>> {
        self.get(id).filter(|(_, read_at)| is_fresh(*read_at, now)).map(|(value, _)| value)
    }

    /// Caches what was read at `now`.
    pub fn insert(&self, id: &str, value: Arc<T>, now: Timestamp) {
        self.0.insert(id.to_owned(), (value, now));
    }

    /// Forgets an id that has no row any more.
    pub fn remove(&self, id: &str) {
        self.0.remove(id);
    }
}

/// Row keys that were found by what their rows say, and what ads were called last. Such rows never change, so nothing here gets old.
#[derive(Debug)]
pub struct KnownSources {
    sources: quick_cache::sync::Cache<(ProjectId, Source), SourceId>,
    ads: quick_cache::sync::Cache<(ProjectId, Ad), AdId>,
    /// What each ad was called last.
    pub names: quick_cache::sync::Cache<AdId, AdNames>,
}

/// Sources that are remembered, and as many ads.
const SOURCES_MAX: usize = 50_000;

impl Default for KnownSources {
    fn default() -> Self {
        let most = SOURCES_MAX;
        Self {
            sources: quick_cache::sync::Cache::new(most),
            ads: quick_cache::sync::Cache::new(most),
            names: quick_cache::sync::Cache::new(most),
        }
    }
}

impl KnownSources {
    /// The id of a source.
    pub fn source(&self, project: ProjectId, source: &Source) -> Option<SourceId> {
        self.sources.get(&OfProject(project, source))
    }

    /// The id of an ad.
    pub fn ad(&self, project: ProjectId, ad: &Ad) -> Option<AdId> {
        self.ads.get(&OfProject(project, ad))
    }

    /// Remembers the id of a source.
    pub fn know_source(&self, project: ProjectId, source: &Source, id: SourceId) {
        self.sources.insert((project, source.clone()), id);
    }

    /// Remembers the id of an ad.
    pub fn know_ad(&self, project: ProjectId, ad: &Ad, id: AdId) {
        self.ads.insert((project, ad.clone()), id);
    }
}

/// What is looked for, without a copy of it.
#[derive(Hash)]
struct OfProject<'a, T>(ProjectId, &'a T);

impl<T: PartialEq> quick_cache::Equivalent<(ProjectId, T)> for OfProject<'_, T> {
    fn equivalent(&self, key: &(ProjectId, T)) -> bool {
        self.0 == key.0 && *self.1 == key.1
    }
}

/// Whether what was read at `read_at` is young enough. A later time was read before the clock was stepped back.
pub fn is_fresh(read_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(read_at);
    age < TTL && age > -TTL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SignedDuration;

    #[test]
    fn an_entry_is_fresh_for_half_a_second_on_either_side() {
        let now = Timestamp::UNIX_EPOCH;
        for (milliseconds, fresh) in [(-500, false), (-499, true), (0, true), (499, true), (500, false)] {
            assert_eq!(
                is_fresh(now, now + SignedDuration::from_millis(milliseconds)),
                fresh,
                "{milliseconds} ms later"
            );
        }
    }

    #[test]
    fn a_cache_is_bounded_and_takes_new_entries_when_it_is_full() {
        let cache = Cache::default();
        for number in 0..2 * ENTRIES_MAX {
            cache.insert(&number.to_string(), Arc::new(number), Timestamp::UNIX_EPOCH);
        }
        assert!((ENTRIES_MAX / 2..=ENTRIES_MAX).contains(&cache.0.len()), "{}", cache.0.len());
        let last = 2 * ENTRIES_MAX - 1;
        assert_eq!(cache.get_fresh(&last.to_string(), Timestamp::UNIX_EPOCH).as_deref(), Some(&last));
        assert_eq!(cache.get_fresh(&last.to_string(), Timestamp::UNIX_EPOCH + TTL), None);
        assert_eq!(cache.get(&last.to_string()).map(|(_, read_at)| read_at), Some(Timestamp::UNIX_EPOCH));
        cache.remove(&last.to_string());
        assert!(cache.get(&last.to_string()).is_none());
    }
}
