//! Bodies as the platform sends them, odd ones, and hostile ones.

use super::*;
use crate::channels::{Content, InboundMessage};
use crate::domain::channel::{MessageKind, MessageStatus, PersonIds};
use proptest::prelude::*;
use serde_json::json;

mod large;
mod past;
mod speech;

/// The body of a webhook with one change whose `value` has these keys besides the metadata.
fn body(value: Value) -> Vec<u8> {
    let mut value = value;
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "6560000000", "phone_number_id": "106540352242922"});
    let change = json!({"field": "messages", "value": value});
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).to_string().into_bytes()
}

fn ids(external_phone_id: Option<&str>, external_user_id: Option<&str>) -> PersonIds {
    PersonIds {
        external_user_id: external_user_id.map(str::to_owned),
        external_phone_id: external_phone_id.map(str::to_owned),
    }
}

fn messages(value: Value) -> Vec<InboundMessage> {
    let message = |inbound| match inbound {
        Inbound::Message(message) => *message,
        other => panic!("no message: {other:?}"),
    };
    parse(&body(value)).unwrap().into_iter().map(message).collect()
}

fn only(value: Value) -> InboundMessage {
    let mut all = messages(value);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A message of a type, from `6512345678`.
fn message(kind: &str, content: Value) -> InboundMessage {
    let message =
        json!({"from": "6512345678", "id": "wamid.1", "timestamp": "1749416383", "type": kind, kind: content});
    only(json!({"contacts": [{"profile": {"name": "Mei"}, "wa_id": "6512345678"}], "messages": [message]}))
}

#[test]
fn a_text_message_is_read_whole() {
    let message = message("text", json!({"body": "Hi O-aB3dE9z"}));
    assert_eq!(message.channel.as_deref(), Some("106540352242922"));
    assert_eq!(message.external_id, "wamid.1");
    assert_eq!(message.sender.ids, ids(Some("6512345678"), None));
    assert_eq!(message.sender.phone.as_ref().map(|phone| phone.as_e164()), Some("+6512345678"));
    assert_eq!((message.sender.profile_name.as_deref(), message.sender.username), (Some("Mei"), None));
    assert_eq!(message.sent_at.unwrap().to_string(), "2025-06-08T20:59:43Z");
    assert_eq!((message.content.kind(), message.text.as_deref()), (MessageKind::Text, Some("Hi O-aB3dE9z")));
    assert_eq!((message.content, message.forwarded, message.referral), (Content::Text, false, None));
    assert!(message.raw.contains("Hi O-aB3dE9z"));
}

#[test]
fn what_the_person_said_is_read_from_every_type() {
    for (kind, content, said) in [
        ("button", json!({"text": "No", "payload": "p"}), Some("No")),
        ("interactive", json!({"type": "button_reply", "button_reply": {"id": "b", "title": "Yes"}}), Some("Yes")),
        ("interactive", json!({"type": "list_reply", "list_reply": {"id": "l", "title": "Tuesday"}}), Some("Tuesday")),
        ("image", json!({"id": "m", "mime_type": "image/jpeg", "caption": "my roof"}), Some("my roof")),
        ("image", json!({"id": "m", "mime_type": "image/jpeg"}), None),
        ("document", json!({"id": "m", "filename": "quote.pdf", "caption": "this one"}), Some("this one")),
        ("order", json!({"catalog_id": "c", "text": "for Friday", "product_items": []}), Some("for Friday")),
        ("reaction", json!({"message_id": "wamid.0", "emoji": "👍"}), None),
        ("location", json!({"latitude": 1.35, "longitude": 103.8, "name": "Office"}), None),
        ("text", json!({"body": "  "}), None),
        ("poll_of_2031", json!({"body": "new kinds speak too"}), Some("new kinds speak too")),
        ("poll_of_2031", json!([1, 2]), None),
    ] {
        assert_eq!(message(kind, content.clone()).text.as_deref(), said, "{kind} {content}");
    }
}

#[test]
fn the_answers_of_a_flow_are_its_text() {
    let answers =
        json!({"screen_0_first_name_1": "Mei", "screen_0_days_2": ["Mon", "Tue"], "flow_token": "t", "n": null});
    let reply = json!({"name": "flow", "body": "Sent", "response_json": answers.to_string()});
    let said = message("interactive", json!({"type": "nfm_reply", "nfm_reply": reply}));
    assert_eq!(said.text.as_deref(), Some("first name: Mei\ndays: Mon, Tue"));
    let broken = json!({"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "{"}});
    assert_eq!(message("interactive", broken).text.as_deref(), Some("Sent"));
}

#[test]
fn only_the_senders_own_card_has_their_number() {
    let own = |card: Value| message("contacts", json!([card])).own_contact().cloned();
    let name = json!({"formatted_name": "Mei Tan"});
    let mine = own(json!({"name": name, "phones": [{"phone": "+65 1234 5678", "wa_id": "6512345678"}]})).unwrap();
    assert_eq!((mine.name.as_deref(), mine.phones[0].phone.as_deref()), (Some("Mei Tan"), Some("+65 1234 5678")));
    assert_eq!(own(json!({"name": name, "phones": [{"phone": "+65 9", "wa_id": "659"}]})), None);
    assert_eq!(own(json!({"name": name, "phones": [{"phone": "+65 9"}]})), None);
    assert!(own(json!({"origin": "contact_request", "phones": [{"phone": "+6512345678"}]})).is_some());
    assert_eq!(own(json!({"origin": "other", "phones": [{"phone": "+6512345678"}]})), None);
}

#[test]
fn a_sender_without_a_number_is_known_by_the_user_id() {
    let contact = json!({"profile": {"name": "Mei", "username": "mei"}, "user_id": "SG.1349"});
    let text = json!({"body": "hi"});
    for message in [
        json!({"id": "1", "type": "text", "text": text}),
        json!({"id": "1", "from_user_id": "SG.1349", "type": "text", "text": text}),
        json!({"id": "1", "from": "SG.1349", "type": "text", "text": text}),
    ] {
        let message = only(json!({"contacts": [contact], "messages": [message]}));
        assert_eq!((message.sender.ids, message.sender.phone), (ids(None, Some("SG.1349")), None));
        let names = (message.sender.profile_name.as_deref(), message.sender.username.as_deref());
        assert_eq!(names, (Some("Mei"), Some("mei")));
    }
}

#[test]
fn two_ids_of_one_person_come_together() {
    let contact = json!({"profile": {"name": "Mei"}, "wa_id": "5511987654321", "user_id": "BR.7"});
    for message in [
        json!({"id": "1", "from": "551187654321", "from_user_id": "BR.7", "type": "text"}),
        json!({"id": "1", "from": "551187654321", "type": "text"}),
        json!({"id": "1", "from": "5511987654321", "type": "text"}),
        json!({"id": "1", "type": "text"}),
    ] {
        let message = only(json!({"contacts": [contact], "messages": [message]}));
        assert_eq!(message.sender.ids, ids(Some("5511987654321"), Some("BR.7")));
    }
}

#[test]
fn people_in_one_batch_are_not_mixed_up() {
    let contact = |name: &str, wa_id: &str| json!({"profile": {"name": name}, "wa_id": wa_id});
    let text = |id: &str, from: &str| json!({"id": id, "from": from, "type": "text", "text": {"body": id}});
    let names = |contacts: Value, senders: &[&str]| -> Vec<Option<String>> {
        let sent: Vec<Value> = senders.iter().enumerate().map(|(nth, from)| text(&nth.to_string(), from)).collect();
        messages(json!({"contacts": contacts, "messages": sent}))
            .into_iter()
            .map(|message| message.sender.profile_name)
            .collect()
    };
    let (a, b) = (contact("A", "1"), contact("B", "2"));
    let named = |names: &[&str]| -> Vec<Option<String>> {
        names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect()
    };
    assert_eq!(names(json!([a, b]), &["1", "2"]), named(&["A", "B"]));
    assert_eq!(names(json!([b, a]), &["1", "2"]), named(&["A", "B"]));
    assert_eq!(names(json!([a]), &["1", "1"]), named(&["A", "A"]));
    assert_eq!(names(json!([a]), &["1", "2"]), named(&["A", ""]));
    assert_eq!(names(json!([a]), &["3", "2"]), named(&["", ""]));
    assert_eq!(names(json!([a, b, contact("C", "3")]), &["3", "4"]), named(&["C", ""]));
    let other = json!({"contacts": [{"user_id": "SG.2", "wa_id": "9"}], "messages": [{"from_user_id": "SG.1", "type": "text"}]});
    assert_eq!(only(other).sender.ids, ids(None, Some("SG.1")));
}

#[test]
fn the_click_id_of_an_ad_is_read() {
    let referral = json!({"source_url": "https://fb.me/x", "source_id": "120", "source_type": "ad", "headline": "Roofs",
        "body": "Free check", "media_type": "image", "ctwa_clid": "ARAk"});
    let message = only(
        json!({"messages": [{"from": "65", "id": "1", "type": "text", "text": {"body": "hi"}, "referral": referral}]}),
    );
    let referral = message.referral.unwrap();
    assert_eq!((referral.ad_click_id.as_deref(), referral.source_id.as_deref()), (Some("ARAk"), Some("120")));
    assert!(referral.raw.starts_with('{') && referral.raw.contains("media_type"));
}

#[test]
fn a_placeholder_is_no_click_id_of_an_ad() {
    let referral = json!({"source_id": "120", "ctwa_clid": "undefined"});
    let message = only(json!({"messages": [{"from": "65", "id": "1", "type": "text", "referral": referral}]}));
    assert_eq!(message.referral.unwrap().ad_click_id, None);
}

#[test]
fn forwarded_messages_are_marked() {
    for flag in ["forwarded", "frequently_forwarded"] {
        let message = json!({"from": "65", "id": "1", "type": "text", "text": {"body": "x"}, "context": {flag: true}});
        assert!(only(json!({"messages": [message]})).forwarded);
    }
    assert!(!message("text", json!({"body": "x"})).forwarded);
}

#[test]
fn a_changed_number_comes_with_old_and_new_ids() {
    let of = |system: Value| {
        let message = json!({"from": "6512345678", "id": "wamid.1", "type": "system", "system": system});
        parse(&body(json!({"messages": [message]}))).unwrap().remove(0)
    };
    let Inbound::IdChange(change) = of(json!({"body": "changed", "wa_id": "6591234567", "type": "user_changed_number",
        "previous_user_id": "SG.1", "user_id": "SG.2"}))
    else {
        panic!("a change of ids")
    };
    assert_eq!(change.channel.as_deref(), Some("106540352242922"));
    assert_eq!(change.old, ids(Some("6512345678"), Some("SG.1")));
    assert_eq!(change.new.ids, ids(Some("6591234567"), Some("SG.2")));
    assert_eq!(change.new.phone.map(|phone| phone.as_e164().to_owned()).as_deref(), Some("+6591234567"));
}

#[test]
fn a_message_without_an_id_gets_one_of_its_own_bytes() {
    let id =
        |text: &str| only(json!({"messages": [{"from": "65", "type": "text", "text": {"body": text}}]})).external_id;
    assert_eq!(id("a"), id("a"));
    assert_ne!(id("a"), id("b"));
    assert!(id("a").starts_with("sha256-"));
}

#[test]
fn a_status_names_its_message_and_the_error() {
    let status = json!({"id": "wamid.9", "status": "failed", "timestamp": "1750030073", "recipient_id": "65",
        "recipient_user_id": "SG.1", "biz_opaque_callback_data": "rep_1",
        "errors": [{"code": 131026, "title": "Message undeliverable", "error_data": {"details": "d"}}]});
    let found = parse(&body(json!({"statuses": [status, {"status": "sent"}, 5]}))).unwrap();
    let [Inbound::Status(update), Inbound::Other { .. }, Inbound::Other { .. }] = &*found else { panic!("{found:?}") };
    assert_eq!(
        (&*update.external_id, update.reply_id.as_deref(), update.status),
        ("wamid.9", Some("rep_1"), MessageStatus::Failed)
    );
    assert_eq!(update.recipient, ids(Some("65"), Some("SG.1")));
    assert!(update.error.as_deref().is_some_and(|error| error.contains("cannot get the message")), "{update:?}");
}

#[test]
fn the_words_of_a_status_are_read() {
    for (word, status) in [
        ("sent", MessageStatus::Sent),
        ("delivered", MessageStatus::Delivered),
        ("read", MessageStatus::Read),
        ("played", MessageStatus::Read),
        ("failed", MessageStatus::Failed),
    ] {
        let found = parse(&body(json!({"statuses": [{"id": "1", "status": word}]}))).unwrap();
        assert!(matches!(&*found, [Inbound::Status(update)] if update.status == status), "{found:?}");
    }
    let found = parse(&body(json!({"statuses": [{"id": "1", "status": "warning"}]}))).unwrap();
    assert!(matches!(&*found, [Inbound::Other { kind, .. }] if kind == "status"), "{found:?}");
}

#[test]
fn a_broken_part_harms_no_other() {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let good = r#"{"id":"good","from":"65","type":"text","text":{"body":"hi"}}"#;
    let half = r#"{"id":"half","from":"65","type":"text","text":{"body":"x\ud83d \u0000"}}"#;
    let value = format!(r#"{{"messages":[{deep},7,{good},{half},{{"id":"bare"}}],"statuses":"none","contacts":{{}}}}"#);
    let changes = format!(r#"[{{"field":"messages","value":{value}}},{{"field":"account_update","value":{{}}}},null]"#);
    let text = format!(r#"{{"entry":[{{"changes":{changes}}},5,{{"id":"1"}},{{"changes":7}}],"entries":1}}"#);
    let found = parse(text.as_bytes()).unwrap();
    let kinds: Vec<String> = found
        .iter()
        .map(|inbound| match inbound {
            Inbound::Message(message) => format!("message {}", message.external_id),
            Inbound::Echo(_) | Inbound::Status(_) | Inbound::IdChange(_) => "another".into(),
            Inbound::Deleted(_) | Inbound::Reach(_) | Inbound::Account(_) | Inbound::Crowd(_) | Inbound::Gesture(_) => {
                unreachable!("WhatsApp has none of this")
            }
            Inbound::Told(told) => told.kind.clone(),
            Inbound::Preference(_) => "preference".to_owned(),
            Inbound::Past(_) | Inbound::Entry(_) => "of the phone app".to_owned(),
            Inbound::Other { kind, raw, .. } => format!("{kind} {}", &raw[..raw.len().min(8)]),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "messages [[[[[[[[",
            "messages 7",
            "message good",
            "message half",
            "message bare",
            "messages \"none\"",
            "account_update {\"field\"",
            " null",
            " 5",
            " {\"id\":\"1",
            " 7"
        ]
    );
    let Inbound::Message(half) = &found[3] else { panic!() };
    assert_eq!(half.text.as_deref(), Some("x\u{fffd} \u{fffd}"));
}

#[test]
fn errors_and_unknown_fields_of_a_change_are_kept() {
    for value in [json!({"errors": [{"code": 130429}]}), json!({"something": 1})] {
        let found = parse(&body(value)).unwrap();
        assert!(matches!(&*found, [Inbound::Other { kind, .. }] if kind == "messages"), "{found:?}");
    }
}

#[test]
fn only_a_json_object_is_a_body() {
    for body in ["{}", r#"{"entry":[]}"#, r#"{"entry":null}"#, r#"{"object":"page"}"#] {
        assert_eq!(parse(body.as_bytes()).unwrap(), [], "{body}");
    }
    for body in ["", "null", "[]", "7", "{", "{}x", "<html>"] {
        assert!(parse(body.as_bytes()).is_err(), "{body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(?s).{0,8}".prop_map(Value::from),
        proptest::sample::select(vec!["text", "system", "contacts", "65", "SG.1", "failed"]).prop_map(Value::from),
    ];
    let key = proptest::sample::select(vec![
        "messages",
        "statuses",
        "contacts",
        "errors",
        "metadata",
        "from",
        "id",
        "type",
        "text",
        "body",
        "system",
        "wa_id",
        "user_id",
        "phones",
        "interactive",
        "nfm_reply",
        "response_json",
        "referral",
        "context",
        "timestamp",
        "status",
        "value",
    ]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_message_of_a_batch_is_lost(sent in proptest::collection::vec(any_json(), 0..6), contacts in any_json()) {
        let found = parse(&body(json!({"messages": sent, "contacts": contacts}))).unwrap();
        // One that comes twice is one; without ids only what has the same bytes.
        let mut seen = Vec::new();
        let sent: Vec<_> = sent.iter().filter(|one| !one.is_object() || !seen.contains(one) && { seen.push(*one); true }).collect();
        prop_assert!(found.len() == sent.len() || sent.iter().any(|one| one["id"].is_string() || one["id"].is_number()));
        for (inbound, sent) in found.iter().zip(&sent).filter(|_| found.len() == sent.len()) {
            // An object of type `system` is a notice.
            let (is_other, is_message) = (matches!(inbound, Inbound::Other { .. }), matches!(inbound, Inbound::Message(_)));
            prop_assert!(sent.is_object() || is_other);
            let is_notice = sent["type"] == "system" || !sent["group_id"].is_null();
            prop_assert!(is_notice || is_message == sent.is_object());
        }
    }

    #[test]
    fn any_change_is_read(value in any_json(), field in any_json()) {
        let text = json!({"entry": [{"changes": [{"field": field, "value": value}]}]}).to_string();
        prop_assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn a_damaged_body_is_read_or_refused(at in any::<proptest::sample::Index>(), bytes in "(?s)[\"\\\\{}\\[\\]:,u0d8é]{0,4}") {
        let text = json!({"id": "1", "from": "65", "type": "text", "text": {"body": "h\u{e9} \\u0041"}});
        let mut damaged = body(json!({"contacts": [{"wa_id": "65"}], "messages": [text]}));
        let at = at.index(damaged.len());
        prop_assert!(parse(&damaged[..at]).is_err());
        let end = (at + bytes.len()).min(damaged.len());
        damaged.splice(at..end, bytes.into_bytes());
        if let Ok(found) = parse(&damaged) {
            prop_assert!(found.len() <= 3);
        }
    }
}
