//! Clicks on a widget.

use crate::click_request;
use crate::load::Load;
use crate::rows::{self, Count};
use crate::scene::Scene;
use crate::setting::Setting;
use crate::tally::Outcome;
use crate::turns::{self, Requests};

/// Events that deliveries are measured with, at least: more than are in flight when the webhook begins to respond.
pub const RECORDED_MIN: u64 = 512;
/// What every click is stored as.
pub const STORED_AS: [Count; 3] = [Count::Clicks, Count::ClickEvents, Count::Deliveries];

/// Measures, and returns how many clicks were answered in all.
pub async fn measure(setting: &Setting<'_>, scene: &Scene) -> anyhow::Result<(Outcome, u64)> {
    let Setting { plan, progress, .. } = setting;
    progress.begin("click");
    let write = click_request::writer(&scene.project.widget_id);
    let load = Load::new(scene.addresses(), plan.connections, 302, &write);
    load.slice(plan.slice()).await?;
    let texts = rows::click_texts(&scene.database.core.db).await?;
    let requests = Requests { name: "click", write: &write, rows: rows::of_click, texts };
    let outcome = turns::take(setting, scene, &load, requests, async || Ok(())).await?;
    scene.verify(load.sent(), &STORED_AS).await?;
    Ok((outcome, load.sent()))
}

/// Clicks, besides the `recorded` ones before, twice as long as the plan says, since deliveries are faster, and until there
/// are enough to deliver. Returns how many there are.
pub async fn record(setting: &Setting<'_>, scene: &Scene, recorded: u64) -> anyhow::Result<u64> {
    let Setting { plan, progress, .. } = setting;
    progress.phase("clicks, so that there is something to deliver", 2 * u64::from(plan.rounds()));
    let write = click_request::writer(&scene.project.widget_id);
    let load = Load::new(scene.addresses(), plan.connections, 302, &write).after(recorded);
    let mut round = 0;
    while round < 2 * plan.rounds() || load.sent() < RECORDED_MIN {
        load.slice(plan.slice()).await?;
        progress.step(1);
        round += 1;
    }
    scene.verify(load.sent(), &STORED_AS).await?;
    Ok(load.sent())
}
