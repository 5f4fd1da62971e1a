//! Tells webhooks of a lead: `lead.created` once the person has left their details, `lead.updated` when these change afterwards.
//!
//! Actors: a turn of the agent announces a lead at once where the rule of its project is met, or sets when it is looked at again;
//! the worker of any node looks then, and announces what went silent with a contact detail known, or has stopped changing.

use std::collections::BTreeMap;

use crate::agent::Known;
use crate::core::Core;
use crate::counts::leads::{ChangedLeads, count_leads};
use crate::db::Tx;
use crate::deliveries::emit::{emit_all, event_id};
use crate::domain::event::{CreatedLead, Event, EventType, LeadAnnouncement};
use crate::domain::form::{EMAIL, NAME, PHONE};
use crate::domain::ids::ProjectId;
use crate::domain::lead::CreatedWhen;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::leads::{self, Announcement, DueAnnouncement};

/// How long details have to stay the same before a change is told.
const UPDATE_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// Leads of one transaction.
const BATCH_MAX: u32 = 100;

/// The details that the events tell: of `known` and `intent`, in a conversation with that UUID.
pub(super) fn details<'a>(
    known: &'a BTreeMap<String, Known>,
    intent: Option<&'a str>,
    channel: &'a str,
    conversation_public_id: &'a str,
) -> CreatedLead<'a> {
    let value = |key: &str| known.get(key).map(|known| known.value.as_str());
    CreatedLead {
        name: value(NAME),
        phone: value(PHONE),
        email: value(EMAIL),
        message: intent,
        channel,
        conversation_id: conversation_public_id,
    }
}

/// How a turn ended, as far as the rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The conversation goes on.
    Open,
    /// The lead is complete.
    Complete,
    /// The conversation is a person's now.
    HandedOver,
}

/// What was told of a lead, and will be, after a turn that ended like this.
pub(super) fn after_turn(
    told: &Announcement,
    details: &CreatedLead<'_>,
    rule: CreatedWhen,
    ended: Ended,
    (now, silence): (Timestamp, SignedDuration),
) -> Announcement {
    if told.at.is_some() {
        let is_changed = told.details.as_deref() != Some(&details.to_json());
        return Announcement { due_at: is_changed.then_some(now + UPDATE_AFTER), ..told.clone() };
    }
    let has_contact = details.email.is_some() || details.phone.is_some();
    let is_met = match (rule, ended) {
        (_, Ended::Complete) => true,
        (CreatedWhen::Contact, _) | (CreatedWhen::Details, Ended::HandedOver) => has_contact,
        (CreatedWhen::Details, Ended::Open) => has_contact && details.name.is_some(),
    };
    if is_met {
        return Announcement { at: Some(now), details: Some(details.to_json()), due_at: None };
    }
    Announcement { due_at: has_contact.then_some(now + silence), ..Announcement::default() }
}

/// Announces the leads that are due, and gives how many there were.
pub async fn announce_due(core: &Core) -> anyhow::Result<usize> {
    let mut all = 0;
    loop {
        let (inside, now) = (core.clone(), core.clock.now());
        let due = core.db.write(async move |tx| announce(tx, &inside, now).await).await?;
        all += due;
        if due > 0 {
            core.notifier.notify(Work::Deliveries);
        }
        if due < BATCH_MAX as usize {
            return Ok(all);
        }
    }
}

async fn announce(tx: &Tx, core: &Core, now: Timestamp) -> anyhow::Result<usize> {
    let due = leads::lock_due_announcements(tx, now, BATCH_MAX).await?;
    let mut events = Vec::new();
    let mut announced = Vec::new();
    for lead in &due {
        let (event, told) = look_at(lead, || event_id(&core.random, now), now)?;
        events.extend(event);
        announced.push((lead.project, lead.conversation, told));
    }
    let events: Vec<_> = events.iter().map(|(project, event)| (*project, event)).collect();
    emit_all(tx, &core.row_keys, &events).await?;
    leads::set_announcements(tx, &announced).await?;
    let conversations = announced.iter().map(|(project, conversation, _)| (*project, *conversation)).collect();
    count_leads(tx, core, ChangedLeads { conversations, removed: Vec::new() }, now).await?;
    Ok(due.len())
}

/// The event of a lead that is due, if there is something to tell, and what is told then.
fn look_at(
    lead: &DueAnnouncement,
    event_id: impl Fn() -> String,
    now: Timestamp,
) -> anyhow::Result<(Option<(ProjectId, Event)>, Announcement)> {
    let known: BTreeMap<String, Known> = serde_json::from_str(&lead.fields)?;
    let details = details(&known, lead.intent.as_deref(), lead.channel.as_str(), &lead.conversation_public_id);
    let text = details.to_json();
    let told = &lead.announcement;
    if told.at.is_some() && told.details.as_deref() == Some(&text) {
        return Ok((None, Announcement { due_at: None, ..told.clone() }));
    }
    let event_type = if told.at.is_some() { EventType::LeadUpdated } else { EventType::LeadCreated };
    let announcement =
        LeadAnnouncement { project_id: &lead.project_public_id, conversation: lead.conversation, lead: &details };
    let event = Event::lead_announced(event_type, event_id(), &announcement, now);
    let told = Announcement { at: told.at.or(Some(now)), details: Some(text), due_at: None };
    Ok((Some((lead.project, event)), told))
}
