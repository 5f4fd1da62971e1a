//! The built-in listener: what a partner's server would do with a delivery, shown on the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Playground, lead};
use crate::core::Core;
use crate::domain::ids::ConversationId;
use crate::domain::signature::{verify_hub, verify_standard_webhooks};
use crate::domain::time::{SignedDuration, Timestamp, with_milliseconds};
use crate::http::error::{ApiError, Result};
use crate::http::extract::from_json;
use crate::store::webhooks;

/// Bytes of a delivery; those of the demo have a few hundred.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How far a delivery's timestamp may be from now, either way; older ones may be replays.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// A delivery as the page shows it.
#[derive(Serialize)]
struct Delivery<'a> {
    /// The event's id: the same on every attempt.
    id: &'a str,
    event_type: &'a str,
    received_at: String,
    /// Both signatures are right, and the timestamp is of now.
    verified: bool,
    signature: &'a str,
    headers: BTreeMap<&'a str, String>,
    body: &'a RawValue,
    /// Counts the times that this event has come.
    attempt: u32,
}

/// What the listener reads of an event.
#[derive(Deserialize)]
struct Event {
    event_type: Option<String>,
    /// The name's place in `lead.created`.
    event: Option<String>,
    data: Option<EventData>,
    lead: Option<EventLead>,
}

#[derive(Deserialize)]
struct EventData {
    conversation_id: Option<ConversationId>,
}

#[derive(Deserialize)]
struct EventLead {
    conversation_id: Option<String>,
}

impl Event {
    /// Whom the event is about; nobody yet for a click.
    fn who(self) -> Option<lead::Who> {
        let by_key = self.data.and_then(|data| data.conversation_id).map(lead::Who::Conversation);
        by_key.or_else(|| self.lead.and_then(|lead| lead.conversation_id).map(lead::Who::PublicId))
    }
}

/// `POST /playground/listener`: 204, or 401 where a signature is wrong. Shown on the page either way.
pub(super) async fn take_delivery(
    State(core): State<Core>,
    Extension(playground): Extension<Arc<Playground>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    if body.len() > BODY_BYTES_MAX {
        return Err(ApiError::TooLarge(BODY_BYTES_MAX));
    }
    let json: &RawValue = serde_json::from_slice(&body).map_err(|error| ApiError::Malformed(error.to_string()))?;
    let event: Event = from_json(&body)?;
    let now = core.clock.now();
    let verified = is_verified(&secret(&core, &playground).await?, &headers, &body, now);
    let id = header(&headers, "webhook-id");
    playground.feed.publish(
        "delivery",
        &Delivery {
            id,
            event_type: event.event_type.as_deref().or(event.event.as_deref()).unwrap_or("unknown"),
            received_at: with_milliseconds(now),
            verified,
            signature: header(&headers, "x-hub-signature"),
            headers: as_text(&headers),
            body: json,
            attempt: playground.count_attempt(id),
        },
    );
    if !verified {
        return Err(ApiError::Unauthorized("The signature is not one of this webhook's secret."));
    }
    if let Some(who) = event.who() {
        lead::show(&core, &playground, who).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The webhook's secret as it is now: it can be rotated by command meanwhile.
async fn secret(core: &Core, playground: &Playground) -> anyhow::Result<String> {
    let (project, id) = (playground.stage.project, playground.stage.webhook.clone());
    let webhook = core.db.read(async move |conn| Ok(webhooks::find_public(conn, project, &id).await?)).await?;
    let webhook = webhook.context("the demo's webhook is gone")?;
    core.seal.open(webhook.secret_place(), &webhook.sealed_secret).context("opening the webhook's secret")
}

fn is_verified(secret: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
    let Ok(timestamp_s) = header(headers, "webhook-timestamp").parse() else { return false };
    let is_fresh = Timestamp::from_second(timestamp_s).is_ok_and(|sent| now.duration_since(sent).abs() <= TOLERANCE);
    let (id, given) = (header(headers, "webhook-id"), header(headers, "webhook-signature"));
    is_fresh
        && verify_hub(secret, body, header(headers, "x-hub-signature"))
        && verify_standard_webhooks(secret, id, timestamp_s, body, given)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn as_text(headers: &HeaderMap) -> BTreeMap<&str, String> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConversationId;
    use crate::domain::signature::Signatures;

    const BODY: &[u8] = br#"{"event_type":"widget.click"}"#;
    const SIGNED_AT: i64 = 1_767_348_000;

    fn signed() -> HeaderMap {
        let signatures = Signatures::make("aurix_new", Some("aurix_old"), "evt_1", SIGNED_AT, BODY);
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", SIGNED_AT.to_string().parse().unwrap());
        headers.insert("webhook-signature", signatures.webhook.parse().unwrap());
        headers.insert("x-hub-signature", signatures.hub.parse().unwrap());
        headers
    }

    fn after_s(seconds: i64) -> Timestamp {
        Timestamp::from_second(SIGNED_AT + seconds).unwrap()
    }

    #[test]
    fn both_signatures_and_the_time_must_be_right() {
        assert!(is_verified("aurix_new", &signed(), BODY, after_s(1)));
        assert!(is_verified("aurix_new", &signed(), BODY, after_s(-300)));
        assert!(!is_verified("aurix_new", &signed(), BODY, after_s(301)), "a replay");
        assert!(!is_verified("aurix_old", &signed(), BODY, after_s(1)), "x-hub-signature uses the new secret");
        assert!(!is_verified("aurix_new", &signed(), b"{}", after_s(1)));
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature"] {
            let mut headers = signed();
            headers.remove(name);
            assert!(!is_verified("aurix_new", &headers, BODY, after_s(1)), "without {name}");
        }
    }

    #[test]
    fn an_event_tells_whom_it_is_about() {
        let who = |body: &str| from_json::<Event>(body.as_bytes()).unwrap().who();
        let correlated = r#"{"event_type":"lead.correlated","data":{"conversation_id":7}}"#;
        assert_eq!(who(correlated), Some(lead::Who::Conversation(ConversationId(7))));
        let created = r#"{"event":"lead.created","lead":{"conversation_id":"a-uuid"}}"#;
        assert_eq!(who(created), Some(lead::Who::PublicId("a-uuid".to_owned())));
        assert_eq!(who(r#"{"event_type":"widget.click","data":{"correlation_id":"O-aB3dE9z"}}"#), None);
    }
}
