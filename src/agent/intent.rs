//! Why a person wrote (the intent), and which part of a message is the site's prefilled text.

use std::sync::LazyLock;

use regex::Regex;

use super::class::Class;
use super::lexer::Kind;
use super::pattern::compile;
use super::reader::Taken;
use super::span::{Span, is_free};
use super::words::Words;
use crate::domain::text::cut;

/// Longest intent, in characters; the rest is cut.
const INTENT_CHARS_MAX: usize = 500;

/// The correlation id as the widget prefills it, with its label and note; also the id alone and Telegram's command.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:/start\s+)?(?:\breference(?:\s+(?:number|no\.?|id))?\s*[:：]?\s*)?\b[OＯo][\s\-‐-―－]{1,3}[0-9A-Za-z]{7}\b\s*(?:\(\s*please send this reference[^)\n]*\)?)?",
    )
});

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
pub(super) fn of(said: &Words<'_>, taken: &[Taken]) -> Option<String> {
    let places =
        taken.iter().filter_map(|taken| said.text.find(&taken.words).map(|at| Span::new(at, at + taken.words.len())));
    let values: Vec<Span> = places.collect();
    let carries = [
        Class::Greeting,
        Class::Thanks,
        Class::Filler,
        Class::Carrier,
        Class::Yes,
        Class::No,
        Class::NameIntro,
        Class::NameIntroWeak,
    ];
    let says = said
        .tokens
        .iter()
        .filter(|token| token.kind != Kind::Mark && is_free(token.span, &values) && !token.is_any(&carries));
    let substance = says.count();
    let needed = if taken.is_empty() || said.says(Class::Booking) || said.says(Class::Visit) { 1 } else { 2 };
    if substance < needed || said.is_refusal() || said.is_small_talk() {
        return None;
    }
    Some(cut(said.text, INTENT_CHARS_MAX).to_owned())
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
            let said =
                Words::of(text, crate::agent::pack::Languages::one(0).with(crate::agent::pack::Languages::one(3)));
            assert_eq!(of(&said, &[]).is_some(), expected, "{text:?}");
        }
    }
}
