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

#[cfg(not(feature = "otlp"))]
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
