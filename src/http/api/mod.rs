//! The management API, `/api/v1/…`: what the console and the commands do, for programs with a token. A resource has a file; what writes
//! calls the use case that the console calls.

pub(crate) mod agent;
mod caller;
pub(crate) mod channels;
pub(crate) mod conversations;
pub(crate) mod deliveries;
mod errors;
mod etag;
pub mod event_schemas;
mod events;
mod guard;
mod idempotency;
pub(crate) mod leads;
pub(crate) mod links;
pub(crate) mod log;
pub(crate) mod owner;
pub(crate) mod projects;
pub(crate) mod query;
pub(crate) mod replies;
pub(crate) mod resends;
pub(crate) mod setup;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod webhook_actions;
pub(crate) mod webhooks;
pub(crate) mod widgets;
mod words;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::{ObjectBuilder, OpenApi, Required};
use utoipa_axum::router::OpenApiRouter;

use super::BODY_BYTES_MAX;
use super::error::no_such_path;
use super::openapi::TOKEN;
use crate::domain::actor::Actor;
use crate::engines::Engines;

/// Every route with its description.
pub fn routes() -> OpenApiRouter<Engines> {
    let of_project = OpenApiRouter::default()
        .merge(projects::routes())
        .merge(channels::routes())
        .merge(setup::routes())
        .merge(tokens::routes())
        .merge(agent::routes())
        .merge(log::routes())
        .merge(widgets::routes())
        .merge(links::routes())
        .merge(webhooks::routes())
        .merge(webhook_actions::routes())
        .merge(templates::routes())
        .merge(events::routes())
        .merge(deliveries::routes())
        .merge(resends::routes())
        .merge(leads::routes())
        .merge(conversations::routes())
        .merge(replies::routes());
    let of_all = OpenApiRouter::default()
        .merge(projects::list_routes())
        .merge(owner::list_routes())
        .merge(tokens::list_routes())
        .merge(log::list_routes());
    let mut router = OpenApiRouter::default().nest("/api/v1", of_all).nest("/api/v1/projects/{project}", of_project);
    describe(router.get_openapi_mut());
    router
}

/// The routes behind the guard: nobody is served without a token.
pub fn router(engines: &Engines) -> Router<Engines> {
    routes().split_for_parts().0.layer(from_fn_with_state(engines.clone(), guard::guard))
}

/// The routes for a command on the machine of the data, which needs no token.
pub(crate) fn router_for(engines: &Engines, actor: Actor) -> Router {
    let router = routes().split_for_parts().0.layer(Extension(caller::Authenticated::Command(actor)));
    router.fallback(no_such_path).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(engines.clone())
}

/// Adds what every call has.
fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        // The document's other server is another name of the partner API alone.
        item.servers = Some(vec![ServerBuilder::new().url("/").build()]);
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        item.parameters = Some(names.map(|name| path_parameter(name).into()).collect());
        describe_calls(item);
    }
}

fn describe_calls(item: &mut PathItem) {
    let is_post = item.post.is_some();
    let PathItem { get, put, post, delete, patch, .. } = item;
    if let Some(post) = post.as_mut().filter(|_| is_post) {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(idempotency::KEY_CHARS_MAX))
            .pattern(Some("^[!-~]+$"));
        let key = header(
            "Idempotency-Key",
            "Sent again with the same key and body within 24 hours, the call is not done again: it gets the same answer.",
            schema,
        );
        post.parameters.get_or_insert_default().push(key.into());
    }
    for call in [get, put, post, delete, patch].into_iter().flatten() {
        describe_call(call);
    }
}

fn describe_call(call: &mut Operation) {
    call.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, [])]);
    if call.responses.responses.contains_key("412") {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(etag::IF_MATCH_PATTERN));
        let tag = header("If-Match", "The `ETag` of what you have seen: 412 where it was changed since.", schema);
        call.parameters.get_or_insert_default().push(tag.into());
    }
    for (status, response) in errors::every_call() {
        call.responses.responses.entry(status).or_insert(response);
    }
}

fn header(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn path_parameter(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("Which {}.", name.trim_end_matches("_id"))))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
