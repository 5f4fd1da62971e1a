//! The body of a request, on each rung.

use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::endpoint::Endpoint;
use super::ladder::{Profile, Rung};

/// Tokens of an answer.
const ANSWER_TOKENS: u32 = 600;
/// Tokens of an answer of a model that thinks first.
const ANSWER_TOKENS_REASONING: u32 = 2_000;
/// What the object is called, where a name is wanted.
const NAME: &str = "reading";

/// Tokens that an answer may have.
pub(super) fn answer_tokens(profile: Profile) -> u32 {
    if profile.reasons { ANSWER_TOKENS_REASONING } else { ANSWER_TOKENS }
}

/// The body of a request: what changes least comes first, so that servers can reuse what they have read before.
pub(super) fn body(endpoint: &Endpoint, ask: &Ask, profile: Profile) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(endpoint.model()));
    let messages = json!([{"role": "system", "content": ask.system}, {"role": "user", "content": ask.user}]);
    body.insert("messages".to_owned(), messages);
    let limit = if profile.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    body.insert(limit.to_owned(), json!(answer_tokens(profile)));
    if !profile.without_temperature {
        body.insert("temperature".to_owned(), json!(0));
    }
    if endpoint.takes_cache_key() {
        body.insert("prompt_cache_key".to_owned(), json!(ask.cache_key));
    }
    match profile.rung {
        Rung::StrictSchema => {
            let schema = json!({"name": NAME, "strict": true, "schema": ask.schema});
            body.insert("response_format".to_owned(), json!({"type": "json_schema", "json_schema": schema}));
        }
        Rung::Schema => {
            let schema = json!({"name": NAME, "schema": ask.schema});
            body.insert("response_format".to_owned(), json!({"type": "json_schema", "json_schema": schema}));
        }
        Rung::JsonObject => {
            body.insert("response_format".to_owned(), json!({"type": "json_object"}));
        }
        Rung::Tool => {
            let function = json!({"name": NAME, "parameters": ask.schema});
            body.insert("tools".to_owned(), json!([{"type": "function", "function": function}]));
            let chosen = json!({"type": "function", "function": {"name": NAME}});
            body.insert("tool_choice".to_owned(), chosen);
        }
        Rung::Text => {}
    }
    for (name, value) in endpoint.extra() {
        body.insert(name.clone(), value.clone());
    }
    Value::Object(body).to_string().into_bytes()
}
