//! What nodes do: claim, begin requests, settle, give back. The flows are the real ones; only the network is not there.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Result, ensure};
use aurix::deliveries::attempt;
use aurix::deliveries::claim::{Claims, Wanted, claim_due, find_waiting};
use aurix::deliveries::give_back;
use aurix::deliveries::{DeliveryResult, LeasedDelivery};
use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::ids::WebhookId;
use aurix::domain::time::{SignedDuration, Timestamp};
use futures_util::future::try_join_all;

use super::ledger::LEASE;
use super::node::{Flight, Held};
use super::receiver::Request;
use super::rows;
use super::world::{Faults, World, log};

/// After that a webhook that was turned off gets nothing: how far ahead is claimed, and how long that holds.
const OFF_WITHIN: SignedDuration = SignedDuration::from_millis(1_500);
/// How long a webhook may fail everything.
const FAILING_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);
/// How wrong clocks may be.
const SKEW_MAX: SignedDuration = SignedDuration::from_hours(3);

impl World<'_> {
    /// All that a node has to do now.
    pub async fn turn(&mut self, at: usize) -> Result<()> {
        self.settle(at, usize::MAX).await?;
        self.start_due(at).await?;
        if self.nodes[at].is_stopping && self.nodes[at].is_idle() {
            self.nodes[at] = self.new_node();
            log!(self, "node {at} starts again");
        }
        self.claim(at).await?;
        self.start_due(at).await
    }

    pub async fn claim(&mut self, at: usize) -> Result<()> {
        if self.nodes[at].is_stopping {
            return Ok(());
        }
        let wanted = self.wanted(at).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        let claims = claim_due(&self.nodes[at].core, wanted).await?;
        self.claimed(vec![(at, claims)])
    }

    /// All nodes claim at the same time.
    pub async fn claim_at_once(&mut self) -> Result<()> {
        let mut claiming = Vec::new();
        for at in 0..self.nodes.len() {
            if self.nodes[at].is_up(self.now) && !self.nodes[at].is_stopping {
                claiming.push((at, self.wanted(at).await?));
            }
        }
        let claims = claiming.into_iter().map(async |(at, wanted)| {
            let claims = claim_due(&self.nodes[at].core, wanted).await?;
            anyhow::Ok((at, claims))
        });
        let claims = try_join_all(claims).await?;
        self.claimed(claims)
    }

    async fn wanted(&self, at: usize) -> Result<Vec<Wanted>> {
        let now = self.nodes[at].core.clock.now();
        let due = if self.dice.percent(20) {
            let due = find_waiting(&self.nodes[at].core).await?.due;
            let is_off = |webhook: &WebhookId| self.endpoints[self.endpoint(*webhook)].off_since.is_some();
            ensure!(!due.iter().any(is_off), "a webhook that is off is due");
            due
        } else {
            // What was due a moment ago may be claimed or turned off now.
            let webhooks = self.endpoints.iter().map(|endpoint| endpoint.webhook);
            webhooks.filter(|webhook| self.ledger.is_due(*webhook, now)).collect()
        };
        let wanted = due.into_iter().map(|webhook| Wanted { webhook, most: self.room(at, webhook) });
        Ok(wanted.filter(|wanted| wanted.most > 0).collect())
    }

    /// How many to claim: mostly as many as can be sent at once.
    fn room(&self, at: usize, webhook: WebhookId) -> u32 {
        let most = self.dice.between(1, 8) as usize;
        if self.dice.percent(10) { most as u32 } else { most.min(self.nodes[at].room(webhook)) as u32 }
    }

    fn claimed(&mut self, claims: Vec<(usize, Claims)>) -> Result<()> {
        let mut latest = Timestamp::MIN;
        let mut all: Vec<(usize, LeasedDelivery)> = Vec::new();
        for (at, claims) in claims {
            latest = latest.max(self.nodes[at].core.clock.now());
            let skew = self.nodes[at].skew;
            self.nodes[at]
                .paced
                .extend(claims.rate_limited.into_iter().map(|(webhook, until)| (webhook, until - skew)));
            all.extend(claims.leased.into_iter().map(|due| (at, due)));
        }
        // Of nodes that claim at once, which was first shows in what they got.
        all.sort_by_key(|(_, due)| due.starts_at);
        self.is_changed |= !all.is_empty();
        let granted: BTreeSet<usize> = all.iter().map(|(_, due)| self.endpoint(due.webhook_id())).collect();
        for (at, due) in all {
            self.claimed_one(at, due)?;
        }
        for endpoint in granted.into_iter().map(|at| &self.endpoints[at]) {
            let in_flight = self.ledger.in_flight(endpoint.webhook, latest);
            let may = endpoint.limits.concurrency.map_or(usize::MAX, |most| most as usize);
            ensure!(in_flight <= may, "{in_flight} are in flight to a webhook, and {may} may be");
        }
        Ok(())
    }

    fn claimed_one(&mut self, at: usize, due: LeasedDelivery) -> Result<()> {
        let now = self.nodes[at].core.clock.now();
        let (id, number, starts_at) = (due.lease.id, due.lease.attempt, due.starts_at);
        log!(self, "node {at} claims #{}, attempt {number}, to begin at {starts_at}", self.name(id));
        let endpoint = self.endpoint(due.webhook_id());
        let limits = self.endpoints[endpoint].limits;
        let entry = self.ledger.entry(id)?;
        ensure!(due.content.event_id == entry.event_id, "#{} is sent as {}", entry.name, due.content.event_id);
        ensure!(self.endpoints[endpoint].off_since.is_none(), "claimed of a webhook that is off");
        self.ledger.claimed(&due.lease, limits, now)?;
        self.endpoints[endpoint].keep_pace(starts_at, now, self.is_clock_set)?;
        let held = Held { limits, lease_until: self.now + LEASE, due };
        self.nodes[at].waiting.entry(held.due.webhook_id()).or_default().push_back(held);
        Ok(())
    }

    /// Begins what may begin now, and gives back what waited too long.
    pub async fn start_due(&mut self, at: usize) -> Result<()> {
        let mut stale = Vec::new();
        let webhooks: Vec<WebhookId> = self.nodes[at].waiting.keys().copied().collect();
        for webhook in webhooks {
            while let Some(held) = self.nodes[at].next(webhook) {
                if held.due.is_stale(self.nodes[at].core.clock.now()) {
                    stale.push(held.due);
                } else {
                    self.begin_request(at, held)?;
                }
            }
        }
        self.give_back(at, stale).await
    }

    fn begin_request(&mut self, at: usize, held: Held) -> Result<()> {
        let due = &held.due;
        let endpoint = &self.endpoints[self.endpoint(due.webhook_id())];
        let attempt = endpoint.mood.answer(&self.dice);
        let ends = self.now + SignedDuration::from_millis(attempt.duration_ms as i64);
        let (id, number) = (due.lease.id, due.lease.attempt);
        log!(self, "node {at} sends #{}, attempt {number}: {:?} at {ends}", self.name(id), attempt.outcome);
        self.check_request(&held, ends)?;
        self.ledger.requested(id, self.now, ends, attempt.outcome == AttemptOutcome::Delivered)?;
        let started_at = self.nodes[at].core.clock.now();
        self.nodes[at].flights.push(Flight { due: held.due, attempt, started_at, ends });
        Ok(())
    }

    /// What the receiver may see when a request begins.
    fn check_request(&mut self, held: &Held, ends: Timestamp) -> Result<()> {
        let (now, id) = (self.now, held.due.lease.id);
        let entry = self.ledger.entry(id)?;
        if self.faults == Faults::Receivers && !entry.is_resent {
            let again = entry.requests.iter().any(|(_, ends, is_well)| *is_well || now < *ends);
            ensure!(!again, "#{} is received again, and nobody asked for it", entry.name);
        }
        let at = self.endpoint(held.due.webhook_id());
        let endpoint = &mut self.endpoints[at];
        let request = Request { started: now, ends, lease_until: held.lease_until, limits: held.limits, delivery: id };
        endpoint.requests.push(request);
        if self.faults == Faults::Clocks {
            return Ok(());
        }
        ensure!(endpoint.off_since.is_none_or(|off| now <= off + OFF_WITHIN), "a webhook that is off gets something");
        endpoint.check_limits(now, &self.ledger)
    }

    /// Gives back what is not to be sent.
    pub async fn give_back(&mut self, at: usize, all: Vec<LeasedDelivery>) -> Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        let now = self.nodes[at].core.clock.now();
        for due in &all {
            log!(self, "node {at} gives back #{}, attempt {}", self.name(due.lease.id), due.lease.attempt);
            self.ledger.given_back(&due.lease, now)?;
        }
        self.is_changed = true;
        give_back(&self.nodes[at].core, all).await
    }

    /// Settles requests that have ended, at most so many, together.
    pub async fn settle(&mut self, at: usize, most: usize) -> Result<()> {
        let ended = self.nodes[at].take_ended(self.now, most);
        if ended.is_empty() {
            return Ok(());
        }
        let (deliveries, now) = (self.nodes[at].deliveries.clone(), self.nodes[at].core.clock.now());
        let mut verdicts = Vec::new();
        for Flight { due, attempt, .. } in &ended {
            let (claimed, endpoint) = (&due.lease, self.endpoint(due.webhook_id()));
            let retries = self.endpoints[endpoint].retries;
            let counts = self.ledger.settled(claimed, &attempt.outcome, retries, now)?;
            let how = if counts { "settles" } else { "is too late with" };
            log!(self, "node {at} {how} #{}, attempt {}", self.name(claimed.id), claimed.attempt);
            verdicts.push((endpoint, attempt.outcome.clone()));
        }
        let result = |Flight { due: delivery, attempt, started_at, .. }| {
            Arc::new(DeliveryResult { delivery, attempt, started_at, jitter: deliveries.core.random.fraction() })
        };
        let results: Vec<_> = ended.into_iter().map(result).collect();
        let settling = results.iter().map(|result| attempt::settle(&deliveries, result));
        try_join_all(settling).await?;
        self.is_changed = true;
        self.judge(verdicts).await
    }

    /// A webhook is turned off when it asks for it, or has failed everything for five days: not otherwise.
    async fn judge(&mut self, verdicts: Vec<(usize, AttemptOutcome)>) -> Result<()> {
        let is_well = |(_, outcome): &(usize, AttemptOutcome)| *outcome == AttemptOutcome::Delivered;
        let rows = if verdicts.iter().all(is_well) { None } else { Some(rows::read(&self.stage.core).await) };
        rows.as_ref().map_or(Ok(()), |rows| self.ledger.compare(&rows.deliveries))?;
        for (endpoint, outcome) in verdicts {
            let endpoint = &mut self.endpoints[endpoint];
            let is_on = rows.as_ref().is_none_or(|rows| rows.on.contains(&endpoint.webhook));
            let failing_for = self.now.duration_since(endpoint.well_at) + SKEW_MAX;
            match outcome {
                AttemptOutcome::Delivered => endpoint.well_at = self.now,
                AttemptOutcome::Gone => {
                    ensure!(!is_on, "a webhook that is gone is still on");
                    endpoint.off_since = endpoint.off_since.or(Some(self.now));
                }
                AttemptOutcome::Failed { .. }
                    if !is_on && endpoint.off_since.is_none() && failing_for >= FAILING_MAX =>
                {
                    endpoint.off_since = Some(self.now);
                }
                AttemptOutcome::Failed { .. } => {}
            }
        }
        Ok(())
    }
}
