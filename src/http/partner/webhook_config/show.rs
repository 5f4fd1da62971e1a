//! `GET …/webhook-config`

use axum::extract::State;

use super::{NoWebhook, WebhookConfig, get_webhook};
use crate::core::Core;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::http::error::openapi::CallErrors;

/// Show the webhook
#[utoipa::path(
    get,
    path = "/webhook-config",
    operation_id = "show_webhook",
    tag = "Webhook",
    responses((status = 200, description = "The webhook of this API key.", body = WebhookConfig), CallErrors, NoWebhook)
)]
pub async fn show(State(core): State<Core>, partner: Partner) -> Result<WebhookConfig> {
    let webhook = get_webhook(&core, &partner).await?;
    WebhookConfig::new(&core, &partner, webhook)
}
