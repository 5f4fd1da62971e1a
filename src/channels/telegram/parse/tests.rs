//! What an update says.

use serde_json::{Value, json};

use super::*;

fn read(update: &Value) -> Vec<Inbound> {
    parse(update.to_string().as_bytes(), Bot { username: "shop_bot" }).expect("an object")
}

fn one(update: &Value) -> Inbound {
    let mut read = read(update);
    assert_eq!(read.len(), 1, "{read:?}");
    read.remove(0)
}

/// A message in a private chat, with these fields besides.
fn message(fields: Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_700_000_000, "chat": {"id": 7, "type": "private"},
        "from": {"id": 7, "first_name": "Mei", "last_name": "Tan", "username": "mei", "language_code": "zh"},
    });
    for (key, value) in fields.as_object().into_iter().flatten() {
        message[key] = value.clone();
    }
    message
}

fn as_message(inbound: Inbound) -> InboundMessage {
    match inbound {
        Inbound::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_says_who_wrote_what_when() {
    let said = as_message(one(&json!({"update_id": 9, "message": message(json!({"text": "Hi O-aB3dE9z"}))})));
    assert_eq!((said.external_id.as_str(), said.text.as_deref()), ("7:5", Some("Hi O-aB3dE9z")));
    assert_eq!(said.sender.ids.external_user_id.as_deref(), Some("7"));
    assert_eq!((said.sender.profile_name.as_deref(), said.sender.language.as_deref()), (Some("Mei Tan"), Some("zh")));
    assert_eq!((said.references.len(), said.content.clone(), said.route.clone()), (1, Content::Text, Route::default()));
    assert_eq!(said.sent_at.expect("a time").as_second(), 1_700_000_000);
}

#[test]
fn the_platforms_own_words_are_no_speech_of_the_person() {
    for text in ["/start O-aB3dE9z", "/start@Shop_Bot O-aB3dE9z"] {
        let said = as_message(one(&json!({"update_id": 9, "message": message(json!({"text": text}))})));
        assert_eq!((said.content, said.references.len()), (Content::Start, 1), "{text}");
        assert_eq!(said.text.as_deref(), Some("/start O-aB3dE9z"));
    }
}

#[test]
fn an_edit_is_a_message_of_its_own_that_points_at_the_first() {
    let edited = message(json!({"text": "new", "edit_date": 1_700_000_100}));
    let said = as_message(one(&json!({"update_id": 9, "edited_message": edited})));
    assert_eq!((said.external_id.as_str(), said.content.original()), ("7:5:e9", Some("7:5")));
    assert_eq!(said.sent_at.expect("a time").as_second(), 1_700_000_100);
}

#[test]
fn a_topic_and_a_business_account_are_the_way_back() {
    let topic = message(json!({"text": "x", "message_thread_id": 3, "is_topic_message": true}));
    let said = as_message(one(&json!({"update_id": 9, "message": topic})));
    assert_eq!(said.route, Route { thread: Some("3".to_owned()), account: None });
    let reply = message(json!({"text": "x", "message_thread_id": 3}));
    assert_eq!(as_message(one(&json!({"update_id": 9, "message": reply}))).route, Route::default());

    let to_owner = message(json!({"text": "x", "business_connection_id": "b1"}));
    let said = as_message(one(&json!({"update_id": 9, "business_message": to_owner})));
    assert_eq!((said.external_id.as_str(), said.route.account.as_deref()), ("b1:7:5", Some("b1")));
}

#[test]
fn the_owner_of_a_business_account_takes_over() {
    let of_owner = message(json!({"text": "I'll do it", "business_connection_id": "b1", "from": {"id": 99}}));
    let Inbound::Echo(echo) = one(&json!({"update_id": 9, "business_message": of_owner})) else { panic!("an echo") };
    assert_eq!(echo.to.ids.external_user_id.as_deref(), Some("7"));
    let of_bot = message(
        json!({"text": "x", "business_connection_id": "b1", "from": {"id": 99}, "sender_business_bot": {"id": 1}}),
    );
    assert!(matches!(one(&json!({"update_id": 9, "business_message": of_bot})), Inbound::Other { .. }));
    let notice = json!({"business_connection_id": "b1", "chat": {"id": 7, "type": "private"}, "message_ids": [5, 6]});
    let Inbound::Deleted(deleted) = one(&json!({"update_id": 9, "deleted_business_messages": notice})) else {
        panic!("a notice")
    };
    assert_eq!(deleted.messages, ["b1:7:5", "b1:7:6"]);
}

#[test]
fn what_a_business_account_allows_is_read() {
    let may = |fields: Value| {
        let mut connection = json!({"id": "b1", "user": {"id": 99, "username": "owner"}, "is_enabled": true});
        connection.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let Inbound::Account(update) = one(&json!({"update_id": 9, "business_connection": connection})) else {
            panic!("an account")
        };
        update.may_reply
    };
    assert!(may(json!({"rights": {"can_reply": true}})) && may(json!({"can_reply": true})) && may(json!({})));
    assert!(!may(json!({"rights": {}})) && !may(json!({"can_reply": false})));
    assert!(!may(json!({"rights": {"can_reply": true}, "is_enabled": false})));
}

#[test]
fn a_group_tells_nothing_but_whether_it_speaks_to_us() {
    let is_to_us = |text: &str, kind: &str| {
        let said = message(json!({"text": text, "chat": {"id": -5, "type": "supergroup"}}));
        match one(&json!({"update_id": 9, kind: said})) {
            Inbound::Crowd(crowd) => crowd.is_to_us,
            other => panic!("{other:?}"),
        }
    };
    assert!(is_to_us("hello @Shop_Bot", "message") && is_to_us("/start", "message"));
    assert!(is_to_us("/start@shop_bot O-aB3dE9z", "message"));
    assert!(!is_to_us("hello", "message") && !is_to_us("/start@other_bot", "message"));
    assert!(!is_to_us("hello @shop_bot", "edited_message"), "it was answered, or not, the first time");
}

#[test]
fn a_press_says_what_stands_on_the_button() {
    let keyboard =
        json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "3:0"}, {"text": "No", "callback_data": "3:1"}]]});
    let below = json!({"message_id": 4, "chat": {"id": 7, "type": "private"}, "reply_markup": keyboard});
    let query = json!({"id": "q1", "from": {"id": 7}, "message": below, "data": "3:1"});
    let [Inbound::Gesture(gesture), Inbound::Message(said)] =
        &read(&json!({"update_id": 9, "callback_query": query}))[..]
    else {
        panic!("a gesture and a message")
    };
    let below = Some(("7".to_owned(), "4".to_owned()));
    assert_eq!(**gesture, Gesture::Acknowledge { press: "q1".to_owned(), below });
    assert_eq!((said.text.as_deref(), said.external_id.as_str()), (Some("No"), "press:q1"));
    let of_inline = json!({"id": "q2", "from": {"id": 7}, "inline_message_id": "i", "data": "3:1"});
    let read = read(&json!({"update_id": 10, "callback_query": of_inline}));
    assert!(matches!(&read[..], [Inbound::Gesture(_), Inbound::Other { .. }]), "{read:?}");
}

#[test]
fn a_person_who_blocks_the_bot_cannot_be_reached() {
    let reach = |status: &str| {
        let change = json!({"chat": {"id": 7, "type": "private"}, "new_chat_member": {"status": status}});
        match one(&json!({"update_id": 9, "my_chat_member": change})) {
            Inbound::Reach(reach) => reach.is_reachable,
            other => panic!("{other:?}"),
        }
    };
    assert!(reach("member") && !reach("kicked"));
}

#[test]
fn what_is_not_known_is_kept() {
    for (update, kind) in [
        (json!({"update_id": 9, "purchased_paid_media": {"from": {"id": 1}}}), "purchased_paid_media"),
        (json!({"update_id": 9, "message": 5}), "message"),
        (json!({"update_id": 9, "message": {"text": "no chat"}}), "message"),
        (json!({"update_id": 9}), ""),
        (json!({}), ""),
    ] {
        let Inbound::Other { external_id, kind: is, .. } = one(&update) else { panic!("{update}") };
        assert_eq!((is.as_str(), external_id.is_some()), (kind, true), "{update}");
    }
    for body in ["", "[]", "5", "{"] {
        assert!(parse(body.as_bytes(), Bot { username: "b" }).is_err(), "{body:?}");
    }
    let deep = format!("{{\"update_id\":1,\"message\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(parse(deep.as_bytes(), Bot { username: "b" }).is_ok_and(|read| read.len() == 1), "depth harms nobody");
}
