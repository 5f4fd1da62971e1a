//! Messages and events as a panel reads them.

use axum::response::sse::Event;
use serde::Serialize;
use serde_json::{Value, json};

use crate::channels::web::client_id;
use crate::chats::follow::ChatEvent;
use crate::domain::channel::Offers;
use crate::domain::time::with_milliseconds;
use crate::store::chat_lines::Line;

/// A message.
#[derive(Serialize)]
pub(super) struct MessageJson {
    seq: i64,
    /// `visitor`, `agent` or `person`.
    from: &'static str,
    text: String,
    at: String,
    /// The panel's own id of what the visitor wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// Who made the words, of messages to the visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    generated_by: Option<&'static str>,
    /// Answers to press, as long as nothing follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<ChoicesJson>,
}

/// Answers to a question.
#[derive(Serialize)]
struct ChoicesJson {
    /// What a press sends along: the key of the question's field, or nothing where they answer whether something is right.
    field: String,
    options: Vec<String>,
}

fn choices(offers: &str) -> Option<ChoicesJson> {
    match serde_json::from_str(offers).ok()? {
        Offers::Choices { field, options, .. } => Some(ChoicesJson { field, options }),
        Offers::OwnContact(_) | Offers::Nothing => None,
    }
}

impl From<&Line> for MessageJson {
    fn from(line: &Line) -> Self {
        let by = if line.user.is_some() { "person" } else { "agent" };
        Self {
            seq: line.seq,
            from: if line.is_visitors { "visitor" } else { by },
            text: line.text.clone().unwrap_or_default(),
            at: with_milliseconds(line.at),
            client_id: line.external_id.as_deref().filter(|_| line.is_visitors).and_then(client_id).map(str::to_owned),
            generated_by: (!line.is_visitors).then_some(by),
            choices: line.offers.as_deref().and_then(choices),
        }
    }
}

/// Messages in their order.
pub(super) fn messages(lines: &[Line]) -> Vec<MessageJson> {
    lines.iter().map(MessageJson::from).collect()
}

/// An event of the stream. Its id is the number up to which the panel has all messages.
pub(super) fn event(event: &ChatEvent) -> Event {
    let named = |name: &str, data: Value| Event::default().event(name).data(data.to_string());
    match event {
        ChatEvent::Message(line) => named("message", json!(MessageJson::from(line))).id(line.seq.to_string()),
        ChatEvent::Reset(lines, last) => {
            named("reset", json!({"messages": messages(lines), "last": last})).id(last.to_string())
        }
        ChatEvent::State(handling) => named("state", json!({"handling": handling.as_str()})),
        ChatEvent::Typing(typing) => named("typing", json!({"typing": typing})),
        ChatEvent::Read(seq) => named("read", json!({"seq": seq})),
        ChatEvent::Ended => named("state", json!({"handling": "ended"})),
    }
}
