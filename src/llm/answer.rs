//! Reads what a server answered: the envelope, as hosted and local servers fill it, and the object within.

use serde_json::{Map, Value};

use super::ask::Usage;
use super::lenient;

/// Bytes of the model's text that are read.
const TEXT_BYTES_MAX: usize = 128 * 1024;

/// What a server answered to a request that it took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The object, where there is one.
    pub object: Option<Map<String, Value>>,
    /// The model's text, as it came.
    pub text: String,
    /// It, or a filter of the server's, would not answer.
    pub is_refusal: bool,
    /// It ran out of room.
    pub is_cut: bool,
    /// It thought before it answered.
    pub reasons: bool,
    /// Tokens, where the server counts them.
    pub usage: Option<Usage>,
}

/// Reads an answer; `None` where the body is no envelope at all. `wanted` are keys of the object.
pub fn read(body: &[u8], wanted: &[&str]) -> Option<Answer> {
    let body = String::from_utf8_lossy(body);
    let envelope = lenient::value(body.trim_start())?;
    let choice = envelope.get("choices")?.get(0)?;
    let message = choice.get("message").unwrap_or(choice);
    let finish = choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default();
    let refusal = message.get("refusal").and_then(Value::as_str).is_some_and(|words| !words.is_empty());
    let mut answer = Answer {
        is_refusal: refusal || finish == "content_filter",
        is_cut: finish == "length",
        usage: usage(&envelope),
        reasons: reasons(message, &envelope),
        ..Answer::default()
    };
    let content = message.get("content").or_else(|| choice.get("text")).unwrap_or(&Value::Null);
    answer.text = cut(&text(content));
    answer.reasons |= lenient::has_thoughts(&answer.text);
    answer.object = lenient::object(&answer.text, wanted);
    if answer.object.is_none()
        && let Value::Object(own) = content
        && own.keys().any(|key| wanted.contains(&key.as_str()))
    {
        answer.object = Some(own.clone());
    }
    if answer.object.is_none() {
        let called = message.pointer("/tool_calls/0/function").or_else(|| message.get("function_call"));
        match called.and_then(|called| called.get("arguments")) {
            Some(Value::Object(arguments)) => {
                answer.text = Value::Object(arguments.clone()).to_string();
                answer.object = Some(arguments.clone());
            }
            Some(Value::String(arguments)) => {
                answer.text = cut(arguments);
                answer.object = lenient::object(&answer.text, wanted);
            }
            _ => {}
        }
    }
    if answer.is_refusal {
        answer.object = None;
    }
    Some(answer)
}

/// A string, or the texts of a list of parts.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let text = |part: &Value| part.get("text").and_then(Value::as_str).or(part.as_str()).map(str::to_owned);
            parts.iter().filter_map(text).collect()
        }
        _ => String::new(),
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX.min(text.len()))].to_owned()
}

fn reasons(message: &Value, envelope: &Value) -> bool {
    let is_said = |name: &str| message.get(name).and_then(Value::as_str).is_some_and(|words| !words.is_empty());
    let counted = envelope.pointer("/usage/completion_tokens_details/reasoning_tokens").and_then(Value::as_u64);
    is_said("reasoning_content") || is_said("reasoning") || counted.is_some_and(|tokens| tokens > 0)
}

fn usage(envelope: &Value) -> Option<Usage> {
    let usage = envelope.get("usage")?;
    let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).map(|tokens| tokens.min(10_000_000));
    Some(Usage {
        prompt_tokens: number("/prompt_tokens").or_else(|| number("/input_tokens"))?,
        completion_tokens: number("/completion_tokens").or_else(|| number("/output_tokens")).unwrap_or(0),
        cached_tokens: number("/prompt_tokens_details/cached_tokens").unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn act(message: &Value) -> Option<String> {
        let body = json!({"choices": [{"message": message, "finish_reason": "stop"}]}).to_string();
        Some(read(body.as_bytes(), &["act"])?.object?.get("act")?.as_str()?.to_owned())
    }

    #[test]
    fn the_object_is_found_where_servers_put_it() {
        let text = r#"{"act":"other"}"#;
        for message in [
            json!({"content": text}),
            json!({"content": [{"type": "text", "text": text}]}),
            json!({"content": {"act": "other"}}),
            json!({"content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"arguments": text}}]}),
            json!({"content": "", "tool_calls": [{"function": {"name": "x", "arguments": {"act": "other"}}}]}),
            json!({"function_call": {"arguments": text}}),
        ] {
            assert_eq!(act(&message).as_deref(), Some("other"), "{message}");
        }
        assert_eq!(act(&json!({"content": null})), None);
        assert_eq!(act(&json!({"content": text, "refusal": "No."})), None);
    }

    #[test]
    fn what_is_no_envelope_is_told_apart() {
        for body in ["", "<html>", "{}", "[]", "{\"choices\":[]}", "{\"error\":\"x\"}", "\u{0}"] {
            assert_eq!(read(body.as_bytes(), &["act"]), None, "{body}");
        }
        let filtered =
            json!({"choices": [{"message": {"content": "{\"act\":\"other\"}"}, "finish_reason": "content_filter"}]});
        let answer = read(filtered.to_string().as_bytes(), &["act"]).unwrap();
        assert!(answer.is_refusal && answer.object.is_none());
    }

    #[test]
    fn usage_and_thoughts_are_noticed() {
        let body = json!({
            "choices": [{"message": {"content": "<think>a</think>{\"act\":\"other\"}"}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 1200, "completion_tokens": 40, "prompt_tokens_details": {"cached_tokens": 1024}}
        });
        let answer = read(body.to_string().as_bytes(), &["act"]).unwrap();
        assert!(answer.reasons && answer.is_cut);
        let usage = Usage { prompt_tokens: 1200, completion_tokens: 40, cached_tokens: 1024 };
        assert_eq!(answer.usage, Some(usage));
    }
}
