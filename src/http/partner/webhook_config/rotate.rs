//! `POST …/webhook-config/rotate-secret`

use axum::extract::State;

use super::{NoWebhook, WebhookConfig, get_webhook, no_webhook};
use crate::core::Core;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::http::error::openapi::CallErrors;
use crate::projects::rotate_secret::rotate_secret;

/// Rotate the webhook's secret
///
/// For 24 hours `webhook-signature` has a signature by either secret; `x-hub-signature` is by the new one at once.
#[utoipa::path(
    post,
    path = "/webhook-config/rotate-secret",
    operation_id = "rotate_webhook_secret",
    tag = "Webhook",
    responses((status = 200, description = "The webhook with its new secret.", body = WebhookConfig), CallErrors, NoWebhook)
)]
pub async fn rotate(State(core): State<Core>, partner: Partner) -> Result<WebhookConfig> {
    let webhook = get_webhook(&core, &partner).await?;
    let rotated = rotate_secret(&core, &partner.actor(), partner.holder.project, webhook.id).await?;
    let webhook = rotated.ok_or_else(no_webhook)?;
    WebhookConfig::new(&core, &partner, webhook)
}
