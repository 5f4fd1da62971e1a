//! Finds plain numbers and free text: as an answer to a question, or beside the field's label.

use std::sync::LazyLock;

use regex::Regex;

use super::fields::Slot;
use super::lexicon;
use super::numbers;
use super::pattern::compile;
use super::span::{Span, is_free, lead_in, lead_out};

/// Longest free text, in characters; the rest is cut.
const ANSWER_CHARS_MAX: usize = 1_000;
/// Longest labelled value, in characters.
const LABELLED_CHARS_MAX: usize = 80;

static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    compile(&format!(
        r"(?i)(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d{{1,12}}(?:\.\d+)?)(?:\s?(?:k|mil|million|thousand|hundred)\b)?|\b{}(?:\s+(?:hundred|thousand|million))*\b|[零一二两三四五六七八九十]{{1,3}}",
        numbers::NUMBER
    ))
});

static WORKS_AT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:work(?:ing)?\s+(?:at|for|with)|employed\s+(?:at|by)|on\s+behalf\s+of|company\s+(?:is|called|named|name\s+is)|company['’]?s\s+name\s+is|company\s*[:=])\s*(?:called\s+)?",
    )
});

/// Finds a number: its part of the text, and its value in digits.
pub(super) fn number(text: &str, claimed: &[Span], slot: &Slot, asked: bool) -> Option<(Span, String)> {
    if asked && lexicon::is_refusal(text) {
        return None;
    }
    let mut values = AMOUNT
        .find_iter(text)
        .map(|found| Span::of(text, found))
        .filter(|span| is_free(*span, claimed) && stands_alone(text, *span));
    let span = if asked {
        let all: Vec<Span> = values.collect();
        let changed =
            ["actually", "sorry", "i mean", "no,", "wait"].iter().any(|word| text.to_lowercase().contains(word));
        *if changed { all.last()? } else { all.first()? }
    } else {
        values.find(|span| is_labelled(text, *span, slot))?
    };
    amount(span.words(text)).map(|value| (span, value))
}

/// Not a part of `A12`, `3rd`, `12:30` or `1/2`.
fn stands_alone(text: &str, span: Span) -> bool {
    let before = text[..span.start].chars().next_back();
    let mut after = text[span.end..].chars();
    let (next, second) = (after.next(), after.next());
    let joins = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() && letter.is_ascii());
    let splits = matches!(next, Some(':' | '/'))
        || matches!(next, Some('.' | ',')) && second.is_some_and(|digit| digit.is_ascii_digit());
    !joins(before) && !joins(next) && !splits && !matches!(before, Some(':' | '/' | '.'))
}

/// "budget is 500", "3 bedrooms".
fn is_labelled(text: &str, span: Span, slot: &Slot) -> bool {
    let Some(noun) = slot
        .words
        .iter()
        .rev()
        .find(|word| word.len() > 2 && !matches!(word.as_str(), "number" | "count" | "total" | "size"))
    else {
        return false;
    };
    let stem = noun.trim_end_matches('s');
    let before = lead_in(text, span.start, 30);
    let after = lead_out(text, span.end, 20);
    let behind = before.rfind(stem).is_some_and(|at| !before[at..].contains(['.', ',', '?', '!', ';']));
    behind || after.trim_start().starts_with(stem)
}

/// The digits of an amount: 1,500 is 1500, 2k is 2000.
fn amount(words: &str) -> Option<String> {
    let lower = words.to_lowercase().replace(',', "");
    let digits: String = lower.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').collect();
    if digits.is_empty() {
        return numbers::number(&lower).map(|value| value.to_string());
    }
    let scale = match lower[digits.len()..].trim() {
        "k" | "thousand" => 1_000.0,
        "mil" | "million" => 1_000_000.0,
        "hundred" => 100.0,
        _ => return Some(digits),
    };
    digits.parse::<f64>().ok().map(|value| (value * scale).round().to_string())
}

/// A text after the field's label: "company: X", "my company is X", "I work at X".
pub(super) fn labelled(text: &str, claimed: &[Span], slot: &Slot) -> Option<Span> {
    let is_company =
        ["company", "employer", "organisation", "organization", "business"].iter().any(|word| slot.has(word));
    let start = is_company
        .then(|| WORKS_AT.find(text).map(|found| found.end()))
        .flatten()
        .or_else(|| after_label(text, slot))?;
    let rest = &text[start..];
    let stop = |(_, letter): &(usize, char)| matches!(letter, '.' | ',' | ';' | '!' | '?' | '\n' | '，' | '。');
    let mut end = rest
        .char_indices()
        .find(|(at, letter)| stop(&(*at, *letter)) && !is_inner_stop(rest, *at, *letter))
        .map_or(rest.len(), |(at, _)| at);
    for joint in [" and my ", " and i ", " but ", " and the ", " and would ", " and want ", " and need "] {
        if let Some(at) = rest.to_ascii_lowercase().find(joint) {
            end = end.min(at);
        }
    }
    let span = Span::new(start, start + end).trimmed(text);
    let words = span.words(text);
    let is_value = !span.is_empty() && words.chars().count() <= LABELLED_CHARS_MAX && is_free(span, claimed);
    let is_vague = words.split_whitespace().all(lexicon::is_everyday) || lexicon::is_refusal(words);
    (is_value && !is_vague && !lexicon::is_question(text)).then_some(span)
}

/// A full stop inside "St. John" or "Acme Pte. Ltd." or "acme.com".
fn is_inner_stop(rest: &str, at: usize, letter: char) -> bool {
    letter == '.'
        && (rest[at + 1..].starts_with(|next: char| next.is_alphanumeric())
            || rest[..at].to_lowercase().ends_with("pte"))
}

fn after_label(text: &str, slot: &Slot) -> Option<usize> {
    let label = slot.words.join(" ");
    if label.len() < 3 {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let end = lower.find(&label)? + label.len();
    let rest = &lower[end..];
    let joint = [" is ", " are ", ": ", ":", " = ", "=", " would be ", " will be ", "'s "]
        .into_iter()
        .find(|joint| rest.starts_with(joint))?;
    Some(end + joint.len())
}

/// The answer to a question for free text, without other values at its start and end.
pub(super) fn answer(text: &str, claimed: &[Span]) -> Option<Span> {
    if lexicon::is_question(text) || lexicon::is_refusal(text) {
        return None;
    }
    let mut end = text.len();
    let mut start = 0;
    let mut spans = claimed.to_vec();
    spans.sort();
    for span in spans {
        if span.start < start {
            start = start.max(span.end);
            continue;
        }
        // A value that is separated from the answer is not part of it.
        let apart = text[start..span.start].trim_end().ends_with([',', '.', ';', '\n'])
            || text[start..span.start].trim().is_empty();
        if span.start == start || text[start..span.start].trim().is_empty() {
            start = span.end;
        } else if apart || text[start..span.start].contains([',', '.', '\n']) {
            end = text[..span.start].rfind([',', '.', ';', '\n']).map_or(span.start, |at| at.max(start));
            break;
        }
    }
    let mut span = Span::new(start, end.max(start)).trimmed(text);
    if let Some((cut, _)) = span.words(text).char_indices().nth(ANSWER_CHARS_MAX) {
        span = Span::new(span.start, span.start + cut).trimmed(text);
    }
    let span = without_politeness(text, span);
    let words = span.words(text);
    let says_something = words.chars().any(char::is_alphanumeric) && !is_small_talk(words);
    (says_something && !span.is_empty()).then_some(span)
}

/// Without "it's", "thanks" and a full stop around the answer.
fn without_politeness(text: &str, span: Span) -> Span {
    let mut span = span;
    let lower = span.words(text).to_ascii_lowercase();
    for head in ["it's ", "its ", "it is ", "that's ", "we are "] {
        if lower.starts_with(head) && lower.len() > head.len() {
            span = Span::new(span.start + head.len(), span.end);
            break;
        }
    }
    let words = span.words(text);
    let end = words.trim_end_matches('.').len();
    Span::new(span.start, span.start + end).trimmed(text)
}

/// Whether a text is only small talk: "ok", "thanks", "hi there".
pub(super) fn is_small_talk(words: &str) -> bool {
    let small = [
        "hi",
        "hello",
        "hey",
        "there",
        "ok",
        "okay",
        "thanks",
        "thank",
        "you",
        "thx",
        "sure",
        "good",
        "morning",
        "afternoon",
        "evening",
        "yes",
        "no",
        "please",
        "great",
        "cool",
        "fine",
        "hmm",
        "um",
        "well",
        "right",
        "dear",
        "sir",
        "madam",
        "ty",
        "你好",
        "hola",
        "hallo",
        "bonjour",
        "halo",
        "selamat",
        "pagi",
    ];
    let mut parts = words.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()).peekable();
    parts.peek().is_none() || parts.all(|part| small.contains(&part.to_lowercase().as_str()))
}
