//! Parses the body of a webhook: every entry, change, message and status of it, and nothing lost.

use super::json::{Fields, clean, fields, list, text};
use super::message::{self, Sender};
use super::status;
use crate::channels::Inbound;
use serde_json::Value;
use serde_json::value::RawValue;

/// The `field` of the changes that hold messages and statuses.
const MESSAGES: &str = "messages";

/// The `field` of the changes that hold what a person of the business wrote in the phone app.
const ECHOES: &str = "smb_message_echoes";

/// The body is no JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the body is no JSON object")]
pub struct Malformed(#[source] serde_json::Error);

/// Reads a body whose signature is verified, in the order of the body. A part that cannot be read becomes
/// [`Inbound::Other`] and harms no other. The body's size, which the handler limits, bounds all of it.
pub fn parse(body: &[u8]) -> Result<Vec<Inbound>, Malformed> {
    let body = clean(body);
    let root: Fields<'_> = serde_json::from_str(&body).map_err(Malformed)?;
    let mut found = Vec::new();
    for entry in elements(&root, "entry", "", &mut found) {
        let Some(entry_fields) = fields(entry).filter(|fields| fields.contains_key("changes")) else {
            found.push(other("", entry));
            continue;
        };
        for change in elements(&entry_fields, "changes", "", &mut found) {
            read_change(change, &mut found);
        }
    }
    Ok(found)
}

/// The elements of the array under `key`. What stands there instead of an array is kept.
fn elements<'a>(fields: &Fields<'a>, key: &str, field: &str, found: &mut Vec<Inbound>) -> Vec<&'a RawValue> {
    let Some(raw) = fields.get(key).filter(|raw| raw.get() != "null") else { return Vec::new() };
    list(raw).unwrap_or_else(|| {
        found.push(other(field, raw));
        Vec::new()
    })
}

fn other(field: &str, raw: &RawValue) -> Inbound {
    Inbound::Other { kind: field.to_owned(), raw: raw.get().to_owned() }
}

fn read_change(change: &RawValue, found: &mut Vec<Inbound>) {
    let change_fields = fields(change).unwrap_or_default();
    let field = change_fields.get("field").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let field = field.as_deref().unwrap_or_default();
    let value = change_fields.get("value").and_then(|value| fields(value));
    let (Some(value), true) = (value, field.is_empty() || field == MESSAGES || field == ECHOES) else {
        found.push(other(field, change));
        return;
    };
    let is_empty = field != ECHOES && !value.contains_key(MESSAGES) && !value.contains_key("statuses");
    if is_empty || value.contains_key("errors") {
        found.push(other(field, change));
    }
    let metadata: Value =
        value.get("metadata").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let phone_number_id = text(&metadata, &["phone_number_id"]);
    if field == ECHOES {
        return read_echoes(&value, phone_number_id.as_deref(), change, found);
    }
    read_messages(&value, phone_number_id.as_deref(), found);
    for raw in elements(&value, "statuses", MESSAGES, found) {
        found.push(status::read(raw.get(), phone_number_id.as_deref()).unwrap_or_else(|| other(MESSAGES, raw)));
    }
}

fn read_echoes(value: &Fields<'_>, phone_number_id: Option<&str>, change: &RawValue, found: &mut Vec<Inbound>) {
    if !value.contains_key("message_echoes") {
        found.push(other(ECHOES, change));
    }
    for raw in elements(value, "message_echoes", ECHOES, found) {
        found.push(match serde_json::from_str::<Value>(raw.get()).ok().filter(Value::is_object) {
            Some(message) => message::read_echo(raw, &message, phone_number_id),
            None => other(ECHOES, raw),
        });
    }
}

fn read_messages(value: &Fields<'_>, phone_number_id: Option<&str>, found: &mut Vec<Inbound>) {
    let messages: Vec<(&RawValue, Option<Value>)> = elements(value, MESSAGES, MESSAGES, found)
        .into_iter()
        .map(|raw| (raw, serde_json::from_str(raw.get()).ok().filter(Value::is_object)))
        .collect();
    let contacts: Vec<Sender> = value
        .get("contacts")
        .and_then(|raw| list(raw))
        .map(|contacts| contacts.into_iter().map(Sender::of_contact).collect())
        .unwrap_or_default();
    let senders: Vec<Sender> =
        messages.iter().map(|(_, message)| message.as_ref().map(Sender::of_message).unwrap_or_default()).collect();
    for (nth, (raw, message)) in messages.iter().enumerate() {
        found.push(match message {
            Some(message) => {
                let sender = complete(nth, &senders, &contacts);
                message::read(raw, message, sender, phone_number_id)
            }
            None => other(MESSAGES, raw),
        });
    }
}

/// The sender of the `nth` message with what `contacts` says of them: the contact with an id of theirs, else the
/// one in the same place, else the only one; but never one who is surely somebody else, or who sent another message.
fn complete(nth: usize, senders: &[Sender], contacts: &[Sender]) -> Sender {
    let sender = &senders[nth];
    if let Some(contact) = contacts.iter().find(|contact| sender.is(contact)) {
        return sender.clone().with(contact);
    }
    let in_place = if contacts.len() == senders.len() { contacts.get(nth) } else { None };
    let only = if contacts.len() == 1 && senders.iter().all(|other| other == sender) { contacts.first() } else { None };
    let free = |contact: &&Sender| {
        let contradicts = contact.user_id.is_some() && sender.user_id.is_some();
        !contradicts && !senders.iter().any(|other| other.is(contact))
    };
    match in_place.or(only).filter(free) {
        Some(contact) => sender.clone().with(contact),
        None => sender.clone(),
    }
}

#[cfg(test)]
mod tests;
