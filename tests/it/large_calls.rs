//! Calls of a platform that bring much at once, as after an outage.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Project, TestApp, platform_calls, platform_posts};

/// Messages of `number` people, `chars` characters each.
fn batch(project: &Project, number: usize, chars: usize) -> Value {
    let message = |person: usize| {
        json!({"from": (6_520_000_000_usize + person).to_string(), "id": format!("wamid.{person}"), "timestamp": "1767348000",
               "type": "text", "text": {"body": "a".repeat(chars)}})
    };
    let messages: Vec<Value> = (0..number).map(message).collect();
    json!({"metadata": {"phone_number_id": project.phone_number_id}, "messages": messages})
}

both_engines! {
    async fn a_call_of_three_megabytes_is_stored_whole(app: &TestApp) {
        let project = app.project().await;
        let value = batch(&project, 1_050, 2_900);
        assert!((3_000_000..4 << 20).contains(&value.to_string().len()));
        assert_eq!(platform_calls(app, &project, &value).await.status(), 200);
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, 1_050);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 1_050);
    }

    async fn a_call_has_at_most_four_mebibytes(app: &TestApp) {
        let project = app.project().await;
        let body = |bytes: usize| format!("{{\"entry\":\"{}\"}}", "a".repeat(bytes - 12)).into_bytes();
        assert_eq!(platform_posts(app, &project, &body(4 << 20)).await.status(), 200);
        assert_eq!(platform_posts(app, &project, &body((4 << 20) + 1)).await.status(), 413);
        let large = vec![b'x'; (1 << 20) + 1];
        let click = app.send(aurix::net::Method::POST, &format!("/c/{}", project.widget_id), &[("content-type", "application/json")], large).await;
        assert_eq!(click.status(), 413, "others stay as they were");
    }

    async fn a_large_call_that_is_no_json_is_malformed(app: &TestApp) {
        let project = app.project().await;
        let mut body = b"{\"entry\":[".to_vec();
        body.extend(std::iter::repeat_n(b'1', 100_000));
        let response = platform_posts(app, &project, &body).await;
        assert_eq!(response.status(), 400, "{}", response.text());
    }

    async fn others_are_served_beside_hostile_calls(app: &TestApp) {
        let project = app.project().await;
        let messages = vec![json!({"from": "1"}); 74_000];
        let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "contacts": [{"user_id": "SG.1"}], "messages": messages});
        let calls = async { tokio::join!(platform_calls(app, &project, &value), platform_calls(app, &project, &value)) };
        let (calls, ()) = tokio::join!(calls, async {
            for _ in 0..20 {
                let answered = tokio::time::timeout(Duration::from_secs(10), app.get("/healthz", &[])).await;
                assert_eq!(answered.expect("in time").status(), 200);
            }
        });
        assert_eq!((calls.0.status(), calls.1.status()), (200, 200));
        assert_eq!(app.count("SELECT COUNT(*) FROM notices").await, 1, "all of them are one and the same");
    }
}
