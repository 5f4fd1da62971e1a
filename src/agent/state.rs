//! What the agent keeps between two turns, what it is given and what it answers.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::read::Taken;
use crate::domain::form::Form;
use crate::domain::phone::{PhoneNumber, Region};

/// What is known of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Normalised, see [`Taken::value`].
    pub value: String,
    /// In the person's words, see [`Taken::words`].
    pub words: String,
}

/// One unread message, in the order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Written by the person; a caption counts.
    Text(String),
    /// A button or list entry that the person chose, as its visible text.
    Button(String),
    /// A contact card of the sender's own. Another person's card is [`Message::Other`].
    Contact {
        /// The name on the card.
        name: Option<String>,
        /// The number on the card, in any form.
        phone: Option<String>,
        /// The address on the card.
        email: Option<String>,
    },
    /// Anything without words: picture, sticker, voice, place, reaction.
    Other,
}

/// Why the agent is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paused {
    /// The person asked for silence. "start" ends it.
    Stopped,
    /// A person has been called for. Ends where one sets it to `None`.
    HandedOver,
}

/// What the agent remembers of a conversation besides the fields. Store it as JSON, `State::default()` at first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Version of this shape; fields may be added, so an older one reads on.
    pub version: u32,
    /// The key of the question that is open.
    pub asked: Option<String>,
    /// How often each key was asked.
    pub asked_counts: BTreeMap<String, u32>,
    /// Keys whose wrong answer was explained.
    pub explained: Vec<String>,
    /// Optional fields that the person would rather leave out.
    pub declined: Vec<String>,
    /// Whether the greeting was said.
    pub greeted: bool,
    /// Why the agent is silent, if it is.
    pub paused: Option<Paused>,
    /// Whether the closing was said.
    pub closed: bool,
    /// Whether something written after the closing was answered.
    pub returned: bool,
    /// What the person came for, once known.
    pub intent: Option<String>,
}

/// Everything a turn is decided on.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The project's form.
    pub form: &'a Form,
    /// What is known so far, by key.
    pub known: &'a BTreeMap<String, Known>,
    /// The phone number that the channel tells, if it does.
    pub channel_phone: Option<&'a PhoneNumber>,
    /// As the last turn left it.
    pub state: &'a State,
    /// What was written since the last turn, oldest first.
    pub messages: &'a [Message],
    /// The project's region: decides what a national phone number means.
    pub region: Region,
    /// The project's time zone: decides what day "tomorrow" is.
    pub timezone: &'a TimeZone,
    /// The time of the turn.
    pub now: Timestamp,
    /// The greeting of the widget that the person came through: it is the site's text, not the person's.
    pub prefilled_greeting: Option<&'a str>,
}

/// What happened in a turn, besides its changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The conversation goes on as it was.
    #[default]
    None,
    /// Everything required is there, for the first time.
    Completed,
    /// The person asked for silence in this turn.
    Stopped,
    /// A person must take over; said in this turn.
    HandedOver,
}

/// What a burst of messages comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Fields that got a value or another one; each key at most once.
    pub changes: Vec<Taken>,
    /// To be kept for the next turn.
    pub state: State,
    /// The one message to send, if any.
    pub reply: Option<String>,
    /// What happened.
    pub outcome: Outcome,
    /// What the person came for in their own words, as soon as it is known; the same from then on.
    pub intent: Option<String>,
}
