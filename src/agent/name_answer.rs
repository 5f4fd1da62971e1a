//! Finds a name that is the whole answer, and splits a name into its parts.

use super::lexicon::{is_common, is_everyday, is_particle, is_question};
use super::name_words::{NAME_WORDS_MAX, is_capitalised, is_family_name, is_name_like, is_plain, word_at};
use super::span::{Span, is_free};

/// Longest text that can be an answer of a name alone, in bytes.
const BARE_BYTES_MAX: usize = 200;
/// Longest first piece without a name after which later pieces are searched, in bytes.
const HEAD_BYTES_MAX: usize = 40;
/// Words that may precede the name.
const BEFORE: &[&str] = &[
    "yes", "sure", "ok", "okay", "hi", "hello", "it's", "its", "is", "it", "please", "um", "hey", "yeah", "just",
    "for", "the", "under", "at", "on",
];
/// Words that may follow the name.
const BEHIND: &[&str] = &["please", "thanks", "here", "for", "at", "on", "the", "is", "it", "ok", "yes"];

/// Finds a name that is the whole answer: with at most a "yes," or "it's" before it, and a "please" or a value that is already
/// taken after it.
pub(super) fn find(text: &str, taken: &[Span]) -> Option<Span> {
    if text.len() > BARE_BYTES_MAX || text.contains('?') || text.contains(' ') && is_question(text) {
        return None;
    }
    let pieces =
        text.split([',', '.', '!', ';', '\n', '(', ')', '，', '。']).map(str::trim).filter(|piece| !piece.is_empty());
    for (place, piece) in pieces.take(4).enumerate() {
        if let Some(span) = name_of(text, piece, taken) {
            return Some(span);
        }
        if place == 0 && piece.len() > HEAD_BYTES_MAX {
            return None;
        }
    }
    None
}

fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

fn name_of(text: &str, piece: &str, taken: &[Span]) -> Option<Span> {
    let mut words: Vec<Span> = Vec::new();
    for word in piece.split_whitespace() {
        let start = offset(text, word);
        let whole = Span::new(start, start + word.len());
        // A word of another value precedes or ends the name.
        if !is_free(whole, taken) {
            words.push(whole);
            continue;
        }
        let span = word_at(text, start + (word.len() - word.trim_start_matches(['"', '\'', '“', '(']).len()))?;
        let bare = word.trim_matches(['"', '\'', '“', '”', ':', '-', ')', '(']);
        if span.words(text) != bare {
            return None;
        }
        words.push(span);
    }
    let is_one_of = |list: &[&str], span: &Span| list.contains(&span.words(text).to_lowercase().as_str());
    let is_value = |span: &Span| !is_free(*span, taken);
    let start = words.iter().position(|span| !is_one_of(BEFORE, span) && !is_value(span))?;
    let end = words.iter().rposition(|span| !is_one_of(BEHIND, span) && !is_value(span))? + 1;
    // "hang on": a preposition after a name has to be followed by a value.
    let leads_on = words.get(end).is_some_and(|span| is_one_of(&["on", "at", "for", "the"], span));
    if start >= end || leads_on && !words.last().is_some_and(is_value) {
        return None;
    }
    let words = &words[start..end];
    let fits = |span: &Span| {
        let word = span.words(text);
        let is_family = *span != words[0] && is_family_name(word);
        let is_name = is_capitalised(word) && is_name_like(word) || is_family;
        let is_right = !is_common(word) || is_capitalised(word);
        is_free(*span, taken) && is_right && (!is_everyday(word) || is_particle(word) && words.len() > 1 || is_name)
    };
    let says_more = words.iter().any(|span| !is_plain(span.words(text)));
    (words.len() <= NAME_WORDS_MAX && says_more && words.iter().all(fits))
        .then(|| words[0].covering(words[words.len() - 1]))
}

/// Splits a whole name: the family name begins at a particle (`binte`, `van`), else at the second word.
pub(super) fn split(text: &str, whole: Span) -> (Span, Option<Span>) {
    let words: Vec<Span> = whole
        .words(text)
        .split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            Span::new(start, start + word.len())
        })
        .collect();
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return (whole, None) };
    if words.len() == 1 {
        return (whole, None);
    }
    let cut = words.iter().skip(1).position(|word| is_particle(word.words(text))).map_or(1, |at| at + 1);
    let family = words[cut.min(words.len() - 1)];
    let given_end = words[cut.min(words.len() - 1) - 1];
    (first.covering(given_end), Some(family.covering(*last)))
}
