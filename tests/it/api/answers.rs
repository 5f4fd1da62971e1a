//! How calls are answered: once for each idempotency key, with the rate of the token, and not over what somebody else changed.

use aurix::domain::rates::Rates;
use aurix::domain::time::SignedDuration;
use aurix::domain::token::TokenScope::{Read, Write};
use aurix::maintenance::remove_old_answers::remove_old_answers;
use aurix::net::Method;
use serde_json::json;

use super::{Program, problem};
use crate::support::TestApp;

const WEBHOOKS: &str = "SELECT COUNT(*) FROM webhooks";

both_engines! {
    async fn a_call_that_is_sent_twice_is_done_once(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let body = json!({"url": "https://example.com/hook"});
        let key = [("idempotency-key", "order-17")];
        let first = program.send_with(Method::POST, "/webhooks", &key, &body).await;
        let again = program.send_with(Method::POST, "/webhooks", &key, &body).await;
        assert_eq!((first.status(), first.header("idempotency-replayed")), (201, ""));
        assert_eq!((again.status(), again.header("idempotency-replayed")), (201, "true"));
        assert_eq!(again.text(), first.text());
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_eq!(app.count(WEBHOOKS).await, 1);
        // The answer has a secret, which does not stand in the database as it is.
        let secret = first.json()["secret"].as_str().expect("a secret").to_owned();
        assert!(!app.text("SELECT sealed_body FROM idempotency_keys").await.expect("an answer").contains(&secret));

        let other = program.send_with(Method::POST, "/webhooks", &key, &json!({"url": "https://example.com/other"})).await;
        assert_eq!(problem(&other), (422, "Idempotency-Key".to_owned()));
        let of_another_path = program.send_with(Method::POST, "/resends", &key, &body).await;
        assert_eq!(problem(&of_another_path), (422, "Idempotency-Key".to_owned()));
        let of_another_token = Program::new(app, &project, Write).await;
        assert_eq!(of_another_token.send_with(Method::POST, "/webhooks", &key, &body).await.status(), 201);
        assert_eq!(app.count(WEBHOOKS).await, 2);
    }

    async fn a_call_that_failed_may_be_sent_again_under_its_key(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let key = [("idempotency-key", "order-17")];
        let wrong = program.send_with(Method::POST, "/webhooks", &key, &json!({"url": "nonsense"})).await;
        assert_eq!(problem(&wrong), (422, "url".to_owned()));
        let right = program.send_with(Method::POST, "/webhooks", &key, &json!({"url": "https://example.com/"})).await;
        assert_eq!(right.status(), 201, "{}", right.text());
        let unreadable = program.send_with(Method::POST, "/webhooks", &[("idempotency-key", "")], &json!({})).await;
        assert_eq!(problem(&unreadable), (422, "Idempotency-Key".to_owned()));
    }

    async fn an_answer_is_kept_for_a_day(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let (key, body) = ([("idempotency-key", "order-17")], json!({"url": "https://example.com/hook"}));
        program.send_with(Method::POST, "/webhooks", &key, &body).await;
        app.advance(SignedDuration::from_hours(24) - SignedDuration::from_millis(1));
        assert_eq!(remove_old_answers(&app.core).await.expect("it runs"), 0);
        program.send_with(Method::POST, "/webhooks", &key, &body).await;
        assert_eq!(app.count(WEBHOOKS).await, 1);
        app.advance(SignedDuration::from_millis(2));
        program.send_with(Method::POST, "/webhooks", &key, &body).await;
        assert_eq!(app.count(WEBHOOKS).await, 2);
        app.advance(SignedDuration::from_hours(25));
        assert_eq!(remove_old_answers(&app.core).await.expect("it runs"), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM idempotency_keys").await, 0);
    }

    async fn a_call_that_is_under_way_is_not_begun_again_until_it_is_lost(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let (key, body) = ([("idempotency-key", "order-17")], json!({"url": "https://example.com/hook"}));
        program.send_with(Method::POST, "/webhooks", &key, &body).await;
        app.execute("UPDATE idempotency_keys SET status = NULL").await;
        let waiting = program.send_with(Method::POST, "/webhooks", &key, &body).await;
        assert_eq!(problem(&waiting), (409, String::new()));
        app.advance(SignedDuration::from_mins(5));
        assert_eq!(program.send_with(Method::POST, "/webhooks", &key, &body).await.status(), 201);
    }

    async fn what_somebody_else_changed_is_not_undone(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let id = program.does(Method::POST, "/webhooks", &json!({"url": "https://example.com/a"})).await["id"].clone();
        let path = format!("/webhooks/{}", id.as_str().expect("an id"));
        let seen = program.get(&path).await.header("etag").to_owned();
        let rename = |name: &str| json!({ "name": name });
        let first = program.send_with(Method::PATCH, &path, &[("if-match", &seen)], &rename("one")).await;
        assert_eq!(first.status(), 200, "{}", first.text());
        let late = program.send_with(Method::PATCH, &path, &[("if-match", &seen)], &rename("two")).await;
        assert_eq!((problem(&late), late.json()["current"]["name"].as_str()), ((412, String::new()), Some("one")));
        assert_eq!(late.header("etag"), first.header("etag"));
        let current = program.send_with(Method::PATCH, &path, &[("if-match", late.header("etag"))], &rename("two")).await;
        assert_eq!((current.status(), current.json()["name"].as_str()), (200, Some("two")));
    }
}

#[tokio::test]
async fn a_token_is_told_its_rate_and_limited_by_it() {
    let app = TestApp::on_sqlite_with(|config| config.rate_limits = Rates::parse("tokens=3").expect("a rate")).await;
    let project = app.project().await;
    let (program, other) = (Program::new(&app, &project, Read).await, Program::new(&app, &project, Read).await);
    for (left, whole_in) in [(2, 20), (1, 40), (0, 60)] {
        let response = program.get("/leads").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.header("ratelimit-policy"), "\"token\";q=3;w=60");
        assert_eq!(response.header("ratelimit"), format!("\"token\";r={left};t={whole_in}"));
    }
    let refused = program.get("/leads").await;
    assert_eq!(
        (refused.status(), refused.header("retry-after"), refused.header("ratelimit")),
        (429, "20", "\"token\";r=0;t=60")
    );
    assert_eq!(other.get("/leads").await.status(), 200);
    app.advance(SignedDuration::from_secs(20));
    assert_eq!(program.get("/leads").await.status(), 200);
    app.end().await;
}
