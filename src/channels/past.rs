//! What platforms tell once of the app that the business used before: what was written there, and its address book.

use jiff::Timestamp;

use crate::domain::channel::{MessageKind, PersonIds};

/// A message that was written before the channel was here, in the platform's own app. It is shown, and nothing comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastMessage {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// The platform's id of the message, or one made of its bytes.
    pub external_id: String,
    /// The person of the chat, whoever wrote.
    pub person: PersonIds,
    /// Whether the business wrote it.
    pub is_ours: bool,
    /// What it consists of.
    pub kind: MessageKind,
    /// Its words.
    pub text: Option<String>,
    /// When it was sent, by the platform's clock.
    pub sent_at: Timestamp,
    /// The message's JSON.
    pub raw: String,
}

/// An entry of the address book in the platform's app, or that there is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntry {
    /// The platform's id of the channel.
    pub channel: Option<String>,
    /// The platform's id of the person: a number's digits, or the id that is no number.
    pub person: String,
    /// The name that the business saved; `None`: it saved none, or removed it.
    pub name: Option<String>,
    /// When it was changed, by the platform's clock.
    pub told_at: Option<Timestamp>,
    /// The entry's JSON.
    pub raw: String,
}
