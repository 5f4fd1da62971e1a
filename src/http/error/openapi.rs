//! The OpenAPI description of errors, with examples that the enum itself makes.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr};

use super::{ApiError, InvalidField, ProblemDetails};

/// The name of [`ProblemDetails`] among the schemas of the document.
const SCHEMA: &str = "Problem";

/// What every call with an API key can fail with.
pub struct CallErrors;

impl IntoResponses for CallErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        describe([
            ("The API key is missing, malformed, revoked, unknown, or of another service.", unauthorized()),
            ("Over a rate limit.", ApiError::TooMany { retry_after_s: 1 }),
            ("An error of Aurix. `id` finds it in the log.", ApiError::Internal(anyhow::anyhow!("an example"))),
            ("Starting, stopping, or the database is unavailable.", unavailable()),
        ])
    }
}

/// What a list can fail with besides [`CallErrors`].
pub struct QueryErrors;

impl IntoResponses for QueryErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let invalid =
            InvalidField { field: "limit".to_owned(), detail: "must be a whole number from 0 to 10000".to_owned() };
        describe([
            (
                "The query has too many parameters.",
                ApiError::Malformed("The query has more than 100 parameters.".to_owned()),
            ),
            ("A parameter is not valid. `errors` names each.", ApiError::Invalid(vec![invalid])),
        ])
    }
}

/// What a call with a JSON body can fail with besides [`CallErrors`].
pub struct BodyErrors;

impl IntoResponses for BodyErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let malformed = "The body is not JSON: EOF while parsing a value at line 1 column 0.".to_owned();
        describe([
            ("The body is not JSON. `detail` has line and column.", ApiError::Malformed(malformed)),
            ("The body is too large.", ApiError::TooLarge(crate::http::BODY_BYTES_MAX)),
            ("The content type is not JSON.", ApiError::UnsupportedMediaType("application/json")),
            ("A field is not valid. `errors` names each.", ApiError::field("url", "is missing")),
        ])
    }
}

fn unauthorized() -> ApiError {
    ApiError::Unauthorized("Send your API key once, as Authorization: Bearer <key>.")
}

fn unavailable() -> ApiError {
    ApiError::Unavailable { retry_after_s: 1, detail: "Aurix is stopping.".into() }
}

/// One response for each error, under its status code. The examples do not reach the log.
pub fn describe<const N: usize>(errors: [(&str, ApiError); N]) -> BTreeMap<String, RefOr<Response>> {
    errors
        .into_iter()
        .map(|(description, error)| (error.status().as_str().to_owned(), response(description, &error)))
        .collect()
}

fn response(description: &str, error: &ApiError) -> RefOr<Response> {
    let id = matches!(error, ApiError::Internal(_)).then(|| "err_4nVq8sYw2LxB7cTd".to_owned());
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(SCHEMA)))
        .example(serde_json::to_value(ProblemDetails::new(error, id)).ok())
        .build();
    let mut response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    if error.retry_after().is_some() {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds until a retry makes sense."));
        response = response.header("Retry-After", header.build());
    }
    if matches!(error, ApiError::Unauthorized(_)) {
        response = response.header(
            "WWW-Authenticate",
            HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build(),
        );
    }
    response.build().into()
}
