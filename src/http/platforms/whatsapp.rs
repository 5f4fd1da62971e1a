//! WhatsApp's inbound webhook.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;

use super::super::PLATFORM_BODY_BYTES_MAX;
use super::super::error::{ApiError, Result};
use super::super::extract::{Path, Query, Raw};
use super::slices::Slices;
use crate::channels::whatsapp::verify;
use crate::conversations::Conversations;
use crate::conversations::open_channel::{OpenChannel, open_channel};
use crate::conversations::receive::receive;
use crate::domain::channel::{ChannelKind, Credentials};

/// `GET /channels/whatsapp/{channel}/webhook`: returns the challenge where the token is the channel's.
pub async fn verify_webhook(
    State(conversations): State<Conversations>,
    Path(channel): Path<String>,
    query: Query,
) -> Result<String> {
    let channel = find_channel(&conversations, &channel).await?;
    let Credentials::WhatsApp(credentials) = &channel.credentials;
    let one = |name: &str| query.one(name).map_err(|field| ApiError::Invalid(vec![field]));
    let (mode, token, challenge) = (one("hub.mode")?, one("hub.verify_token")?, one("hub.challenge")?);
    verify::challenge(&credentials.verify_token, mode, token, challenge).map(str::to_owned).ok_or_else(|| {
        ApiError::Forbidden("hub.verify_token is not the one that this channel was added with.".to_owned())
    })
}

/// `POST /channels/whatsapp/{channel}/webhook`: stores all that the body brings, then responds. Where a slice of it cannot be stored
/// the platform sends the whole call again; what is stored changes nothing then.
pub async fn receive_webhook(
    State(conversations): State<Conversations>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    Raw(body): Raw<PLATFORM_BODY_BYTES_MAX>,
) -> Result<&'static str> {
    let channel = find_channel(&conversations, &channel).await?;
    let Credentials::WhatsApp(credentials) = &channel.credentials;
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if !verify::signature_ok(credentials.app_secret.as_bytes(), &body, signature) {
        return Err(ApiError::Unauthorized("X-Hub-Signature-256 is not the body's signature under the app secret."));
    }
    let mut slices = Slices::of(body);
    while let Some(inbound) = slices.next().await? {
        receive(&conversations, &channel, inbound).await?;
    }
    Ok("ok\n")
}

async fn find_channel(conversations: &Conversations, phone_number_id: &str) -> Result<Arc<OpenChannel>> {
    open_channel(conversations, ChannelKind::WhatsApp, phone_number_id).await?.ok_or_else(|| {
        ApiError::NotFound(format!(
            "There is no WhatsApp channel {phone_number_id:?}: aurix channel add whatsapp makes one."
        ))
    })
}
