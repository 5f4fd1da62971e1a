//! Parses the body of a webhook: every entry, change, message and status of it, and nothing lost.

pub use super::found::SLICE_ITEMS_MAX;
use super::found::{Found, elements, other};
use super::message::{self, Sender};
use super::notices;
use super::past::{self, ADDRESS_BOOK, HISTORY};
use super::people::{Batch, People};
use super::status;
use crate::channels::Inbound;
use crate::channels::json::{Fields, Malformed, clean, fields, list, text};
use serde_json::Value;
use serde_json::value::RawValue;

/// The `field` of the changes that hold messages and statuses.
const MESSAGES: &str = "messages";

/// The `field` of the changes that hold what a person of the business wrote in the phone app.
const ECHOES: &str = "smb_message_echoes";

/// Contacts of a change that are read.
const CONTACTS_MAX: usize = 10_000;

/// Reads a body whose signature is verified, in the order of the body. A part that cannot be read becomes
/// [`Inbound::Other`] and harms no other. The body's size, which the handler limits, bounds all of it.
pub fn parse(body: &[u8]) -> Result<Vec<Inbound>, Malformed> {
    let mut found = Vec::new();
    parse_slices(body, &mut |slice| {
        found.extend(slice);
        true
    })?;
    Ok(found)
}

/// Reads a body as [`parse`] does, and gives its items to `take` in slices of at most [`SLICE_ITEMS_MAX`], until that says `false`.
/// A message that comes again in its slice is left out.
pub fn parse_slices(body: &[u8], take: &mut dyn FnMut(Vec<Inbound>) -> bool) -> Result<(), Malformed> {
    let body = clean(body);
    let root: Fields<'_> = serde_json::from_str(&body).map_err(Malformed)?;
    let mut found = Found::new(take);
    for entry in elements(&root, "entry", "", &mut found) {
        let Some(entry_fields) = fields(entry).filter(|fields| fields.contains_key("changes")) else {
            found.push(other("", entry));
            continue;
        };
        let entry_time = entry_fields.get("time").map(|raw| raw.get()).unwrap_or_default();
        for change in elements(&entry_fields, "changes", "", &mut found) {
            read_change(change, entry_time, &mut found);
        }
        if !found.wants_more() {
            return Ok(());
        }
    }
    found.give();
    Ok(())
}

fn read_change(change: &RawValue, entry_time: &str, found: &mut Found<'_>) {
    let change_fields = fields(change).unwrap_or_default();
    let field = change_fields.get("field").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let field = field.as_deref().unwrap_or_default();
    if field == HISTORY || field == ADDRESS_BOOK {
        return read_app(field, &change_fields, entry_time, change, found);
    }
    if field != MESSAGES && field != ECHOES && !field.is_empty() {
        let value = change_fields.get("value").and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        let told = value.and_then(|value| notices::read(field, &value, entry_time, change));
        for inbound in told.unwrap_or_else(|| vec![other(field, change)]) {
            found.push(inbound);
        }
        return;
    }
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

/// Reads what the phone app had before its number was linked.
fn read_app(field: &str, change_fields: &Fields<'_>, entry_time: &str, change: &RawValue, found: &mut Found<'_>) {
    match change_fields.get("value").and_then(|value| fields(value)) {
        Some(value) if field == HISTORY => past::read_history(&value, entry_time, change, found),
        Some(value) => past::read_address_book(&value, change, found),
        None => found.push(other(field, change)),
    }
}

fn read_echoes(value: &Fields<'_>, phone_number_id: Option<&str>, change: &RawValue, found: &mut Found<'_>) {
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

fn read_messages(value: &Fields<'_>, phone_number_id: Option<&str>, found: &mut Found<'_>) {
    let messages = elements(value, MESSAGES, MESSAGES, found);
    let contacts = value.get("contacts").and_then(|raw| list(raw)).unwrap_or_default();
    let contacts = People::new(contacts.into_iter().take(CONTACTS_MAX).map(Sender::of_contact).collect());
    for (nth, slice) in messages.chunks(SLICE_ITEMS_MAX).enumerate() {
        if !found.wants_more() {
            return;
        }
        let read = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok().filter(Value::is_object);
        let read: Vec<Option<Value>> = slice.iter().map(|raw| read(raw)).collect();
        let senders = read.iter().map(|message| message.as_ref().map(Sender::of_message).unwrap_or_default()).collect();
        let batch = Batch::new(senders, &contacts, nth * SLICE_ITEMS_MAX, messages.len());
        for (place, (raw, message)) in slice.iter().zip(&read).enumerate() {
            found.push(match message {
                Some(message) => message::read(raw, message, batch.sender(place), phone_number_id),
                None => other(MESSAGES, raw),
            });
        }
    }
}

#[cfg(test)]
mod tests;
