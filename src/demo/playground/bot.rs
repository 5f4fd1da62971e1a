//! The stand-in for Telegram: the bot's API, which shows replies on the phone, and what the phone sends to the bot's real webhook.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::message::Message;
use super::phone::{NAME_CHARS_MAX, fits};
use super::{Playground, lead};
use crate::channels::telegram::ALLOWED_UPDATES;
use crate::channels::telegram::verify::SECRET_HEADER;
use crate::conversations::Conversations;
use crate::conversations::open_channel::{OpenChannel, open_channel};
use crate::domain::channel::ChannelKind;
use crate::domain::phone::PhoneNumber;
use crate::http::error::{ApiError, InvalidField, Result};
use crate::http::extract::Json;
use crate::net::client::{RESPONSE_BYTES_MAX, TIMEOUT_DEFAULT};
use crate::net::{Method, Request};

/// Characters of a message.
const TEXT_CHARS_MAX: usize = 4_096;

/// What a person on Telegram is called in the feed: the same phone has another chat on WhatsApp.
fn in_feed(person: &str) -> String {
    format!("tg:{person}")
}

/// What the phone sends: words, or the person's own card.
#[derive(Deserialize)]
pub(super) struct Written {
    person: String,
    name: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    shares_number: bool,
}

impl Written {
    fn check(&self) -> Result<()> {
        let text_fits = self.shares_number || fits(&self.text, TEXT_CHARS_MAX);
        let rules = [
            (PhoneNumber::from_digits(&self.person).is_ok(), "person", "must be a number's digits, 8 to 15".to_owned()),
            (fits(&self.name, NAME_CHARS_MAX), "name", format!("must have 1 to {NAME_CHARS_MAX} characters")),
            (text_fits, "text", format!("must have 1 to {TEXT_CHARS_MAX} characters")),
        ];
        let broken = rules.into_iter().filter(|(holds, ..)| !holds);
        let invalid: Vec<_> =
            broken.map(|(_, field, detail)| InvalidField { field: field.to_owned(), detail }).collect();
        if invalid.is_empty() { Ok(()) } else { Err(ApiError::Invalid(invalid)) }
    }
}

/// `POST /playground/telegram/send` `{person,name,text}` or `{person,name,shares_number}`: 202 when the webhook has taken it.
pub(super) async fn send(
    State(conversations): State<Conversations>,
    Extension(playground): Extension<Arc<Playground>>,
    Json(written): Json<Written>,
) -> Result<StatusCode> {
    written.check()?;
    let core = &conversations.core;
    let (now, person) = (core.clock.now(), &written.person);
    let id: i64 = person.parse().context("reading a number's digits")?;
    let number = now.as_microsecond();
    let mut message = json!({
        "message_id": number,
        "date": now.as_second(),
        "chat": {"id": id, "type": "private", "first_name": written.name},
        "from": {"id": id, "is_bot": false, "first_name": written.name, "language_code": "en"},
    });
    let shown = if written.shares_number {
        message["contact"] = json!({"phone_number": person, "first_name": written.name, "user_id": id});
        format!("{} · +{person}", written.name)
    } else {
        message["text"] = json!(written.text);
        written.text.clone()
    };
    call_webhook(&conversations, &playground, &json!({"update_id": number, "message": message})).await?;
    let message = Message::incoming(format!("tg-{number}"), &in_feed(person), shown, now);
    playground.feed.publish("message", &message);
    playground.keep_unread(message);
    lead::show(core, &playground, lead::Who::User(person.clone())).await;
    Ok(StatusCode::ACCEPTED)
}

/// The demo's bot, its credentials in the clear.
async fn channel(conversations: &Conversations, playground: &Playground) -> anyhow::Result<Arc<OpenChannel>> {
    let id = &playground.stage.bot.id;
    let found = open_channel(conversations, ChannelKind::Telegram, id).await?;
    found.with_context(|| format!("the demo's bot {id} is gone"))
}

async fn call_webhook(conversations: &Conversations, playground: &Playground, update: &Value) -> anyhow::Result<()> {
    let stage = &playground.stage;
    let secret = channel(conversations, playground).await?.credentials.telegram()?.webhook_secret.clone();
    let request = Request {
        method: Method::POST,
        url: format!("{}/channels/telegram/{}/webhook", stage.inside_url, stage.bot.id),
        headers: vec![("content-type".to_owned(), "application/json".to_owned()), (SECRET_HEADER.to_owned(), secret)],
        body: Bytes::from(update.to_string()),
        timeout: TIMEOUT_DEFAULT,
        response_bytes_max: RESPONSE_BYTES_MAX,
    };
    let response = conversations.core.platform_client.send(request).await.context("calling the bot's webhook")?;
    let text = String::from_utf8_lossy(&response.body);
    anyhow::ensure!(response.status == 200, "the bot's webhook responded {}: {}", response.status, text.trim());
    Ok(())
}

/// `POST /playground/telegram/bot{token}/{method}`: the Bot API, as far as the demo needs it.
pub(super) async fn answer_call(
    State(conversations): State<Conversations>,
    Extension(playground): Extension<Arc<Playground>>,
    Path((bot, method)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<axum::Json<Value>> {
    let channel = channel(&conversations, &playground).await?;
    let own = format!("bot{}", channel.credentials.telegram()?.bot_token);
    if !bool::from(own.as_bytes().ct_eq(bot.as_bytes())) {
        return Err(ApiError::Unauthorized("This is not the bot's token."));
    }
    let stage = &playground.stage;
    let result = match method.as_str() {
        "getMe" => json!({"id": stage.bot.id.parse::<i64>().unwrap_or_default(), "is_bot": true,
                          "first_name": stage.business_name, "username": stage.bot.username}),
        "getWebhookInfo" => json!({
            "url": format!("{}/channels/telegram/{}/webhook", stage.base_url, stage.bot.id),
            "pending_update_count": 0, "allowed_updates": ALLOWED_UPDATES,
        }),
        "sendChatAction" => {
            let person = body["chat_id"].to_string();
            playground.feed.mention("typing", &json!({"person": in_feed(&person)}));
            json!(true)
        }
        "sendMessage" => show(&conversations, &playground, &body).await?,
        _ => json!(true),
    };
    Ok(axum::Json(json!({"ok": true, "result": result})))
}

/// Shows a reply on the phone.
async fn show(conversations: &Conversations, playground: &Playground, body: &Value) -> Result<Value> {
    let text = body["text"].as_str().filter(|text| fits(text, TEXT_CHARS_MAX));
    let Some(text) = text else {
        return Err(ApiError::field("text", format!("must have 1 to {TEXT_CHARS_MAX} characters")));
    };
    let (core, person) = (&conversations.core, body["chat_id"].to_string());
    let (now, in_feed) = (core.clock.now(), in_feed(&person));
    for read in playground.take_unread(&in_feed) {
        playground.feed.publish("message", &Message { status: "read", ..read });
    }
    let number = now.as_microsecond();
    let message = Message::outgoing(format!("tg-{number}"), &in_feed, text.to_owned(), now);
    let keyboard = body["reply_markup"].get("keyboard").cloned();
    playground.feed.publish("message", &Message { keyboard, ..message });
    // A reply ends a turn: what the agent has read is in the database.
    lead::show(core, playground, lead::Who::User(person)).await;
    Ok(json!({"message_id": number, "date": now.as_second(), "chat": {"id": body["chat_id"]}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_sends_words_or_the_own_number() {
        let check = |person: &str, text: &str, shares_number| {
            let written =
                Written { person: person.to_owned(), name: "Mei".to_owned(), text: text.to_owned(), shares_number };
            written.check().is_ok()
        };
        assert!(check("6591234567", "hi", false) && check("6591234567", "", true));
        assert!(!check("6591234567", " ", false) && !check("+65", "hi", false));
    }
}
