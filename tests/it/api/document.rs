//! The document of the API, and the schemas of the events.

use aurix::domain::event::EventType;
use serde_json::Value;

use crate::support::TestApp;

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let app = TestApp::on_sqlite().await;
    let served = app.get("/openapi.json", &[]).await.json();
    let note = "run `scripts/openapi` and look at what it changes in docs/openapi.json";
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json")).expect(note);
    let committed: Value = serde_json::from_str(&committed).expect("JSON");
    for part in ["openapi", "info", "servers", "tags", "security", "webhooks", "components"] {
        assert!(served[part] == committed[part], "{part}: {note}");
    }
    let paths = served["paths"].as_object().expect("paths");
    for (path, item) in paths {
        assert!(*item == committed["paths"][path], "{path}: {note}");
    }
    assert_eq!(committed["paths"].as_object().map(serde_json::Map::len), Some(paths.len()), "{note}");
    app.end().await;
}

#[tokio::test]
async fn every_event_has_a_schema_at_a_stable_address() {
    let app = TestApp::on_sqlite().await;
    let webhooks = app.get("/openapi.json", &[]).await.json()["webhooks"].clone();
    for event in EventType::ALL.map(EventType::as_str) {
        let response = app.get(&format!("/schemas/events/{event}.json"), &[]).await;
        assert_eq!((response.status(), response.header("content-type")), (200, "application/schema+json"), "{event}");
        let content = &webhooks[event]["post"]["requestBody"]["content"]["application/json"];
        assert_eq!(response.json()["properties"], content["schema"]["properties"], "{event}");
        let name = if content["example"].get("event").is_some() { "event" } else { "event_type" };
        assert_eq!(content["example"][name], event);
    }
    for file in ["lead.created", "lead.sold.json", "..%2fopenapi.json"] {
        assert_eq!(app.get(&format!("/schemas/events/{file}"), &[]).await.status(), 404, "{file}");
    }
    app.end().await;
}

#[tokio::test]
async fn every_call_says_that_it_needs_a_token_and_how_it_fails() {
    let app = TestApp::on_sqlite().await;
    let document = app.get("/openapi.json", &[]).await.json();
    let paths = document["paths"].as_object().expect("paths").iter();
    for (path, item) in paths.filter(|(path, _)| path.starts_with("/api/v1/")) {
        let calls = item.as_object().expect("a path").iter();
        for (method, call) in calls.filter(|(name, _)| !matches!(name.as_str(), "parameters" | "servers")) {
            assert_eq!(call["security"], serde_json::json!([{"token": []}]), "{method} {path}");
            for status in ["401", "403", "404", "422", "429", "500", "503"] {
                assert!(call["responses"].get(status).is_some(), "{method} {path} {status}");
            }
            let has_key = call["parameters"].to_string().contains("Idempotency-Key");
            assert_eq!(has_key, method == "post", "{method} {path}");
        }
    }
    app.end().await;
}
