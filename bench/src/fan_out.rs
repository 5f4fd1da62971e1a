//! One event to very many webhooks: how long it takes until all have it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;

use crate::clock::moment;
use crate::deliveries::IN_FLIGHT;
use crate::finding::{Finding, Row, Waits};
use crate::project::Project;
use crate::rows::Count;
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::{EACH_PATH, OPEN_PATH};
use crate::steady::in_us;
use crate::tally::{Outcome, Slice, Tally};
use crate::wire::Wire;
use crate::{click_request, roles};
use aurix::store::webhooks;

/// Events of which the middle one counts, at least.
const ROUNDS_MIN: u32 = 3;
/// How long all webhooks may take.
const ALL_TIMEOUT: Duration = Duration::from_secs(120);

/// Measures. Where a project may not have so many webhooks, a few projects have them, and all get a click at the same moment.
pub async fn measure(setting: &Setting<'_>) -> anyhow::Result<Finding> {
    let Setting { plan, stage, progress } = setting;
    progress.phase(format!("fan-out: making {} webhooks", plan.webhooks), plan.webhooks as u64);
    // The project of the scene gets no clicks.
    let scene = Scene::open(stage, "fan_out", OPEN_PATH).await?;
    let urls: Vec<_> = (0..plan.webhooks).map(|number| scene.sink.url(&format!("{EACH_PATH}{number}"))).collect();
    let mut writers = Vec::new();
    for (number, urls) in (2..).zip(urls.chunks(usize::try_from(webhooks::PER_PROJECT_MAX)?)) {
        let project = Project::make(&scene.database.core, number, scene.sink.address, urls).await?;
        writers.push(click_request::writer(&project.widget_id));
        progress.step(urls.len() as u64);
    }
    let mut wires = try_join_all(writers.iter().map(|_| Wire::connect(scene.servers[0].address()))).await?;
    let (mut aurix, mut posts, mut waits_us) = (Tally::default(), Tally::default(), Vec::new());
    progress.phase("fan-out", plan.length().as_millis() as u64);
    let (mut clicked, mut round) = (0, 0);
    while round < ROUNDS_MIN || aurix.elapsed() < plan.length() {
        let requests = wires.iter_mut().zip(&writers).map(async |(wire, write)| {
            let mut request = Vec::new();
            write(u64::from(round), &mut request);
            wire.exchange(&request, 302).await
        });
        let all = scene.sink.distinct() + plan.webhooks as u64;
        let (elapsed, cpu) = scene.meter.during(until_all(&scene, requests, all)).await?;
        let slice = Slice { operations: plan.webhooks as u64, elapsed, waits_us: Vec::new() };
        aurix.add_metered(slice, cpu);
        waits_us.push(in_us(elapsed));
        posts.add(roles::run_poster(&scene.sink.url(OPEN_PATH), IN_FLIGHT, elapsed.max(plan.slice() / 2)).await?);
        progress.step(elapsed.as_millis() as u64);
        clicked += writers.len() as u64;
        round += 1;
    }
    scene.verify(clicked, &[Count::Clicks, Count::ClickEvents]).await?;
    scene.verify(u64::from(round) * plan.webhooks as u64, &[Count::Deliveries, Count::Delivered]).await?;
    let waits = Waits::of(waits_us).context("no event was sent")?;
    let outcome = Outcome { aurix, ceilings: vec![("bare_posts", posts)] };
    let mut finding = outcome.finding(&format!("fan-out to {} webhooks", plan.webhooks));
    finding.row("  until all have it", &Row { waits: Some(waits), ..Row::default() });
    finding.fact("  projects clicked at once", writers.len() as f64, "");
    finding.member("webhooks", plan.webhooks.into());
    finding.member("projects", writers.len().into());
    finding.member("rounds", round.into());
    finding.member("all_have_it_us", waits.object());
    Ok(finding)
}

/// Clicks, and waits until all have the event; that is the time reported. Then waits until it is settled, so that the processor
/// time has all of it.
async fn until_all(
    scene: &Scene,
    requests: impl Iterator<Item = impl Future<Output = anyhow::Result<()>>>,
    all: u64,
) -> anyhow::Result<Duration> {
    let began = moment();
    try_join_all(requests).await?;
    scene.sink.until_answered(all, ALL_TIMEOUT).await;
    let elapsed = began.elapsed();
    scene.until_none(Count::Due, ALL_TIMEOUT).await?;
    ensure!(scene.sink.distinct() == all, "{} deliveries of {all} came", scene.sink.distinct());
    Ok(elapsed)
}
