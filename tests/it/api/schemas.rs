//! What is delivered is what the schemas of the events say.

use std::collections::BTreeSet;

use aurix::domain::delivery::Policy;
use aurix::domain::event::EventType;
use aurix::domain::time::SignedDuration;
use aurix::domain::token::TokenScope::Write;
use aurix::net::Method;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::set_webhook_active::set_webhook_active;
use serde_json::{Value, json};

use super::Program;
use crate::attention::{answers, look_once, with_webhook};
use crate::support::{Person, Project, Receiver, TestApp, operator};

/// Where a value is not as a schema wants it. Knows the keywords that the schemas have, and fails on any other.
fn violations(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        let each = |name: &String, wanted: &Value| {
            value.get(name).map_or_else(Vec::new, |inner| violations(wanted, inner, &format!("{at}.{name}")))
        };
        match keyword.as_str() {
            "type" if !has_type(wanted, value) => found.push(format!("{at} is {value}, not {wanted}")),
            "const" if wanted != value => found.push(format!("{at} is {value}, not {wanted}")),
            "required" if value.is_object() => {
                let names = wanted.as_array().expect("names").iter().filter_map(Value::as_str);
                found.extend(names.filter(|name| value.get(name).is_none()).map(|name| format!("{at} has no {name}")));
            }
            "properties" => {
                found.extend(wanted.as_object().expect("properties").iter().flat_map(|(name, one)| each(name, one)));
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(items.flat_map(|(place, item)| violations(wanted, item, &format!("{at}[{place}]"))));
            }
            "type" | "const" | "required" | "$schema" | "title" => {}
            other => panic!("{other} is not checked"),
        }
    }
    found
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    };
    match wanted {
        Value::String(name) => is(name),
        names => names.as_array().expect("types").iter().filter_map(Value::as_str).any(is),
    }
}

/// A receiver of these events.
async fn receiver_of(app: &TestApp, project: &Project, events: &[EventType]) -> Receiver {
    let receiver = Receiver::start().await;
    let events = events.iter().map(|event| event.as_str().to_owned()).collect();
    let new = NewWebhook { url: receiver.url.clone(), policy: Policy::Retry, events, ..NewWebhook::default() };
    add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
    receiver
}

/// Two people: one of whom all is known, and one who says nothing and goes.
async fn visit(app: &TestApp, project: &Project) {
    let program = Program::new(app, project, Write).await;
    let reference = app
        .click(project, "device_id=d1&click_url=https%3A%2F%2Fexample.com%2F%3Futm_source%3Dgoogle")
        .await
        .reference();
    let mei = Person::new(app, project, "6587654321");
    mei.writes(&format!("Hello! I am Mei Ling Tan, mei@example.com. Reference: {reference}")).await;
    app.settle().await;
    let lead = format!("/leads/{}", program.read("/leads").await["data"][0]["lead_id"]);
    program.does(Method::PUT, &format!("{lead}/fields/email"), &json!({"value": "tan@example.com"})).await;
    app.settle().await;
    let rating = json!({"stage": "won", "value": "1250.50", "currency": "SGD", "quality": "good"});
    program.does(Method::PATCH, &format!("{lead}/rating"), &rating).await;
    program.does(Method::PATCH, &format!("{lead}/rating"), &json!({"stage": "lost", "value": null})).await;
    Person::new(app, project, "4915112345678").writes("hi").await;
    app.settle().await;
    app.advance(SignedDuration::from_hours(25));
    app.work().await;
}

both_engines! {
    async fn every_event_is_delivered_as_its_schema_says(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        let mut events = EventType::ALL.to_vec();
        events.retain(|event| !event.is_operational());
        let (all, pager) = (receiver_of(app, &project, &events).await, receiver_of(app, &project, &EventType::OPERATIONAL).await);
        visit(app, &project).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        set_webhook_active(&app.core, &operator(), project.id, webhook, true).await.expect("on");
        look_once(app).await;
        app.work().await;

        let mut seen = BTreeSet::new();
        for delivered in all.take().iter().chain(&pager.take()) {
            let (event, body) = (delivered.event(), delivered.json());
            let schema = app.get(&format!("/schemas/events/{event}.json"), &[]).await.json();
            let wrong = violations(&schema, &body, &event);
            assert!(wrong.is_empty(), "{wrong:#?}\n{body:#}");
            seen.insert(event);
        }
        let expected: BTreeSet<_> = EventType::ALL.map(|event| event.as_str().to_owned()).into();
        assert_eq!(seen, expected);
    }
}

#[test]
fn the_check_sees_what_is_wrong() {
    let schema = json!({"type": "object", "required": ["id", "data"], "properties": {
        "id": {"const": "a"}, "data": {"type": ["array", "null"], "items": {"type": "integer"}}}});
    let check = |value: Value| violations(&schema, &value, "event");
    assert_eq!(check(json!({"id": "a", "data": null, "more": 1})), [] as [String; 0]);
    assert_eq!(
        check(json!({"id": "b", "data": [1, 1.5]})),
        ["event.id is \"b\", not \"a\"", "event.data[1] is 1.5, not \"integer\""]
    );
    assert_eq!(check(json!({"data": "x"})), ["event has no id", "event.data is \"x\", not [\"array\",\"null\"]"]);
    assert_eq!(check(json!([])).len(), 1);
}
