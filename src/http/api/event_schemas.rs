//! The events as JSON Schema, made of the samples that webhooks are tested with: what a sample knows has a type, and may be `null` where
//! a bare one has it so.

use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use crate::deliveries::samples::{bare_sample, sample};
use crate::domain::event::EventType;
use crate::domain::time::Timestamp;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;

/// The id of the event in examples.
const EVENT_ID: &str = "evt_019b7e0f4c007000800000000000e4a1";

/// A sample as it is sent, and one of which little is known.
fn samples(event: EventType) -> (Value, Value) {
    let parse = |body: &str| serde_json::from_str(body).unwrap_or_default();
    let now = Timestamp::UNIX_EPOCH;
    let (known, bare) = (sample(event, EVENT_ID.to_owned(), now), bare_sample(event, EVENT_ID.to_owned(), now));
    (parse(&known.body), parse(&bare.body))
}

/// The schema of an event's body.
pub fn schema(event: EventType) -> Value {
    let (known, bare) = samples(event);
    let mut schema = infer("", &known, Some(&bare));
    for name in ["event_type", "event"] {
        if schema["properties"].get(name).is_some() {
            schema["properties"][name] = json!({"const": event.as_str()});
        }
    }
    schema
}

fn infer(name: &str, known: &Value, bare: Option<&Value>) -> Value {
    let mut schema = match known {
        Value::Object(fields) => object(fields, bare),
        Value::Array(items) => {
            json!({"type": "array", "items": items.first().map_or(json!({}), |item| infer("", item, None))})
        }
        Value::String(_) => json!({"type": "string"}),
        // What is worth 65 may be worth 65.5; ids are whole.
        Value::Number(_) => json!({"type": if name.ends_with("_id") { "integer" } else { "number" }}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Null => json!({"type": "null"}),
    };
    if bare == Some(&Value::Null) && !known.is_null() {
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema
}

/// Fields are added with time, and what the lead form asks for is among them.
fn object(fields: &Map<String, Value>, bare: Option<&Value>) -> Value {
    let of_bare = |name: &str| bare.and_then(|bare| bare.get(name));
    let properties: Map<String, Value> =
        fields.iter().map(|(name, value)| (name.clone(), infer(name, value, of_bare(name)))).collect();
    let is_sure = |name: &&String| bare.is_none() || of_bare(name).is_some();
    let required: Vec<_> = fields.keys().filter(is_sure).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// The events as `webhooks` of the OpenAPI document.
pub fn webhooks() -> Value {
    let call = |event: EventType| {
        let (known, _) = samples(event);
        let content = json!({"application/json": {"schema": schema(event), "example": known}});
        let post = json!({
            "operationId": format!("on_{}", event.as_str().replace('.', "_")),
            "summary": event.as_str(),
            "security": [],
            "requestBody": {"required": true, "content": content},
            "responses": {"200": {"description": "Any 2xx: it was taken. Everything else is tried again."}},
        });
        (event.as_str().to_owned(), json!({"post": post}))
    };
    Value::Object(EventType::ALL.into_iter().map(call).collect())
}

/// `GET /schemas/events/{event}.json`
pub async fn show(Path(file): Path<String>) -> Result<Response> {
    let Some(event) = file.strip_suffix(".json").and_then(EventType::parse) else { return Err(no_such_path().await) };
    let mut document = schema(event);
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["title"] = json!(event.as_str());
    let headers = [
        (CONTENT_TYPE, "application/schema+json"),
        (CACHE_CONTROL, "public, max-age=3600"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    Ok((headers, document.to_string()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_says_what_may_be_null_and_what_is_always_there() {
        let complete = schema(EventType::LeadComplete);
        assert_eq!(complete["properties"]["event_type"], json!({"const": "lead.complete"}));
        let data = &complete["properties"]["data"]["properties"];
        assert_eq!(data["correlation_id"]["type"], json!(["string", "null"]));
        assert_eq!(data["conversation_id"]["type"], "integer");
        assert_eq!(data["lead_data"]["properties"]["company"]["type"], json!(["string", "null"]));
        let created = schema(EventType::LeadCreated);
        assert_eq!(created["properties"]["event"], json!({"const": "lead.created"}));
        assert_eq!(created["required"], json!(["event", "project_id", "created_at", "lead"]));
    }
}
