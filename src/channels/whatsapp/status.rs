//! What became of a message that was sent.

use super::errors::{self, PlatformError};
use crate::channels::json::{text, time};
use crate::channels::{Inbound, StatusUpdate};
use crate::domain::channel::{MessageStatus, PersonIds};
use serde_json::Value;

/// Reads a status. One of a word that means no step of a message is [`Inbound::Other`]; `None` where it does not name its
/// message, or no word.
pub(super) fn read(raw: &str, phone_number_id: Option<&str>) -> Option<Inbound> {
    let status: Value = serde_json::from_str(raw).ok()?;
    let external_id = text(&status, &["id"])?;
    let step = match text(&status, &["status"])?.as_str() {
        "sent" => MessageStatus::Sent,
        "delivered" => MessageStatus::Delivered,
        // Played: the person has listened to it.
        "read" | "played" => MessageStatus::Read,
        "failed" => MessageStatus::Failed,
        _ => {
            let kind = "status".to_owned();
            return Some(Inbound::Other { external_id: None, kind, raw: raw.to_owned() });
        }
    };
    Some(Inbound::Status(Box::new(StatusUpdate {
        channel: phone_number_id.map(str::to_owned),
        external_id,
        reply_id: text(&status, &["biz_opaque_callback_data"]),
        recipient: PersonIds {
            external_user_id: text(&status, &["recipient_user_id"]),
            external_phone_id: text(&status, &["recipient_id"]),
        },
        status: step,
        at: time(&status, &["timestamp"]),
        error: errors::read(&status).first().map(PlatformError::explanation),
        raw: raw.to_owned(),
    })))
}
