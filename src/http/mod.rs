//! Layer 5: entry points for programs and people.

pub mod auth;
pub mod error;
pub mod extract;
pub mod health;
pub mod partner;
pub mod platforms;
pub mod playground;
pub mod server;
mod state;
mod visitor;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::get;
use tokio::sync::watch;
use tower::util::MapResponseLayer;

use self::platforms::whatsapp;
use crate::engines::Engines;

/// Every route, one list.
pub fn router(engines: Engines, extra: Router<Engines>, stopping: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/channels/whatsapp/{channel}/webhook", get(whatsapp::verify_webhook).post(whatsapp::receive_webhook))
        .route("/healthz", get(health::alive))
        .route(
            "/readyz",
            get({
                let stopping = stopping.clone();
                move |state| health::ready(state, stopping.clone())
            }),
        )
        .merge(visitor::routes())
        .merge(partner::routes())
        .merge(extra)
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(extract::BODY_BYTES_MAX))
        .layer(from_fn(error::render_as_accepted))
        .layer(MapResponseLayer::new(move |response| health::close_when_stopping(response, &stopping)))
        .with_state(engines)
}
