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

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Ends the connection after this answer where the process is stopping: the client's next request goes elsewhere.
pub fn last_one(mut answer: Response, stopping: &watch::Receiver<bool>) -> Response {
    if *stopping.borrow() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// The database answers and the worker runs.
pub async fn ready(State(core): State<Core>, stopping: watch::Receiver<bool>) -> Result<&'static str> {
    if *stopping.borrow() {
        return Err(ApiError::Unavailable { retry_after_s: 1, detail: "Aurix is stopping." });
    }
    let count = core.db.read(async |conn| Ok(projects::count(conn).await?));
    match tokio::time::timeout(PATIENCE, count).await {
        Ok(Ok(_)) => Ok("ready\n"),
        _ => Err(ApiError::Unavailable { retry_after_s: 1, detail: "The database does not answer." }),
    }
}
