//! Finds plain numbers and free text: as an answer to a question, or beside the field's label.

use super::class::Class;
use super::fields::Slot;
use super::lexer::{Kind, Token};
use super::numbers::{Digits, digits_at, number_at};
use super::open_numbers::{is_change, open_around};
use super::reader::{Found, Reader};
use super::span::{Span, is_free, lead_in, lead_out};
use super::words::Words;

/// Longest free text, in characters; the rest is cut.
const ANSWER_CHARS_MAX: usize = 1_000;
/// Longest labelled value, in characters.
const LABELLED_CHARS_MAX: usize = 80;

/// Finds a number: its part of the text, and its value in digits.
pub(super) fn number(reader: &Reader<'_>, said: &Words<'_>, slot: &Slot, asked: bool) -> Option<Found> {
    if asked && said.is_refusal() {
        return None;
    }
    let tokens = &reader.tokens;
    let changes = is_change(tokens);
    let mut amounts: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let amount = if reader.is_free_token(at) { amount_at(tokens, at) } else { None };
        match amount {
            Some((value, to)) => {
                let found =
                    |(from, to): (usize, usize), value| Found { span: reader.span(from, to), value, offer: None };
                let open = open_around(reader, at, to, changes);
                amounts.push(open.map_or_else(|| found((at, to), Some(value)), |around| found(around, None)));
                at = open.map_or(to, |(_, end)| end.max(to));
            }
            None => at += 1,
        }
    }
    if !asked {
        return amounts.into_iter().find(|found| is_labelled(reader.text, found.span, slot));
    }
    let changed = said.says(Class::Correction) || said.says(Class::Change);
    if changed { amounts.pop() } else { (!amounts.is_empty()).then(|| amounts.swap_remove(0)) }
}

/// The amount that begins at a token, with thousands and decimals: 1,500 is 1500, 2k is 2000. None of `A12`, `3rd`, `12:30`.
fn amount_at(tokens: &[Token], at: usize) -> Option<(String, usize)> {
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let glued = tokens[at].glued
        && before.is_some_and(|before| {
            before.is_word() && before.kind == Kind::Word || matches!(before.text.as_str(), ":" | "/" | ".")
        });
    if glued {
        return None;
    }
    if tokens[at].kind != Kind::Digits {
        let (value, to) = number_at(tokens, at)?;
        return Some((value.to_string(), to));
    }
    let Digits { whole, decimals, to } = digits_at(tokens, at)?;
    let next = tokens.get(to);
    let scale = next.and_then(|next| next.value(Class::Times)).and_then(|factor| u64::try_from(factor).ok());
    let joins = next.is_some_and(|next| {
        next.glued
            && (next.is_word() && scale.is_none() && !next.is(Class::People) || next.is_mark(':') || next.is_mark('/'))
    });
    if joins {
        return None;
    }
    let value = match (scale, decimals) {
        (None, None) => whole,
        (None, Some(decimals)) => format!("{whole}.{decimals}"),
        (Some(factor), decimals) => scaled(&whole, decimals.as_deref().unwrap_or(""), factor)?,
    };
    Some((value, to + usize::from(scale.is_some())))
}

/// 1.5 thousand as 1500.
fn scaled(whole: &str, decimals: &str, factor: u64) -> Option<String> {
    let shift = 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let all: u64 = format!("{whole}{decimals}").parse().ok()?;
    let scaled = all.checked_mul(factor)?;
    (scaled % shift == 0).then(|| (scaled / shift).to_string())
}

/// "budget is 500", "3 bedrooms".
fn is_labelled(text: &str, span: Span, slot: &Slot) -> bool {
    let is_noun =
        |word: &&String| word.chars().count() > 2 && !matches!(word.as_str(), "number" | "count" | "total" | "size");
    let Some(noun) = slot.words.iter().rev().find(is_noun) else { return false };
    let stem = noun.trim_end_matches('s');
    let before = lead_in(text, span.start, 30);
    let after = lead_out(text, span.end, 20);
    let behind = before.rfind(stem).is_some_and(|at| !before[at..].contains(['.', ',', '?', '!', ';']));
    behind || after.trim_start().starts_with(stem)
}

/// A text after the field's label: "company: X", "my company is X".
pub(super) fn labelled(reader: &Reader<'_>, said: &Words<'_>, slot: &Slot) -> Option<Span> {
    let text = reader.text;
    let start = after_label(text, slot)?;
    let first = reader.token_at(start);
    let ends = |at: &usize| {
        let token = &reader.tokens[*at];
        let inner = token.is_mark('.')
            && reader.tokens.get(at + 1).is_some_and(|next| next.glued || next.is(Class::Organisation));
        let clause = token.is(Class::And)
            && reader
                .tokens
                .get(at + 1)
                .is_some_and(|next| next.is_any(&[Class::Myself, Class::Possessive, Class::Article]));
        (token.is_break() || token.is_mark(',')) && !inner || clause
    };
    let end = (first..reader.tokens.len()).find(ends).unwrap_or(reader.tokens.len());
    if end <= first {
        return None;
    }
    let span = reader.span(first, end).trimmed(text);
    let words = Words::of(span.words(text), reader.languages);
    let is_value =
        !span.is_empty() && span.words(text).chars().count() <= LABELLED_CHARS_MAX && is_free(span, &reader.claimed);
    let vague = reader.tokens[first..end].iter().all(|token| token.is(Class::Everyday)) || words.is_refusal();
    (is_value && !vague && !said.is_question()).then_some(span)
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
pub(super) fn answer(reader: &Reader<'_>, said: &Words<'_>) -> Option<Span> {
    if said.is_question() || said.is_refusal() {
        return None;
    }
    let text = reader.text;
    let (mut start, mut end) = (0, text.len());
    let mut spans = reader.claimed.clone();
    spans.sort();
    for span in spans {
        if span.start < start {
            start = start.max(span.end);
            continue;
        }
        // A value that is separated from the answer is not part of it, nor are words that only introduce it.
        let introduced = introduction(reader, start, span);
        let between = &text[start..introduced.unwrap_or(span.start)];
        if between.trim().is_empty() {
            start = span.end;
        } else if let Some(introduced) = introduced {
            end = introduced;
            break;
        } else if between.contains([',', '.', ';', '\n']) {
            end = text[..span.start].rfind([',', '.', ';', '\n']).map_or(span.start, |at| at.max(start));
            break;
        }
    }
    let mut span = Span::new(start, end.max(start)).trimmed(text);
    if let Some((cut, _)) = span.words(text).char_indices().nth(ANSWER_CHARS_MAX) {
        span = Span::new(span.start, span.start + cut).trimmed(text);
    }
    let span = without_politeness(reader, span);
    let words = Words::of(span.words(text), reader.languages);
    let says_something = span.words(text).chars().any(char::is_alphanumeric) && !words.is_small_talk();
    (says_something && !span.is_empty()).then_some(span)
}

/// What may stand in an introduction of a value beside its label.
const INTRODUCING: &[Class] = &[
    Class::And,
    Class::Article,
    Class::At,
    Class::ClockAt,
    Class::Filler,
    Class::Myself,
    Class::NameIntroWeak,
    Class::Possessive,
    Class::The,
    Class::Verb,
];

/// Where the words begin that introduce a value and say nothing else: "and my number is".
fn introduction(reader: &Reader<'_>, from: usize, value: Span) -> Option<usize> {
    let labels = [Class::PhoneLabel, Class::EmailLabel, Class::NameIntro];
    let before = reader.tokens[..reader.token_at(value.start)].iter().rev();
    let words = before.take_while(|token| {
        token.span.start >= from && (token.is_any(&labels) || token.is_any(INTRODUCING) || token.is_mark(':'))
    });
    let (mut begins, mut is_labelled) = (None, false);
    for token in words {
        begins = Some(token.span.start);
        is_labelled |= token.is_any(&labels);
    }
    begins.filter(|_| is_labelled)
}

/// Without "it's" and a full stop around the answer.
fn without_politeness(reader: &Reader<'_>, span: Span) -> Span {
    let first = reader.token_at(span.start);
    let head = reader.tokens.get(first).filter(|token| token.is(Class::NameIntroWeak) && token.span.end < span.end);
    let span = head.map_or(span, |head| Span::new(head.span.end, span.end).trimmed(reader.text));
    let end = span.words(reader.text).trim_end_matches('.').len();
    Span::new(span.start, span.start + end).trimmed(reader.text)
}
