//! What became of a message that was sent.

use super::errors::{self, PlatformError};
use crate::channels::json::{text, time};
use crate::channels::{Inbound, Price, StatusUpdate};
use crate::domain::channel::{MessageStatus, PersonIds};
use crate::domain::text::cut;
use serde_json::Value;

/// Characters of a category that are kept.
const CATEGORY_CHARS_MAX: usize = 40;

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
    let errors = errors::read(&status);
    let error = errors.first();
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
        error: error.map(PlatformError::explanation),
        again_after: error.and_then(PlatformError::again_after).filter(|_| step == MessageStatus::Failed),
        is_unwanted: step == MessageStatus::Failed && error.is_some_and(PlatformError::is_unwanted),
        price: price(&status),
        raw: raw.to_owned(),
    })))
}

/// What the message costs: the rates are Meta's, by country, and not told.
fn price(status: &Value) -> Option<Price> {
    let pricing = status.get("pricing")?;
    let category = text(pricing, &["category"])?;
    Some(Price { category: cut(&category, CATEGORY_CHARS_MAX).to_owned(), is_billable: pricing["billable"].as_bool()? })
}
