//! What a person of the business knows of a lead: a field's value, a note.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::announce_lead::{Ended, after_turn, details};
use super::decide_turn::lead_data;
use super::found_by::index_fields;
use crate::agent::Known;
use crate::core::Core;
use crate::counts::leads::{ChangedLeads, count_leads};
use crate::db::Tx;
use crate::deliveries::emit::{emit_all, event_id};
use crate::domain::account::Email;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::event::{CompleteData, Event, EventType, LeadAnnouncement};
use crate::domain::form::{EMAIL, FieldKind, Form, PHONE};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead::{Activity, FieldSource};
use crate::domain::phone::{PhoneNumber, Region};
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::handling::{self, Handled};
use crate::store::lead_fields::{self, NewValue};
use crate::store::leads::{self, Lead};
use crate::store::projects::Project;
use crate::store::{audit, lead_activity, projects, turns};

/// Characters of a value.
const VALUE_CHARS_MAX: usize = 1_000;
/// Characters of a note.
pub const NOTE_CHARS_MAX: usize = 4_000;

/// Why a lead stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum EditRefused {
    /// There is no such lead.
    #[error("there is no such lead in this project")]
    Unknown,
    /// The person was erased.
    #[error("this person was erased: nothing is kept of them any more")]
    Erased,
    /// There is no such field.
    #[error("the lead form has no such field: add it there first")]
    Field,
    /// The value does not fit its field.
    #[error("{0}")]
    Value(String),
    /// The text is empty or too long.
    #[error("write 1 to {0} characters")]
    Length(usize),
    /// Storing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Sets the value of a field; an empty one removes it. A turn that is under way is taken again, so that it does not undo this. Where
/// it was the last one that the form requires, the lead is complete.
pub async fn set_field(
    core: &Core,
    actor: &Actor,
    (project, lead): (ProjectId, LeadId),
    key: &str,
    value: &str,
) -> Result<(), EditRefused> {
    let (inside, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let (key, value) = (key.to_owned(), value.trim().to_owned());
    let edited = core.db.write(async move |tx| {
        let Some(handled) = handling::lock(tx, project, lead).await? else { return Ok(Err(EditRefused::Unknown)) };
        let project = projects::get(tx, project).await?;
        let mut stored = only_lead(tx, project.id, handled.conversation).await?;
        let mut known: BTreeMap<String, Known> = serde_json::from_str(&stored.fields)?;
        let form = form_of(&project)?;
        let value = match check_value(&project, (&form, &known), &key, &value) {
            _ if !handled.is_reachable => return Ok(Err(EditRefused::Erased)),
            Err(refused) => return Ok(Err(refused)),
            Ok(value) => value,
        };
        if value.is_empty() {
            known.remove(&key);
        } else {
            known.insert(key.clone(), Known { value: value.clone(), words: value.clone(), at: Some(now) });
        }
        let events = Events { core: &inside, project: &project, form: &form, handled: &handled };
        let events = events.of_edit(tx, &mut stored, &known, now).await?;
        stored.fields = serde_json::to_string(&known)?;
        leads::settle(tx, &[(project.id, &stored)], now).await?;
        turns::interrupt(tx, project.id, handled.conversation, Some(now)).await?;
        index_fields(tx, project.id, lead, &known).await?;
        let kept = NewValue {
            project: project.id,
            lead,
            key: key.clone(),
            words: value.clone(),
            value,
            source: FieldSource::Person,
            message: None,
            user: actor.user(),
        };
        lead_fields::insert(tx, &[kept], now).await?;
        lead_activity::insert(tx, project.id, lead, (Activity::Field, &key, actor.user()), now).await?;
        let events: Vec<_> = events.iter().map(|event| (project.id, event)).collect();
        emit_all(tx, &inside.row_keys, &events).await?;
        // The log is kept for ever: it names the field, not what is personal.
        let change = Change::new(Action::EditLead, Object::Lead(lead)).with(json!({"field": key}));
        audit::record(tx, project.id, &actor, &change, now).await?;
        count_leads(tx, &inside, ChangedLeads::of(project.id, handled.conversation), now).await?;
        Ok(Ok(()))
    });
    edited.await??;
    core.notifier.notify(Work::Turns);
    core.notifier.notify(Work::Deliveries);
    Ok(())
}

async fn only_lead(tx: &Tx, project: ProjectId, conversation: ConversationId) -> anyhow::Result<Lead> {
    let (_, lead) =
        leads::of_conversations(tx, &[(project, conversation)]).await?.pop().context("a lead that is there")?;
    Ok(lead)
}

fn form_of(project: &Project) -> anyhow::Result<Form> {
    match &project.form {
        Some(form) => Form::parse(form).context("reading the project's form"),
        None => Ok(Form::default_form()),
    }
}

/// The value as the field keeps it.
fn check_value(
    project: &Project,
    (form, known): (&Form, &BTreeMap<String, Known>),
    key: &str,
    value: &str,
) -> Result<String, EditRefused> {
    let field = form.field(key);
    if field.is_none() && !known.contains_key(key) {
        return Err(EditRefused::Field);
    }
    if value.chars().count() > VALUE_CHARS_MAX {
        return Err(EditRefused::Length(VALUE_CHARS_MAX));
    }
    if value.is_empty() {
        return Ok(String::new());
    }
    let refused = |error: &dyn std::fmt::Display| EditRefused::Value(error.to_string());
    let kind = match (field.map(|field| field.kind), key) {
        (Some(kind), _) => kind,
        (None, EMAIL) => FieldKind::Email,
        (None, PHONE) => FieldKind::Phone,
        (None, _) => FieldKind::Text,
    };
    match kind {
        FieldKind::Email => Email::parse(value).map(|email| email.as_str().to_owned()).map_err(|error| refused(&error)),
        FieldKind::Phone => {
            let region = Region::parse(&project.region).map_err(|error| refused(&error))?;
            let phone = PhoneNumber::parse(value, region).map_err(|error| refused(&error))?;
            Ok(phone.as_e164().to_owned())
        }
        FieldKind::Choice => {
            let options = field.map_or(&[][..], |field| &field.options);
            let option = options.iter().find(|option| option.to_lowercase() == value.to_lowercase());
            option.cloned().ok_or_else(|| refused(&format!("choose one of: {}", options.join(", "))))
        }
        FieldKind::YesNo => match value.to_lowercase().as_str() {
            answer @ ("yes" | "no") => Ok(answer.to_owned()),
            _ => Err(refused(&"write yes or no")),
        },
        _ => Ok(value.to_owned()),
    }
}

/// What webhooks are told of an edit.
struct Events<'a> {
    core: &'a Core,
    project: &'a Project,
    form: &'a Form,
    handled: &'a Handled,
}

impl Events<'_> {
    /// The events of a lead whose fields are `known` now, as far as they are new; the lead remembers them.
    async fn of_edit(
        &self,
        tx: &Tx,
        lead: &mut Lead,
        known: &BTreeMap<String, Known>,
        now: Timestamp,
    ) -> anyhow::Result<Vec<Event>> {
        let missing = self.form.fields.iter().any(|field| field.required && !known.contains_key(&field.key));
        let completed = !missing && lead.completed_at.is_none();
        let ended = if completed { Ended::Complete } else { Ended::Open };
        let intent = lead.intent.clone();
        let public_id = handling::public_id(tx, self.project.id, self.handled.conversation).await?;
        let details = details(known, intent.as_deref(), self.handled.kind.as_str(), &public_id);
        let rule = self.project.lead_created;
        let told = after_turn(&lead.announcement, &details, rule, ended, (now, self.core.config.lead_silence));
        let created = lead.announcement.at.is_none() && told.at.is_some();
        lead.announcement = told;
        lead.completed_at = lead.completed_at.or(completed.then_some(now));
        let conversation = self.handled.conversation;
        let id = || event_id(&self.core.random, now);
        let mut events = Vec::new();
        if created {
            let announcement = LeadAnnouncement { project_id: &self.project.public_id, conversation, lead: &details };
            events.push(Event::lead_announced(EventType::LeadCreated, id(), &announcement, now));
        }
        if completed {
            let correlation_id = correlation_id(tx, self.project.id, conversation).await?;
            let data = CompleteData {
                correlation_id: correlation_id.as_deref(),
                conversation_id: conversation,
                lead_status: "complete",
                lead_data: &lead_data(known, intent.as_deref()),
            };
            events.push(Event::lead_complete(id(), &data, now));
        }
        Ok(events)
    }
}

pub(super) async fn correlation_id(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
) -> anyhow::Result<Option<String>> {
    Ok(leads::correlation_ids(tx, &[(project, conversation)]).await?.pop().map(|(_, id)| id))
}

/// Writes a note on a lead.
pub async fn add_note(
    core: &Core,
    actor: &Actor,
    (project, lead): (ProjectId, LeadId),
    text: &str,
) -> Result<(), EditRefused> {
    let text = text.trim().to_owned();
    if text.is_empty() || text.chars().count() > NOTE_CHARS_MAX {
        return Err(EditRefused::Length(NOTE_CHARS_MAX));
    }
    let (actor, now) = (actor.clone(), core.clock.now());
    let noted = core.db.write(async move |tx| {
        let Some(handled) = handling::lock(tx, project, lead).await? else { return Ok(Err(EditRefused::Unknown)) };
        if !handled.is_reachable {
            return Ok(Err(EditRefused::Erased));
        }
        lead_activity::insert(tx, project, lead, (Activity::Note, &text, actor.user()), now).await?;
        audit::record(tx, project, &actor, &Change::new(Action::NoteLead, Object::Lead(lead)), now).await?;
        Ok(Ok(()))
    });
    noted.await?
}
