//! Corrections that name the wrong words: "no, it's Tan not Tang".

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use super::contact::emails;
use super::lexicon::is_everyday;
use super::pattern::compile;
use super::reader::{Source, Taken};
use super::state::Known;
use crate::domain::form::{FieldKind, Form};

/// Words of a corrected value at most.
const WORDS_MAX: usize = 4;

/// "not Y but X", then "X not Y".
static INSTEAD: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    let words = r"[^\s,;:!?.。，]+(?:[ .][^\s,;:!?.。，]+){0,3}?";
    let end = r"\s*(?:$|[,;!?]|\.(?:\s|$))";
    [
        format!(r"(?i)\bnot\s+(?P<bad>{words})\s*,?\s+(?:but|it['’]?s|it\s+is|rather)\s+(?P<good>{words}){end}"),
        format!(r"(?i)(?:^|[,;:.!?]\s*|\b(?:it['’]?s|it\s+is|is|meant?|spelled|with|be|actually|no)\s+)(?P<good>{words})\s*,?\s+(?:and\s+)?not\s+(?P<bad>{words}){end}"),
    ]
    .map(|way| compile(&way))
});

/// The change that a correction, written at `at`, makes: the wrong words have to be in a known value, and are replaced there.
pub(super) fn find(text: &str, at: Timestamp, form: &Form, known: &BTreeMap<String, Known>) -> Option<Taken> {
    let found = INSTEAD.iter().find_map(|way| way.captures(text))?;
    let (good, bad) = (found.name("good")?.as_str().trim(), found.name("bad")?.as_str().trim());
    let good = without_everyday_head(good);
    if good.is_empty() || good.split_whitespace().count() > WORDS_MAX {
        return None;
    }
    let fits = |kind: FieldKind| matches!(kind, FieldKind::Name | FieldKind::Text | FieldKind::Email);
    form.fields.iter().filter(|field| fits(field.kind)).find_map(|field| {
        let old = &known.get(&field.key)?.value;
        let value = replaced(old, bad, good, field.kind == FieldKind::Email)?;
        if field.kind == FieldKind::Email && !emails(&value, true).iter().any(|(_, address)| *address == value) {
            return None;
        }
        Some(Taken { key: field.key.clone(), words: good.to_owned(), value, source: Source::Words, at: Some(at) })
    })
}

fn without_everyday_head(words: &str) -> &str {
    let mut rest = words;
    while let Some((head, tail)) = rest.split_once(' ')
        && is_everyday(head)
    {
        rest = tail.trim_start();
    }
    if is_everyday(rest) { "" } else { rest }
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
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let known = [("name", "Tang Wei Ming"), ("email", "tang@example.com")];
        let known = known
            .map(|(key, value)| (key.to_owned(), Known { value: value.to_owned(), words: value.to_owned(), at: None }))
            .into();
        let found = find(text, Timestamp::UNIX_EPOCH, &Form::default_form(), &known);
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
