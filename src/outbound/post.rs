//! One attempt of one delivery: sign, send, judge, and keep what the log shows of it.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::retry::RetryAfter;
use crate::domain::signature::Signatures;
use crate::net::client::ANSWER_BYTES_MAX;
use crate::net::{Answer, Client, Method, Request, SendError};

/// What the log keeps of a body, and of all headers of an answer together, in bytes.
pub const ATTEMPT_BODY_BYTES_MAX: usize = 16 * 1024;

/// How deliveries introduce themselves.
pub const USER_AGENT: &str = concat!("Aurix-Webhooks/", env!("CARGO_PKG_VERSION"));

/// What the log shows instead of the value of a custom header, which may be a secret.
const MASK: &str = "••••••";

/// One event on its way to one webhook.
#[derive(Clone)]
pub struct Delivery<'a> {
    /// The webhook's URL; checked again by the client.
    pub url: &'a str,
    /// The event's id: `webhook-id`, the same on every attempt.
    pub event_id: &'a str,
    /// The same bytes on every attempt.
    pub body: Bytes,
    /// The webhook's secret.
    pub secret: &'a str,
    /// The secret before it, while a rotation overlaps.
    pub previous_secret: Option<&'a str>,
    /// Custom headers that passed [`super::headers::check_all`].
    pub headers: &'a [(String, String)],
    /// When this attempt starts: `webhook-timestamp`.
    pub now: Timestamp,
    /// For everything together: [`crate::net::client::TIMEOUT_DEFAULT`].
    pub timeout: Duration,
}

/// What happened, for the log and for what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// As sent, but for the values of custom headers.
    pub request_headers: Vec<(String, String)>,
    /// The answer's status, where one came.
    pub status: Option<u16>,
    /// The answer's headers, up to [`ATTEMPT_BODY_BYTES_MAX`].
    pub answer_headers: Vec<(String, String)>,
    /// The answer's body as text, up to [`ATTEMPT_BODY_BYTES_MAX`].
    pub answer_body: String,
    /// From the start to the end of the answer, or to the failure.
    pub duration_ms: u64,
    /// What it means for the delivery.
    pub outcome: Outcome,
}

/// What an attempt means for its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A 2xx that ended properly.
    Delivered,
    /// To be tried again.
    Failed {
        /// In an operator's words.
        why: String,
        /// What a 429 or 503 asked for.
        retry_after: Option<RetryAfter>,
    },
    /// `410`: the receiver wants nothing more; the webhook is to be turned off.
    Gone,
}

/// Makes one attempt. It ends within the timeout, whatever the other side does.
pub async fn post(client: &Client, delivery: &Delivery<'_>) -> Attempt {
    let headers = headers(delivery);
    let request_headers = masked(&headers, delivery.headers.len());
    let request = Request {
        method: Method::POST,
        url: delivery.url.to_owned(),
        headers,
        body: delivery.body.clone(),
        timeout: delivery.timeout,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    match client.send(request).await {
        Ok(answer) => answered(request_headers, answer),
        Err(error) => failed(request_headers, error),
    }
}

fn answered(request_headers: Vec<(String, String)>, answer: Answer) -> Attempt {
    Attempt {
        outcome: judge(&answer),
        request_headers,
        status: Some(answer.status),
        answer_body: text(&answer.body),
        duration_ms: in_ms(answer.duration),
        answer_headers: within_limit(answer.headers),
    }
}

fn failed(request_headers: Vec<(String, String)>, error: SendError) -> Attempt {
    Attempt {
        request_headers,
        outcome: Outcome::Failed { why: error.to_string(), retry_after: None },
        status: error.status,
        answer_headers: within_limit(error.headers),
        answer_body: String::new(),
        duration_ms: in_ms(error.duration),
    }
}

fn judge(answer: &Answer) -> Outcome {
    let why = match answer.status {
        200..=299 => return Outcome::Delivered,
        410 => return Outcome::Gone,
        300..=399 => format!("the receiver answered {}; redirects are not followed", answer.status),
        status => format!("the receiver answered {status}"),
    };
    let asks = matches!(answer.status, 429 | 503);
    let retry_after = answer.header("retry-after").filter(|_| asks).and_then(RetryAfter::parse);
    Outcome::Failed { why, retry_after }
}

/// Aurix's own headers, then the custom ones.
fn headers(delivery: &Delivery) -> Vec<(String, String)> {
    let Delivery { secret, previous_secret, event_id, body, .. } = delivery;
    let timestamp_s = delivery.now.as_second();
    let Signatures { hub, webhook } = Signatures::make(secret, *previous_secret, event_id, timestamp_s, body);
    let mut headers = Vec::with_capacity(6 + delivery.headers.len());
    let own: [(&str, String); 6] = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", USER_AGENT.to_owned()),
        ("x-hub-signature", hub),
        ("webhook-id", (*event_id).to_owned()),
        ("webhook-timestamp", timestamp_s.to_string()),
        ("webhook-signature", webhook),
    ];
    headers.extend(own.map(|(name, value)| (name.to_owned(), value)));
    headers.extend_from_slice(delivery.headers);
    headers
}

/// A copy for the log. The last `custom` headers are the owner's: their values may be secrets.
fn masked(headers: &[(String, String)], custom: usize) -> Vec<(String, String)> {
    let (own, custom) = headers.split_at(headers.len() - custom);
    own.iter().cloned().chain(custom.iter().map(|(name, _)| (name.clone(), MASK.to_owned()))).collect()
}

fn within_limit(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut bytes = 0;
    headers.retain(|(name, value)| {
        bytes += name.len() + value.len();
        bytes <= ATTEMPT_BODY_BYTES_MAX
    });
    headers
}

/// The body's beginning as text. What is no UTF-8 is replaced, which may lengthen it: the limit holds for the result.
fn text(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&body[..body.len().min(ATTEMPT_BODY_BYTES_MAX)]).into_owned();
    text.truncate(text.floor_char_boundary(ATTEMPT_BODY_BYTES_MAX));
    text
}

fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
