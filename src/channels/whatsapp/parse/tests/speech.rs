//! What is speech and what is not.

use super::*;

#[test]
fn an_edit_has_the_new_words_and_the_id_of_the_old_ones() {
    let inner = json!({"type": "text", "text": {"body": "my name is Jane Doe"}});
    let edit = message("edit", json!({"original_message_id": "wamid.0", "message": inner}));
    assert_eq!((edit.content.original(), edit.text.as_deref()), (Some("wamid.0"), Some("my name is Jane Doe")));
    let caption = json!({"type": "image", "image": {"caption": "my roof"}});
    let edit = message("edit", json!({"original_message_id": "wamid.0", "message": caption}));
    assert_eq!((edit.content.kind(), edit.text.as_deref()), (MessageKind::Edit, Some("my roof")));
    let revoke = message("revoke", json!({"original_message_id": "wamid.0"}));
    assert_eq!(
        (revoke.content.kind(), revoke.content.original(), revoke.text),
        (MessageKind::Revoke, Some("wamid.0"), None)
    );
    assert_eq!(message("edit", json!({"message": json!({"type": "edit"})})).content, Content::Other);
}

#[test]
fn what_nobody_wrote_to_us_is_a_notice() {
    let system = |kind: &str| {
        json!({"from": "6512345678", "from_user_id": "SG.1", "id": "1", "type": "system",
                                     "system": {"body": "the security code changed", "type": kind}})
    };
    let group = json!({"from": "6512345678", "id": "1", "group_id": "g", "type": "text", "text": {"body": "hi all"}});
    for (message, kind) in
        [(system("customer_identity_changed"), "system"), (system("of_2031"), "system"), (group, "group message")]
    {
        let found = parse(&body(json!({"messages": [message]}))).unwrap();
        assert!(matches!(found.as_slice(), [Inbound::Other { kind: is, .. }] if is == kind), "{found:?}");
    }
}

#[test]
fn an_echo_names_whom_it_went_to() {
    let metadata = json!({"phone_number_id": "106540352242922"});
    let echo = json!({"from": "6560000000", "to": "6512345678", "to_user_id": "SG.1", "id": "wamid.e", "timestamp": "1749416383",
                      "type": "text", "text": {"body": "I shall call you"}});
    let change = json!({"field": "smb_message_echoes", "value": {"metadata": metadata, "message_echoes": [echo, 7]}});
    let body = json!({"entry": [{"changes": [change]}]}).to_string();
    let found = parse(body.as_bytes()).unwrap();
    let [Inbound::Echo(echo), Inbound::Other { kind, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (&echo.to.ids, echo.text.as_deref()),
        (&ids(Some("6512345678"), Some("SG.1")), Some("I shall call you"))
    );
    assert_eq!((echo.channel.as_deref(), kind.as_str()), (Some("106540352242922"), "smb_message_echoes"));
}
