//! A message of the playground's chat.

use serde::Serialize;
use serde_json::Value;

use crate::domain::time::{Timestamp, with_milliseconds};

/// A message as the phone shows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    pub(super) id: String,
    /// As the business sees it: `in` from the person, `out` to the person.
    pub(super) direction: &'static str,
    /// The person's WhatsApp id; of somebody on Telegram their id there behind `tg:`.
    pub(super) person: String,
    pub(super) text: String,
    pub(super) at: String,
    /// `sent`, `delivered` or `read`.
    pub(super) status: &'static str,
    /// The buttons to answer it by, as the platform gets them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keyboard: Option<Value>,
}

impl Message {
    pub(super) fn incoming(id: String, person: &str, text: String, now: Timestamp) -> Self {
        let at = with_milliseconds(now);
        Self { id, direction: "in", person: person.to_owned(), text, at, status: "delivered", keyboard: None }
    }

    pub(super) fn outgoing(id: String, person: &str, text: String, now: Timestamp) -> Self {
        let at = with_milliseconds(now);
        Self { id, direction: "out", person: person.to_owned(), text, at, status: "sent", keyboard: None }
    }
}
