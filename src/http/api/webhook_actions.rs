//! What is done with a webhook besides changing it: a new secret, a test, a pause, off and on.

use std::borrow::Cow;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Write};
use super::errors::BodyErrors;
use super::query::{Page, Params, word};
use super::webhooks::{WebhookBody, WebhookSecret, get, no_webhook};
use crate::admission::Admission;
use crate::admission::rate_limiter::Source;
use crate::core::Core;
use crate::deliveries::test_webhook::{Tested, test_sample, test_webhook};
use crate::domain::event::EventType;
use crate::domain::rates::Kind;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::projects::pause_webhook::{Waiting, pause_webhook, resume_webhook};
use crate::projects::rotate_secret::rotate_secret;
use crate::projects::set_webhook_active::{KeyRevoked, set_webhook_active};

pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(rotate))
        .routes(routes!(test))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(enable))
        .routes(routes!(disable))
}

type ById = Path<(String, String)>;
type Shown = Result<axum::Json<WebhookBody>>;

async fn shown(core: &Core, caller: &Caller<Write>, id: String) -> Shown {
    let webhook = get(core, caller, id).await?;
    Ok(axum::Json(WebhookBody::new(core, webhook)?))
}

/// Rotate a webhook's secret
///
/// For 24 hours `webhook-signature` has a signature by either secret.
#[utoipa::path(post, path = "/webhooks/{webhook}/rotate-secret", operation_id = "rotate_secret_of_webhook", tag = "Webhooks",
    responses((status = 200, description = "The new secret.", body = WebhookSecret)))]
async fn rotate(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
) -> Result<axum::Json<WebhookSecret>> {
    let webhook = get(&core, &caller, id).await?;
    let rotated = rotate_secret(&core, &caller.actor(), caller.id(), webhook.id).await?.ok_or_else(no_webhook)?;
    let secret = core.seal.open(rotated.secret_place(), &rotated.sealed_secret)?;
    Ok(axum::Json(WebhookSecret { id: rotated.public_id, secret }))
}

/// How an endpoint took a sample.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct TestedSample {
    #[schema(schema_with = super::words::event_type)]
    pub(crate) event_type: Cow<'static, str>,
    pub(crate) event_id: String,
    /// Whether a real event would count as delivered.
    pub(crate) delivered: bool,
    #[schema(required)]
    pub(crate) status_code: Option<u16>,
    pub(crate) duration_ms: u64,
    pub(crate) started_at: UtcMicroseconds,
    /// The first 16 KiB.
    pub(crate) response_body: String,
    /// Why it does not count as delivered.
    #[schema(required)]
    pub(crate) error: Option<String>,
}

impl From<Tested> for TestedSample {
    fn from(tested: Tested) -> Self {
        Self {
            event_type: tested.event_type.into(),
            event_id: tested.event_id,
            delivered: tested.delivered,
            status_code: tested.status_code,
            duration_ms: tested.duration_ms,
            started_at: UtcMicroseconds(tested.started_at),
            response_body: tested.response_body,
            error: tested.error,
        }
    }
}

/// Which samples are sent.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TestParams {
    /// Of this event alone, whether the webhook wants it or not.
    #[param(schema_with = super::words::event_type, required = false)]
    event: Option<String>,
}

/// Test a webhook
///
/// Sends a sample of each event that it wants, as real deliveries go. Nothing of it is stored or retried.
#[utoipa::path(post, path = "/webhooks/{webhook}/test", operation_id = "send_samples_to_webhook", tag = "Webhooks", params(TestParams),
    responses((status = 200, description = "What the endpoint responded.", body = Page<TestedSample>)))]
async fn test(
    State(core): State<Core>,
    State(admission): State<Admission>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    Params(TestParams { event }): Params<TestParams>,
) -> Result<axum::Json<Page<TestedSample>>> {
    let event = word("event", event.as_deref(), EventType::parse)?;
    let webhook = get(&core, &caller, id).await?;
    // Keys and webhooks count up from 1 each: the sign tells them apart.
    admission.rates.admit(Kind::Tests, Source::row(-webhook.id.0)).map_err(ApiError::over_limit)?;
    let tested = match event {
        Some(event) => vec![test_sample(&core, &caller.actor(), &webhook, event).await?],
        None => test_webhook(&core, &caller.actor(), &webhook).await?,
    };
    Ok(axum::Json(Page::whole(tested.into_iter().map(TestedSample::from).collect())))
}

/// Pause a webhook
///
/// Its deliveries are stored and wait.
#[utoipa::path(post, path = "/webhooks/{webhook}/pause", operation_id = "pause_webhook", tag = "Webhooks",
    responses((status = 200, description = "The webhook, paused.", body = WebhookBody)))]
async fn pause(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Shown {
    let webhook = get(&core, &caller, id.clone()).await?;
    if !pause_webhook(&core, &caller.actor(), caller.id(), webhook.id).await? && webhook.paused_at.is_none() {
        return Err(ApiError::Conflict("The webhook is off: there is nothing to pause.".to_owned()));
    }
    shown(&core, &caller, id).await
}

/// What happens to the deliveries that wait.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeWebhook {
    /// `send` them, or `skip` them.
    #[schema(schema_with = super::words::waiting)]
    pub(crate) waiting: String,
}

/// Resume a paused webhook
#[utoipa::path(post, path = "/webhooks/{webhook}/resume", operation_id = "resume_webhook", tag = "Webhooks",
    request_body = ResumeWebhook,
    responses((status = 200, description = "The webhook, not paused any more.", body = WebhookBody), BodyErrors))]
async fn resume(
    State(core): State<Core>,
    caller: Caller<Write>,
    Path((_, id)): ById,
    body: Result<Json<ResumeWebhook>>,
) -> Shown {
    let Json(body) = body?;
    let waiting = word("waiting", Some(&body.waiting), Waiting::parse)?.unwrap_or(Waiting::Send);
    let webhook = get(&core, &caller, id.clone()).await?;
    // What waits for a webhook that is not paused is on its way.
    if webhook.paused_at.is_some() {
        resume_webhook(&core, &caller.actor(), caller.id(), webhook.id, waiting).await?;
    }
    shown(&core, &caller, id).await
}

/// Turn a webhook on
#[utoipa::path(post, path = "/webhooks/{webhook}/enable", operation_id = "enable_webhook", tag = "Webhooks",
    responses((status = 200, description = "The webhook, on.", body = WebhookBody)))]
async fn enable(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Shown {
    set_active(&core, &caller, id, true).await
}

/// Turn a webhook off
///
/// It gets no events until it is turned on again.
#[utoipa::path(post, path = "/webhooks/{webhook}/disable", operation_id = "disable_webhook", tag = "Webhooks",
    responses((status = 200, description = "The webhook, off.", body = WebhookBody)))]
async fn disable(State(core): State<Core>, caller: Caller<Write>, Path((_, id)): ById) -> Shown {
    set_active(&core, &caller, id, false).await
}

async fn set_active(core: &Core, caller: &Caller<Write>, id: String, is_active: bool) -> Shown {
    let webhook = get(core, caller, id.clone()).await?;
    match set_webhook_active(core, &caller.actor(), caller.id(), webhook.id, is_active).await {
        Ok(true) => shown(core, caller, id).await,
        Ok(false) => Err(no_webhook()),
        Err(error) => match error.downcast_ref::<KeyRevoked>() {
            Some(revoked) => Err(ApiError::Conflict(format!("{revoked}."))),
            None => Err(error.into()),
        },
    }
}
