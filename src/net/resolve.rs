//! From a name to addresses: the system's resolver, or a script for tests.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Names that one client looks up at the same time at most. The system's resolver blocks a thread for each, and goes on
/// when nobody waits for it any more.
const LOOKUPS_MAX: usize = 64;

/// Where the addresses of a name come from. Cheap to clone.
#[derive(Clone)]
pub enum Resolver {
    /// The machine's own resolver (`/etc/hosts`, DNS).
    System,
    /// A script, called with the name each time a connection is made.
    Scripted(Arc<Script>),
}

/// What a scripted resolver gives for a name.
pub type Script = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

impl Resolver {
    /// Resolves by calling `script`.
    pub fn scripted(script: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self::Scripted(Arc::new(script))
    }
}

/// A resolver and the limit to its use.
pub(super) struct Lookups {
    resolver: Resolver,
    running: Arc<Semaphore>,
}

impl Lookups {
    pub(super) fn new(resolver: Resolver) -> Self {
        Self { resolver, running: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }

    /// All addresses of a name, in the resolver's order, unchecked.
    pub(super) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Resolver::Scripted(script) = &self.resolver {
            return script(name);
        }
        let permit = self.running.clone().acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        let lookup = tokio::task::spawn_blocking(move || {
            // The permit is held for as long as the thread is.
            let _permit = permit;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        lookup.await.map_err(io::Error::other)?
    }
}
