//! The events and the bytes of their bodies (contract section 4).

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::closed_set::closed_set;
use super::ids::{AttentionId, ConversationId};
use super::phone::PhoneNumber;
use super::time::{Timestamp, with_milliseconds};

closed_set! {
    /// The type of an event.
    pub enum EventType {
        /// Somebody clicked the widget.
        WidgetClick = "widget.click",
        /// A conversation was linked to a session.
        LeadCorrelated = "lead.correlated",
        /// The person has left their details.
        LeadCreated = "lead.created",
        /// A detail changed after `lead.created`.
        LeadUpdated = "lead.updated",
        /// All required fields are there.
        LeadComplete = "lead.complete",
        /// The person went silent before that.
        LeadAbandoned = "lead.abandoned",
        /// Somebody of the business set a stage.
        LeadStageChanged = "lead.stage_changed",
        /// Something needs a person.
        AttentionOpened = "attention.opened",
        /// It does not any more.
        AttentionClosed = "attention.closed",
    }
}

impl EventType {
    /// Whether its events belong to a conversation. Those of clicks belong to none.
    pub fn is_of_conversation(self) -> bool {
        self != Self::WidgetClick
    }

    /// What partners' webhooks get.
    pub const PARTNER: [Self; 3] = [Self::WidgetClick, Self::LeadCorrelated, Self::LeadComplete];
    /// What operational webhooks get: they have no others, and no other webhook has these.
    pub const OPERATIONAL: [Self; 2] = [Self::AttentionOpened, Self::AttentionClosed];
    /// What a webhook gets that chooses none.
    pub const DEFAULT: [Self; 4] = [Self::WidgetClick, Self::LeadCorrelated, Self::LeadCreated, Self::LeadComplete];

    /// Whether it is about the set-up and not about a visitor.
    pub fn is_operational(self) -> bool {
        Self::OPERATIONAL.contains(&self)
    }
}

/// How a webhook wants `phone_number` written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneStyle {
    /// `6512345678`: service `external`.
    Bare,
    /// `+6512345678`: every other service.
    E164,
}

impl PhoneStyle {
    /// The style of a service.
    pub fn of_service(service_name: &str) -> Self {
        if service_name == "external" { Self::Bare } else { Self::E164 }
    }
}

/// An event as it is stored: its bytes are made here, once, for every webhook and attempt.
#[derive(Clone, Debug)]
pub struct Event {
    /// `evt_…`, sorts by time.
    pub event_id: String,
    /// Its type.
    pub event_type: EventType,
    /// The conversation whose order it keeps; none for clicks.
    pub conversation_id: Option<ConversationId>,
    /// The body for webhooks that want E.164.
    pub body: String,
    /// The body for service `external`, where it differs.
    pub body_external: Option<String>,
    /// When it happened.
    pub created_at: Timestamp,
}

/// `data` of `widget.click`.
#[derive(Serialize)]
pub struct ClickData<'a> {
    /// The session's correlation id.
    pub correlation_id: &'a str,
    /// The browser, if the widget sent one.
    pub device_id: Option<&'a str>,
    /// The page of the click.
    pub click_url: Option<&'a str>,
    /// Campaign parameters, a JSON object.
    pub parsed_params: &'a RawValue,
    /// As the project's policy allows.
    pub ip_address: Option<&'a str>,
    /// As the browser sent it.
    pub user_agent: Option<&'a str>,
}

/// `data` of `lead.correlated`, but for the phone number.
pub struct Correlated<'a> {
    /// The linked session's correlation id.
    pub correlation_id: &'a str,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The person's number where the platform gives it.
    pub phone: Option<&'a PhoneNumber>,
    /// WhatsApp: the `phone_number_id`. Telegram: the bot's id.
    pub channel_id: &'a str,
}

/// `data` of `lead.complete`.
#[derive(Serialize)]
pub struct CompleteData<'a> {
    /// The first linked session's correlation id; `null` where there was no click.
    pub correlation_id: Option<&'a str>,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Always `complete`.
    pub lead_status: &'static str,
    /// name, email, phone, company, intent and the form's own fields.
    pub lead_data: &'a Map<String, Value>,
}

/// `data` of `lead.abandoned`.
#[derive(Serialize)]
pub struct AbandonedData<'a> {
    /// The first linked session's correlation id; `null` where there was no click.
    pub correlation_id: Option<&'a str>,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Always `abandoned`.
    pub lead_status: &'static str,
    /// As in `lead.complete`, as far as it is known.
    pub lead_data: &'a Map<String, Value>,
    /// The keys of the required fields that are not known, in the form's order.
    pub missing: &'a [&'a str],
}

/// `data` of `lead.stage_changed`.
#[derive(Serialize)]
pub struct StageChangedData<'a> {
    /// The first linked session's correlation id; `null` where there was no click.
    pub correlation_id: Option<&'a str>,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// `qualified`, `won` or `lost`; `null` where it was taken back.
    pub stage: Option<&'a str>,
    /// What it is worth, where somebody said so.
    pub value: Option<serde_json::Number>,
    /// The three letters of the value's currency.
    pub currency: Option<&'a str>,
    /// As in `lead.complete`.
    pub lead_data: &'a Map<String, Value>,
}

/// `data` of `attention.opened` and `attention.closed`.
#[derive(Serialize)]
pub struct AttentionData<'a> {
    /// The item: the same in both events.
    pub attention_id: AttentionId,
    /// The project's UUID.
    pub project_id: &'a str,
    /// `webhook.off`, …
    pub kind: &'a str,
    /// What it is about.
    pub subject: AttentionSubject<'a>,
    /// What is wrong, in a few words.
    pub title: &'a str,
    /// What it means, and what to do.
    pub message: &'a str,
    /// Since when it has been so.
    pub since: String,
    /// When it was mended; `null` in `attention.opened`.
    pub closed_at: Option<String>,
    /// The page where it is mended.
    pub url: &'a str,
}

/// What an item is about.
#[derive(Serialize)]
pub struct AttentionSubject<'a> {
    /// `webhook`, `channel`, `widget` or `project`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Its id, as pages and lists show it.
    pub id: &'a str,
}

/// `lead` of `lead.created` and `lead.updated`. Unknown fields are `null`.
#[derive(Serialize)]
pub struct CreatedLead<'a> {
    /// The person's name.
    pub name: Option<&'a str>,
    /// E.164.
    pub phone: Option<&'a str>,
    /// The person's e-mail address.
    pub email: Option<&'a str>,
    /// What the person came for.
    pub message: Option<&'a str>,
    /// `whatsapp`, `telegram` or `web`.
    pub channel: &'a str,
    /// The conversation's UUID.
    pub conversation_id: &'a str,
}

impl CreatedLead<'_> {
    /// As it stands in the event.
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// A lead that webhooks are told of.
#[derive(Clone, Copy)]
pub struct LeadAnnouncement<'a> {
    /// The project's UUID.
    pub project_id: &'a str,
    /// The conversation.
    pub conversation: ConversationId,
    /// What is told.
    pub lead: &'a CreatedLead<'a>,
}

#[derive(Serialize)]
struct Envelope<'a, D> {
    event_type: &'a str,
    event_id: &'a str,
    timestamp: String,
    data: D,
}

#[derive(Serialize)]
struct CorrelatedData<'a> {
    correlation_id: &'a str,
    conversation_id: ConversationId,
    phone_number: Option<&'a str>,
    lead_status: &'static str,
    channel_id: &'a str,
}

#[derive(Serialize)]
struct CreatedEnvelope<'a> {
    event: &'static str,
    project_id: &'a str,
    created_at: String,
    lead: &'a CreatedLead<'a>,
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types serialise: their keys are text and they hold no failing part")
}

fn envelope(event_type: EventType, event_id: &str, now: Timestamp, data: impl Serialize) -> String {
    json(&Envelope { event_type: event_type.as_str(), event_id, timestamp: with_milliseconds(now), data })
}

impl Event {
    /// A click of the widget.
    pub fn widget_click(event_id: String, data: &ClickData<'_>, now: Timestamp) -> Self {
        let body = envelope(EventType::WidgetClick, &event_id, now, data);
        Self {
            event_id,
            event_type: EventType::WidgetClick,
            conversation_id: None,
            body,
            body_external: None,
            created_at: now,
        }
    }

    /// A conversation was linked to a session.
    pub fn lead_correlated(event_id: String, link: &Correlated<'_>, now: Timestamp) -> Self {
        let body = |phone_number| {
            let data = CorrelatedData {
                correlation_id: link.correlation_id,
                conversation_id: link.conversation_id,
                phone_number,
                lead_status: "correlated",
                channel_id: link.channel_id,
            };
            envelope(EventType::LeadCorrelated, &event_id, now, data)
        };
        Self {
            body: body(link.phone.map(PhoneNumber::as_e164)),
            body_external: link.phone.map(|phone| body(Some(phone.bare()))),
            event_id,
            event_type: EventType::LeadCorrelated,
            conversation_id: Some(link.conversation_id),
            created_at: now,
        }
    }

    /// The person has left their details, or one of these changed: `event_type` is `LeadCreated` or `LeadUpdated`.
    pub fn lead_announced(
        event_type: EventType,
        event_id: String,
        announcement: &LeadAnnouncement<'_>,
        now: Timestamp,
    ) -> Self {
        let LeadAnnouncement { project_id, conversation, lead } = *announcement;
        let body =
            json(&CreatedEnvelope { event: event_type.as_str(), project_id, created_at: with_milliseconds(now), lead });
        Self { event_id, event_type, conversation_id: Some(conversation), body, body_external: None, created_at: now }
    }

    /// The person went silent before the lead was complete.
    pub fn lead_abandoned(event_id: String, data: &AbandonedData<'_>, now: Timestamp) -> Self {
        Self {
            body: envelope(EventType::LeadAbandoned, &event_id, now, data),
            event_id,
            event_type: EventType::LeadAbandoned,
            conversation_id: Some(data.conversation_id),
            body_external: None,
            created_at: now,
        }
    }

    /// Somebody of the business set a stage.
    pub fn lead_stage_changed(event_id: String, data: &StageChangedData<'_>, now: Timestamp) -> Self {
        Self {
            body: envelope(EventType::LeadStageChanged, &event_id, now, data),
            event_id,
            event_type: EventType::LeadStageChanged,
            conversation_id: Some(data.conversation_id),
            body_external: None,
            created_at: now,
        }
    }

    /// Something needs a person, or does not any more.
    pub fn attention(event_type: EventType, event_id: String, data: &AttentionData<'_>, now: Timestamp) -> Self {
        let body = envelope(event_type, &event_id, now, data);
        Self { event_id, event_type, conversation_id: None, body, body_external: None, created_at: now }
    }

    /// All required fields are there.
    pub fn lead_complete(event_id: String, data: &CompleteData<'_>, now: Timestamp) -> Self {
        Self {
            body: envelope(EventType::LeadComplete, &event_id, now, data),
            event_id,
            event_type: EventType::LeadComplete,
            conversation_id: Some(data.conversation_id),
            body_external: None,
            created_at: now,
        }
    }
}
