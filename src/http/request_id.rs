//! The id of a request: taken from its `x-request-id` or made here, returned in the response, and part of every log line that the
//! request causes in this process, up to the attempt of a delivery.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::domain::random::Random;

/// The header, in requests and in responses.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over from a request.
const ID_BYTES_MAX: usize = 64;

/// Answers a request within a span that has its id.
pub async fn trace(random: &Random, request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| random.uuid().simple().to_string());
    let span = tracing::info_span!(
        "request",
        request_id = id,
        method = request.method().as_str(),
        path = request.uri().path()
    );
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The id that a request came with, if it can stand in a log as it is.
fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let is_sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=ID_BYTES_MAX).contains(&id.len()).then_some(id).filter(|id| id.bytes().all(is_sane)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_that_can_stand_in_a_log_is_taken_over() {
        let given = |id: &str| {
            let value = HeaderValue::from_bytes(id.as_bytes()).expect("a header");
            given(&HeaderMap::from_iter([(HEADER, value)]))
        };
        for id in ["a", "7f3b-1.2:x_Y", &"a".repeat(ID_BYTES_MAX)] {
            assert_eq!(given(id).as_deref(), Some(id));
        }
        for id in ["", "a b", "a\"b", "é", &"a".repeat(ID_BYTES_MAX + 1)] {
            assert_eq!(given(id), None, "{id:?}");
        }
    }
}
