//! From a click to its event at the webhook: at a fixed rate, every click timed from its scheduled moment; and at full speed.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use crate::clicks;
use crate::clock::moment;
use crate::finding::{Finding, Row, Waits, round};
use crate::load::Load;
use crate::roles::Redirect;
use crate::rows::Count;
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::{Sink, TIMED_PATH};
use crate::steady::{Timed, in_us};
use crate::tally::{Slice, Tally};
use crate::{click_request, disk};

/// How long the last events may take after the last click.
const LAST_TIMEOUT: Duration = Duration::from_secs(120);
/// The fixed rate is held longer than others are measured, since one in a thousand has to be found.
const LONGER: f64 = 2.0;

/// Measures.
pub async fn measure(setting: &Setting<'_>) -> anyhow::Result<Finding> {
    let Setting { plan, stage, progress } = setting;
    progress.begin("end-to-end");
    let scene = Scene::open(stage, "end_to_end", TIMED_PATH).await?;
    let write = click_request::writer(&scene.project.widget_id);
    let load = Load::new(scene.addresses(), plan.connections, 302, &write);
    // The worker finds out that the webhook responds well.
    full_speed(&scene, &load, plan.slice()).await?;

    let redirect = Redirect::start().await?;
    let idle = Load::new(vec![redirect.address()], plan.connections, 302, &write);
    progress.phase("end-to-end: a server without work at the same rate", plan.clicks_at_rate(1.0));
    let idle = idle.steady(plan.rate, plan.clicks_at_rate(1.0), progress).await?;
    progress.phase("end-to-end at a fixed rate", plan.clicks_at_rate(LONGER));
    let steady = async {
        let timed = load.steady(plan.rate, plan.clicks_at_rate(LONGER), progress).await?;
        until_all_came(&scene, &load).await?;
        Ok(timed)
    };
    let (timed, cpu) = scene.meter.during(steady).await?;

    let mut full = Tally::default();
    progress.phase("accept and deliver at full speed", u64::from(plan.rounds()));
    for _ in 0..plan.rounds() {
        let (slice, cpu) = scene.meter.during(full_speed(&scene, &load, plan.slice())).await?;
        full.add_metered(slice, cpu);
        progress.step(1);
    }
    scene.verify(load.sent(), &clicks::STORED_AS).await?;
    scene.verify(load.sent(), &[Count::Delivered]).await?;
    let cpu_us = cpu.as_secs_f64() * 1e6 / timed.len() as f64;
    let mut finding = finding(plan.rate, &waits(&timed, &scene.sink)?, cpu_us, Waits::of(answers(&idle)), &full)?;
    progress.begin("counting bytes");
    scene.database.analyze().await?;
    let bytes = disk::of_event(&scene.database.core.db).await?;
    finding.fact("  disk: an event with its delivery", bytes, "bytes, body and indexes included");
    finding.member("event_with_delivery_bytes", bytes.into());
    Ok(finding)
}

/// Clicks for so long, and waits until every event has come and is settled. That is part of the time.
async fn full_speed(scene: &Scene, load: &Load<'_>, length: Duration) -> anyhow::Result<Slice> {
    let began = moment();
    let operations = load.slice(length).await?.operations;
    until_all_came(scene, load).await?;
    Ok(Slice { operations, elapsed: began.elapsed(), waits_us: Vec::new() })
}

async fn until_all_came(scene: &Scene, load: &Load<'_>) -> anyhow::Result<()> {
    scene.sink.until_answered(load.sent(), LAST_TIMEOUT).await;
    scene.until_none(Count::Due, LAST_TIMEOUT).await?;
    let came = scene.sink.arrivals().len() as u64;
    ensure!(came == load.sent(), "{} clicks were answered, and the events of {came} came", load.sent());
    Ok(())
}

fn answers(timed: &[Timed]) -> Vec<u32> {
    timed.iter().map(Timed::answer_us).collect()
}

/// From the scheduled moment to the event's arrival. An error where one did not come.
pub fn received(timed: &[Timed], sink: &Sink) -> anyhow::Result<Option<Waits>> {
    let arrivals = sink.arrivals();
    let received: Vec<u32> =
        timed.iter().filter_map(|one| Some(in_us(*arrivals.get(&one.number)? - one.scheduled))).collect();
    ensure!(received.len() == timed.len(), "of {} events {} came", timed.len(), received.len());
    Ok(Waits::of(received))
}

/// What is reported of the fixed rate, each with its name: counted from the scheduled moment, but for the last.
fn waits(timed: &[Timed], sink: &Sink) -> anyhow::Result<[(&'static str, Option<Waits>); 3]> {
    let received = received(timed, sink)?;
    let arrivals = sink.arrivals();
    // An event may come before the response of its click has been read.
    let after = |one: &Timed| arrivals.get(&one.number).map(|at| in_us(at.saturating_duration_since(one.answered)));
    let after = Waits::of(timed.iter().filter_map(after).collect());
    Ok([("received", received), ("answered", Waits::of(answers(timed))), ("answer_to_received", after)])
}

fn finding(
    rate: u64,
    waits: &[(&'static str, Option<Waits>)],
    cpu_us: f64,
    idle: Option<Waits>,
    full: &Tally,
) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let row = Row { per_second: Some(rate as f64), cpu_us: Some(cpu_us), ..Row::default() };
    finding.row("end-to-end at a fixed rate", &row);
    finding.member("rate", rate.into());
    finding.member("cpu_us_per_event", round(cpu_us, 1).into());
    for (name, waits) in waits {
        finding.row(&format!("  {}", name.replace('_', " ")), &Row { waits: *waits, ..Row::default() });
        finding.member(&format!("{name}_us"), waits.map_or(json!(null), |waits| waits.object()));
    }
    finding.row("  redirect answered", &Row { waits: idle, ..Row::default() });
    let idle = idle.map_or(json!(null), |waits| waits.object());
    finding.member("ceilings", json!({"redirect": {"answered_us": idle}}));
    finding.row("accept and deliver", &full.row());
    finding.member("full_speed", full.object());
    Ok(finding)
}
