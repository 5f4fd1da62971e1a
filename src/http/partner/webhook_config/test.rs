//! `POST …/webhook-config/test`

use axum::Json as JsonResponse;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{NoWebhook, get_webhook};
use crate::admission::Admission;
use crate::admission::rate_limiter::Source;
use crate::core::Core;
use crate::deliveries::test_webhook::{Tested, test_webhook};
use crate::domain::rates::Kind;
use crate::http::auth::Partner;
use crate::http::error::openapi::CallErrors;
use crate::http::error::{ApiError, Result};

/// What the endpoint responded to each sample.
#[derive(Serialize, ToSchema)]
pub struct WebhookTest {
    /// The status code of this response, not of the endpoint's.
    #[schema(example = 200)]
    status: u16,
    #[schema(example = "ok")]
    message: &'static str,
    data: Vec<SampleDelivery>,
}

/// How the endpoint took one sample.
#[derive(Serialize, ToSchema)]
struct SampleDelivery {
    #[schema(example = "widget.click")]
    event_type: &'static str,
    #[schema(example = "evt_019b7e2f5c1a7d3e9f40")]
    event_id: String,
    /// Whether a real event would count as delivered.
    delivered: bool,
    /// `null` where there was no response.
    #[schema(required, example = 200)]
    status_code: Option<u16>,
    /// Until the end of the response.
    #[schema(example = 41)]
    duration_ms: u64,
    /// The first 16 KiB of the response.
    #[schema(example = "{\"status\":\"received\"}")]
    answer_body: String,
    /// Why it does not count as delivered.
    #[schema(required)]
    problem: Option<String>,
}

impl From<Tested> for SampleDelivery {
    fn from(tested: Tested) -> Self {
        let Tested { event_type, event_id, delivered, status_code, duration_ms, response_body, error, .. } = tested;
        Self { event_type, event_id, delivered, status_code, duration_ms, answer_body: response_body, problem: error }
    }
}

/// Test the webhook
///
/// Sends a sample of each event as real deliveries go. Nothing of it is stored or retried. Ten tests at once, then one every 6 s.
#[utoipa::path(
    post,
    path = "/webhook-config/test",
    operation_id = "test_webhook",
    tag = "Webhook",
    responses((status = 200, description = "What the endpoint responded.", body = WebhookTest), CallErrors, NoWebhook)
)]
pub async fn test(
    State(core): State<Core>,
    State(admission): State<Admission>,
    partner: Partner,
) -> Result<JsonResponse<WebhookTest>> {
    let webhook = get_webhook(&core, &partner).await?;
    let key = Source::row(partner.holder.key_id.0);
    admission.rates.admit(Kind::Tests, key).map_err(ApiError::over_limit)?;
    let tested = test_webhook(&core, &partner.actor(), &webhook).await?;
    let data = tested.into_iter().map(SampleDelivery::from).collect();
    Ok(JsonResponse(WebhookTest { status: 200, message: "ok", data }))
}
