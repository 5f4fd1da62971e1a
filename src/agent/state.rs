//! The input and output of a turn, and the state between two turns.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::model::{Dropped, Help};
use super::reader::{Doubt, Taken};
use crate::domain::form::Form;
use crate::domain::generated_by::GeneratedBy;
use crate::domain::phone::{PhoneNumber, Region};

/// The known value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Normalised: see [`Taken::value`].
    pub value: String,
    /// In the person's words: see [`Taken::words`].
    pub words: String,
    /// When the person wrote it; `None` where the platform told it. What they wrote before that does not replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl From<&Taken> for Known {
    fn from(taken: &Taken) -> Self {
        Self { value: taken.value.clone(), words: taken.words.clone(), at: taken.at }
    }
}

/// One unread message and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What the person sent.
    pub message: Message,
    /// When they wrote it: decides what day "tomorrow" is, and what it may replace.
    pub at: Timestamp,
    /// Whether these are the corrected words of a message from that time, which the agent has read already.
    pub is_correction: bool,
}

impl Incoming {
    /// A message that was written at `at`.
    pub fn new(message: Message, at: Timestamp) -> Self {
        Self { message, at, is_correction: false }
    }
}

/// What one message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text by the person, or a caption.
    Text(String),
    /// The visible text of a button or list entry that the person chose.
    Button {
        /// The words of the option.
        text: String,
        /// The key of the field that it answers, where that is known; else the question that is open.
        field: Option<String>,
    },
    /// A contact card of the sender's own. Another person's card is [`Message::Other`].
    Contact {
        /// The name on the card.
        name: Option<String>,
        /// The number on the card, in any form.
        phone: Option<String>,
        /// The address on the card.
        email: Option<String>,
    },
    /// Anything without text: picture, sticker, voice, location, reaction.
    Other,
}

/// Why the agent does not reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paused {
    /// The person wrote "stop". "start" ends it.
    Stopped,
    /// The conversation was handed over to a person. Setting it to `None` ends it.
    HandedOver,
}

/// What the agent stores of a conversation besides the fields, as JSON. `State::default()` at first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Version of this shape. Fields may be added: an older one still parses.
    pub version: u32,
    /// The key of the question that is open.
    pub asked: Option<String>,
    /// How often each key was asked.
    pub asked_counts: BTreeMap<String, u32>,
    /// Keys whose wrong answer was explained.
    pub explained: Vec<String>,
    /// Keys of optional fields that the person declined.
    pub declined: Vec<String>,
    /// Whether the greeting was sent.
    pub greeted: bool,
    /// Why the agent does not reply, if so.
    pub paused: Option<Paused>,
    /// Whether the closing was sent.
    pub closed: bool,
    /// Whether a message after the closing got its reply.
    pub returned: bool,
    /// Whether there is no nudge any more: it was sent, or the person refused, wrote "stop" or is a person's now.
    #[serde(skip_serializing_if = "is_false")]
    pub no_nudge: bool,
    /// Why the person wrote, once known.
    pub intent: Option<String>,
    /// The language that the person changed the conversation to, such as `es`; `None` for the form's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// A value that was offered back, and waits for a yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<Doubt>,
    /// Values that a model found in the person's words, and that they were asked to confirm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// Keys of such values that they did not confirm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuted: Vec<String>,
    /// How often they did not.
    #[serde(skip_serializing_if = "is_zero")]
    pub refuted_times: u32,
    /// Whether a value was corrected, or found by a model: then there is reason to show all before the lead is complete.
    #[serde(skip_serializing_if = "is_false")]
    pub doubtful: bool,
    /// How often they were asked whether all that is known is right.
    #[serde(skip_serializing_if = "is_zero")]
    pub reviews: u32,
    /// Whether that is the question that is open.
    #[serde(skip_serializing_if = "is_false")]
    pub reviewing: bool,
    /// What they were asked whether they want it: `human` or `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_act: Option<String>,
    /// All that they were asked so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acts_asked: Vec<String>,
}

impl State {
    /// Whether all that is required is known, and the lead becomes complete unless the person changes something.
    pub fn is_in_review(&self) -> bool {
        self.reviews > 0 && !self.closed && self.paused.is_none()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A value that a model found in the person's words, and that only their yes makes theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The field's key.
    pub key: String,
    /// The exact part of the person's text.
    pub words: String,
    /// As it would be stored.
    pub value: String,
    /// What is stored now, where it would be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
}

/// Everything that a turn depends on.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The project's form.
    pub form: &'a Form,
    /// What is known so far, by key.
    pub known: &'a BTreeMap<String, Known>,
    /// The phone number that the channel provides, if any.
    pub channel_phone: Option<&'a PhoneNumber>,
    /// The state after the last turn.
    pub state: &'a State,
    /// Messages since the last turn, oldest first.
    pub messages: &'a [Incoming],
    /// Whether the channel's window is open: the newest message is young enough for a reply. Otherwise values are taken in silence.
    pub may_reply: bool,
    /// The project's region: decides what a national phone number means.
    pub region: Region,
    /// The project's time zone: decides what day "tomorrow" is.
    pub timezone: &'a TimeZone,
    /// The greeting of the widget, which the site prefilled: it is not the person's text.
    pub prefilled_greeting: Option<&'a str>,
    /// A model's help, where there is one and it answered.
    pub help: Option<&'a Help>,
    /// Whether the greeting says that the agent is automated.
    pub discloses: bool,
}

/// The outcome of a turn, besides its changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The conversation goes on as it was.
    #[default]
    None,
    /// All required fields are known, for the first time.
    Completed,
    /// The person wrote "stop" in this turn.
    Stopped,
    /// The conversation is handed over to a person in this turn.
    HandedOver,
}

/// The decision on a burst of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// New and changed values; each key at most once.
    pub changes: Vec<Taken>,
    /// The state for the next turn.
    pub state: State,
    /// The reply to send, if any.
    pub reply: Option<String>,
    /// Where in the reply the list of a question's options begins, at its end, in bytes: what shows them otherwise leaves it out.
    pub list_begins: Option<usize>,
    /// The outcome.
    pub outcome: Outcome,
    /// Why the person wrote, in their own words, once known; it does not change after that.
    pub intent: Option<String>,
    /// Who worded the reply.
    pub by: GeneratedBy,
    /// A question of the person's that nobody answered.
    pub unanswered: Option<String>,
    /// How much of the model's proposal does not count, by reason.
    pub dropped: Dropped,
}
