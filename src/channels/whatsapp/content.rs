//! What a message holds besides words, and the words in it, by its type.

use super::errors::{self, PlatformError};
use super::interactive;
use crate::channels::json::{at, items, text};
use crate::channels::{Content, SharedContact, SharedPhone};
use serde_json::Value;

/// Answers of a flow that are read.
const ANSWERS_MAX: usize = 100;

/// The content of a message of type `kind` that came from `wa_id`.
pub(super) fn read(message: &Value, kind: &str, wa_id: Option<&str>) -> Content {
    let get = |key: &str| text(message, &[kind, key]);
    match kind {
        "text" => Content::Text,
        "button" => Content::Choice { field: None },
        "interactive" => read_interactive(&message[kind]),
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => Content::Media {
            id: get("id"),
            mime_type: get("mime_type"),
            filename: get("filename"),
            sha256: get("sha256"),
        },
        "location" => Content::Location {
            latitude: get("latitude"),
            longitude: get("longitude"),
            name: get("name"),
            address: get("address"),
        },
        "contacts" => Content::Contacts(read_contacts(message, wa_id)),
        "reaction" => Content::Reaction { external_id: get("message_id"), emoji: get("emoji") },
        "edit" | "revoke" => match get("original_message_id") {
            Some(external_id) if kind == "edit" => Content::Edit { external_id },
            Some(external_id) => Content::Revoke { external_id },
            None => Content::Other,
        },
        "order" => Content::Unsupported { reason: "The person sent an order of the catalogue.".to_owned() },
        "unsupported" | "unknown" => match errors::read(message).first().map(PlatformError::explanation) {
            Some(reason) => Content::Unsupported { reason },
            None => Content::Other,
        },
        _ => Content::Other,
    }
}

/// What the person said: the words of any type of message. `None` where there are none, as in a picture without a
/// caption, a reaction, or what the platform says itself.
pub(super) fn said(message: &Value, kind: &str, content: &Content) -> Option<String> {
    let get = |key: &str| text(message, &[kind, key]);
    match (kind, content) {
        ("system" | "reaction" | "location" | "contacts" | "revoke", _) => None,
        ("edit", _) => {
            let edited = at(message, &["edit", "message"])?;
            let kind = text(edited, &["type"]).unwrap_or_else(|| "text".to_owned());
            // One edit holds no other.
            if kind == "edit" { None } else { said(edited, &kind, &Content::Other) }
        }
        (_, Content::Form(answers)) if !answers.is_empty() => {
            let lines: Vec<String> = answers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            Some(lines.join("\n"))
        }
        ("interactive", _) => pressed(&message[kind])
            .and_then(|reply| {
                // A title may be cut, the id has all of it.
                let id = text(reply, &["id"]);
                let offered = id.as_deref().and_then(interactive::offered);
                offered.map(|(_, option)| option.to_owned()).or_else(|| text(reply, &["title"]))
            })
            .or_else(|| text(message, &[kind, "nfm_reply", "body"])),
        _ => ["body", "text", "caption", "title"].into_iter().find_map(get),
    }
}

fn read_interactive(interactive: &Value) -> Content {
    if let Some(answers) = text(interactive, &["nfm_reply", "response_json"]) {
        return Content::Form(read_answers(&answers));
    }
    let Some(reply) = pressed(interactive) else { return Content::Other };
    let id = text(reply, &["id"]);
    Content::Choice { field: id.as_deref().and_then(interactive::offered).map(|(field, _)| field.to_owned()) }
}

/// The button or the list entry that was pressed.
fn pressed(interactive: &Value) -> Option<&Value> {
    ["button_reply", "list_reply"].into_iter().map(|reply| &interactive[reply]).find(|one| one.is_object())
}

/// The answers of a flow: `screen_0_first_name_1` is given out as `first name`.
fn read_answers(response_json: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(answers)) = serde_json::from_str(response_json) else { return Vec::new() };
    let said = answers.iter().filter(|(name, _)| *name != "flow_token").take(ANSWERS_MAX);
    said.filter_map(|(name, value)| Some((plain_name(name), plain_value(value)?))).collect()
}

fn plain_name(name: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut name = name;
    if let Some((number, rest)) = name.strip_prefix("screen_").and_then(|rest| rest.split_once('_'))
        && digits(number)
    {
        name = rest.rsplit_once('_').filter(|(_, number)| digits(number)).map_or(rest, |(bare, _)| bare);
    }
    name.replace('_', " ")
}

fn plain_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().take(ANSWERS_MAX).filter_map(plain_scalar).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        _ => None,
    }
}

fn plain_scalar(value: &Value) -> Option<String> {
    if value.is_array() { None } else { plain_value(value) }
}

fn read_contacts(message: &Value, sender: Option<&str>) -> Vec<SharedContact> {
    let asked_for = |value: &Value| text(value, &["origin"]).is_some_and(|origin| origin == "contact_request");
    let read = |card: &Value| {
        let phones: Vec<SharedPhone> = items(card, &["phones"]).iter().map(read_phone).collect();
        let sends_own = sender.is_some() && phones.iter().any(|phone| phone.external_phone_id.as_deref() == sender);
        let own = sends_own || asked_for(card) || asked_for(message);
        let name = text(card, &["name", "formatted_name"]).or_else(|| text(card, &["name", "first_name"]));
        let emails = items(card, &["emails"]).iter().filter_map(|email| text(email, &["email"])).collect();
        SharedContact { name, own, phones: senders_first(phones, sender), emails }
    };
    items(message, &["contacts"]).iter().map(read).collect()
}

/// The sender's own account, where it is on the card, before other ones.
fn senders_first(mut phones: Vec<SharedPhone>, sender: Option<&str>) -> Vec<SharedPhone> {
    phones.sort_by_key(|phone| sender.is_none() || phone.external_phone_id.as_deref() != sender);
    phones
}

fn read_phone(phone: &Value) -> SharedPhone {
    SharedPhone { phone: text(phone, &["phone"]), external_phone_id: text(phone, &["wa_id"]) }
}
