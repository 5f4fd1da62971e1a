//! `aurix ready` asks the server of the settings whether it can work.

use serde_json::json;

use super::Operator;
use crate::support::TestApp;

/// The command beside a server: its exit code, and all that it printed.
async fn ready(app: &TestApp, arguments: &[&str]) -> (Option<i32>, String) {
    let operator = Operator::new();
    let address = app.base_url.trim_start_matches("http://").to_owned();
    let mut command = operator.command(&[&["ready"], arguments].concat());
    command.env("AURIX_LISTEN", address);
    let run = tokio::task::spawn_blocking(move || command.output().expect("the program starts"));
    let output = run.await.expect("it ends");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).expect("UTF-8"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_works_is_ready_and_one_that_cannot_write_is_not() {
    let app = TestApp::on_sqlite().await;
    let url = format!("{}/readyz", app.base_url);
    assert_eq!(ready(&app, &[]).await, (Some(0), format!("ready: {url}\n")));
    let (code, printed) = ready(&app, &["--json"]).await;
    let object: serde_json::Value = serde_json::from_str(&printed).expect("one object");
    assert_eq!((code, object), (Some(0), json!({"ready": true, "url": url, "detail": null})));

    app.execute("ALTER TABLE counters RENAME TO elsewhere").await;
    app.advance(aurix::domain::time::SignedDuration::from_secs(1));
    let not_ready = format!("error: not ready: {url}: Nothing can be written to the database.\n");
    assert_eq!(ready(&app, &[]).await, (Some(1), not_ready));
    app.execute("ALTER TABLE elsewhere RENAME TO counters").await;
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_nobody_is_ready() {
    let app = TestApp::on_sqlite().await;
    let (code, printed) = ready(&app, &["--url", "http://127.0.0.1:1"]).await;
    assert_eq!(code, Some(1));
    assert!(printed.contains("not ready: http://127.0.0.1:1/readyz: no connection: connection refused"), "{printed}");
    app.end().await;
}
