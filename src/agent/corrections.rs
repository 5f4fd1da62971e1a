//! Corrections that name the wrong words: "no, it's Tan not Tang".

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::class::Class;
use super::lexer::Token;
use super::reader::{Source, Taken};
use super::span::Span;
use super::state::Known;
use super::words::Words;
use crate::domain::form::{FieldKind, Form};

/// Words of a corrected value at most.
const WORDS_MAX: usize = 6;
/// Tokens of the right or the wrong words at most, with everyday words before them.
const RUN_TOKENS_MAX: usize = 4 * WORDS_MAX;

/// The change that a correction, written at `at`, makes: the wrong words have to be in a known value, and are replaced there.
pub(super) fn find(said: &Words<'_>, at: Timestamp, form: &Form, known: &BTreeMap<String, Known>) -> Option<Taken> {
    let negations = (0..said.tokens.len()).filter(|at| said.tokens[*at].is(Class::Negation));
    let pairs =
        negations.flat_map(|negation| [not_but(&said.tokens, negation), right_not_wrong(&said.tokens, negation)]);
    pairs.flatten().find_map(|(good, bad)| change(said.text, (good, bad), at, form, known))
}

fn change(
    text: &str,
    (good, bad): (Span, Span),
    at: Timestamp,
    form: &Form,
    known: &BTreeMap<String, Known>,
) -> Option<Taken> {
    let (good, bad) = (good.words(text), bad.words(text));
    let fits = |kind: FieldKind| matches!(kind, FieldKind::Name | FieldKind::Text | FieldKind::Email);
    form.fields.iter().filter(|field| fits(field.kind)).find_map(|field| {
        let old = &known.get(&field.key)?.value;
        let value = replaced(old, bad, good, field.kind == FieldKind::Email)?;
        if field.kind == FieldKind::Email && !super::contact::is_address(&value) {
            return None;
        }
        Some(Taken { key: field.key.clone(), words: good.to_owned(), value, source: Source::Words, at: Some(at) })
    })
}

/// A run of tokens as a part of the text, without everyday words at its start.
fn run(tokens: &[Token], mut from: usize, to: usize) -> Option<Span> {
    if to.saturating_sub(from) > RUN_TOKENS_MAX {
        return None;
    }
    while from < to
        && !tokens[from].is(Class::AlsoName)
        && tokens[from].is_any(&[
            Class::Everyday,
            Class::Light,
            Class::Filler,
            Class::Correction,
            Class::NameIntroWeak,
            Class::NameIntro,
        ])
    {
        from += 1;
    }
    (from < to && to - from <= 2 * WORDS_MAX).then(|| tokens[from].span.covering(tokens[to - 1].span))
}

/// Where a run ends that begins at a token: not sought further than a run can reach.
fn end_of_run(tokens: &[Token], from: usize) -> usize {
    let end = tokens.len().min(from + RUN_TOKENS_MAX + 1);
    (from..end).find(|at| ends_run(tokens, *at)).unwrap_or(end)
}

fn ends_run(tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let inner = tokens.get(at + 1).is_some_and(|next| next.glued) && token.glued;
    (token.is_break() || token.is_mark(',') || token.is_mark(':')) && !inner
}

/// "not Y but X": the right words, then the wrong ones.
fn not_but(tokens: &[Token], negation: usize) -> Option<(Span, Span)> {
    let joint = (negation + 2..tokens.len().min(negation + 2 + WORDS_MAX))
        .find(|at| tokens[*at].is_any(&[Class::But, Class::NameIntroWeak, Class::Correction]))?;
    let end = end_of_run(tokens, joint + 1);
    let bad_end = joint - usize::from(tokens[joint - 1].is_mark(','));
    Some((run(tokens, joint + 1, end)?, run(tokens, negation + 1, bad_end)?))
}

/// "X not Y"
fn right_not_wrong(tokens: &[Token], negation: usize) -> Option<(Span, Span)> {
    let before = negation
        - usize::from(negation > 0 && (tokens[negation - 1].is_mark(',') || tokens[negation - 1].is(Class::And)));
    let opens = |at: &usize| {
        ends_run(tokens, *at) || tokens[*at].is_any(&[Class::NameIntroWeak, Class::NameIntro, Class::Correction])
    };
    let first = before.saturating_sub(RUN_TOKENS_MAX + 1);
    let start = (first..before).rev().find(opens).map_or(first, |at| at + 1);
    let end = end_of_run(tokens, negation + 1);
    Some((run(tokens, start, before)?, run(tokens, negation + 1, end)?))
}

/// The value with the wrong words replaced, where it has them as whole words.
fn replaced(old: &str, bad: &str, good: &str, inside_words: bool) -> Option<String> {
    let (lower, wrong) = (old.to_lowercase(), bad.to_lowercase());
    if wrong.is_empty() {
        return None;
    }
    let at = lower.match_indices(&wrong).map(|(at, _)| at).find(|at| {
        let joins = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        inside_words || !joins(lower[..*at].chars().next_back()) && !joins(lower[at + wrong.len()..].chars().next())
    })?;
    let good = if inside_words { good.to_lowercase() } else { good.to_owned() };
    // Where lower case changes the byte length, offsets in `lower` are not those of `old`.
    Some(format!("{}{good}{}", old.get(..at)?, old.get(at + wrong.len()..)?)).filter(|_| lower.len() == old.len())
}

#[cfg(test)]
mod tests {
    use super::super::pack::Languages;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let known = [("name", "Tang Wei Ming"), ("email", "tang@example.com")];
        let known = known
            .map(|(key, value)| (key.to_owned(), Known { value: value.to_owned(), words: value.to_owned(), at: None }))
            .into();
        let said = Words::of(text, Languages::one(0));
        let found = find(&said, Timestamp::UNIX_EPOCH, &Form::default_form(), &known);
        assert_eq!(found.as_ref().map(|taken| (taken.words.as_str(), taken.value.as_str())), expected, "{text:?}");
    }

    #[test]
    fn wrong_words_are_replaced_in_known_values() {
        check("no, it's Tan not Tang", Some(("Tan", "Tan Wei Ming")));
        check("Tan, not Tang", Some(("Tan", "Tan Wei Ming")));
        check("Sorry, not Tang but Tan.", Some(("Tan", "Tan Wei Ming")));
        check("it's sales@example.com not tang@example.com", Some(("sales@example.com", "sales@example.com")));
        check("it's Lim not Lee", None);
        check("certainly not", None);
        check("I am not sure", None);
        check("not", None);
    }
}
