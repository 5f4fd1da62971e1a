//! `GET /healthz` and `GET /readyz`, for whoever watches the process.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use tokio::sync::watch;

use super::error::{ApiError, Result};
use crate::core::Core;
use crate::store::projects;

/// How long the database may take to respond.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

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

/// The database responds and the process is not stopping.
pub async fn ready(State(core): State<Core>, stopping: watch::Receiver<bool>) -> Result<&'static str> {
    if *stopping.borrow() {
        return Err(ApiError::Unavailable { retry_after_s: 1, detail: "Aurix is stopping." });
    }
    let count = core.db.read(async |conn| Ok(projects::count(conn).await?));
    match tokio::time::timeout(DATABASE_TIMEOUT, count).await {
        Ok(Ok(_)) => Ok("ready\n"),
        _ => Err(ApiError::Unavailable { retry_after_s: 1, detail: "The database does not answer." }),
    }
}
