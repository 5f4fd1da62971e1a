//! Makes the agent's input of unread messages: in the order in which they were written, with corrected words in the place of the
//! first ones, without what was taken back and what is no speech.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::agent::{Incoming, Message, Paused, State};
use crate::domain::channel::MessageKind;
use crate::domain::time::Timestamp;
use crate::store::messages::Unread;

/// When the person last said something of it.
pub(super) fn newest_speech(unread: &[Unread]) -> Option<Timestamp> {
    unread.iter().filter(|message| message.kind.is_speech()).map(|message| message.written_at).max()
}

/// The messages of a turn as the agent reads them, oldest first.
pub(super) fn incoming(unread: &[Unread], state: &State) -> Vec<Incoming> {
    let mut ordered: Vec<&Unread> = unread.iter().collect();
    ordered.sort_by_key(|message| (message.written_at, message.id));
    let here: HashSet<&str> = ordered.iter().filter_map(|message| message.external_id.as_deref()).collect();
    let mut revoked: HashSet<&str> = HashSet::new();
    // The newest words of each message that is unread as well.
    let mut edited: HashMap<&str, &Unread> = HashMap::new();
    for message in &ordered {
        let Some(original) = message.original_id.as_deref() else { continue };
        match message.kind {
            MessageKind::Revoke => {
                revoked.insert(original);
            }
            MessageKind::Edit if here.contains(original) => {
                edited.insert(original, message);
            }
            _ => {}
        }
    }
    let id = |message: &Unread| message.external_id.as_deref().unwrap_or_default().to_owned();
    let is_read = |message: &&&Unread| {
        let is_applied = message.kind == MessageKind::Edit
            && message.original_id.as_deref().is_some_and(|original| here.contains(original));
        let of = message.original_id.as_deref().unwrap_or_default();
        let is_taken_back = message.is_revoked || revoked.contains(id(message).as_str()) || revoked.contains(of);
        message.kind.is_speech() && !is_applied && !is_taken_back
    };
    let read = |message: &&Unread| match edited.get(id(message).as_str()) {
        Some(edit) => Incoming::new(edit.text.clone().map_or(Message::Other, Message::Text), message.written_at),
        None => read_one(message, state),
    };
    ordered.iter().filter(is_read).map(read).collect()
}

fn read_one(message: &Unread, state: &State) -> Incoming {
    let corrected = message.original_written_at.filter(|_| message.kind == MessageKind::Edit);
    Incoming {
        message: content(message, state),
        at: corrected.unwrap_or(message.written_at),
        is_correction: corrected.is_some(),
    }
}

/// The sender's own card, as it is stored.
#[derive(Deserialize)]
struct Card {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

fn content(message: &Unread, state: &State) -> Message {
    if let Some(card) = message.contact.as_deref().and_then(|card| serde_json::from_str::<Card>(card).ok()) {
        return Message::Contact { name: card.name, phone: card.phone, email: card.email };
    }
    match (&message.text, message.kind) {
        // The platform's words and not the person's: nothing was said, but that they want to go on.
        (_, MessageKind::Start) if state.paused == Some(Paused::Stopped) => Message::Text("start".to_owned()),
        (_, MessageKind::Start) => Message::Text(String::new()),
        // The reply says what is wrong with a card that is not the person's own.
        (_, MessageKind::Contacts) => Message::Text(String::new()),
        (Some(text), MessageKind::Choice | MessageKind::Form) => {
            Message::Button { text: text.clone(), field: message.answers.clone() }
        }
        (Some(text), _) => Message::Text(text.clone()),
        _ => Message::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::MessageId;
    use crate::domain::time::SignedDuration;

    /// A message, by its kind, the message that it is about, and its words. The first ones were written last.
    fn unread(messages: &[(MessageKind, Option<&str>, &str)]) -> Vec<Unread> {
        let message = |(nth, (kind, original, text)): (usize, &(MessageKind, Option<&str>, &str))| Unread {
            id: MessageId(i64::try_from(nth).unwrap()),
            external_id: Some(format!("wamid.{nth}")),
            original_id: original.map(str::to_owned),
            original_written_at: None,
            written_at: Timestamp::UNIX_EPOCH - SignedDuration::from_secs(i64::try_from(nth).unwrap()),
            is_revoked: false,
            kind: *kind,
            text: Some((*text).to_owned()),
            contact: None,
            answers: None,
        };
        messages.iter().enumerate().map(message).collect()
    }

    fn check(messages: &[(MessageKind, Option<&str>, &str)], expected: &[&str]) {
        let words = |incoming: Incoming| match incoming.message {
            Message::Text(text) => text,
            other => format!("{other:?}"),
        };
        let read: Vec<_> = incoming(&unread(messages), &State::default()).into_iter().map(words).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn opening_the_chat_says_nothing_but_to_go_on() {
        let messages = unread(&[(MessageKind::Start, None, "/start O-aB3dE9z")]);
        let read = |paused| {
            let state = State { paused, ..State::default() };
            incoming(&messages, &state).remove(0).message
        };
        assert_eq!(read(None), Message::Text(String::new()));
        assert_eq!(read(Some(Paused::Stopped)), Message::Text("start".to_owned()));
    }

    #[test]
    fn messages_are_read_in_the_order_in_which_they_were_written() {
        check(&[(MessageKind::Text, None, "start"), (MessageKind::Text, None, "stop")], &["stop", "start"]);
    }

    #[test]
    fn an_edit_is_read_once_in_the_place_of_its_message() {
        let edit = (MessageKind::Edit, Some("wamid.1"), "new");
        check(&[edit, (MessageKind::Text, None, "old"), (MessageKind::Text, None, "first")], &["first", "new"]);
        let of_one_that_was_read = (MessageKind::Edit, Some("wamid.9"), "new");
        check(&[of_one_that_was_read, (MessageKind::Text, None, "first")], &["first", "new"]);
    }

    #[test]
    fn what_is_no_speech_or_was_taken_back_is_not_read() {
        let others = [MessageKind::Reaction, MessageKind::Other].map(|kind| (kind, None, "words"));
        check(&others, &[]);
        let revoke = (MessageKind::Revoke, Some("wamid.1"), "");
        check(&[revoke, (MessageKind::Text, None, "taken back"), (MessageKind::Text, None, "stays")], &["stays"]);
    }
}
