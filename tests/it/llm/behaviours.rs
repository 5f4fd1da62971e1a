//! Everything that a model's server may do, by name.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::model::{Asked, Behaviour, Scripted};

/// A behaviour, and what of it has to be counted.
pub struct Case {
    pub name: &'static str,
    pub behaviour: Behaviour,
    /// A reason for which something of it has to be dropped.
    pub drops: Option<&'static str>,
    /// The same values and turns as without a model, since nothing of it can be used.
    pub is_useless: bool,
}

fn case(name: &'static str, behaviour: impl Fn(&Asked) -> Scripted + Send + 'static) -> Case {
    Case { name, behaviour: Box::new(behaviour), drops: None, is_useless: false }
}

/// One of which nothing can be used.
fn useless(name: &'static str, behaviour: impl Fn(&Asked) -> Scripted + Send + 'static) -> Case {
    Case { is_useless: true, ..case(name, behaviour) }
}

/// One of which something has to be dropped for that reason.
fn lying(name: &'static str, drops: &'static str, behaviour: impl Fn(&Asked) -> Scripted + Send + 'static) -> Case {
    Case { drops: Some(drops), ..case(name, behaviour) }
}

/// What is right, with some of it replaced.
fn with(asked: &Asked, changes: Value) -> Value {
    let mut object = asked.right.clone();
    for (name, value) in changes.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}

fn refusal(parameter: &str) -> Scripted {
    let error = json!({"error": {"message": format!("Unsupported parameter: {parameter}"), "param": parameter}});
    Scripted::status(400, error.to_string())
}

/// A server that takes only the way of asking at that place of the ladder.
fn takes_only(place: usize) -> impl Fn(&Asked) -> Scripted {
    move |asked| {
        let format = &asked.body["response_format"];
        let (at, parameter) = match format["type"].as_str() {
            Some("json_schema") if format["json_schema"]["strict"] == true => (0, "strict"),
            Some("json_schema") => (1, "response_format"),
            Some(_) => (2, "response_format"),
            None if asked.body.get("tools").is_some() => (3, "tools"),
            None => (4, ""),
        };
        match (at == place, at) {
            (false, _) => refusal(parameter),
            (true, 3) => Scripted::message(&json!({"content": null, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "reading", "arguments": asked.right.to_string()}}]})),
            (true, _) => Scripted::object(&asked.right),
        }
    }
}

const FIELDS: [&str; 5] = ["name", "email", "phone", "when", "people"];

fn all_fields(quote: impl Fn(usize) -> String) -> Value {
    let values = FIELDS.iter().enumerate().map(|(nth, field)| json!({"field": field, "quote": quote(nth)}));
    json!(values.collect::<Vec<_>>())
}

fn many_values(asked: &Asked, count: usize) -> Scripted {
    let value = json!({"field": "name", "quote": asked.unread().first().cloned().unwrap_or_default()});
    Scripted::object(&json!({"act": "correct", "values": vec![value; count]}))
}

fn answering(answer: &str) -> Value {
    json!({"act": "question", "answer": answer, "sources": ["k1"]})
}

/// Servers and models that mean well.
pub fn honest() -> Vec<Case> {
    let mut cases = vec![
        case("perfect", |asked| Scripted::object(&asked.right)),
        case("slow, then right", |asked| Scripted::object(&asked.right).after(Duration::from_millis(20))),
        case("no temperature", |asked| match asked.body.get("temperature") {
            Some(_) => refusal("temperature"),
            None => Scripted::object(&asked.right),
        }),
        case("max_completion_tokens", |asked| match asked.body.get("max_tokens") {
            Some(_) => refusal("max_tokens"),
            None => Scripted::object(&asked.right),
        }),
        case("truncated at each byte", |asked| {
            let text = asked.right.to_string();
            let end = text.floor_char_boundary(asked.nth * 7 % text.len());
            Scripted::finished(&json!({"content": &text[..end]}), "length")
        }),
        case("fences", |asked| Scripted::text(&format!("```json\n{}\n```", asked.right))),
        case("thoughts", |asked| Scripted::text(&format!("<think>{{\"act\":\"stop\"}}</think>{}", asked.right))),
        case("prose", |asked| Scripted::text(&format!("Sure! {} Is there {{anything}} else?", asked.right))),
        case("a list of parts", |asked| {
            Scripted::message(&json!({"content": [{"type": "text", "text": asked.right.to_string()}]}))
        }),
        case("arguments as an object", |asked| {
            Scripted::message(&json!({"content": "", "tool_calls": [{"function": {"arguments": asked.right}}]}))
        }),
        case("no ids", |asked| {
            Scripted::status(200, json!({"choices": [{"message": {"content": asked.right.to_string()}}]}).to_string())
        }),
        case("unknown keys", |asked| Scripted::object(&with(asked, json!({"value": "x", "confidence": {"a": [1]}})))),
        case("thinks until there is no room", |asked| match asked.body["max_tokens"].as_u64() {
            Some(2000) => Scripted::object(&asked.right),
            _ => Scripted::finished(&json!({"content": "", "reasoning_content": "hm"}), "length"),
        }),
    ];
    let names = ["only strict schemas", "only schemas", "only JSON mode", "only tools", "only text"];
    cases.extend(names.iter().enumerate().map(|(place, name)| case(name, takes_only(place))));
    cases
}

/// Servers that are broken, and models that say nothing that can be used.
pub fn broken() -> Vec<Case> {
    let mut cases = vec![
        useless("a page", |_| Scripted::status(200, "<html><body>Sign in</body></html>")),
        useless("a gateway's page", |_| Scripted::status(502, "<html>502</html>")),
        useless("empty", |_| Scripted::status(200, "")),
        useless("no choices", |_| Scripted::status(200, "{\"choices\":[]}")),
        useless("invalid UTF-8", |_| Scripted::status(200, vec![0xff; 300])),
        useless("deep", |_| Scripted::text(&"{\"act\":[".repeat(10_000))),
        useless("a refusal", |_| Scripted::message(&json!({"content": null, "refusal": "I cannot help with that."}))),
        useless("filtered", |asked| Scripted::finished(&json!({"content": asked.right.to_string()}), "content_filter")),
        useless("filtered with 400", |_| Scripted::status(400, r#"{"error":{"code":"content_filter"}}"#)),
        useless("too large", |asked| {
            let padding = " ".repeat(300 * 1024);
            Scripted::status(200, format!("{padding}{{\"choices\":[{{\"message\":{{\"content\":{}}}}}]}}", asked.right))
        }),
        useless("ten thousand values", |asked| many_values(asked, 10_000)),
        useless("prose alone", |_| Scripted::text("The person would like a table.")),
        useless("wrong types", |_| {
            Scripted::object(
                &json!({"act": 5, "values": "name", "options": {"a": 1}, "refused": 1, "answer": [], "sources": null}),
            )
        }),
        useless("a bad request", |_| Scripted::status(400, "{\"error\":\"bad request\"}")),
        useless("silent", |asked| Scripted::object(&asked.right).after(Duration::from_secs(2))),
    ];
    for (name, status) in [("401", 401), ("404", 404), ("429", 429), ("500", 500), ("503", 503)] {
        cases.push(useless(name, move |_| Scripted::status(status, "{\"error\":{\"message\":\"scripted\"}}")));
    }
    cases
}

/// Models that lie.
pub fn hostile() -> Vec<Case> {
    let air = ["John Smith", "john@evil.example", "+6591112222", "tomorrow at 9 pm", "12"];
    let invented = move |asked: &Asked| {
        Scripted::object(&with(asked, json!({"act": "correct", "values": all_fields(|nth| air[nth].to_owned())})))
    };
    let answer = |answer: &'static str| move |asked: &Asked| Scripted::object(&with(asked, answering(answer)));
    vec![
        lying("every field invented", "not_said", invented),
        lying("a thousand values", "too_many", |asked| many_values(asked, 1_000)),
        case("values swapped between fields", |asked| {
            let quotes: Vec<String> = asked.unread();
            Scripted::object(&json!({"act": "correct", "values": all_fields(|nth| quotes[nth % quotes.len()].clone())}))
        }),
        case("right quotes for wrong fields", |asked| {
            let right = asked.right["values"].as_array().expect("a list").clone();
            let wrong = right.iter().enumerate().map(|(nth, one)| {
                let place = FIELDS.iter().position(|field| one["field"] == *field).unwrap_or(nth);
                json!({"field": FIELDS[(place + 1) % FIELDS.len()], "quote": one["quote"]})
            });
            Scripted::object(&json!({"act": "correct", "values": wrong.collect::<Vec<_>>()}))
        }),
        case("half of what was said", |asked| {
            let half = |text: &String| text.chars().take(text.chars().count().div_ceil(2)).collect::<String>();
            let halves: Vec<String> = asked.unread().iter().map(half).collect();
            Scripted::object(&json!({"act": "correct", "values": all_fields(|nth| halves[nth % halves.len()].clone())}))
        }),
        lying("fields that are not there", "unknown_field", |asked| {
            let quote = asked.unread().first().cloned().unwrap_or_default();
            Scripted::object(&with(asked, json!({"values": [{"field": "password", "quote": quote}]})))
        }),
        lying("quotes from the knowledge text", "not_said", |asked| {
            Scripted::object(&with(asked, json!({"values": all_fields(|_| "Parking is behind the house".to_owned())})))
        }),
        lying("quotes from our message", "not_said", |asked| {
            Scripted::object(&with(asked, json!({"values": all_fields(|_| "Thanks for getting in touch".to_owned())})))
        }),
        lying("quotes from another conversation", "not_said", |asked| {
            Scripted::object(&with(asked, json!({"values": all_fields(|_| "Siti Nurhaliza".to_owned())})))
        }),
        lying("quotes without end", "too_long", |asked| {
            Scripted::object(&with(asked, json!({"values": [{"field": "name", "quote": "a".repeat(2_000)}]})))
        }),
        lying("stop at every turn", "act_unconfirmed", |asked| Scripted::object(&with(asked, json!({"act": "stop"})))),
        lying("a person at every turn", "act_unconfirmed", |asked| {
            Scripted::object(&with(asked, json!({"act": "human"})))
        }),
        case("everything refused", |asked| Scripted::object(&with(asked, json!({"act": "refuse", "refused": FIELDS})))),
        lying("another language", "other_language", answer("Парковка находится за домом, спасибо.")),
        lying("the instructions recited", "recited", |asked| {
            let system = asked.body["messages"][0]["content"].as_str().expect("a prompt");
            let line: String = system.lines().next().expect("a line").chars().take(200).collect();
            Scripted::object(&with(asked, answering(&line)))
        }),
        lying("a link", "foreign_link", answer("Parking is behind the house, see www.evil.example/park")),
        lying("a price", "foreign_number", answer("Parking is behind the house and costs $499.")),
        lying("a promise", "promise", answer("Parking is behind the house, I promise it is free, evil.")),
        lying("no source", "no_source", |asked| {
            Scripted::object(&with(asked, json!({"act": "question", "answer": "evil", "sources": []})))
        }),
        lying("markup", "markup", answer("**Parking** is behind the house, evil")),
    ]
}
