//! The id of a request: taken from its `x-request-id` or made here, returned in the response, and part of every log line that the
//! request causes in this process, up to the attempt of a delivery.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use tracing::{Instrument as _, Span};

use crate::domain::random::Random;
use crate::metrics::known_method;
use crate::traces;

/// The header, in requests and in responses.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over from a request.
const ID_BYTES_MAX: usize = 64;

/// Answers a request within a span that has its id.
pub async fn trace<F>(random: &Random, request: Request, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let id = given(request.headers()).unwrap_or_else(|| random.uuid().simple().to_string());
    let span = tracing::info_span!(
        "request",
        request_id = id,
        method = request.method().as_str(),
        path = request.uri().path()
    );
    begin(&span, &request);
    let answered = async {
        let response = answer(request).await;
        if traces::are_on() {
            end(&Span::current(), &response);
        }
        response
    };
    let mut response = answered.instrument(span).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// What its trace has of a request: the caller's span, and its route. Nothing that its sender chooses but the method, of those there are.
fn begin(span: &Span, request: &Request) {
    traces::set_parent(span, request.headers());
    traces::set_text(span, "http.request.method", known_method(request.method().as_str()).unwrap_or("_OTHER"));
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        traces::set_text(span, "http.route", route.as_str());
    }
}

fn end(span: &Span, response: &Response) {
    traces::set_number(span, "http.response.status_code", response.status().as_u16().into());
    if response.status().is_server_error() {
        traces::set_failed(span);
    }
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
