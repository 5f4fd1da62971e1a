//! Deliveries: the sink holds its responses while clicks are recorded, then lets the worker go on, turn by turn.

use std::time::Duration;

use anyhow::ensure;

use crate::attach::Attached;
use crate::clicks::{self, RECORDED_MIN};
use crate::clock::moment;
use crate::roles;
use crate::rows::Count;
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::OPEN_PATH;
use crate::tally::{Outcome, Slice, Tally};

/// How long the rest may take that is not delivered when the last turn is over.
const REST_TIMEOUT: Duration = Duration::from_secs(300);
/// Deliveries in flight to one webhook that responds well: the worker's own limit.
pub const IN_FLIGHT: usize = 64;

/// Measures with the events of `recorded` clicks, or of clicks made for it where those are too few.
pub async fn measure(setting: &Setting<'_>, scene: &Scene, recorded: u64) -> anyhow::Result<Outcome> {
    let (Setting { plan, progress, .. }, sink) = (setting, &scene.sink);
    let recorded = if recorded >= RECORDED_MIN { recorded } else { clicks::record(setting, scene, recorded).await? };
    progress.phase("deliver", u64::from(plan.rounds()) * 2);
    let (mut aurix, mut posts) = (Tally::default(), Tally::default());
    // The worker finds out that the webhook responds well.
    turn(scene, recorded, plan.slice() / 5).await;
    let attached = Attached::begin(plan, scene, "deliver").await?;
    for _ in 0..plan.rounds() {
        let (slice, cpu) = scene.meter.during(async { Ok(turn(scene, recorded, plan.slice()).await) }).await?;
        aurix.add_metered(slice, cpu);
        progress.step(1);
        posts.add(roles::run_poster(&sink.url(OPEN_PATH), IN_FLIGHT, plan.slice()).await?);
        progress.step(1);
        if sink.distinct() >= recorded {
            break;
        }
    }
    attached.end().await?;
    progress.begin("delivering the rest");
    sink.set_open(true);
    scene.until_none(Count::Due, REST_TIMEOUT).await?;
    scene.verify(recorded, &[Count::Delivered]).await?;
    let arrived = sink.distinct();
    ensure!(arrived == recorded, "{recorded} events were accepted, and {arrived} arrived");
    ensure!(aurix.operations > 0, "nothing was left to measure with: record clicks for longer (--seconds)");
    Ok(Outcome { aurix, ceilings: vec![("bare_posts", posts)] })
}

/// Opens the gate for so long, or until nothing is left.
async fn turn(scene: &Scene, recorded: u64, length: Duration) -> Slice {
    let sink = &scene.sink;
    let first = sink.answered();
    let left = recorded.saturating_sub(sink.distinct());
    let began = moment();
    sink.set_open(true);
    sink.until_answered(first + left, length).await;
    let (operations, elapsed) = (sink.answered() - first, began.elapsed());
    sink.set_open(false);
    Slice { operations, elapsed, waits_us: Vec::new() }
}
