//! The stand-in for the platform's API: accepts replies, shows them on the phone, and reports their statuses.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::message::Message;
use super::platform::{self, Taken};
use super::{Playground, lead};
use crate::channels::whatsapp::send::TEXT_CHARS_MAX;
use crate::conversations::Conversations;
use crate::core::Core;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Json;

/// What the platform's API accepts: a message to a person, or that a person's message was read.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Call {
    Message(Outgoing),
    Mark(Mark),
}

/// That a message was read.
#[derive(Deserialize)]
pub(super) struct Mark {
    status: String,
    #[serde(rename = "message_id")]
    _message_id: String,
}

/// A message to a person.
#[derive(Deserialize)]
pub(super) struct Outgoing {
    messaging_product: String,
    to: String,
    #[serde(rename = "type")]
    kind: String,
    text: Option<Text>,
    interactive: Option<Value>,
    /// Comes back with every status.
    biz_opaque_callback_data: Option<String>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

impl Outgoing {
    /// The text and the keys below it, where it is a message that the platform would take.
    fn into_shown(self) -> Result<(String, Option<Value>)> {
        if self.messaging_product != "whatsapp" {
            return Err(ApiError::field("messaging_product", "must be whatsapp"));
        }
        let keys = self.interactive.as_ref().filter(|_| self.kind == "interactive").map(keys);
        let text = match (self.kind.as_str(), &self.interactive) {
            ("text", _) => self.text.map(|text| text.body),
            ("interactive", Some(interactive)) => interactive["body"]["text"].as_str().map(str::to_owned),
            _ => None,
        };
        let text =
            text.ok_or_else(|| ApiError::field("type", "the playground takes text and interactive messages only"))?;
        if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
            return Err(ApiError::field("text.body", format!("must have 1 to {TEXT_CHARS_MAX} characters")));
        }
        Ok((text, keys))
    }
}

/// The buttons or the list entries of a message as rows of keys; a press sends `press` back.
fn keys(interactive: &Value) -> Value {
    let action = &interactive["action"];
    let buttons = action["buttons"].as_array().into_iter().flatten();
    let buttons = buttons.map(|button| ("button_reply", &button["reply"]));
    let sections = action["sections"].as_array().into_iter().flatten();
    let rows = sections.flat_map(|section| section["rows"].as_array().into_iter().flatten());
    let key = |(kind, option): (&str, &Value)| {
        let words = option.get("description").unwrap_or(&option["title"]);
        json!([{"text": words, "press": {"kind": kind, "id": option["id"], "title": option["title"]}}])
    };
    buttons.chain(rows.map(|row| ("list_reply", row))).map(key).collect()
}

/// `POST /playground/graph/{version}/{phone_number_id}/messages`
pub(super) async fn accept_message(
    State(conversations): State<Conversations>,
    Extension(playground): Extension<Arc<Playground>>,
    Path((_version, phone_number_id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(call): Json<Call>,
) -> Result<axum::Json<Value>> {
    let core = &conversations.core;
    if phone_number_id != playground.stage.phone_number_id {
        return Err(ApiError::NotFound(format!("The playground has no number with the id {phone_number_id:?}.")));
    }
    let channel = platform::channel(&conversations, &playground).await?;
    let credentials = channel.credentials.whatsapp()?;
    let token = &credentials.access_token;
    if !bearer_is(&headers, token) {
        return Err(ApiError::Unauthorized("This is not the channel's access token."));
    }
    let outgoing = match call {
        Call::Message(outgoing) => outgoing,
        // The phone shows what is read with the reply.
        Call::Mark(mark) if mark.status == "read" => return Ok(axum::Json(json!({"success": true}))),
        Call::Mark(_) => return Err(ApiError::field("status", "must be read")),
    };
    let person = outgoing.to.clone();
    let reply_id = outgoing.biz_opaque_callback_data.clone();
    let shown = outgoing.into_shown()?;
    let new_id = || core.random.token("wamid.", 32);
    let (platform_id, is_new) = match &reply_id {
        Some(reply_id) => playground.take_reply(reply_id, new_id),
        None => (new_id(), true),
    };
    if is_new {
        show(core, &playground, &platform_id, &person, shown);
        let reply_id = reply_id.unwrap_or_default();
        platform::report(
            conversations.clone(),
            playground.clone(),
            Taken { platform_id: platform_id.clone(), reply_id, person: person.clone() },
        );
        // A reply ends a turn: what the agent has read is in the database.
        lead::show(core, &playground, lead::Who::Person(person.clone())).await;
    }
    Ok(axum::Json(json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": person, "wa_id": person}],
        "messages": [{"id": platform_id}],
    })))
}

/// Marks what the person wrote as read, then shows the reply.
fn show(core: &Core, playground: &Playground, platform_id: &str, person: &str, shown: (String, Option<Value>)) {
    for read in playground.take_unread(person) {
        playground.feed.publish("message", &Message { status: "read", ..read });
    }
    let (text, keyboard) = shown;
    let message = Message::outgoing(platform_id.to_owned(), person, text, core.clock.now());
    playground.feed.publish("message", &Message { keyboard, ..message });
}

fn bearer_is(headers: &HeaderMap, token: &str) -> bool {
    let given =
        headers.get(AUTHORIZATION).map(|value| value.as_bytes()).and_then(|value| value.strip_prefix(b"Bearer "));
    given.is_some_and(|given| given.ct_eq(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::extract::from_json;

    fn check(body: Value, expected: std::result::Result<&str, &str>) {
        let shown = from_json::<Outgoing>(body.to_string().as_bytes()).and_then(Outgoing::into_shown);
        let text = shown.map(|(text, _)| text);
        let text = text.map_err(|problem| match problem {
            ApiError::Invalid(fields) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(text.as_deref().map_err(String::as_str), expected, "{body}");
    }

    #[test]
    fn texts_and_questions_are_taken_and_nothing_else() {
        let text =
            |body: &str| json!({"messaging_product": "whatsapp", "to": "65", "type": "text", "text": {"body": body}});
        check(text("Hello"), Ok("Hello"));
        check(text(" "), Err("text.body"));
        check(text(&"x".repeat(TEXT_CHARS_MAX + 1)), Err("text.body"));
        check(json!({"messaging_product": "whatsapp", "to": "65", "type": "image", "image": {}}), Err("type"));
        check(json!({"messaging_product": "sms", "to": "65", "type": "text"}), Err("messaging_product"));
        check(json!({"messaging_product": "whatsapp", "type": "text"}), Err("to"));
    }

    #[test]
    fn the_options_of_a_question_are_keys() {
        let row = json!({"id": "field:service:A long one", "title": "A l…", "description": "A long one"});
        let list = json!({"type": "list", "action": {"button": "Choose", "sections": [{"rows": [row]}]}});
        let press = json!({"kind": "list_reply", "id": "field:service:A long one", "title": "A l…"});
        assert_eq!(keys(&list), json!([[{"text": "A long one", "press": press}]]));
        let reply = json!({"id": "field:service:A", "title": "A"});
        let buttons = json!({"type": "button", "action": {"buttons": [{"type": "reply", "reply": reply}]}});
        assert_eq!(keys(&buttons)[0][0]["press"]["kind"], "button_reply");
    }

    #[test]
    fn only_the_channels_own_token_opens() {
        let given = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            bearer_is(&headers, "EAA1")
        };
        assert!(given("Bearer EAA1"));
        assert!(!given("Bearer EAA2"));
        assert!(!given("Bearer "));
        assert!(!given("EAA1"));
        assert!(!bearer_is(&HeaderMap::new(), "EAA1"));
    }
}
