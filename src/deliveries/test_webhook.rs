//! Sends a webhook a sample of each event that it wants, the way that deliveries go, and returns what came back. Only the
//! audit log keeps that it was done.

use anyhow::Context as _;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::json;

use crate::core::Core;
use crate::deliveries::emit::event_id;
use crate::deliveries::endpoint::Endpoint;
use crate::deliveries::samples::{EventChoice, sample};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::delivery::AttemptOutcome;
use crate::domain::event::EventType;
use crate::domain::time::Timestamp;
use crate::outbound::Attempt;
use crate::store::audit;
use crate::store::events::Content;
use crate::store::webhooks::Webhook;

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
    /// When the request began.
    #[serde(skip)]
    pub started_at: Timestamp,
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

/// Sends a sample of one event, whether the webhook subscribes to it or not.
pub async fn test_sample(core: &Core, actor: &Actor, webhook: &Webhook, event: EventType) -> anyhow::Result<Tested> {
    let tested = test_event(core, actor, webhook, EventChoice::Sample(event)).await?;
    let TestedEvent { event_id, attempt, started_at, .. } = tested.context("there is a sample of every event")?;
    Ok(Tested::new(event, event_id, attempt, started_at))
}

impl Tested {
    fn new(event: EventType, event_id: String, attempt: Attempt, started_at: Timestamp) -> Self {
        let error = match attempt.outcome {
            AttemptOutcome::Delivered => None,
            AttemptOutcome::Failed { error, .. } => Some(error),
            AttemptOutcome::Gone => {
                Some("the receiver answered 410 Gone; a real event would turn the webhook off".to_owned())
            }
        };
        Self {
            event_type: event.as_str(),
            event_id,
            delivered: error.is_none(),
            status_code: attempt.status,
            duration_ms: attempt.duration_ms,
            started_at,
            response_body: attempt.response_body,
            error,
        }
    }
}

async fn send(core: &Core, endpoint: &Endpoint, event_type: EventType) -> Tested {
    let now = core.clock.now();
    let event = Content::from(sample(event_type, event_id(&core.random, now), now));
    let attempt = endpoint.send(core, &event, now).await.attempt;
    Tested::new(event_type, event.event_id, attempt, now)
}

/// The request of a test, and what came back.
pub struct TestedEvent {
    /// What was sent of a delivery.
    pub event_id: String,
    /// The body that was sent; `None` where the template made none.
    pub body: Option<String>,
    /// When the request began.
    pub started_at: Timestamp,
    /// The request and its response.
    pub attempt: Attempt,
}

/// Sends one event, whether the webhook subscribes to it or not; `None` where there is no real one of that type. Nothing of it is
/// stored, but for a row of the audit log, nor counted. A real one gets an id of its own: a receiver that knows it does not skip it.
pub async fn test_event(
    core: &Core,
    actor: &Actor,
    webhook: &Webhook,
    what: EventChoice,
) -> anyhow::Result<Option<TestedEvent>> {
    let started_at = core.clock.now();
    let endpoint = Endpoint::open(core, webhook.clone())?;
    let Some(found) = what.find(core, webhook.project).await? else { return Ok(None) };
    let event = match what {
        EventChoice::Sample(_) => found,
        EventChoice::Newest(_) => Content { event_id: event_id(&core.random, started_at), ..found },
    };
    let change = Change::new(Action::TestWebhook, Object::Webhook(webhook.public_id.clone()));
    let change = change.with(json!({"event": what.event_type().as_str(), "source": what.source()}));
    let (actor, project) = (actor.clone(), webhook.project);
    core.db.write(async move |tx| Ok(audit::record(tx, project, &actor, &change, started_at).await?)).await?;
    let sent = endpoint.send(core, &event, started_at).await;
    let body = sent.body.map(|body| String::from_utf8_lossy(&body).into_owned());
    Ok(Some(TestedEvent { event_id: event.event_id, body, started_at, attempt: sent.attempt }))
}
