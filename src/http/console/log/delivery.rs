//! One delivery: all attempts, what was sent, what came back, and sending it again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::super::event_names::name_of;
use super::super::exchange::{body_html, short_url};
use super::super::frame::Frame;
use super::super::view::{Html, go, page};
use super::super::webhook::cause::{Cause, cause, short_text, status_text};
use super::super::who::{Member, Needs, Resend};
use super::curl::command;
use super::difference::{Difference, differences};
use super::row::{About, State as DeliveryState, took};
use super::snippets::{SNIPPETS, Snippet};
use super::{log_path, sees_masked};
use crate::core::Core;
use crate::deliveries::resend::resend_delivery;
use crate::deliveries::sent_body::{SentBody, sent_body};
use crate::domain::account::Permission;
use crate::domain::attempt_result::AttemptResult;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{DeliveryId, ProjectId};
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::outbound::{ATTEMPT_BODY_BYTES_MAX, Sent};
use crate::store::delivery_log::{self, EarlierEvent, LoggedAttempt, LoggedDelivery};
use crate::store::delivery_rows::{self, ListedDelivery};
use crate::store::webhooks::{self, Webhook};
use crate::store::window::Position;

#[derive(Template)]
#[template(path = "log/delivery.html")]
struct DeliveryPage {
    frame: Frame,
    id: DeliveryId,
    event: String,
    event_id: String,
    webhook: String,
    /// The webhook's UUID, while it is there.
    webhook_id: Option<String>,
    pill: Html,
    is_cancelled: bool,
    person: Option<String>,
    reference: Option<String>,
    cause: Option<Cause>,
    error: Option<String>,
    attempts: Vec<AttemptRow>,
    url: String,
    headers: Vec<(String, String)>,
    /// The body as it was sent; `None` for those who see no contact details.
    body: Option<ShownBody>,
    /// The event that the template made it of.
    made_of: Option<Html>,
    /// Whether the attempt that is shown sent nothing: the template failed.
    is_nothing_sent: bool,
    /// The event of the same conversation before.
    earlier: Option<Earlier>,
    /// Fields that were not known, and how far the conversation had got.
    unknown: Option<(String, String)>,
    response: Option<ShownResponse>,
    curl: Option<String>,
    is_curl_whole: bool,
    snippets: &'static [Snippet],
}

/// What was told before, and what is new since.
struct Earlier {
    event: String,
    at: Timestamp,
    differences: Vec<Difference>,
}

struct AttemptRow {
    number: u32,
    started_at: Timestamp,
    answer: String,
    is_bad: bool,
    took: String,
    then: Then,
    is_shown: bool,
}

/// What came after an attempt.
enum Then {
    Delivered,
    NextAt(Timestamp),
    WaitsForPerson,
    Cancelled,
}

/// The body of a request.
struct ShownBody {
    /// What was sent, or would be.
    text: Option<Html>,
    bytes: usize,
    /// The version of the template that made it.
    version: Option<u32>,
    /// Why there is none to be shown.
    error: Option<String>,
}

impl ShownBody {
    fn of(sent: &SentBody, event: &str) -> Self {
        let whole = |body: &str, version| Self { text: Some(body_html(body)), bytes: body.len(), version, error: None };
        let none = |version: &u32, error| Self { text: None, bytes: 0, version: Some(*version), error: Some(error) };
        match sent {
            SentBody::Event => whole(event, None),
            SentBody::Made { version, body: Ok(body) } => whole(body, Some(*version)),
            SentBody::Made { version, body: Err(error) } => none(version, format!("the template failed: {error}")),
            SentBody::NotKept { version } => {
                none(version, "that version of the template is not kept any more, nor is what it made".to_owned())
            }
        }
    }
}

struct ShownResponse {
    number: u32,
    took: String,
    status: Option<String>,
    error: Option<String>,
    headers: Vec<(String, String)>,
    body: Html,
    bytes: usize,
}

/// What is known of a delivery.
struct Read {
    logged: LoggedDelivery,
    listed: ListedDelivery,
    body: String,
    earlier: Option<EarlierEvent>,
    attempts: Vec<LoggedAttempt>,
    webhook: Option<Webhook>,
    /// The attempt that is shown: its place among them.
    shown: Option<usize>,
    sent: SentBody,
}

pub async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    query: Query,
) -> Result<Response> {
    let wanted = query.one("attempt").ok().flatten().and_then(|number| number.parse().ok());
    let read = read(&engines, &member, &id, wanted).await?;
    let frame = Frame::of_member(&engines.core, &member, "log").await?;
    page(&delivery_page(&engines.core, frame, read, sees_masked(&member))?)
}

async fn read<N: Needs>(engines: &Engines, member: &Member<N>, id: &str, wanted: Option<u32>) -> Result<Read> {
    let Ok(id) = id.parse::<DeliveryId>() else { return Err(no_such_path().await) };
    match read_delivery(&engines.core, member.project.id, id, wanted).await? {
        Some(read) => Ok(read),
        None => Err(no_such_path().await),
    }
}

async fn read_delivery(core: &Core, project: ProjectId, id: DeliveryId, wanted: Option<u32>) -> Result<Option<Read>> {
    let read = core.db.read(async move |conn| {
        let Some(logged) = delivery_log::find(conn, project, id).await? else { return Ok(None) };
        let at = Position::of(logged.created_at, id);
        let Some(listed) = delivery_rows::rows(conn, project, &[at]).await?.into_iter().next() else {
            return Ok(None);
        };
        let body = delivery_log::body(conn, project, id).await?;
        let earlier = delivery_log::event_before(conn, project, id).await?;
        let attempts = delivery_log::attempts(conn, project, id).await?;
        let webhook = webhooks::find_public(conn, project, &logged.webhook).await?;
        Ok(Some((logged, listed, (body, earlier), attempts, webhook)))
    });
    let Some((logged, listed, (body, earlier), attempts, webhook)) = read.await? else { return Ok(None) };
    let shown = attempts.iter().position(|one| Some(one.number) == wanted).or(attempts.len().checked_sub(1));
    let version = match shown {
        Some(shown) => Sent::from_log(&attempts[shown].sent).and_then(|sent| sent.template),
        // What is to be sent.
        None => webhook.as_ref().and_then(|webhook| Some(webhook.template.as_ref()?.version)),
    };
    let sent = sent_body(core, project, &logged.webhook, version, (&logged.event_id, &body)).await?;
    Ok(Some(Read { logged, listed, body, earlier, attempts, webhook, shown, sent }))
}

fn delivery_page(core: &Core, frame: Frame, read: Read, is_masked: bool) -> Result<DeliveryPage> {
    let Read { logged, listed, body, earlier, attempts, webhook, shown, sent } = read;
    let may_configure = frame.may(Permission::Configure);
    let shown = shown.and_then(|shown| attempts.get(shown));
    let headers = shown.map(|one| headers_of(core, one, &logged.event_id, webhook.as_ref().filter(|_| may_configure)));
    let headers = headers.transpose()?.unwrap_or_default();
    let url = if may_configure { logged.url.clone() } else { short_url(&logged.url) };
    let about = About::of(&body, listed.lead_fields.as_deref());
    let is_failing = matches!(logged.status, DeliveryStatus::Failed | DeliveryStatus::Pending);
    let rows = attempts.iter().enumerate().map(|(at, one)| AttemptRow {
        number: one.number,
        started_at: one.started_at,
        answer: answer(one),
        is_bad: one.error.is_some(),
        took: took(one.duration_ms),
        then: then(one, attempts.get(at + 1), &logged),
        is_shown: shown.is_some_and(|shown| shown.number == one.number),
    });
    let mut rows: Vec<AttemptRow> = rows.collect();
    rows.reverse();
    Ok(DeliveryPage {
        id: logged.id,
        event: name_of(&logged.event_type),
        webhook: webhooks::title(webhook.as_ref().map_or("", |webhook| webhook.name.as_str()), &logged.url),
        webhook_id: webhook.map(|webhook| webhook.public_id),
        pill: DeliveryState::of(&listed).pill(&frame),
        is_cancelled: logged.status == DeliveryStatus::Cancelled,
        person: about.person.filter(|_| !is_masked),
        reference: listed.correlation_id.or(about.reference),
        cause: listed.result.filter(|_| is_failing).and_then(cause),
        error: attempts.last().filter(|_| is_failing).and_then(|one| one.error.clone()),
        attempts: rows,
        curl: as_sent(&sent, &body)
            .filter(|_| !is_masked && !headers.is_empty())
            .map(|body| command(&url, &headers, body)),
        is_curl_whole: may_configure,
        made_of: (!is_masked && sent != SentBody::Event).then(|| body_html(&body)),
        is_nothing_sent: shown.is_some() && headers.is_empty(),
        body: (!is_masked).then(|| ShownBody::of(&sent, &body)),
        earlier: earlier.filter(|_| !is_masked).map(|earlier| Earlier {
            event: name_of(&earlier.event_type),
            at: earlier.created_at,
            differences: differences(&earlier.body, &body),
        }),
        unknown: unknown_fields(&body).filter(|_| !is_masked),
        response: shown.map(|one| response(one, is_masked)),
        event_id: logged.event_id,
        url,
        headers,
        snippets: &SNIPPETS,
        frame,
    })
}

/// The body as it was sent, where that is known.
fn as_sent<'a>(sent: &'a SentBody, event: &'a str) -> Option<&'a str> {
    match sent {
        SentBody::Event => Some(event),
        SentBody::Made { body, .. } => body.as_deref().ok(),
        SentBody::NotKept { .. } => None,
    }
}

/// The headers of an attempt. Of custom ones the values that the webhook has now, for those who may set them; else a mask.
fn headers_of(
    core: &Core,
    attempt: &LoggedAttempt,
    event_id: &str,
    webhook: Option<&Webhook>,
) -> Result<Vec<(String, String)>> {
    let Some(sent) = Sent::from_log(&attempt.sent) else { return Ok(Vec::new()) };
    let mut headers = sent.headers(event_id, attempt.started_at);
    if let Some(webhook) = webhook.filter(|_| !sent.custom.is_empty()) {
        let opened = core.seal.open(webhook.headers_place(), &webhook.sealed_headers).map_err(anyhow::Error::from)?;
        let custom: Vec<(String, String)> = serde_json::from_str(&opened).map_err(anyhow::Error::from)?;
        for (name, value) in headers.iter_mut().filter(|(name, _)| sent.custom.contains(name)) {
            if let Some((_, now)) = custom.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                value.clone_from(now);
            }
        }
    }
    Ok(headers)
}

fn answer(attempt: &LoggedAttempt) -> String {
    match attempt.status_code.and_then(AttemptResult::from_code) {
        Some(result) => short_text(result),
        None => "No answer".to_owned(),
    }
}

fn then(attempt: &LoggedAttempt, next: Option<&LoggedAttempt>, delivery: &LoggedDelivery) -> Then {
    match (next, delivery.status, delivery.due_at) {
        _ if attempt.error.is_none() => Then::Delivered,
        (Some(next), ..) => Then::NextAt(next.started_at),
        (None, DeliveryStatus::Pending, Some(due_at)) => Then::NextAt(due_at),
        (None, DeliveryStatus::Cancelled, _) => Then::Cancelled,
        _ => Then::WaitsForPerson,
    }
}

fn response(attempt: &LoggedAttempt, is_masked: bool) -> ShownResponse {
    let headers = attempt.response_headers.as_deref().and_then(|headers| serde_json::from_str(headers).ok());
    let body = attempt.response_body.as_deref().filter(|_| !is_masked).unwrap_or_default();
    ShownResponse {
        number: attempt.number,
        took: took(attempt.duration_ms),
        status: attempt.status_code.and_then(|status| u16::try_from(status).ok()).map(status_text),
        error: attempt.error.clone(),
        headers: headers.unwrap_or_default(),
        body: body_html(body),
        bytes: body.len(),
    }
}

/// The fields of a lead that are `null` in a body, and the last one that is not.
fn unknown_fields(body: &str) -> Option<(String, String)> {
    let body: Value = serde_json::from_str(body).ok()?;
    let lead = [&body["lead"], &body["data"]["lead_data"]].into_iter().find_map(Value::as_object)?;
    let names = |is_null: bool| {
        let fields = lead.iter().filter(move |(_, value)| value.is_null() == is_null);
        fields.map(|(name, _)| name.replace('_', " ")).collect::<Vec<_>>()
    };
    let (unknown, known) = (names(true), names(false));
    let is_person = |name: &&String| !matches!(name.as_str(), "channel" | "conversation id");
    let last = known.iter().rfind(is_person).cloned().unwrap_or_else(|| "its first message".to_owned());
    (!unknown.is_empty()).then(|| (unknown.join(", "), last))
}

impl ShownResponse {
    fn is_cut(&self) -> bool {
        self.bytes >= ATTEMPT_BODY_BYTES_MAX - 3
    }
}

/// Makes the delivery due again.
pub async fn resend(
    State(engines): State<Engines>,
    member: Member<Resend>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response> {
    let Ok(delivery) = id.parse::<DeliveryId>() else { return Err(no_such_path().await) };
    if !resend_delivery(&engines.core, &member.actor(), member.project.id, delivery).await? {
        return Err(no_such_path().await);
    }
    Ok(go(&format!("{}/{id}", log_path(&member))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_known_is_named_with_how_far_the_conversation_got() {
        let check = |body: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(unknown, last)| (unknown.to_owned(), last.to_owned()));
            assert_eq!(unknown_fields(body), expected, "{body}");
        };
        check(
            r#"{"lead": {"name": "Mei", "phone": null, "email": null, "channel": "web"}}"#,
            Some(("phone, email", "name")),
        );
        check(r#"{"lead": {"name": null, "channel": "web"}}"#, Some(("name", "its first message")));
        check(r#"{"data": {"lead_data": {"name": "Mei", "party_size": null}}}"#, Some(("party size", "name")));
        check(r#"{"lead": {"name": "Mei"}}"#, None);
        check(r#"{"data": {"device_id": null}}"#, None);
    }
}
