//! `GET /metrics`: what the process counts of itself, for whoever has the token.

use aurix::config::Config;
use aurix::domain::time::SignedDuration;
use aurix::net;

use crate::support::{Person, Receiver, TestApp};

const TOKEN: &str = "twelve-or-more";

fn with_token(config: &mut Config) {
    config.metrics_token = Some(TOKEN.to_owned().into());
}

/// The figure of a line that begins so; `None` where there is no such line.
fn figure(text: &str, line: &str) -> Option<f64> {
    text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
}

async fn metrics(app: &TestApp) -> String {
    let response = app.get("/metrics", &[("authorization", &format!("Bearer {TOKEN}"))]).await;
    assert_eq!(response.status(), 200);
    response.text()
}

async fn what_happens_is_counted(app: &TestApp) {
    let (project, receiver) = (app.project().await, Receiver::start().await);
    app.webhook(&project, &receiver).await;
    app.click(&project, "device_id=0b9f4c1e-8a51-4f0f-9a3e-2f1d6d1a7c11").await;
    app.work().await;
    Person::new(app, &project, "6591234567").writes("hello").await;
    app.settle().await;
    let text = metrics(app).await;
    let of = |line: &str| figure(&text, line);
    assert_eq!(of("aurix_clicks_total{result=\"stored\"}"), Some(1.0), "{text}");
    assert_eq!(
        of("aurix_messages_total{channel=\"whatsapp\",direction=\"in\",result=\"stored\"}"),
        Some(1.0),
        "{text}"
    );
    assert!(of("aurix_turns_total{result=\"settled\"}") >= Some(1.0), "{text}");
    assert!(of("aurix_messages_total{channel=\"whatsapp\",direction=\"out\",result=\"sent\"}") >= Some(1.0), "{text}");
    assert!(of("aurix_delivery_attempts_total{result=\"delivered\"}") >= Some(1.0), "{text}");
    assert!(of("aurix_delivery_attempt_duration_seconds_count") >= Some(1.0), "{text}");
    let click = "aurix_http_requests_total{method=\"GET\",route=\"/c/{widget}\",status=\"302\"}";
    assert_eq!(of(click), Some(1.0), "{text}");
    assert!(of("process_resident_memory_bytes") > Some(1e6) && of("process_open_fds") > Some(3.0), "{text}");
    for personal in ["6591234567", "hello", &project.public_id, "0b9f4c1e"] {
        assert!(!text.contains(personal), "{personal} is in the metrics");
    }
    assert_eq!(of("aurix_queue_late_seconds{queue=\"turns\"}"), Some(0.0), "{text}");

    app.execute("UPDATE conversations SET due_at = 0").await;
    app.click(&project, "device_id=1b9f4c1e-8a51-4f0f-9a3e-2f1d6d1a7c11").await;
    app.advance(SignedDuration::from_secs(40));
    let text = metrics(app).await;
    assert!(figure(&text, "aurix_queue_late_seconds{queue=\"turns\"}") >= Some(1e6), "{text}");
    app.get("/nothing/here/6591234567", &[]).await;
    app.send(net::Method::from_bytes(b"BREW").expect("a token"), "/healthz", &[], "").await;
    let text = metrics(app).await;
    assert_eq!(
        figure(&text, "aurix_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}"),
        Some(1.0),
        "{text}"
    );
    assert!(text.contains("method=\"other\"") && !text.contains("BREW"), "{text}");
}

#[tokio::test]
async fn what_happens_is_counted_on_sqlite() {
    let app = TestApp::on_sqlite_with(with_token).await;
    what_happens_is_counted(&app).await;
    app.end().await;
}

#[tokio::test]
async fn what_happens_is_counted_on_postgres() {
    let app = TestApp::on_postgres_with(with_token).await;
    what_happens_is_counted(&app).await;
    app.end().await;
}

#[tokio::test]
async fn nobody_without_the_token_gets_them() {
    let app = TestApp::on_sqlite().await;
    assert_eq!(app.get("/metrics", &[("authorization", "Bearer twelve-or-more")]).await.status(), 404, "none is set");
    app.end().await;
    let app = TestApp::on_sqlite_with(with_token).await;
    for sent in [&[][..], &[("authorization", "Bearer twelve-or-mora")], &[("authorization", "twelve-or-more")]] {
        assert_eq!(app.get("/metrics", sent).await.status(), 401, "{sent:?}");
    }
    assert!(metrics(&app).await.ends_with("# EOF\n"));
    app.end().await;
}
