//! The documents' API: webhook configuration, leads and attribution of partners (contract section 6).

mod attribution;
mod cursor;
mod leads;
mod list_query;
mod stream;
mod webhook_config;

use axum::Router;
use axum::routing::{get, post};

use crate::engines::Engines;

/// Where the documents put the API: one says `/integrations`, another `/api/integrations`.
const PREFIXES: [&str; 2] = ["/integrations/{service}", "/api/integrations/{service}"];

/// Every route, under every prefix.
pub fn routes() -> Router<Engines> {
    PREFIXES.into_iter().fold(Router::new(), |router, prefix| router.nest(prefix, family()))
}

fn family() -> Router<Engines> {
    let config = get(webhook_config::show).put(webhook_config::put).delete(webhook_config::remove);
    Router::new()
        .route("/webhook-config", config)
        .route("/webhook-config/rotate-secret", post(webhook_config::rotate))
        .route("/webhook-config/test", post(webhook_config::test))
        .route("/leads", get(leads::list))
        .route("/attribution", get(attribution::list))
}
