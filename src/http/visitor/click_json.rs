//! `POST /c/{widget}`: a click of a single-page site, as JSON; and its CORS preflight.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::header::{CACHE_CONTROL, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{ClickFields, get_widget, hit, link};
use crate::clicks::record::record_click;
use crate::domain::origin::AllowedOrigin;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Json, Path};
use crate::store::widgets::Widget;

/// What the site needs to send the visitor on.
#[derive(Serialize)]
pub struct ClickResponse {
    correlation_id: String,
    redirect_url: String,
}

/// Records the click and returns the link.
pub async fn create(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<ClickFields>>,
) -> Result<Response> {
    let clicks = &engines.clicks;
    let widget = get_widget(clicks, &id).await?;
    let origin = allowed_origin(&widget, &headers)?;
    let Json(fields) = body?;
    let correlation_id = record_click(clicks, hit(&clicks.core, &widget, &headers, peer.ip(), fields)).await;
    let redirect_url = link(&widget, Some(&correlation_id));
    let response = axum::Json(ClickResponse { correlation_id, redirect_url });
    Ok((cross_origin(origin), [(CACHE_CONTROL, "no-store")], response).into_response())
}

/// `OPTIONS /c/{widget}`: allows a browser on one of the widget's origins to send the `POST`.
pub async fn preflight(State(engines): State<Engines>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    let clicks = &engines.clicks;
    let widget = get_widget(clicks, &id).await?;
    let origin = allowed_origin(&widget, &headers)?;
    let allowed = [
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-max-age", "600"),
    ];
    Ok((StatusCode::NO_CONTENT, cross_origin(origin), allowed).into_response())
}

fn allowed_origin(widget: &Widget, headers: &HeaderMap) -> Result<HeaderValue> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(HeaderValue::from_static("*")) };
    let admits = |allowed: &AllowedOrigin| origin.to_str().is_ok_and(|origin| allowed.admits(origin));
    if widget.origins.is_empty() || widget.origins.iter().any(admits) {
        return Ok(origin.clone());
    }
    Err(ApiError::Forbidden("This site is not on the widget's list of origins.".to_owned()))
}

fn cross_origin(origin: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [
        (HeaderName::from_static("access-control-allow-origin"), origin),
        (HeaderName::from_static("vary"), HeaderValue::from_static("origin")),
    ]
}
