//! The lane of deliveries. Each webhook has a track of its own: how many of its deliveries may be in flight follows how
//! it answers, so that a slow or dead endpoint takes few places and delays no other.

mod track;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use self::track::Tracks;
use super::{LOOK_EVERY, TICK};
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::flows::claim_deliveries::{self, Due, Wanted};
use crate::flows::deliver_event::{self, Impression};
use crate::wake::{Listener, Work};

/// Deliveries that are claimed and not settled, of all webhooks together.
const CLAIMED_MAX: usize = 2_048;

/// Runs until `stop` says so, then ends what is in flight.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut bell = app.wake.listen(Work::Deliveries);
    let mut pace = tokio::time::interval(LOOK_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut lane, mut answered) = Lane::new(app);
    while !*stop.borrow() {
        let claimed = lane.claim_due().await.unwrap_or_else(|error| {
            tracing::warn!(error = %format!("{error:#}"), "no delivery can be claimed");
            0
        });
        lane.start_later_ones();
        let pause = if claimed > 0 { TICK } else { lane.until_due().await };
        let pause = pause.min(lane.until_start());
        let something = async {
            let mut rung = pin!(rung(&mut bell, &mut pace));
            loop {
                tokio::select! {
                    _ = stop.changed() => return,
                    () = &mut rung => return,
                    Some(answered) = answered.recv() => if lane.go_on(answered) { return },
                }
            }
        };
        // Past the pause something may be due.
        let _ = tokio::time::timeout(pause, something).await;
        while let Ok(answered) = answered.try_recv() {
            lane.go_on(answered);
        }
        lane.forget_ended().await;
    }
    lane.end().await;
}

/// Waits for a ring, and until it is time to look again.
async fn rung(bell: &mut Listener, pace: &mut Interval) {
    bell.rung().await;
    pace.tick().await;
}

/// That an attempt has ended.
struct Answered {
    webhook: i64,
    impression: Impression,
}

struct Lane {
    app: App,
    tracks: Tracks<Due>,
    /// Attempts, each until it is settled.
    running: JoinSet<()>,
    answers: mpsc::UnboundedSender<Answered>,
    /// Claimed, and too old now to be attempted.
    stale: Vec<Due>,
    /// Webhooks whose next delivery may begin at that time.
    later: BTreeSet<(Timestamp, i64)>,
}

impl Lane {
    fn new(app: App) -> (Self, mpsc::UnboundedReceiver<Answered>) {
        // It holds at most as many as are running.
        let (answers, answered) = mpsc::unbounded_channel();
        let (tracks, running, stale, later) = <(Tracks<Due>, JoinSet<()>, Vec<Due>, BTreeSet<_>)>::default();
        (Self { app, tracks, running, answers, stale, later }, answered)
    }

    /// Claims what the tracks have room for, and tells how much it was.
    async fn claim_due(&mut self) -> anyhow::Result<usize> {
        let mut room = CLAIMED_MAX.saturating_sub(self.running.len() + self.tracks.waiting());
        let mut wanted = Vec::new();
        let now = self.app.clock.now();
        for webhook in claim_deliveries::due_webhooks(&self.app).await? {
            let most = self.tracks.room(webhook, now).min(room);
            if most > 0 {
                room -= most;
                wanted.push(Wanted { webhook, most: u32::try_from(most)? });
            }
        }
        if wanted.is_empty() {
            return Ok(0);
        }
        let claims = claim_deliveries::claim_due(&self.app, wanted).await?;
        let count = claims.due.len();
        for due in claims.due {
            let webhook = due.webhook_id();
            self.tracks.wait(webhook, due);
            self.start(webhook);
        }
        for (webhook, until) in claims.paced {
            self.tracks.pace(webhook, until);
            self.later.insert((until, webhook));
        }
        Ok(count)
    }

    /// Starts what waited for its time.
    fn start_later_ones(&mut self) {
        let now = self.app.clock.now();
        while self.later.first().is_some_and(|(starts_at, _)| *starts_at <= now) {
            if let Some((_, webhook)) = self.later.pop_first() {
                self.start(webhook);
            }
        }
    }

    /// Starts what waits of a webhook, as far as its track lets it.
    fn start(&mut self, webhook: i64) {
        let now = self.app.clock.now();
        while let Some(next) = self.tracks.peek(webhook) {
            if now < next.starts_at {
                self.later.insert((next.starts_at, webhook));
                return;
            }
            let Some(due) = self.tracks.next(webhook) else { return };
            if due.is_stale(now) {
                self.tracks.ended(webhook, None);
                self.stale.push(due);
                continue;
            }
            let (app, answers) = (self.app.clone(), self.answers.clone());
            self.running.spawn(async move {
                if AssertUnwindSafe(deliver(app, due, &answers)).catch_unwind().await.is_err() {
                    tracing::error!(webhook, "a delivery panicked; it is tried again when its lease runs out");
                    let _ = answers.send(Answered { webhook, impression: Impression::Bad });
                }
            });
        }
    }

    /// Gives the place of an answered delivery to the next, and tells whether there is room to claim more.
    fn go_on(&mut self, Answered { webhook, impression }: Answered) -> bool {
        self.tracks.ended(webhook, Some(impression));
        self.start(webhook);
        self.tracks.room(webhook, self.app.clock.now()) > 0
    }

    /// Clears away what has ended.
    async fn forget_ended(&mut self) {
        while self.running.try_join_next().is_some() {}
        if !self.stale.is_empty() {
            give_back(&self.app, std::mem::take(&mut self.stale)).await;
        }
    }

    /// How long nothing falls due, at most a tick.
    async fn until_due(&self) -> Duration {
        let next = claim_deliveries::next_due(&self.app).await.ok().flatten();
        next.map_or(TICK, |due| self.left_until(due).min(TICK))
    }

    /// How long nothing that waits for its time may begin, at most a tick.
    fn until_start(&self) -> Duration {
        self.later.first().map_or(TICK, |(starts_at, _)| self.left_until(*starts_at).min(TICK))
    }

    fn left_until(&self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.app.clock.now())).unwrap_or(Duration::ZERO)
    }

    /// Ends what is in flight, and gives back the rest.
    async fn end(mut self) {
        self.stale.extend(self.tracks.drain());
        give_back(&self.app, self.stale).await;
        while self.running.join_next().await.is_some() {}
    }
}

/// One attempt: tells of the answer as soon as it is there, and ends when the outcome is stored.
async fn deliver(app: App, due: Due, answers: &mpsc::UnboundedSender<Answered>) {
    let webhook = due.webhook_id();
    let attempted = deliver_event::attempt(&app, due).await;
    // A lane that stops hears nothing any more.
    let _ = answers.send(Answered { webhook, impression: attempted.impression() });
    if let Err(error) = deliver_event::settle(&app, attempted).await {
        tracing::error!(webhook, error = %format!("{error:#}"), "a delivery was not settled; it is tried again");
    }
}

async fn give_back(app: &App, due: Vec<Due>) {
    if let Err(error) = claim_deliveries::give_back(app, due).await {
        tracing::warn!(error = %format!("{error:#}"), "claimed deliveries wait until their leases run out");
    }
}
