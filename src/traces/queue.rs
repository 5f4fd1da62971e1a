//! From spans that have ended to batches at the collector. See the module's comment for actors and states.

use std::fmt;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, timeout};

use super::collector::Collector;
use super::exported;
use crate::config::Otlp;
use crate::metrics::Metrics;

/// Spans that wait to be exported.
pub const QUEUE_MAX: usize = 2_048;
/// Spans of a batch.
pub const BATCH_MAX: usize = 512;
/// How long a span waits for others.
const LINGER: Duration = Duration::from_secs(5);
/// The pauses after which a batch is posted again.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// How long what is left may take when the process stops.
pub const END_TIMEOUT: Duration = Duration::from_secs(3);

/// The export of traces, under way.
pub struct Traces {
    provider: SdkTracerProvider,
    queue: mpsc::Sender<Message>,
    stopping: watch::Sender<bool>,
}

enum Message {
    Ended(Box<SpanData>),
    /// Whoever waits until all before it are exported or dropped.
    Flush(oneshot::Sender<()>),
}

impl Traces {
    /// Starts to export to a collector, on the runtime that it is called in. Connects to nothing until there are spans.
    pub fn start(otlp: &Otlp, metrics: &Metrics) -> Option<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let (stopping, stop) = watch::channel(false);
        let resource = resource();
        let exporter = Exporter {
            collector: Collector::new(otlp),
            origin: otlp.origin(),
            resource: resource.clone(),
            metrics: metrics.clone(),
            stop,
            is_failing: false,
        };
        // No span is current there: what it sends makes none.
        tokio::spawn(exporter.run(waiting));
        let processor = SpanQueue { queue: queue.clone(), metrics: metrics.clone() };
        // The sampler is what OTEL_TRACES_SAMPLER says.
        let provider = SdkTracerProvider::builder().with_resource(resource).with_span_processor(processor).build();
        Some(Self { provider, queue, stopping })
    }

    /// Makes the spans of a layer.
    pub(super) fn provider(&self) -> &SdkTracerProvider {
        &self.provider
    }

    /// Returns when all spans that have ended are exported, or dropped.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            // An error says that the exporter is gone.
            let _ = flushed.await;
        }
    }

    /// Exports what is left, for [`END_TIMEOUT`] at most. Nothing is tried again.
    pub async fn end(self) {
        self.stopping.send_replace(true);
        if timeout(END_TIMEOUT, self.flush()).await.is_err() {
            tracing::warn!(timeout = ?END_TIMEOUT, "the last spans are not exported: the collector does not answer");
        }
    }
}

/// Who the spans are of: what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say, else `aurix`.
fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let said = Resource::builder().build();
    let name = said.get(&"service.name".into()).map(|name| name.as_str().into_owned()).unwrap_or_default();
    let builder = Resource::builder();
    let builder = if said.get(&"service.version".into()).is_none() { builder.with_attribute(version) } else { builder };
    // So the SDK calls a program of which nobody said.
    if name.starts_with("unknown_service") { builder.with_service_name("aurix").build() } else { builder.build() }
}

/// Takes spans that have ended.
struct SpanQueue {
    queue: mpsc::Sender<Message>,
    metrics: Metrics,
}

impl fmt::Debug for SpanQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanQueue").finish_non_exhaustive()
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.queue.try_send(Message::Ended(Box::new(span))).is_err() {
            self.metrics.trace_spans("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Brings batches to the collector, one after the other.
struct Exporter {
    collector: Collector,
    /// The collector's, for the log.
    origin: String,
    resource: Resource,
    metrics: Metrics,
    stop: watch::Receiver<bool>,
    /// The last batch was not taken: that was said.
    is_failing: bool,
}

impl Exporter {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut batch = Vec::new();
        let mut linger = tokio::time::interval(LINGER);
        linger.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let flushed = tokio::select! {
                message = waiting.recv() => match message {
                    Some(Message::Ended(span)) => {
                        batch.extend(exported::of(*span));
                        if batch.len() < BATCH_MAX {
                            continue;
                        }
                        None
                    }
                    Some(Message::Flush(done)) => Some(done),
                    None => return,
                },
                _ = linger.tick() => None,
            };
            if !batch.is_empty() {
                self.export(std::mem::take(&mut batch)).await;
            }
            // Whoever waited may be gone.
            let _ = flushed.map(|done| done.send(()));
        }
    }

    /// Exports a batch, or drops it.
    async fn export(&mut self, batch: Vec<SpanData>) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let body = Collector::encode(batch, &self.resource);
        let mut pauses = PAUSES.into_iter();
        loop {
            let refusal = match self.collector.post(body.clone()).await {
                Ok((rejected, _)) => return self.taken(count, rejected),
                Err(refusal) => refusal,
            };
            if !self.is_failing {
                self.is_failing = true;
                tracing::warn!(collector = self.origin, error = %refusal, "traces are not exported");
            }
            let Some(pause) = pauses.next() else { break };
            if !refusal.is_passing || *self.stop.borrow() {
                break;
            }
            // A stop ends the pause. An error says that nobody can ask for one any more.
            let _ = timeout(pause, self.stop.wait_for(|stop| *stop)).await;
        }
        self.metrics.trace_spans("dropped", count);
    }

    fn taken(&mut self, count: u64, rejected: u64) {
        let rejected = rejected.min(count);
        self.metrics.trace_spans("exported", count - rejected);
        if rejected > 0 {
            self.metrics.trace_spans("dropped", rejected);
        }
        if std::mem::take(&mut self.is_failing) {
            tracing::info!(collector = self.origin, "traces are exported again");
        }
    }
}
