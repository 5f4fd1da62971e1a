//! A healthy webhook, quiet, and then beside one of another project that is flooded with events and takes very long for each.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::attach::Attached;
use crate::end_to_end::received;
use crate::finding::{Finding, Row, Waits, in_mb, round};
use crate::load::Load;
use crate::process::{most_resident, resident_bytes};
use crate::project::Project;
use crate::rows::{self, Count};
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::{SLOW_PATH, Sink, TIMED_PATH};
use crate::{click_request, clicks};

/// Events a second of the healthy webhook.
const HEALTHY_RATE: u64 = 50;
/// Events a second of the other one.
const FLOOD_RATE: u64 = 1_200;
/// How long the last events may take after the last click.
const LAST_TIMEOUT: Duration = Duration::from_secs(120);
/// How much longer than others the healthy webhook is measured, quiet.
const QUIET: f64 = 4.0;
/// And beside the flood: attempts at the slow one end after 15 seconds.
const BESIDE: f64 = 6.0;

/// Measures.
pub async fn measure(setting: &Setting<'_>) -> anyhow::Result<Finding> {
    let Setting { plan, stage, progress } = setting;
    progress.begin("flood");
    let scene = Scene::open(stage, "flood", TIMED_PATH).await?;
    let (core, slow) = (&scene.database.core, Sink::open().await?);
    let flooded = Project::make(core, 2, slow.address, &[slow.url(SLOW_PATH)]).await?;
    let (healthy_writer, flood_writer) =
        (click_request::writer(&scene.project.widget_id), click_request::writer(&flooded.widget_id));
    let healthy = Load::new(scene.addresses(), plan.connections, 302, &healthy_writer);
    let flood = Load::new(scene.addresses(), plan.connections, 302, &flood_writer);
    let click_count = |times: f64, rate: u64| ((plan.seconds * times * rate as f64).ceil() as u64).max(1);

    let quiet_clicks = click_count(QUIET, HEALTHY_RATE);
    progress.phase("flood: the healthy webhook, quiet", quiet_clicks);
    let quiet = async {
        let timed = healthy.steady(HEALTHY_RATE, quiet_clicks, progress).await?;
        scene.sink.until_answered(healthy.sent(), LAST_TIMEOUT).await;
        received(&timed, &scene.sink)?.context("no click was made")
    };
    let (quiet, quiet_cpu) = scene.meter.during(quiet).await?;
    let idle_bytes = resident_bytes(scene.pid())?;

    let (healthy_clicks, flood_clicks) = (click_count(BESIDE, HEALTHY_RATE), click_count(BESIDE, FLOOD_RATE));
    progress.phase("flood: beside the slow one", healthy_clicks + flood_clicks);
    let attached = Attached::begin(plan, &scene, "flood").await?;
    let beside = async {
        let both = tokio::try_join!(
            healthy.steady(HEALTHY_RATE, healthy_clicks, progress),
            flood.steady(FLOOD_RATE, flood_clicks, progress),
        );
        let (timed, _) = both?;
        scene.sink.until_answered(healthy.sent(), LAST_TIMEOUT).await;
        received(&timed, &scene.sink)?.context("no click was made")
    };
    let work = scene.meter.during(beside);
    let ((beside, beside_cpu), most_bytes) = most_resident(scene.pid(), work).await?;
    attached.end().await?;
    scene.verify(healthy.sent() + flood.sent(), &clicks::STORED_AS).await?;
    scene.until(Count::Delivered, healthy.sent(), LAST_TIMEOUT).await?;
    let left = rows::undelivered(&core.db, flooded.id).await?;
    ensure!(left == flood.sent(), "{} deliveries should wait for the slow webhook, and {left} do", flood.sent());
    let cpu_us = |cpu: Duration, click_count: u64| cpu.as_secs_f64() * 1e6 / click_count as f64;
    let quiet = Phase { waits: quiet, cpu_us: cpu_us(quiet_cpu, quiet_clicks) };
    let beside = Phase { waits: beside, cpu_us: cpu_us(beside_cpu, healthy_clicks + flood_clicks) };
    Ok(finding(flood.sent(), &quiet, &beside, [idle_bytes, most_bytes]))
}

/// How long the healthy webhook's events took, and what each event of either cost.
struct Phase {
    waits: Waits,
    cpu_us: f64,
}

fn finding(flooded: u64, quiet: &Phase, beside: &Phase, memory: [u64; 2]) -> Finding {
    let ratio = |read: fn(&Waits) -> u32| f64::from(read(&beside.waits)) / f64::from(read(&quiet.waits).max(1));
    let (half, most) = (ratio(|waits| waits.p50_us), ratio(|waits| waits.p99_us));
    let mut finding = Finding::default();
    let row = |phase: &Phase| Row {
        per_second: Some(HEALTHY_RATE as f64),
        cpu_us: Some(phase.cpu_us),
        waits: Some(phase.waits),
        ..Row::default()
    };
    finding.row("flood: a healthy one, quiet", &row(quiet));
    finding.row(&format!("  beside {FLOOD_RATE}/s to a slow one"), &row(beside));
    finding.row("  its p50 beside quiet", &Row { ratio: Some(half), ..Row::default() });
    finding.row("  its p99 beside quiet", &Row { ratio: Some(most), ..Row::default() });
    finding.fact("  memory quiet", in_mb(memory[0]), "MB");
    finding.fact(&format!("  with {flooded} waiting"), in_mb(memory[1]), "MB");
    let members = json!({
        "healthy_rate": HEALTHY_RATE, "flood_rate": FLOOD_RATE, "flooded": flooded,
        "quiet_us": quiet.waits.object(), "quiet_cpu_us_per_event": round(quiet.cpu_us, 1),
        "beside_us": beside.waits.object(), "beside_cpu_us_per_event": round(beside.cpu_us, 1),
        "p50_ratio": round(half, 3), "p99_ratio": round(most, 3),
        "rss_bytes": {"quiet": memory[0], "most": memory[1]},
    });
    members.as_object().into_iter().flatten().for_each(|(name, value)| finding.member(name, value.clone()));
    finding
}
