//! `DELETE …/webhook-config`

use axum::extract::State;
use axum::http::StatusCode;

use super::{NoWebhook, get_webhook, no_webhook};
use crate::core::Core;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::http::error::openapi::CallErrors;
use crate::projects::remove_webhook::remove_webhook;

/// Remove the webhook
///
/// Deliveries that wait are cancelled.
#[utoipa::path(
    delete,
    path = "/webhook-config",
    operation_id = "remove_webhook",
    tag = "Webhook",
    responses((status = 204, description = "The webhook is removed."), CallErrors, NoWebhook)
)]
pub async fn remove(State(core): State<Core>, partner: Partner) -> Result<StatusCode> {
    let webhook = get_webhook(&core, &partner).await?;
    if !remove_webhook(&core, &partner.actor(), partner.holder.project, webhook.id).await? {
        return Err(no_webhook());
    }
    Ok(StatusCode::NO_CONTENT)
}
