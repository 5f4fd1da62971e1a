//! `POST /chat/{widget}/read`: the visitor has seen messages. `GET /chat/{widget}/unread`: how many they have not.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::{BODY_BYTES_MAX, chat_of, gone, respond};
use crate::chats::read::{count_unread, mark_read};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Path, check_json, from_json, read_body};

/// Up to which message.
#[derive(Deserialize)]
struct ReadRequest {
    seq: i64,
}

/// The visitor has seen all up to a number.
pub async fn mark(State(engines): State<Engines>, Path(id): Path<String>, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    respond(&engines, &id, &head.headers, async |widget| {
        check_json(&head.headers)?;
        let body = read_body(body, BODY_BYTES_MAX, &engines.admission.bodies).await?;
        let chat = chat_of(&engines, &widget, &head.headers).await?.ok_or_else(gone)?;
        let ReadRequest { seq } = from_json(&body)?;
        if seq < 0 {
            return Err(ApiError::field("seq", "must be the number of a message"));
        }
        mark_read(&engines.chats, chat, seq).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

/// How many messages the visitor has not seen.
pub async fn unread(State(engines): State<Engines>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    respond(&engines, &id, &headers, async |widget| {
        let chat = chat_of(&engines, &widget, &headers).await?.ok_or_else(gone)?;
        let unread = count_unread(&engines.chats, &chat).await?;
        Ok(axum::Json(json!({"unread": unread, "last": chat.last_seq})).into_response())
    })
    .await
}
