//! `GET /metrics`, for Prometheus.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::auth::bearer;
use super::error::{ApiError, Result};
use crate::core::Core;
use crate::maintenance::measure::measure;

/// As OpenMetrics and Prometheus have it.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The figures of this process, to whoever has the token of the settings.
pub async fn show(State(core): State<Core>, headers: HeaderMap) -> Result<Response> {
    let Some(token) = &core.config.metrics_token else {
        return Err(ApiError::NotFound("There are no metrics here: set AURIX_METRICS_TOKEN, and send it.".to_owned()));
    };
    let sent = bearer(&headers)?;
    if !bool::from(sent.as_bytes().ct_eq(token.expose_secret().as_bytes())) {
        return Err(ApiError::Unauthorized("This is not the token of AURIX_METRICS_TOKEN."));
    }
    measure(&core).await?;
    let headers = [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")];
    Ok((headers, core.metrics.to_text()).into_response())
}
