//! `GET /openapi.json`: the partner API and the management API as an OpenAPI 3.1 document, made from the routes that serve it.

use axum::http::Method;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::error::ProblemDetails;
use super::routes::Route;

/// The name of the way to authenticate at the partner API.
const API_KEY: &str = "api_key";
/// The name of the way to authenticate at the management API.
pub const TOKEN: &str = "token";

/// What stands around the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aurix API",
        description = "For systems that want to be notified of clicks and leads as they happen, and to fetch them later.\n\n\
            Under `/integrations/external` any API key is welcome; under `/integrations/{service}` only keys of that \
            service. Leads have another shape on each. Errors are `application/problem+json` (RFC 9457); a request \
            without an API key that asks for `text/html` gets a page instead.\n\n\
            Under `/api/v1` is the management API: with a token, programs do what people do in the console."
    ),
    servers((url = "/"), (url = "/api", description = "The same by another name.")),
    security(("api_key" = [])),
    tags(
        (name = "Lists", description = "Leads and clicks, newest first."),
        (name = "Webhook", description = "An API key has one webhook. It gets `widget.click`, `lead.correlated` and `lead.complete`."),
        (name = "Projects", description = "Tenants, and how each is set up."),
        (name = "Webhooks", description = "Where events are delivered to."),
        (name = "Deliveries", description = "The log of what was sent where, and sending it again."),
        (name = "Leads", description = "The people who wrote."),
        (name = "Conversations", description = "What was said, and saying something.")
    ),
    components(schemas(ProblemDetails)),
    modifiers(&BearerKey)
)]
struct Preamble;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `aurix key create --project ID --service NAME` makes one."))
            .build();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token: `aurix token create --project ID --name NAME --scope write` makes one."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(API_KEY, SecurityScheme::Http(scheme));
        components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
    }
}

/// The document without routes.
pub fn preamble() -> Document {
    Preamble::openapi()
}

/// The routes that a document describes.
pub fn routes(document: &Document) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in &document.paths.paths {
        let methods = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
            (Method::PATCH, &item.patch),
        ];
        let described = methods.into_iter().filter(|(_, operation)| operation.is_some());
        routes.extend(described.map(|(method, _)| Route { method, path: path.clone() }));
    }
    routes
}

/// The document, as JSON.
pub fn show(document: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, document).into_response()
}
