//! The webhook of a key: registering, showing, changing, testing, removing.

use aurix::domain::signature::hub_signature;
use aurix::domain::time::SignedDuration;
use aurix::net::Method;
use serde_json::{Value, json};

use super::{Partner, named_fields};
use crate::support::{Receiver, TestApp};

const EXTERNAL: &str = "/integrations/external/webhook-config";
const TOPKEE: &str = "/api/integrations/topkee/webhook-config";

fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {json}"))
}

both_engines! {
    async fn registering_answers_as_the_external_document_shows(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        assert_eq!(partner.get(EXTERNAL).await.status(), 404);
        let put = partner.put_webhook(EXTERNAL, "https://your-backend.com/webhooks/aurix").await;
        assert_eq!((put.status(), put.header("content-type")), (200, "application/json"));
        let (json, body) = (put.json(), put.text());
        let (id, secret) = (text(&json, "id"), text(&json, "secret"));
        assert_eq!(
            body,
            format!(
                r#"{{"id":"{id}","target_url":"https://your-backend.com/webhooks/aurix","secret":"{secret}","is_active":true}}"#
            )
        );
        assert_eq!(id.len(), 36);
        assert!(secret.starts_with("aurix_") && secret.len() == 46, "{secret}");
        assert_eq!(partner.get(EXTERNAL).await.text(), body);
        assert_eq!(partner.get("/api/integrations/external/webhook-config").await.text(), body);
    }

    async fn registering_answers_as_the_services_document_shows(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "topkee").await;
        let put = partner.put_webhook(TOPKEE, "https://your-backend.com/webhooks/aurix").await;
        let (json, body) = (put.json(), put.text());
        let (id, secret) = (text(&json, "id"), text(&json, "secret"));
        assert_eq!(
            body,
            format!(
                r#"{{"id":"{id}","service_name":"topkee","target_url":"https://your-backend.com/webhooks/aurix","secret":"{secret}","is_active":true}}"#
            )
        );
        assert_eq!(partner.get("/integrations/topkee/webhook-config").await.text(), body);
        assert_eq!(partner.get(EXTERNAL).await.json().get("service_name"), None, "the shape follows the path");
    }

    async fn a_new_url_keeps_id_and_secret_and_turns_on_what_was_off(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let partner = Partner::new(app, &project, "external").await;
        let first = partner.put_webhook(EXTERNAL, &receiver.url).await.json();
        receiver.respond_next(410);
        app.click(&project, "").await;
        app.work().await;
        assert_eq!(partner.get(EXTERNAL).await.json()["is_active"], false);
        let second = partner.put_webhook(EXTERNAL, "https://example.com/other").await.json();
        assert_eq!((&second["id"], &second["secret"]), (&first["id"], &first["secret"]));
        assert_eq!((&second["target_url"], &second["is_active"]), (&json!("https://example.com/other"), &json!(true)));
        assert_eq!(partner.put_webhook(EXTERNAL, "https://example.com/other").await.json(), second);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks").await, 1);
    }

    async fn two_keys_have_a_webhook_each(app: &TestApp) {
        let project = app.project().await;
        let (one, two) = (Partner::new(app, &project, "external").await, Partner::new(app, &project, "external").await);
        let first = one.put_webhook(EXTERNAL, "https://one.example/hook").await.json();
        let second = two.put_webhook(EXTERNAL, "https://two.example/hook").await.json();
        assert_ne!((&first["id"], &first["secret"]), (&second["id"], &second["secret"]));
        assert_eq!(one.get(EXTERNAL).await.json(), first);
    }

    async fn a_partner_gets_the_three_events_of_its_documents(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let partner = Partner::new(app, &project, "topkee").await;
        let secret = partner.put_webhook(TOPKEE, &receiver.url).await.json()["secret"].clone();
        let response = partner.send(Method::POST, &format!("{TOPKEE}/test"), "").await.json();
        assert_eq!((&response["status"], &response["message"]), (&json!(200), &json!("ok")));
        let tested = response["data"].as_array().expect("a list");
        let names: Vec<_> = tested.iter().map(|tested| text(tested, "event_type")).collect();
        assert_eq!(names, ["widget.click", "lead.correlated", "lead.complete"]);
        for tested in tested {
            assert_eq!((&tested["delivered"], &tested["status_code"]), (&json!(true), &json!(200)));
            assert_eq!((&tested["answer_body"], &tested["problem"]), (&json!("taken"), &Value::Null));
        }
        let received = receiver.take();
        assert_eq!(received.len(), 3);
        for request in &received {
            let secret = secret.as_str().expect("a secret");
            assert_eq!(request.header("x-hub-signature"), hub_signature(secret, &request.body));
            assert!(tested.iter().any(|tested| tested["event_id"] == request.header("webhook-id")));
        }
        let correlated = received.iter().find(|request| request.event() == "lead.correlated").expect("was sent");
        assert_eq!(correlated.json()["data"]["phone_number"], "+6587487282");
        assert_eq!(app.count("SELECT (SELECT COUNT(*) FROM events) + (SELECT COUNT(*) FROM deliveries)").await, 0);
    }

    async fn a_test_tells_what_went_wrong(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let partner = Partner::new(app, &project, "external").await;
        assert_eq!(partner.send(Method::POST, &format!("{EXTERNAL}/test"), "").await.status(), 404);
        partner.put_webhook(EXTERNAL, &receiver.url).await;
        for _ in 0..3 {
            receiver.respond_next(401);
        }
        let response = partner.send(Method::POST, &format!("{EXTERNAL}/test"), "").await;
        assert_eq!(response.status(), 200);
        for tested in response.json()["data"].as_array().expect("a list") {
            assert_eq!((&tested["delivered"], &tested["status_code"]), (&json!(false), &json!(401)));
            assert_eq!(tested["problem"], "the receiver answered 401");
        }
        partner.put_webhook(EXTERNAL, "http://127.0.0.1:1/closed").await;
        let response = partner.send(Method::POST, &format!("{EXTERNAL}/test"), "").await.json();
        assert_eq!((&response["data"][0]["delivered"], &response["data"][0]["status_code"]), (&json!(false), &Value::Null));
        assert!(text(&response["data"][0], "problem").starts_with("no connection"), "{response}");
    }

    async fn after_a_rotation_both_secrets_sign_for_a_day(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let partner = Partner::new(app, &project, "external").await;
        let first = partner.put_webhook(EXTERNAL, &receiver.url).await.json();
        let second = partner.send(Method::POST, &format!("{EXTERNAL}/rotate-secret"), "").await.json();
        assert_eq!((&second["id"], &second["target_url"]), (&first["id"], &first["target_url"]));
        assert_ne!(second["secret"], first["secret"]);
        assert_eq!(partner.get(EXTERNAL).await.json(), second);
        for (wait_h, signatures) in [(23, 2), (1, 1)] {
            app.advance(SignedDuration::from_hours(wait_h));
            app.click(&project, "").await;
            app.work().await;
            let request = receiver.take().pop().expect("a click");
            assert_eq!(request.header("webhook-signature").split(' ').count(), signatures);
            let secret = text(&second, "secret");
            assert_eq!(request.header("x-hub-signature"), hub_signature(secret, &request.body));
        }
    }

    async fn removing_cancels_what_waits(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let partner = Partner::new(app, &project, "external").await;
        let first = partner.put_webhook(EXTERNAL, &receiver.url).await.json();
        receiver.respond_next(500);
        app.click(&project, "").await;
        app.work().await;
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("pending"));
        let response = partner.send(Method::DELETE, EXTERNAL, "").await;
        assert_eq!((response.status(), response.text().as_str()), (204, ""));
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("cancelled"));
        assert_eq!(partner.send(Method::DELETE, EXTERNAL, "").await.status(), 404);
        assert_eq!(partner.get(EXTERNAL).await.status(), 404);
        let again = partner.put_webhook(EXTERNAL, &receiver.url).await.json();
        assert_ne!((&again["id"], &again["secret"]), (&first["id"], &first["secret"]));
        receiver.take();
        app.advance(SignedDuration::from_hours(1));
        app.work().await;
        assert_eq!(receiver.take_events(), Vec::<String>::new());
    }

    async fn a_url_that_cannot_be_delivered_to_is_refused_with_a_reason(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        for (url, reason) in [
            ("", "this is not a valid URL"),
            ("not a url", "spaces"),
            ("ftp://example.com/", "must begin with https://"),
            ("https://10.0.0.1/hook", "is not a public address"),
            ("https://0xa9fea9fe/latest/meta-data", "is not a public address"),
            ("https://me:secret@example.com/", "user name or password"),
            ("https://example.com/\u{0}", "control characters"),
        ] {
            let response = partner.put_webhook(EXTERNAL, url).await;
            assert_eq!(response.status(), 422, "{url:?}");
            assert_eq!(named_fields(&response), "url");
            assert!(text(&response.json(), "detail").contains(reason), "{url:?}: {}", response.text());
        }
        assert_eq!(partner.get(EXTERNAL).await.status(), 404);
    }

    async fn a_body_that_is_no_request_gets_a_problem(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let large = format!(r#"{{"url":"{}"}}"#, "a".repeat(1024 * 1024));
        let deep = format!(r#"{{"url":{}"#, "[".repeat(10_000));
        for (body, status, field) in [
            ("", 400, ""),
            ("{", 400, ""),
            ("url=https://example.com", 400, ""),
            (r#"{"url":"https://example.com"} x"#, 400, ""),
            ("{}", 422, "url"),
            (r#"{"url":null}"#, 422, "url"),
            (r#"{"url":["https://example.com"]}"#, 422, "url"),
            (r#"{"url":1e400}"#, 400, ""),
            (r#"{"url":"https://a.example","url":"https://b.example"}"#, 422, "url"),
            (r#"["https://example.com"]"#, 422, "body"),
            ("null", 422, "body"),
            (large.as_str(), 413, ""),
        ] {
            let response = partner.send(Method::PUT, EXTERNAL, body).await;
            let start: String = body.chars().take(60).collect();
            assert_eq!(response.status(), status, "{start:?}: {}", response.text());
            assert_eq!(named_fields(&response), field, "{start:?}: {}", response.text());
        }
        let status = partner.send(Method::PUT, EXTERNAL, &deep).await.status();
        assert!(matches!(status, 400 | 422), "{status}");
    }

    async fn a_body_says_that_it_is_json(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let put = async |content_type: Option<&str>| {
            let mut headers = vec![("authorization", partner.authorization.as_str())];
            headers.extend(content_type.map(|content_type| ("content-type", content_type)));
            app.send(Method::PUT, EXTERNAL, &headers, r#"{"url":"https://example.com/hook"}"#).await.status()
        };
        for (content_type, status) in [
            (Some("application/json"), 200),
            (Some("Application/JSON; charset=utf-8"), 200),
            (Some("application/vnd.partner+json"), 200),
            (Some("text/plain"), 415),
            (Some("application/x-www-form-urlencoded"), 415),
            (None, 415),
        ] {
            assert_eq!(put(content_type).await, status, "{content_type:?}");
        }
    }
}
