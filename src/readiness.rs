//! Whether this process can work: something can be written to the database, and the background loops run.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::anyhow;

use crate::cache::is_fresh;
use crate::core::Core;
use crate::domain::time::Timestamp;
use crate::store::counters;

/// How long a write may take before the process counts as not ready.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the process cannot work. `Display` is for whoever watches it; the log has the cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The database is unavailable, full, locked, or read-only.
    #[error("Nothing can be written to the database.")]
    Write,
    /// A background loop does not run.
    #[error("The background loop `{0}` does not run.")]
    Loop(&'static str),
}

impl From<NotReady> for Cow<'static, str> {
    fn from(reason: NotReady) -> Self {
        reason.to_string().into()
    }
}

/// Watches one process. Cheap to clone.
#[derive(Clone)]
pub struct Readiness(Arc<Shared>);

struct Shared {
    core: Core,
    /// Each background loop that was ever started, and whether it runs.
    loops: Mutex<BTreeMap<&'static str, bool>>,
    /// The last check and its time. Held while a check runs: many who ask at once cause one write.
    last: tokio::sync::Mutex<Option<(Timestamp, Result<(), NotReady>)>>,
}

impl Readiness {
    /// Watches a process that has started no loop yet.
    pub fn new(core: Core) -> Self {
        Self(Arc::new(Shared { core, loops: Mutex::default(), last: tokio::sync::Mutex::default() }))
    }

    /// A background loop runs, or has ended.
    pub fn set_loop(&self, name: &'static str, runs: bool) {
        self.loops().insert(name, runs);
    }

    /// Whether the process can work. The write is tried at most every 500 ms, however many ask. A change is logged.
    pub async fn check(&self) -> Result<(), NotReady> {
        let mut last = self.0.last.lock().await;
        let now = self.0.core.clock.now();
        let before = match &*last {
            Some((at, Ok(()) | Err(NotReady::Write))) if is_fresh(*at, now) => {
                last.as_ref().map(|(_, was)| was.clone())
            }
            _ => None,
        };
        let stopped = self.loops().iter().find_map(|(name, runs)| (!runs).then_some(*name));
        let (is, cause) = match (stopped, before) {
            (Some(name), _) => (Err(NotReady::Loop(name)), None),
            (None, Some(before)) => return before,
            (None, None) => match self.try_write(now).await {
                Ok(()) => (Ok(()), None),
                Err(error) => (Err(NotReady::Write), Some(format!("{error:#}"))),
            },
        };
        let was = last.replace((now, is.clone())).map(|(_, was)| was);
        match (&was, &is) {
            (None | Some(Ok(())), Err(reason)) => tracing::warn!(%reason, cause, "not ready"),
            (Some(Err(_)), Ok(())) => tracing::info!("ready again"),
            _ => {}
        }
        is
    }

    /// Commits a row that nothing reads, as any other write is committed.
    async fn try_write(&self, now: Timestamp) -> anyhow::Result<()> {
        let write = self.0.core.db.write(async move |tx| Ok(counters::record_check(tx, now).await?));
        let late = |_| Err(anyhow!("no response within {WRITE_TIMEOUT:?}"));
        tokio::time::timeout(WRITE_TIMEOUT, write).await.unwrap_or_else(late)
    }

    /// Nothing panics while it is held.
    fn loops(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.0.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
