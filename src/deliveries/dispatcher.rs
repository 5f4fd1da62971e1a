//! The dispatcher: makes the deliveries that are due, many at once, and delays none because another endpoint is slow.
//!
//! Actors, on each node that works:
//! - `Dispatcher`, one task: claims what is due, starts attempts, and counts what is in flight.
//! - `EndpointLimiter`: how many deliveries of each webhook may be in flight and claimed, by how its endpoint responds.
//! - `LocalDispatch`: brings deliveries that were leased when they were stored, as many as the dispatcher gave permits for.
//! - An attempt, a task for each delivery in flight: one POST, then settling, in a batch with others.
//!
//! A delivery here:
//! ```text
//!  claim, or dispatch with a permit      starts_at reached and a slot free        response           stored
//!  ──────────────────────────────▶ waiting ──────────────────────────▶ in flight ─────────▶ settling ──────▶ gone
//!                                     │ too late, or the node stops
//!                                     └──▶ given back: due at once, for any node
//! ```
//! Where a node dies in any of these states the lease expires, and another node claims the delivery.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use tracing::Instrument as _;

use super::attempt::{self, Performance};
use super::claim::{self, Claims, Waiting, Wanted};
use super::endpoint_limiter::{EndpointLimiter, LATER_MAX};
use super::{Deliveries, LeasedDelivery};
use crate::core::Core;
use crate::domain::ids::WebhookId;
use crate::domain::time::Timestamp;
use crate::notifier::Work;

/// Deliveries that are leased and not settled, of all webhooks together.
const LEASED_MAX: usize = 2_048;
/// How often it looks for due deliveries that nobody notified of.
const TICK: Duration = Duration::from_secs(1);
/// How long between two looks at least: a burst of clicks notifies thousands of times a second.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Runs until `stop` says so, then ends what is in flight and gives back the rest.
pub async fn run(engine: Deliveries, mut stop: watch::Receiver<bool>) {
    let clock = engine.core.clock.clone();
    let mut notifications = engine.core.notifier.subscribe(Work::Deliveries);
    let mut look_interval = tokio::time::interval(LOOK_EVERY);
    look_interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut local = engine.local_dispatch.open();
    let (mut dispatcher, mut responses) = Dispatcher::new(engine);
    let mut is_notified = true;
    while !*stop.borrow() {
        let (is_looking, next) = (dispatcher.look.is_some(), dispatcher.until_next());
        tokio::select! {
            _ = stop.changed() => {}
            step = ended(&mut dispatcher.look), if is_looking => dispatcher.continue_look(step),
            Some(response) = responses.recv() => dispatcher.count_response(response),
            Some(delivery) = local.recv() => dispatcher.accept_local(delivery),
            Some(_) = dispatcher.running.join_next(), if dispatcher.is_short => {}
            () = notifications.notified(), if !is_notified => is_notified = true,
            _ = look_interval.tick(), if is_notified && !is_looking => {
                is_notified = false;
                dispatcher.start_look();
            }
            () = clock.sleep(next) => {
                dispatcher.due_at = None;
                dispatcher.start_later_ones();
                is_notified = true;
            }
        }
        dispatcher.forget_ended();
    }
    dispatcher.engine.local_dispatch.close();
    local.close();
    while let Some(delivery) = local.recv().await {
        dispatcher.stale.push(delivery);
    }
    dispatcher.end().await;
}

/// A look for what is due, beside which attempts go on.
enum Look {
    /// Reads which webhooks have something due.
    Reading(JoinHandle<anyhow::Result<Waiting>>),
    /// Claims of these.
    Claiming(JoinHandle<anyhow::Result<Claims>>, Vec<Wanted>),
}

/// What a step of a look found.
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

/// An endpoint has responded, or failed to.
struct Response {
    webhook: WebhookId,
    performance: Performance,
}

struct Dispatcher {
    engine: Deliveries,
    limiter: EndpointLimiter<LeasedDelivery>,
    look: Option<Look>,
    /// Attempts, each until it is settled.
    running: JoinSet<()>,
    responses: mpsc::UnboundedSender<Response>,
    /// Leased, and too late now to be attempted.
    stale: Vec<LeasedDelivery>,
    /// Webhooks whose next delivery may begin at that time.
    later: BTreeSet<(Timestamp, WebhookId)>,
    /// When something is due that was not due at the last look.
    due_at: Option<Timestamp>,
    /// More was due at the last look than there was room for, of all webhooks together.
    is_short: bool,
}

impl Dispatcher {
    fn new(engine: Deliveries) -> (Self, mpsc::UnboundedReceiver<Response>) {
        // It holds at most as many as are running.
        let (sender, responses) = mpsc::unbounded_channel();
        let dispatcher = Self {
            engine,
            limiter: EndpointLimiter::default(),
            look: None,
            running: JoinSet::new(),
            responses: sender,
            stale: Vec::new(),
            later: BTreeSet::new(),
            due_at: None,
            is_short: false,
        };
        (dispatcher, responses)
    }

    /// Begins to look, unless it is looking.
    fn start_look(&mut self) {
        if self.look.is_none() {
            let core = self.engine.core.clone();
            self.look = Some(Look::Reading(tokio::spawn(async move { claim::find_waiting(&core).await })));
        }
    }

    fn continue_look(&mut self, step: Step) {
        let result = match step {
            Step::Read(waiting) => waiting.and_then(|waiting| self.start_claim(waiting)),
            Step::Claimed(claims, wanted) => claims.map(|claims| self.accept(claims, &wanted)),
        };
        if let Err(error) = result {
            tracing::warn!(error = %format!("{error:#}"), "claiming deliveries failed");
        }
    }

    /// Claims what the limiter has room for. Where many webhooks have something due each gets its share of what there is.
    fn start_claim(&mut self, waiting: Waiting) -> anyhow::Result<()> {
        self.due_at = waiting.next_at;
        let now = self.engine.core.clock.now();
        let mut room = self.room();
        let mut wanted = Vec::new();
        self.is_short = false;
        let share = (room / waiting.due.len().max(1)).max(1);
        for webhook in waiting.due {
            let of_webhook = self.limiter.room(webhook, now).min(share);
            let most = of_webhook.min(room);
            self.is_short |= most < of_webhook;
            if most > 0 {
                room -= most;
                wanted.push(Wanted { webhook, most: u32::try_from(most)? });
            } else {
                self.limiter.set_caught_up(webhook, false);
                self.offer_permits(webhook);
            }
        }
        if !wanted.is_empty() {
            let (core, claimed) = (self.engine.core.clone(), wanted.clone());
            let claiming = tokio::spawn(async move { claim::claim_due(&core, claimed).await });
            self.look = Some(Look::Claiming(claiming, wanted));
        }
        Ok(())
    }

    /// How many more may be leased, of all webhooks together.
    fn room(&self) -> usize {
        LEASED_MAX.saturating_sub(self.running.len() + self.limiter.waiting())
    }

    /// Accepts what was claimed.
    fn accept(&mut self, claims: Claims, wanted: &[Wanted]) {
        for delivery in claims.leased {
            let webhook = delivery.webhook_id();
            self.limiter.push(webhook, delivery);
            self.start(webhook);
        }
        for (webhook, until) in claims.rate_limited {
            self.limiter.rate_limit(webhook, until);
            self.later.insert((until, webhook));
        }
        for Wanted { webhook, .. } in wanted {
            self.limiter.set_caught_up(*webhook, claims.caught_up.contains(webhook));
            self.offer_permits(*webhook);
        }
    }

    /// Accepts a delivery that this node leased when it stored it.
    fn accept_local(&mut self, mut delivery: LeasedDelivery) {
        let (webhook, permit) = (delivery.webhook_id(), delivery.permit.take());
        self.limiter.push(webhook, delivery);
        self.start(webhook);
        self.offer_permits(webhook);
        // Counted by now: only then may the permit be given to another.
        drop(permit);
    }

    /// Sets how many deliveries of a webhook can be dispatched locally.
    fn offer_permits(&self, webhook: WebhookId) {
        self.engine.local_dispatch.set_free(webhook, self.limiter.permits(webhook), self.room());
    }

    /// Starts what waited for its start time.
    fn start_later_ones(&mut self) {
        let now = self.engine.core.clock.now();
        // One that is far ahead was entered before the clock was set back.
        let is_time = |starts_at: Timestamp| starts_at <= now || starts_at.duration_since(now) > LATER_MAX;
        while self.later.first().is_some_and(|(starts_at, _)| is_time(*starts_at)) {
            if let Some((_, webhook)) = self.later.pop_first() {
                self.start(webhook);
            }
        }
    }

    /// Starts the waiting deliveries of a webhook, as far as the limiter allows.
    fn start(&mut self, webhook: WebhookId) {
        let now = self.engine.core.clock.now();
        while let Some(next) = self.limiter.peek(webhook) {
            if now < next.starts_at && !next.is_stale(now) {
                self.later.insert((next.starts_at, webhook));
                return;
            }
            let Some(delivery) = self.limiter.pop(webhook) else { return };
            if delivery.is_stale(now) {
                self.limiter.release(webhook, None);
                self.stale.push(delivery);
                continue;
            }
            let (engine, responses) = (self.engine.clone(), self.responses.clone());
            let span = delivery.span();
            self.running.spawn(deliver(engine, delivery, responses).instrument(span));
        }
    }

    /// Gives the slot of a delivery to the next one, and looks for more where there is room.
    fn count_response(&mut self, Response { webhook, performance }: Response) {
        self.limiter.release(webhook, Some(performance));
        self.start(webhook);
        self.offer_permits(webhook);
        if self.limiter.is_behind(webhook) && self.limiter.room(webhook, self.engine.core.clock.now()) > 0 {
            self.start_look();
        }
    }

    /// Forgets attempts that have ended, and looks for more where that makes enough room.
    fn forget_ended(&mut self) {
        while self.running.try_join_next().is_some() {}
        if self.is_short && self.room() * 2 >= LEASED_MAX {
            self.start_look();
        }
        if !self.stale.is_empty() {
            self.running.spawn(give_back(self.engine.core.clone(), std::mem::take(&mut self.stale)));
        }
    }

    /// How long until something is due or may begin: at most a tick.
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
        if let Some(Look::Claiming(claiming, _)) = self.look.take()
            && let Ok(Ok(claims)) = claiming.await
        {
            self.stale.extend(claims.leased);
        }
        self.stale.extend(self.limiter.drain());
        give_back(self.engine.core, self.stale).await;
        while self.running.join_next().await.is_some() {}
    }
}

/// One attempt: reports the response as soon as it is there, and ends when the result is stored.
async fn deliver(engine: Deliveries, delivery: LeasedDelivery, responses: mpsc::UnboundedSender<Response>) {
    let webhook = delivery.webhook_id();
    let result = AssertUnwindSafe(attempt::attempt(&engine.core, delivery)).catch_unwind().await.ok();
    let performance = result.as_ref().map_or(Performance::Bad, |result| result.performance());
    // A dispatcher that stops counts no more.
    let _ = responses.send(Response { webhook, performance });
    let Some(result) = result else {
        tracing::error!(%webhook, "delivery attempt panicked; it is repeated when its lease expires");
        return;
    };
    match engine.core.settle_persistently(|| attempt::settle(&engine, &result)).await {
        // The next one of the conversation may go.
        Ok(()) if result.delivery.lease.in_order => engine.core.notifier.notify_local(Work::Deliveries),
        Ok(()) => {}
        Err(error) => {
            tracing::error!(%webhook, error = %format!("{error:#}"), "delivery result lost; it may be delivered twice");
        }
    }
}

async fn give_back(core: Core, leased: Vec<LeasedDelivery>) {
    if let Err(error) = super::give_back(&core, leased).await {
        tracing::warn!(error = %format!("{error:#}"), "leases cannot be given back; they expire");
    }
}
