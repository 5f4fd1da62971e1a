//! Inbound webhooks of the chat platforms, one file each: authenticates the request, parses it, and calls the one use case.

mod slices;
pub mod telegram;
pub mod whatsapp;

use std::sync::Arc;

use super::error::{ApiError, Result};
use crate::conversations::Conversations;
use crate::conversations::open_channel::{OpenChannel, open_channel};
use crate::domain::channel::ChannelKind;

/// The channel that its platform knows by `external_id`.
async fn find_channel(conversations: &Conversations, kind: ChannelKind, external_id: &str) -> Result<Arc<OpenChannel>> {
    open_channel(conversations, kind, external_id).await?.ok_or_else(|| {
        let (name, word) = (kind.name(), kind.as_str());
        ApiError::NotFound(format!("There is no {name} channel {external_id:?}: aurix channel add {word} makes one."))
    })
}
