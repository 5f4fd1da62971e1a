//! A loop that claims what is due and works on a bounded number at once.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tracing::{Instrument as _, Span};

use super::{LOOK_EVERY, TICK};
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::notifier::Work;

/// A kind of work that falls due.
pub trait ClaimLoop: Send + Sync + 'static {
    /// What is claimed.
    type Item: Send + 'static;
    /// The kind of work whose notifications wake it.
    const WORK: Work;
    /// Its name in the log.
    const NAME: &'static str;

    /// Claims up to `most` items that are due.
    fn claim(engines: &Engines, most: u32) -> impl Future<Output = anyhow::Result<Vec<Self::Item>>> + Send;
    /// When the next one falls due that is not due now.
    fn next_due(engines: &Engines) -> impl Future<Output = anyhow::Result<Option<Timestamp>>> + Send;
    /// The span of its work, with its ids.
    fn span(item: &Self::Item) -> Span;
    /// Does one.
    fn work(engines: Engines, item: Self::Item) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Runs until `stop` says so, then ends what is in flight.
pub async fn run<W: ClaimLoop>(engines: Engines, mut stop: watch::Receiver<bool>, most: usize, _: W) {
    let mut notifications = engines.core.notifier.subscribe(W::WORK);
    let mut look_interval = tokio::time::interval(LOOK_EVERY);
    look_interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        let claimed = claim::<W>(&engines, most - running.len()).await;
        let found = !claimed.is_empty();
        for item in claimed {
            let engines = engines.clone();
            let span = W::span(&item);
            let work = async move {
                if let Err(error) = W::work(engines, item).await {
                    tracing::error!(work = W::NAME, error = %format!("{error:#}"), "work failed; it is repeated when its lease expires");
                }
            };
            running.spawn(work.instrument(span));
        }
        let full = running.len() >= most;
        let pause = if found || full { LOOK_EVERY } else { until_next::<W>(&engines).await };
        tokio::select! {
            _ = stop.changed() => {}
            () = async { notifications.notified().await; look_interval.tick().await; }, if !full => {}
            Some(_) = running.join_next(), if full => {}
            // Now something may be due.
            () = engines.core.clock.sleep(pause), if !full => {}
        }
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

async fn claim<W: ClaimLoop>(engines: &Engines, most: usize) -> Vec<W::Item> {
    if most == 0 {
        return Vec::new();
    }
    W::claim(engines, u32::try_from(most).unwrap_or(u32::MAX)).await.unwrap_or_else(|error| {
        tracing::warn!(work = W::NAME, error = %format!("{error:#}"), "claim failed");
        Vec::new()
    })
}

/// How long there is nothing to do, at most a tick.
async fn until_next<W: ClaimLoop>(engines: &Engines) -> Duration {
    let next = W::next_due(engines).await.ok().flatten();
    next.map_or(TICK, |due| {
        Duration::try_from(due.duration_since(engines.core.clock.now())).unwrap_or(Duration::ZERO).min(TICK)
    })
}
