//! A message of the playground's chat.

use serde::Serialize;

use crate::domain::time::{Timestamp, with_milliseconds};

/// A message as the phone shows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    pub(super) id: String,
    /// As the business sees it: `in` from the person, `out` to the person.
    pub(super) direction: &'static str,
    /// The person's WhatsApp id.
    pub(super) person: String,
    pub(super) text: String,
    pub(super) at: String,
    /// `sent`, `delivered` or `read`.
    pub(super) status: &'static str,
}

impl Message {
    pub(super) fn incoming(id: String, person: &str, text: String, now: Timestamp) -> Self {
        let at = with_milliseconds(now);
        Self { id, direction: "in", person: person.to_owned(), text, at, status: "delivered" }
    }

    pub(super) fn outgoing(id: String, person: &str, text: String, now: Timestamp) -> Self {
        let at = with_milliseconds(now);
        Self { id, direction: "out", person: person.to_owned(), text, at, status: "sent" }
    }
}
