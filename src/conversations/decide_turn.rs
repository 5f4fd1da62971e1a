//! Decides a turn: makes the agent's plain input of what was loaded, and of its output what is to be stored. Touches no database.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::announce_lead::{Ended, after_turn, details};
use super::compose_reply::{Reply, compose};
use super::incoming::{incoming, newest_speech};
use super::learned::{new_values, words};
use super::load_turn::Turn;
use super::nudge::silence_after;
use crate::agent::{self, Dropped, Help, Incoming, Input, Known, Outcome, Paused, State};
use crate::core::Core;
use crate::domain::channel::ChannelKind;
use crate::domain::event::{CompleteData, Event, EventType, LeadAnnouncement};
use crate::domain::form::{EMAIL, Field, Form, NAME, PHONE};
use crate::domain::generated_by::GeneratedBy;
use crate::domain::ids::{ChannelId, MessageId};
use crate::domain::lead::Handling;
use crate::domain::phone::{PhoneNumber, Region};
use crate::domain::time::Timestamp;
use crate::store::lead_fields::NewValue;
use crate::store::leads::Lead;
use crate::store::turns::{Silence, TurnLease};

/// What is to be stored of a turn.
pub struct Decision {
    /// The claim.
    pub lease: TurnLease,
    /// The conversation's channel.
    pub channel: ChannelId,
    /// Its platform, for the event.
    channel_kind: ChannelKind,
    /// Names of the project and the conversation in `lead.created`.
    project_public_id: String,
    conversation_public_id: String,
    /// The lead as it is now.
    pub lead: Lead,
    /// What is known, by field.
    known: BTreeMap<String, Known>,
    /// Values that are new, and where they came from.
    pub new_values: Vec<NewValue>,
    /// The words by which the lead is found, where they changed.
    pub words: Option<String>,
    /// Who looks after the conversation: `Waiting` also where somebody has taken it over.
    pub handling: Handling,
    /// Whether webhooks are told of the lead now.
    pub created: bool,
    /// Whether the lead became complete.
    pub completed: bool,
    /// For whoever looks after it now, where the agent has handed the conversation over: what is known, and what is missing.
    pub handover: Option<String>,
    /// What to say, in as many messages as the platform needs.
    pub replies: Vec<Reply>,
    /// Who worded that.
    pub by: GeneratedBy,
    /// A question that nothing answered, for the operator.
    pub unanswered: Option<String>,
    /// What of a model's proposal did not count.
    pub dropped: Dropped,
    /// What the agent remembers, JSON.
    pub agent_state: String,
    /// The newest message that the agent has read.
    pub answered_up_to: MessageId,
    /// When the agent goes on, where there may be more to read.
    pub goes_on_at: Option<Timestamp>,
    /// What happens if the person stays silent.
    pub silence: Silence,
}

impl Decision {
    /// The events that the turn causes; `correlation_id` is that of the click that the lead is linked to.
    pub fn events(&self, correlation_id: Option<&str>, event_id: impl Fn() -> String, now: Timestamp) -> Vec<Event> {
        let (conversation, intent) = (self.lease.conversation, self.lead.intent.as_deref());
        let created = self.created.then(|| {
            let lead = &details(&self.known, intent, self.channel_kind.as_str(), &self.conversation_public_id);
            let announcement = LeadAnnouncement { project_id: &self.project_public_id, conversation, lead };
            Event::lead_announced(EventType::LeadCreated, event_id(), &announcement, now)
        });
        let completed = self.completed.then(|| {
            let data = CompleteData {
                correlation_id,
                conversation_id: conversation,
                lead_status: "complete",
                lead_data: &lead_data(&self.known, intent),
            };
            Event::lead_complete(event_id(), &data, now)
        });
        created.into_iter().chain(completed).collect()
    }
}

/// What a turn is decided on, read.
pub(super) struct Prepared {
    form: Form,
    known: BTreeMap<String, Known>,
    channel_phone: Option<PhoneNumber>,
    state: State,
    messages: Vec<Incoming>,
    may_reply: bool,
    region: Region,
    time_zone: TimeZone,
}

/// Reads what a turn is decided on.
pub(super) fn prepare(core: &Core, turn: &Turn) -> anyhow::Result<Prepared> {
    let (now, project) = (core.clock.now(), &turn.setting.project);
    let channel = turn.setting.channel.as_ref().context("a conversation without a channel")?;
    let lead = turn.lead.as_ref().context("a conversation without a lead")?;
    let known: BTreeMap<String, Known> = serde_json::from_str(&lead.fields).context("reading a lead's fields")?;
    let form = match &project.form {
        Some(form) => Form::parse(form).context("reading the project's form")?,
        None => Form::default_form(),
    };
    let channel_phone = turn.leased.phone.as_deref().and_then(|phone| PhoneNumber::from_e164(phone).ok());
    let state: State = serde_json::from_str(&turn.leased.agent_state).context("reading the agent's state")?;
    let messages = incoming(&turn.unread, &state);
    // A platform brings messages late, and takes no reply to one that is older than its window.
    let may_reply = newest_speech(&turn.unread)
        .is_none_or(|newest| channel.kind.window().is_none_or(|window| now < newest + window));
    let (region, time_zone) = (Region::parse(&project.region)?, TimeZone::get(&project.time_zone)?);
    Ok(Prepared { form, known, channel_phone, state, messages, may_reply, region, time_zone })
}

impl Prepared {
    /// The agent's input, without a model's help.
    pub(super) fn input<'a>(&'a self, turn: &'a Turn) -> Input<'a> {
        Input {
            form: &self.form,
            known: &self.known,
            channel_phone: self.channel_phone.as_ref(),
            state: &self.state,
            messages: &self.messages,
            may_reply: self.may_reply,
            region: self.region,
            timezone: &self.time_zone,
            prefilled_greeting: turn.prefilled_greeting(),
            help: None,
            discloses: turn.setting.agent.as_ref().is_some_and(|agent| agent.settings.discloses),
        }
    }
}

/// Lets the agent decide, with a model's help where there is some.
pub(super) fn decide(
    core: &Core,
    turn: &Turn,
    agent: &(dyn Fn(&Input<'_>) -> agent::Turn + Send + Sync),
    help: Option<&Help>,
) -> anyhow::Result<Decision> {
    let (now, project) = (core.clock.now(), &turn.setting.project);
    let prepared = prepare(core, turn)?;
    let output = agent(&Input { help, ..prepared.input(turn) });
    let Prepared { form, mut known, channel_phone, state, .. } = prepared;
    let channel = turn.setting.channel.as_ref().context("a conversation without a channel")?;
    let mut lead = turn.lead.clone().context("a conversation without a lead")?;
    let before = known.clone();
    learn(&mut known, &output, channel_phone.as_ref());
    let new_values = new_values(turn, lead.id, &output, (&before, &known));
    let words = (!new_values.is_empty()).then(|| words(project.id, &known));
    lead.fields = serde_json::to_string(&known)?;
    lead.intent = output.intent.clone().or(lead.intent);
    let completed = output.outcome == Outcome::Completed && lead.completed_at.is_none();
    let ended = match output.state.paused {
        _ if completed => Ended::Complete,
        Some(Paused::HandedOver) => Ended::HandedOver,
        _ => Ended::Open,
    };
    let details = details(&known, lead.intent.as_deref(), channel.kind.as_str(), &turn.leased.public_id);
    let told = after_turn(&lead.announcement, &details, project.lead_created, ended, (now, core.config.lead_silence));
    let created = lead.announcement.at.is_none() && told.at.is_some();
    lead.announcement = told;
    lead.completed_at = lead.completed_at.or(completed.then_some(now));
    let is_handed_over = [state.paused, output.state.paused] == [None, Some(Paused::HandedOver)];
    let handover = is_handed_over.then(|| handover_note(&form, &known));
    // Who was asked whether all is right and stays silent has agreed.
    let reviewed_at = output.state.is_in_review().then_some(now + core.config.lead_silence);
    lead.last_message_at = said_at(turn, output.reply.as_ref(), now).max(Some(lead.last_message_at)).unwrap_or(now);
    Ok(Decision {
        lease: turn.leased.lease,
        channel: channel.id,
        channel_kind: channel.kind,
        project_public_id: project.public_id.clone(),
        conversation_public_id: turn.leased.public_id.clone(),
        replies: compose(core, turn, (channel.kind, &form), &state, &output)?,
        by: output.by,
        unanswered: output.unanswered.filter(|_| turn.setting.agent.is_some()),
        dropped: output.dropped,
        agent_state: serde_json::to_string(&output.state)?,
        answered_up_to: turn.read_up_to(),
        goes_on_at: turn.is_partial().then_some(now).or(reviewed_at),
        silence: silence_after(turn, (&form, &known, &output.state), lead.completed_at.is_some()),
        lead,
        known,
        new_values,
        words,
        handling: handling(output.state.paused),
        handover,
        created,
        completed,
    })
}

/// What is known and what is missing, by the fields' names.
fn handover_note(form: &Form, known: &BTreeMap<String, Known>) -> String {
    let is_known = |field: &&Field| known.contains_key(&field.key);
    let names = |fields: Vec<&Field>| match fields.as_slice() {
        [] => "nothing".to_owned(),
        fields => fields.iter().map(|field| field.key.replace(['_', '-', '.'], " ")).collect::<Vec<_>>().join(", "),
    };
    let (there, missing) = (form.fields.iter().filter(is_known).collect(), agent::missing(form, known));
    format!("Known: {}. Missing: {}.", names(there), names(missing))
}

fn handling(paused: Option<Paused>) -> Handling {
    match paused {
        None => Handling::Agent,
        Some(Paused::Stopped) => Handling::Stopped,
        Some(Paused::HandedOver) => Handling::Waiting,
    }
}

/// When something was last said, after a turn with that reply or without.
fn said_at(turn: &Turn, reply: Option<&String>, now: Timestamp) -> Option<Timestamp> {
    let written_at = turn.unread.iter().map(|message| message.written_at).max();
    reply.map(|_| now).or(written_at)
}

/// Adds what the agent took, and the number that the channel tells: what the person said themselves counts more.
fn learn(known: &mut BTreeMap<String, Known>, output: &agent::Turn, channel_phone: Option<&PhoneNumber>) {
    for taken in &output.changes {
        known.insert(taken.key.clone(), Known::from(taken));
    }
    if let Some(phone) = channel_phone.map(PhoneNumber::as_e164)
        && known.get(PHONE).is_none_or(|known| known.at.is_none() && known.value != phone)
    {
        known.insert(PHONE.to_owned(), Known { value: phone.to_owned(), words: phone.to_owned(), at: None });
    }
}

/// name, email, phone, company and intent, known or not, then the form's own fields that are known.
pub(super) fn lead_data(known: &BTreeMap<String, Known>, intent: Option<&str>) -> Map<String, Value> {
    let value = |key: &str| known.get(key).map_or(Value::Null, |known| Value::from(known.value.as_str()));
    let mut data: Map<String, Value> =
        [NAME, EMAIL, PHONE, "company"].into_iter().map(|key| (key.to_owned(), value(key))).collect();
    data.insert("intent".to_owned(), intent.map_or(Value::Null, Value::from));
    for key in known.keys() {
        data.entry(key.clone()).or_insert_with(|| value(key));
    }
    data
}
