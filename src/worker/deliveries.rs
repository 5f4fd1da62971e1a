//! The lane of deliveries. Each webhook has a track of its own: how many of its deliveries may be in flight follows how
//! it answers, so that a slow or dead endpoint takes few places and delays no other.

mod track;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use self::track::Tracks;
use super::{LOOK_EVERY, TICK, keep_trying};
use crate::core::Core;
use crate::deliveries::Deliveries;
use crate::deliveries::attempt::{self, Attempted, Impression};
use crate::deliveries::claim::{self, Claims, Due, Waiting, Wanted};
use crate::deliveries::local_dispatch::LocalDelivery;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;

/// Deliveries that are claimed and not settled, of all webhooks together.
const CLAIMED_MAX: usize = 2_048;

/// No delivery is claimed, and no webhook paced, further ahead than this.
const LATER_MAX: SignedDuration = SignedDuration::from_secs(2);

/// Runs until `stop` says so, then ends what is in flight.
pub async fn run(engine: Deliveries, mut stop: watch::Receiver<bool>) {
    let clock = engine.core.clock.clone();
    let mut bell = engine.core.notifier.subscribe(Work::Deliveries);
    let mut pace = tokio::time::interval(LOOK_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut local = engine.local_dispatch.open();
    let (mut lane, mut answered) = Lane::new(engine);
    let mut rung = true;
    while !*stop.borrow() {
        let (is_looking, next) = (lane.looking.is_some(), lane.until_next());
        tokio::select! {
            _ = stop.changed() => {}
            step = ended(&mut lane.looking), if is_looking => lane.go_on_looking(step),
            Some(answered) = answered.recv() => lane.go_on(answered),
            Some(local) = local.recv() => lane.take_over(local),
            Some(_) = lane.running.join_next(), if lane.is_short => {}
            () = bell.notified(), if !rung => rung = true,
            _ = pace.tick(), if rung && !is_looking => {
                rung = false;
                lane.look();
            }
            () = clock.sleep(next) => {
                lane.due_at = None;
                lane.start_later_ones();
                rung = true;
            }
        }
        lane.forget_ended();
    }
    lane.engine.local_dispatch.close();
    local.close();
    while let Some(LocalDelivery { due, .. }) = local.recv().await {
        lane.stale.push(due);
    }
    lane.end().await;
}

/// A look for what is due, beside which deliveries go on.
enum Look {
    /// Reads what waits.
    Reading(JoinHandle<anyhow::Result<Waiting>>),
    /// Claims of it.
    Claiming(JoinHandle<anyhow::Result<Claims>>, Vec<Wanted>),
}

/// What a look found out.
enum Step {
    Read(anyhow::Result<Waiting>),
    Claimed(anyhow::Result<Claims>, Vec<Wanted>),
}

async fn ended(look: &mut Option<Look>) -> Step {
    let step = match look {
        Some(Look::Reading(reading)) => Step::Read(reading.await.unwrap_or_else(|error| Err(error.into()))),
        Some(Look::Claiming(claiming, wanted)) => {
            let claims = claiming.await.unwrap_or_else(|error| Err(error.into()));
            Step::Claimed(claims, std::mem::take(wanted))
        }
        None => std::future::pending().await,
    };
    *look = None;
    step
}

/// That an attempt has ended.
struct Answered {
    webhook: i64,
    impression: Impression,
}

struct Lane {
    engine: Deliveries,
    tracks: Tracks<Due>,
    looking: Option<Look>,
    /// Attempts, each until it is settled.
    running: JoinSet<()>,
    answers: mpsc::UnboundedSender<Answered>,
    /// Claimed, and too old now to be attempted.
    stale: Vec<Due>,
    /// Webhooks whose next delivery may begin at that time.
    later: BTreeSet<(Timestamp, i64)>,
    /// When something falls due that was not due at the last look.
    due_at: Option<Timestamp>,
    /// More was due at the last look than there was room for, of all webhooks together.
    is_short: bool,
}

impl Lane {
    fn new(engine: Deliveries) -> (Self, mpsc::UnboundedReceiver<Answered>) {
        // It holds at most as many as are running.
        let (answers, answered) = mpsc::unbounded_channel();
        let lane = Self {
            engine,
            tracks: Tracks::default(),
            looking: None,
            running: JoinSet::new(),
            answers,
            stale: Vec::new(),
            later: BTreeSet::new(),
            due_at: None,
            is_short: false,
        };
        (lane, answered)
    }

    /// Begins to look, unless it is looking.
    fn look(&mut self) {
        if self.looking.is_none() {
            let core = self.engine.core.clone();
            self.looking = Some(Look::Reading(tokio::spawn(async move { claim::look(&core).await })));
        }
    }

    fn go_on_looking(&mut self, step: Step) {
        let result = match step {
            Step::Read(waiting) => waiting.and_then(|waiting| self.claim(waiting)),
            Step::Claimed(claims, wanted) => claims.map(|claims| self.take(claims, &wanted)),
        };
        if let Err(error) = result {
            tracing::warn!(error = %format!("{error:#}"), "no delivery can be claimed");
        }
    }

    /// Claims what the tracks have room for. Where many webhooks have something due each gets its share of what there is.
    fn claim(&mut self, waiting: Waiting) -> anyhow::Result<()> {
        self.due_at = waiting.next_at;
        let now = self.engine.core.clock.now();
        let mut room = self.room();
        let mut wanted = Vec::new();
        self.is_short = false;
        let share = (room / waiting.due.len().max(1)).max(1);
        for webhook in waiting.due {
            let of_track = self.tracks.room(webhook, now).min(share);
            let most = of_track.min(room);
            self.is_short |= most < of_track;
            if most > 0 {
                room -= most;
                wanted.push(Wanted { webhook, most: u32::try_from(most)? });
            } else {
                self.tracks.catch_up(webhook, false);
                self.tell_free(webhook);
            }
        }
        if !wanted.is_empty() {
            let core = self.engine.core.clone();
            let asked = wanted.clone();
            let claiming = tokio::spawn(async move { claim::claim_due(&core, asked).await });
            self.looking = Some(Look::Claiming(claiming, wanted));
        }
        Ok(())
    }

    /// How many more may be claimed, of all webhooks together.
    fn room(&self) -> usize {
        CLAIMED_MAX.saturating_sub(self.running.len() + self.tracks.waiting())
    }

    /// Puts what was claimed into the tracks.
    fn take(&mut self, claims: Claims, wanted: &[Wanted]) {
        for due in claims.due {
            let webhook = due.webhook_id();
            self.tracks.wait(webhook, due);
            self.start(webhook);
        }
        for (webhook, until) in claims.paced {
            self.tracks.pace(webhook, until);
            self.later.insert((until, webhook));
        }
        for Wanted { webhook, .. } in wanted {
            self.tracks.catch_up(*webhook, claims.caught_up.contains(webhook));
            self.tell_free(*webhook);
        }
    }

    /// Takes a delivery over that this node claimed when it stored it.
    fn take_over(&mut self, LocalDelivery { due, permit }: LocalDelivery) {
        let webhook = due.webhook_id();
        self.tracks.wait(webhook, due);
        self.start(webhook);
        self.tell_free(webhook);
        drop(permit);
    }

    /// Tells how many deliveries of a webhook can be handed over.
    fn tell_free(&self, webhook: i64) {
        self.engine.local_dispatch.set_free(webhook, self.tracks.free(webhook), self.room());
    }

    /// Starts what waited for its time.
    fn start_later_ones(&mut self) {
        let now = self.engine.core.clock.now();
        // One that is far ahead was entered before the clock was stepped back.
        let is_time = |starts_at: Timestamp| starts_at <= now || starts_at.duration_since(now) > LATER_MAX;
        while self.later.first().is_some_and(|(starts_at, _)| is_time(*starts_at)) {
            if let Some((_, webhook)) = self.later.pop_first() {
                self.start(webhook);
            }
        }
    }

    /// Starts what waits of a webhook, as far as its track lets it.
    fn start(&mut self, webhook: i64) {
        let now = self.engine.core.clock.now();
        while let Some(next) = self.tracks.peek(webhook) {
            if now < next.starts_at && !next.is_stale(now) {
                self.later.insert((next.starts_at, webhook));
                return;
            }
            let Some(due) = self.tracks.next(webhook) else { return };
            if due.is_stale(now) {
                self.tracks.ended(webhook, None);
                self.stale.push(due);
                continue;
            }
            let (engine, answers) = (self.engine.clone(), self.answers.clone());
            self.running.spawn(deliver(engine, due, answers));
        }
    }

    /// Gives the place of an answered delivery to the next, and looks for more where there is room.
    fn go_on(&mut self, Answered { webhook, impression }: Answered) {
        self.tracks.ended(webhook, Some(impression));
        self.start(webhook);
        self.tell_free(webhook);
        if self.tracks.is_behind(webhook) && self.tracks.room(webhook, self.engine.core.clock.now()) > 0 {
            self.look();
        }
    }

    /// Clears away what has ended, and looks for more where that makes enough room.
    fn forget_ended(&mut self) {
        while self.running.try_join_next().is_some() {}
        if self.is_short && self.room() * 2 >= CLAIMED_MAX {
            self.look();
        }
        if !self.stale.is_empty() {
            self.running.spawn(give_back(self.engine.core.clone(), std::mem::take(&mut self.stale)));
        }
    }

    /// How long nothing falls due and nothing that waits for its time may begin: at most a tick.
    fn until_next(&self) -> Duration {
        let starts_at = self.later.first().map(|(starts_at, _)| *starts_at);
        let next_at = starts_at.into_iter().chain(self.due_at).min();
        next_at.map_or(TICK, |next_at| self.left_until(next_at).min(TICK))
    }

    fn left_until(&self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.engine.core.clock.now())).unwrap_or(Duration::ZERO)
    }

    /// Ends what is in flight, and gives back the rest.
    async fn end(mut self) {
        if let Some(Look::Claiming(claiming, _)) = self.looking.take()
            && let Ok(Ok(claims)) = claiming.await
        {
            self.stale.extend(claims.due);
        }
        self.stale.extend(self.tracks.drain());
        give_back(self.engine.core, self.stale).await;
        while self.running.join_next().await.is_some() {}
    }
}

/// One attempt: tells of the answer as soon as it is there, and ends when the outcome is stored.
async fn deliver(engine: Deliveries, due: Due, answers: mpsc::UnboundedSender<Answered>) {
    let webhook = due.webhook_id();
    let attempted = AssertUnwindSafe(attempt::attempt(&engine.core, due)).catch_unwind().await.ok();
    let impression = attempted.as_ref().map_or(Impression::Bad, Attempted::impression);
    // A lane that stops hears nothing any more.
    let _ = answers.send(Answered { webhook, impression });
    let Some(attempted) = attempted else {
        tracing::error!(webhook, "a delivery panicked; it is tried again when its lease runs out");
        return;
    };
    match keep_trying(&engine.core.clock, "a delivery", || attempt::settle(&engine, &attempted)).await {
        // The next one of the conversation may go.
        Ok(()) if attempted.due.claimed.in_order => engine.core.notifier.notify_local(Work::Deliveries),
        Ok(()) => {}
        Err(error) => tracing::error!(webhook, error = %format!("{error:#}"), "a delivery may be made twice"),
    }
}

async fn give_back(core: Core, due: Vec<Due>) {
    if let Err(error) = claim::give_back(&core, due).await {
        tracing::warn!(error = %format!("{error:#}"), "claimed deliveries wait until their leases run out");
    }
}
