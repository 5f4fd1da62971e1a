//! `aurix bench`: what this machine does per second, beside what it could do at most. Real server processes are loaded over
//! loopback; every ceiling is measured in the same run, in slices that take turns with Aurix, so that noise hits both.

mod attach;
mod bare;
mod clicks;
mod deliveries;
mod disk;
mod download;
mod end_to_end;
mod fan_out;
mod fill;
mod finding;
mod flood;
mod list;
mod load;
mod messages;
mod nodes;
mod plan;
mod process;
mod progress;
mod project;
mod report;
pub mod roles;
mod rows;
mod scene;
mod server;
mod sink;
mod slow;
mod stage;
mod steady;
mod tally;
mod turns;
mod wire;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::config::Config;
pub use plan::{CONNECTIONS_MAX, Kind, NODES_MAX, Plan, RATE_MAX, ROWS_MAX, SECONDS_MAX, WAITING_MAX, WEBHOOKS_MAX};
use progress::Progress;
pub use report::Report;
use scene::Scene;
use server::Server;
use sink::HELD_PATH;
use stage::{Database, Stage};

/// A port of loopback that is free.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Starts of which the middle one counts.
const STARTS: usize = 5;

/// Measures what the plan asks for on the database of the settings: a folder below the data folder, or databases of its own
/// on the PostgreSQL server. Both are removed at the end, also after an error.
pub async fn run(config: &Config, plan: &Plan) -> anyhow::Result<Report> {
    let stage = Stage::make(config, plan.under.clone()).await?;
    let measured = tokio::select! {
        measured = measure(&stage, plan) => measured,
        () = crate::serve::signalled() => Err(anyhow::anyhow!("stopped")),
    };
    let removed = stage.remove().await;
    let report = measured?;
    removed?;
    Ok(report)
}

/// What every measurement needs.
struct Setting<'a> {
    plan: &'a Plan,
    stage: &'a Stage,
    progress: &'a Progress,
}

async fn measure(stage: &Stage, plan: &Plan) -> anyhow::Result<Report> {
    ensure!(
        plan.nodes.is_empty() || stage.is_on_server(),
        "--nodes: SQLite is for one process; give --database postgres://…"
    );
    let progress = Progress::new();
    let setting = Setting { plan, stage, progress: &progress };
    let mut report = main_scene(&setting).await?;
    if plan.wants(Kind::EndToEnd) {
        report.findings.push(("end_to_end", end_to_end::measure(&setting).await.context("end-to-end")?));
    }
    if plan.wants(Kind::List) {
        report.findings.push(("list", list::measure(&setting).await.context("list")?));
    }
    if plan.wants(Kind::FanOut) {
        report.findings.push(("fan_out", fan_out::measure(&setting).await.context("fan-out")?));
    }
    if plan.wants(Kind::Slow) {
        report.findings.push(("slow", slow::measure(&setting).await.context("slow")?));
    }
    if plan.wants(Kind::Flood) {
        report.findings.push(("flood", flood::measure(&setting).await.context("flood")?));
    }
    if !plan.nodes.is_empty() {
        report.findings.push(("nodes", nodes::measure(&setting).await.context("nodes")?));
    }
    progress.end();
    Ok(report)
}

/// Starts, memory, and the measurements that share a server: messages, clicks, and the deliveries of those clicks.
async fn main_scene(setting: &Setting<'_>) -> anyhow::Result<Report> {
    let Setting { plan, stage, progress } = setting;
    progress.tell("starting servers");
    let first_start = start_anew(stage).await?;
    let scene = Scene::open(stage, "main", HELD_PATH).await?;
    let mut report = Report {
        engine: scene.database.core.db.engine(),
        connections: plan.connections,
        binary_bytes: std::fs::metadata(std::env::current_exe()?).context("the size of the program")?.len(),
        first_start,
        start: starts(&scene.database).await?,
        idle_bytes: process::resident_bytes(scene.pid())?,
        loaded_bytes: None,
        findings: Vec::new(),
    };
    if plan.wants(Kind::Message) {
        let outcome = messages::measure(setting, &scene).await.context("message")?;
        report.findings.push(("message", outcome.finding("message")));
    }
    let mut recorded = 0;
    if plan.wants(Kind::Click) {
        let (outcome, count) = clicks::measure(setting, &scene).await.context("click")?;
        report.findings.push(("click", outcome.finding("click")));
        recorded = count;
    }
    if plan.wants(Kind::Deliver) {
        let outcome = deliveries::measure(setting, &scene, recorded).await.context("deliver")?;
        report.findings.push(("deliver", outcome.finding("deliver")));
        progress.tell("counting bytes");
        scene.database.analyze().await?;
        report.findings.push(("disk", disk::measure(&scene.database.core.db).await.context("disk")?));
    }
    if !report.findings.is_empty() {
        report.loaded_bytes = Some(process::resident_bytes(scene.pid())?);
    }
    Ok(report)
}

/// How long a server takes that finds nothing: it makes its key and its tables first.
async fn start_anew(stage: &Stage) -> anyhow::Result<Duration> {
    let empty = stage.empty_database("new").await?;
    Ok(Server::start_on(&[], &empty.0, &empty.1).await?.ready_after)
}

/// How long a server takes that finds its tables: the middle one of a few starts.
async fn starts(database: &Database) -> anyhow::Result<Duration> {
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        took.push(Server::start_on(&[], &database.folder, &database.url).await?.ready_after);
    }
    took.sort_unstable();
    Ok(took[STARTS / 2])
}

/// When something began. It measures how long work takes and is never kept or shown as a time.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures how long things take")]
fn moment() -> std::time::Instant {
    std::time::Instant::now()
}
