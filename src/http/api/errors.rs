//! How calls of the management API fail, as the document describes it.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use crate::http::error::ApiError;
use crate::http::error::openapi::describe;

/// What a call with a JSON body can fail with besides [`every_call`].
pub struct BodyErrors;

impl IntoResponses for BodyErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        crate::http::error::openapi::BodyErrors::responses()
    }
}

/// What a change of settings can fail with where it has an `If-Match`.
pub struct Changed;

impl IntoResponses for Changed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let example = ApiError::Changed { current: serde_json::json!({"name": "CRM"}), etag: "\"5f2b\"".to_owned() };
        describe([("It was changed since. `current` has it as it is now, `ETag` the tag of that.", example)])
    }
}

/// What every call can fail with.
pub fn every_call() -> BTreeMap<String, RefOr<Response>> {
    let unavailable = ApiError::Unavailable { retry_after_s: 1, detail: "Aurix is stopping.".into() };
    describe([
        ("The query has too many parameters, or the body cannot be read.", malformed()),
        (
            "The token is missing, malformed, unknown, revoked or expired.",
            ApiError::Unauthorized("Send a token, as Authorization: Bearer <token>."),
        ),
        (
            "The scope of the token does not allow it, or the role of the person whose token it is.",
            ApiError::Forbidden("This needs a token of scope write; this one is of scope read.".to_owned()),
        ),
        (
            "There is no such thing, or it is of another project than the token.",
            ApiError::NotFound("There is no such project, or the token is not valid there.".to_owned()),
        ),
        ("Its state does not allow it.", ApiError::Conflict("This person wrote \"stop\".".to_owned())),
        (
            "A field or a parameter is not valid. `errors` names each.",
            ApiError::field("limit", "must be a whole number from 1 to 200"),
        ),
        ("Over the rate limit of the token.", ApiError::TooMany { retry_after_s: 1 }),
        ("An error of Aurix. `id` finds it in the log.", ApiError::Internal(anyhow::anyhow!("an example"))),
        ("Starting, stopping, or the database is unavailable.", unavailable),
    ])
}

fn malformed() -> ApiError {
    ApiError::Malformed("The query has more than 100 parameters.".to_owned())
}
