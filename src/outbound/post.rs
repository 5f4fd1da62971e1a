//! One attempt of one delivery: sign, send, judge, and record what the log shows.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::sent::Sent;
use super::template::TemplateError;
use crate::domain::attempt_result::{AttemptResult, NoResponse};
use crate::domain::delivery::AttemptOutcome;
use crate::domain::ids::ProjectId;
use crate::domain::retry::RetryAfter;
use crate::domain::signature::Signatures;
use crate::domain::text::cut;
use crate::net::client::RESPONSE_BYTES_MAX;
use crate::net::{Cause, Client, Method, Request, Response, SendError};

/// Bytes that the log stores of a body, and of all headers of a response together, in bytes.
pub const ATTEMPT_BODY_BYTES_MAX: usize = 16 * 1024;

/// What the log keeps of an error that names a part of a template, in characters.
const ERROR_CHARS_MAX: usize = 500;

/// What an error shows of a `Location`, in characters.
const LOCATION_CHARS_MAX: usize = 500;

/// One event on its way to one webhook.
#[derive(Clone)]
pub struct Delivery<'a> {
    /// Whose webhook it is.
    pub project: ProjectId,
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
    /// The headers of the request.
    pub sent: Sent,
    /// The response's status, where one came.
    pub status: Option<u16>,
    /// The response's headers, up to [`ATTEMPT_BODY_BYTES_MAX`].
    pub response_headers: Vec<(String, String)>,
    /// The response's body as text, up to [`ATTEMPT_BODY_BYTES_MAX`].
    pub response_body: String,
    /// From the start to the end of the response, or to the failure.
    pub duration_ms: u64,
    /// What it means for the delivery.
    pub outcome: AttemptOutcome,
    /// What lists are searched by.
    pub result: AttemptResult,
}

impl Attempt {
    /// One that sent nothing, since the webhook's template made no body of the event.
    pub fn not_rendered(template: Option<u32>, error: &TemplateError) -> Self {
        let error = format!("the template failed: {error}");
        Self {
            sent: Sent::nothing(template),
            status: None,
            response_headers: Vec::new(),
            response_body: String::new(),
            duration_ms: 0,
            outcome: AttemptOutcome::Failed { error: cut(&error, ERROR_CHARS_MAX).to_owned(), retry_after: None },
            result: AttemptResult::None(NoResponse::NotRendered),
        }
    }
}

/// Makes one attempt. It ends within the timeout, whatever the other side does.
pub async fn post(client: &Client, delivery: &Delivery<'_>) -> Attempt {
    let sent = sign(delivery);
    let mut headers = sent.own(delivery.event_id, delivery.now);
    headers.extend_from_slice(delivery.headers);
    let request = Request {
        method: Method::POST,
        url: delivery.url.to_owned(),
        headers,
        body: delivery.body.clone(),
        timeout: delivery.timeout,
        response_bytes_max: RESPONSE_BYTES_MAX,
    };
    match client.send_of(Some(delivery.project), request).await {
        Ok(response) => responded(sent, response),
        Err(error) => failed(sent, error),
    }
}

fn responded(sent: Sent, response: Response) -> Attempt {
    Attempt {
        outcome: judge(&response),
        result: AttemptResult::Status(response.status),
        sent,
        status: Some(response.status),
        response_body: text(&response.body),
        duration_ms: in_ms(response.duration),
        response_headers: within_limit(response.headers),
    }
}

fn failed(sent: Sent, error: SendError) -> Attempt {
    Attempt {
        sent,
        result: AttemptResult::None(no_response(&error.cause)),
        outcome: AttemptOutcome::Failed { error: error.to_string(), retry_after: None },
        status: error.status,
        response_headers: within_limit(error.headers),
        response_body: String::new(),
        duration_ms: in_ms(error.duration),
    }
}

/// The cause, as lists know it. What is not told to strangers is not told here: see [`Cause::NotAllowed`].
fn no_response(cause: &Cause) -> NoResponse {
    match cause {
        Cause::Target(_) | Cause::Request(_) => NoResponse::NotSendable,
        Cause::NotAllowed { .. } | Cause::Dns { .. } => NoResponse::NoAddress,
        Cause::Connect(_) => NoResponse::NotConnected,
        Cause::Tls(_) | Cause::ClientCertificate => NoResponse::NotSecure,
        Cause::LookupTimeout { .. } | Cause::Timeout { .. } => NoResponse::TooSlow,
        Cause::Reset | Cause::Cut => NoResponse::BrokenOff,
        Cause::Protocol(_) => NoResponse::NotHttp,
    }
}

fn judge(response: &Response) -> AttemptOutcome {
    let error = match response.status {
        200..=299 => return AttemptOutcome::Delivered,
        410 => return AttemptOutcome::Gone,
        300..=399 => redirected(response),
        status => format!("the receiver answered {status}"),
    };
    let asks = matches!(response.status, 429 | 503);
    let retry_after = response.header("retry-after").filter(|_| asks).and_then(RetryAfter::parse);
    AttemptOutcome::Failed { error, retry_after }
}

/// A redirect, and where to: the URL to configure instead.
fn redirected(response: &Response) -> String {
    let status = response.status;
    match response.header("location") {
        Some(location) => {
            let location = cut(location, LOCATION_CHARS_MAX);
            format!("the receiver answered {status} and redirects to {location}; redirects are not followed")
        }
        None => format!("the receiver answered {status}; redirects are not followed"),
    }
}

fn sign(delivery: &Delivery) -> Sent {
    let Delivery { secret, previous_secret, event_id, body, now, headers, .. } = delivery;
    Sent::new(Signatures::make(secret, *previous_secret, event_id, now.as_second(), body), headers)
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
