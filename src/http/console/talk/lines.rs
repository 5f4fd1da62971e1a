//! What a conversation shows line by line: its messages, the days between them, and what happened besides.

use super::super::frame::Frame;
use super::super::view::{Html, escape};
use crate::domain::channel::{MessageKind, MessageStatus, Offers};
use crate::domain::ids::MessageId;
use crate::domain::masked::mask;
use crate::domain::media_type::is_picture;
use crate::store::lead_activity::Done;
use crate::store::past_messages::PastMessage;
use crate::store::talk::{Said, ShownMedium, Writer};

/// How messages are shown.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Whether numbers and addresses are masked.
    pub(super) masked: bool,
    /// Which reference is marked.
    pub(super) correlation_id: Option<&'a str>,
    /// The path of the lead's page.
    pub(super) lead: &'a str,
}

/// A line of a conversation.
pub enum Line {
    /// A day begins.
    Day(String),
    /// A message.
    Message(Message),
    /// For people of the business alone: what happened, and when exactly.
    Note(String, String),
}

/// A message as it is shown.
pub struct Message {
    /// Names it in links.
    pub id: MessageId,
    /// Who wrote it, and what became of it.
    pub by: String,
    /// `out`, `out person` or empty.
    pub class: &'static str,
    /// The words, with references marked.
    pub text: Html,
    /// When, exactly.
    pub exact: String,
    /// Why it did not get through.
    pub error: Option<String>,
    /// What there was to press below it.
    pub buttons: Option<String>,
    /// Whether the words are its own, and not ours for what it holds.
    pub is_said: bool,
    /// A picture, a sound or a file that came with it.
    pub medium: Option<Medium>,
}

impl Message {
    /// Whether there are words beside a medium that is shown.
    pub fn has_words(&self) -> bool {
        self.is_said || !matches!(self.medium, Some(Medium::Picture(_) | Medium::File(..)))
    }
}

/// A medium as a conversation shows it.
pub enum Medium {
    /// A picture, shown from its path.
    Picture(String),
    /// A file: its path, and its name and size.
    File(String, String),
    /// It is not here: why.
    Missing(String),
}

/// Messages with the days and the handovers between them.
pub(super) fn lines(
    frame: &Frame,
    (said, handovers): (&[Said], &[&Done]),
    person: &str,
    shown: Shown<'_>,
) -> Vec<Line> {
    let (mut lines, mut day, mut handovers) = (Vec::new(), String::new(), handovers.iter().peekable());
    let note = |done: &Done| Line::Note(format!("Handed over to a person. {}", done.text), frame.times.exact(done.at));
    for one in said {
        lines.extend(std::iter::from_fn(|| handovers.next_if(|done| done.at < one.at)).map(|done| note(done)));
        let of_message = frame.times.day(one.at);
        if of_message != day {
            lines.push(Line::Day(of_message.clone()));
            day = of_message;
        }
        lines.push(Line::Message(message(frame, one, person, shown)));
    }
    lines.extend(handovers.map(|done| note(done)));
    lines
}

/// What was written in the platform's own app before.
pub struct Past {
    /// The newest messages, with the days between.
    pub lines: Vec<Line>,
    /// How many of how many are shown, where it is not all of them.
    pub of_all: Option<String>,
}

/// Past messages as lines; `newest` comes newest first, with how many there are.
pub(super) fn past_lines(
    frame: &Frame,
    (newest, count): (Vec<PastMessage>, i64),
    person: &str,
    shown: Shown<'_>,
) -> Option<Past> {
    let is_all = i64::try_from(newest.len()).is_ok_and(|shown| shown >= count);
    let of_all = (!is_all).then(|| format!("The newest {} of {count} messages", newest.len()));
    let said: Vec<Said> = newest.into_iter().rev().map(past_said).collect();
    (!said.is_empty()).then(|| Past { lines: lines(frame, (&said, &[]), person, shown), of_all })
}

fn past_said(past: PastMessage) -> Said {
    Said {
        // No message of today's has a key below zero.
        id: MessageId(-past.id),
        writer: if past.is_ours { Writer::App } else { Writer::Person },
        kind: past.kind,
        text: past.text,
        status: if past.is_ours { MessageStatus::Sent } else { MessageStatus::Received },
        error: None,
        at: past.sent_at,
        is_revoked: false,
        offers: None,
        medium: None,
    }
}

pub(super) fn message(frame: &Frame, said: &Said, person: &str, shown: Shown<'_>) -> Message {
    let (by, class) = match &said.writer {
        Writer::Person => (person.to_owned(), ""),
        Writer::Agent { with_model: false } => ("Agent".to_owned(), "out"),
        Writer::Agent { with_model: true } => ("Agent, with the model".to_owned(), "out"),
        Writer::Colleague(name) => (name.clone().unwrap_or_else(|| "A colleague".to_owned()), "out person"),
        Writer::App => ("A colleague, in the app".to_owned(), "out person"),
    };
    let state = match said.status {
        MessageStatus::Received | MessageStatus::Sent => None,
        MessageStatus::Queued => Some("being sent"),
        MessageStatus::Failed => Some("not sent"),
        MessageStatus::Cancelled => Some("not sent: a person answered first"),
        MessageStatus::Delivered => Some("delivered"),
        MessageStatus::Read => Some("read"),
    };
    let state = if said.is_revoked { Some("taken back") } else { state };
    let by = [Some(by.as_str()).filter(|by| !by.is_empty()), Some(&frame.times.clock(said.at)), state];
    Message {
        id: said.id,
        by: by.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        class,
        text: words(said, shown),
        is_said: said.text.as_deref().is_some_and(|text| !text.trim().is_empty()),
        exact: frame.times.exact(said.at),
        buttons: said.offers.as_deref().and_then(buttons),
        medium: said.medium.as_ref().and_then(|found| medium(found, said.id, shown)),
        error: said.error.clone().filter(|_| said.status == MessageStatus::Failed),
    }
}

/// What is shown of a medium; nothing to who may not read numbers: it may show one.
fn medium(found: &ShownMedium, message: MessageId, shown: Shown<'_>) -> Option<Medium> {
    let path = || format!("{}/media/{message}", shown.lead);
    match (&found.media_type, &found.error) {
        _ if shown.masked => None,
        (Some(media_type), _) if is_picture(media_type) => Some(Medium::Picture(path())),
        (Some(_), _) => {
            let name = found.filename.clone().unwrap_or_else(|| "File".to_owned());
            Some(Medium::File(path(), format!("{name} · {} KB", found.bytes.unwrap_or(0) / 1_024 + 1)))
        }
        (None, Some(why)) if !found.is_due => Some(Medium::Missing(format!("It was not fetched: {why}"))),
        (None, _) => Some(Medium::Missing("It is being fetched.".to_owned())),
    }
}

/// The words of the buttons below a message.
fn buttons(offers: &str) -> Option<String> {
    match serde_json::from_str(offers).ok()? {
        Offers::Choices { options, .. } => Some(options.join(" · ")),
        Offers::OwnContact(words) => Some(words),
        Offers::Nothing => None,
    }
}

/// The words of a message, with the reference marked as such.
fn words(said: &Said, shown: Shown<'_>) -> Html {
    let correlation_id = shown.correlation_id;
    let shown = |text: &str| if shown.masked { mask(text) } else { text.to_owned() };
    if let Some(text) = said.text.as_deref().filter(|text| !text.trim().is_empty()) {
        let text = escape(&shown(text));
        return Html(match correlation_id {
            Some(id) => text.replace(id, &format!(r#"<span class="ref">{id}</span>"#)),
            None => text,
        });
    }
    let what = match said.kind {
        MessageKind::Media => "A picture, a sound or a file",
        MessageKind::Location => "A place",
        MessageKind::Contacts => "A contact card",
        MessageKind::Reaction => "A reaction",
        MessageKind::Revoke => "Took a message back",
        MessageKind::Unsupported => "Something that the platform does not pass on",
        _ => "Nothing is kept of it",
    };
    Html(format!(r#"<span class="muted">{what}</span>"#))
}
