//! What this process counts of itself, for Prometheus (`GET /metrics`). Nothing of it is about a person or a business: labels have few
//! values, none of which a stranger chooses.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::db::Waiting;

/// 1 ms to 16 s.
const SECONDS: (f64, f64, u16) = (0.001, 2.0, 15);

/// The figures of a process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Parts>);

struct Parts {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, Seconds>,
    clicks: Family<ResultLabels, Counter>,
    messages: Family<MessageLabels, Counter>,
    turns: Family<ResultLabels, Counter>,
    attempts: Family<ResultLabels, Counter>,
    attempt_seconds: Histogram,
    model_calls: Family<ResultLabels, Counter>,
    model_tokens: Family<KindLabels, Counter>,
    model_seconds: Histogram,
    trace_spans: Family<ResultLabels, Counter>,
    late_seconds: Family<QueueLabels, GaugeOfFloat>,
    database_waiting: Family<KindLabels, Gauge>,
    resident_bytes: Gauge,
    open_files: Gauge,
    started_at: GaugeOfFloat,
}

type GaugeOfFloat = Gauge<f64, AtomicU64>;

/// Makes histograms of seconds.
#[derive(Clone)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        let (first, factor, count) = SECONDS;
        Histogram::new(exponential_buckets(first, factor, count))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    channel: &'static str,
    direction: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    queue: &'static str,
}

/// What becomes of a click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClickResult {
    /// It is in the database.
    Stored,
    /// It is on disk, and is stored when the database is there again.
    Spooled,
}

/// Tokens of a language model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokens {
    /// Of what it was asked.
    pub prompt: u64,
    /// Those of them that the server had kept.
    pub cached: u64,
    /// Of what it answered.
    pub answer: u64,
}

/// The state of the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    /// Its memory.
    pub resident_bytes: i64,
    /// Its open files and connections.
    pub open_files: i64,
    /// When it started, in seconds of Unix time.
    pub started_at: f64,
}

impl Process {
    /// What Linux says of this one; zeros elsewhere.
    pub fn look() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        let open = std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count());
        // The folder of the process is as old as the process.
        let made = std::fs::metadata("/proc/self/stat").and_then(|stat| stat.modified()).ok();
        let started_at = made.and_then(|made| made.duration_since(SystemTime::UNIX_EPOCH).ok());
        Self {
            resident_bytes: resident.unwrap_or(0i64) * 1024,
            open_files: i64::try_from(open).unwrap_or(0),
            started_at: started_at.map_or(0.0, |at| at.as_secs_f64()),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let seconds = || Seconds.new_metric();
        let mut parts = Parts {
            requests: registered(&mut registry, "aurix_http_requests", "Requests that were answered"),
            request_seconds: Family::new_with_constructor(Seconds),
            clicks: registered(&mut registry, "aurix_clicks", "Clicks by what became of them"),
            messages: registered(
                &mut registry,
                "aurix_messages",
                "Messages of people, and replies by how sending them went",
            ),
            turns: registered(&mut registry, "aurix_turns", "Turns of the agent"),
            attempts: registered(&mut registry, "aurix_delivery_attempts", "Attempts at deliveries by their outcome"),
            attempt_seconds: seconds(),
            model_calls: registered(&mut registry, "aurix_llm_calls", "Calls of the language model"),
            model_tokens: registered(&mut registry, "aurix_llm_tokens", "Tokens that the language model counted"),
            model_seconds: seconds(),
            trace_spans: registered(&mut registry, "aurix_trace_spans", "Spans of traces by what became of them"),
            late_seconds: Family::default(),
            database_waiting: Family::default(),
            resident_bytes: Gauge::default(),
            open_files: Gauge::default(),
            started_at: GaugeOfFloat::default(),
            registry: Registry::default(),
        };
        let unit = Unit::Seconds;
        let said = "Time to the head of the response";
        registry.register_with_unit("aurix_http_request_duration", said, unit.clone(), parts.request_seconds.clone());
        let said = "Time of an attempt at a delivery";
        registry.register_with_unit(
            "aurix_delivery_attempt_duration",
            said,
            unit.clone(),
            parts.attempt_seconds.clone(),
        );
        let said = "Time of a turn's calls of the language model";
        registry.register_with_unit("aurix_llm_duration", said, unit.clone(), parts.model_seconds.clone());
        let said = "How long the oldest of what is due has been due; 0 where nothing is";
        registry.register_with_unit("aurix_queue_late", said, unit.clone(), parts.late_seconds.clone());
        let said = "Reads and writes that wait for a connection to the database";
        registry.register("aurix_database_waiting", said, parts.database_waiting.clone());
        let said = "Memory of the process";
        registry.register_with_unit("process_resident_memory", said, Unit::Bytes, parts.resident_bytes.clone());
        registry.register("process_open_fds", "Files and connections that are open", parts.open_files.clone());
        let said = "When the process started, in Unix time";
        registry.register_with_unit("process_start_time", said, unit, parts.started_at.clone());
        parts.registry = registry;
        Self(Arc::new(parts))
    }
}

/// A new counter by labels, in the registry.
fn registered<L>(registry: &mut Registry, name: &str, help: &str) -> Family<L, Counter>
where
    L: EncodeLabelSet + Clone + fmt::Debug + PartialEq + Eq + std::hash::Hash + Send + Sync + 'static,
{
    let family = Family::default();
    registry.register(name, help, family.clone());
    family
}

/// The method, unless it is none that routes have: then it is a stranger's word.
pub fn known_method(method: &str) -> Option<&'static str> {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].into_iter().find(|known| *known == method)
}

impl Metrics {
    /// A request to a route, as it stands in the list of routes, was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = known_method(method).unwrap_or("other");
        let route = route.to_owned();
        self.0.request_seconds.get_or_create(&RouteLabels { route: route.clone() }).observe(took.as_secs_f64());
        self.0.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// A click came.
    pub fn click(&self, result: ClickResult) {
        let result = match result {
            ClickResult::Stored => "stored",
            ClickResult::Spooled => "spooled",
        };
        self.0.clicks.get_or_create(&ResultLabels { result }).inc();
    }

    /// A channel's platform brought so many messages.
    pub fn received(&self, channel: &'static str, count: u64) {
        let labels = MessageLabels { channel, direction: "in", result: "stored" };
        self.0.messages.get_or_create(&labels).inc_by(count);
    }

    /// A reply was sent, or was not.
    pub fn reply(&self, channel: &'static str, result: &'static str) {
        self.0.messages.get_or_create(&MessageLabels { channel, direction: "out", result }).inc();
    }

    /// A turn of the agent ended.
    pub fn turn(&self, result: &'static str) {
        self.0.turns.get_or_create(&ResultLabels { result }).inc();
    }

    /// An attempt at a delivery ended.
    pub fn attempt(&self, result: &'static str, took: Duration) {
        self.0.attempts.get_or_create(&ResultLabels { result }).inc();
        self.0.attempt_seconds.observe(took.as_secs_f64());
    }

    /// A language model was asked for a turn: so many calls.
    pub fn model(&self, result: &'static str, calls: u32, tokens: Tokens, took: Duration) {
        self.0.model_calls.get_or_create(&ResultLabels { result }).inc_by(u64::from(calls));
        for (kind, count) in [("prompt", tokens.prompt), ("cached", tokens.cached), ("answer", tokens.answer)] {
            self.0.model_tokens.get_or_create(&KindLabels { kind }).inc_by(count);
        }
        self.0.model_seconds.observe(took.as_secs_f64());
    }

    /// So many spans of traces were exported, or were dropped.
    pub fn trace_spans(&self, result: &'static str, count: u64) {
        self.0.trace_spans.get_or_create(&ResultLabels { result }).inc_by(count);
    }

    /// How late the oldest of a queue is, in seconds.
    pub fn set_late(&self, queue: &'static str, late_s: f64) {
        self.0.late_seconds.get_or_create(&QueueLabels { queue }).set(late_s);
    }

    /// What waits for the database, and the state of the process.
    pub fn set_state(&self, waiting: Waiting, process: Process) {
        let parts = &*self.0;
        for (kind, count) in [("read", waiting.reads), ("write", waiting.writes)] {
            parts.database_waiting.get_or_create(&KindLabels { kind }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        parts.resident_bytes.set(process.resident_bytes);
        parts.open_files.set(process.open_files);
        parts.started_at.set(process.started_at);
    }

    /// All of it, as Prometheus and OpenMetrics read it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.0.registry).expect("a string takes all text");
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Metrics with a figure of each.
    fn all() -> Metrics {
        let (metrics, took) = (Metrics::default(), Duration::from_millis(3));
        metrics.request("GET", "/", 200, took);
        metrics.click(ClickResult::Stored);
        metrics.received("web", 1);
        metrics.reply("web", "sent");
        metrics.turn("settled");
        metrics.attempt("delivered", took);
        metrics.model("answered", 1, Tokens { prompt: 1, cached: 1, answer: 1 }, took);
        metrics.trace_spans("exported", 1);
        metrics.set_late("turns", 1.0);
        metrics.set_state(Waiting::default(), Process::look());
        metrics
    }

    /// The names of a text that begin with `aurix_`, without the ends that a histogram and a counter have.
    fn names(text: &str) -> BTreeSet<&str> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let ends = ["_bucket", "_count", "_sum", "_total"];
        words
            .filter(|word| word.starts_with("aurix_"))
            .map(|word| ends.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word))
            .collect()
    }

    #[test]
    fn documents_rules_and_dashboard_speak_of_what_there_is() {
        let text = all().to_text();
        let there = names(&text);
        for (file, written) in [
            ("alerts.yaml", include_str!("../deploy/prometheus/alerts.yaml")),
            ("grafana.json", include_str!("../deploy/prometheus/grafana.json")),
            ("monitoring.md", include_str!("../docs/monitoring.md")),
        ] {
            let unknown: Vec<_> = names(written).difference(&there).copied().collect();
            assert_eq!(unknown, Vec::<&str>::new(), "{file}: {text}");
        }
        let documented = names(include_str!("../docs/monitoring.md"));
        assert_eq!(there.difference(&documented).copied().collect::<Vec<_>>(), Vec::<&str>::new(), "not documented");
    }

    #[test]
    fn a_stranger_chooses_no_label() {
        let metrics = Metrics::default();
        metrics.request("BREW", "none", 405, Duration::ZERO);
        assert!(metrics.to_text().contains("method=\"other\""));
    }
}
