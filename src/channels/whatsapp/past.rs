//! Past messages and the address book of the phone app: both come once, in parts and out of order, after a business has linked the
//! number that it uses there (coexistence).

use serde_json::Value;
use serde_json::value::RawValue;

use super::message::is_user_id;
use super::parse::{Found, elements, other};
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse::parse;
    use super::*;

    fn brought(field: &str, value: &Value) -> Vec<Inbound> {
        let mut value = value.clone();
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({"display_phone_number": "+65 6000 0000", "phone_number_id": "106540352242922"});
        let body = json!({"object": "whatsapp_business_account",
                          "entry": [{"id": "1", "time": 1, "changes": [{"field": field, "value": value}]}]});
        parse(body.to_string().as_bytes()).expect("a body")
    }

    fn past(message: Value) -> PastMessage {
        let threads = json!([{"id": "6587654321", "messages": [message]}]);
        let chunk = json!({"metadata": {"phase": 0, "chunk_order": 1, "progress": 55}, "threads": threads});
        match brought(HISTORY, &json!({"history": [chunk]})).remove(0) {
            Inbound::Past(past) => *past,
            other => panic!("no past message: {other:?}"),
        }
    }

    fn message(from: &str, context: Value) -> Value {
        json!({"from": from, "id": "wamid.1", "timestamp": "1739230955", "type": "text", "text": {"body": "hello"},
               "history_context": context})
    }

    #[test]
    fn a_past_message_says_with_whom_and_who_wrote() {
        let theirs = past(message("6587654321", json!({"status": "READ"})));
        assert_eq!(theirs.channel.as_deref(), Some("106540352242922"));
        assert_eq!(theirs.person.external_phone_id.as_deref(), Some("6587654321"));
        assert_eq!((theirs.is_ours, theirs.kind, theirs.text.as_deref()), (false, MessageKind::Text, Some("hello")));
        assert_eq!(theirs.sent_at.to_string(), "2025-02-10T23:42:35Z");
        let ours = past(message("6560000000", json!({"status": "READ"})));
        assert_eq!((ours.is_ours, ours.person), (true, theirs.person));
        assert!(past(message("6599999999", json!({"from_me": true}))).is_ours, "as it says itself");
    }

    #[test]
    fn a_thread_may_be_with_somebody_without_a_number() {
        let thread = json!({"id": "SG.1349", "messages": [message("SG.1349", json!({}))]});
        let found = brought(HISTORY, &json!({"history": [{"threads": [thread]}]}));
        let [Inbound::Past(past)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(past.person, PersonIds { external_user_id: Some("SG.1349".to_owned()), external_phone_id: None });
        assert!(!past.is_ours);
    }

    #[test]
    fn a_picture_may_come_behind_its_place() {
        let place =
            json!({"from": "6587654321", "id": "wamid.2", "timestamp": "1739230955", "type": "media_placeholder"});
        let place = past(place);
        assert_eq!((place.kind, place.text), (MessageKind::Media, None));
        let picture = json!({"from": "6587654321", "id": "wamid.2", "timestamp": "1739230955", "type": "image",
                             "image": {"id": "m", "mime_type": "image/jpeg", "caption": "my roof"}});
        let found = brought(HISTORY, &json!({"messages": [picture]}));
        let [Inbound::Past(past)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((past.kind, past.text.as_deref()), (MessageKind::Media, Some("my roof")));
        assert_eq!(past.person.external_phone_id.as_deref(), Some("6587654321"));
    }

    #[test]
    fn what_cannot_be_read_harms_no_other() {
        let without_time = json!({"from": "6587654321", "id": "wamid.3", "type": "text", "text": {"body": "when?"}});
        let nobody = json!({"id": "wamid.4", "timestamp": "1739230955", "type": "text", "text": {"body": "who?"}});
        let threads = json!([{"id": "6587654321", "messages": [without_time, 7, nobody, message("6587654321", json!({}))]},
                             {"id": "1"}, 5]);
        let found = brought(HISTORY, &json!({"history": [{"threads": threads}, {"metadata": {}}, "odd"]}));
        let is_past: Vec<bool> = found.iter().map(|one| matches!(one, Inbound::Past(_))).collect();
        assert_eq!(is_past, [false, false, false, true, false, false, false, false]);
        assert!(found.iter().all(|one| !one.raw().is_empty()));
        for value in [json!({}), json!({"history": 7})] {
            assert!(brought(HISTORY, &value).iter().all(|one| matches!(one, Inbound::Other { .. })), "{value}");
        }
    }

    #[test]
    fn a_declined_history_is_told_and_what_comes_beside_is_read() {
        let declined = json!({"errors": [{"code": 2_593_109, "title": "declined"}]});
        let thread = json!({"id": "6587654321", "messages": [message("6587654321", json!({}))]});
        let found = brought(HISTORY, &json!({"history": [declined, {"threads": [thread]}]}));
        assert!(matches!(found.as_slice(), [Inbound::Told(_), Inbound::Past(_)]), "{found:?}");
    }

    #[test]
    fn the_address_book_is_read() {
        let entry = |action: &str, contact: Value| {
            let sync = json!([{"type": "contact", "contact": contact, "action": action, "metadata": {"timestamp": "1739230955"}}]);
            brought(ADDRESS_BOOK, &json!({"state_sync": sync})).remove(0)
        };
        let named = |contact: Value| match entry("add", contact) {
            Inbound::Entry(entry) => (entry.person, entry.name),
            other => panic!("{other:?}"),
        };
        let mei = |name: &str| ("6587654321".to_owned(), Some(name.to_owned()));
        let full = json!({"full_name": "Mei Tan", "first_name": "Mei", "phone_number": "+6587654321"});
        assert_eq!(named(full.clone()), mei("Mei Tan"));
        assert_eq!(named(json!({"first_name": "Mei", "phone_number": "6587654321"})), mei("Mei"));
        assert_eq!(named(json!({"full_name": "x".repeat(500), "user_id": "SG.1"})).1.map(|name| name.len()), Some(120));
        let Inbound::Entry(removed) = entry("remove", full) else { panic!("an entry") };
        assert_eq!(removed.name, None);
        assert!(matches!(entry("of later", json!({"phone_number": "65"})), Inbound::Other { .. }));
        assert!(matches!(entry("add", json!({"full_name": "Nobody"})), Inbound::Other { .. }));
    }
}
