//! Traces of a real process: flushed when it stops, whatever the collector does.

use std::time::Duration;

use aurix::net::{Method, RESPONSE_BYTES_MAX, Request, TIMEOUT_DEFAULT};

use super::on_both_engines;
use super::server::Server;
use crate::support::{Receiver, until};
use crate::traces::{attribute, spans_of};

const STOP_LIMIT: Duration = Duration::from_secs(20);
const COUNT_LIMIT: Duration = Duration::from_secs(30);
const TOKEN: &str = "twelve-or-more";

on_both_engines! {
    the_last_spans_leave_when_a_server_stops
}

async fn the_last_spans_leave_when_a_server_stops(server: Server) {
    let collector = Receiver::start().await;
    let endpoint = collector.url.trim_end_matches("/webhook").to_owned();
    let settings = [
        ("AURIX_METRICS_TOKEN", TOKEN),
        ("AURIX_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=shop%20one"),
    ];
    let mut server = settings.into_iter().fold(server, |server, (name, value)| server.set(name, value));
    server.start_ready().await;
    let response = server.get("/healthz").await.expect("it runs");
    let id = response.header("x-request-id").expect("an id").to_owned();
    let status = server.stop(STOP_LIMIT).await;
    assert_eq!(status.code(), Some(0), "{status}: {}", server.log());

    let sent = collector.take();
    let spans: Vec<_> = sent.iter().flat_map(|one| spans_of(&one.body)).collect();
    let ours = spans.iter().find(|span| attribute(span, "aurix.request_id").as_deref() == Some(&id));
    assert_eq!(ours.map(|span| span.name.as_str()), Some("GET /healthz"), "{spans:?}");
    assert!(sent.iter().all(|one| one.header("x-team") == "shop one"));
    let resource = String::from_utf8_lossy(&sent[0].body).into_owned();
    for part in ["service.name", "aurix", "service.version", "deployment.environment.name"] {
        assert!(resource.contains(part), "{part}: {resource}");
    }

    // While it serves, a span waits for seconds only, and is counted.
    server.start_ready().await;
    until("spans are exported", COUNT_LIMIT, async || exported(&server).await > 0).await;
    assert!(!collector.take().is_empty());
    let status = server.stop(STOP_LIMIT).await;
    assert_eq!(status.code(), Some(0), "{status}: {}", server.log());

    // A collector that never answers: the stop takes seconds, and all else is as it was.
    collector.hold();
    server.start_ready().await;
    assert_eq!(server.status_of("/healthz").await, Some(200));
    let status = server.stop(STOP_LIMIT).await;
    assert_eq!(status.code(), Some(0), "{status}: {}", server.log());
    assert!(server.log().contains("the last spans are not exported"), "{}", server.log());
    collector.let_go();
    server.end().await;
}

/// The spans that a process says it has exported.
async fn exported(server: &Server) -> u64 {
    let request = Request {
        method: Method::GET,
        url: format!("{}/metrics", server.base_url),
        headers: vec![("authorization".to_owned(), format!("Bearer {TOKEN}"))],
        body: Default::default(),
        timeout: TIMEOUT_DEFAULT,
        response_bytes_max: RESPONSE_BYTES_MAX,
    };
    let text = server.client.send(request).await.expect("it runs").body;
    let text = String::from_utf8_lossy(&text);
    let line = "aurix_trace_spans_total{result=\"exported\"} ";
    text.lines().find_map(|one| one.strip_prefix(line)?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn the_demo_sends_no_traces() {
    let collector = Receiver::start().await;
    let endpoint = collector.url.trim_end_matches("/webhook").to_owned();
    let mut server = Server::on_sqlite().set("AURIX_OTLP_ENDPOINT", &endpoint);
    server.start_as(&["demo", "--empty"]);
    until("the demo runs", COUNT_LIMIT, async || server.status_of("/healthz").await == Some(200)).await;
    server.stop(STOP_LIMIT).await;
    assert_eq!(collector.take().len(), 0);
    server.end().await;
}
