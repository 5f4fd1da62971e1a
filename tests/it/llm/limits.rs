//! What bounds a call, whatever the server does: attempts, waits, the breaker, what is remembered, and what is never told.

use std::time::Duration;

use aurix::domain::time::{Clock, SignedDuration};
use aurix::llm::{Ask, Failure, Llm, Rung};
use secrecy::SecretString;
use serde_json::json;

use crate::support::START;
use crate::support::model::{Asked, Scripted, ScriptedModel};

const TIMEOUT: Duration = Duration::from_secs(5);

fn ask() -> Ask {
    let schema = json!({"type": "object", "properties": {"act": {"type": "string"}}});
    Ask { system: "Read.".to_owned(), user: "hi".to_owned(), schema, cache_key: "key".to_owned() }
}

async fn model(behaviour: impl Fn(&Asked) -> Scripted + Send + 'static) -> (ScriptedModel, Llm, Clock) {
    let model = ScriptedModel::start(behaviour).await;
    let clock = Clock::manual(START.parse().expect("a time"));
    let llm = Llm::new(model.endpoint(TIMEOUT), clock.clone());
    (model, llm, clock)
}

fn right() -> Scripted {
    Scripted::object(&json!({"act": "other"}))
}

#[tokio::test]
async fn a_server_that_fails_is_left_alone_for_half_a_minute() {
    let (model, llm, clock) = model(|_| Scripted::status(500, "no")).await;
    for _ in 0..5 {
        assert!(matches!(llm.ask(&ask()).await.result, Err(Failure::Status(500, _))));
    }
    assert_eq!(model.take().len(), 5);
    let called = llm.ask(&ask()).await;
    assert_eq!((called.result, called.calls, model.take().len()), (Err(Failure::Open), 0, 0));
    model.behave(Box::new(|_| right()));
    clock.advance(SignedDuration::from_secs(30));
    assert!(llm.ask(&ask()).await.result.is_ok() && llm.ask(&ask()).await.result.is_ok());
}

#[tokio::test]
async fn a_busy_server_is_waited_for_once_and_shortly() {
    let busy = |after: &'static str| {
        move |asked: &Asked| match asked.nth {
            0 => Scripted { headers: vec![("retry-after", after.to_owned())], ..Scripted::status(429, "busy") },
            _ => right(),
        }
    };
    let (server, llm, _) = model(busy("1")).await;
    let called = llm.ask(&ask()).await;
    assert!(called.result.is_ok() && server.take().len() == 2, "{called:?}");
    let (server, llm, _) = model(busy("6")).await;
    assert!(matches!(llm.ask(&ask()).await.result, Err(Failure::Status(429, _))));
    assert_eq!(server.take().len(), 1);
    let (server, llm, _) =
        model(|_| Scripted { headers: vec![("retry-after", "0".to_owned())], ..Scripted::status(429, "busy") }).await;
    assert!(matches!(llm.ask(&ask()).await.result, Err(Failure::Status(429, _))));
    assert_eq!(server.take().len(), 2, "once");
}

#[tokio::test]
async fn what_a_server_takes_is_remembered_for_a_day() {
    let (model, llm, clock) = model(|asked| match asked.body.get("response_format") {
        Some(_) => Scripted::status(400, "response_format is not supported"),
        None => right(),
    })
    .await;
    // One step a turn.
    for (calls, rung) in [(2, Rung::Schema), (2, Rung::Tool), (1, Rung::Tool)] {
        let called = llm.ask(&ask()).await;
        assert_eq!((called.calls, called.rung), (calls, rung), "{called:?}");
    }
    model.take();
    clock.advance(SignedDuration::from_hours(24));
    let called = llm.ask(&ask()).await;
    assert_eq!(model.take()[0]["response_format"]["type"], "json_schema", "the top is tried again: {called:?}");
}

#[tokio::test]
async fn a_call_ends_in_time_and_its_tokens_are_estimated() {
    let (model, _, clock) = model(|_| right().after(Duration::from_secs(10))).await;
    let llm = Llm::new(model.endpoint(Duration::from_millis(150)), clock);
    let called = llm.ask(&ask()).await;
    assert_eq!(called.result, Err(Failure::Timeout));
    assert!(called.usage.total() > 0 && called.duration < Duration::from_secs(5), "{called:?}");
}

#[tokio::test]
async fn the_key_is_sent_and_never_told() {
    let (model, _, clock) = model(|_| Scripted::status(401, "wrong key: hunter2hunter2")).await;
    let endpoint = model.endpoint(TIMEOUT).with_api_key(SecretString::from("hunter2hunter2"));
    let llm = Llm::new(endpoint.with_headers("x-team: hunter3hunter3").expect("a header"), clock);
    let called = llm.ask(&ask()).await;
    let (headers, body) = model.take_whole().remove(0);
    assert_eq!(headers["authorization"], "Bearer hunter2hunter2");
    assert_eq!(headers["x-team"], "hunter3hunter3");
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(0), &json!(600)));
    let told = format!("{called:?}");
    assert!(told.contains("401") && !told.contains("hunter"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_at_once() {
    let endpoint = aurix::llm::Endpoint::new("http://127.0.0.1:9/v1", "none").expect("an address");
    let called = Llm::new(endpoint, Clock::manual(START.parse().expect("a time"))).ask(&ask()).await;
    assert!(matches!(called.result, Err(Failure::Unreachable(_))), "{called:?}");
}
