//! Everything that is measured, in order.

use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::plan::{Kind, Plan};
use crate::program::Program;
use crate::progress::Progress;
use crate::report::Report;
use crate::scene::Scene;
use crate::server::Server;
use crate::setting::Setting;
use crate::sink::HELD_PATH;
use crate::stage::{Database, Place, Stage};
use crate::{clicks, deliveries, disk, end_to_end, fan_out, flood, list, messages, nodes, process, slow};

/// Starts of which the middle one counts.
const STARTS: usize = 5;

/// Measures what the plan asks for with a program, on databases of its own: a folder below the data folder, or databases on
/// the PostgreSQL server. Both are removed at the end, also after an error.
pub async fn run(place: &Place, program: Program, plan: &Plan) -> anyhow::Result<Report> {
    let stage = Stage::make(place, program).await?;
    let measured = tokio::select! {
        measured = measure(&stage, plan) => measured,
        () = aurix::serve::signalled() => Err(anyhow::anyhow!("stopped")),
    };
    let removed = stage.remove().await;
    let report = measured?;
    removed?;
    Ok(report)
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
    progress.begin("starting servers");
    let first_start = start_anew(stage).await?;
    let scene = Scene::open(stage, "main", HELD_PATH).await?;
    let mut report = Report {
        engine: scene.database.core.db.engine(),
        connections: plan.connections,
        binary_bytes: std::fs::metadata(&stage.program().path).context("the size of the program")?.len(),
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
        progress.begin("counting bytes");
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
    Ok(Server::start_on(stage.program(), &empty.0, &empty.1).await?.ready_after)
}

/// How long a server takes that finds its tables: the middle one of a few starts.
async fn starts(database: &Database) -> anyhow::Result<Duration> {
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        took.push(Server::start_on(&database.program, &database.folder, &database.url).await?.ready_after);
    }
    took.sort_unstable();
    Ok(took[STARTS / 2])
}
