//! One call of the Bot API: the request, and its answer or what went wrong.

use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::Value;

use crate::channels::Account;
use crate::channels::json::{integer, text};
use crate::domain::channel::TelegramCredentials;
use crate::domain::text::cut;
use crate::net::{self, Method, Request};

/// Bytes of an answer that are read.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// Characters of the platform's own words that are kept.
const WORDS_CHARS_MAX: usize = 300;

/// Where and as which bot calls are made.
#[derive(Clone, Copy)]
pub struct Api<'a> {
    /// Where the API is, as [`super::API_BASE`].
    pub base: &'a str,
    /// The bot's token.
    pub token: &'a str,
}

impl<'a> Api<'a> {
    /// Of an account.
    pub fn of(account: Account<'a>, credentials: &'a TelegramCredentials) -> Self {
        Self { base: account.api_base, token: &credentials.bot_token }
    }
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The platform surely has not seen it.
    NotSent(String),
    /// It was sent, and no answer came: whether it had its effect is unknown.
    Unknown(String),
    /// The platform refused it.
    Refused(Refusal),
}

/// A refusal, as the platform words it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// `error_code`, else the HTTP status.
    pub code: i64,
    /// `description`: a hint for people, which changes.
    pub description: String,
    /// How long to wait.
    pub retry_after: Option<SignedDuration>,
    /// The chat's new id.
    pub migrate_to: Option<String>,
    /// Whether the platform itself said so, and not something on the way.
    pub is_platforms: bool,
}

impl CallError {
    /// What happened, in an operator's words.
    pub fn words(&self) -> String {
        match self {
            Self::NotSent(why) | Self::Unknown(why) => format!("Telegram could not be reached: {why}."),
            Self::Refused(refusal) => refusal.words(),
        }
    }

    /// Whether the token is wrong or was revoked.
    pub fn is_token_refused(&self) -> bool {
        matches!(self, Self::Refused(Refusal { code: 401 | 404, is_platforms: true, .. }))
    }
}

impl Refusal {
    /// What happened and what to do.
    pub fn words(&self) -> String {
        let Self { code, description, .. } = self;
        match code {
            401 | 404 if self.is_platforms => TOKEN_REFUSED.to_owned(),
            409 => "Another program reads this bot's updates as well (409). Stop it, or give it a bot of its own."
                .to_owned(),
            _ if description.is_empty() => format!("Telegram answered {code}."),
            _ => format!("Telegram refused it ({code}) and said: {description}"),
        }
    }
}

/// What a wrong token means to its operator.
pub const TOKEN_REFUSED: &str = "Telegram does not accept the bot's token: it is wrong or was revoked. Get the current one from @BotFather (/token) and enter it in \
     the channel.";

/// Calls a method with a JSON body; gives its `result`.
pub async fn call(client: &net::Client, api: Api<'_>, method: &str, body: &Value) -> Result<Value, CallError> {
    let request = Request {
        method: Method::POST,
        url: format!("{}/bot{}/{method}", api.base.trim_end_matches('/'), api.token),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Bytes::from(body.to_string()),
        timeout: net::client::TIMEOUT_DEFAULT,
        response_bytes_max: RESPONSE_BYTES_MAX,
    };
    match client.send(request).await {
        Ok(response) => read(response.status, &response.body),
        Err(error) => {
            // Whatever the error quotes, the token is not for logs and pages.
            let why = error.to_string().replace(api.token, "…");
            Err(if error.never_sent() { CallError::NotSent(why) } else { CallError::Unknown(why) })
        }
    }
}

/// What an answer means.
pub fn read(status: u16, body: &[u8]) -> Result<Value, CallError> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let is_platforms = answer.get("ok").is_some_and(Value::is_boolean);
    if (200..300).contains(&status) && answer["ok"].as_bool() != Some(false) {
        // An answer that cannot be read: the call had its effect all the same.
        return Ok(answer.get("result").cloned().unwrap_or_default());
    }
    Err(CallError::Refused(Refusal {
        code: integer(&answer, &["error_code"]).unwrap_or_else(|| status.into()),
        description: text(&answer, &["description"])
            .map(|words| cut(&words, WORDS_CHARS_MAX).to_owned())
            .unwrap_or_default(),
        retry_after: integer(&answer, &["parameters", "retry_after"])
            .filter(|seconds| *seconds >= 0)
            .map(SignedDuration::from_secs),
        migrate_to: text(&answer, &["parameters", "migrate_to_chat_id"]),
        is_platforms,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_its_code_and_parameters() {
        assert_eq!(read(200, br#"{"ok":true,"result":{"message_id":5}}"#), Ok(serde_json::json!({"message_id": 5})));
        assert_eq!(read(200, b"<html>"), Ok(Value::Null));
        let refused = |status, body: &[u8]| match read(status, body) {
            Err(CallError::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        };
        let slow = br#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":7}}"#;
        assert_eq!(refused(429, slow).retry_after, Some(SignedDuration::from_secs(7)));
        let moved = br#"{"ok":false,"error_code":400,"parameters":{"migrate_to_chat_id":-1001}}"#;
        assert_eq!(refused(400, moved).migrate_to.as_deref(), Some("-1001"));
        assert_eq!(refused(502, b"<html>").code, 502);
        assert!(!refused(404, b"not here").is_platforms);
    }

    #[test]
    fn a_refused_token_is_told_from_a_wrong_address() {
        let refused = |body: &[u8]| read(404, body).expect_err("a refusal").is_token_refused();
        assert!(refused(br#"{"ok":false,"error_code":404,"description":"Not Found"}"#));
        assert!(!refused(b"<html>Not Found</html>"));
    }
}
