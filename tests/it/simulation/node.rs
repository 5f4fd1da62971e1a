//! A node as the dispatcher runs one: what it holds, and its clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use aurix::config::Config;
use aurix::core::{Core, CoreParts};
use aurix::deliveries::Deliveries;
use aurix::deliveries::LeasedDelivery;
use aurix::domain::ids::{RowKeys, WebhookId};
use aurix::domain::random::Random;
use aurix::domain::rate_limit::Limits;
use aurix::domain::retry::Schedule;
use aurix::domain::time::{Clock, SignedDuration, Timestamp};
use aurix::notifier::Notifier;
use aurix::outbound::Attempt;

pub struct Node {
    pub core: Core,
    pub deliveries: Deliveries,
    /// How far its clock is ahead.
    pub skew: SignedDuration,
    /// Claimed, by webhook.
    pub waiting: BTreeMap<WebhookId, VecDeque<Held>>,
    pub flights: Vec<Flight>,
    /// When more can be claimed of webhooks with a rate, in true time.
    pub paced: BTreeMap<WebhookId, Timestamp>,
    /// Requests that it has open to one webhook at most.
    pub places: usize,
    /// It does nothing until then, in true time.
    pub frozen_until: Timestamp,
    /// It has to stop.
    pub is_stopping: bool,
}

/// A delivery that the node has claimed.
pub struct Held {
    pub due: LeasedDelivery,
    /// The limits that its webhook had.
    pub limits: Limits,
    /// In true time.
    pub lease_until: Timestamp,
}

/// A request that has begun.
pub struct Flight {
    pub due: LeasedDelivery,
    pub attempt: Attempt,
    /// As the node's clock showed.
    pub started_at: Timestamp,
    /// In true time.
    pub ends: Timestamp,
}

impl Node {
    /// One that has just started.
    pub fn new(base: &Core, schedule: &Schedule, seed: u64, now: Timestamp, skew: SignedDuration) -> Self {
        let (clock, random) = (Clock::manual(now + skew), Random::seeded(seed));
        let config = Config { retry_schedule: schedule.clone(), ..base.config.clone() };
        let core = Core::new(CoreParts {
            templates: Default::default(),
            sources: Default::default(),
            config,
            db: base.db.clone(),
            row_keys: RowKeys::new(i64::try_from(seed % 4_096).expect("it fits")),
            seal: base.seal.clone(),
            webhook_client: base.webhook_client.clone(),
            platform_client: base.platform_client.clone(),
            mailer: None,
            llm: None,
            metrics: Default::default(),
            notifier: Notifier::default(),
            clock,
            random,
        });
        let deliveries = Deliveries::new(core.clone(), Duration::ZERO);
        let (waiting, flights, paced) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self {
            core,
            deliveries,
            skew,
            waiting,
            flights,
            paced,
            places: 64,
            frozen_until: Timestamp::MIN,
            is_stopping: false,
        }
    }

    pub fn is_up(&self, now: Timestamp) -> bool {
        self.frozen_until <= now
    }

    /// Sets its clock so far ahead.
    pub fn set_skew(&mut self, skew: SignedDuration) {
        self.core.clock.advance(skew - self.skew);
        self.skew = skew;
    }

    /// Takes what ended before `now`, at most `most`.
    pub fn take_ended(&mut self, now: Timestamp, most: usize) -> Vec<Flight> {
        let ended = |flight: &mut Flight| flight.ends <= now;
        self.flights.extract_if(.., ended).take(most).collect()
    }

    /// How many more of a webhook it can have.
    pub fn room(&self, webhook: WebhookId) -> usize {
        let waiting = self.waiting.get(&webhook).map_or(0, VecDeque::len);
        self.places.saturating_sub(self.open(webhook) + waiting)
    }

    fn open(&self, webhook: WebhookId) -> usize {
        self.flights.iter().filter(|flight| flight.due.webhook_id() == webhook).count()
    }

    /// Takes the next one that may begin, if its webhook has a place.
    pub fn next(&mut self, webhook: WebhookId) -> Option<Held> {
        let open = self.open(webhook);
        let queue = self.waiting.get_mut(&webhook)?;
        let (now, due) = (self.core.clock.now(), &queue.front()?.due);
        let waits = now < due.starts_at && !due.is_stale(now);
        if open >= self.places || waits { None } else { queue.pop_front() }
    }

    /// Moments at which it has something to do, in true time.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let starts = self.waiting.values().filter_map(|queue| Some(queue.front()?.due.starts_at - self.skew));
        let ends = self.flights.iter().map(|flight| flight.ends);
        starts.chain(ends).chain(self.paced.values().copied()).chain([self.frozen_until])
    }

    pub fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.waiting.values().all(VecDeque::is_empty)
    }
}
