//! Layer 3: pure decisions about a conversation: what was said, what is still missing, what to say next.
//!
//! [`read`] extracts values from one text; [`turn`] decides what a burst of messages changes, and the reply. Neither reads a
//! clock, keeps state, or takes a value that is not in the person's own words.
//!
//! [`turn`] is the one function that decides a turn: plain data in ([`Input`]), plain data out ([`Turn`]), no database, no clock
//! and no network. Who calls it gives it a time budget and survives its panic, so that a model can help or replace it.

mod burst;
mod calendar;
mod choice;
mod commands;
mod contact;
#[cfg(test)]
mod conversation_tests;
mod corrections;
mod counted_noun;
mod date_time_fields;
mod dates;
mod fields;
mod free_text;
mod intent;
mod lexicon;
mod name_answer;
mod name_words;
mod names;
#[cfg(test)]
mod no_value_tests;
mod numbers;
mod party_size;
mod pattern;
mod phrases;
mod read;
mod reader;
mod span;
mod state;
mod times;
mod try_line;
mod try_out;
mod turn;
mod unrelated_times;
mod word_lists;

pub use read::read;
pub use reader::{Context, Source, Taken};
pub use state::{Incoming, Input, Known, Message, Outcome, Paused, State, Turn};
pub use try_line::try_line;
pub use try_out::{TryLine, TryOut};
pub use turn::{ASKS_MAX, turn};

/// Characters of a message that are read; the rest is cut.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// Messages of a burst that are read: the first ones.
pub const BURST_MESSAGES_MAX: usize = 50;
/// Characters of a burst that are read, so that a turn costs a bounded time; what lies beyond stays with the conversation, unread.
pub const BURST_CHARS_MAX: usize = 4 * TEXT_CHARS_MAX;

/// Compiles all patterns (a few tenths of a second, once), so that the first message after the start does not wait.
pub fn warm_up() {
    const SAMPLE: &str =
        "My name is Mei Tan, mei@example.com, 9123 4567, a table for two tomorrow at 8 pm please. What is on today?";
    let context = Context {
        form: &crate::domain::form::Form::default_form(),
        region: crate::domain::phone::Region::SINGAPORE,
        timezone: &jiff::tz::TimeZone::UTC,
        now: jiff::Timestamp::UNIX_EPOCH,
    };
    read(&context, SAMPLE, &[]);
}
