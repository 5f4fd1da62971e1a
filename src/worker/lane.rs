//! A lane: claims what is due and works on a bounded number at once.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::{LOOK_EVERY, TICK};
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::wake::Work;

/// A kind of work that falls due.
pub trait Lane: Send + Sync + 'static {
    /// What is claimed.
    type Item: Send + 'static;
    /// The bell that rings for it.
    const BELL: Work;
    /// Its name in the log.
    const NAME: &'static str;

    /// Claims up to `most` items that are due.
    fn claim(app: &App, most: u32) -> impl Future<Output = anyhow::Result<Vec<Self::Item>>> + Send;
    /// When the next one falls due that is not due now.
    fn next_due(app: &App) -> impl Future<Output = anyhow::Result<Option<Timestamp>>> + Send;
    /// Does one.
    fn work(app: App, item: Self::Item) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Runs a lane until `stop` says so, then ends what is in flight.
pub async fn run<W: Lane>(app: App, mut stop: watch::Receiver<bool>, most: usize, _: W) {
    let mut bell = app.wake.listen(W::BELL);
    let mut pace = tokio::time::interval(LOOK_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        let claimed = claim::<W>(&app, most - running.len()).await;
        let found = !claimed.is_empty();
        for item in claimed {
            let app = app.clone();
            running.spawn(async move {
                if let Err(error) = W::work(app, item).await {
                    tracing::error!(work = W::NAME, error = %format!("{error:#}"), "work failed; it is tried again");
                }
            });
        }
        let full = running.len() >= most;
        let pause = if found && !full { LOOK_EVERY } else { until_next::<W>(&app).await };
        let something = async {
            tokio::select! {
                _ = stop.changed() => {}
                () = async { bell.rung().await; pace.tick().await; }, if !full => {}
                Some(_) = running.join_next(), if full => {}
            }
        };
        // Past the pause something may be due.
        let _ = tokio::time::timeout(if full { TICK } else { pause }, something).await;
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

async fn claim<W: Lane>(app: &App, most: usize) -> Vec<W::Item> {
    if most == 0 {
        return Vec::new();
    }
    W::claim(app, u32::try_from(most).unwrap_or(u32::MAX)).await.unwrap_or_else(|error| {
        tracing::warn!(work = W::NAME, error = %format!("{error:#}"), "nothing can be claimed");
        Vec::new()
    })
}

/// How long there is nothing to do, at most a tick.
async fn until_next<W: Lane>(app: &App) -> Duration {
    let next = W::next_due(app).await.ok().flatten();
    next.map_or(TICK, |due| Duration::try_from(due.duration_since(app.clock.now())).unwrap_or(Duration::ZERO).min(TICK))
}
