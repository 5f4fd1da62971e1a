//! `GET /healthz` and `GET /readyz`, for whoever watches the process.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use tokio::sync::watch;

use super::error::{ApiError, Result};
use crate::readiness::Readiness;

/// The process runs.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Closes the connection after this response where the process is stopping, so that the client's next request goes to another node.
pub fn close_when_stopping(response: &mut Response, stopping: &watch::Receiver<bool>) {
    if *stopping.borrow() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// The process is not stopping, something can be written, and the background loops run. The body of a 503 says what is not so.
pub async fn ready(State(readiness): State<Readiness>, stopping: watch::Receiver<bool>) -> Result<&'static str> {
    if *stopping.borrow() {
        return Err(ApiError::Unavailable { retry_after_s: 1, detail: "Aurix is stopping.".into() });
    }
    match readiness.check().await {
        Ok(()) => Ok("ready\n"),
        Err(reason) => Err(ApiError::Unavailable { retry_after_s: 1, detail: reason.into() }),
    }
}
