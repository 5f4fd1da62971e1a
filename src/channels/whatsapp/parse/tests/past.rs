//! Past messages and the address book of the phone app.

use serde_json::{Value, json};

use super::super::parse;
use crate::channels::whatsapp::past::{ADDRESS_BOOK, HISTORY};
use crate::channels::{Inbound, PastMessage};
use crate::domain::channel::{MessageKind, PersonIds};

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
    let place = json!({"from": "6587654321", "id": "wamid.2", "timestamp": "1739230955", "type": "media_placeholder"});
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
        let sync =
            json!([{"type": "contact", "contact": contact, "action": action, "metadata": {"timestamp": "1739230955"}}]);
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
