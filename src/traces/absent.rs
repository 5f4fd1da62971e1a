//! A program that was built without traces: nothing is exported, and whoever sets something on a span does nothing.

use std::time::Duration;

use axum::http::HeaderMap;
use tracing::{Dispatch, Span};
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, Otlp};
use crate::metrics::Metrics;

/// The export of traces, of which there is none.
pub enum Traces {}

impl Traces {
    /// Nothing: [`crate::serve::run`] says so.
    pub fn start(_: &Otlp, _: &Metrics) -> Option<Self> {
        None
    }

    /// What logs and exports.
    pub fn subscriber<W>(&self, _: &str, _: LogFormat, _: bool, _: W) -> Dispatch
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        match *self {}
    }

    /// Exports what is left.
    pub async fn end(self) {
        match self {}
    }
}

/// Whether a collector takes traces.
pub async fn check(_: &Otlp) -> Result<Duration, String> {
    Err("this program was built without traces: use a package, or build it with `--features otlp`".to_owned())
}

/// Whether there may be traces.
pub fn are_on() -> bool {
    false
}

/// Whether a span is exported.
pub fn is_sampled(_: &Span) -> bool {
    false
}

/// Makes a span the child of the one that a request names.
pub fn set_parent(_: &Span, _: &HeaderMap) {}

/// Sets an attribute.
pub fn set_text(_: &Span, _: &'static str, _: &str) {}

/// Sets an attribute.
pub fn set_number(_: &Span, _: &'static str, _: i64) {}

/// Says that what the span is of has failed.
pub fn set_failed(_: &Span) {}
