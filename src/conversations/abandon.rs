//! Tells webhooks of leads that were abandoned: the person went silent before all that the form requires was known. Once per lead.
//!
//! Actors: a turn of the agent sets when (`nudge::silence_after`); the worker of any node looks every second, locks what is due and
//! emits the event in the same transaction. A conversation that is a person's, or waits for one, is not abandoned by the customer.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;

use super::decide_turn::lead_data;
use crate::agent::{self, Known};
use crate::core::Core;
use crate::db::Tx;
use crate::deliveries::emit::{emit_all, event_id};
use crate::domain::event::{AbandonedData, Event};
use crate::domain::form::Form;
use crate::domain::ids::ConversationId;
use crate::domain::lead::Handling;
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::silences::{self, DueAbandoned};
use crate::store::{leads, projects};

/// Conversations of one transaction.
const BATCH_MAX: u32 = 100;

/// Tells of the leads that count as abandoned now, and gives how many conversations were looked at.
pub async fn abandon_due(core: &Core) -> anyhow::Result<usize> {
    let mut all = 0;
    loop {
        let (inside, now) = (core.clone(), core.clock.now());
        let found = core.db.write(async move |tx| abandon_batch(tx, &inside, now).await).await?;
        all += found;
        if found < BATCH_MAX as usize {
            break;
        }
    }
    if all > 0 {
        core.notifier.notify(Work::Deliveries);
    }
    Ok(all)
}

async fn abandon_batch(tx: &Tx, core: &Core, now: Timestamp) -> anyhow::Result<usize> {
    let due = silences::lock_due_abandoned(tx, now, BATCH_MAX).await?;
    let is_abandoned =
        |one: &DueAbandoned| !one.is_complete && matches!(one.handling, Handling::Agent | Handling::Stopped);
    let keys: Vec<_> = due.iter().filter(|one| is_abandoned(one)).map(|one| (one.project, one.conversation)).collect();
    let ids: HashMap<ConversationId, String> = leads::correlation_ids(tx, &keys).await?.into_iter().collect();
    let mut forms = BTreeMap::new();
    let mut events = Vec::new();
    for one in &due {
        let told_at = is_abandoned(one).then_some(now);
        silences::settle_abandoned(tx, one.project, one.conversation, told_at).await?;
        if told_at.is_none() {
            continue;
        }
        let form = match forms.entry(one.project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let form = projects::get(tx, one.project).await?.form;
                new.insert(form.as_deref().map_or_else(|| Ok(Form::default_form()), Form::parse)?)
            }
        };
        let correlation_id = ids.get(&one.conversation).map(String::as_str);
        let event = event_of(one, form, correlation_id, event_id(&core.random, now), now)?;
        events.push((one.project, event));
    }
    let events: Vec<_> = events.iter().map(|(project, event)| (*project, event)).collect();
    emit_all(tx, &core.row_keys, &events).await?;
    Ok(due.len())
}

fn event_of(
    due: &DueAbandoned,
    form: &Form,
    correlation_id: Option<&str>,
    event_id: String,
    now: Timestamp,
) -> anyhow::Result<Event> {
    let known: BTreeMap<String, Known> = serde_json::from_str(&due.fields).context("reading a lead's fields")?;
    let missing: Vec<&str> = agent::missing(form, &known).into_iter().map(|field| field.key.as_str()).collect();
    let data = AbandonedData {
        correlation_id,
        conversation_id: due.conversation,
        lead_status: "abandoned",
        lead_data: &lead_data(&known, due.intent.as_deref()),
        missing: &missing,
    };
    Ok(Event::lead_abandoned(event_id, &data, now))
}
