//! Bodies and queries of requests, read within limits; what cannot be read is an [`ApiError`] that says why. What the head of a
//! request tells is checked before a byte of its body is read.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path as AxumPath};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::BODY_BYTES_MAX;
use super::error::{ApiError, InvalidField, Result};
use crate::admission::body_budget::{BodyBudget, BudgetUsedUp, HeldBody};

/// How long a body may take to arrive.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);
/// How long a caller should wait while the budget of bodies is used up.
const BUDGET_RETRY_AFTER_S: u32 = 1;
/// Parameters of a query that are looked at.
const PAIRS_MAX: usize = 100;

/// A JSON body. 415 without a JSON content type, 413 above [`BODY_BYTES_MAX`], 400 where it is no JSON, 422 where it is
/// not a `T`, naming the field.
pub struct Json<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
    BodyBudget: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self> {
        let (head, body) = request.into_parts();
        check_json(&head.headers)?;
        from_json(&read_body(body, BODY_BYTES_MAX, &BodyBudget::from_ref(state)).await?).map(Self)
    }
}

/// 415 where the content type is not JSON.
pub fn check_json(headers: &HeaderMap) -> Result<()> {
    if is_json(headers) { Ok(()) } else { Err(ApiError::UnsupportedMediaType("application/json")) }
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

/// Reads a whole body of at most `bytes_max` bytes, which count in the budget as long as they are used.
pub async fn read_body(body: Body, bytes_max: usize, budget: &BodyBudget) -> Result<Bytes> {
    let announced = body.size_hint();
    let bytes_max_u64 = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    if announced.lower() > bytes_max_u64 {
        return Err(ApiError::TooLarge(bytes_max));
    }
    let announced = announced.upper().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(bytes_max);
    let held = budget.body(announced.min(bytes_max));
    match tokio::time::timeout(BODY_TIMEOUT, collect(body, bytes_max, held)).await {
        Ok(collected) => collected.map(HeldBody::into_bytes),
        Err(_) => Err(ApiError::Malformed(format!("The body did not arrive within {} s.", BODY_TIMEOUT.as_secs()))),
    }
}

async fn collect(mut body: Body, bytes_max: usize, mut held: HeldBody) -> Result<HeldBody> {
    while let Some(frame) = body.frame().await {
        let broken = |_| ApiError::Malformed("The body ended before it was complete.".to_owned());
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if held.len() + data.len() > bytes_max {
            return Err(ApiError::TooLarge(bytes_max));
        }
        held.append(&data).map_err(|BudgetUsedUp| ApiError::Unavailable {
            retry_after_s: BUDGET_RETRY_AFTER_S,
            detail: "Too much is being sent at the moment; nothing was changed.".into(),
        })?;
    }
    Ok(held)
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

    /// The values of a parameter that may be given several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{Clock, Timestamp};

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
        assert!(matches!(read_body(broken, 10, &budget(10)).await, Err(ApiError::Malformed(_))));
    }

    fn budget(bytes: usize) -> BodyBudget {
        BodyBudget::new(bytes, Clock::manual(Timestamp::UNIX_EPOCH))
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_read_up_to_the_limit() {
        let pieces = |count: usize| {
            let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from("12345")));
            Body::from_stream(futures_util::stream::iter(pieces))
        };
        assert_eq!(read_body(pieces(2), 10, &budget(10)).await.expect("it fits"), "1234512345");
        assert!(matches!(read_body(pieces(3), 10, &budget(10)).await, Err(ApiError::TooLarge(10))));
    }

    #[tokio::test]
    async fn a_body_beyond_the_budget_is_asked_for_again() {
        let budget = budget(1_500);
        let held = read_body(Body::from(vec![0; 1_000]), 2_000, &budget).await.expect("it fits");
        let refused = read_body(Body::from(vec![0; 1_000]), 2_000, &budget).await;
        assert!(matches!(refused, Err(ApiError::Unavailable { retry_after_s: 1, .. })));
        drop(held);
        assert!(read_body(Body::from(vec![0; 1_000]), 2_000, &budget).await.is_ok());
        assert_eq!(budget.bytes(), 0);
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
