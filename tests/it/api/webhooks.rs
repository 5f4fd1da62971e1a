//! Webhooks and what was sent to them.

use aurix::domain::token::TokenScope::{Read, Write};
use aurix::net::Method;
use serde_json::json;

use super::{Program, problem};
use crate::support::{Receiver, TestApp};

both_engines! {
    async fn a_webhook_is_set_up_tested_paused_and_removed(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let receiver = Receiver::start().await;
        let new = json!({"url": receiver.url, "name": "CRM", "events": ["widget.click"], "headers": [{"name": "X-Key", "value": "secret"}],
                         "rate_per_second": 5});
        let made = program.does(Method::POST, "/webhooks", &new).await;
        let path = format!("/webhooks/{}", made["id"].as_str().expect("an id"));
        let shown = program.read(&path).await;
        assert_eq!(shown["headers"], json!(["X-Key"]));
        assert_eq!((&shown["name"], &shown["events"], &shown["rate_per_second"]), (&json!("CRM"), &json!(["widget.click"]), &json!(5)));
        assert_eq!(program.read("/webhooks").await["data"], json!([shown]));

        let change = json!({"policy": "none", "rate_per_second": null, "headers": [{"name": "X-Key"}, {"name": "X-More", "value": "1"}]});
        let changed = program.does(Method::PATCH, &path, &change).await;
        assert_eq!((&changed["policy"], &changed["rate_per_second"], &changed["name"]), (&json!("none"), &json!(null), &json!("CRM")));
        assert_eq!(changed["headers"], json!(["X-Key", "X-More"]));

        let tested = program.does(Method::POST, &format!("{path}/test"), &json!({})).await;
        assert_eq!((&tested["data"][0]["event_type"], &tested["data"][0]["delivered"]), (&json!("widget.click"), &json!(true)));
        assert_eq!(receiver.take()[0].header("x-key"), "secret");

        let rotated = program.does(Method::POST, &format!("{path}/rotate-secret"), &json!({})).await;
        assert_ne!(rotated["secret"], made["secret"]);
        let paused = program.does(Method::POST, &format!("{path}/pause"), &json!({})).await;
        assert!(paused["paused_at"].is_string());
        let resumed = program.does(Method::POST, &format!("{path}/resume"), &json!({"waiting": "send"})).await;
        assert!(resumed["paused_at"].is_null());
        assert_eq!(program.does(Method::POST, &format!("{path}/disable"), &json!({})).await["is_active"], false);
        assert_eq!(problem(&program.send(Method::POST, &format!("{path}/pause"), &json!({})).await), (409, String::new()));
        assert_eq!(program.does(Method::POST, &format!("{path}/enable"), &json!({})).await["is_active"], true);
        program.does(Method::DELETE, &path, &json!({})).await;
        assert_eq!(program.get(&path).await.status(), 404);
    }

    async fn what_failed_is_found_and_sent_again(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let receiver = Receiver::start().await;
        let new = json!({"url": receiver.url, "events": ["widget.click"], "policy": "none"});
        let webhook = program.does(Method::POST, "/webhooks", &new).await["id"].clone();
        for _ in 0..3 {
            receiver.respond_next(500);
            app.click(&project, "").await;
            app.work().await;
        }
        let first = program.read("/deliveries?status=failed&answer=5xx&limit=2").await;
        assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
        let next = first["next_cursor"].as_str().expect("there are more");
        let rest = program.read(&format!("/deliveries?status=failed&answer=5xx&limit=2&cursor={next}")).await;
        assert_eq!(rest["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(rest["data"][0]["webhook_id"], webhook);
        assert_eq!(rest["data"][0]["status_code"], 500);

        let path = format!("/deliveries/{}", rest["data"][0]["id"].as_str().expect("an id"));
        let shown = program.read(&path).await;
        assert_eq!((&shown["attempts"][0]["status_code"], &shown["event"]["event_type"]), (&json!(500), &json!("widget.click")));
        let event = shown["event_id"].as_str().expect("an event");
        assert_eq!(program.read(&format!("/events/{event}")).await, shown["event"]);
        assert_eq!(program.read("/events?limit=1").await["data"][0]["event_type"], "widget.click");
        program.does(Method::POST, &format!("{path}/resend"), &json!({})).await;
        app.work().await;
        assert_eq!(program.read(&path).await["status"], "delivered");

        let jobs = program.does(Method::POST, "/resends", &json!({"webhook": webhook})).await;
        assert_eq!((&jobs["data"][0]["matched"], &jobs["data"][0]["state"]), (&json!(2), &json!("running")));
        while aurix::deliveries::resend_matching::run_slice(&app.core).await.expect("a slice") {}
        app.work().await;
        let job = program.read(&format!("/resends/{}", jobs["data"][0]["id"])).await;
        assert_eq!((&job["state"], &job["resent"]), (&json!("done"), &json!(2)));
        assert_eq!(program.read("/deliveries?status=failed").await["data"], json!([]));
    }

    async fn nothing_of_another_project_is_found_by_its_id(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let (ours, theirs) = (Program::new(app, &project, Write).await, Program::new(app, &other, Write).await);
        let receiver = Receiver::start().await;
        let webhook = ours.does(Method::POST, "/webhooks", &json!({"url": receiver.url})).await["id"].clone();
        app.click(&project, "").await;
        app.work().await;
        let delivery = ours.read("/deliveries").await["data"][0].clone();
        let [webhook, id, event] = [&webhook, &delivery["id"], &delivery["event_id"]].map(|id| id.as_str().expect("an id"));
        for path in [format!("/webhooks/{webhook}"), format!("/deliveries/{id}"), format!("/events/{event}")] {
            assert_eq!((ours.get(&path).await.status(), theirs.get(&path).await.status()), (200, 404), "{path}");
        }
        assert_eq!(theirs.read("/deliveries").await["data"], json!([]));
        assert_eq!(theirs.read("/events").await["data"], json!([]));
        assert_eq!(theirs.send(Method::DELETE, &format!("/webhooks/{webhook}"), &json!({})).await.status(), 404);
        let reader = Program::new(app, &project, Read).await;
        assert_eq!(reader.send(Method::POST, &format!("/deliveries/{id}/resend"), &json!({})).await.status(), 403);
    }
}
