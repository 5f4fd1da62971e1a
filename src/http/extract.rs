//! Bodies and queries of requests, read within limits; what cannot be read is an [`ApiError`] that says why.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path as AxumPath};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::BODY_BYTES_MAX;
use super::error::{ApiError, InvalidField, Result};

/// How long a body may take to arrive.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
/// Parameters of a query that are looked at.
const PAIRS_MAX: usize = 100;

/// A JSON body. 415 without a JSON content type, 413 above [`BODY_BYTES_MAX`], 400 where it is no JSON, 422 where it is
/// not a `T`, naming the field.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self> {
        if !is_json(request.headers()) {
            return Err(ApiError::UnsupportedMediaType("application/json"));
        }
        let body = read_body(request.into_body()).await?;
        from_json(&body).map(Self)
    }
}

/// A body as it came, for signatures over its bytes. 413 above `BYTES_MAX`.
pub struct Raw<const BYTES_MAX: usize>(pub Bytes);

impl<S: Send + Sync, const BYTES_MAX: usize> FromRequest<S> for Raw<BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self> {
        read_body_within(request.into_body(), BYTES_MAX).await.map(Self)
    }
}

/// The variable parts of the path. 404 where they cannot be read: then there is nothing by that name.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(_) => Err(super::error::no_such_path().await),
        }
    }
}

/// Reads a whole body of at most [`BODY_BYTES_MAX`] bytes.
pub async fn read_body(body: Body) -> Result<Bytes> {
    read_body_within(body, BODY_BYTES_MAX).await
}

async fn read_body_within(body: Body, bytes_max: usize) -> Result<Bytes> {
    let collecting = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, bytes_max).collect());
    match collecting.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge(bytes_max)),
        Ok(Err(_)) => Err(ApiError::Malformed("The body ended before it was complete.".to_owned())),
        Err(_) => Err(ApiError::Malformed(format!("The body did not arrive within {} s.", BODY_TIMEOUT.as_secs()))),
    }
}

/// Whether the content type is `application/json` or one that ends in `+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads JSON text, an object, as a `T`.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        // serde would read a list as a struct, too.
        serde_json::from_slice::<IgnoredAny>(body).map_err(|error| unreadable(".", &error))?;
        return Err(ApiError::field("body", "must be a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        unreadable(&path, error.inner())
    })?;
    reader.end().map_err(|error| unreadable(".", &error))?;
    Ok(value)
}

fn unreadable(path: &str, error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        return ApiError::Malformed(format!("The body is not JSON: {error}."));
    }
    let text = error.to_string();
    let detail = text.split(" at line ").next().unwrap_or(&text);
    // Where a field is missing or comes twice, serde gives its name in the text, and the path of the object around it.
    let (name, detail) = match detail.strip_suffix('`').and_then(|text| text.split_once(" field `")) {
        Some(("missing", name)) => (Some(name), "is missing"),
        Some(("duplicate", name)) => (Some(name), "is given more than once"),
        _ => (None, detail),
    };
    match (name, path) {
        (Some(name), ".") => ApiError::field(name, detail),
        (Some(name), _) => ApiError::field(format!("{path}.{name}"), detail),
        (None, ".") => ApiError::field("body", detail),
        (None, _) => ApiError::field(path, detail),
    }
}

/// The decoded parameters of a query, in order.
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    /// Reads what stands behind the `?`.
    pub fn parse(text: &str) -> Result<Self> {
        let pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().take(PAIRS_MAX + 1).collect();
        if pairs.len() > PAIRS_MAX {
            return Err(ApiError::Malformed(format!("The query has more than {PAIRS_MAX} parameters.")));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that may be given once.
    pub fn one(&self, name: &str) -> std::result::Result<Option<&str>, InvalidField> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(InvalidField { field: name.to_owned(), detail: "is given more than once".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Put {
        #[expect(dead_code, reason = "only read by serde")]
        url: String,
    }

    fn check(body: &str, expected: &str) {
        let error = from_json::<Put>(body.as_bytes()).expect_err("must be refused");
        let text = match error {
            ApiError::Malformed(detail) => format!("400 {detail}"),
            ApiError::Invalid(fields) => format!("422 {} {}", fields[0].field, fields[0].detail),
            other => format!("{other:?}"),
        };
        assert_eq!(text, expected, "{body:?}");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_too_large() {
        let parts = [Ok(Bytes::from("{")), Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))];
        let broken = Body::from_stream(futures_util::stream::iter(parts));
        assert!(matches!(read_body(broken).await, Err(ApiError::Malformed(_))));
    }

    #[test]
    fn what_is_no_json_says_where() {
        check("", "400 The body is not JSON: EOF while parsing a value at line 1 column 0.");
        check("{\n\"url\": x}", "400 The body is not JSON: expected value at line 2 column 8.");
        check("{\"url\": \"a\"} more", "400 The body is not JSON: trailing characters at line 1 column 14.");
        check("{\"url\": \"\\ud800\"}", "400 The body is not JSON: unexpected end of hex escape at line 1 column 16.");
        let error = from_json::<Put>("[".repeat(100_000).as_bytes()).expect_err("too deep");
        assert!(matches!(error, ApiError::Invalid(_) | ApiError::Malformed(_)), "{error:?}");
        let error = from_json::<Put>(b"{\"url\": \"\xff\"}").expect_err("not UTF-8");
        assert!(matches!(error, ApiError::Malformed(_)), "{error:?}");
    }

    #[test]
    fn what_is_not_valid_names_the_field() {
        check("{}", "422 url is missing");
        check("{\"url\": 5}", "422 url invalid type: integer `5`, expected a string");
        check("{\"url\": null}", "422 url invalid type: null, expected a string");
        check("{\"url\": \"a\", \"url\": \"b\"}", "422 url is given more than once");
        check("7", "422 body must be a JSON object");
        check(" [\"https://example.com\"]", "422 body must be a JSON object");
    }

    #[test]
    fn a_parameter_is_given_once() {
        let query = Query::parse("limit=5&from_date=2026-01-02T10:00+08:00&limit=6").expect("few parameters");
        assert_eq!(query.one("from_date"), Ok(Some("2026-01-02T10:00 08:00")));
        assert_eq!(query.one("offset"), Ok(None));
        assert!(query.one("limit").is_err());
        assert!(Query::parse(&"a=1&".repeat(101)).is_err());
    }
}
