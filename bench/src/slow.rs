//! Webhooks that respond, quiet, and then beside a few that never do and have very many deliveries waiting.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::click_request;
use crate::end_to_end::received;
use crate::fill;
use crate::finding::{Finding, Row, Waits, in_mb, round};
use crate::load::Load;
use crate::process::{most_resident, resident_bytes};
use crate::project::{MADE_AT_ONCE, Project};
use crate::rows::{self, Count};
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::{DEAD_PATH, OPEN_PATH, Sink, TIMED_PATH};
use aurix::domain::time::Clock;

/// Webhooks that never respond.
const DEAD: u64 = 10;
/// How long the worker may take to find the first deliveries of all of them.
const FOUND_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the last events may take after the last click.
const LAST_TIMEOUT: Duration = Duration::from_secs(120);
/// How much longer than others the healthy webhooks are measured, quiet.
const QUIET: f64 = 2.0;
/// And beside the dead ones: attempts at those end after 15 seconds.
const BESIDE: f64 = 4.0;

/// Measures. Every healthy webhook belongs to a project of its own, so that every click belongs to one.
pub async fn measure(setting: &Setting<'_>) -> anyhow::Result<Finding> {
    let Setting { plan, stage, progress } = setting;
    progress.phase(format!("slow: making {} webhooks", plan.webhooks), plan.webhooks as u64);
    // The project of the scene gets no clicks. The dead ones are at an address of their own, as they usually are.
    let scene = Scene::open(stage, "slow", OPEN_PATH).await?;
    let (core, dead) = (&scene.database.core, Sink::open().await?);
    let urls: Vec<_> = (0..DEAD).map(|number| dead.url(&format!("{DEAD_PATH}{number}"))).collect();
    let dead_project = Project::make(core, 2, dead.address, &urls).await?;
    let url = [scene.sink.url(TIMED_PATH)];
    let healthy = (0..plan.webhooks as u64).map(async |number| {
        let project = Project::make(core, 3 + number, scene.sink.address, &url).await?;
        progress.step(1);
        anyhow::Ok(click_request::writer(&project.widget_id))
    });
    let writers: Vec<_> = stream::iter(healthy).buffer_unordered(MADE_AT_ONCE).try_collect().await?;
    let write = |number: u64, request: &mut Vec<u8>| writers[number as usize % writers.len()](number, request);
    let load = Load::new(scene.addresses(), plan.connections, 302, &write);
    let idle_bytes = resident_bytes(scene.pid())?;
    // Every webhook becomes known to the worker.
    click_steadily(setting, &scene, &load, "slow: each webhook once", plan.webhooks as u64).await?;
    let quiet =
        scene.meter.during(click_steadily(setting, &scene, &load, "slow: quiet", plan.clicks_at_rate(QUIET))).await?;

    let waiting = plan.waiting.div_ceil(DEAD) * DEAD;
    fill::waiting(&core.db, dead_project.id, waiting / DEAD, Clock::System.now().as_microsecond(), progress).await?;
    progress.begin("slow: waiting until the dead webhooks are tried");
    let tried = dead.until_unanswered(DEAD.min(waiting), FOUND_TIMEOUT).await;
    ensure!(tried >= DEAD.min(waiting), "of the dead webhooks' deliveries {tried} were tried");
    let work = scene.meter.during(click_steadily(
        setting,
        &scene,
        &load,
        "slow: beside the dead",
        plan.clicks_at_rate(BESIDE),
    ));
    let (beside, backlog_bytes) = most_resident(scene.pid(), work).await?;
    scene.until(Count::Delivered, load.sent(), LAST_TIMEOUT).await?;
    scene.verify(load.sent(), &[Count::Clicks]).await?;
    let left = rows::undelivered(&core.db, dead_project.id).await?;
    ensure!(left == waiting, "{waiting} deliveries waited for the dead webhooks, and {left} do");
    let quiet = Phase::of(quiet, plan.clicks_at_rate(QUIET));
    let beside = Phase::of(beside, plan.clicks_at_rate(BESIDE));
    Ok(finding(setting, waiting, &quiet, &beside, [idle_bytes, backlog_bytes]))
}

/// Clicks at the fixed rate until every event has come. Returns the waits for the events.
async fn click_steadily(
    setting: &Setting<'_>,
    scene: &Scene,
    load: &Load<'_>,
    what: &'static str,
    click_count: u64,
) -> anyhow::Result<Waits> {
    setting.progress.phase(what, click_count);
    let timed = load.steady(setting.plan.rate, click_count, setting.progress).await?;
    scene.sink.until_answered(load.sent(), LAST_TIMEOUT).await;
    received(&timed, &scene.sink)?.context("no click was made")
}

/// How long the events of a phase took, and what each of them cost.
struct Phase {
    waits: Waits,
    cpu_us: f64,
}

impl Phase {
    fn of((waits, cpu): (Waits, Duration), click_count: u64) -> Self {
        Self { waits, cpu_us: cpu.as_secs_f64() * 1e6 / click_count as f64 }
    }
}

fn finding(setting: &Setting<'_>, waiting: u64, quiet: &Phase, beside: &Phase, memory: [u64; 2]) -> Finding {
    let plan = setting.plan;
    let ratio = |read: fn(&Waits) -> u32| f64::from(read(&beside.waits)) / f64::from(read(&quiet.waits).max(1));
    let (half, most) = (ratio(|waits| waits.p50_us), ratio(|waits| waits.p99_us));
    let mut finding = Finding::default();
    let rate = Some(plan.rate as f64);
    let row = |phase: &Phase| Row {
        per_second: rate,
        cpu_us: Some(phase.cpu_us),
        waits: Some(phase.waits),
        ..Row::default()
    };
    finding.row(&format!("slow: {} webhooks, quiet", plan.webhooks), &row(quiet));
    finding.row(&format!("  beside {DEAD} dead ones"), &row(beside));
    finding.row("  its p50 beside quiet", &Row { ratio: Some(half), ..Row::default() });
    finding.row("  its p99 beside quiet", &Row { ratio: Some(most), ..Row::default() });
    finding.fact("  memory idle", in_mb(memory[0]), "MB");
    finding.fact(&format!("  with {waiting} waiting"), in_mb(memory[1]), "MB");
    let members = json!({
        "webhooks": plan.webhooks, "dead": DEAD, "waiting": waiting, "rate": plan.rate,
        "quiet_us": quiet.waits.object(), "quiet_cpu_us_per_event": round(quiet.cpu_us, 1),
        "beside_us": beside.waits.object(), "beside_cpu_us_per_event": round(beside.cpu_us, 1),
        "p50_ratio": round(half, 3), "p99_ratio": round(most, 3),
        "rss_bytes": {"idle": memory[0], "most": memory[1]},
    });
    members.as_object().into_iter().flatten().for_each(|(name, value)| finding.member(name, value.clone()));
    finding
}
