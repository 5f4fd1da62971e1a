//! What a message holds besides words, and the words in it, by its type.

use super::errors::{self, PlatformError};
use super::json::{at, items, text};
use serde_json::Value;

/// Answers of a flow that are read.
const ANSWERS_MAX: usize = 100;

/// The kinds of content that something is done with; the rest stays in the message's raw JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Words and nothing else.
    Text,
    /// A button or a list entry that was pressed; its title is the message's text.
    Choice {
        /// The id or payload that the business gave it.
        id: Option<String>,
    },
    /// A form filled in inside WhatsApp: names and values, without the platform's own; the message's text lists them.
    Flow(Vec<(String, String)>),
    /// Image, video, audio, document or sticker; a caption is the message's text.
    Media {
        /// The id to fetch it by.
        id: Option<String>,
        /// Its type, as `image/jpeg`.
        mime_type: Option<String>,
        /// A document's name.
        filename: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees as the platform writes them.
        latitude: Option<String>,
        /// Degrees as the platform writes them.
        longitude: Option<String>,
        /// What is there.
        name: Option<String>,
        /// Where that is.
        address: Option<String>,
    },
    /// Cards of an address book.
    Contacts(Vec<SharedContact>),
    /// A reaction to another message.
    Reaction {
        /// The other message's id.
        message_id: Option<String>,
        /// `None` takes an earlier reaction back.
        emoji: Option<String>,
    },
    /// The platform tells that the person is known by other ids from now on. Nobody said anything.
    IdChange(IdChange),
    /// The platform could not pass the message on.
    Unsupported(Vec<PlatformError>),
    /// Anything else.
    Other,
}

/// A card of an address book that the person sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedContact {
    /// The name on it.
    pub name: Option<String>,
    /// Whether it is the sender's own: one of its numbers is theirs, or they were asked for it by the platform's button.
    pub own: bool,
    /// Its numbers.
    pub phones: Vec<SharedPhone>,
}

/// A number on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPhone {
    /// As written on the card.
    pub phone: Option<String>,
    /// The WhatsApp account behind it: the number's digits.
    pub wa_id: Option<String>,
}

/// Old and new ids of a person. Whichever are missing did not change or are not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdChange {
    /// The number before.
    pub old_wa_id: Option<String>,
    /// The number from now on.
    pub new_wa_id: Option<String>,
    /// The business-scoped id before.
    pub old_user_id: Option<String>,
    /// The business-scoped id from now on.
    pub new_user_id: Option<String>,
}

/// The content of a message of type `kind` that came from `wa_id`.
pub(super) fn read(message: &Value, kind: &str, wa_id: Option<&str>) -> Content {
    let get = |key: &str| text(message, &[kind, key]);
    match kind {
        "text" => Content::Text,
        "button" => Content::Choice { id: get("payload") },
        "interactive" => read_interactive(&message[kind]),
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => {
            Content::Media { id: get("id"), mime_type: get("mime_type"), filename: get("filename") }
        }
        "location" => Content::Location {
            latitude: get("latitude"),
            longitude: get("longitude"),
            name: get("name"),
            address: get("address"),
        },
        "contacts" => Content::Contacts(read_contacts(message, wa_id)),
        "reaction" => Content::Reaction { message_id: get("message_id"), emoji: get("emoji") },
        "system" => read_id_change(message).map_or(Content::Other, Content::IdChange),
        _ => match errors::read(message) {
            errors if errors.is_empty() => Content::Other,
            errors => Content::Unsupported(errors),
        },
    }
}

/// What the person said: the words of any type of message. `None` where there are none, as in a picture without a
/// caption, a reaction, or what the platform says itself.
pub(super) fn said(message: &Value, kind: &str, content: &Content) -> Option<String> {
    let get = |key: &str| text(message, &[kind, key]);
    match (kind, content) {
        ("system" | "reaction" | "location" | "contacts", _) => None,
        (_, Content::Flow(answers)) if !answers.is_empty() => {
            let lines: Vec<String> = answers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            Some(lines.join("\n"))
        }
        ("interactive", _) => ["button_reply", "list_reply"]
            .into_iter()
            .find_map(|reply| text(message, &[kind, reply, "title"]))
            .or_else(|| text(message, &[kind, "nfm_reply", "body"])),
        _ => ["body", "text", "caption", "title"].into_iter().find_map(get),
    }
}

fn read_interactive(interactive: &Value) -> Content {
    if let Some(answers) = text(interactive, &["nfm_reply", "response_json"]) {
        return Content::Flow(read_answers(&answers));
    }
    let id = ["button_reply", "list_reply"].into_iter().find_map(|reply| text(interactive, &[reply, "id"]));
    if id.is_some() { Content::Choice { id } } else { Content::Other }
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
        let sends_own = sender.is_some() && phones.iter().any(|phone| phone.wa_id.as_deref() == sender);
        let own = sends_own || asked_for(card) || asked_for(message);
        let name = text(card, &["name", "formatted_name"]).or_else(|| text(card, &["name", "first_name"]));
        SharedContact { name, own, phones }
    };
    items(message, &["contacts"]).iter().map(read).collect()
}

fn read_phone(phone: &Value) -> SharedPhone {
    SharedPhone { phone: text(phone, &["phone"]), wa_id: text(phone, &["wa_id"]) }
}

/// `user_changed_number` and `user_changed_user_id`, also under the names that older versions gave them.
fn read_id_change(message: &Value) -> Option<IdChange> {
    let system = at(message, &["system"])?;
    let get = |key: &str| text(system, &[key]);
    let change = IdChange {
        old_wa_id: get("customer").or_else(|| text(message, &["from"])),
        new_wa_id: get("wa_id").or_else(|| get("new_wa_id")),
        old_user_id: get("previous_user_id"),
        new_user_id: get("user_id").or_else(|| text(message, &["from_user_id"])),
    };
    let kind = get("type")?;
    kind.contains("changed")
        .then_some(change)
        .filter(|change| change.new_wa_id.is_some() || change.new_user_id.is_some())
}
