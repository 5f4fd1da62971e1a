//! What spans are told that only traces have. Without a collector each call is one comparison.

use axum::http::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, Value};
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Names the caller's span, as W3C Trace Context has it.
const TRACEPARENT: &str = "traceparent";

/// Whether there may be traces: their layer wants spans of every level, which no log does but one of the level `TRACE`.
pub fn are_on() -> bool {
    LevelFilter::current() >= LevelFilter::TRACE
}

/// Whether a span is exported. It begins for the collector, if it had not: no parent can be set from then on.
pub fn is_sampled(span: &Span) -> bool {
    are_on() && span.context().span().span_context().is_sampled()
}

/// Makes a span that has not begun the child of the one that a request names, if it names one well. Its `tracestate` is left alone: that
/// is a stranger's text, and would be sent on.
pub fn set_parent(span: &Span, headers: &HeaderMap) {
    if !are_on() {
        return;
    }
    // Two of them are as good as none.
    let mut given = headers.get_all(TRACEPARENT).iter();
    let (Some(given), None) = (given.next(), given.next()) else { return };
    if let Some(caller) = given.to_str().ok().and_then(caller) {
        // An error says that there are no traces.
        let _ = span.set_parent(Context::new().with_remote_span_context(caller));
    }
}

/// The span that a `traceparent` names: `00-`, 32 digits of the trace, 16 of the span, and flags. Later versions may go on after that.
fn caller(text: &str) -> Option<SpanContext> {
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_well_formed = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    if !is_well_formed || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let sampled = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    Some(SpanContext::new(trace, span, sampled, true, TraceState::NONE)).filter(SpanContext::is_valid)
}

/// Sets an attribute. Only those leave that [`super::exported`] lists.
pub fn set_text(span: &Span, name: &'static str, text: &str) {
    if are_on() {
        span.set_attribute(name, Text(text));
    }
}

/// Sets an attribute. Only those leave that [`super::exported`] lists.
pub fn set_number(span: &Span, name: &'static str, number: i64) {
    if are_on() {
        span.set_attribute(name, number);
    }
}

/// Says that what the span is of has failed.
pub fn set_failed(span: &Span) {
    span.set_status(Status::error(""));
}

/// A text that is copied where there is a layer for it.
struct Text<'a>(&'a str);

impl From<Text<'_>> for Value {
    fn from(Text(text): Text<'_>) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_header_names_a_caller() {
        let found = caller("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03").expect("well-formed");
        assert_eq!(found.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(found.span_id().to_string(), "b7ad6b7169203331");
        assert!(found.is_sampled() && found.is_remote());
        let later = caller("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more").expect("well-formed");
        assert!(!later.is_sampled());
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-+7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-mei@example.com-01",
        ] {
            assert_eq!(caller(wrong), None, "{wrong:?}");
        }
    }
}
