//! What webhooks were told of a lead.

use serde_json::{Map, Number, Value};

use super::block::{Block, NewEvent};
use super::calendar::SECOND;
use super::draw::Draw;
use super::keys::{Side, event_id, row_key};
use super::lead::Story;
use super::rows::Time;
use super::talk::ASKED;
use super::work::Work;
use aurix::domain::channel::ChannelKind;
use aurix::domain::correlation::CorrelationId;
use aurix::domain::event::{
    CompleteData, Correlated, CreatedLead, Event, EventType, LeadAnnouncement, StageChangedData,
};
use aurix::domain::form::{EMAIL, NAME, PHONE};
use aurix::domain::lead::{Amount, Stage};
use aurix::domain::phone::PhoneNumber;
use aurix::domain::time::from_microseconds;

/// How long a lead is silent before it is announced with what is known.
const SILENCE: Time = 30 * 60 * SECOND;
/// Events of one lead.
const EVENTS: u64 = 8;

/// When webhooks were told.
pub struct Told {
    /// `lead.created`
    pub created_at: Time,
    /// `lead.updated`, where a detail came later.
    updated_at: Option<Time>,
    /// `lead.complete`
    pub completed_at: Option<Time>,
    /// The details of the newest of these.
    pub details: String,
}

impl Told {
    /// Of a conversation.
    pub fn of(story: &Story<'_>) -> Self {
        let now = story.world.calendar.now;
        let silent = (story.ended_at() + SILENCE).min(now - SECOND);
        let email_at = story.answered_at(EMAIL);
        Self {
            created_at: story.answered_at(NAME).unwrap_or(silent),
            updated_at: email_at.map(|at| at + 30 * SECOND).filter(|at| *at < now),
            completed_at: email_at.filter(|_| story.course.answered == ASKED.len()),
            details: details(story, true).to_json(),
        }
    }

    /// Makes the events.
    pub fn emit(&self, story: &Story<'_>, work: &Work, block: &mut Block, draw: &mut Draw) {
        let mut number = story.number * EVENTS;
        let mut emit = |at: Time, event: Event| {
            let id = row_key(at, Side::Leads, number);
            block.events.push(NewEvent { id, number, side: Side::Leads, at, event });
            number += 1;
        };
        if let Some(id) = story.correlation_id {
            let at = story.began_at();
            emit(at, correlated(story, id, event_id(at, draw)));
        }
        let announced = |kind, at: Time, id: String| {
            let lead = &details(story, kind == EventType::LeadUpdated);
            let (project_id, conversation) = (story.world.project_public_id.as_str(), story.conversation);
            let announcement = LeadAnnouncement { project_id, conversation, lead };
            Event::lead_announced(kind, id, &announcement, from_microseconds(at))
        };
        emit(self.created_at, announced(EventType::LeadCreated, self.created_at, event_id(self.created_at, draw)));
        let correlation_id = story.correlation_id.map(CorrelationId::as_str);
        if let Some(at) = self.completed_at {
            let data = CompleteData {
                correlation_id,
                conversation_id: story.conversation,
                lead_status: "complete",
                lead_data: &lead_data(story),
            };
            emit(at, Event::lead_complete(event_id(at, draw), &data, from_microseconds(at)));
        }
        if let Some(at) = self.updated_at {
            emit(at, announced(EventType::LeadUpdated, at, event_id(at, draw)));
        }
        if let Some(rating) = work.rating.as_ref().filter(|rating| rating.stage.is_some()) {
            let data = StageChangedData {
                correlation_id,
                conversation_id: story.conversation,
                stage: rating.stage.map(Stage::as_str),
                value: rating.amount.as_ref().and_then(number_of),
                currency: rating.amount.as_ref().map(|sum| sum.currency.as_str()),
                lead_data: &lead_data(story),
            };
            let id = event_id(rating.at, draw);
            emit(rating.at, Event::lead_stage_changed(id, &data, from_microseconds(rating.at)));
        }
    }
}

fn number_of(sum: &Amount) -> Option<Number> {
    if sum.hundredths % 100 == 0 { Some((sum.hundredths / 100).into()) } else { sum.number().parse().ok() }
}

fn correlated(story: &Story<'_>, id: &CorrelationId, event_id: String) -> Event {
    let phone = PhoneNumber::from_e164(&story.person.phone).ok();
    let link = Correlated {
        correlation_id: id.as_str(),
        conversation_id: story.conversation,
        phone: phone.as_ref(),
        channel_id: super::history::CHANNEL,
    };
    Event::lead_correlated(event_id, &link, from_microseconds(story.began_at()))
}

/// What is told of a lead; before it was asked for its address, or after.
fn details<'a>(story: &'a Story<'_>, with_email: bool) -> CreatedLead<'a> {
    let value = |key: &str| story.known.get(key).map(|known| known.value.as_str());
    CreatedLead {
        name: value(NAME),
        phone: value(PHONE),
        email: value(EMAIL).filter(|_| with_email),
        message: story.course.intent,
        channel: ChannelKind::WhatsApp.as_str(),
        conversation_id: &story.public_id,
    }
}

/// name, email, phone, company and intent, known or not, then the form's own fields that are known.
fn lead_data(story: &Story<'_>) -> Map<String, Value> {
    let value = |key: &str| story.known.get(key).map_or(Value::Null, |known| Value::from(known.value.as_str()));
    let own = [NAME, EMAIL, PHONE, "company"].map(|key| (key.to_owned(), value(key)));
    let mut data: Map<String, Value> = own.into_iter().collect();
    data.insert("intent".to_owned(), story.course.intent.map_or(Value::Null, Value::from));
    for key in story.known.keys() {
        data.entry(key.clone()).or_insert_with(|| value(key));
    }
    data
}
