//! Why a person wrote (the intent), and which part of a message is the site's prefilled text.

use std::sync::LazyLock;

use regex::Regex;

use super::free_text::is_small_talk;
use super::lexicon::is_refusal;
use super::pattern::compile;
use super::reader::Taken;
use crate::domain::text::cut;

/// Longest intent, in characters; the rest is cut.
const INTENT_CHARS_MAX: usize = 500;

/// The correlation id as the widget prefills it, with its label and note; also the id alone and Telegram's command.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:/start\s+)?(?:\breference(?:\s+(?:number|no\.?|id))?\s*[:：]?\s*)?\b[OＯo][\s\-‐-―－]{1,3}[0-9A-Za-z]{7}\b\s*(?:\(\s*please send this reference[^)\n]*\)?)?",
    )
});

/// Words that only introduce a value: "my name is", "you can reach me at".
const CARRIERS: &[&str] = &[
    "my", "name", "is", "i'm", "im", "i", "am", "this", "it's", "its", "it", "email", "mail", "e-mail", "phone",
    "number", "mobile", "call", "me", "at", "on", "and", "the", "reach", "can", "be", "here", "address", "contact",
    "with", "for", "under", "to",
];

/// The person's own words: without the correlation id and the widget's greeting.
pub(super) fn own_words(text: &str, prefilled_greeting: Option<&str>) -> String {
    let mut text = REFERENCE.replace_all(text, " ").into_owned();
    if let Some(greeting) = prefilled_greeting.map(str::trim).filter(|greeting| !greeting.is_empty())
        && let Some(at) = text.find(greeting)
    {
        text.replace_range(at..at + greeting.len(), " ");
    }
    text.trim().to_owned()
}

/// The text as an intent, if it has words besides greetings and the values taken from it.
pub(super) fn of(text: &str, taken: &[Taken]) -> Option<String> {
    let mut rest = text.to_owned();
    for value in taken {
        rest = rest.replacen(&value.words, " ", 1);
    }
    let says = rest
        .split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '\'' | '’' | '-')))
        .filter(|word| !word.is_empty() && !is_small_talk(word) && !CARRIERS.contains(&word.to_lowercase().as_str()));
    let substance: usize = says.map(|word| if word.is_ascii() { 1 } else { word.chars().count().min(3) }).sum();
    let needed = if taken.is_empty() { 1 } else { 2 };
    let lower = text.to_lowercase();
    let is_about_us = is_refusal(text) || lower.starts_with("why") || lower.contains("do you need");
    if substance < needed || is_about_us || is_small_talk(text) {
        return None;
    }
    Some(cut(text, INTENT_CHARS_MAX).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefilled_text_is_removed() {
        let prefilled = "Hello, I would like to know more. Reference: O-aB3dE9z (Please send this reference number so that we can help you faster)";
        assert_eq!(own_words(prefilled, Some("Hello, I would like to know more.")), "");
        assert_eq!(
            own_words("Reference: O-aB3dE9z (Please send this reference number)\nHow much is it?", None),
            "How much is it?"
        );
        assert_eq!(own_words("/start O-aB3dE9z", None), "");
        assert_eq!(own_words("O–aB3dE9z hi", None), "hi");
        assert_eq!(own_words("no reference here", None), "no reference here");
    }

    #[test]
    fn an_intent_is_more_than_a_greeting() {
        for (text, expected) in [
            ("I'd like to know about pricing", true),
            ("How much is an eyelash extension?", true),
            ("pricing", true),
            ("想了解价格", true),
            ("hi", false),
            ("Hello there, good morning!", false),
            ("why do you need it?", false),
            ("👍", false),
            ("", false),
        ] {
            assert_eq!(of(text, &[]).is_some(), expected, "{text:?}");
        }
    }
}
