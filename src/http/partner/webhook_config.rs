//! `…/webhook-config`: the one webhook of an API key.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::deliveries::test_webhook::{Tested, test_webhook};
use crate::http::auth::{Family, Partner};
use crate::http::error::{ApiError, Result};
use crate::http::extract::Json;
use crate::projects::add_webhook::WebhookRefused;
use crate::projects::configure_webhook::{Owner, configure_webhook};
use crate::projects::remove_webhook::remove_webhook;
use crate::projects::rotate_secret::rotate_secret;
use crate::store::webhooks::{self, Webhook};

/// The body of `PUT`.
#[derive(Deserialize)]
pub struct Put {
    url: String,
}

/// The webhook as the documents show it. Only `external` does without `service_name`.
#[derive(Serialize)]
struct Config {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<String>,
    target_url: String,
    secret: String,
    is_active: bool,
}

#[derive(Serialize)]
struct Tests {
    status: u16,
    message: &'static str,
    data: Vec<Tested>,
}

/// `PUT`: registers the URL, or changes it.
pub async fn put(State(core): State<Core>, partner: Partner, body: Result<Json<Put>>) -> Result<Response> {
    let Json(Put { url }) = body?;
    let (project, key_id, service_name) = (partner.project, partner.key_id, partner.service_name.clone());
    let owner = Owner { project, key_id, service_name };
    let webhook = configure_webhook(&core, owner, url).await.map_err(refused)?;
    answer(&core, &partner, webhook)
}

fn refused(error: WebhookRefused) -> ApiError {
    match error {
        WebhookRefused::Url(why) => ApiError::field("url", why.to_string()),
        WebhookRefused::TooMany => ApiError::Conflict(error.to_string()),
        WebhookRefused::Failed(error) => error.into(),
        other => ApiError::field("body", other.to_string()),
    }
}

/// `GET`
pub async fn show(State(core): State<Core>, partner: Partner) -> Result<Response> {
    let webhook = the_webhook(&core, &partner).await?;
    answer(&core, &partner, webhook)
}

/// `DELETE`
pub async fn remove(State(core): State<Core>, partner: Partner) -> Result<StatusCode> {
    let webhook = the_webhook(&core, &partner).await?;
    if !remove_webhook(&core, partner.project, webhook.id).await? {
        return Err(none());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/rotate-secret`
pub async fn rotate(State(core): State<Core>, partner: Partner) -> Result<Response> {
    let webhook = the_webhook(&core, &partner).await?;
    let webhook = rotate_secret(&core, partner.project, webhook.id).await?.ok_or_else(none)?;
    answer(&core, &partner, webhook)
}

/// `POST …/test`
pub async fn test(State(core): State<Core>, partner: Partner) -> Result<Response> {
    let webhook = the_webhook(&core, &partner).await?;
    let data = test_webhook(&core, &webhook).await?;
    Ok(JsonAnswer(Tests { status: 200, message: "ok", data }).into_response())
}

async fn the_webhook(core: &Core, partner: &Partner) -> Result<Webhook> {
    let (project, key_id) = (partner.project, partner.key_id);
    let found = core.db.read(async move |conn| Ok(webhooks::find_by_key(conn, project, key_id).await?)).await?;
    found.ok_or_else(none)
}

fn none() -> ApiError {
    ApiError::NotFound("This API key has no webhook yet; PUT {\"url\": \"https://…\"} here registers one.".to_owned())
}

fn answer(core: &Core, partner: &Partner, webhook: Webhook) -> Result<Response> {
    let config = Config {
        id: webhook.public_id,
        service_name: match partner.family {
            Family::External => None,
            Family::Service(_) => Some(webhook.service_name),
        },
        target_url: webhook.url,
        secret: core.seal.open(&webhook.sealed_secret)?,
        is_active: webhook.is_active,
    };
    Ok(([(CACHE_CONTROL, "no-store")], JsonAnswer(config)).into_response())
}
