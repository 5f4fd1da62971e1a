//! WhatsApp's inbound webhook.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use super::super::PLATFORM_BODY_BYTES_MAX;
use super::super::client_address::ClientAddress;
use super::super::error::{ApiError, Result};
use super::super::extract::{Path, Query, check_json, read_body};
use super::find_channel;
use super::slices::Slices;
use crate::admission::rate_limiter::Source;
use crate::channels::whatsapp::verify;
use crate::conversations::note_sighting::note_sighting;
use crate::conversations::receive::receive;
use crate::domain::channel::ChannelKind;
use crate::domain::rates::Kind;
use crate::engines::Engines;
use crate::store::channels::Sighting;

/// `GET /channels/whatsapp/{channel}/webhook`: returns the challenge where the token is the channel's. People choose these tokens:
/// an address that guessed too often is refused the right one too.
pub async fn verify_webhook(
    State(engines): State<Engines>,
    Path(channel): Path<String>,
    ClientAddress(ip): ClientAddress,
    query: Query,
) -> Result<String> {
    let channel = find_channel(&engines.conversations, ChannelKind::WhatsApp, &channel).await?;
    let credentials = channel.credentials.whatsapp()?;
    let one = |name: &str| query.one(name).map_err(|field| ApiError::Invalid(vec![field]));
    let (mode, token, challenge) = (one("hub.mode")?, one("hub.verify_token")?, one("hub.challenge")?);
    let (rates, guesser) = (&engines.admission.rates, Source::address(channel.row.id.0, ip));
    rates.check(Kind::Guesses, guesser).map_err(ApiError::over_limit)?;
    if let Some(challenge) = verify::challenge(&credentials.verify_token, mode, token, challenge) {
        note_sighting(&engines.conversations, &channel.row, Sighting::Verified).await;
        return Ok(challenge.to_owned());
    }
    rates.admit(Kind::Guesses, guesser).map_err(ApiError::over_limit)?;
    Err(ApiError::Forbidden("hub.verify_token is not the one that this channel was added with.".to_owned()))
}

/// `POST /channels/whatsapp/{channel}/webhook`: stores all that the body brings, then responds. Where a slice of it cannot be stored
/// the platform sends the whole call again; what is stored changes nothing then.
pub async fn receive_webhook(
    State(engines): State<Engines>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<&'static str> {
    let conversations = &engines.conversations;
    let channel = find_channel(conversations, ChannelKind::WhatsApp, &channel).await?;
    let credentials = channel.credentials.whatsapp()?;
    let (head, body) = request.into_parts();
    let signature = check_head(&head.headers)?;
    let body = read_body(body, PLATFORM_BODY_BYTES_MAX, &engines.admission.bodies).await?;
    if !verify::signature_ok(credentials.app_secret.as_bytes(), &body, Some(signature)) {
        note_sighting(conversations, &channel.row, Sighting::Refused).await;
        return Err(ApiError::Unauthorized(NOT_SIGNED));
    }
    let mut slices = Slices::of(body);
    while let Some(inbound) = slices.next().await? {
        receive(conversations, &channel, inbound).await?;
    }
    note_sighting(conversations, &channel.row, Sighting::Received).await;
    Ok("ok\n")
}

const NOT_SIGNED: &str = "X-Hub-Signature-256 is not the body's signature under the app secret.";

/// Refuses a body that cannot be right before it is read; gives its signature.
fn check_head(headers: &HeaderMap) -> Result<&str> {
    if headers.contains_key(CONTENT_TYPE) {
        check_json(headers)?;
    }
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    signature.filter(|text| text.starts_with("sha256=")).ok_or(ApiError::Unauthorized(NOT_SIGNED))
}
