//! One message from a person: who sent it, when, and what it says.

use super::content::{self, Content, SharedContact};
use super::json::{self, Fields, at, text, time};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// A message as it came in. A person has a `wa_id`, a `user_id` or both; where neither is told there is only the message.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundMessage {
    /// The channel's id at the platform.
    pub phone_number_id: Option<String>,
    /// The message's id: the platform's, or one made of the message's bytes where it has none.
    pub platform_id: String,
    /// The person's WhatsApp id: their phone number's digits.
    pub wa_id: Option<String>,
    /// The person's business-scoped user id, as `SG.13491208655302741918`.
    pub user_id: Option<String>,
    /// The name that the person chose at WhatsApp.
    pub profile_name: Option<String>,
    /// When it was sent, by the platform's clock.
    pub sent_at: Option<Timestamp>,
    /// The platform's type, as `text`; `unknown` where it is missing.
    pub kind: String,
    /// What the person said: the words of any type of message.
    pub text: Option<String>,
    /// What else it holds.
    pub content: Content,
    /// Whether the person passed on a message of somebody else's.
    pub forwarded: bool,
    /// The ad that the person came from.
    pub referral: Option<Referral>,
    /// The message's JSON.
    pub raw: String,
}

/// The ad or post that opened the chat (click-to-WhatsApp).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The ad's address.
    pub source_url: Option<String>,
    /// The ad's id.
    pub source_id: Option<String>,
    /// `ad` or `post`.
    pub source_type: Option<String>,
    /// Its headline.
    pub headline: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// The click id that Meta's conversions API asks for.
    pub ctwa_clid: Option<String>,
    /// The referral's JSON.
    pub raw: String,
}

impl InboundMessage {
    /// The sender's own card, where they shared it: the one way but `wa_id` in which the platform tells their number.
    pub fn own_contact(&self) -> Option<&SharedContact> {
        match &self.content {
            Content::Contacts(cards) => cards.iter().find(|card| card.own),
            _ => None,
        }
    }
}

/// Who sent a message, as far as the message itself tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) wa_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) name: Option<String>,
}

impl Sender {
    /// The ids that stand in a message.
    pub(super) fn of_message(message: &Value) -> Self {
        let from = text(message, &["from"]);
        let user_id = text(message, &["from_user_id"]).or_else(|| text(message, &["user_id"]));
        match from {
            Some(from) if is_user_id(&from) => Self { wa_id: None, user_id: user_id.or(Some(from)), name: None },
            wa_id => Self { wa_id, user_id, name: None },
        }
    }

    /// The ids and the name that stand in an element of `contacts`.
    pub(super) fn of_contact(contact: &RawValue) -> Self {
        let contact: Value = serde_json::from_str(contact.get()).unwrap_or_default();
        let name = text(&contact, &["profile", "name"]);
        Self { wa_id: text(&contact, &["wa_id"]), user_id: text(&contact, &["user_id"]), name }
    }

    /// Whether both are surely the same person: they share an id, and contradict each other in none that tells people
    /// apart.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.user_id, &other.user_id) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => self.wa_id.is_some() && self.wa_id == other.wa_id,
        }
    }

    /// Both views of one person. The contact's `wa_id` counts: a message's `from` may be written differently.
    pub(super) fn with(self, contact: &Self) -> Self {
        Self {
            wa_id: contact.wa_id.clone().or(self.wa_id),
            user_id: self.user_id.or_else(|| contact.user_id.clone()),
            name: contact.name.clone().or(self.name),
        }
    }
}

/// A business-scoped id: a country's two letters, a dot, letters and digits.
fn is_user_id(id: &str) -> bool {
    id.split_once('.').is_some_and(|(country, _)| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Reads a message that `sender` sent; `message` is what `raw` says.
pub(super) fn read(raw: &RawValue, message: &Value, sender: Sender, phone_number_id: Option<&str>) -> InboundMessage {
    let kind =
        text(message, &["type"]).unwrap_or_else(|| if message["text"].is_object() { "text" } else { "unknown" }.into());
    let content = content::read(message, &kind, sender.wa_id.as_deref());
    let flag = |key: &str| at(message, &["context", key]).and_then(Value::as_bool).unwrap_or(false);
    InboundMessage {
        phone_number_id: phone_number_id.map(str::to_owned),
        platform_id: text(message, &["id"]).unwrap_or_else(|| made_id(phone_number_id, raw)),
        text: content::said(message, &kind, &content),
        sent_at: time(message, &["timestamp"]),
        forwarded: flag("forwarded") || flag("frequently_forwarded"),
        referral: json::fields(raw).and_then(|fields| read_referral(message, &fields)),
        wa_id: sender.wa_id,
        user_id: sender.user_id,
        profile_name: sender.name,
        kind,
        content,
        raw: raw.get().to_owned(),
    }
}

/// An id for a message without one: the same for the same bytes, so that a repeated delivery changes nothing.
fn made_id(phone_number_id: Option<&str>, raw: &RawValue) -> String {
    let mut hash = Sha256::new();
    hash.update(phone_number_id.unwrap_or_default());
    hash.update([0]);
    hash.update(raw.get());
    format!("sha256-{}", hex::encode(&hash.finalize()[..16]))
}

fn read_referral(message: &Value, fields: &Fields<'_>) -> Option<Referral> {
    let referral = message.get("referral").filter(|referral| referral.is_object())?;
    let get = |key: &str| text(referral, &[key]);
    Some(Referral {
        source_url: get("source_url"),
        source_id: get("source_id"),
        source_type: get("source_type"),
        headline: get("headline"),
        body: get("body"),
        ctwa_clid: get("ctwa_clid"),
        raw: fields.get("referral")?.get().to_owned(),
    })
}
