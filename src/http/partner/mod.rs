//! The partner API: webhook configuration, leads and attribution (contract section 6).

mod attribution;
pub mod cursor;
mod external_leads;
mod lead_json;
pub mod list_query;
mod service_leads;
mod stream;
pub(crate) mod timestamp;
mod webhook_config;

use serde_json::value::RawValue;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engines::Engines;
use crate::projects::create_key::SERVICE_CHARS_MAX;

/// Every route with its description. The same handlers serve both families but for the leads, whose shapes differ.
pub fn routes() -> OpenApiRouter<Engines> {
    let external = family("external", None, OpenApiRouter::default().routes(routes!(external_leads::list)));
    let service =
        family("service", Some(service_parameter()), OpenApiRouter::default().routes(routes!(service_leads::list)));
    OpenApiRouter::default().nest("/integrations/external", external).nest("/integrations/{service}", service)
}

/// The routes of one family. Operations of a document need ids of their own, and each path its parameter.
fn family(name: &str, parameter: Option<Parameter>, leads: OpenApiRouter<Engines>) -> OpenApiRouter<Engines> {
    let mut router = leads.routes(routes!(attribution::list)).merge(webhook_config::routes());
    for path in router.get_openapi_mut().paths.paths.values_mut() {
        path.parameters = parameter.clone().map(|parameter| vec![parameter.into()]);
        for operation in [&mut path.get, &mut path.put, &mut path.post, &mut path.delete].into_iter().flatten() {
            operation.operation_id = operation.operation_id.take().map(|id| format!("{name}_{id}"));
        }
    }
    router
}

fn service_parameter() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^[a-z0-9_-]{{1,{SERVICE_CHARS_MAX}}}$")))
        .examples(["topkee"]);
    ParameterBuilder::new()
        .name("service")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The service of the API key; a key of another one gets 401."))
        .schema(Some(schema))
        .build()
}

/// Stored JSON, to go out as it is.
fn stored_json(text: Option<&str>) -> serde_json::Result<Option<&RawValue>> {
    text.map(serde_json::from_str).transpose()
}
