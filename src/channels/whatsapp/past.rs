//! Past messages and the address book of the phone app: both come once, in parts and out of order, after a business has linked the
//! number that it uses there (coexistence).

use serde_json::Value;
use serde_json::value::RawValue;

use super::found::{Found, elements, other};
use super::message::is_user_id;
use super::{content, notices};
use crate::channels::json::{Fields, fields, made_id, text, time};
use crate::channels::{BookEntry, Inbound, PastMessage};
use crate::domain::channel::{MessageKind, PersonIds};
use crate::domain::text::cut;

/// The `field` of the changes that hold past messages.
pub(super) const HISTORY: &str = "history";
/// The `field` of the changes that hold the address book.
pub(super) const ADDRESS_BOOK: &str = "smb_app_state_sync";
/// The type of a past message whose picture or file comes later, if at all.
const MEDIA_TO_COME: &str = "media_placeholder";
/// Characters of a name that are kept.
const NAME_CHARS_MAX: usize = 120;

/// The number that a change is about.
struct Number {
    phone_number_id: Option<String>,
    /// The digits of the number.
    digits: String,
}

impl Number {
    fn of(value: &Fields<'_>) -> Self {
        let metadata = value.get("metadata").and_then(|raw| read(raw)).unwrap_or_default();
        Self {
            phone_number_id: text(&metadata, &["phone_number_id"]),
            digits: text(&metadata, &["display_phone_number"]).map(|shown| digits(&shown)).unwrap_or_default(),
        }
    }

    /// Whether an id is that of the business.
    fn is(&self, id: &str) -> bool {
        !self.digits.is_empty() && digits(id) == self.digits
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn read(raw: &RawValue) -> Option<Value> {
    serde_json::from_str::<Value>(raw.get()).ok().filter(Value::is_object)
}

/// Reads a change that holds past messages, or tells that the business does not share them.
pub(super) fn read_history(value: &Fields<'_>, entry_time: &str, change: &RawValue, found: &mut Found<'_>) {
    let number = Number::of(value);
    let chunks = elements(value, HISTORY, HISTORY, found);
    let chunks: Vec<(&RawValue, Fields<'_>)> =
        chunks.into_iter().map(|raw| (raw, fields(raw).unwrap_or_default())).collect();
    let has_errors = value.contains_key("errors") || chunks.iter().any(|(_, chunk)| chunk.contains_key("errors"));
    if has_errors {
        let errors = change_value(change);
        for inbound in
            notices::read(HISTORY, &errors, entry_time, change).unwrap_or_else(|| vec![other(HISTORY, change)])
        {
            found.push(inbound);
        }
    }
    let is_empty = !has_errors && chunks.is_empty() && !value.contains_key("messages");
    if is_empty {
        found.push(other(HISTORY, change));
    }
    for (raw, chunk) in chunks {
        if !chunk.contains_key("threads") && !chunk.contains_key("errors") {
            found.push(other(HISTORY, raw));
        }
        for thread in elements(&chunk, "threads", HISTORY, found) {
            read_thread(thread, &number, found);
        }
    }
    // What a placeholder of an earlier part stands for.
    for raw in elements(value, "messages", HISTORY, found) {
        let past = read(raw).and_then(|message| past_message(raw, &message, &PersonIds::default(), &number));
        found.push(past.unwrap_or_else(|| other(HISTORY, raw)));
    }
}

fn change_value(change: &RawValue) -> Value {
    serde_json::from_str::<Value>(change.get()).map(|mut change| change["value"].take()).unwrap_or_default()
}

fn read_thread(raw: &RawValue, number: &Number, found: &mut Found<'_>) {
    let Some(thread) = fields(raw).filter(|thread| thread.contains_key("messages")) else {
        found.push(other(HISTORY, raw));
        return;
    };
    let named = |key: &str| -> Option<String> {
        let id: Value = serde_json::from_str(thread.get(key)?.get()).ok()?;
        text(&id, &[])
    };
    let person = ids(named("id"), named("user_id"));
    for raw in elements(&thread, "messages", HISTORY, found) {
        if !found.wants_more() {
            return;
        }
        let past = read(raw).and_then(|message| past_message(raw, &message, &person, number));
        found.push(past.unwrap_or_else(|| other(HISTORY, raw)));
    }
}

/// The ids of a person: `id` is a number, or the id that is no number.
fn ids(id: Option<String>, user_id: Option<String>) -> PersonIds {
    match id {
        Some(id) if is_user_id(&id) => PersonIds { external_user_id: user_id.or(Some(id)), external_phone_id: None },
        id => PersonIds {
            external_user_id: user_id,
            external_phone_id: id.map(|id| digits(&id)).filter(|digits| !digits.is_empty()),
        },
    }
}

/// A message of a thread with `person`; `None` where it is not known with whom it was, who wrote it, or when.
fn past_message(raw: &RawValue, message: &Value, person: &PersonIds, number: &Number) -> Option<Inbound> {
    let get = |key: &str| text(message, &[key]);
    let kind = get("type")?;
    if kind == "system" || message.get("group_id").is_some_and(|group| !group.is_null()) {
        return None;
    }
    let (from, from_user) = (get("from"), get("from_user_id"));
    let says_ours = message.get("history_context").and_then(|context| context["from_me"].as_bool());
    let is_ours = match (&from, &from_user) {
        (Some(from), _) => says_ours == Some(true) || number.is(from),
        (None, Some(_)) => says_ours == Some(true),
        (None, None) => says_ours?,
    };
    let named = if is_ours { ids(get("to"), get("to_user_id")) } else { ids(from, from_user) };
    let person = PersonIds {
        external_user_id: person.external_user_id.clone().or(named.external_user_id),
        external_phone_id: person.external_phone_id.clone().or(named.external_phone_id),
    };
    if person.is_empty() {
        return None;
    }
    let content = content::read(message, &kind, None);
    Some(Inbound::Past(Box::new(PastMessage {
        channel: number.phone_number_id.clone(),
        external_id: get("id")
            .unwrap_or_else(|| made_id(number.phone_number_id.as_deref().unwrap_or_default(), raw.get())),
        person,
        is_ours,
        kind: if kind == MEDIA_TO_COME { MessageKind::Media } else { content.kind() },
        text: content::said(message, &kind, &content),
        sent_at: time(message, &["timestamp"])?,
        raw: raw.get().to_owned(),
    })))
}

/// Reads a change that holds entries of the address book.
pub(super) fn read_address_book(value: &Fields<'_>, change: &RawValue, found: &mut Found<'_>) {
    let number = Number::of(value);
    if !value.contains_key("state_sync") {
        found.push(other(ADDRESS_BOOK, change));
    }
    for raw in elements(value, "state_sync", ADDRESS_BOOK, found) {
        let entry = read(raw).and_then(|entry| book_entry(raw, &entry, &number));
        found.push(entry.unwrap_or_else(|| other(ADDRESS_BOOK, raw)));
    }
}

fn book_entry(raw: &RawValue, entry: &Value, number: &Number) -> Option<Inbound> {
    if text(entry, &["type"])? != "contact" {
        return None;
    }
    let get = |key: &str| text(entry, &["contact", key]);
    let is_removed = match text(entry, &["action"])?.as_str() {
        "add" | "edit" | "update" => false,
        "remove" => true,
        _ => return None,
    };
    let person = ids(get("phone_number"), get("user_id"));
    let name = get("full_name").or_else(|| get("first_name")).filter(|_| !is_removed);
    Some(Inbound::Entry(Box::new(BookEntry {
        channel: number.phone_number_id.clone(),
        person: person.external_phone_id.or(person.external_user_id)?,
        name: name.map(|name| cut(name.trim(), NAME_CHARS_MAX).to_owned()),
        told_at: time(entry, &["metadata", "timestamp"]),
        raw: raw.get().to_owned(),
    })))
}
