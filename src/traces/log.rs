//! The log and the export of traces side by side: each has its own filter, and a line says which trace it belongs to.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt as _, TraceId, TracerProvider as _};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, MakeWriter, format};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::{Traces, exported};
use crate::config::LogFormat;

impl Traces {
    /// What logs as it is set, and exports the spans of [`exported`] besides, whatever is logged.
    pub fn subscriber<W>(&self, filter: &str, log_format: LogFormat, ansi: bool, writer: W) -> Dispatch
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.provider().tracer("aurix"))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(exported::has).with_max_level_hint(LevelFilter::TRACE));
        let log = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false).with_ansi(ansi);
        let log = match log_format {
            LogFormat::Text => log.event_format(WithTrace::text(format().with_ansi(ansi))).boxed(),
            LogFormat::Json => log.json().event_format(WithTrace::json(format().json())).boxed(),
        };
        Dispatch::new(Registry::default().with(spans).with(log.with_filter(EnvFilter::new(filter))))
    }
}

/// Adds the trace to the end of a line.
struct WithTrace<F> {
    format: F,
    /// How a line ends, and the trace before that.
    end: &'static str,
    before: &'static str,
    behind: &'static str,
}

impl<F> WithTrace<F> {
    fn text(format: F) -> Self {
        Self { format, end: "\n", before: " trace_id=", behind: "\n" }
    }

    fn json(format: F) -> Self {
        Self { format, end: "}\n", before: ",\"trace_id\":\"", behind: "\"}\n" }
    }
}

impl<S, N, F> FormatEvent<S, N> for WithTrace<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(trace) = current_trace() else { return self.format.format_event(context, writer, event) };
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_suffix(self.end) {
            Some(whole) => write!(writer, "{whole}{}{trace}{}", self.before, self.behind),
            None => writer.write_str(&line),
        }
    }
}

/// The trace of the current span, where that is exported.
fn current_trace() -> Option<TraceId> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_sampled().then(|| span.trace_id())
    })
}
