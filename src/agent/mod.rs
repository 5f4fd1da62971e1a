//! Layer 3: pure decisions about a conversation: what was said, what is still missing, what to say next.
//!
//! [`read`] extracts values from one text; [`turn`] decides what a burst of messages changes, and the reply. Neither reads a
//! clock, keeps state, or takes a value that is not in the person's own words.
//!
//! A text becomes tokens (`lexer`), whose meanings are data: the language packs in `packs/` (`pack`, `lexicon`, `class`). The
//! grammars (`days`, `clocks`, `numbers`, `party_size`, `names`, `contact`) work on classes of words, and know no language.
//!
//! [`turn`] is the one function that decides a turn: plain data in ([`Input`]), plain data out ([`Turn`]), no database, no clock
//! and no network. Who calls it gives it a time budget and survives its panic, so that a model can help or replace it.

mod asides;
mod asking;
mod attempt;
mod burst;
mod choice;
mod class;
mod clocks;
mod compounds;
mod contact;
mod corrections;
mod counted;
mod dates;
mod days;
mod expressions;
mod fields;
mod filter;
mod fold;
mod free_text;
mod hours;
mod intent;
mod judge;
mod language;
mod lexer;
mod lexicon;
mod model;
mod name_runs;
mod names;
mod nudge;
mod numbers;
mod open_fields;
mod open_numbers;
mod pack;
mod party_size;
mod pattern;
mod phrases;
mod prompt;
mod read;
mod reader;
mod refusal;
mod review;
mod sentences;
mod span;
mod state;
mod try_line;
mod try_out;
mod turn;
mod when;
mod words;
#[cfg(test)]
mod work_tests;

pub use model::{Act, Dropped, Help, Paragraph, Proposal, Quoted, Reason};
pub use nudge::{Nudge, nudge};
pub use open_fields::missing;
pub use prompt::{Prompt, Said, has_words, prompt};
pub use read::read;
pub use reader::{Context, Doubt, Reading, Source, Taken};
pub use sentences::{SpokenLanguage, read_form, sentences, spoken_languages};
pub use state::{Incoming, Input, Known, Message, Outcome, Paused, Pending, State, Turn};
pub use try_line::try_line;
pub use try_out::{TryLine, TryOut};
pub use turn::{ASKS_MAX, turn};

/// The name of a language in itself, by its code, where the agent speaks it.
pub fn language_name(code: &str) -> Option<&'static str> {
    pack::Languages::of_tag(code).map(|place| pack::packs()[place].about.endonym.as_str())
}

/// Characters of a message that are read; the rest is cut.
pub const TEXT_CHARS_MAX: usize = 4_096;
/// Messages of a burst that are read: the first ones.
pub const BURST_MESSAGES_MAX: usize = 50;
/// Characters of a burst that are read, so that a turn costs a bounded time; what lies beyond stays with the conversation, unread.
pub const BURST_CHARS_MAX: usize = 4 * TEXT_CHARS_MAX;

/// Reads the language packs (a few milliseconds, once), so that the first message after the start does not wait.
pub fn warm_up() {
    const SAMPLE: &str =
        "My name is Mei Tan, mei@example.com, 9123 4567, a table for two tomorrow at 8 pm please. What is on today?";
    let context = Context {
        form: &crate::domain::form::Form::default_form(),
        region: crate::domain::phone::Region::SINGAPORE,
        timezone: &jiff::tz::TimeZone::UTC,
        now: jiff::Timestamp::UNIX_EPOCH,
        language: None,
    };
    read(&context, SAMPLE, &[]);
}
