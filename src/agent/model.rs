//! What a language model proposes about a burst of messages: quotes and a sentence, never values. It is read from the model's object
//! with everything optional; the judge decides what of it counts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Proposed values, options and refusals that are looked at.
pub const PROPOSED_MAX: usize = 10;
/// Characters of a quote or an answer that are looked at.
pub const QUOTE_CHARS_MAX: usize = 500;

/// What the model takes a burst for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Act {
    /// It answers what was asked.
    Answer,
    /// It corrects what was said before.
    Correct,
    /// It asks something.
    Question,
    /// It refuses what was asked.
    Refuse,
    /// The person wants a person.
    Human,
    /// The person wants no more messages.
    Stop,
    /// Anything else.
    #[default]
    Other,
}

impl Act {
    /// The words of the schema.
    pub const WORDS: [&'static str; 7] = ["answer", "correct", "question", "refuse", "human", "stop", "other"];

    fn parse(word: &str) -> Self {
        match word {
            "answer" => Self::Answer,
            "correct" => Self::Correct,
            "question" => Self::Question,
            "refuse" => Self::Refuse,
            "human" => Self::Human,
            "stop" => Self::Stop,
            _ => Self::Other,
        }
    }
}

/// A value that the person may have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// The field's key.
    pub field: String,
    /// The person's words, as the model copied them.
    pub quote: String,
    /// The option that they mean, of a choice.
    pub option: Option<String>,
}

/// What a model proposes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// What the burst is.
    pub act: Act,
    /// Values, at most `PROPOSED_MAX`.
    pub values: Vec<Quoted>,
    /// Values beyond those, or that are none.
    pub ignored: usize,
    /// Fields that the person refuses.
    pub refused: Vec<String>,
    /// An answer to the person's question.
    pub answer: Option<String>,
    /// Paragraphs of the knowledge text that it is from.
    pub sources: Vec<String>,
}

impl Proposal {
    /// Reads the model's object. What is missing or of another type is as good as not said.
    pub fn read(object: &Map<String, Value>) -> Self {
        let word = |name: &str| object.get(name).and_then(Value::as_str);
        let list = |name: &str| object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let words = |name: &str| {
            let texts = list(name).iter().take(PROPOSED_MAX).filter_map(Value::as_str);
            texts.map(str::to_owned).collect::<Vec<_>>()
        };
        let all = list("values").len() + list("options").len();
        let values = list("values").iter().chain(list("options")).filter_map(quoted).take(PROPOSED_MAX);
        let values: Vec<Quoted> = values.collect();
        Self {
            act: word("act").map(Act::parse).unwrap_or_default(),
            ignored: all - values.len(),
            values,
            refused: words("refused"),
            answer: word("answer").map(str::trim).filter(|answer| !answer.is_empty()).map(str::to_owned),
            sources: words("sources"),
        }
    }
}

fn quoted(value: &Value) -> Option<Quoted> {
    let word = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Quoted { field: word("field")?, quote: word("quote")?, option: word("option") })
}

/// A paragraph of what a project has written for answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// Names it to the model: `k12`.
    pub id: String,
    /// Its text.
    pub text: String,
}

/// A model's help with a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// What it proposes.
    pub proposal: Proposal,
    /// The paragraphs that it was shown.
    pub knowledge: Vec<Paragraph>,
    /// The instructions that it was given: it must not recite them.
    pub instructions: String,
    /// A word in them that must not come back.
    pub canary: String,
}

/// Why something that a model proposed does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// More values than are looked at, or no values at all.
    TooMany,
    /// Longer than a quote may be.
    TooLong,
    /// The form has no such field.
    UnknownField,
    /// The form has no such option.
    UnknownOption,
    /// The field has a value, and nothing is corrected; or it was proposed twice.
    NotOpen,
    /// The person said no to it before.
    Refuted,
    /// The words do not stand in an unread message of the person.
    NotSaid,
    /// The words belong to another field.
    OtherField,
    /// The words give no value of the field's type.
    NoValue,
    /// In their message, the words do not give that value.
    OutOfContext,
    /// The built-in reader decides: contact details, and what it asks about itself.
    BuiltInDecides,
    /// An answer without a paragraph that it is from.
    NoSource,
    /// An answer with a number, time, day or price that is not in the paragraphs.
    ForeignNumber,
    /// An answer with an address that is not in the paragraphs.
    ForeignLink,
    /// An answer with a name that is not in the paragraphs.
    ForeignName,
    /// An answer that promises what the paragraphs do not.
    Promise,
    /// An answer that is not about what the paragraphs say.
    Ungrounded,
    /// An answer with markup.
    Markup,
    /// An answer in another script than the conversation's.
    OtherLanguage,
    /// An answer that recites the instructions.
    Recited,
    /// Stop or a person, which only the person's own words ask for.
    ActUnconfirmed,
}

impl Reason {
    /// The word in counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::TooLong => "too_long",
            Self::UnknownField => "unknown_field",
            Self::UnknownOption => "unknown_option",
            Self::NotOpen => "not_open",
            Self::Refuted => "refuted",
            Self::NotSaid => "not_said",
            Self::OtherField => "other_field",
            Self::NoValue => "no_value",
            Self::OutOfContext => "out_of_context",
            Self::BuiltInDecides => "built_in_decides",
            Self::NoSource => "no_source",
            Self::ForeignNumber => "foreign_number",
            Self::ForeignLink => "foreign_link",
            Self::ForeignName => "foreign_name",
            Self::Promise => "promise",
            Self::Ungrounded => "ungrounded",
            Self::Markup => "markup",
            Self::OtherLanguage => "other_language",
            Self::Recited => "recited",
            Self::ActUnconfirmed => "act_unconfirmed",
        }
    }
}

/// How much of a proposal does not count, by reason.
pub type Dropped = BTreeMap<Reason, u32>;

/// Counts one more.
pub(super) fn count(dropped: &mut Dropped, reason: Reason) {
    *dropped.entry(reason).or_insert(0) += 1;
}
