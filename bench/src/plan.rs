//! What to measure, how long, and how much of it.

use std::time::Duration;

/// The longest slice before the other side has its turn.
const SLICE_MAX: Duration = Duration::from_millis(500);

/// The longest time for one side, in seconds.
pub const SECONDS_MAX: f64 = 600.0;
/// The most connections.
pub const CONNECTIONS_MAX: usize = 1024;
/// The most clicks per second of a fixed rate.
pub const RATE_MAX: u64 = 20_000;
/// The most leads of the list.
pub const ROWS_MAX: u64 = 100_000_000;
/// The most webhooks that respond.
pub const WEBHOOKS_MAX: usize = 10_000;
/// The most deliveries that wait for webhooks that never respond.
pub const WAITING_MAX: u64 = 10_000_000;
/// The most processes on one database.
pub const NODES_MAX: usize = 16;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Clicks of a widget, on disk before the visitor is sent on.
    Click,
    /// Signed WhatsApp messages of distinct people, on disk before the platform is answered.
    Message,
    /// Events on their way to a webhook that responds at once.
    Deliver,
    /// Clicks at a fixed rate (--rate), each timed from its scheduled moment to its response and to its event's arrival; and
    /// clicks at full speed with their deliveries.
    EndToEnd,
    /// Page 1 and page 10,000 of leads over a table of --rows, and a stream of up to 1,000,000.
    List,
    /// One click, and how long it takes until --webhooks have its event.
    FanOut,
    /// --webhooks that respond, quiet and then beside 10 that never do, with --waiting deliveries between them.
    Slow,
    /// A webhook that responds, quiet and then beside one that is flooded with 1,200 events a second and takes 20 seconds for each.
    Flood,
}

impl Kind {
    /// All, in the order in which they are measured.
    const ALL: [Self; 8] =
        [Self::Message, Self::Click, Self::Deliver, Self::EndToEnd, Self::List, Self::FanOut, Self::Slow, Self::Flood];
    /// What is measured unless the caller says otherwise.
    const USUAL: [Self; 4] = [Self::Message, Self::Click, Self::Deliver, Self::EndToEnd];
}

/// What to measure, and how long.
pub struct Plan {
    /// Seconds of load for each side.
    pub seconds: f64,
    /// Connections that click or send at once.
    pub connections: usize,
    /// Clicks per second where the rate is fixed.
    pub rate: u64,
    /// Leads in the list.
    pub rows: u64,
    /// Webhooks that respond, of `fan-out` and `slow`.
    pub webhooks: usize,
    /// Deliveries that wait for webhooks that never respond.
    pub waiting: u64,
    /// Counts of processes on one database to measure click and deliver with.
    pub nodes: Vec<usize>,
    /// Runs beside what is measured.
    pub attach: Option<String>,
    /// What to measure; [`Plan::choose`] fills it.
    pub kinds: Vec<Kind>,
}

impl Plan {
    /// Measures `only` these; all of them; or, where neither is said, the usual ones, or nothing besides `nodes`.
    pub fn choose(mut self, only: &[Kind], all: bool) -> Self {
        self.kinds = match only {
            _ if all => Kind::ALL.to_vec(),
            [] if self.nodes.is_empty() => Kind::USUAL.to_vec(),
            only => Kind::ALL.into_iter().filter(|kind| only.contains(kind)).collect(),
        };
        self
    }

    pub fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    pub fn slice(&self) -> Duration {
        self.length().min(SLICE_MAX)
    }

    /// How often each side has its turn.
    pub fn rounds(&self) -> u32 {
        let rounds = (self.seconds / self.slice().as_secs_f64()).round();
        (1..=u32::MAX).find(|round| f64::from(*round) >= rounds).unwrap_or(1)
    }

    /// The time of one side.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Clicks of `times` as long at the fixed rate.
    pub fn clicks_at_rate(&self, times: f64) -> u64 {
        ((self.seconds * times * self.rate as f64).ceil() as u64).max(1)
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seconds: 5.0,
            connections: 64,
            rate: 500,
            rows: 1_000_000,
            webhooks: 1_000,
            waiting: 100_000,
            nodes: Vec::new(),
            attach: None,
            kinds: Kind::USUAL.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_follows_what_was_said() {
        let kinds = |nodes: &[usize], only: &[Kind], all| {
            Plan { nodes: nodes.to_vec(), ..Plan::default() }.choose(only, all).kinds
        };
        assert_eq!(kinds(&[], &[], false), Kind::USUAL);
        assert_eq!(kinds(&[], &[], true), Kind::ALL);
        assert_eq!(kinds(&[], &[Kind::Slow, Kind::Click], false), [Kind::Click, Kind::Slow]);
        assert_eq!(kinds(&[1, 2], &[], false), []);
        assert_eq!(kinds(&[1, 2], &[Kind::Click], false), [Kind::Click]);
    }

    #[test]
    fn a_side_has_as_many_turns_as_fit() {
        let plan = |seconds| Plan { seconds, ..Plan::default() };
        assert_eq!((plan(5.0).rounds(), plan(5.0).slice()), (10, SLICE_MAX));
        assert_eq!((plan(0.2).rounds(), plan(0.2).slice()), (1, Duration::from_millis(200)));
        assert_eq!((plan(5.0).clicks_at_rate(2.0), plan(0.001).clicks_at_rate(1.0)), (5_000, 1));
    }
}
