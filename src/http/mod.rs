//! Layer 5: entry points for programs and people.

pub(crate) mod api;
mod assets;
pub mod auth;
mod client_address;
pub mod console;
pub mod error;
pub mod extract;
pub mod health;
pub mod https;
mod metrics;
mod openapi;
pub mod partner;
pub mod platforms;
mod request_id;
pub mod routes;
pub mod server;
mod state;
mod visitor;
pub mod well_formed;

use std::sync::LazyLock;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;

use self::platforms::{telegram, whatsapp};
use self::routes::{Route, Routes};
use self::visitor::own_domain;
use crate::config::Config;
use crate::engines::Engines;

/// Bytes that a JSON body may have: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes that the JSON body of a click may have.
pub const CLICK_BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a chat platform's call; Meta documents 3 MB.
pub const PLATFORM_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The route of a request that none takes, in the metrics.
const NO_ROUTE: &str = "none";

/// Every route, one list.
pub fn routes(config: &Config, stopping: &watch::Receiver<bool>) -> Routes {
    let (partner_api, listed) = partner_api();
    let (_, managed) = api::routes().split_for_parts();
    let nested = listed.iter().map(|route| Route { path: format!("/api{}", route.path), ..route.clone() });
    let stopping = stopping.clone();
    Routes::default()
        .get("/channels/whatsapp/{channel}/webhook", whatsapp::verify_webhook)
        .post("/channels/whatsapp/{channel}/webhook", whatsapp::receive_webhook)
        .post("/channels/telegram/{channel}/webhook", telegram::receive_webhook)
        .get("/healthz", health::alive)
        .get("/readyz", {
            let stopping = stopping.clone();
            move |state| health::ready(state, stopping.clone())
        })
        .get("/metrics", metrics::show)
        .merge(visitor::routes(&stopping))
        .get("/openapi.json", async move || openapi::show(document()))
        .get("/schemas/events/{file}", api::event_schemas::show)
        // Served by [`router`], which has what their guard needs.
        .merge_router(Router::new(), openapi::routes(&managed))
        .merge_router(Router::new().nest("/api", partner_api.clone()), nested)
        .merge_router(partner_api, listed.clone())
        .merge(console::routes(config, &stopping))
}

/// The router of all routes, and of those that only this process has.
pub fn router(engines: Engines, extra: Router<Engines>, stopping: watch::Receiver<bool>) -> Router {
    let (router, _) = routes(&engines.core.config, &stopping).into_parts();
    router
        .merge(api::router(&engines))
        .merge(extra)
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state((engines.clone(), stopping), around))
        .with_state(engines)
}

/// What every request goes through, in one layer: each costs every request.
#[expect(clippy::disallowed_methods, reason = "what is measured is how long the answer takes")]
async fn around(
    State((engines, stopping)): State<(Engines, watch::Receiver<bool>)>,
    request: Request,
    next: Next,
) -> Response {
    let core = &engines.core;
    let (began, page_wanted) = (Instant::now(), error::is_page_wanted(request.headers()));
    let (method, route) = (request.method().clone(), request.extensions().get::<MatchedPath>().cloned());
    let mut response = match well_formed::check(&request) {
        Ok(()) => request_id::trace(&core.random, request, |request| answer(&engines, request, next)).await,
        Err(error) => error.into_response(),
    };
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    core.metrics.request(method.as_str(), route, response.status().as_u16(), began.elapsed());
    if page_wanted {
        error::render_page(&mut response);
    }
    health::close_when_stopping(&mut response, &stopping);
    https::require(&core.config, &mut response);
    response
}

/// Answers by the route, or where the host is that of a project's links, by the link.
async fn answer(engines: &Engines, request: Request, next: Next) -> Response {
    match own_domain::project_of(engines, request.uri().path(), request.headers()).await {
        Some(project) => own_domain::answer(engines, project, request).await,
        None => next.run(request).await,
    }
}

/// Both APIs as an OpenAPI document, JSON. Made once.
fn document() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let all = OpenApiRouter::with_openapi(openapi::preamble()).merge(partner::routes()).merge(api::routes());
        let mut document = serde_json::to_value(all.into_openapi()).expect("the document has text keys only");
        document["webhooks"] = api::event_schemas::webhooks();
        document.to_string().into()
    });
    DOCUMENT.clone()
}

/// The routes of the partner API.
fn partner_api() -> (Router<Engines>, Vec<Route>) {
    let (routes, document) = partner::routes().split_for_parts();
    (routes, openapi::routes(&document))
}
