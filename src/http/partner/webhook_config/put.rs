//! `PUT …/webhook-config`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use utoipa::openapi::{RefOr, Response as DescribedResponse};
use utoipa::{IntoResponses, ToSchema};

use super::WebhookConfig;
use crate::core::Core;
use crate::http::auth::Partner;
use crate::http::error::openapi::{BodyErrors, CallErrors, describe};
use crate::http::error::{ApiError, Result};
use crate::http::extract::Json;
use crate::projects::add_webhook::WebhookRefused;
use crate::projects::configure_webhook::configure_webhook;

/// Where events should be delivered to.
#[derive(Deserialize, ToSchema)]
pub struct PutWebhook {
    /// `https`, and of a public address. It is checked again at every delivery.
    #[schema(format = "uri", example = "https://your-backend.example/webhooks/aurix")]
    url: String,
}

/// Register the webhook, or change its URL
///
/// An API key has one webhook. A new URL keeps its id and its secret, and turns it on where it was turned off.
#[utoipa::path(
    put,
    path = "/webhook-config",
    operation_id = "put_webhook",
    tag = "Webhook",
    request_body = PutWebhook,
    responses(
        (status = 200, description = "The webhook of this API key.", body = WebhookConfig),
        CallErrors,
        BodyErrors,
        TooManyWebhooks
    )
)]
pub async fn put(State(core): State<Core>, partner: Partner, body: Result<Json<PutWebhook>>) -> Result<WebhookConfig> {
    let Json(PutWebhook { url }) = body?;
    let webhook = configure_webhook(&core, &partner.holder, url).await.map_err(refused)?;
    WebhookConfig::new(&core, &partner, webhook)
}

fn refused(error: WebhookRefused) -> ApiError {
    match error {
        WebhookRefused::Url(why) => ApiError::field("url", why.to_string()),
        WebhookRefused::TooMany => ApiError::Conflict(error.to_string()),
        WebhookRefused::KeyRevoked => ApiError::Unauthorized("This API key was revoked."),
        WebhookRefused::Failed(error) => error.into(),
        other => ApiError::field("body", other.to_string()),
    }
}

struct TooManyWebhooks;

impl IntoResponses for TooManyWebhooks {
    fn responses() -> BTreeMap<String, RefOr<DescribedResponse>> {
        describe([("The project has the most webhooks it may have.", refused(WebhookRefused::TooMany))])
    }
}
