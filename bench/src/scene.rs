//! What a measurement plays on: a database with a project, the servers on it, and the sink that everything arrives at.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::clock::moment;
use crate::process::Meter;
use crate::project::Project;
use crate::rows::{self, Count};
use crate::server::Server;
use crate::sink::Sink;
use crate::stage::{Database, Stage};

/// How often it is looked whether work has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long the database may hold other rows than were answered.
const LATE_TIMEOUT: Duration = Duration::from_secs(30);

/// A scene of one measurement or a few.
pub struct Scene {
    /// What its databases begin with.
    pub name: String,
    /// The rows.
    pub database: Database,
    /// The project that gets clicks and messages.
    pub project: Project,
    /// Where deliveries and replies arrive.
    pub sink: Sink,
    /// The processes, one or more.
    pub servers: Vec<Server>,
    /// Their processor time, and PostgreSQL's.
    pub meter: Meter,
}

impl Scene {
    /// A database of that name, a project with a webhook to `path` of the sink, and a server.
    pub async fn open(stage: &Stage, name: &str, path: &str) -> anyhow::Result<Self> {
        Self::with_nodes(stage, name, path, 1).await
    }

    /// [`Scene::open`] with so many servers.
    pub async fn with_nodes(stage: &Stage, name: &str, path: &str, nodes: usize) -> anyhow::Result<Self> {
        let (sink, database) = (Sink::open().await?, stage.database(name).await?);
        let project = Project::make(&database.core, 1, sink.address, &[sink.url(path)]).await?;
        let mut servers = Vec::with_capacity(nodes);
        for _ in 0..nodes {
            servers.push(Server::start(&database).await?);
        }
        let meter = Meter::new(servers.iter().map(Server::pid).collect(), rows::backend(&database.core.db).await?);
        Ok(Self { name: name.to_owned(), database, project, sink, servers, meter })
    }

    /// Where the servers listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(Server::address).collect()
    }

    /// The first server's process.
    pub fn pid(&self) -> u32 {
        self.servers[0].pid()
    }

    /// How many rows there are.
    pub async fn count(&self, what: Count) -> anyhow::Result<u64> {
        rows::count(&self.database.core.db, what).await
    }

    /// Every one of `answered` operations is there in each of these ways, and nothing besides. A click that was spooled,
    /// because the database did not respond in time, is stored a few seconds later.
    pub async fn verify(&self, answered: u64, ways: &[Count]) -> anyhow::Result<()> {
        for what in ways {
            self.until(*what, answered, LATE_TIMEOUT).await.with_context(|| format!("{answered} were answered"))?;
        }
        Ok(())
    }

    /// Waits until nothing of this kind is left, no longer than `timeout`.
    pub async fn until_none(&self, what: Count, timeout: Duration) -> anyhow::Result<()> {
        self.until(what, 0, timeout).await
    }

    /// Waits until there are so many, no longer than `timeout`.
    pub async fn until(&self, what: Count, wanted: u64, timeout: Duration) -> anyhow::Result<()> {
        let began = moment();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            let found = self.count(what).await?;
            if found == wanted {
                return Ok(());
            }
            ensure!(
                began.elapsed() < timeout,
                "the database holds {found} and not {wanted} after {timeout:?} ({what:?})"
            );
            look.tick().await;
        }
    }
}
