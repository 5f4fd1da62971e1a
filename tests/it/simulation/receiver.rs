//! The webhooks' endpoints: how they respond, and what they got.

use anyhow::{Result, ensure};
use aurix::domain::attempt_result::{AttemptResult, NoResponse};
use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::ids::{DeliveryId, WebhookId};
use aurix::domain::rate_limit::Limits;
use aurix::domain::retry::RetryAfter;
use aurix::domain::signature::Signatures;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::outbound::{Attempt, Sent};

use super::dice::Dice;
use super::ledger::Ledger;

/// The time in which the receiver looks at its rate.
const WINDOW: SignedDuration = SignedDuration::from_secs(10);

/// How an endpoint is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    Slow,
    Flaky,
    Dead,
}

impl Mood {
    pub const ALL: [Self; 4] = [Self::Well, Self::Slow, Self::Flaky, Self::Dead];

    /// How it takes the next request.
    pub fn answer(self, dice: &Dice) -> Attempt {
        let (outcome, duration) = match self {
            Self::Well => (AttemptOutcome::Delivered, dice.between(5, 300)),
            Self::Slow => (AttemptOutcome::Delivered, dice.between(1_000, 15_000)),
            Self::Flaky => match dice.below(20) {
                0..9 => (AttemptOutcome::Delivered, dice.between(5, 3_000)),
                9..13 => (failed(None), 15_000),
                13..16 => (failed(Some(retry_after(dice))), dice.between(5, 300)),
                16 => (AttemptOutcome::Gone, dice.between(5, 300)),
                _ => (failed(None), dice.between(5, 300)),
            },
            Self::Dead => (failed(None), dice.pick(&[1, 15_000])),
        };
        Attempt {
            sent: Sent {
                version: String::new(),
                template: None,
                signatures: Some(Signatures { hub: String::new(), webhook: String::new() }),
                custom: Vec::new(),
            },
            status: None,
            response_headers: Vec::new(),
            response_body: String::new(),
            duration_ms: duration,
            result: AttemptResult::None(NoResponse::TooSlow),
            outcome,
        }
    }
}

fn failed(retry_after: Option<RetryAfter>) -> AttemptOutcome {
    AttemptOutcome::Failed { error: "simulated".to_owned(), retry_after }
}

fn retry_after(dice: &Dice) -> RetryAfter {
    RetryAfter::wait(SignedDuration::from_secs(dice.pick(&[1, 20, 600, 7_200, 172_800])))
}

/// Where the events of one webhook go.
pub struct Endpoint {
    /// Row key.
    pub webhook: WebhookId,
    pub mood: Mood,
    pub retries: bool,
    pub limits: Limits,
    /// Since when it has been off, in true time.
    pub off_since: Option<Timestamp>,
    /// The last sign that it is well, in true time: a response, or a person who turned it on.
    pub well_at: Timestamp,
    /// The last moment that its rate gave away, and the rate.
    pub last_moment: Option<(Timestamp, u32)>,
    /// When requests began and end, oldest first.
    pub requests: Vec<Request>,
}

/// A request that has begun. Times are true.
pub struct Request {
    pub started: Timestamp,
    pub ends: Timestamp,
    /// How long it holds its place.
    pub lease_until: Timestamp,
    /// The limits that it was claimed under.
    pub limits: Limits,
    pub delivery: DeliveryId,
}

impl Endpoint {
    /// The moments that a rate gives away are so far apart, over all nodes: but where somebody set a clock, by which they
    /// begin anew rather than wait for as long.
    pub fn keep_pace(&mut self, starts_at: Timestamp, now: Timestamp, is_clock_set: bool) -> Result<()> {
        let Some(rate) = self.limits.rate_per_second else {
            ensure!(starts_at == now, "without a rate it may begin at once, not at {starts_at}");
            return Ok(());
        };
        ensure!(starts_at >= now, "it may begin before it was claimed");
        if let Some((last, rate)) = self.last_moment {
            let distance = SignedDuration::from_micros(1_000_000 / i64::from(rate));
            ensure!(
                is_clock_set || starts_at >= last + distance,
                "one begins at {last}, the next at {starts_at}: {rate} a second may"
            );
        }
        self.last_moment = Some((starts_at, rate));
        Ok(())
    }

    /// What the receiver sees of its limits when the last request begins, where clocks are right.
    pub fn check_limits(&self, now: Timestamp, ledger: &Ledger) -> Result<()> {
        // Somebody who sends again what is in flight does not wait for its place.
        let is_resent = |delivery: &DeliveryId| ledger.entries.get(delivery).is_some_and(|entry| entry.is_resent);
        let is_open = |request: &&Request| now < request.ends && now < request.lease_until;
        let open = self.requests.iter().filter(is_open).filter(|request| !is_resent(&request.delivery));
        let limits = open.filter_map(|request| request.limits.concurrency);
        let (open, may) = (limits.clone().count(), limits.max().unwrap_or(0));
        ensure!(open <= may as usize, "{open} requests are open, and {may} may be");
        let recent = self.requests.iter().filter(|request| now < request.started + WINDOW);
        let rates = recent.filter_map(|request| request.limits.rate_per_second);
        let (begun, rate) = (rates.clone().count() as i64, rates.max().unwrap_or(0));
        // A node may be a second late with one.
        let may = i64::from(rate) * (WINDOW.as_secs() + 1) + 1;
        ensure!(begun <= may, "{begun} requests began within {WINDOW:?}, at {rate} a second");
        Ok(())
    }
}
