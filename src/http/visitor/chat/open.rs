//! `POST /chat/{widget}`: opens a chat, or the one that the token is for.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::json::messages;
use super::{BODY_BYTES_MAX, chat_of, respond};
use crate::admission::rate_limiter::Source;
use crate::chats::open_chat::{Came, Opened, open_again, open_chat};
use crate::domain::rates::Kind;
use crate::engines::Engines;
use crate::http::client_address::ClientAddress;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Path, check_json, from_json, read_body};

/// What the panel says of the visitor. All are optional.
#[derive(Default, Deserialize)]
struct OpenRequest {
    device: Option<String>,
    correlation_id: Option<String>,
    language: Option<String>,
    page: Option<String>,
}

/// Opens the chat. A token that is of none any more begins a new one.
pub async fn open(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    ClientAddress(ip): ClientAddress,
    request: Request,
) -> Result<Response> {
    let (head, body) = request.into_parts();
    respond(&engines, &id, &head.headers, async |widget| {
        check_json(&head.headers)?;
        let body = read_body(body, BODY_BYTES_MAX, &engines.admission.bodies).await?;
        let OpenRequest { device, correlation_id, language, page } = from_json(&body)?;
        let came = Came { correlation_id, device, language, page };
        let opened = match chat_of(&engines, &widget, &head.headers).await? {
            Some(chat) => open_again(&engines.chats, chat, came).await?,
            None => {
                let source = Source::address(widget.id.0, ip);
                engines.admission.rates.admit(Kind::Chats, source).map_err(ApiError::over_limit)?;
                open_chat(&engines.chats, &widget, came).await?
            }
        };
        shown(&opened)
    })
    .await
}

fn shown(opened: &Opened) -> Result<Response> {
    let (language, words) = opened.words()?;
    Ok(axum::Json(json!({
        "conversation": opened.chat.visitor,
        "token": opened.token,
        "messages": messages(&opened.lines),
        "last": opened.chat.last_seq,
        "read": opened.chat.read_seq,
        "handling": opened.handling.as_str(),
        "agent": {"name": opened.title(), "discloses_ai": true},
        "greeting": opened.panel.greeting.as_deref().unwrap_or(words.hello),
        "language": language,
        "words": words,
    }))
    .into_response())
}
