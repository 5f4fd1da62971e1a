//! Makes of the agent's words the messages that go out: with what the platform's own ways add to them, in parts that it takes, and
//! with what to answer them by.

use super::load_turn::Turn;
use super::{offers, words};
use crate::agent::{self, State};
use crate::channels::shows;
use crate::core::Core;
use crate::domain::channel::{ChannelKind, MessageKind, Offers};
use crate::domain::form::Form;
use crate::domain::ids::MessageId;
use crate::domain::text::split;
use crate::store::messages::Unread;

/// A reply in the making.
pub struct Reply {
    /// Row key, above the messages that it answers.
    pub id: MessageId,
    /// A UUID.
    pub reply_id: String,
    /// What to say.
    pub text: String,
    /// What to answer it by, JSON.
    pub offers: Option<String>,
}

/// The messages of a turn; none where the agent says nothing. `before` is what it remembered before.
pub(super) fn compose(
    core: &Core,
    turn: &Turn,
    (kind, form): (ChannelKind, &Form),
    before: &State,
    output: &agent::Turn,
) -> anyhow::Result<Vec<Reply>> {
    let Some(said) = &output.reply else { return Ok(Vec::new()) };
    let text = |said: &str| with_platforms_words(turn, form, said);
    let question = output.list_begins.and_then(|at| said.get(..at)).map(text);
    let said = Said { text: text(said), question, offers: offers::of_turn(form, before, &output.state) };
    compose_parts(core, kind, turn.leased.newest_message, said)
}

/// What is to be said.
pub(super) struct Said {
    /// The words.
    pub(super) text: String,
    /// The words without the list of a question's options, where they have one.
    pub(super) question: Option<String>,
    /// What to answer it by.
    pub(super) offers: Option<Offers>,
}

/// The messages of what is said, above the conversation's newest message.
pub(super) fn compose_parts(
    core: &Core,
    kind: ChannelKind,
    newest_message: Option<MessageId>,
    said: Said,
) -> anyhow::Result<Vec<Reply>> {
    let Said { text, question, offers } = said;
    // What the platform shows below the text need not be listed in it.
    let question = question.unwrap_or_else(|| text.clone());
    let offers = offers.filter(|offers| shows(kind, &question, offers));
    let text = if offers.is_some() { question } else { text };
    let offers = offers.map(|offers| serde_json::to_string(&offers)).transpose()?;
    let (now, mut newest) = (core.clock.now(), newest_message.unwrap_or(MessageId(0)));
    let parts = split(&text, kind.text_units_max());
    let count = parts.len();
    let reply = |(place, part): (usize, &str)| {
        newest = core.row_keys.next_above(now, newest);
        Reply {
            id: newest,
            reply_id: core.random.uuid().to_string(),
            text: part.to_owned(),
            offers: offers.clone().filter(|_| place + 1 == count),
        }
    };
    Ok(parts.into_iter().enumerate().map(reply).collect())
}

fn with_platforms_words(turn: &Turn, form: &Form, said: &str) -> String {
    let words = words::of(&form.language);
    let mut text = said.to_owned();
    if turn.unread.iter().any(is_others_card) {
        text = format!("{} {text}", words.others_card);
    }
    if turn.is_reference_wanted {
        text = format!("{text}\n\n{}", words.paste_reference);
    }
    text
}

/// A card of which nobody knows that it is the person's own.
pub(super) fn is_others_card(message: &Unread) -> bool {
    message.kind == MessageKind::Contacts && message.contact.is_none()
}
