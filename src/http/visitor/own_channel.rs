//! `GET /c/{widget}/channel`: which number or bot the widget opens, for its script: of the chat links that a site has, it takes over those
//! that lead there.

use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::get_widget;
use crate::domain::channel::ChannelKind;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Path;

/// What everybody sees who presses the button.
#[derive(Serialize)]
struct OwnChannel {
    kind: &'static str,
    /// Digits of a number, or a bot's handle in small letters; `null` for the chat on the page.
    address: Option<String>,
}

/// The widget's channel. Any site may read it, and browsers keep it for five minutes.
pub async fn show(State(engines): State<Engines>, Path(id): Path<String>) -> Result<Response> {
    let widget = get_widget(&engines.clicks, &id).await?;
    let address = match widget.channel_kind {
        ChannelKind::WhatsApp => {
            widget.number.as_deref().map(|number| number.chars().filter(char::is_ascii_digit).collect())
        }
        ChannelKind::Telegram => widget.handle.as_deref().map(str::to_lowercase),
        ChannelKind::Web => None,
    };
    let headers = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, axum::Json(OwnChannel { kind: widget.channel_kind.as_str(), address })).into_response())
}
