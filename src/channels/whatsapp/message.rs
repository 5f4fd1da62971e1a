//! One message from a person: who sent it, when, and what it says.

use super::content;
use crate::channels::json::{self, at, text, time};
use crate::channels::{Echo, IdChange, Inbound, InboundMessage, Referral};
use crate::domain::channel::{Person, PersonIds, Route};
use crate::domain::correlation::find_correlation_ids;
use crate::domain::phone::PhoneNumber;
use crate::domain::text::is_placeholder;
use serde_json::Value;
use serde_json::value::RawValue;

/// Who sent a message, as far as the message itself tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) wa_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) username: Option<String>,
}

impl Sender {
    /// The ids that stand in a message.
    pub(super) fn of_message(message: &Value) -> Self {
        let from = text(message, &["from"]);
        let user_id = text(message, &["from_user_id"]).or_else(|| text(message, &["user_id"]));
        match from {
            Some(from) if is_user_id(&from) => Self { user_id: user_id.or(Some(from)), ..Self::default() },
            wa_id => Self { wa_id, user_id, ..Self::default() },
        }
    }

    /// The ids and the name that stand in an element of `contacts`.
    pub(super) fn of_contact(contact: &RawValue) -> Self {
        let contact: Value = serde_json::from_str(contact.get()).unwrap_or_default();
        Self {
            wa_id: text(&contact, &["wa_id"]),
            user_id: text(&contact, &["user_id"]),
            name: text(&contact, &["profile", "name"]),
            username: text(&contact, &["profile", "username"]),
        }
    }

    /// Whether both are surely the same person: they share an id, and contradict each other in none that tells people
    /// apart.
    pub(super) fn is(&self, other: &Self) -> bool {
        #[cfg(test)]
        COMPARISONS.set(COMPARISONS.get() + 1);
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
            username: contact.username.clone().or(self.username),
        }
    }

    /// The person in neutral words. Their number is vouched for by the `wa_id`, which is its digits.
    fn person(self) -> Person {
        Person {
            phone: phone_of(self.wa_id.as_deref()),
            ids: PersonIds { external_user_id: self.user_id, external_phone_id: self.wa_id },
            profile_name: self.name,
            username: self.username,
            language: None,
        }
    }
}

#[cfg(test)]
thread_local! {
    static COMPARISONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How often [`Sender::is`] was called on this thread.
#[cfg(test)]
pub(super) fn comparisons() -> usize {
    COMPARISONS.get()
}

fn phone_of(wa_id: Option<&str>) -> Option<PhoneNumber> {
    wa_id.and_then(|digits| PhoneNumber::from_digits(digits).ok())
}

/// A business-scoped id: a country's two letters, a dot, letters and digits.
pub(super) fn is_user_id(id: &str) -> bool {
    id.split_once('.').is_some_and(|(country, _)| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Reads a message that `sender` sent; `message` is what `raw` says. One of the platform's own can be a change of ids; else it is a
/// notice, as is what somebody says in a group.
pub(super) fn read(raw: &RawValue, message: &Value, sender: Sender, phone_number_id: Option<&str>) -> Inbound {
    let kind =
        text(message, &["type"]).unwrap_or_else(|| if message["text"].is_object() { "text" } else { "unknown" }.into());
    let channel = phone_number_id.map(str::to_owned);
    if kind == "system" {
        return match read_id_change(message) {
            Some((old, new)) => {
                let (at, raw) = (time(message, &["timestamp"]), raw.get().to_owned());
                Inbound::IdChange(Box::new(IdChange { channel, old, new, at, raw }))
            }
            None => Inbound::Other { external_id: None, kind, raw: raw.get().to_owned() },
        };
    }
    if message.get("group_id").is_some_and(|group| !group.is_null()) {
        let kind = "group message".to_owned();
        return Inbound::Other { external_id: None, kind, raw: raw.get().to_owned() };
    }
    let content = content::read(message, &kind, sender.wa_id.as_deref());
    let said = content::said(message, &kind, &content);
    let flag = |key: &str| at(message, &["context", key]).and_then(Value::as_bool).unwrap_or(false);
    Inbound::Message(Box::new(InboundMessage {
        channel,
        external_id: text(message, &["id"]).unwrap_or_else(|| made_id(phone_number_id, raw)),
        sender: sender.person(),
        route: Route::default(),
        sent_at: time(message, &["timestamp"]),
        references: said.as_deref().map(find_correlation_ids).unwrap_or_default(),
        text: said,
        forwarded: flag("forwarded") || flag("frequently_forwarded"),
        referral: read_referral(message, raw),
        content,
        raw: raw.get().to_owned(),
    }))
}

/// Reads the copy of a message that a person of the business wrote in the phone app.
pub(super) fn read_echo(raw: &RawValue, message: &Value, phone_number_id: Option<&str>) -> Inbound {
    let kind = text(message, &["type"]).unwrap_or_else(|| "unknown".to_owned());
    let to = Sender { wa_id: text(message, &["to"]), user_id: text(message, &["to_user_id"]), ..Sender::default() };
    let content = content::read(message, &kind, None);
    Inbound::Echo(Box::new(Echo {
        channel: phone_number_id.map(str::to_owned),
        external_id: text(message, &["id"]).unwrap_or_else(|| made_id(phone_number_id, raw)),
        to: to.person(),
        route: Route::default(),
        sent_at: time(message, &["timestamp"]),
        text: content::said(message, &kind, &content),
        content,
        raw: raw.get().to_owned(),
    }))
}

/// Changes of a person's ids, also under the name that older versions gave one. `customer_identity_changed` is none: it tells of a
/// new security code.
const ID_CHANGES: [&str; 3] = ["user_changed_number", "user_changed_user_id", "customer_changed_number"];

/// The old and the new ids of a person who changed them.
fn read_id_change(message: &Value) -> Option<(PersonIds, Person)> {
    let system = at(message, &["system"])?;
    let get = |key: &str| text(system, &[key]);
    let old = PersonIds {
        external_user_id: get("previous_user_id"),
        external_phone_id: get("customer").or_else(|| text(message, &["from"])),
    };
    let new = Sender {
        wa_id: get("wa_id").or_else(|| get("new_wa_id")),
        user_id: get("user_id").or_else(|| text(message, &["from_user_id"])),
        ..Sender::default()
    };
    let new = new.person();
    (ID_CHANGES.contains(&get("type")?.as_str()) && !new.ids.is_empty()).then_some((old, new))
}

fn made_id(phone_number_id: Option<&str>, raw: &RawValue) -> String {
    json::made_id(phone_number_id.unwrap_or_default(), raw.get())
}

fn read_referral(message: &Value, raw: &RawValue) -> Option<Referral> {
    let referral = message.get("referral").filter(|referral| referral.is_object())?;
    let get = |key: &str| text(referral, &[key]);
    Some(Referral {
        source_url: get("source_url"),
        source_id: get("source_id"),
        source_type: get("source_type"),
        headline: get("headline"),
        body: get("body"),
        ad_click_id: get("ctwa_clid").filter(|id| !is_placeholder(id)),
        raw: json::fields(raw)?.get("referral")?.get().to_owned(),
    })
}
