//! The phone: what a person writes goes to the real inbound webhook, as the platform would send it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::Message;
use super::{Playground, lead, platform};
use crate::channels::whatsapp::send::TEXT_CHARS_MAX;
use crate::conversations::Conversations;
use crate::domain::phone::PhoneNumber;
use crate::http::error::{ApiError, InvalidField, Result};
use crate::http::extract::Json;

/// Characters of a name.
pub(super) const NAME_CHARS_MAX: usize = 100;

/// What the phone sends.
#[derive(Deserialize)]
pub(super) struct Written {
    person: String,
    name: String,
    /// What is written, or the words of the key that was pressed.
    text: String,
    /// The key that was pressed.
    press: Option<Press>,
}

/// A press on a button or an entry of a list.
#[derive(Deserialize)]
struct Press {
    kind: PressKind,
    id: String,
    title: String,
}

#[derive(Deserialize, Serialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum PressKind {
    ButtonReply,
    ListReply,
}

impl Press {
    /// As the platform sends it.
    fn interactive(&self) -> Value {
        let reply = json!({"id": self.id, "title": self.title});
        match self.kind {
            PressKind::ButtonReply => json!({"type": self.kind, "button_reply": reply}),
            PressKind::ListReply => json!({"type": self.kind, "list_reply": reply}),
        }
    }
}

impl Written {
    fn check(&self) -> Result<()> {
        let mut invalid = Vec::new();
        let mut demand = |holds: bool, field: &str, detail: String| {
            if !holds {
                invalid.push(InvalidField { field: field.to_owned(), detail });
            }
        };
        demand(
            PhoneNumber::from_digits(&self.person).is_ok(),
            "person",
            "must be a number's digits, 8 to 15".to_owned(),
        );
        demand(fits(&self.name, NAME_CHARS_MAX), "name", format!("must have 1 to {NAME_CHARS_MAX} characters"));
        demand(fits(&self.text, TEXT_CHARS_MAX), "text", format!("must have 1 to {TEXT_CHARS_MAX} characters"));
        if invalid.is_empty() { Ok(()) } else { Err(ApiError::Invalid(invalid)) }
    }
}

pub(super) fn fits(text: &str, chars_max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= chars_max
}

/// `POST /playground/phone/send` `{person,name,text}`, with `press:{kind,id,title}` where a key was pressed: 202 when the inbound webhook has taken the message.
pub(super) async fn send(
    State(conversations): State<Conversations>,
    Extension(playground): Extension<Arc<Playground>>,
    Json(written): Json<Written>,
) -> Result<StatusCode> {
    let core = &conversations.core;
    written.check()?;
    let Written { person, name, text, press } = written;
    let now = core.clock.now();
    let id = core.random.token("wamid.", 32);
    let mut message = json!({"from": person, "id": id, "timestamp": now.as_second().to_string()});
    match &press {
        Some(press) => {
            message["type"] = json!("interactive");
            message["interactive"] = press.interactive();
        }
        None => {
            message["type"] = json!("text");
            message["text"] = json!({"body": text});
        }
    }
    let value = json!({"contacts": [{"profile": {"name": name}, "wa_id": person}], "messages": [message]});
    platform::call_webhook(&conversations, &playground, value).await?;
    let message = Message::incoming(id, &person, text, now);
    playground.feed.publish("message", &message);
    playground.keep_unread(message);
    lead::show(core, &playground, lead::Who::Person(person.clone())).await;
    playground.feed.mention("typing", &json!({"person": person}));
    Ok(StatusCode::ACCEPTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(person: &str, name: &str, text: &str, expected: &[&str]) {
        let written = Written { person: person.to_owned(), name: name.to_owned(), text: text.to_owned(), press: None };
        let refused = match written.check() {
            Ok(()) => Vec::new(),
            Err(ApiError::Invalid(fields)) => fields.into_iter().map(|field| field.field).collect(),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(refused, expected, "{person:?} {name:?}");
    }

    #[test]
    fn what_no_phone_would_send_is_refused_field_by_field() {
        check("6591234567", "Mei Lin Tan", "Hi", &[]);
        check("6591234567", "名", &"é".repeat(TEXT_CHARS_MAX), &[]);
        check("+65 9123", "Mei", "Hi", &["person"]);
        check("", " ", "\n", &["person", "name", "text"]);
        check("6591234567", "Mei", &"x".repeat(TEXT_CHARS_MAX + 1), &["text"]);
    }
}
