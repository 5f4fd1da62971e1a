//! Any query and body of a request: refused with a named field, or parsed.

use aurix::http::console::form::Form;
use aurix::http::error::ApiError;
use aurix::http::extract::{Query, from_json};
use aurix::http::partner::cursor;
use aurix::http::partner::list_query::ListQuery;
use serde::Deserialize;

/// As the bodies of the API are: some fields are required, some are nested.
#[derive(Deserialize)]
struct Body {
    url: String,
    #[expect(dead_code, reason = "only parsed")]
    device_id: Option<String>,
    #[expect(dead_code, reason = "only parsed")]
    nested: Option<Vec<Nested>>,
}

#[derive(Deserialize)]
struct Nested {
    #[expect(dead_code, reason = "only parsed")]
    count: u32,
}

/// Panics where it does not hold for this input.
pub fn check(body: &[u8]) {
    match from_json::<Body>(body) {
        Ok(parsed) => assert!(parsed.url.len() <= body.len()),
        Err(ApiError::Malformed(detail)) => assert!(!detail.is_empty()),
        Err(ApiError::Invalid(fields)) => assert!(fields.iter().all(|field| !field.field.is_empty())),
        Err(other) => panic!("{other:?}"),
    }
    if let Ok(form) = Form::parse(body) {
        assert_eq!(form.text("name"), form.raw("name").trim());
    }
    let Ok(text) = std::str::from_utf8(body) else { return };
    if let Some(position) = cursor::decode(text) {
        assert_eq!(cursor::encode(position), text);
    }
    match Query::parse(text).and_then(|query| ListQuery::read(&query)) {
        Ok(query) => assert!(query.window().skip >= 0),
        Err(ApiError::Malformed(detail)) => assert!(!detail.is_empty()),
        Err(ApiError::Invalid(fields)) => assert!(!fields.is_empty()),
        Err(other) => panic!("{other:?}"),
    }
}
