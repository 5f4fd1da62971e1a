//! `aurix llm`

use aurix::agent::Proposal;
use aurix::llm::lenient;
use serde_json::{Value, json};

use super::Operator;
use crate::support::model::{Asked, Scripted, ScriptedModel, empty};

/// A model that quotes the first words that it is to read for every field, and claims the rest.
fn careless(asked: &Asked) -> Scripted {
    if asked.body["messages"][1]["content"].as_str().is_some_and(|user| !user.contains("earlier")) {
        return Scripted::object(&json!({"act": "other"}));
    }
    let quote = asked.unread().first().cloned().unwrap_or_default();
    let mut object = empty();
    object["act"] = json!("question");
    object["values"] = json!([{"field": "name", "quote": "John Smith"}, {"field": "guests", "quote": quote}]);
    object["answer"] = json!("Parking is free, I promise");
    object["sources"] = json!(["k1"]);
    Scripted::object(&object)
}

fn command(operator: &Operator, url: &str, arguments: &[&str]) -> std::process::Output {
    let mut command = operator.command(arguments);
    command
        .env("AURIX_LLM_BASE_URL", url)
        .env("AURIX_LLM_MODEL", "scripted")
        .env("AURIX_LLM_API_KEY", "hunter2hunter2");
    tokio::task::block_in_place(|| command.output().expect("the program starts"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_checked_by_twenty_dialogues() {
    let (operator, model) = (Operator::new(), ScriptedModel::start(careless).await);
    let checked = command(&operator, &model.url, &["llm", "check", "--price-in", "1", "--price-out", "2", "--json"]);
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    println!("{report:#}");
    assert_eq!((&report["asked_by"], &report["dialogues"]), (&json!("json_schema, strict"), &json!(20)));
    assert_eq!((&report["invented"], &report["leaked"]), (&json!(0), &json!(0)));
    assert!(report["completed"].as_u64() >= report["completed_without_model"].as_u64(), "{report:#}");
    assert!(report["dropped"]["not_said"].as_u64() > Some(10) && report["price"].as_f64() > Some(0.0), "{report:#}");
    let in_words = command(&operator, &model.url, &["llm", "check"]);
    let text = String::from_utf8_lossy(&in_words.stdout).into_owned();
    assert!(text.contains("scripted at 127.0.0.1 answers when asked by json_schema, strict"), "{text}");
    assert!(!text.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_are_replayed_and_have_no_key_in_them() {
    let (operator, model) = (Operator::new(), ScriptedModel::start(careless).await);
    let recorded = command(&operator, &model.url, &["llm", "record", "cassettes"]);
    assert!(recorded.status.success(), "{}", String::from_utf8_lossy(&recorded.stderr));
    let files = std::fs::read_dir(operator.0.join("cassettes")).expect("a folder");
    let (mut count, mut proposed) = (0, 0);
    for file in files {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("UTF-8");
        assert!(!text.contains("hunter2") && !text.contains("127.0.0.1"), "{text}");
        let cassette: Value = serde_json::from_str(&text).expect("JSON");
        let answer = cassette["response"]["text"].as_str().expect("a text");
        let object = lenient::object(answer, &["act", "values"]).expect("an object");
        proposed += Proposal::read(&object).values.len();
        count += 1;
    }
    assert!(count >= 40 && proposed >= count, "{count} {proposed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_used_is_told_with_what_to_look_at() {
    let (operator, model) = (Operator::new(), ScriptedModel::start(|_| Scripted::status(401, "wrong key")).await);
    let checked = command(&operator, &model.url, &["llm", "check"]);
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.code() == Some(1) && said.contains("401") && said.contains("AURIX_LLM_API_KEY"), "{said}");
    let (said, code) = operator.fails(&["llm", "check"]);
    assert!(code == 1 && said.contains("set AURIX_LLM_BASE_URL and AURIX_LLM_MODEL"), "{said}");
}
