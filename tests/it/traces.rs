//! Traces, as a collector gets them.

use std::time::Duration;

use aurix::config::{LogFormat, Otlp};
use aurix::domain::time::{Clock, SignedDuration};
use aurix::llm::{Ask, Endpoint, Llm};
use aurix::metrics::Metrics;
use aurix::traces::{END_TIMEOUT, QUEUE_MAX, Traces};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use tokio::sync::watch;
use tracing::dispatcher::DefaultGuard;

use crate::support::{Log, Person, Receiver, TestApp, until};

const LIMIT: Duration = Duration::from_secs(30);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A program's traces, on this thread, and the collector that gets them.
struct Exporting {
    collector: Receiver,
    traces: Traces,
    log: Log,
    got: Vec<Span>,
    _guard: DefaultGuard,
}

impl Exporting {
    async fn start(metrics: &Metrics) -> Self {
        let collector = Receiver::start().await;
        Self::to(Otlp::new(collector.url.clone()), collector, metrics)
    }

    fn to(otlp: Otlp, collector: Receiver, metrics: &Metrics) -> Self {
        let traces = Traces::start(&otlp, metrics).expect("it is built with traces");
        let log = Log::default();
        let writer = log.clone();
        let dispatch = traces.subscriber("aurix=debug", LogFormat::Json, false, move || writer.clone());
        let guard = tracing::dispatcher::set_default(&dispatch);
        Self { collector, traces, log, got: Vec::new(), _guard: guard }
    }

    /// All spans that have ended so far.
    async fn spans(&mut self) -> &[Span] {
        self.traces.flush().await;
        for sent in self.collector.take() {
            assert_eq!(sent.header("content-type"), "application/x-protobuf");
            self.got.extend(spans_of(&sent.body));
        }
        &self.got
    }

    /// The spans of that name, once there are some.
    async fn named(&mut self, name: &str) -> Vec<Span> {
        let mut found = Vec::new();
        until(name, LIMIT, async || {
            found = self.spans().await.iter().filter(|span| span.name == name).cloned().collect();
            !found.is_empty()
        })
        .await;
        found
    }
}

pub fn spans_of(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// An attribute's value as text.
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name}: {other:?}"),
    }
}

fn figure(metrics: &Metrics, result: &str) -> u64 {
    let line = format!("aurix_trace_spans_total{{result=\"{result}\"}} ");
    metrics.to_text().lines().find_map(|one| one.strip_prefix(line.as_str())?.parse().ok()).unwrap_or(0)
}

both_engines! {
    async fn a_request_is_a_span_with_its_route_and_its_id(app: &TestApp) {
        let project = app.project().await;
        let mut exporting = Exporting::start(&app.core.metrics).await;
        let response = app.click(&project, "device_id=d1").await;
        let id = response.0.header("x-request-id").expect("an id").to_owned();
        let click = exporting.named("GET /c/{widget}").await.remove(0);
        assert_eq!(click.kind(), SpanKind::Server);
        assert_eq!(attribute(&click, "aurix.request_id"), Some(id));
        assert_eq!(attribute(&click, "http.request.method").as_deref(), Some("GET"));
        assert_eq!(attribute(&click, "http.route").as_deref(), Some("/c/{widget}"));
        assert_eq!(attribute(&click, "http.response.status_code").as_deref(), Some("302"));
        assert_eq!(click.attributes.len(), 4, "{click:?}");
        assert!(click.parent_span_id.is_empty() && click.end_time_unix_nano > click.start_time_unix_nano, "{click:?}");

        // What it waited for in the database is within it.
        let batch = exporting.named("batch").await.remove(0);
        assert_eq!((&batch.trace_id, &batch.parent_span_id), (&click.trace_id, &click.span_id));
        assert!(attribute(&batch, "code.function.name").expect("a name").starts_with("aurix::clicks::"), "{batch:?}");
    }

    async fn a_request_is_a_child_of_the_span_that_its_caller_names(app: &TestApp) {
        let mut exporting = Exporting::start(&app.core.metrics).await;
        let traceparent = format!("00-{TRACE}-{CALLER}-01");
        app.get("/healthz", &[("traceparent", &traceparent), ("tracestate", "mei=6591234567")]).await;
        let span = exporting.named("GET /healthz").await.remove(0);
        assert_eq!((hex::encode(&span.trace_id).as_str(), hex::encode(&span.parent_span_id).as_str()), (TRACE, CALLER));
        assert_eq!(span.trace_state, "", "what is a stranger's text is not sent on");

        // One that is not sampled is not exported; an ill-formed one is none.
        app.get("/openapi.json", &[("traceparent", &format!("00-{TRACE}-{CALLER}-00"))]).await;
        for wrong in ["", "00", "00-0-1-01", "mei@example.com", &format!("00-{TRACE}-0000000000000000-01")] {
            app.get("/readyz", &[("traceparent", wrong)]).await;
        }
        app.get("/readyz", &[("traceparent", &traceparent), ("traceparent", &traceparent)]).await;
        let roots = exporting.named("GET /readyz").await;
        assert_eq!(roots.len(), 6);
        assert!(roots.iter().all(|span| span.parent_span_id.is_empty()), "{roots:?}");
        assert!(exporting.spans().await.iter().all(|span| span.name != "GET /openapi.json"));
    }

    async fn a_delivery_is_a_span_within_the_request_that_caused_it(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        let mut exporting = Exporting::start(&app.core.metrics).await;
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.engines.clone(), stopping));
        receiver.respond_next(500);

        // Some are claimed from the database, which knows no request: clicks, until one is dispatched at once.
        let mut clicks = 0;
        until("a click's delivery is dispatched in this process", LIMIT, async || {
            clicks += 1;
            app.click(&project, &format!("device_id=d{clicks}")).await;
            exporting.spans().await.iter().any(|span| span.name == "delivery" && !span.parent_span_id.is_empty())
        })
        .await;
        let delivery = exporting.got.iter().find(|span| span.name == "delivery" && !span.parent_span_id.is_empty());
        let delivery = delivery.expect("just seen").clone();
        let request = exporting.got.iter().find(|span| span.span_id == delivery.parent_span_id);
        let request = request.expect("it has ended before").clone();
        assert_eq!((request.name.as_str(), &request.trace_id), ("GET /c/{widget}", &delivery.trace_id));

        assert_eq!(attribute(&delivery, "aurix.event_type").as_deref(), Some("widget.click"));
        assert_eq!(attribute(&delivery, "aurix.attempt").as_deref(), Some("1"));
        let webhook = attribute(&delivery, "aurix.webhook_id").expect("a webhook");
        let rows = app.core.db.read(async move |conn| {
            Ok(aurix::store::delivery_log::webhook_key(conn, &webhook).await?.is_some())
        });
        assert!(rows.await.expect("a look"), "the webhook by its public id");
        let sent = receiver.take();
        let ours = |one: &&crate::support::Received| attribute(&delivery, "aurix.event_id").as_deref() == Some(one.header("webhook-id"));
        let sent = sent.iter().find(ours).expect("it was sent");
        assert_eq!(sent.header("traceparent"), "", "receivers are strangers");

        let mut failed = exporting.named("delivery").await;
        failed.retain(|span| attribute(span, "aurix.result").as_deref() == Some("refused"));
        assert_eq!(attribute(&failed[0], "http.response.status_code").as_deref(), Some("500"));
        assert_eq!(failed[0].status.as_ref().map(|status| status.code), Some(2), "an error: {failed:?}");
        let post = exporting.named("POST").await.remove(0);
        assert_eq!((post.kind(), attribute(&post, "server.address")), (SpanKind::Client, None), "{post:?}");
        drop(exporting);
    }

    async fn nothing_that_leaves_is_personal(app: &TestApp) {
        let project = app.project().await;
        let mut exporting = Exporting::start(&app.core.metrics).await;
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.engines.clone(), stopping));
        let personal = ["mei.tan", "+6591234567", "6591234567", "hunter2", "203.0.113.9", "Geheimnis", "d-personal", "i am mei"];
        let query = "device_id=d-personal&utm_source=mei.tan%40example.com&gclid=hunter2&page=https%3A%2F%2Fa.example%2F%3Femail%3Dmei.tan%40example.com";
        let headers = [
            ("user-agent", "Geheimnis"),
            ("x-forwarded-for", "203.0.113.9"),
            ("cookie", "session=hunter2"),
            ("referer", "https://a.example/?mei.tan"),
            ("authorization", "Bearer hunter2"),
        ];
        app.get(&format!("/c/{}?{query}", project.widget_id), &headers).await;
        app.get("/no/such/hunter2/mei.tan@example.com?token=hunter2", &headers).await;
        app.get("/api/leads?q=6591234567", &headers).await;
        app.send(aurix::net::Method::from_bytes(b"GEHEIMNIS").expect("a token"), "/healthz?hunter2", &headers, "").await;
        Person::new(app, &project, "6591234567").writes("i am mei, mei.tan@example.com, +6591234567").await;
        until("a reply is sent", LIMIT, async || {
            app.advance(SignedDuration::from_secs(1));
            let spans = exporting.spans().await;
            ["turn", "reply", "transaction"].iter().all(|name| spans.iter().any(|span| span.name == *name))
        })
        .await;
        assert!(exporting.got.len() > 10, "{:?}", exporting.got);
        assert!(exporting.got.iter().any(|span| span.name == "_OTHER /healthz"), "{:?}", exporting.got);
        let all = format!("{:?}", exporting.got);
        for word in personal {
            assert!(!all.contains(word) && !all.to_lowercase().contains(&word.to_lowercase()), "{word} has left: {all}");
        }
        // Loops that look every second make no traces.
        let within = ["read", "transaction", "batch"];
        assert!(exporting.got.iter().all(|span| !within.contains(&span.name.as_str()) || !span.parent_span_id.is_empty()));
        let listed: std::collections::BTreeSet<_> =
            exporting.got.iter().flat_map(|span| span.attributes.iter().map(|one| one.key.as_str())).collect();
        assert!(listed.iter().all(|name| !name.contains("conversation") && *name != "path"), "{listed:?}");
        assert!(exporting.got.iter().all(|span| span.events.is_empty()), "what is logged stays here");
    }

    async fn a_line_of_the_log_names_its_trace(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        let mut exporting = Exporting::start(&app.core.metrics).await;
        tracing::info!(target: "aurix::test", "outside");
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.engines.clone(), stopping));
        app.click(&project, "device_id=d1").await;
        let delivery = exporting.named("delivery").await.remove(0);
        let line = exporting.log.lines("delivery attempt succeeded").remove(0);
        assert_eq!(line["trace_id"], hex::encode(&delivery.trace_id), "{line}");
        assert_eq!(line["span"]["name"], "delivery", "{line}");
        assert!(exporting.log.lines("outside")[0].get("trace_id").is_none());
    }
}

#[tokio::test]
async fn what_the_model_is_asked_is_within_the_turn() {
    let server = Receiver::start().await;
    server.respond_next(400);
    let mut exporting = Exporting::start(&Metrics::default()).await;
    let llm = Llm::new(Endpoint::new(&server.url, "small").expect("an address"), Clock::System);
    let ask = Ask {
        system: "Geheimnis".to_owned(),
        user: "mei.tan@example.com".to_owned(),
        schema: serde_json::json!({"properties": {}}),
        cache_key: "p".to_owned(),
    };
    let turn = tracing::info_span!(target: "aurix::test", "turn", conversation_id = 7, attempt = 1);
    tracing::Instrument::instrument(llm.ask(&ask), turn).await;
    let (turn, model) = (exporting.named("turn").await.remove(0), exporting.named("model").await.remove(0));
    assert_eq!((&model.parent_span_id, &model.trace_id), (&turn.span_id, &turn.trace_id));
    assert_eq!(turn.attributes.len(), 1, "no conversation: {turn:?}");
    assert_eq!(attribute(&model, "gen_ai.request.model").as_deref(), Some("small"));
    assert_eq!(attribute(&model, "aurix.result").as_deref(), Some("status"));
    let post = exporting.named("POST").await.remove(0);
    assert_eq!((post.parent_span_id == model.span_id, post.kind()), (true, SpanKind::Client));
    assert_eq!(attribute(&post, "server.address").as_deref(), Some("127.0.0.1"));
    assert_eq!(attribute(&post, "http.response.status_code").as_deref(), Some("400"));
    let all = format!("{:?}", exporting.got);
    assert!(!all.contains("Geheimnis") && !all.contains("mei.tan"), "{all}");
}

/// Ends a span as requests have them, without waiting for anything.
fn end_a_span() {
    tracing::info_span!(target: "aurix::test", "request", request_id = "r", path = "/hunter2").in_scope(|| {});
}

#[tokio::test]
async fn the_queue_is_bounded_and_what_does_not_fit_is_counted() {
    let metrics = Metrics::default();
    let mut exporting = Exporting::start(&metrics).await;
    for _ in 0..QUEUE_MAX + 300 {
        end_a_span();
    }
    assert_eq!(figure(&metrics, "dropped"), 300, "nothing was waited for");
    assert_eq!(exporting.spans().await.len(), QUEUE_MAX);
    assert_eq!((figure(&metrics, "exported"), figure(&metrics, "dropped")), (2_048, 300));
    // What is sent makes no spans of its own.
    exporting.got.clear();
    assert!(exporting.spans().await.is_empty());
}

#[tokio::test]
async fn a_collector_that_is_not_there_is_told_of_once_and_harms_nothing() {
    let app = TestApp::on_sqlite().await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v1/traces", unused.local_addr().expect("bound"));
    drop(unused);
    let exporting = Exporting::to(Otlp::new(url), Receiver::start().await, &app.core.metrics);
    for _ in 0..700 {
        end_a_span();
    }
    assert_eq!(app.get("/readyz", &[]).await.status(), 200);
    let Exporting { traces, log, .. } = exporting;
    traces.end().await;
    assert!(figure(&app.core.metrics, "dropped") >= 701, "two batches");
    assert_eq!(log.lines("traces are not exported").len(), 1, "{}", log.text());
    assert_eq!(log.lines("the last spans are not exported: the collector does not answer").len(), 0);
    app.end().await;
}

#[tokio::test]
async fn what_a_busy_collector_refuses_is_sent_again_and_what_it_never_takes_is_dropped() {
    let metrics = Metrics::default();
    let mut exporting = Exporting::start(&metrics).await;
    exporting.collector.respond_next(503);
    end_a_span();
    assert_eq!(exporting.spans().await.len(), 2, "the same, twice");
    assert_eq!(exporting.got[0], exporting.got[1]);
    assert_eq!((figure(&metrics, "exported"), figure(&metrics, "dropped")), (1, 0));
    assert_eq!(exporting.log.lines("traces are exported again").len(), 1);
    exporting.collector.respond_next(400);
    end_a_span();
    assert_eq!(exporting.spans().await.len(), 3, "once");
    assert_eq!((figure(&metrics, "exported"), figure(&metrics, "dropped")), (1, 1));
    assert_eq!(exporting.log.lines("traces are not exported").len(), 2, "one of each: {}", exporting.log.text());
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_an_end_up_for_seconds_at_most() {
    let exporting = Exporting::start(&Metrics::default()).await;
    exporting.collector.hold();
    end_a_span();
    let Exporting { traces, log, .. } = exporting;
    let ended = tokio::time::timeout(END_TIMEOUT * 3, traces.end()).await;
    assert!(ended.is_ok());
    assert_eq!(log.lines("the last spans are not exported: the collector does not answer").len(), 1);
}

#[tokio::test]
async fn what_a_collector_takes_in_part_is_counted_so() {
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "too old".to_owned() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v1/traces", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(async || body)).await });
    let metrics = Metrics::default();
    let exporting = Exporting::to(Otlp::new(url), Receiver::start().await, &metrics);
    (0..5).for_each(|_| end_a_span());
    exporting.traces.flush().await;
    assert_eq!((figure(&metrics, "exported"), figure(&metrics, "dropped")), (3, 2));
}
