//! `POST /chat/{widget}/messages`: the visitor says something. `GET`: what is new, for panels that no stream reaches.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::events::no_seat;
use super::json::messages;
use super::{BODY_BYTES_MAX, chat_of, gone, number, respond};
use crate::admission::rate_limiter::Source;
use crate::chats::follow::{ChatEvent, Follower, follow, stopped};
use crate::chats::post_message::{Said, post_message};
use crate::domain::form::KEY_BYTES_MAX;
use crate::domain::rates::Kind;
use crate::domain::time::Clock;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Path, Query, check_json, from_json, read_body};

/// Characters of a message.
const TEXT_CHARS_MAX: usize = 4_000;
/// Characters of the panel's own id of one.
const CLIENT_ID_CHARS_MAX: usize = 64;
/// Seconds that somebody may wait for something new.
const WAIT_S_MAX: i64 = 25;

/// What a panel sends.
#[derive(Deserialize)]
struct PostRequest {
    client_id: String,
    text: String,
    /// The field of the answer that was pressed.
    field: Option<String>,
}

/// Takes a message; one that was taken before gets the same response.
pub async fn post(State(engines): State<Engines>, Path(id): Path<String>, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    respond(&engines, &id, &head.headers, async |widget| {
        check_json(&head.headers)?;
        let body = read_body(body, BODY_BYTES_MAX, &engines.admission.bodies).await?;
        let chat = chat_of(&engines, &widget, &head.headers).await?.ok_or_else(gone)?;
        let PostRequest { client_id, text, field } = from_json(&body)?;
        check(&client_id, &text)?;
        if field.as_ref().is_some_and(|field| field.len() > KEY_BYTES_MAX) {
            return Err(ApiError::field("field", format!("must be a field's key, of at most {KEY_BYTES_MAX} bytes")));
        }
        engines.admission.rates.admit(Kind::Messages, Source::row(chat.id.0)).map_err(ApiError::over_limit)?;
        let text = text.trim().replace('\0', "");
        let field = field.map(|field| field.replace('\0', ""));
        let said = Said { client_id: &client_id, text: &text, field: field.as_deref() };
        let seq = post_message(&engines.chats, &chat, &said).await?.ok_or_else(gone)?;
        Ok(axum::Json(json!({"seq": seq})).into_response())
    })
    .await
}

fn check(client_id: &str, text: &str) -> Result<()> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=CLIENT_ID_CHARS_MAX).contains(&client_id.len()) || !client_id.bytes().all(is_id) {
        let detail = format!("must be 1 to {CLIENT_ID_CHARS_MAX} letters, digits, - and _: a UUID, for example");
        return Err(ApiError::field("client_id", detail));
    }
    if text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0').is_empty() {
        return Err(ApiError::field("text", "must say something"));
    }
    match text.chars().count() {
        ..=TEXT_CHARS_MAX => Ok(()),
        _ => Err(ApiError::TextTooLong(TEXT_CHARS_MAX)),
    }
}

/// What is new behind a message number; waits for it for up to `wait` seconds.
pub async fn poll(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    (headers, query): (HeaderMap, Query),
    stopping: watch::Receiver<bool>,
) -> Result<Response> {
    respond(&engines, &id, &headers, async |widget| {
        let after = number(&query, "after")?.unwrap_or(0);
        let wait_s = number(&query, "wait")?.unwrap_or(0).min(WAIT_S_MAX);
        let Some(chat) = chat_of(&engines, &widget, &headers).await? else {
            return Ok(StatusCode::NO_CONTENT.into_response());
        };
        let mut follower = follow(&engines.chats, chat, after).await?.map_err(no_seat)?;
        let wait = Duration::from_secs(u64::try_from(wait_s).unwrap_or(0));
        let mut news = News { last: after, ..News::default() };
        news.collect(&mut follower, &engines.core.clock, (wait, stopping)).await?;
        Ok(if news.has_ended {
            StatusCode::NO_CONTENT.into_response()
        } else {
            axum::Json(news.json()).into_response()
        })
    })
    .await
}

/// What was new.
#[derive(Default)]
struct News {
    messages: Vec<Value>,
    is_reset: bool,
    last: i64,
    handling: Option<&'static str>,
    typing: bool,
    read: i64,
    has_ended: bool,
}

impl News {
    async fn collect(
        &mut self,
        follower: &mut Follower,
        clock: &Clock,
        (wait, stopping): (Duration, watch::Receiver<bool>),
    ) -> Result<()> {
        let over = clock.sleep(wait);
        tokio::pin!(over);
        loop {
            while let Some(event) = follower.next_ready().await? {
                self.add(&event);
            }
            if self.has_ended || self.is_reset || !self.messages.is_empty() {
                return Ok(());
            }
            tokio::select! {
                changed = follower.changed() => changed?,
                () = stopped(stopping.clone()) => return Ok(()),
                () = &mut over => return Ok(()),
            }
        }
    }

    fn add(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Message(line) => {
                self.last = line.seq;
                self.messages.extend(messages(std::slice::from_ref(line)).into_iter().map(|message| json!(message)));
            }
            ChatEvent::Reset(lines, last) => {
                (self.is_reset, self.last) = (true, *last);
                self.messages = messages(lines).into_iter().map(|message| json!(message)).collect();
            }
            ChatEvent::State(handling) => self.handling = Some(handling.as_str()),
            ChatEvent::Typing(typing) => self.typing = *typing,
            ChatEvent::Read(seq) => self.read = *seq,
            ChatEvent::Ended => self.has_ended = true,
        }
    }

    fn json(&self) -> Value {
        json!({
            "messages": self.messages, "last": self.last, "reset": self.is_reset, "handling": self.handling,
            "typing": self.typing, "read": self.read,
        })
    }
}
