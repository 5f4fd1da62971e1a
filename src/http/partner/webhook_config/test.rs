//! `POST …/webhook-config/test`

use axum::Json as JsonResponse;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{NoWebhook, get_webhook};
use crate::deliveries::Deliveries;
use crate::deliveries::test_webhook::{TestOutcome, Tested, test_within_limits};
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
        let Tested { event_type, event_id, delivered, status_code, duration_ms, response_body, error } = tested;
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
pub async fn test(State(deliveries): State<Deliveries>, partner: Partner) -> Result<JsonResponse<WebhookTest>> {
    let webhook = get_webhook(&deliveries.core, &partner).await?;
    let tested = match test_within_limits(&deliveries, &partner.actor(), &webhook).await? {
        TestOutcome::Tested(tested) => tested,
        TestOutcome::TooMany { wait } => return Err(ApiError::too_many(wait)),
    };
    let data = tested.into_iter().map(SampleDelivery::from).collect();
    Ok(JsonResponse(WebhookTest { status: 200, message: "ok", data }))
}
