//! `/api/v1/projects/{project}/deliveries`: the log of what was sent where, and sending it again.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, People, Resend};
use super::query::{self, Cursor, Limit, Page, Params, word};
use crate::core::Core;
use crate::db::Conn;
use crate::deliveries::log_filter::{LogFilter, Period};
use crate::deliveries::resend::resend_delivery;
use crate::deliveries::sent_body::{SentBody, sent_body};
use crate::domain::attempt_result::{AttemptResult, ResultRange};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::{DeliveryId, ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Path;
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::outbound::Sent;
use crate::store::delivery_list::{self, LogWebhook};
use crate::store::delivery_log::{self, LoggedAttempt, LoggedDelivery};
use crate::store::delivery_rows::{self, ListedDelivery};
use crate::store::window::Position;

/// Characters that are looked for.
const SEARCH_CHARS_MAX: usize = 100;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(show)).routes(routes!(resend))
}

/// The filter of the log.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    /// Of this webhook.
    webhook: Option<String>,
    /// In this status.
    #[param(schema_with = super::words::delivery_status, required = false)]
    status: Option<String>,
    /// Of this type of event.
    #[param(schema_with = super::words::event_type, required = false)]
    event: Option<String>,
    /// By what the last attempt came to: `2xx`, `3xx`, `4xx`, `5xx`, `none` for no response, or one status.
    #[param(value_type = Option<String>, pattern = "^([2345]xx|none|[2345][0-9][0-9])$", example = "5xx")]
    answer: Option<String>,
    /// Of events of this long ago at most.
    #[param(schema_with = super::words::period, required = false)]
    period: Option<String>,
    /// Of events from this time on.
    #[param(value_type = Option<UtcMicroseconds>)]
    since: Option<Timestamp>,
    /// A reference, the id of an event, or what a person is found by: a name, an e-mail address, a number.
    #[param(max_length = 100)]
    q: Option<String>,
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before, with the other parameters unchanged.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// A filter of the log, of its words.
pub(super) fn filter_of(
    webhook: Option<String>,
    status: Option<&str>,
    event: Option<&str>,
    answer: Option<&str>,
    (period, since, search): (Option<&str>, Option<Timestamp>, Option<String>),
) -> Result<LogFilter> {
    Ok(LogFilter {
        webhook,
        state: word("status", status, DeliveryStatus::parse)?,
        event: word("event", event, EventType::parse)?,
        answer: word("answer", answer, |word| ResultRange::parse(word).map(|_| word.to_owned()))?,
        period: word("period", period, Period::parse)?,
        since,
        search: query::search(search, SEARCH_CHARS_MAX)?,
    })
}

/// One event on its way to one webhook.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryBody {
    #[schema(schema_with = super::words::digits)]
    pub(crate) id: String,
    pub(crate) webhook_id: String,
    #[schema(example = "https://crm.example/hooks/aurix")]
    pub(crate) url: String,
    #[schema(example = "evt_019b7e2f5c1a7d3e9f40")]
    pub(crate) event_id: String,
    #[schema(example = "lead.created")]
    pub(crate) event_type: String,
    #[schema(schema_with = super::words::delivery_status)]
    pub(crate) status: Cow<'static, str>,
    /// Attempts that were begun.
    pub(crate) attempts: u32,
    /// When the next attempt is due.
    #[schema(required)]
    pub(crate) due_at: Option<UtcMicroseconds>,
    /// When the event happened.
    pub(crate) created_at: UtcMicroseconds,
    /// The status of the last response; `null` where there was none.
    #[schema(required)]
    pub(crate) status_code: Option<u16>,
    /// How long the last attempt took.
    #[schema(required)]
    pub(crate) duration_ms: Option<i64>,
    /// The reference of the lead's session.
    #[schema(required)]
    pub(crate) correlation_id: Option<String>,
}

impl DeliveryBody {
    fn new(row: ListedDelivery, webhooks: &HashMap<WebhookId, LogWebhook>) -> Self {
        let webhook = webhooks.get(&row.webhook);
        Self {
            id: row.id.to_string(),
            webhook_id: webhook.map(|webhook| webhook.public_id.clone()).unwrap_or_default(),
            url: webhook.map(|webhook| webhook.url.clone()).unwrap_or_default(),
            event_id: row.event_id,
            event_type: row.event_type,
            status: row.status.as_str().into(),
            attempts: row.attempts,
            due_at: row.due_at.map(UtcMicroseconds),
            created_at: UtcMicroseconds(row.created_at),
            status_code: match row.result {
                Some(AttemptResult::Status(status)) => Some(status),
                Some(AttemptResult::None(_)) | None => None,
            },
            duration_ms: row.duration_ms,
            correlation_id: row.correlation_id,
        }
    }
}

/// List deliveries
///
/// Newest first. A page may have fewer rows than `limit`, or none, and yet a `next_cursor`: the search went so far and goes on there.
#[utoipa::path(get, path = "/deliveries", operation_id = "list_deliveries", tag = "Deliveries", params(DeliveryParams),
    responses((status = 200, description = "The deliveries that the filter matches.", body = Page<DeliveryBody>)))]
async fn list(
    State(core): State<Core>,
    caller: Caller<People>,
    Params(params): Params<DeliveryParams>,
) -> Result<axum::Json<Page<DeliveryBody>>> {
    let DeliveryParams { webhook, status, event, answer, period, since, q, limit, cursor } = params;
    let (status, event, answer) = (status.as_deref(), event.as_deref(), answer.as_deref());
    let filter = filter_of(webhook, status, event, answer, (period.as_deref(), since, q))?;
    let before = cursor.map_or(Position::NEWEST, |Cursor(at)| at);
    let (project, now, rows) = (caller.id(), core.clock.now(), limit.unwrap_or_default().rows());
    let found = core.db.read(async move |conn| find(conn, project, &filter, now, (before, rows)).await).await?;
    Ok(axum::Json(found))
}

async fn find(
    conn: &Conn,
    project: ProjectId,
    filter: &LogFilter,
    now: Timestamp,
    (before, most): (Position, u32),
) -> anyhow::Result<Page<DeliveryBody>> {
    let Some(wanted) = filter.resolve(conn, project, now).await? else { return Ok(Page::whole(Vec::new())) };
    let webhooks = delivery_list::webhooks(conn, project).await?;
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id).collect();
    let most = usize::try_from(most)?;
    let page = delivery_list::page(conn, project, &ids, &wanted, (before, most)).await?;
    let rows = delivery_rows::rows(conn, project, &page.positions).await?;
    let webhooks = webhooks.into_iter().map(|webhook| (webhook.id, webhook)).collect();
    let data = rows.into_iter().map(|row| DeliveryBody::new(row, &webhooks)).collect();
    Ok(Page::new(data, page.next.map(|(at, _)| at)))
}

/// An attempt.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AttemptBody {
    /// From 1.
    pub(crate) number: u32,
    pub(crate) started_at: UtcMicroseconds,
    pub(crate) duration_ms: i64,
    #[schema(required)]
    pub(crate) status_code: Option<i64>,
    /// Why it failed, in words.
    #[schema(required)]
    pub(crate) error: Option<String>,
    /// Pairs of a name and a value, as they were sent.
    // Generators of clients stumble over the tuple that this would be described as otherwise.
    #[schema(value_type = Vec<Vec<String>>, example = json!([["content-type", "application/json"]]))]
    pub(crate) request_headers: Vec<(String, String)>,
    /// Pairs of a name and a value; `null` where there was no response.
    #[schema(required, value_type = Option<Vec<Vec<String>>>, example = json!([["content-type", "application/json"]]))]
    pub(crate) response_headers: Option<Vec<(String, String)>>,
    /// At most 16 KiB.
    #[schema(required)]
    pub(crate) response_body: Option<String>,
}

impl AttemptBody {
    fn new(event_id: &str, attempt: LoggedAttempt) -> Self {
        let headers = attempt.response_headers.as_deref();
        let sent = Sent::from_log(&attempt.sent);
        Self {
            request_headers: sent.map_or_else(Vec::new, |sent| sent.headers(event_id, attempt.started_at)),
            number: attempt.number,
            started_at: UtcMicroseconds(attempt.started_at),
            duration_ms: attempt.duration_ms,
            status_code: attempt.status_code,
            error: attempt.error,
            response_headers: headers.map(|headers| serde_json::from_str(headers).unwrap_or_default()),
            response_body: attempt.response_body,
        }
    }
}

/// A delivery with its attempts, oldest first.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct DeliveryDetails {
    #[schema(schema_with = super::words::digits)]
    pub(crate) id: String,
    pub(crate) webhook_id: String,
    pub(crate) url: String,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    #[schema(schema_with = super::words::delivery_status)]
    pub(crate) status: Cow<'static, str>,
    #[schema(required)]
    pub(crate) due_at: Option<UtcMicroseconds>,
    pub(crate) created_at: UtcMicroseconds,
    /// Whether the webhook is on: what is due waits until it is.
    pub(crate) is_webhook_active: bool,
    /// Attempts that were begun, those that are not in the log any more too.
    pub(crate) attempts_begun: u32,
    pub(crate) attempts: Vec<AttemptBody>,
    /// The event, before a template of the webhook.
    #[schema(value_type = Object)]
    pub(crate) event: Box<RawValue>,
    /// What a template made of it for the last attempt; `null` where the event went as it is.
    #[schema(required)]
    pub(crate) made: Option<MadeBody>,
}

/// What a payload template made of an event.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct MadeBody {
    /// Of the template.
    pub(crate) version: u32,
    /// What was sent; `null` where nothing was, and where that version of the template is not kept any more.
    #[schema(required, value_type = Option<Object>)]
    pub(crate) body: Option<Box<RawValue>>,
    /// Why nothing was sent.
    #[schema(required)]
    pub(crate) error: Option<String>,
}

impl MadeBody {
    fn of(sent: SentBody) -> anyhow::Result<Option<Self>> {
        Ok(match sent {
            SentBody::Event => None,
            SentBody::Made { version, body: Ok(body) } => {
                Some(Self { version, body: Some(RawValue::from_string(body)?), error: None })
            }
            SentBody::Made { version, body: Err(error) } => {
                Some(Self { version, body: None, error: Some(error.to_string()) })
            }
            SentBody::NotKept { version } => Some(Self { version, body: None, error: None }),
        })
    }
}

async fn details(core: &Core, project: ProjectId, id: DeliveryId) -> anyhow::Result<Option<DeliveryDetails>> {
    let read = core.db.read(async move |conn| {
        let Some(delivery) = delivery_log::find(conn, project, id).await? else { return Ok(None) };
        let attempts = delivery_log::attempts(conn, project, id).await?;
        Ok(Some((delivery, attempts, delivery_log::body(conn, project, id).await?)))
    });
    let Some((delivery, attempts, event)) = read.await? else { return Ok(None) };
    let last = attempts.last().and_then(|attempt| Sent::from_log(&attempt.sent)).and_then(|sent| sent.template);
    let sent = sent_body(core, project, &delivery.webhook, last, (&delivery.event_id, &event)).await?;
    let LoggedDelivery { webhook, url, event_id, event_type, status, due_at, created_at, .. } = delivery;
    Ok(Some(DeliveryDetails {
        is_webhook_active: delivery.is_webhook_active,
        attempts_begun: delivery.attempts,
        made: MadeBody::of(sent)?,
        attempts: attempts.into_iter().map(|attempt| AttemptBody::new(&event_id, attempt)).collect(),
        id: id.to_string(),
        webhook_id: webhook,
        url,
        event_id,
        event_type,
        status: status.as_str().into(),
        due_at: due_at.map(UtcMicroseconds),
        created_at: UtcMicroseconds(created_at),
        event: RawValue::from_string(event)?,
    }))
}

async fn get(core: &Core, project: ProjectId, id: &str) -> Result<(DeliveryId, DeliveryDetails)> {
    let missing = || ApiError::NotFound("The project has no such delivery.".to_owned());
    let id: DeliveryId = id.parse().map_err(|_| missing())?;
    let found = details(core, project, id).await?;
    found.map(|details| (id, details)).ok_or_else(missing)
}

/// Show a delivery
#[utoipa::path(get, path = "/deliveries/{delivery}", operation_id = "get_delivery", tag = "Deliveries",
    responses((status = 200, description = "The delivery with its attempts.", body = DeliveryDetails)))]
async fn show(
    State(core): State<Core>,
    caller: Caller<People>,
    Path((_, id)): Path<(String, String)>,
) -> Result<axum::Json<DeliveryDetails>> {
    Ok(axum::Json(get(&core, caller.id(), &id).await?.1))
}

/// Resend a delivery
///
/// It is due at once, with its retry schedule from the start, whatever became of it before.
#[utoipa::path(post, path = "/deliveries/{delivery}/resend", operation_id = "resend_delivery", tag = "Deliveries",
    responses((status = 202, description = "The delivery, waiting.", body = DeliveryDetails)))]
async fn resend(
    State(core): State<Core>,
    caller: Caller<Resend>,
    Path((_, id)): Path<(String, String)>,
) -> Result<(StatusCode, axum::Json<DeliveryDetails>)> {
    let (delivery, _) = get(&core, caller.id(), &id).await?;
    if !resend_delivery(&core, &caller.actor(), caller.id(), delivery).await? {
        return Err(ApiError::Conflict(
            "It was cancelled, or its webhook was removed: it cannot be sent any more.".to_owned(),
        ));
    }
    Ok((StatusCode::ACCEPTED, axum::Json(get(&core, caller.id(), &id).await?.1)))
}
