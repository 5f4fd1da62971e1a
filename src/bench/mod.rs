//! `aurix bench`: what this machine does per second, beside what it could do at most. Real server processes are loaded over
//! loopback; every ceiling is measured in the same run, in slices that take turns with Aurix, so that noise hits both.

mod bare;
mod clicks;
mod deliveries;
mod load;
mod messages;
mod process;
mod progress;
mod report;
pub mod roles;
mod rows;
mod server;
mod sink;
mod stage;
mod tally;
mod wire;

use std::time::Duration;

use anyhow::Context as _;

use crate::config::Config;
use progress::Progress;
pub use report::Report;
use server::Server;
use stage::{Database, Stage};

/// The longest slice before the other side has its turn.
const SLICE_MAX: Duration = Duration::from_millis(500);
/// The longest time for one side, in seconds.
pub const SECONDS_MAX: f64 = 600.0;
/// The most connections.
pub const CONNECTIONS_MAX: usize = 1024;
/// Starts of which the middle one counts.
const STARTS: usize = 5;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Presses of a widget, on disk before the visitor is sent on.
    Clicks,
    /// Signed WhatsApp messages of distinct people, on disk before the platform is answered.
    Messages,
    /// Events on their way to a webhook that answers at once.
    Deliveries,
}

/// What to measure, and how long.
pub struct Plan {
    /// Seconds of load for each side.
    pub seconds: f64,
    /// Connections that press or send at once.
    pub connections: usize,
    /// All where there are none.
    pub only: Vec<Kind>,
}

impl Plan {
    fn wants(&self, kind: Kind) -> bool {
        self.only.is_empty() || self.only.contains(&kind)
    }

    fn slice(&self) -> Duration {
        Duration::from_secs_f64(self.seconds).min(SLICE_MAX)
    }

    /// How often each side has its turn.
    fn rounds(&self) -> u32 {
        let rounds = (self.seconds / self.slice().as_secs_f64()).round();
        (1..=u32::MAX).find(|round| f64::from(*round) >= rounds).unwrap_or(1)
    }
}

/// Measures what the plan asks for on the database of the settings: a folder below the data folder, or a database of its own
/// on the PostgreSQL server. Both are removed at the end, also after an error.
pub async fn run(config: &Config, plan: &Plan) -> anyhow::Result<Report> {
    let stage = Stage::make(config).await?;
    let measured = tokio::select! {
        measured = measure(&stage, plan) => measured,
        () = crate::serve::signalled() => Err(anyhow::anyhow!("stopped")),
    };
    let removed = stage.remove().await;
    let report = measured?;
    removed?;
    Ok(report)
}

async fn measure(stage: &Stage, plan: &Plan) -> anyhow::Result<Report> {
    let progress = Progress::new(plan);
    progress.tell("starting servers");
    let first_start = start_anew(stage).await?;
    let sink = sink::Sink::open().await?;
    let database = stage.database("main", sink.address).await?;
    let start = starts(&database).await?;
    let server = Server::start(&database).await?;
    let mut report = Report {
        engine: database.app.db.engine(),
        connections: plan.connections,
        binary_bytes: std::fs::metadata(std::env::current_exe()?).context("the size of the program")?.len(),
        first_start,
        start,
        idle_bytes: process::resident_bytes(server.pid())?,
        loaded_bytes: 0,
        clicks: None,
        messages: None,
        deliveries: None,
    };
    let setting = Setting { plan, stage, database: &database, server: &server, sink: &sink, progress: &progress };
    if plan.wants(Kind::Messages) {
        report.messages = Some(messages::measure(&setting).await.context("messages")?);
    }
    let mut recorded = 0;
    if plan.wants(Kind::Clicks) {
        let (outcome, count) = clicks::measure(&setting).await.context("clicks")?;
        (report.clicks, recorded) = (Some(outcome), count);
    }
    if plan.wants(Kind::Deliveries) {
        report.deliveries = Some(deliveries::measure(&setting, recorded).await.context("deliveries")?);
    }
    report.loaded_bytes = process::resident_bytes(server.pid())?;
    progress.end();
    Ok(report)
}

/// What every measurement needs.
struct Setting<'a> {
    plan: &'a Plan,
    stage: &'a Stage,
    database: &'a Database,
    server: &'a Server,
    sink: &'a sink::Sink,
    progress: &'a Progress,
}

/// How long a server takes that finds nothing: it makes its key and its tables first.
async fn start_anew(stage: &Stage) -> anyhow::Result<Duration> {
    let empty = stage.empty_database("new").await?;
    Ok(Server::start_on(&empty.0, &empty.1).await?.ready_after)
}

/// How long a server takes that finds its tables: the middle one of a few starts.
async fn starts(database: &Database) -> anyhow::Result<Duration> {
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        took.push(Server::start(database).await?.ready_after);
    }
    took.sort_unstable();
    Ok(took[STARTS / 2])
}

/// When something began. It measures how long work takes and is never kept or shown as a time.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures how long things take")]
fn moment() -> std::time::Instant {
    std::time::Instant::now()
}
