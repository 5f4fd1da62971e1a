//! Deliveries: the sink holds its answers while presses are recorded, then lets the worker go on, turn by turn.

use std::time::Duration;

use anyhow::ensure;

use super::rows::{self, Count};
use super::sink::OPEN_PATH;
use super::tally::{Outcome, Slice, Tally};
use super::{Setting, clicks, moment, roles};

/// How long the rest may take that is not delivered when the last turn is over.
const REST_TIMEOUT: Duration = Duration::from_secs(300);
/// How often it is looked whether all is settled.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Deliveries in flight to one webhook that answers well: the worker's own limit.
const IN_FLIGHT: usize = 64;

/// Measures with the events of `recorded` presses, or of presses made for it.
pub(super) async fn measure(setting: &Setting<'_>, recorded: u64) -> anyhow::Result<Outcome> {
    let Setting { plan, database, server, sink, progress, .. } = setting;
    let recorded = if recorded > 0 { recorded } else { clicks::record(setting).await? };
    progress.tell("deliveries");
    let meter = database.meter(server).await?;
    let url = format!("http://{}{OPEN_PATH}", sink.address);
    let (mut aurix, mut posts) = (Tally::default(), Tally::default());
    let mut cpu = Duration::ZERO;
    // The worker finds out that the webhook answers well.
    turn(setting, recorded, plan.slice() / 5).await;
    for _ in 0..plan.rounds() {
        let before = meter.read()?;
        let slice = turn(setting, recorded, plan.slice()).await;
        cpu += meter.read()?.saturating_sub(before);
        progress.turn();
        aurix.add(slice);
        posts.add(roles::run_poster(&url, IN_FLIGHT, plan.slice()).await?);
        progress.turn();
        if sink.distinct() >= recorded {
            break;
        }
    }
    progress.tell("delivering the rest");
    sink.set_open(true);
    let delivered = until_settled(setting, recorded).await?;
    ensure!(
        delivered == recorded && sink.distinct() == recorded,
        "{recorded} events were accepted, {delivered} are marked as delivered, and {} arrived",
        sink.distinct()
    );
    ensure!(aurix.operations > 0, "nothing was left to measure with: record presses for longer (--seconds)");
    Ok(Outcome::new(aurix, cpu, vec![("bare_posts", posts)]))
}

/// Opens the gate for so long, or until nothing is left.
async fn turn(setting: &Setting<'_>, recorded: u64, length: Duration) -> Slice {
    let sink = setting.sink;
    let first = sink.answered();
    let left = recorded.saturating_sub(sink.distinct());
    let began = moment();
    sink.set_open(true);
    sink.until_answered(first + left, length).await;
    let (operations, elapsed) = (sink.answered() - first, began.elapsed());
    sink.set_open(false);
    Slice { operations, elapsed, waits_us: Vec::new() }
}

async fn until_settled(setting: &Setting<'_>, recorded: u64) -> anyhow::Result<u64> {
    let began = moment();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let delivered = rows::count(&setting.database.app.db, Count::Delivered).await?;
        if delivered >= recorded || began.elapsed() > REST_TIMEOUT {
            return Ok(delivered);
        }
        look.tick().await;
    }
}
