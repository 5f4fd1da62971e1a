//! What must be so: the life of each delivery as it was promised, held against the rows after every step.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use aurix::domain::pace::Limits;
use aurix::domain::retry::Schedule;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::outbound::Outcome;
use aurix::store::deliveries::Claimed;

use super::rows::Row;

/// How long a claim holds.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// The deliveries of a run, by row key.
pub struct Ledger {
    pub schedule: Schedule,
    pub entries: BTreeMap<i64, Entry>,
    /// Attempts that were settled, in time or too late: all are in the log.
    pub settled: Vec<(i64, u32)>,
}

/// A delivery.
pub struct Entry {
    /// What the steps call it.
    pub name: usize,
    pub webhook: i64,
    pub event_id: String,
    conversation: Option<i64>,
    pub status: &'static str,
    tried: bool,
    takes_place: bool,
    pub due: Due,
    /// Those that were not given back.
    claims: Vec<Claim>,
    /// How many claims there were when somebody resent it last.
    resent_after: usize,
    pub is_resent: bool,
    /// In true time, when its requests began, ended, and whether they were answered well.
    pub requests: Vec<(Timestamp, Timestamp, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Never,
    At(Timestamp),
    Between(Timestamp, Timestamp),
}

struct Claim {
    lease_until: Timestamp,
    /// Which attempt of the retry schedule it is.
    made: u32,
    /// Nobody else claimed it since, nobody resent it, and it is not settled.
    holds: bool,
    /// Somebody resent it since.
    is_resent: bool,
}

impl Ledger {
    pub fn of(schedule: Schedule) -> Self {
        Self { schedule, entries: BTreeMap::new(), settled: Vec::new() }
    }

    pub fn entry(&mut self, id: i64) -> Result<&mut Entry> {
        self.entries.get_mut(&id).with_context(|| format!("nobody made the delivery {id}"))
    }

    /// A new event has one delivery for each webhook that is on, due at once.
    pub fn made(
        &mut self,
        event_id: &str,
        conversation: Option<i64>,
        webhooks: &[i64],
        now: Timestamp,
        rows: &BTreeMap<i64, Row>,
    ) -> Result<()> {
        let new: Vec<_> = rows.iter().filter(|(_, row)| row.event_id == event_id).collect();
        let mut on: Vec<i64> = new.iter().map(|(_, row)| row.webhook).collect();
        on.sort_unstable();
        ensure!(on == webhooks, "an event has deliveries for the webhooks {on:?}, and should for {webhooks:?}");
        for (id, row) in new {
            let entry = Entry {
                name: self.entries.len() + 1,
                webhook: row.webhook,
                event_id: event_id.to_owned(),
                conversation,
                status: "pending",
                tried: false,
                takes_place: false,
                due: Due::At(now),
                claims: Vec::new(),
                resent_after: 0,
                is_resent: false,
                requests: Vec::new(),
            };
            self.entries.insert(*id, entry);
        }
        Ok(())
    }

    /// A node whose clock shows `now` claimed it.
    pub fn claimed(&mut self, claimed: &Claimed, limits: Limits, now: Timestamp) -> Result<()> {
        let is_tried = self.entry(claimed.id)?.tried;
        let (webhook, conversation) = (claimed.webhook_id, self.entry(claimed.id)?.conversation);
        let before = self.entries.range(..claimed.id).map(|(_, before)| before);
        let mut before = before.filter(|before| before.webhook == webhook && before.conversation == conversation);
        if conversation.is_some() && !is_tried {
            let waits_for = before.find(|before| !before.tried).map(|before| before.name);
            ensure!(waits_for.is_none(), "claimed before the first attempt of #{waits_for:?} of its lead has ended");
        }
        let entry = self.entry(claimed.id)?;
        ensure!(entry.status == "pending", "claimed when it was {}", entry.status);
        ensure!(matches!(entry.due, Due::At(due) if due <= now), "claimed at {now}, and due {:?}", entry.due);
        let held = entry.claims.iter().find(|claim| claim.holds && now < claim.lease_until);
        ensure!(held.is_none(), "claimed while another held it");
        ensure!(claimed.attempt as usize == entry.claims.len() + 1, "claimed as attempt {}", claimed.attempt);
        entry.claims.iter_mut().for_each(|claim| claim.holds = false);
        let made = entry.claims.len() - entry.resent_after + 1;
        entry.claims.push(Claim { lease_until: now + LEASE, made: made as u32, holds: true, is_resent: false });
        entry.due = Due::At(now + LEASE);
        entry.takes_place = limits.concurrency.is_some();
        Ok(())
    }

    /// Whether a webhook has work where the clock shows `now`.
    pub fn is_due(&self, webhook: i64, now: Timestamp) -> bool {
        let is_due = |entry: &Entry| matches!(entry.due, Due::At(due) if due <= now);
        self.entries.values().any(|entry| entry.webhook == webhook && is_due(entry))
    }

    /// How many deliveries of a webhook take a place where the clock shows `now`.
    pub fn in_flight(&self, webhook: i64, now: Timestamp) -> usize {
        let takes_place = |entry: &&Entry| {
            entry.webhook == webhook
                && entry.takes_place
                && entry.claims.last().is_some_and(|claim| claim.holds && now < claim.lease_until)
        };
        self.entries.values().filter(takes_place).count()
    }

    /// A request begins: the receiver sees the first ones of a lead in order.
    pub fn requested(&mut self, id: i64, now: Timestamp, ends: Timestamp, is_well: bool) -> Result<()> {
        let entry = self.entry(id)?;
        entry.requests.push((now, ends, is_well));
        let (webhook, conversation, is_first) = (entry.webhook, entry.conversation, entry.requests.len() == 1);
        for before in self.entries.range(..id).map(|(_, before)| before) {
            let is_of_lead = conversation.is_some() && before.conversation == conversation && before.webhook == webhook;
            let has_ended = before.requests.iter().any(|(_, ended, _)| *ended <= now);
            ensure!(!is_first || !is_of_lead || has_ended, "the receiver got it before #{} of its lead", before.name);
        }
        Ok(())
    }

    /// A node stored how an attempt went. It counts where the node still had the delivery.
    pub fn settled(&mut self, claimed: &Claimed, outcome: &Outcome, retries: bool, now: Timestamp) -> Result<bool> {
        self.settled.push((claimed.id, claimed.attempt));
        let schedule = self.schedule.clone();
        let entry = self.entry(claimed.id)?;
        let is_last = entry.claims.len() == claimed.attempt as usize;
        let Some(claim) = entry.claims.last_mut().filter(|claim| is_last && !claim.is_resent) else { return Ok(false) };
        if entry.status != "pending" {
            return Ok(false);
        }
        claim.holds = false;
        entry.tried = true;
        entry.takes_place = false;
        (entry.status, entry.due) = match outcome {
            Outcome::Delivered => ("delivered", Due::Never),
            Outcome::Failed { retry_after, .. } if retries => match schedule.waits().get(claim.made as usize - 1) {
                None => ("failed", Due::Never),
                Some(wait) => {
                    let asked = retry_after.map_or(now, |asked| asked.at(now));
                    let longest = now + SignedDuration::try_from(wait.mul_f64(1.1))?;
                    ("pending", Due::Between(asked.max(now + *wait), asked.max(longest)))
                }
            },
            Outcome::Failed { .. } | Outcome::Gone => ("failed", Due::Never),
        };
        Ok(true)
    }

    /// A node gave it back, and lost no attempt by it.
    pub fn given_back(&mut self, claimed: &Claimed, now: Timestamp) -> Result<()> {
        let entry = self.entry(claimed.id)?;
        if entry.claims.len() == claimed.attempt as usize && entry.status == "pending" {
            entry.claims.pop();
            entry.resent_after = entry.resent_after.min(entry.claims.len());
            entry.takes_place = false;
            entry.due = Due::At(now);
        }
        Ok(())
    }

    /// Somebody wants it sent again: at least one more attempt is made.
    pub fn resent(&mut self, id: i64, now: Timestamp) -> Result<()> {
        let entry = self.entry(id)?;
        entry.is_resent = true;
        entry.status = "pending";
        entry.due = Due::At(now);
        entry.resent_after = entry.claims.len();
        for claim in &mut entry.claims {
            (claim.holds, claim.is_resent) = (false, true);
        }
        Ok(())
    }

    /// Holds the rows against what they should be.
    pub fn compare(&mut self, rows: &BTreeMap<i64, Row>) -> Result<()> {
        ensure!(rows.len() == self.entries.len(), "there are {} deliveries, not {}", rows.len(), self.entries.len());
        for (id, entry) in &mut self.entries {
            let name = entry.name;
            let row = rows.get(id).with_context(|| format!("#{name} is gone"))?;
            entry.due = match (row.due_at, entry.due) {
                (Some(due), Due::Between(first, last)) if first <= due && due <= last => Due::At(due),
                (_, expected) => expected,
            };
            let due_at = match entry.due {
                Due::Never => None,
                Due::At(due) | Due::Between(due, _) => Some(due),
            };
            let attempts = entry.claims.len() as u32;
            let expected = (entry.status, attempts, entry.tried, entry.takes_place, due_at);
            let stored = (row.status.as_str(), row.attempts, row.tried, row.takes_place, row.due_at);
            ensure!(stored == expected, "#{name} is {stored:?}, and should be {expected:?}");
        }
        Ok(())
    }
}
