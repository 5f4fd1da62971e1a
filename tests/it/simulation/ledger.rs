//! What must be so: the life of each delivery compared with the rows after every step.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::delivery::DeliveryStatus;
use aurix::domain::ids::{ConversationId, DeliveryId, WebhookId};
use aurix::domain::rate_limit::Limits;
use aurix::domain::retry::Schedule;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::store::deliveries::Lease;

use super::rows::Row;

/// How long a claim holds.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// The deliveries of a run, by row key.
pub struct Ledger {
    pub schedule: Schedule,
    pub entries: BTreeMap<DeliveryId, Entry>,
    /// Attempts that were settled, in time or too late: all are in the log.
    pub settled: Vec<(DeliveryId, u32)>,
}

/// A delivery.
pub struct Entry {
    /// What the steps call it.
    pub name: usize,
    pub webhook: WebhookId,
    pub event_id: String,
    conversation: Option<ConversationId>,
    pub status: DeliveryStatus,
    tried: bool,
    holds_slot: bool,
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

    pub fn entry(&mut self, id: DeliveryId) -> Result<&mut Entry> {
        self.entries.get_mut(&id).with_context(|| format!("nobody made the delivery {id}"))
    }

    /// A new event has one delivery for each webhook that is on, due at once.
    pub fn made(
        &mut self,
        event_id: &str,
        conversation: Option<ConversationId>,
        webhooks: &[WebhookId],
        now: Timestamp,
        rows: &BTreeMap<DeliveryId, Row>,
    ) -> Result<()> {
        let new: Vec<_> = rows.iter().filter(|(_, row)| row.event_id == event_id).collect();
        let mut on: Vec<WebhookId> = new.iter().map(|(_, row)| row.webhook).collect();
        on.sort_unstable();
        ensure!(on == webhooks, "an event has deliveries for the webhooks {on:?}, and should for {webhooks:?}");
        for (id, row) in new {
            let entry = Entry {
                name: self.entries.len() + 1,
                webhook: row.webhook,
                event_id: event_id.to_owned(),
                conversation,
                status: DeliveryStatus::Pending,
                tried: false,
                holds_slot: false,
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
    pub fn claimed(&mut self, claimed: &Lease, limits: Limits, now: Timestamp) -> Result<()> {
        let is_tried = self.entry(claimed.id)?.tried;
        let (webhook, conversation) = (claimed.webhook_id, self.entry(claimed.id)?.conversation);
        let name = self.entry(claimed.id)?.name;
        let mut before = self
            .entries
            .values()
            .filter(|before| before.name < name && before.webhook == webhook && before.conversation == conversation);
        if conversation.is_some() && !is_tried {
            let waits_for = before.find(|before| !before.tried).map(|before| before.name);
            ensure!(waits_for.is_none(), "claimed before the first attempt of #{waits_for:?} of its lead has ended");
        }
        let entry = self.entry(claimed.id)?;
        ensure!(entry.status == DeliveryStatus::Pending, "claimed when it was {:?}", entry.status);
        ensure!(matches!(entry.due, Due::At(due) if due <= now), "claimed at {now}, and due {:?}", entry.due);
        let held = entry.claims.iter().find(|claim| claim.holds && now < claim.lease_until);
        ensure!(held.is_none(), "claimed while another held it");
        ensure!(claimed.attempt as usize == entry.claims.len() + 1, "claimed as attempt {}", claimed.attempt);
        entry.claims.iter_mut().for_each(|claim| claim.holds = false);
        let made = entry.claims.len() - entry.resent_after + 1;
        entry.claims.push(Claim { lease_until: now + LEASE, made: made as u32, holds: true, is_resent: false });
        entry.due = Due::At(now + LEASE);
        entry.holds_slot = limits.concurrency.is_some();
        Ok(())
    }

    /// Whether a webhook has work where the clock shows `now`.
    pub fn is_due(&self, webhook: WebhookId, now: Timestamp) -> bool {
        let is_due = |entry: &Entry| matches!(entry.due, Due::At(due) if due <= now);
        self.entries.values().any(|entry| entry.webhook == webhook && is_due(entry))
    }

    /// How many deliveries of a webhook hold a slot where the clock shows `now`.
    pub fn in_flight(&self, webhook: WebhookId, now: Timestamp) -> usize {
        let holds_slot = |entry: &&Entry| {
            entry.webhook == webhook
                && entry.holds_slot
                && entry.claims.last().is_some_and(|claim| claim.holds && now < claim.lease_until)
        };
        self.entries.values().filter(holds_slot).count()
    }

    /// A request begins: the receiver sees the first ones of a lead in order.
    pub fn requested(&mut self, id: DeliveryId, now: Timestamp, ends: Timestamp, is_well: bool) -> Result<()> {
        let entry = self.entry(id)?;
        entry.requests.push((now, ends, is_well));
        let (name, webhook, conversation) = (entry.name, entry.webhook, entry.conversation);
        let is_first = entry.requests.len() == 1;
        for before in self.entries.values().filter(|before| before.name < name) {
            let is_of_lead = conversation.is_some() && before.conversation == conversation && before.webhook == webhook;
            let has_ended = before.requests.iter().any(|(_, ended, _)| *ended <= now);
            ensure!(!is_first || !is_of_lead || has_ended, "the receiver got it before #{} of its lead", before.name);
        }
        Ok(())
    }

    /// A node stored how an attempt went. It counts where the node still had the delivery.
    pub fn settled(
        &mut self,
        claimed: &Lease,
        outcome: &AttemptOutcome,
        retries: bool,
        now: Timestamp,
    ) -> Result<bool> {
        self.settled.push((claimed.id, claimed.attempt));
        let schedule = self.schedule.clone();
        let entry = self.entry(claimed.id)?;
        let is_last = entry.claims.len() == claimed.attempt as usize;
        let Some(claim) = entry.claims.last_mut().filter(|claim| is_last && !claim.is_resent) else { return Ok(false) };
        if entry.status != DeliveryStatus::Pending {
            return Ok(false);
        }
        claim.holds = false;
        entry.tried = true;
        entry.holds_slot = false;
        (entry.status, entry.due) = match outcome {
            AttemptOutcome::Delivered => (DeliveryStatus::Delivered, Due::Never),
            AttemptOutcome::Failed { retry_after, .. } if retries => {
                match schedule.waits().get(claim.made as usize - 1) {
                    None => (DeliveryStatus::Failed, Due::Never),
                    Some(wait) => {
                        let asked = retry_after.map_or(now, |asked| asked.at(now));
                        let longest = now + SignedDuration::try_from(wait.mul_f64(1.1))?;
                        (DeliveryStatus::Pending, Due::Between(asked.max(now + *wait), asked.max(longest)))
                    }
                }
            }
            AttemptOutcome::Failed { .. } | AttemptOutcome::Gone => (DeliveryStatus::Failed, Due::Never),
        };
        Ok(true)
    }

    /// A node gave it back, and lost no attempt by it.
    pub fn given_back(&mut self, claimed: &Lease, now: Timestamp) -> Result<()> {
        let entry = self.entry(claimed.id)?;
        if entry.claims.len() == claimed.attempt as usize && entry.status == DeliveryStatus::Pending {
            entry.claims.pop();
            entry.resent_after = entry.resent_after.min(entry.claims.len());
            entry.holds_slot = false;
            entry.due = Due::At(now);
        }
        Ok(())
    }

    /// Somebody wants it sent again: at least one more attempt is made.
    pub fn resent(&mut self, id: DeliveryId, now: Timestamp) -> Result<()> {
        let entry = self.entry(id)?;
        entry.is_resent = true;
        entry.status = DeliveryStatus::Pending;
        entry.due = Due::At(now);
        entry.resent_after = entry.claims.len();
        for claim in &mut entry.claims {
            (claim.holds, claim.is_resent) = (false, true);
        }
        Ok(())
    }

    /// Holds the rows against what they should be.
    pub fn compare(&mut self, rows: &BTreeMap<DeliveryId, Row>) -> Result<()> {
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
            let expected = (entry.status, attempts, entry.tried, entry.holds_slot, due_at);
            let stored = (row.status, row.attempts, row.tried, row.holds_slot, row.due_at);
            ensure!(stored == expected, "#{name} is {stored:?}, and should be {expected:?}");
        }
        Ok(())
    }
}
