//! Every WhatsApp webhook body of the shared data goes through the parser and says what it should.

use aurix::channels::whatsapp::parse::parse;
use aurix::channels::{Content, Inbound, InboundMessage, StatusUpdate};
use aurix::domain::channel::MessageStatus;
use std::collections::BTreeMap;

use crate::support::skip::shared_data;

/// The bodies by what their names say; `None` where the shared data is absent.
fn bodies() -> Option<BTreeMap<String, Vec<u8>>> {
    let folder = shared_data("whatsapp")?;
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("the folder can be listed").path();
        let name = path.file_stem()?.to_str()?.replace("test_build_from_payload_", "");
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        is_json.then(|| (name, std::fs::read(&path).expect("the file can be read")))
    };
    Some(std::fs::read_dir(folder).expect("the folder is there").filter_map(read).collect())
}

/// One line of what an item says.
fn summary(inbound: &Inbound) -> String {
    match inbound {
        Inbound::Message(message) => {
            assert!(message.channel.is_some());
            assert!(message.sent_at.is_some() && message.external_id == "wamid.ID" && message.raw.starts_with('{'));
            let ids = &message.sender.ids;
            let of = ids.external_phone_id.as_deref().or(ids.external_user_id.as_deref()).expect("a sender");
            format!("{} of {of}: {}", message.content.kind().as_str(), message.text.as_deref().unwrap_or("-"))
        }
        Inbound::Echo(echo) => format!("echo {:?}", echo.text),
        Inbound::Status(update) => {
            let StatusUpdate { status, error, recipient, at, .. } = &**update;
            assert!(recipient.external_phone_id.as_deref() == Some("CUSTOMER_PHONE_NUMBER") && at.is_some());
            assert_eq!(*status == MessageStatus::Failed, error.is_some());
            format!("status {}", status.as_str())
        }
        Inbound::IdChange(change) => format!("id change {:?}", change.new.ids.external_phone_id),
        Inbound::Other { kind, .. } => format!("other {kind}"),
        other => panic!("WhatsApp has none of this: {other:?}"),
    }
}

#[test]
fn every_body_is_understood() {
    let Some(bodies) = bodies() else { return };
    let expected = [
        ("can_build_a_button_notification", "choice of WHATSAPP_ID: No"),
        ("can_build_a_button_reply_notification", "choice of PHONE_NUMBER_ID: button-text"),
        ("can_build_a_contact_notification", "contacts of WHATSAPP_ID: -"),
        ("can_build_a_flow_notification", "form of PHONE_NUMBER_ID: name: Email\norderNumber: ID"),
        ("can_build_a_forwarded_notification", "text of WHATSAPP_ID: MESSAGE_BODY"),
        ("can_build_a_list_notification", "choice of PHONE_NUMBER_ID: list_reply_title"),
        ("can_build_a_location_notification", "location of WHATSAPP_ID: -"),
        ("can_build_a_marketing_status_notification", "status delivered"),
        ("can_build_a_notification", "choice of WHATSAPP_ID: No"),
        ("can_build_a_notification_with_bsuid_only_and_no_from", "text of BSUID_123: MESSAGE_BODY"),
        ("can_build_a_reaction_notification", "reaction of PHONE_NUMBER: -"),
        ("can_build_a_removed_reaction_notification", "reaction of PHONE_NUMBER: -"),
        ("can_build_a_service_status_notification", "status delivered"),
        ("can_build_a_status_conversation_initiated_notification", "status read"),
        ("can_build_a_status_notification", "status read"),
        ("can_build_a_status_notification_with_errors", "status failed"),
        ("can_build_a_status_notification_without_expiration_time", "status delivered"),
        ("can_build_a_status_with_pricing_notification", "status delivered"),
        ("can_build_a_sticker_notification", "media of ID: -"),
        ("can_build_a_system_notification", "id change Some(\"NEW_PHONE_NUMBER_ID\")"),
        ("can_build_a_text_notification", "text of PHONE_NUMBER: MESSAGE_BODY"),
        ("can_build_an_authentication_status_notification", "status delivered"),
        ("can_build_an_document_notification", "media of WHATSAPP_ID: CAPTION_TEXT"),
        ("can_build_an_image_notification", "media of WHATSAPP_ID: CAPTION_TEXT"),
        ("can_build_an_order_notification", "unsupported of PHONE_NUMBER_ID: text-message-sent-along-with-the-order"),
        ("can_build_an_unknown_notification", "unsupported of WHATSAPP_ID: -"),
        ("can_build_an_utility_status_notification", "status delivered"),
        // Both of its messages have the same id, and an id counts once.
        ("can_build_multiple_text_notification", "text of PHONE_NUMBER: MESSAGE_BODY"),
        ("can_keep_wa_id_priority_when_user_id_is_present", "text of WHATSAPP_ID: MESSAGE_BODY"),
        ("without_contact_profile_can_build_a_notification", "text of PHONE_NUMBER: MESSAGE_BODY"),
    ];
    for (name, body) in &bodies {
        let summaries: Vec<String> = parse(body).unwrap().iter().map(summary).collect();
        match expected.iter().find(|(known, _)| known == name) {
            Some((_, expected)) => assert_eq!(summaries.join("; "), *expected, "{name}"),
            None => assert!(!summaries.is_empty(), "{name} says nothing"),
        }
    }
    for (name, _) in expected {
        assert!(bodies.contains_key(name), "{name} is missing");
    }
}

#[test]
fn what_a_body_holds_besides_words_is_read() {
    let Some(bodies) = bodies() else { return };
    let message = |name: &str| match parse(&bodies[name]).unwrap().remove(0) {
        Inbound::Message(message) => *message,
        other => panic!("{name}: {other:?}"),
    };
    let ad = message("can_build_a_notification");
    assert!(ad.forwarded);
    assert_eq!(ad.referral.unwrap().source_id.as_deref(), Some("ADID"));

    let both = message("can_keep_wa_id_priority_when_user_id_is_present");
    let ids = |message: InboundMessage| (message.sender.ids.external_phone_id, message.sender.ids.external_user_id);
    assert_eq!(ids(both), (Some("WHATSAPP_ID".to_owned()), Some("BSUID_123".to_owned())));
    assert_eq!(ids(message("can_build_a_notification_with_bsuid_only_and_no_from")).0, None);
    assert_eq!(message("can_build_a_contact_notification").own_contact(), None);

    let Inbound::IdChange(change) = parse(&bodies["can_build_a_system_notification"]).unwrap().remove(0) else {
        panic!("a change of ids")
    };
    assert_eq!(change.old.external_phone_id.as_deref(), Some("OLD_PHONE_NUMBER_ID"));
    assert_eq!(change.new.ids.external_phone_id.as_deref(), Some("NEW_PHONE_NUMBER_ID"));

    let Content::Unsupported { reason } = message("can_build_an_unknown_notification").content else {
        panic!("unsupported")
    };
    assert_eq!(reason, "WhatsApp does not support this type of message.");
    let Content::Reaction { emoji, .. } = message("can_build_a_removed_reaction_notification").content else {
        panic!("a reaction")
    };
    assert_eq!(emoji, None);
}
