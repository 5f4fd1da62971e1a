//! The lane of deliveries. Each webhook has a track of its own: how many of its deliveries may be in flight follows how
//! it answers, so that a slow or dead endpoint takes few places and delays no other.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use super::{LOOK_EVERY, TICK};
use crate::app::App;
use crate::flows::deliver_event::{Attempted, Wanted, claim_due, deliver, due_webhooks, next_due};
use crate::wake::{Listener, Work};

/// Deliveries in flight, of all webhooks together.
const IN_FLIGHT_MAX: usize = 2_048;
/// Deliveries in flight to one webhook that answers well.
const PER_WEBHOOK_MAX: usize = 64;
/// Deliveries in flight to a webhook that is not known yet.
const PER_WEBHOOK_START: usize = 16;
/// Tracks of webhooks with nothing in flight that are remembered.
const TRACKS_MAX: usize = 10_000;

struct Track {
    in_flight: usize,
    limit: usize,
}

impl Default for Track {
    fn default() -> Self {
        Self { in_flight: 0, limit: PER_WEBHOOK_START }
    }
}

#[derive(Default)]
struct Tracks(HashMap<i64, Track>);

impl Tracks {
    /// How many deliveries of a webhook to claim: none before half of its places are free, so that claims are few.
    fn room(&self, webhook: i64) -> usize {
        let Some(track) = self.0.get(&webhook) else { return PER_WEBHOOK_START };
        let free = track.limit.saturating_sub(track.in_flight);
        if free * 2 >= track.limit { free } else { 0 }
    }

    fn started(&mut self, webhook: i64) {
        self.0.entry(webhook).or_default().in_flight += 1;
    }

    fn ended(&mut self, attempted: &Attempted) {
        let Some(track) = self.0.get_mut(&attempted.webhook_id) else { return };
        track.in_flight -= 1;
        track.limit =
            if attempted.answered_well { (track.limit * 2).min(PER_WEBHOOK_MAX) } else { (track.limit / 2).max(1) };
        if self.0.len() > TRACKS_MAX {
            self.0.retain(|_, track| track.in_flight > 0);
        }
    }
}

/// Runs until `stop` says so, then ends what is in flight.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut bell = app.wake.listen(Work::Deliveries);
    let mut pace = tokio::time::interval(LOOK_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tracks = Tracks::default();
    let mut running: JoinSet<Attempted> = JoinSet::new();
    while !*stop.borrow() {
        let started = start_due(&app, &mut tracks, &mut running).await.unwrap_or_else(|error| {
            tracing::warn!(error = %format!("{error:#}"), "no delivery can be claimed");
            0
        });
        let pause = if started > 0 { TICK } else { until_next(&app).await };
        let something = async {
            let mut rung = pin!(rung(&mut bell, &mut pace));
            loop {
                tokio::select! {
                    _ = stop.changed() => return,
                    () = &mut rung => return,
                    Some(ended) = running.join_next() => if note(&mut tracks, ended) { return },
                }
            }
        };
        // Past the pause something may be due.
        let _ = tokio::time::timeout(pause, something).await;
        while let Some(ended) = running.try_join_next() {
            note(&mut tracks, ended);
        }
    }
    while running.join_next().await.is_some() {}
}

/// Waits for a ring, and until it is time to look again.
async fn rung(bell: &mut Listener, pace: &mut Interval) {
    bell.rung().await;
    pace.tick().await;
}

/// Tells whether its webhook has room for more.
fn note(tracks: &mut Tracks, ended: Result<Attempted, tokio::task::JoinError>) -> bool {
    match ended {
        Ok(attempted) => {
            tracks.ended(&attempted);
            tracks.room(attempted.webhook_id) > 0
        }
        Err(error) => {
            tracing::error!(%error, "a delivery's task was cut off");
            false
        }
    }
}

async fn start_due(app: &App, tracks: &mut Tracks, running: &mut JoinSet<Attempted>) -> anyhow::Result<usize> {
    let mut room = IN_FLIGHT_MAX.saturating_sub(running.len());
    let mut wanted = Vec::new();
    for webhook in due_webhooks(app).await? {
        let most = tracks.room(webhook).min(room);
        if most > 0 {
            room -= most;
            wanted.push(Wanted { webhook, most: u32::try_from(most)? });
        }
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    let claimed = claim_due(app, wanted).await?;
    let started = claimed.len();
    for delivery in claimed {
        tracks.started(delivery.webhook_id);
        let webhook_id = delivery.webhook_id;
        let attempt = AssertUnwindSafe(deliver(app.clone(), delivery)).catch_unwind();
        running.spawn(async move {
            attempt.await.unwrap_or_else(|_| {
                tracing::error!(webhook = webhook_id, "a delivery panicked; it is tried again when its lease runs out");
                Attempted { webhook_id, answered_well: false }
            })
        });
    }
    Ok(started)
}

/// How long there is nothing to do, at most a tick.
async fn until_next(app: &App) -> Duration {
    let next = next_due(app).await.ok().flatten();
    next.map_or(TICK, |due| Duration::try_from(due.duration_since(app.clock.now())).unwrap_or(Duration::ZERO).min(TICK))
}
