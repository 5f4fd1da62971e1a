//! Telegram's inbound webhook.

use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::super::PLATFORM_BODY_BYTES_MAX;
use super::super::error::{ApiError, Result};
use super::super::extract::{Path, read_body};
use super::find_channel;
use crate::channels::telegram::parse::{Bot, parse};
use crate::channels::telegram::verify::{SECRET_HEADER, secret_ok};
use crate::conversations::note_sighting::note_sighting;
use crate::conversations::receive::receive;
use crate::domain::channel::ChannelKind;
use crate::engines::Engines;
use crate::store::channels::Sighting;

/// `POST /channels/telegram/{channel}/webhook`: stores the update, then responds with an empty body: Telegram would run one with a
/// method in it. What is not known is kept. Never 410: Telegram removes a webhook that answers so.
pub async fn receive_webhook(
    State(engines): State<Engines>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<StatusCode> {
    let conversations = &engines.conversations;
    let channel = find_channel(conversations, ChannelKind::Telegram, &channel).await?;
    let secret = &channel.credentials.telegram()?.webhook_secret;
    let (head, body) = request.into_parts();
    if !secret_ok(secret, head.headers.get(SECRET_HEADER).map(|value| value.as_bytes())) {
        note_sighting(conversations, &channel.row, Sighting::Refused).await;
        return Err(ApiError::Unauthorized(
            "X-Telegram-Bot-Api-Secret-Token is not the secret of this channel's webhook.",
        ));
    }
    let body = read_body(body, PLATFORM_BODY_BYTES_MAX, &engines.admission.bodies).await?;
    let username = channel.row.handle.as_deref().unwrap_or_default();
    let inbound = parse(&body, Bot { username }).map_err(|error| ApiError::Malformed(error.to_string()))?;
    receive(conversations, &channel, inbound).await?;
    note_sighting(conversations, &channel.row, Sighting::Received).await;
    Ok(StatusCode::OK)
}
