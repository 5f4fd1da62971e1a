//! What leaves for the collector: these spans, and of each these fields. All else stays here, whatever a span is given one day: paths,
//! which have tokens in them, words of people, and the ids of their conversations.

use opentelemetry::trace::{SpanKind, TraceState};
use opentelemetry::{Key, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents};
use tracing::Metadata;

/// The attribute that names a span of HTTP, with [`ROUTE`].
const METHOD: &str = "http.request.method";
/// A route's pattern, as the program has it.
const ROUTE: &str = "http.route";
const STATUS: &str = "http.response.status_code";
const ATTEMPT: (&str, &str) = ("attempt", "aurix.attempt");

/// A span that leaves.
struct Exported {
    /// As in the program.
    name: &'static str,
    kind: SpanKind,
    /// Its fields, and the attributes that they become.
    fields: &'static [(&'static str, &'static str)],
}

const SPANS: &[Exported] = &[
    Exported {
        name: "request",
        kind: SpanKind::Server,
        fields: &[("request_id", "aurix.request_id"), (METHOD, METHOD), (ROUTE, ROUTE), (STATUS, STATUS)],
    },
    Exported {
        name: "delivery",
        kind: SpanKind::Internal,
        fields: &[
            ("event_id", "aurix.event_id"),
            ATTEMPT,
            ("event_type", "aurix.event_type"),
            ("webhook", "aurix.webhook_id"),
            ("result", "aurix.result"),
            (STATUS, STATUS),
        ],
    },
    Exported { name: "turn", kind: SpanKind::Internal, fields: &[ATTEMPT] },
    Exported { name: "reply", kind: SpanKind::Internal, fields: &[ATTEMPT] },
    Exported { name: "medium", kind: SpanKind::Internal, fields: &[ATTEMPT] },
    Exported { name: "mail", kind: SpanKind::Internal, fields: &[ATTEMPT] },
    Exported {
        name: "model",
        kind: SpanKind::Internal,
        fields: &[
            ("model", "gen_ai.request.model"),
            ("outcome", "aurix.result"),
            ("calls", "aurix.calls"),
            ("prompt_tokens", "gen_ai.usage.input_tokens"),
            ("answer_tokens", "gen_ai.usage.output_tokens"),
        ],
    },
    Exported {
        name: "http_request",
        kind: SpanKind::Client,
        fields: &[("method", METHOD), ("host", "server.address"), ("status", STATUS)],
    },
    Exported { name: "read", kind: SpanKind::Client, fields: DATABASE },
    Exported { name: "transaction", kind: SpanKind::Client, fields: DATABASE },
    Exported { name: "batch", kind: SpanKind::Internal, fields: &[("work", "code.function.name")] },
];
const DATABASE: &[(&str, &str)] = &[("engine", "db.system.name"), ("work", "code.function.name")];

/// Whether a span leaves.
pub fn has(metadata: &Metadata<'_>) -> bool {
    let is_ours = metadata.target() == "aurix" || metadata.target().starts_with("aurix::");
    metadata.is_span() && is_ours && SPANS.iter().any(|span| span.name == metadata.name())
}

/// What leaves of a span; `None` for one that is not listed.
pub fn of(mut data: SpanData) -> Option<SpanData> {
    let exported = SPANS.iter().find(|span| span.name == data.name)?;
    data.attributes.retain_mut(|attribute| {
        let named = exported.fields.iter().find(|(field, _)| *field == attribute.key.as_str());
        named.map(|(_, name)| attribute.key = Key::from_static_str(name)).is_some()
    });
    data.events = SpanEvents::default();
    data.span_context = opentelemetry::trace::SpanContext::new(
        data.span_context.trace_id(),
        data.span_context.span_id(),
        data.span_context.trace_flags(),
        false,
        TraceState::NONE,
    );
    data.span_kind = exported.kind.clone();
    if let Some(name) = http_name(&data) {
        data.name = name.into();
    }
    Some(data)
}

/// `GET /c/{widget}`, for a span of HTTP.
fn http_name(data: &SpanData) -> Option<String> {
    let text = |name| data.attributes.iter().find(|attribute| attribute.key.as_str() == name).map(|it| &it.value);
    let method = text(METHOD)?;
    match text(ROUTE) {
        Some(Value::String(route)) => Some(format!("{} {route}", method.as_str())),
        _ => Some(method.as_str().into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_leaves_by_a_name_that_may_be_personal() {
        let left: BTreeSet<&str> = SPANS.iter().flat_map(|span| span.fields.iter().map(|(_, name)| *name)).collect();
        for name in ["path", "url.path", "url.query", "url.full", "client.address", "user_agent.original", "enduser.id"]
        {
            assert!(!left.contains(name), "{name}");
        }
        assert!(SPANS.iter().all(|span| span.fields.iter().all(|(field, _)| !field.contains("conversation"))));
    }
}
