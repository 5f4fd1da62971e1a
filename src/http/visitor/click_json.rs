//! `POST /c/{widget}`: a click of a single-page site, as JSON; and its CORS preflight.

use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::origins::{allowed_origin, cross_origin, readable_from};
use super::{ClickFields, admit, chat_address, get_widget, greeting, hit};
use crate::clicks::record::record_click;
use crate::engines::Engines;
use crate::http::CLICK_BODY_BYTES_MAX;
use crate::http::client_address::ClientAddress;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Path, check_json, from_json, read_body};

/// What the site needs to send the visitor on.
#[derive(Serialize)]
pub struct ClickResponse {
    correlation_id: String,
    redirect_url: String,
}

/// Records the click and returns the link. Beyond the rate limit the link without a reference is part of the 429.
pub async fn create(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    ClientAddress(ip): ClientAddress,
    request: Request,
) -> Result<Response> {
    let clicks = &engines.clicks;
    let widget = get_widget(clicks, &id).await?;
    let (head, body) = request.into_parts();
    let origin = allowed_origin(&engines, &widget, &head.headers)?;
    check_json(&head.headers)?;
    // Read before the rate is looked at, so that the connection of a visitor over the limit can be used again.
    let body = read_body(body, CLICK_BODY_BYTES_MAX, &engines.admission.bodies).await?;
    if let Err(over) = admit(&engines, &widget, ip) {
        let redirect_url = chat_address(&engines.core.config.base_url, &widget, &widget.greeting, None);
        let refused = ApiError::TooManyClicks { retry_after_s: over.retry_after_s, redirect_url };
        return Ok(readable_from(origin, refused));
    }
    let fields: ClickFields = from_json(&body)?;
    let greeting = greeting(&widget, &fields);
    let correlation_id = record_click(clicks, hit(&widget, &head.headers, ip, fields)).await;
    let redirect_url = chat_address(&engines.core.config.base_url, &widget, &greeting, Some(&correlation_id));
    let response = axum::Json(ClickResponse { correlation_id, redirect_url });
    Ok((cross_origin(origin), [(CACHE_CONTROL, "no-store")], response).into_response())
}

/// `OPTIONS /c/{widget}`: allows a browser on one of the widget's origins to send the `POST`.
pub async fn preflight(State(engines): State<Engines>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    let clicks = &engines.clicks;
    let widget = get_widget(clicks, &id).await?;
    let origin = allowed_origin(&engines, &widget, &headers)?;
    let allowed = [
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-max-age", "600"),
    ];
    Ok((StatusCode::NO_CONTENT, cross_origin(origin), allowed).into_response())
}
