//! What a message holds besides words, and the words in it.

use serde_json::Value;

use crate::channels::json::{at, items, text};
use crate::channels::{Content, SharedContact, SharedPhone};

/// Kinds of message that nobody here can read.
const UNREADABLE: [&str; 9] =
    ["poll", "dice", "game", "story", "paid_media", "checklist", "giveaway", "invoice", "web_app_data"];
/// Kinds of message that are fetched by a file's id.
const FILES: [&str; 8] = ["animation", "audio", "document", "sticker", "video", "video_note", "voice", "live_photo"];

/// The content of a message that `sender` wrote.
pub(super) fn read(message: &Value, sender: Option<&str>) -> Content {
    let has = |key: &str| message.get(key).is_some_and(|value| !value.is_null());
    if has("contact") {
        return Content::Contacts(vec![read_contact(&message["contact"], sender)]);
    }
    if has("venue") || has("location") {
        return read_place(message);
    }
    if let Some(photo) = items(message, &["photo"]).last() {
        let mime_type = Some("image/jpeg".to_owned());
        return Content::Media { id: text(photo, &["file_id"]), mime_type, filename: None, sha256: None };
    }
    if let Some(kind) = FILES.into_iter().find(|kind| message[*kind].is_object()) {
        let get = |key: &str| text(message, &[kind, key]);
        return Content::Media {
            id: get("file_id"),
            mime_type: get("mime_type"),
            filename: get("file_name"),
            sha256: None,
        };
    }
    if let Some(kind) = UNREADABLE.into_iter().find(|kind| has(kind)) {
        let kind = kind.replace('_', " ");
        return Content::Unsupported { reason: format!("The person sent something that is no text: {kind}.") };
    }
    match text(message, &["text"]) {
        Some(text) if is_start(&text) => Content::Start,
        Some(_) => Content::Text,
        None => Content::Other,
    }
}

/// The words of a message. A command to `bot` in full, `/start@bot O-…`, is the command alone.
pub(super) fn said(message: &Value, bot: &str) -> Option<String> {
    let text = text(message, &["text"]).or_else(|| text(message, &["caption"]))?;
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    let command = first.split_once('@').filter(|(command, name)| {
        command.len() > 1 && command.starts_with('/') && !bot.is_empty() && name.eq_ignore_ascii_case(bot)
    });
    Some(command.map_or_else(|| text.clone(), |(command, _)| format!("{command}{rest}")))
}

/// Whether a text is what Telegram makes of its own button: `/start`, with at most one word behind it.
pub(super) fn is_start(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_command = words.next().is_some_and(|first| first.split('@').next() == Some("/start"));
    is_command && words.count() <= 1
}

/// The card is the sender's own where it has their id: Telegram's server sets it.
fn read_contact(card: &Value, sender: Option<&str>) -> SharedContact {
    let own = sender.is_some() && text(card, &["user_id"]).as_deref() == sender;
    let names = [text(card, &["first_name"]), text(card, &["last_name"])];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let phone = text(card, &["phone_number"]).map(|number| with_plus(&number));
    SharedContact {
        name: (!name.is_empty()).then_some(name),
        own,
        phones: vec![SharedPhone { phone, external_phone_id: None }],
        emails: Vec::new(),
    }
}

/// Telegram writes numbers with their country's code, and often without the plus.
fn with_plus(number: &str) -> String {
    let number = number.trim();
    if number.starts_with(|first: char| first.is_ascii_digit()) { format!("+{number}") } else { number.to_owned() }
}

fn read_place(message: &Value) -> Content {
    let place = at(message, &["venue", "location"]).or_else(|| message.get("location")).unwrap_or(&Value::Null);
    Content::Location {
        latitude: text(place, &["latitude"]),
        longitude: text(place, &["longitude"]),
        name: text(message, &["venue", "title"]),
        address: text(message, &["venue", "address"]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_command_itself_is_a_start() {
        for text in ["/start", "/start O-aB3dE9z", "/start@shop_bot O-aB3dE9z", " /start promo "] {
            assert!(is_start(text), "{text:?}");
        }
        for text in ["start", "/started", "/start O-aB3dE9z I want to book", "hello /start", ""] {
            assert!(!is_start(text), "{text:?}");
        }
    }

    #[test]
    fn a_command_loses_the_name_of_our_bot_and_of_no_other() {
        let check = |text: &str, expected: &str| {
            assert_eq!(said(&json!({"text": text}), "shop_bot").as_deref(), Some(expected));
        };
        check("/start@Shop_Bot O-aB3dE9z", "/start O-aB3dE9z");
        check("/stop@shop_bot", "/stop");
        check("/start@other_bot O-aB3dE9z", "/start@other_bot O-aB3dE9z");
        check("mei@shop_bot", "mei@shop_bot");
        assert_eq!(said(&json!({"caption": "my bike"}), "shop_bot").as_deref(), Some("my bike"));
    }

    #[test]
    fn a_card_is_the_senders_own_by_its_id_alone() {
        let card = |id: Value, sender| {
            let message = json!({"contact": {"phone_number": "6591234567", "first_name": "Mei", "user_id": id}});
            let Content::Contacts(cards) = read(&message, sender) else { panic!("a card") };
            (cards[0].own, cards[0].phone().map(str::to_owned))
        };
        assert_eq!(card(json!(7), Some("7")), (true, Some("+6591234567".to_owned())));
        assert!(!card(json!(8), Some("7")).0);
        assert!(!card(Value::Null, Some("7")).0);
        assert!(!card(Value::Null, None).0);
    }
}
