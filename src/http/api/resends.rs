//! `/api/v1/projects/{project}/resends`: jobs that resend all failed deliveries that a filter matches, one for each webhook.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Needs, Resend};
use super::deliveries::filter_of;
use super::errors::BodyErrors;
use super::query::Page;
use crate::core::Core;
use crate::deliveries::resend_matching::{start_resend, stop_resend};
use crate::domain::ids::ResendJobId;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::store::delivery_list;
use crate::store::resend_jobs::{self, JobState, ResendJob};

/// Jobs that are listed: the newest.
const JOBS_MAX: u32 = 200;

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default().routes(routes!(list, start)).routes(routes!(show)).routes(routes!(stop))
}

/// A job.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Resend)]
pub(crate) struct ResendBody {
    pub(crate) id: i64,
    pub(crate) webhook_id: String,
    /// `running`, `done` or `stopped`.
    #[schema(example = "running")]
    pub(crate) state: Cow<'static, str>,
    /// Deliveries that matched when it began.
    pub(crate) matched: i64,
    /// Deliveries that are due again so far.
    pub(crate) resent: i64,
    /// An e-mail address, or what started it.
    pub(crate) started_by: String,
    pub(crate) created_at: UtcMicroseconds,
    #[schema(required)]
    pub(crate) ended_at: Option<UtcMicroseconds>,
}

/// Which failed deliveries are resent: of all that fit every word.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartResend {
    /// Of this webhook.
    pub(crate) webhook: Option<String>,
    #[schema(schema_with = super::words::event_type_or_null, required = false)]
    pub(crate) event: Option<String>,
    /// `3xx`, `4xx`, `5xx`, `none` for no response, or one status.
    #[schema(pattern = "^([2345]xx|none|[2345][0-9][0-9])$")]
    pub(crate) answer: Option<String>,
    #[schema(schema_with = super::words::period_or_null, required = false)]
    pub(crate) period: Option<String>,
    /// Of events from this time on.
    pub(crate) since: Option<UtcMicroseconds>,
    /// As in the list of deliveries.
    #[schema(max_length = 100)]
    pub(crate) q: Option<String>,
}

async fn jobs<N: Needs>(core: &Core, caller: &Caller<N>) -> Result<Vec<ResendBody>> {
    let project = caller.id();
    let read = core.db.read(async move |conn| {
        Ok((resend_jobs::list(conn, project, JOBS_MAX).await?, delivery_list::webhooks(conn, project).await?))
    });
    let (jobs, webhooks) = read.await?;
    let names: HashMap<_, _> = webhooks.into_iter().map(|webhook| (webhook.id, webhook.public_id)).collect();
    let body = |job: ResendJob| ResendBody {
        id: job.id.0,
        webhook_id: names.get(&job.webhook).cloned().unwrap_or_default(),
        state: job.state.as_str().into(),
        matched: job.matched,
        resent: job.resent,
        started_by: job.started_by,
        created_at: UtcMicroseconds(job.created_at),
        ended_at: job.ended_at.map(UtcMicroseconds),
    };
    Ok(jobs.into_iter().map(body).collect())
}

async fn get<N: Needs>(core: &Core, caller: &Caller<N>, id: &str) -> Result<ResendBody> {
    let found = jobs(core, caller).await?.into_iter().find(|job| job.id.to_string() == id);
    found.ok_or_else(|| ApiError::NotFound("The project has no such job among its newest.".to_owned()))
}

/// List resend jobs
#[utoipa::path(get, path = "/resends", operation_id = "list_resends", tag = "Deliveries",
    responses((status = 200, description = "The newest jobs first.", body = Page<ResendBody>)))]
async fn list(State(core): State<Core>, caller: Caller) -> Result<axum::Json<Page<ResendBody>>> {
    Ok(axum::Json(Page::whole(jobs(&core, &caller).await?)))
}

/// Show a resend job
#[utoipa::path(get, path = "/resends/{resend}", operation_id = "get_resend", tag = "Deliveries",
    responses((status = 200, description = "How far it is.", body = ResendBody)))]
async fn show(
    State(core): State<Core>,
    caller: Caller,
    Path((_, id)): Path<(String, String)>,
) -> Result<axum::Json<ResendBody>> {
    Ok(axum::Json(get(&core, &caller, &id).await?))
}

/// Resend what failed
///
/// Starts a job for each webhook of which the filter matches something, and answers these jobs: none where nothing does.
#[utoipa::path(post, path = "/resends", operation_id = "start_resend", tag = "Deliveries", request_body = StartResend,
    responses((status = 202, description = "The jobs that were started.", body = Page<ResendBody>), BodyErrors))]
async fn start(
    State(core): State<Core>,
    caller: Caller<Resend>,
    body: Result<Json<StartResend>>,
) -> Result<(StatusCode, axum::Json<Page<ResendBody>>)> {
    let Json(StartResend { webhook, event, answer, period, since, q }) = body?;
    let since = since.map(|UtcMicroseconds(since)| since);
    let filter = filter_of(webhook, None, event.as_deref(), answer.as_deref(), (period.as_deref(), since, q))?;
    let started = start_resend(&core, &caller.actor(), caller.id(), &filter).await?;
    let is_new = |job: &ResendBody| started.contains(&ResendJobId(job.id));
    let jobs = jobs(&core, &caller).await?.into_iter().filter(is_new).collect();
    Ok((StatusCode::ACCEPTED, axum::Json(Page::whole(jobs))))
}

/// Stop a resend job
///
/// What it made due already is sent.
#[utoipa::path(post, path = "/resends/{resend}/stop", operation_id = "stop_resend", tag = "Deliveries",
    responses((status = 200, description = "The job.", body = ResendBody)))]
async fn stop(
    State(core): State<Core>,
    caller: Caller<Resend>,
    Path((_, id)): Path<(String, String)>,
) -> Result<axum::Json<ResendBody>> {
    let job = get(&core, &caller, &id).await?;
    if job.state == JobState::Running.as_str() {
        stop_resend(&core, &caller.actor(), caller.id(), ResendJobId(job.id)).await?;
    }
    Ok(axum::Json(get(&core, &caller, &id).await?))
}
