//! The chat on a site's own pages. Nothing goes over the network to another platform: visitors bring their messages to us, and fetch
//! ours by number (`store::chats`).

use serde_json::json;

use super::{Content, Finding, FindingState, Inbound, InboundMessage, SendOutcome};
use crate::domain::channel::{Person, PersonIds, Route};
use crate::domain::correlation::{Candidate, find_correlation_ids};

/// A message that a visitor wrote in the panel.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    /// The channel's id of the visitor.
    pub visitor: &'a str,
    /// The panel's id of the message: the same one twice is one message.
    pub client_id: &'a str,
    /// The words.
    pub text: &'a str,
    /// The key of the field that they answer, where the visitor pressed one of the answers that our question had.
    pub field: Option<&'a str>,
    /// The click that brought the visitor here, as their browser names it.
    pub correlation_id: Option<&'a str>,
    /// The language of the page or of the browser.
    pub language: Option<&'a str>,
    /// The address of the page.
    pub page: Option<&'a str>,
}

/// The channel's id of a message: other visitors may have given theirs the same one.
pub fn external_id(visitor: &str, client_id: &str) -> String {
    format!("{visitor}/{client_id}")
}

/// The panel's id of a message that [`external_id`] names.
pub fn client_id(external_id: &str) -> Option<&str> {
    external_id.split_once('/').map(|(_, client_id)| client_id)
}

/// The message as any platform's.
pub fn inbound(posted: Posted<'_>) -> Inbound {
    let Posted { visitor, client_id, text, field, correlation_id, language, page } = posted;
    let mut references = find_correlation_ids(text);
    // The browser names the id exactly: nothing is to be repaired.
    let named: Vec<Candidate> = correlation_id.map(find_correlation_ids).unwrap_or_default();
    references.extend(named.into_iter().filter(|candidate| candidate.exact.is_some()));
    let ids = PersonIds { external_user_id: Some(visitor.to_owned()), external_phone_id: None };
    Inbound::Message(Box::new(InboundMessage {
        channel: None,
        external_id: external_id(visitor, client_id),
        sender: Person { ids, language: language.map(str::to_owned), ..Person::default() },
        route: Route::default(),
        sent_at: None,
        text: Some(text.to_owned()),
        references,
        content: field.map_or(Content::Text, |field| Content::Choice { field: Some(field.to_owned()) }),
        forwarded: false,
        referral: None,
        raw: json!({"client_id": client_id, "text": text, "field": field, "page": page}).to_string(),
    }))
}

/// What becomes of a reply that is to be sent: none is, since it is with the visitor once it has its number.
pub(super) fn send() -> SendOutcome {
    SendOutcome::GiveUp { code: None, reason: "The chat on the page takes its messages itself.".to_owned() }
}

/// What there is to say of the set-up: all of it is ours.
pub(super) fn check() -> Vec<Finding> {
    vec![Finding::new("Chat", FindingState::Fine, "The chat is served from here: nothing else has to be set up.")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_reference_counts_beside_those_in_the_words() {
        let posted = Posted {
            visitor: "a",
            client_id: "1",
            text: "O-1234567 brought me",
            field: None,
            correlation_id: Some("O-aB3dE9z"),
            language: None,
            page: None,
        };
        let references = |posted| match inbound(posted) {
            Inbound::Message(message) => message.references.len(),
            _ => 0,
        };
        assert_eq!(references(posted), 2);
        assert_eq!(references(Posted { correlation_id: Some("O-short"), ..posted }), 1);
        assert_eq!(client_id(&external_id("a", "x/1")), Some("x/1"));
    }
}
