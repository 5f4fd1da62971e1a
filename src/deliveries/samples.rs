//! Events to try something with: samples, as the documents show them, and the newest real one of a type.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::emit::event_id;
use crate::core::Core;
use crate::db::Conn;
use crate::domain::attention::AttentionKind;
use crate::domain::event::{
    AbandonedData, AttentionData, AttentionSubject, ClickData, CompleteData, Correlated, CreatedLead, Event, EventType,
    LeadAnnouncement, StageChangedData,
};
use crate::domain::ids::{AttentionId, ConversationId, ProjectId};
use crate::domain::phone::PhoneNumber;
use crate::domain::time::{SignedDuration, Timestamp, with_milliseconds};
use crate::store::delivery_rows;
use crate::store::events::{self, Content, EventKey};

/// How old a real event may be that is looked for.
const NEWEST_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Events that are looked at for the newest of a type.
const EVENTS_WALKED: u32 = 5_000;
/// The correlation id of samples.
const CORRELATION_ID: &str = "O-Example";
/// The project and the conversation of the samples.
const MOCK_UUID: &str = "00000000-0000-4000-8000-000000000000";
/// The conversation of samples.
const CONVERSATION: ConversationId = ConversationId(3293);
/// The telephone of samples.
const PHONE: &str = "+6587487282";

/// An event that somebody chooses to try something with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventChoice {
    /// A sample, as the documents show it.
    Sample(EventType),
    /// The newest real event of that type.
    Newest(EventType),
}

impl EventChoice {
    /// Reads `sample:lead.created` or `newest:lead.created`.
    pub fn parse(text: &str) -> Option<Self> {
        let (source, word) = text.split_once(':')?;
        match (source, EventType::parse(word)?) {
            ("sample", event) => Some(Self::Sample(event)),
            ("newest", event) => Some(Self::Newest(event)),
            _ => None,
        }
    }

    /// As it is read.
    pub fn word(self) -> String {
        format!("{}:{}", self.source(), self.event_type().as_str())
    }

    /// `sample` or `newest`.
    pub fn source(self) -> &'static str {
        match self {
            Self::Sample(_) => "sample",
            Self::Newest(_) => "newest",
        }
    }

    /// Its type.
    pub fn event_type(self) -> EventType {
        match self {
            Self::Sample(event) | Self::Newest(event) => event,
        }
    }

    /// The event; `None` where there is no real one of that type.
    pub async fn find(self, core: &Core, project: ProjectId) -> anyhow::Result<Option<Content>> {
        let now = core.clock.now();
        match self {
            Self::Sample(event) => Ok(Some(sample(event, event_id(&core.random, now), now).into())),
            Self::Newest(event) => newest(core, project, event).await,
        }
    }
}

/// The newest real event of a type, of the last days.
async fn newest(core: &Core, project: ProjectId, event_type: EventType) -> anyhow::Result<Option<Content>> {
    let since = core.clock.now() - NEWEST_WITHIN;
    let find = async move |conn: &Conn| {
        let found = delivery_rows::newest_event(conn, project, event_type, since, EVENTS_WALKED).await?;
        let Some((id, created_at)) = found else { return Ok(None) };
        Ok(events::contents(conn, &[EventKey { project, created_at, id }]).await?.remove(&id))
    };
    core.db.read(find).await
}

/// The body of a sample, to be shown.
pub fn sample_body(event_type: EventType, now: Timestamp) -> String {
    sample(event_type, "evt_019b7e0f4c007000800000000000e4a1".to_owned(), now).body
}

/// An event as the documents show it.
pub fn sample(event_type: EventType, event_id: String, now: Timestamp) -> Event {
    Sample { is_known: true }.event(event_type, event_id, now)
}

/// An event of which as little is known as may be: whatever may be `null` is.
pub fn bare_sample(event_type: EventType, event_id: String, now: Timestamp) -> Event {
    Sample { is_known: false }.event(event_type, event_id, now)
}

/// How much is known of a sample.
struct Sample {
    is_known: bool,
}

impl Sample {
    fn known<T>(&self, value: T) -> Option<T> {
        self.is_known.then_some(value)
    }

    fn event(&self, event_type: EventType, event_id: String, now: Timestamp) -> Event {
        match event_type {
            EventType::WidgetClick => {
                let parameters = if self.is_known { r#"{"utm_source":"google"}"# } else { "{}" };
                let data = ClickData {
                    correlation_id: CORRELATION_ID,
                    device_id: self.known("9fad5f62-2d08-49d4-852a-b48be43beb68"),
                    click_url: self.known("https://example.com/landing?utm_source=google"),
                    parsed_params: &RawValue::from_string(parameters.to_owned()).expect("it is valid JSON"),
                    ip_address: self.known("127.0.0.1"),
                    user_agent: self.known("Mozilla/5.0..."),
                };
                Event::widget_click(event_id, &data, now)
            }
            EventType::LeadCorrelated => {
                let phone = PhoneNumber::from_e164(PHONE).ok().filter(|_| self.is_known);
                let link = Correlated {
                    correlation_id: CORRELATION_ID,
                    conversation_id: CONVERSATION,
                    phone: phone.as_ref(),
                    channel_id: "791163770738681",
                };
                Event::lead_correlated(event_id, &link, now)
            }
            EventType::LeadCreated | EventType::LeadUpdated => {
                let lead = CreatedLead {
                    name: self.known("Mock User"),
                    phone: self.known(PHONE),
                    email: self.known("mock@example.com"),
                    message: self.known("Testing Webhooks"),
                    channel: "whatsapp",
                    conversation_id: MOCK_UUID,
                };
                let announcement = LeadAnnouncement { project_id: MOCK_UUID, conversation: CONVERSATION, lead: &lead };
                Event::lead_announced(event_type, event_id, &announcement, now)
            }
            EventType::LeadAbandoned => self.abandoned(event_id, now),
            EventType::LeadStageChanged => {
                let data = StageChangedData {
                    correlation_id: self.known(CORRELATION_ID),
                    conversation_id: CONVERSATION,
                    stage: self.known("won"),
                    value: self.known(65.into()),
                    currency: self.known("SGD"),
                    lead_data: &self.lead(),
                };
                Event::lead_stage_changed(event_id, &data, now)
            }
            EventType::AttentionOpened | EventType::AttentionClosed => self.attention(event_type, event_id, now),
            EventType::LeadComplete => {
                let data = CompleteData {
                    correlation_id: self.known(CORRELATION_ID),
                    conversation_id: CONVERSATION,
                    lead_status: "complete",
                    lead_data: &self.lead(),
                };
                Event::lead_complete(event_id, &data, now)
            }
        }
    }

    fn abandoned(&self, event_id: String, now: Timestamp) -> Event {
        let mut lead = self.lead();
        if self.is_known {
            lead.remove("email");
        }
        let data = AbandonedData {
            correlation_id: self.known(CORRELATION_ID),
            conversation_id: CONVERSATION,
            lead_status: "abandoned",
            lead_data: &lead,
            missing: &["email"],
        };
        Event::lead_abandoned(event_id, &data, now)
    }

    fn attention(&self, event_type: EventType, event_id: String, now: Timestamp) -> Event {
        let data = AttentionData {
            attention_id: AttentionId(17),
            project_id: MOCK_UUID,
            kind: AttentionKind::WebhookFailing.as_str(),
            subject: AttentionSubject { kind: "webhook", id: MOCK_UUID },
            title: "Testing Webhooks",
            message: "This is a test: nothing is wrong.",
            since: with_milliseconds(now),
            closed_at: (event_type == EventType::AttentionClosed).then(|| with_milliseconds(now)),
            url: "https://example.com/",
        };
        Event::attention(event_type, event_id, &data, now)
    }

    fn lead(&self) -> Map<String, Value> {
        let lead = json!({
            "name": self.known("Mock User"),
            "email": self.known("mock@example.com"),
            "phone": self.known(PHONE),
            "company": self.known("Mock Inc"),
            "intent": self.known("Testing Webhooks"),
        });
        match lead {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_as_it_is_written() {
        for event in EventType::ALL {
            for choice in [EventChoice::Sample(event), EventChoice::Newest(event)] {
                assert_eq!(EventChoice::parse(&choice.word()), Some(choice));
            }
        }
        assert_eq!(["", "sample", "sample:x", "oldest:lead.created"].map(EventChoice::parse), [None; 4]);
    }

    #[test]
    fn little_is_known_of_a_bare_sample() {
        for event in EventType::ALL.into_iter().filter(|event| !event.is_operational()) {
            let body = |event: Event| event.body;
            let bare = body(bare_sample(event, "evt_1".to_owned(), Timestamp::UNIX_EPOCH));
            let whole = body(sample(event, "evt_1".to_owned(), Timestamp::UNIX_EPOCH));
            assert!(bare.contains("null") && !whole.contains("null"), "{bare} {whole}");
        }
    }
}
