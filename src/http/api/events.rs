//! `/api/v1/projects/{project}/events` and `…/exports`: what happened, and leads as a file.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Export, People};
use super::leads::ExportParams;
use super::query::{Cursor, Limit, Page, Params};
use crate::core::Core;
use crate::deliveries::log_filter::event_ms;
use crate::domain::time::with_milliseconds;
use crate::engines::Engines;
use crate::http::console::leads::export;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Path;
use crate::store::delivery_rows;
use crate::store::events::{self, EventKey, ListedEvent};
use crate::store::window::Position;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(show)).routes(routes!(leads))
}

/// Which part of a list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventParams {
    /// The most rows: 50 unless you say otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<Limit>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    cursor: Option<Cursor>,
}

/// List events
///
/// Newest first: `event_id`, `event_type`, `created_at`, and `body` as webhooks get it without a template. `webhooks` of this document
/// has the bodies' schemas.
#[utoipa::path(get, path = "/events", operation_id = "list_events", tag = "Deliveries", params(EventParams),
    responses((status = 200, description = "A page of events.", body = Page<Value>)))]
async fn list(
    State(core): State<Core>,
    caller: Caller<People>,
    Params(params): Params<EventParams>,
) -> Result<axum::Json<Page<Value>>> {
    let before = params.cursor.map_or(Position::NEWEST, |Cursor(at)| at);
    let (project, most) = (caller.id(), params.limit.unwrap_or_default().rows());
    let mut rows = core.db.read(async move |conn| Ok(events::page(conn, project, before, most + 1).await?)).await?;
    let most = usize::try_from(most)?;
    let has_more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| has_more).map(|last| Position::of(last.created_at, last.id));
    let data = rows.iter().map(shown).collect::<serde_json::Result<_>>()?;
    Ok(axum::Json(Page::new(data, next)))
}

/// An event with its body, as webhooks get it. The body of `lead.created` has no id.
fn shown(event: &ListedEvent) -> serde_json::Result<Value> {
    let body: Value = serde_json::from_str(&event.body)?;
    Ok(
        json!({"event_id": event.event_id, "event_type": event.event_type, "created_at": with_milliseconds(event.created_at),
              "body": body}),
    )
}

/// Show an event
#[utoipa::path(get, path = "/events/{event}", operation_id = "get_event", tag = "Deliveries",
    responses((status = 200, description = "The event, as webhooks get it.", body = Object)))]
async fn show(
    State(core): State<Core>,
    caller: Caller<People>,
    Path((_, id)): Path<(String, String)>,
) -> Result<axum::Json<Value>> {
    let project = caller.id();
    let found = core.db.read(async move |conn| {
        let Some(ms) = event_ms(&id).filter(|ms| *ms < i64::MAX / 2_000) else { return Ok(None) };
        let Some((id, created_at)) = delivery_rows::find_event(conn, project, &id, ms).await? else { return Ok(None) };
        Ok(events::contents(conn, &[EventKey { project, created_at, id }]).await?.remove(&id))
    });
    let missing = || ApiError::NotFound("The project has no such event.".to_owned());
    let content = found.await?.ok_or_else(missing)?;
    Ok(axum::Json(serde_json::from_str(&content.body)?))
}

/// Export leads
///
/// CSV, streamed: a transfer that breaks off is not a whole file. Times are in the time zone of the project.
#[utoipa::path(get, path = "/exports/leads.csv", operation_id = "export_leads", tag = "Leads", params(ExportParams),
    responses((status = 200, description = "The leads that the filter matches.", content_type = "text/csv", body = String)))]
async fn leads(
    State(core): State<Core>,
    caller: Caller<Export>,
    Params(params): Params<ExportParams>,
) -> Result<Response> {
    let (view, filters) = params.view(caller.id())?;
    export::stream(&core, &caller.project, view, filters)
}
