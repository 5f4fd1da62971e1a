//! `…/webhook-config`: the one webhook of an API key. Each call has a file.

mod put;
mod remove;
mod rotate;
mod show;
mod test;

use std::collections::BTreeMap;

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{RefOr, Response as DescribedResponse};
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::engines::Engines;
use crate::http::auth::{Family, Partner};
use crate::http::error::openapi::describe;
use crate::http::error::{ApiError, Result};
use crate::store::webhooks::{self, Webhook};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<Engines> {
    OpenApiRouter::default()
        .routes(routes!(show::show, put::put, remove::remove))
        .routes(routes!(rotate::rotate))
        .routes(routes!(test::test))
}

/// The webhook of an API key.
#[derive(Serialize, ToSchema)]
struct WebhookConfig {
    #[schema(example = "dc2321f2-6a75-4d50-8861-3ea24ca29a84")]
    id: String,
    /// The service of the key. Absent under `/integrations/external`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "topkee")]
    service_name: Option<String>,
    /// Where events are delivered to.
    #[schema(example = "https://your-backend.example/webhooks/aurix")]
    target_url: String,
    /// Signs deliveries: `x-hub-signature` is the lower-case hex of HMAC-SHA256 over the raw body.
    #[schema(example = "aurix_pzgwhW5XsAq2LtY8uB1nJ4cE7kR0mVfD")]
    secret: String,
    /// `false` where the webhook was turned off: its endpoint responded with 410, or failed everything for five days.
    is_active: bool,
}

impl WebhookConfig {
    fn new(core: &Core, partner: &Partner, webhook: Webhook) -> Result<Self> {
        let secret = core.seal.open(webhook.secret_place(), &webhook.sealed_secret)?;
        Ok(Self {
            id: webhook.public_id,
            service_name: match partner.family {
                Family::External => None,
                Family::Service(_) => Some(webhook.service_name),
            },
            target_url: webhook.url,
            secret,
            is_active: webhook.is_active,
        })
    }
}

/// It has a secret, which no cache may keep.
impl IntoResponse for WebhookConfig {
    fn into_response(self) -> Response {
        ([(CACHE_CONTROL, "no-store")], axum::Json(self)).into_response()
    }
}

/// The error of every call but `PUT` where the key has no webhook.
fn no_webhook() -> ApiError {
    ApiError::NotFound("This API key has no webhook yet; PUT {\"url\": \"https://…\"} here registers one.".to_owned())
}

/// The description of [`no_webhook`].
struct NoWebhook;

impl IntoResponses for NoWebhook {
    fn responses() -> BTreeMap<String, RefOr<DescribedResponse>> {
        describe([("This API key has no webhook.", no_webhook())])
    }
}

async fn get_webhook(core: &Core, partner: &Partner) -> Result<Webhook> {
    let (project, key_id) = (partner.holder.project, partner.holder.key_id);
    let found = core.db.read(async move |conn| Ok(webhooks::find_by_key(conn, project, key_id).await?)).await?;
    found.ok_or_else(no_webhook)
}
