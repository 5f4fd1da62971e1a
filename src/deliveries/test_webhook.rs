//! Sends a webhook a sample of each event that it wants, the way that deliveries go, and returns what came back. Only the
//! audit log keeps that it was done.

use bytes::Bytes;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::core::Core;
use crate::db::Conn;
use crate::deliveries::emit::event_id;
use crate::deliveries::endpoint::Endpoint;
use crate::domain::actor::Actor;
use crate::domain::attention::AttentionKind;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::delivery::AttemptOutcome;
use crate::domain::event::{
    AttentionData, AttentionSubject, ClickData, CompleteData, Correlated, CreatedLead, Event, EventType,
    LeadAnnouncement, StageChangedData,
};
use crate::domain::ids::{AttentionId, ConversationId, ProjectId};
use crate::domain::phone::PhoneNumber;
use crate::domain::time::{SignedDuration, Timestamp, with_milliseconds};
use crate::outbound::Attempt;
use crate::store::events::{self, Content, EventKey};
use crate::store::webhooks::Webhook;
use crate::store::{audit, delivery_rows};

/// How old a real event may be that a test sends.
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

/// How the listener took one sample.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    /// `widget.click`, …
    pub event_type: &'static str,
    /// `evt_…`
    pub event_id: String,
    /// Whether a real event would count as delivered.
    pub delivered: bool,
    /// The status of the response, where there was one.
    pub status_code: Option<u16>,
    /// Until the end of the response.
    pub duration_ms: u64,
    /// What the listener said, up to 16 KiB.
    #[serde(rename = "answer_body")]
    pub response_body: String,
    /// Why it does not count as delivered.
    #[serde(rename = "problem")]
    pub error: Option<String>,
}

/// Sends the samples, all at once, so that a dead listener costs one timeout. Recorded before the first one is sent.
pub async fn test_webhook(core: &Core, actor: &Actor, webhook: &Webhook) -> anyhow::Result<Vec<Tested>> {
    let change = Change::new(Action::TestWebhook, Object::Webhook(webhook.public_id.clone()));
    let (actor, project, now) = (actor.clone(), webhook.project, core.clock.now());
    core.db.write(async move |tx| Ok(audit::record(tx, project, &actor, &change, now).await?)).await?;
    let wanted = EventType::ALL.into_iter().filter(|event| webhook.events.iter().any(|name| name == event.as_str()));
    let endpoint = Endpoint::open(core, webhook.clone())?;
    Ok(join_all(wanted.map(|event_type| send(core, &endpoint, event_type))).await)
}

async fn send(core: &Core, endpoint: &Endpoint, event_type: EventType) -> Tested {
    let now = core.clock.now();
    let event = sample(event_type, event_id(&core.random, now), now);
    let body = Bytes::copy_from_slice(endpoint.body(&event.body, event.body_external.as_deref()).as_bytes());
    let attempt = endpoint.post(core, &event.event_id, body, now).await;
    let error = match attempt.outcome {
        AttemptOutcome::Delivered => None,
        AttemptOutcome::Failed { error, .. } => Some(error),
        AttemptOutcome::Gone => {
            Some("the receiver answered 410 Gone; a real event would turn the webhook off".to_owned())
        }
    };
    Tested {
        event_type: event_type.as_str(),
        event_id: event.event_id,
        delivered: error.is_none(),
        status_code: attempt.status,
        duration_ms: attempt.duration_ms,
        response_body: attempt.response_body,
        error,
    }
}

/// What one test sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestEvent {
    /// A sample, as the documents show it, whether the webhook subscribes to it or not.
    Sample(EventType),
    /// The newest real event of that type, under an id of its own: a receiver that knows the real one does not skip it.
    Newest(EventType),
}

/// The request of a test, and what came back.
pub struct TestedEvent {
    /// What was sent of a delivery.
    pub event_id: String,
    /// The body.
    pub body: String,
    /// When the request began.
    pub started_at: Timestamp,
    /// The request and its response.
    pub attempt: Attempt,
}

/// Sends one event; `None` where there is no real one of that type. Nothing of it is stored, but for a row of the audit log, nor
/// counted.
pub async fn test_event(
    core: &Core,
    actor: &Actor,
    webhook: &Webhook,
    what: TestEvent,
) -> anyhow::Result<Option<TestedEvent>> {
    let started_at = core.clock.now();
    let endpoint = Endpoint::open(core, webhook.clone())?;
    let (event_type, source) = match what {
        TestEvent::Sample(event_type) => (event_type, "sample"),
        TestEvent::Newest(event_type) => (event_type, "newest"),
    };
    let event = sample(event_type, event_id(&core.random, started_at), started_at);
    let content = match what {
        TestEvent::Sample(_) => {
            Some(Content { event_id: event.event_id, body: event.body, body_external: event.body_external })
        }
        TestEvent::Newest(_) => newest(core, webhook.project, event_type).await?,
    };
    let Some(content) = content else { return Ok(None) };
    let change = Change::new(Action::TestWebhook, Object::Webhook(webhook.public_id.clone()));
    let change = change.with(json!({"event": event_type.as_str(), "source": source}));
    let (actor, project) = (actor.clone(), webhook.project);
    core.db.write(async move |tx| Ok(audit::record(tx, project, &actor, &change, started_at).await?)).await?;
    let body = endpoint.body(&content.body, content.body_external.as_deref()).to_owned();
    let event_id = match what {
        TestEvent::Sample(_) => content.event_id,
        TestEvent::Newest(_) => event_id(&core.random, started_at),
    };
    let attempt = endpoint.post(core, &event_id, Bytes::from(body.clone()), started_at).await;
    Ok(Some(TestedEvent { event_id, body, started_at, attempt }))
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
fn sample(event_type: EventType, event_id: String, now: Timestamp) -> Event {
    match event_type {
        EventType::WidgetClick => {
            let parsed_params = RawValue::from_string(r#"{"utm_source":"google"}"#.to_owned());
            let data = ClickData {
                correlation_id: CORRELATION_ID,
                device_id: Some("9fad5f62-2d08-49d4-852a-b48be43beb68"),
                click_url: Some("https://example.com/landing?utm_source=google"),
                parsed_params: &parsed_params.expect("it is valid JSON"),
                ip_address: Some("127.0.0.1"),
                user_agent: Some("Mozilla/5.0..."),
            };
            Event::widget_click(event_id, &data, now)
        }
        EventType::LeadCorrelated => {
            let phone = PhoneNumber::from_e164(PHONE).ok();
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
                name: Some("Mock User"),
                phone: Some(PHONE),
                email: Some("mock@example.com"),
                message: Some("Testing Webhooks"),
                channel: "whatsapp",
                conversation_id: MOCK_UUID,
            };
            let announcement = LeadAnnouncement { project_id: MOCK_UUID, conversation: CONVERSATION, lead: &lead };
            Event::lead_announced(event_type, event_id, &announcement, now)
        }
        EventType::LeadStageChanged => {
            let data = StageChangedData {
                correlation_id: Some(CORRELATION_ID),
                conversation_id: CONVERSATION,
                stage: Some("won"),
                value: Some(65.into()),
                currency: Some("SGD"),
                lead_data: &mock_lead(),
            };
            Event::lead_stage_changed(event_id, &data, now)
        }
        EventType::AttentionOpened | EventType::AttentionClosed => sample_of_attention(event_type, event_id, now),
        EventType::LeadComplete => {
            let data = CompleteData {
                correlation_id: Some(CORRELATION_ID),
                conversation_id: CONVERSATION,
                lead_status: "complete",
                lead_data: &mock_lead(),
            };
            Event::lead_complete(event_id, &data, now)
        }
    }
}

fn sample_of_attention(event_type: EventType, event_id: String, now: Timestamp) -> Event {
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

fn mock_lead() -> Map<String, Value> {
    let lead = json!({
        "name": "Mock User",
        "email": "mock@example.com",
        "phone": PHONE,
        "company": "Mock Inc",
        "intent": "Testing Webhooks",
    });
    match lead {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
