//! From a name to addresses: the system's resolver, or a script for tests, behind limits.
//!
//! Actors: requests that wait for a name, and for each name at most one thread that asks the resolver. All who want the same name
//! share its answer, which is cached for a short while: the system's resolver does not tell for how long it is valid. A thread
//! cannot be stopped, so that each project has a few only, and a name server that is silent delays nobody else's names.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use crate::domain::ids::ProjectId;
use crate::net::moment;

/// Names that one client looks up at the same time at most. The system's resolver blocks a thread for each, and goes on
/// when nobody waits for it any more.
const LOOKUPS_MAX: usize = 64;
/// Of these, for one project.
const PROJECT_LOOKUPS_MAX: usize = 4;
/// Names that are cached at most. Beyond it, those that were used least go.
const NAMES_MAX: usize = 4_096;
/// Addresses that are cached of a name at most.
const ADDRESSES_CACHED_MAX: usize = 32;
/// How long a failure is cached, at most: less than the shortest wait before a retry.
const FAILURE_CACHED_MAX: Duration = Duration::from_secs(1);

/// Where the addresses of a name come from. Cheap to clone.
#[derive(Clone)]
pub enum Resolver {
    /// The machine's own resolver (`/etc/hosts`, DNS).
    System,
    /// A script, called with the name each time one is looked up. It may block.
    Scripted(Arc<Script>),
}

/// What a scripted resolver gives for a name.
pub type Script = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

impl Resolver {
    /// Resolves by calling `script`.
    pub fn scripted(script: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self::Scripted(Arc::new(script))
    }

    fn resolve(&self, name: &str) -> Answer {
        let found = match self {
            Self::System => (name, 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect()),
            Self::Scripted(script) => script(name),
        };
        match found {
            Ok(mut addresses) => {
                addresses.truncate(ADDRESSES_CACHED_MAX);
                Ok(addresses.into())
            }
            Err(error) => Err(LookupError::Failed(error.to_string().into())),
        }
    }
}

/// What looking up a name gave.
pub(super) type Answer = Result<Arc<[IpAddr]>, LookupError>;

/// Why a name has no addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LookupError {
    /// The resolver said so.
    Failed(Arc<str>),
    /// It has said nothing within the timeout.
    Timeout,
}

/// How long a lookup may take, and an answer is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) cached_for: Duration,
}

/// A resolver with its cache and the limits to its use.
pub(super) struct Lookups(Arc<Shared>);

struct Shared {
    resolver: Resolver,
    limits: Limits,
    threads: Arc<Semaphore>,
    cached: quick_cache::sync::Cache<String, Cached>,
    state: Mutex<State>,
}

#[derive(Clone)]
struct Cached {
    answer: Answer,
    until: Instant,
}

#[derive(Default)]
struct State {
    running: HashMap<String, Running>,
    /// Of the projects that look up or wait.
    projects: HashMap<ProjectId, Arc<Semaphore>>,
}

/// A lookup that a thread is busy with.
struct Running {
    began: Instant,
    answer: watch::Receiver<Option<Answer>>,
}

impl Lookups {
    pub(super) fn new(resolver: Resolver, limits: Limits) -> Self {
        let cached = quick_cache::sync::Cache::new(NAMES_MAX);
        let threads = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Self(Arc::new(Shared { resolver, limits, threads, cached, state: Mutex::default() }))
    }

    /// All addresses of a name, in the resolver's order, unchecked. It ends within the timeout.
    pub(super) async fn addresses(&self, name: &str, project: Option<ProjectId>) -> Answer {
        if let Some(answer) = self.0.find_cached(name) {
            return answer;
        }
        let answered = timeout_at(moment() + self.0.limits.timeout, self.look_up(name, project)).await;
        answered.unwrap_or(Err(LookupError::Timeout))
    }

    /// How long a lookup may take.
    pub(super) fn timeout(&self) -> Duration {
        self.0.limits.timeout
    }

    /// Drops what is cached of a name whose addresses do not answer.
    pub(super) fn forget(&self, name: &str) {
        self.0.cached.remove(name);
    }

    async fn look_up(&self, name: &str, project: Option<ProjectId>) -> Answer {
        let running = self.0.join(&self.0.lock(), name);
        let mut answer = match running {
            Some(joined) => joined?,
            None => self.begin(name, project).await?,
        };
        let answered = answer.wait_for(Option::is_some).await.map(|answer| answer.clone());
        // A thread that panicked has no answer.
        answered.ok().flatten().unwrap_or_else(|| Err(LookupError::Failed("the resolver failed".into())))
    }

    /// Starts a thread for a name, once there may be another one.
    async fn begin(
        &self,
        name: &str,
        project: Option<ProjectId>,
    ) -> Result<watch::Receiver<Option<Answer>>, LookupError> {
        let mut permits = Vec::with_capacity(2);
        if let Some(project) = project {
            let of_project = self.0.lock().of_project(project);
            permits.push(acquire(of_project).await?);
        }
        permits.push(acquire(self.0.threads.clone()).await?);
        let mut state = self.0.lock();
        // Somebody else may have begun, or ended, while this one waited.
        if let Some(joined) = self.0.join(&state, name) {
            return joined;
        }
        if let Some(answer) = self.0.find_cached(name) {
            return Ok(watch::channel(Some(answer)).1);
        }
        let (tell, answer) = watch::channel(None);
        let name = name.to_owned();
        state.running.insert(name.clone(), Running { began: moment(), answer: answer.clone() });
        let shared = self.0.clone();
        tokio::task::spawn_blocking(move || {
            let running = RunningName { shared: &shared, name: &name };
            let answer = shared.resolver.resolve(&name);
            shared.cache(&name, answer.clone());
            drop(running);
            // Held while the thread was busy; whoever learns the answer finds them free.
            drop(permits);
            tell.send_replace(Some(answer));
        });
        Ok(answer)
    }
}

impl Shared {
    fn find_cached(&self, name: &str) -> Option<Answer> {
        self.cached.get(name).filter(|cached| moment() < cached.until).map(|cached| cached.answer)
    }

    fn cache(&self, name: &str, answer: Answer) {
        let cached_for = self.limits.cached_for;
        let cached_for = if answer.is_ok() { cached_for } else { cached_for.min(FAILURE_CACHED_MAX) };
        self.cached.insert(name.to_owned(), Cached { answer, until: moment() + cached_for });
    }

    /// The lookup of a name that runs already. Nobody waits for one that is past the timeout.
    fn join(&self, state: &State, name: &str) -> Option<Result<watch::Receiver<Option<Answer>>, LookupError>> {
        let running = state.running.get(name)?;
        let is_late = running.began.elapsed() >= self.limits.timeout;
        Some(if is_late { Err(LookupError::Timeout) } else { Ok(running.answer.clone()) })
    }

    /// Nothing panics while it is held; a poisoned lock would still guard a usable state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The permits of a project. Those that nobody holds or waits for go.
    fn of_project(&mut self, project: ProjectId) -> Arc<Semaphore> {
        if let Some(permits) = self.projects.get(&project) {
            return permits.clone();
        }
        self.projects.retain(|_, permits| Arc::strong_count(permits) > 1);
        self.projects.entry(project).or_insert_with(|| Arc::new(Semaphore::new(PROJECT_LOOKUPS_MAX))).clone()
    }
}

/// Removes a name from those that run, whatever becomes of its thread.
struct RunningName<'a> {
    shared: &'a Shared,
    name: &'a str,
}

impl Drop for RunningName<'_> {
    fn drop(&mut self) {
        self.shared.lock().running.remove(self.name);
    }
}

async fn acquire(permits: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, LookupError> {
    permits.acquire_owned().await.map_err(|_| LookupError::Timeout)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(50);

    /// A resolver that is silent for names that begin with `slow`, until it is released. Counts its calls.
    struct Silent {
        release: Option<mpsc::Sender<()>>,
        calls: Arc<AtomicUsize>,
        resolver: Resolver,
    }

    impl Silent {
        fn new() -> Self {
            let (release, released) = mpsc::channel::<()>();
            let (released, calls) = (Mutex::new(released), Arc::new(AtomicUsize::new(0)));
            let counted = calls.clone();
            let resolver = Resolver::scripted(move |name| {
                counted.fetch_add(1, Ordering::SeqCst);
                if name.starts_with("slow") {
                    // Ends with an error when the sender is dropped.
                    let _ = released.lock().map(|released| released.recv());
                }
                if name.starts_with("missing") {
                    Err(io::Error::other("not known"))
                } else {
                    Ok(vec![[192, 0, 2, 1].into()])
                }
            });
            Self { release: Some(release), calls, resolver }
        }

        fn lookups(&self, timeout: Duration, cached_for: Duration) -> Lookups {
            Lookups::new(self.resolver.clone(), Limits { timeout, cached_for })
        }

        fn calls(&self) -> usize {
            self.calls.load(Ordering::SeqCst)
        }
    }

    impl Drop for Silent {
        fn drop(&mut self) {
            self.release.take();
        }
    }

    #[tokio::test]
    async fn an_answer_is_cached_and_can_be_forgotten() {
        let resolver = Silent::new();
        let lookups = resolver.lookups(LONG, LONG);
        for _ in 0..3 {
            assert!(lookups.addresses("a.example", None).await.is_ok());
            assert!(lookups.addresses("missing.example", None).await.is_err());
        }
        assert_eq!(resolver.calls(), 2);
        lookups.forget("a.example");
        assert!(lookups.addresses("a.example", None).await.is_ok());
        assert_eq!(resolver.calls(), 3);
        let uncached = resolver.lookups(LONG, Duration::ZERO);
        for _ in 0..2 {
            assert!(uncached.addresses("a.example", None).await.is_ok());
        }
        assert_eq!(resolver.calls(), 5);
    }

    #[tokio::test]
    async fn all_who_want_a_name_share_one_lookup_and_none_waits_for_longer_than_the_timeout() {
        let resolver = Silent::new();
        let lookups = resolver.lookups(SHORT, LONG);
        let began = moment();
        let lookup = || lookups.addresses("slow.example", None);
        assert_eq!(
            futures_util::future::join_all((0..100).map(|_| lookup())).await,
            vec![Err(LookupError::Timeout); 100]
        );
        assert!(began.elapsed() >= SHORT);
        assert_eq!(resolver.calls(), 1);
        // The thread still runs: nobody waits for it again.
        let lookups = &lookups;
        let at_once = timeout_at(moment(), async move { lookups.addresses("slow.example", None).await }).await;
        assert_eq!((at_once, resolver.calls()), (Ok(Err(LookupError::Timeout)), 1));
    }

    #[tokio::test]
    async fn a_project_with_silent_names_delays_no_other_project() {
        let resolver = Silent::new();
        // The one that is answered has this long, too.
        let lookups = resolver.lookups(10 * SHORT, LONG);
        let names: Vec<String> = (0..2 * LOOKUPS_MAX).map(|number| format!("slow{number}.example")).collect();
        let silent = names.iter().map(|name| lookups.addresses(name, Some(ProjectId(1))));
        let failed = futures_util::future::join_all(silent).await;
        assert!(failed.iter().all(|answer| *answer == Err(LookupError::Timeout)));
        assert!(resolver.calls() <= PROJECT_LOOKUPS_MAX, "{}", resolver.calls());
        for project in 2..50 {
            assert!(lookups.addresses(&format!("{project}.example"), Some(ProjectId(project))).await.is_ok());
        }
        assert!(lookups.0.lock().projects.len() <= 3, "those that look nothing up are forgotten");
    }

    #[tokio::test]
    async fn silent_names_of_nobodys_project_take_a_bounded_number_of_threads() {
        let resolver = Silent::new();
        let lookups = resolver.lookups(SHORT, LONG);
        let names: Vec<String> = (0..2 * LOOKUPS_MAX).map(|number| format!("slow{number}.example")).collect();
        futures_util::future::join_all(names.iter().map(|name| lookups.addresses(name, None))).await;
        assert!(resolver.calls() <= LOOKUPS_MAX, "{}", resolver.calls());
    }

    #[tokio::test]
    async fn a_failure_is_cached_for_less_than_an_answer() {
        let resolver = Resolver::scripted(|name| match name {
            "a.example" => Ok(vec![[192, 0, 2, 1].into()]),
            _ => Err(io::Error::other("no such name")),
        });
        let lookups = Lookups::new(resolver, Limits { timeout: LONG, cached_for: LONG });
        let mut cached_for = Vec::new();
        for name in ["a.example", "b.example"] {
            let before = moment();
            let _ = lookups.addresses(name, None).await;
            cached_for.push(lookups.0.cached.get(name).expect("cached").until - before);
        }
        assert!(cached_for[0] >= LONG && cached_for[1] < LONG / 2, "{cached_for:?}");
    }

    #[tokio::test]
    async fn a_bounded_number_of_names_is_cached() {
        let resolver = Resolver::scripted(|_| Ok(vec![[192, 0, 2, 1].into()]));
        let lookups = Lookups::new(resolver, Limits { timeout: LONG, cached_for: LONG });
        for number in 0..NAMES_MAX + 500 {
            assert!(lookups.addresses(&format!("{number}.example"), None).await.is_ok());
        }
        assert!(lookups.0.cached.len() <= NAMES_MAX, "{}", lookups.0.cached.len());
    }

    #[tokio::test]
    async fn an_answer_does_not_grow_beyond_its_limit() {
        let resolver = Resolver::scripted(|_| Ok(vec![[192, 0, 2, 1].into(); 10_000]));
        let lookups = Lookups::new(resolver, Limits { timeout: LONG, cached_for: LONG });
        assert_eq!(lookups.addresses("many.example", None).await.map(|found| found.len()), Ok(ADDRESSES_CACHED_MAX));
    }
}
