//! Traces: which spans leave for the operator's collector (OTLP over HTTP), and what of them. The spans are those of the log; nothing of
//! an event, a path or a person is in what is sent, see [`exported`]. Without a collector there is none of this: the log is what it was.
//!
//! Actors:
//! - `OpenTelemetryLayer`, of the `tracing` subscriber: makes data of a span when it ends.
//! - `SpanQueue`: takes that without ever waiting. What does not fit is dropped and counted.
//! - `Exporter`, one task: batches, posts, and tries again for a while.
//!
//! ```text
//!          ended            a batch is full, or 5 s             2xx
//!  span ─────────▶ queued ─────────────────────────▶ posted ─────────▶ exported
//!                    │ the queue is full               │ ▲ 429, 502–504, no response: after a pause, a few times
//!                    ▼                                 ├─┘
//!                 dropped ◀────────────────────────────┘ refused, or tried often enough
//! ```

#[cfg(any(not(feature = "otlp"), test))]
mod absent;
#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
pub mod exported;
#[cfg(feature = "otlp")]
mod log;
#[cfg(feature = "otlp")]
mod queue;
#[cfg(feature = "otlp")]
mod spans;

#[cfg(not(feature = "otlp"))]
pub use absent::{Traces, are_on, check, is_sampled, set_failed, set_number, set_parent, set_text};
#[cfg(feature = "otlp")]
pub use collector::check;
#[cfg(feature = "otlp")]
pub use queue::{BATCH_MAX, END_TIMEOUT, QUEUE_MAX, Traces};
#[cfg(feature = "otlp")]
pub use spans::{are_on, is_sampled, set_failed, set_number, set_parent, set_text};

/// A build without traces is compiled by nothing else in the tests: what it has in their place is held to the same types here.
#[cfg(all(test, feature = "otlp"))]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderMap;
    use tracing::{Dispatch, Span};

    use super::{Traces, absent};
    use crate::config::{LogFormat, Otlp};
    use crate::metrics::Metrics;

    #[tokio::test]
    async fn without_traces_the_same_is_asked_and_nothing_is_done() {
        let _: [fn() -> bool; 2] = [super::are_on, absent::are_on];
        let _: [fn(&Span) -> bool; 2] = [super::is_sampled, absent::is_sampled];
        let _: [fn(&Span, &HeaderMap); 2] = [super::set_parent, absent::set_parent];
        let _: [fn(&Span, &'static str, &str); 2] = [super::set_text, absent::set_text];
        let _: [fn(&Span, &'static str, i64); 2] = [super::set_number, absent::set_number];
        let _: [fn(&Span); 2] = [super::set_failed, absent::set_failed];
        let _: (Start<Traces>, Start<absent::Traces>) = (Traces::start, absent::Traces::start);
        let _: (Subscriber<Traces>, Subscriber<absent::Traces>) = (Traces::subscriber, absent::Traces::subscriber);
        let _ = (Traces::end, absent::Traces::end);
        let otlp = Otlp::new("no address");
        let checks: [Result<Duration, String>; 2] = [super::check(&otlp).await, absent::check(&otlp).await];
        assert!(checks.iter().all(Result::is_err));
    }

    type Start<T> = fn(&Otlp, &Metrics) -> Option<T>;
    type Subscriber<T> = fn(&T, &str, LogFormat, bool, fn() -> std::io::Stderr) -> Dispatch;
}
