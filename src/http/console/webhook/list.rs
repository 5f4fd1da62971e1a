//! `…/webhook`: all webhooks with their health, what fails together, and tests.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::event_names::{self, EventName, list_of};
use super::super::exchange::{http_text, short_url};
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::view::{Html, page};
use super::super::who::{Member, Needs, Resend};
use super::cause::{Cause, cause, short_text, status_text, verb_text};
use super::find;
use super::health::{self, Health, count};
use super::warnings::duplicates;
use crate::deliveries::samples::EventChoice;
use crate::deliveries::test_webhook::{TestedEvent, test_event};
use crate::domain::account::Permission;
use crate::domain::attempt_result::AttemptResult;
use crate::domain::counts::quarter_of;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::event::EventType;
use crate::domain::ids::WebhookId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Path;
use crate::store::delivery_counts::{self, FailingGroup};
use crate::store::webhooks::{self, Webhook};

/// How old a failed delivery may be that is still said to fail.
const FAILING_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Groups of failures that are shown.
const GROUPS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "webhook/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    rows: Vec<WebhookRow>,
    groups: Vec<Group>,
    twice: Vec<Twice>,
    tested: Option<Tested>,
}

impl WebhooksPage {
    fn is_tested(&self, row: &WebhookRow) -> bool {
        self.tested.as_ref().is_some_and(|tested| tested.webhook == row.webhook.public_id)
    }
}

struct WebhookRow {
    webhook: Webhook,
    title: String,
    url: String,
    events: String,
    is_operational: bool,
    health: Health,
}

impl WebhookRow {
    /// What it can be tested with.
    fn choices(&self) -> Vec<EventName> {
        event_names::family(self.is_operational)
    }
}

/// Deliveries that fail alike.
struct Group {
    title: String,
    short: String,
    verb: String,
    cause: Cause,
    webhook: String,
    code: i64,
    all: String,
    failed: i64,
    failed_text: String,
    next_at: Option<Timestamp>,
    since: Timestamp,
    is_plural: bool,
}

/// Two webhooks that send the same to one URL.
struct Twice {
    first: String,
    second: String,
    second_id: String,
    events: String,
}

/// A test that was just made.
struct Tested {
    webhook: String,
    what: String,
    /// The choice in the field of events.
    choice: String,
    result: Option<TestResult>,
}

struct TestResult {
    is_delivered: bool,
    short: String,
    cause: Option<Cause>,
    error: Option<String>,
    started_at: Timestamp,
    duration_ms: u64,
    /// What was sent; `None` where the template made no body.
    request: Option<Html>,
    response: Option<Html>,
    response_bytes: usize,
}

pub async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&webhooks_page(&engines, &member).await?)
}

async fn webhooks_page<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<WebhooksPage> {
    let (project, now) = (member.project.id, engines.core.clock.now());
    let read = engines.core.db.read(async move |conn| {
        let webhooks = webhooks::list(conn, project).await?;
        let ids: Vec<WebhookId> = webhooks.iter().map(|webhook| webhook.id).collect();
        let first = quarter_of(now) - health::QUARTERS + 1;
        let counts = delivery_counts::since(conn, project, first).await?;
        let waiting = delivery_counts::waiting(conn, project, &ids).await?;
        let failing = delivery_counts::failing(conn, project, &ids, now - FAILING_WITHIN).await?;
        Ok((webhooks, counts, waiting, failing))
    });
    let (webhooks, counts, waiting, failing) = read.await?;
    let groups = groups(&webhooks, failing);
    let twice = twice(&webhooks);
    let row = |webhook: Webhook| WebhookRow {
        title: webhook.title(),
        url: short_url(&webhook.url),
        events: list_of(&webhook.events),
        is_operational: event_names::is_operational(&webhook.events),
        health: Health::new(
            counts.get(&webhook.id).map_or(&[][..], Vec::as_slice),
            waiting.get(&webhook.id).copied().unwrap_or_default(),
            now,
        ),
        webhook,
    };
    Ok(WebhooksPage {
        frame: Frame::of_member(&engines.core, member, "webhook").await?,
        rows: webhooks.into_iter().map(row).collect(),
        groups,
        twice,
        tested: None,
    })
}

/// The largest first.
fn groups(webhooks: &[Webhook], failing: Vec<FailingGroup>) -> Vec<Group> {
    let by_id: HashMap<WebhookId, &Webhook> = webhooks.iter().map(|webhook| (webhook.id, webhook)).collect();
    let mut failing = failing;
    failing.sort_by_key(|group| std::cmp::Reverse(group.failed + group.retried));
    let group = |group: FailingGroup| {
        let webhook = by_id.get(&group.webhook)?;
        let result = AttemptResult::from_code(group.result)?;
        let broken_off = Cause { step: super::cause::Step::AtReceiver, ..cause(AttemptResult::Status(599))? };
        Some(Group {
            title: webhook.title(),
            short: short_text(result),
            verb: verb_text(result),
            cause: cause(result).unwrap_or(broken_off),
            webhook: webhook.public_id.clone(),
            code: group.result,
            all: count(group.failed + group.retried),
            failed: group.failed,
            failed_text: count(group.failed),
            next_at: group.next_at.filter(|_| group.retried > 0),
            since: webhook.failing_since.unwrap_or(group.since),
            is_plural: group.failed + group.retried != 1,
        })
    };
    failing.into_iter().filter_map(group).take(GROUPS_MAX).collect()
}

fn twice(webhooks: &[Webhook]) -> Vec<Twice> {
    let mut found = Vec::new();
    for (at, second) in webhooks.iter().enumerate().filter(|(_, webhook)| webhook.is_active) {
        let first =
            webhooks[..at].iter().find_map(|first| Some((first, duplicates(first, &second.url, &second.events)?)));
        if let Some((first, events)) = first {
            found.push(Twice {
                first: first.title(),
                second: second.title(),
                second_id: second.public_id.clone(),
                events,
            });
        }
    }
    found
}

/// Tests a webhook: the result opens below its row.
pub async fn test(
    State(engines): State<Engines>,
    member: Member<Resend>,
    Path((_, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let what = chosen(form.text("event"), &webhook);
    let tested = test_event(&engines.core, &member.actor(), &webhook, what).await?;
    let tested = Tested {
        what: event_names::name_of(what.event_type().as_str()),
        choice: what.word(),
        result: tested.map(|tested| result(&webhook, tested)),
        webhook: webhook.public_id,
    };
    page(&WebhooksPage { tested: Some(tested), ..webhooks_page(&engines, &member).await? })
}

/// What is tried with a webhook: a sample of the first of its events where nothing was chosen.
pub fn chosen(text: &str, webhook: &Webhook) -> EventChoice {
    let subscribed = |event: &EventName| webhook.events.iter().any(|word| word == event.word);
    let first = || {
        event_names::all().iter().find(|event| subscribed(event)).map_or(EventType::LeadCreated, |event| event.event)
    };
    EventChoice::parse(text).unwrap_or_else(|| EventChoice::Sample(first()))
}

fn result(webhook: &Webhook, tested: TestedEvent) -> TestResult {
    let TestedEvent { event_id, body, started_at, attempt } = tested;
    let url = url::Url::parse(&webhook.url).ok();
    let path = url.as_ref().map_or("/", |url| url.path());
    let host = url.as_ref().map_or("", |url| &url[url::Position::BeforeHost..url::Position::AfterPort]);
    let mut headers = vec![("host".to_owned(), host.to_owned())];
    headers.extend(attempt.sent.headers(&event_id, started_at));
    let shown_path = short_url(&format!("https://x{path}"));
    let first_line =
        format!("POST {} HTTP/1.1", shown_path.strip_prefix('x').filter(|path| !path.is_empty()).unwrap_or("/"));
    let answer = |status| {
        http_text(&format!("HTTP/1.1 {}", status_text(status)), &attempt.response_headers, &attempt.response_body)
    };
    TestResult {
        is_delivered: attempt.outcome == AttemptOutcome::Delivered,
        short: match attempt.result {
            AttemptResult::Status(status) => status_text(status),
            none => short_text(none),
        },
        cause: cause(attempt.result),
        error: attempt.outcome.error().map(str::to_owned),
        started_at,
        duration_ms: attempt.duration_ms,
        request: body.map(|body| http_text(&first_line, &headers, &body)),
        response: attempt.status.map(answer),
        response_bytes: attempt.response_body.len(),
    }
}
