//! A run: the time, the nodes, the endpoints, and what happens next.

use anyhow::{Context as _, Result, ensure};
use aurix::core::Core;
use aurix::domain::delivery::{DeliveryStatus, Policy};
use aurix::domain::ids::ProjectId;
use aurix::domain::ids::{DeliveryId, WebhookId};
use aurix::domain::retry::Schedule;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::projects::add_webhook::{NewWebhook, add_webhook};

use super::dice::Dice;
use super::ledger::{Due, Ledger};
use super::node::Node;
use super::receiver::{Endpoint, Mood};
use super::rows;
use crate::support::operator;

/// When every run begins.
const START: &str = "2026-01-02T10:00:00Z";
/// What happens in a run before all faults stop.
const STEPS: usize = 40;
/// Moments that the rest may take.
const REST_MAX: usize = 2_000;

/// What a run shares with the others: the database, and who owns the webhooks.
pub struct Stage {
    pub core: Core,
    pub project: ProjectId,
}

/// What can go wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Receivers that fail, and nothing else: every node does its work in time.
    Receivers,
    /// Nodes die, freeze, stop, and do things in any order.
    Nodes,
    /// Clocks are wrong as well, and are set back and forth.
    Clocks,
}

pub struct World<'a> {
    pub stage: &'a Stage,
    pub dice: Dice,
    pub faults: Faults,
    /// Somebody has set a node's clock.
    pub is_clock_set: bool,
    /// All faults have stopped.
    pub is_calm: bool,
    /// True time.
    pub now: Timestamp,
    pub nodes: Vec<Node>,
    pub endpoints: Vec<Endpoint>,
    pub ledger: Ledger,
    /// Rows were changed, and not looked at since.
    pub is_changed: bool,
    /// What happened, for whoever reads of a failure.
    pub log: Vec<String>,
}

/// Adds a line to the log of a run.
macro_rules! log {
    ($world:expr, $($what:tt)*) => {{
        let line = format!($($what)*);
        let at = $world.now.duration_since($world.start()).as_secs_f64();
        $world.log.push(format!("{at:>12.3} s  {line}"));
    }};
}
pub(super) use log;

/// What happens next.
#[derive(Clone, Copy)]
enum Step {
    Time,
    Turn,
    Claim,
    ClaimAtOnce,
    Start,
    Settle,
    Emit,
    Mood,
    Switch,
    Limit,
    Resend,
    Freeze,
    Crash,
    Stop,
    Clock,
}

const STEPS_OF_ALL: [(u64, Step); 7] = [
    (26, Step::Time),
    (26, Step::Turn),
    (18, Step::Emit),
    (5, Step::Mood),
    (4, Step::Switch),
    (4, Step::Limit),
    (4, Step::Resend),
];
const STEPS_OF_NODES: [(u64, Step); 7] = [
    (14, Step::Claim),
    (4, Step::ClaimAtOnce),
    (10, Step::Start),
    (10, Step::Settle),
    (4, Step::Freeze),
    (3, Step::Crash),
    (3, Step::Stop),
];
const STEPS_OF_CLOCKS: [(u64, Step); 1] = [(5, Step::Clock)];

impl<'a> World<'a> {
    pub async fn begin(stage: &'a Stage, seed: u64) -> Result<Self> {
        rows::clear(&stage.core).await;
        let dice = Dice::of(seed);
        let faults = dice.pick(&[Faults::Receivers, Faults::Nodes, Faults::Nodes, Faults::Clocks]);
        let schedules = ["5s,30s,2m", "1s,1s,1s,1s", "10s", "5s,30s,2m,10m,30m,1h,3h,6h,12h,24h", "3d,3d"];
        let schedule = Schedule::parse(dice.pick(&schedules))?;
        let now = START.parse()?;
        let ledger = Ledger::of(schedule);
        let (nodes, endpoints, log) = (Vec::new(), Vec::new(), Vec::new());
        let mut world = Self {
            stage,
            dice,
            faults,
            is_clock_set: false,
            is_calm: false,
            now,
            nodes,
            endpoints,
            ledger,
            is_changed: false,
            log,
        };
        for _ in 0..world.dice.between(1, 3) {
            let node = world.new_node();
            world.nodes.push(node);
        }
        for _ in 0..world.dice.between(1, 2) {
            world.add_endpoint().await?;
        }
        let (nodes, webhooks, schedule) = (world.nodes.len(), world.endpoints.len(), &world.ledger.schedule);
        let line = format!("{nodes} nodes, {webhooks} webhooks, {schedule:?}, faults of {faults:?}");
        world.log.insert(0, line);
        Ok(world)
    }

    pub fn start(&self) -> Timestamp {
        START.parse().expect("a time")
    }

    /// Which of the endpoints it is.
    pub fn endpoint(&self, webhook: WebhookId) -> usize {
        self.endpoints.iter().position(|endpoint| endpoint.webhook == webhook).expect("webhooks are not removed")
    }

    /// What the log calls a delivery.
    pub fn name(&self, delivery: DeliveryId) -> usize {
        self.ledger.entries.get(&delivery).map_or(0, |entry| entry.name)
    }

    async fn add_endpoint(&mut self) -> Result<()> {
        let retries = self.dice.percent(80);
        let policy = if retries { Policy::Retry } else { Policy::None };
        let limits = self.limits();
        let new = NewWebhook { url: "https://example.com/".to_owned(), policy, limits, ..NewWebhook::default() };
        add_webhook(&self.nodes[0].core, &operator(), self.stage.project, new).await?;
        let webhook = rows::webhooks(&self.stage.core).await.pop().context("it was added")?;
        log!(self, "webhook {} has the policy {policy:?} and {limits:?}", self.endpoints.len() + 1);
        let (well_at, mood) = (self.now, self.dice.pick(&Mood::ALL));
        let (off_since, last_moment, requests) = (None, None, Vec::new());
        self.endpoints.push(Endpoint { webhook, mood, retries, limits, off_since, well_at, last_moment, requests });
        Ok(())
    }

    /// A node that starts: its clock is right, or a little off.
    pub fn new_node(&self) -> Node {
        let skew = match self.faults {
            Faults::Clocks if !self.is_calm => SignedDuration::from_millis(self.dice.between(0, 6_000) as i64 - 3_000),
            _ => SignedDuration::ZERO,
        };
        let mut node = Node::new(&self.stage.core, &self.ledger.schedule, self.dice.below(u64::MAX), self.now, skew);
        node.places = self.dice.pick(&[1, 4, 64]);
        node
    }

    /// All of a run.
    pub async fn run(&mut self) -> Result<()> {
        let of_nodes: &[_] = if self.faults == Faults::Receivers { &[] } else { &STEPS_OF_NODES };
        let of_clocks: &[_] = if self.faults == Faults::Clocks { &STEPS_OF_CLOCKS } else { &[] };
        let steps = [&STEPS_OF_ALL, of_nodes, of_clocks].concat();
        for _ in 0..STEPS {
            let step = self.dice.weighted(&steps);
            self.make(step).await?;
            self.check().await?;
        }
        self.calm_down().await?;
        self.rest().await?;
        self.check_end().await
    }

    async fn make(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Time => return self.pass_time().await,
            Step::Emit => return self.emit().await,
            Step::Mood => return self.change_mood(),
            Step::Switch => return self.switch().await,
            Step::Limit => return self.limit().await,
            Step::Resend => return self.resend().await,
            Step::ClaimAtOnce => return self.claim_at_once().await,
            _ => {}
        }
        let up: Vec<usize> = (0..self.nodes.len()).filter(|at| self.nodes[*at].is_up(self.now)).collect();
        if up.is_empty() {
            return Ok(());
        }
        let node = self.dice.pick(&up);
        match step {
            Step::Claim => self.claim(node).await,
            Step::Start => self.start_due(node).await,
            Step::Settle => self.settle(node, self.dice.between(1, 8) as usize).await,
            Step::Freeze => self.freeze(node),
            Step::Crash => self.crash(node),
            Step::Stop => self.stop(node).await,
            Step::Clock => self.set_clock(node),
            _ => self.turn(node).await,
        }
    }

    /// Lets time pass: to when something is next due, or any.
    async fn pass_time(&mut self) -> Result<()> {
        let by = self.dice.weighted(&[(60, 0), (16, 1), (16, 2), (5, 3), (3, 4)]);
        let to = match by {
            0 => self.next_moment().unwrap_or(self.now + SignedDuration::from_secs(1)),
            1 => self.now + self.dice.milliseconds(1, 500),
            2 => self.now + self.dice.milliseconds(1_000, 40_000),
            3 => self.now + self.dice.milliseconds(60_000, 3_600_000),
            _ => self.now + self.dice.milliseconds(3_600_000, 200_000_000),
        };
        self.pass_to(to).await
    }

    /// Moves all clocks. Where nodes have no faults they do all their work on the way.
    async fn pass_to(&mut self, to: Timestamp) -> Result<()> {
        while self.faults == Faults::Receivers
            && let Some(next) = self.next_moment().filter(|next| *next < to)
        {
            self.move_to(next);
            self.turn_of_all().await?;
        }
        self.move_to(to);
        if self.faults == Faults::Receivers { self.turn_of_all().await } else { Ok(()) }
    }

    async fn turn_of_all(&mut self) -> Result<()> {
        for node in 0..self.nodes.len() {
            self.turn(node).await?;
        }
        Ok(())
    }

    fn move_to(&mut self, to: Timestamp) {
        let by = to.duration_since(self.now);
        self.nodes.iter().for_each(|node| node.core.clock.advance(by));
        self.now = to;
    }

    /// When something happens by itself next.
    fn next_moment(&self) -> Option<Timestamp> {
        let of_nodes = self.nodes.iter().flat_map(Node::moments);
        let of_rows = self.ledger.entries.values().filter_map(|entry| match entry.due {
            Due::At(due) => Some(due),
            Due::Never | Due::Between(..) => None,
        });
        of_nodes.chain(of_rows).filter(|moment| *moment > self.now).min()
    }

    /// All faults stop: clocks are right, receivers well, webhooks on, nodes up.
    async fn calm_down(&mut self) -> Result<()> {
        log!(self, "all faults stop");
        self.is_calm = true;
        for node in &mut self.nodes {
            node.set_skew(SignedDuration::ZERO);
            node.frozen_until = Timestamp::MIN;
        }
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.mood = Mood::Well);
        self.turn_all_on().await?;
        if self.dice.percent(50) {
            self.resend_failed().await?;
        }
        self.check().await
    }

    /// Turns on what is off, and says whether there was something.
    async fn turn_all_on(&mut self) -> Result<bool> {
        let off: Vec<usize> = (0..self.endpoints.len()).filter(|at| self.endpoints[*at].off_since.is_some()).collect();
        for at in &off {
            self.set_active(*at, true).await?;
        }
        Ok(!off.is_empty())
    }

    /// Goes on until nothing is left to do.
    async fn rest(&mut self) -> Result<()> {
        for _ in 0..REST_MAX {
            self.turn_of_all().await?;
            self.check().await?;
            // A request from before may be answered with 410 only now.
            if self.turn_all_on().await? {
                continue;
            }
            let waits = self.ledger.entries.values().any(|entry| entry.due != Due::Never);
            if !waits && self.nodes.iter().all(Node::is_idle) {
                return Ok(());
            }
            let next = self.next_moment().context("something waits, and nothing will ever happen")?;
            self.move_to(next);
        }
        let waiting = self.ledger.entries.values().filter(|entry| entry.due != Due::Never).count();
        ensure!(waiting == 0, "{waiting} deliveries still wait after {REST_MAX} moments without faults");
        Ok(())
    }

    /// Holds what is stored against what should be.
    pub async fn check(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.is_changed) {
            return Ok(());
        }
        let rows = rows::read(&self.stage.core).await;
        self.ledger.compare(&rows.deliveries)?;
        let on = self.endpoints.iter().filter(|endpoint| endpoint.off_since.is_none());
        let on: Vec<WebhookId> = on.map(|endpoint| endpoint.webhook).collect();
        ensure!(rows.on == on, "the webhooks {:?} are on, and {on:?} should be", rows.on);
        Ok(())
    }

    async fn check_end(&mut self) -> Result<()> {
        let mut settled = std::mem::take(&mut self.ledger.settled);
        settled.sort_unstable();
        let logged = rows::logged(&self.stage.core).await;
        ensure!(logged == settled, "the log has the attempts {logged:?}, and {settled:?} were made");
        for entry in self.ledger.entries.values() {
            let is_received = entry.requests.iter().any(|(_, _, is_well)| *is_well);
            ensure!(entry.status != DeliveryStatus::Delivered || is_received, "#{} was never received", entry.name);
            ensure!(entry.status != DeliveryStatus::Pending, "#{} is pending", entry.name);
        }
        Ok(())
    }
}
