//! Finds which option of a choice a text means: exactly, with typing errors, by a part of it, or by its position.

use super::class::Class;
use super::lexer::{Kind, Token};
use super::numbers::number_at;
use super::span::Span;
use super::words::Words;
use crate::domain::form::Field;

/// Longest answer in which typing errors are allowed, in bytes. A longer text must have an option exactly.
const FUZZY_BYTES_MAX: usize = 400;

/// One word of a text, in lower case.
struct Word {
    span: Span,
    lower: String,
}

/// A name of an option: its own words or a synonym, and its place among the options.
type Name<'a> = (&'a str, usize);

/// The option meant: the part of the text that names it, and its place. `asked` also allows parts and positions.
pub(super) fn find(said: &Words<'_>, field: &Field, asked: bool) -> Option<(Span, usize)> {
    let (text, words, names) = (said.text, words(said.text), names(field));
    let named = |slips: &dyn Fn(&str) -> usize| -> Vec<_> {
        names.iter().filter_map(|(name, place)| Some((phrase(&words, name, slips(name))?, *place))).collect()
    };
    let spelled = settle(said, named(&|_| 0));
    if spelled.is_some() || text.len() > FUZZY_BYTES_MAX {
        return spelled;
    }
    let close = named(&|name| slips_allowed(name, asked));
    if !close.is_empty() || !asked {
        return settle(said, close);
    }
    by_part(said, &words, &field.options).or_else(|| by_place(&said.tokens, &field.options))
}

fn names(field: &Field) -> Vec<Name<'_>> {
    let own = field.options.iter().enumerate();
    let synonyms = own.clone().filter_map(|(place, option)| Some((place, field.synonyms.get(option)?)));
    let synonyms = synonyms.flat_map(|(place, names)| names.iter().map(move |name| (name.as_str(), place)));
    own.map(|(place, option)| (option.as_str(), place)).chain(synonyms).collect()
}

/// Of several options in one text, the only one that is not negated, or the last one of a correction.
fn settle(said: &Words<'_>, mut found: Vec<(Span, usize)>) -> Option<(Span, usize)> {
    found.retain(|(span, _)| !is_denied(said, *span));
    // "Orchard Gateway" also contains the option "Orchard": the longer one is meant.
    let all = found.clone();
    found.retain(|(span, index)| {
        !all.iter().any(|(other, longer)| {
            longer != index && other.overlaps(*span) && other.end - other.start > span.end - span.start
        })
    });
    found.sort();
    let corrected = said.says(Class::Correction) || said.says(Class::Change);
    match found.as_slice() {
        [first, rest @ ..] if rest.iter().all(|(_, index)| *index == first.1) => Some(*first),
        [.., last] if corrected => Some(*last),
        _ => None,
    }
}

fn is_denied(said: &Words<'_>, span: Span) -> bool {
    let start = said.tokens.partition_point(|token| token.span.start < span.start);
    let before = said.tokens[..start].iter().rev().find(|token| !token.is_any(&[Class::DayOn, Class::Article]));
    before.is_some_and(|token| token.is(Class::Negation))
}

fn words(text: &str) -> Vec<Word> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '\'' | '’');
    text.split(|letter: char| !is_part(letter))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            Word { span: Span::new(start, start + word.len()), lower: word.to_lowercase().replace('’', "'") }
        })
        .collect()
}

/// Where the text has the words of `option` in a row, with at most `slips` typing errors in all.
fn phrase(text: &[Word], option: &str, slips: usize) -> Option<Span> {
    let wanted = words(option);
    if wanted.is_empty() || wanted.len() > text.len() {
        return None;
    }
    let joined = |words: &[Word]| words.iter().map(|word| word.lower.as_str()).collect::<Vec<_>>().join(" ");
    let target = joined(&wanted);
    text.windows(wanted.len())
        .filter_map(|window| {
            let distance = distance(&joined(window), &target, slips)?;
            Some((distance, window.first()?.span.covering(window.last()?.span)))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, span)| span)
}

/// Typing errors that are allowed, by the length of the option; fewer where nothing was asked.
fn slips_allowed(option: &str, asked: bool) -> usize {
    match (option.chars().count(), asked) {
        (..=3, _) => 0,
        (4..=6, true) => 1,
        (7..=10, true) => 2,
        (11.., true) => 3,
        (..=6, false) => 0,
        (_, false) => 1,
    }
}

/// A part that only one option has: "gateway" of Orchard Gateway. Synonyms count as a whole alone: their parts may be any words.
fn by_part(said: &Words<'_>, words: &[Word], options: &[String]) -> Option<(Span, usize)> {
    let found =
        words.iter().filter(|word| word.lower.chars().count() >= 3 || !word.lower.is_ascii()).filter_map(|word| {
            let has = |option: &String| {
                self::words(option).iter().any(|part| {
                    let slips = slips_allowed(&part.lower, true);
                    distance(&word.lower, &part.lower, slips).is_some()
                        || word.lower.chars().count() >= 4 && part.lower.starts_with(&word.lower)
                })
            };
            let mut owners = options.iter().enumerate().filter(|(_, option)| has(option));
            let (index, _) = owners.next()?;
            owners.next().is_none().then_some((word.span, index))
        });
    let found: Vec<(Span, usize)> = found.collect();
    let (_, first) = found.first()?;
    if found.iter().all(|(_, index)| index == first) {
        let denied = is_denied(said, found[0].0);
        return (!denied).then(|| (found[0].0.covering(found[found.len() - 1].0), *first));
    }
    None
}

/// "2", "the second one", "option b", "the last one".
fn by_place(tokens: &[Token], options: &[String]) -> Option<(Span, usize)> {
    let words: Vec<&Token> = tokens.iter().filter(|token| token.kind != Kind::Mark).collect();
    let mut meant: Vec<(Span, usize)> = Vec::new();
    for (at, token) in words.iter().enumerate() {
        let alone = words.len() == 1 || at > 0 && words[at - 1].is(Class::NumberLabel);
        let ordinal = token.value(Class::Ordinal).and_then(|place| usize::try_from(place).ok());
        let number = number_at(tokens, at)
            .filter(|_| alone || token.kind == Kind::Digits)
            .and_then(|(number, _)| usize::try_from(number).ok());
        let letter =
            token.text.bytes().next().filter(|byte| alone && token.text.len() == 1 && byte.is_ascii_lowercase());
        let place = ordinal.or(number).or_else(|| letter.map(|byte| usize::from(byte - b'a') + 1));
        let index = if token.is(Class::Last) { Some(options.len()) } else { place };
        match index {
            Some(place) => meant.push((token.span, place.checked_sub(1)?)),
            None if token.is_any(&[
                Class::Filler,
                Class::Light,
                Class::NumberLabel,
                Class::Carrier,
                Class::DayOn,
                Class::Num,
                Class::OrdinalMark,
                Class::DayMark,
            ]) => {}
            None => return None,
        }
    }
    match meant.as_slice() {
        [(span, index)] if *index < options.len() => Some((*span, *index)),
        _ => None,
    }
}

/// Insertions, deletions, substitutions and swaps of neighbours between two words, `None` above `limit`.
pub(super) fn distance(left: &str, right: &str, limit: usize) -> Option<usize> {
    if limit == 0 {
        return (left == right).then_some(0);
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > limit || left.first() != right.first() && limit < 2 && left.len() < 4 {
        return None;
    }
    let mut rows: [Vec<usize>; 3] = [vec![0; right.len() + 1], (0..=right.len()).collect(), vec![0; right.len() + 1]];
    for row in 1..=left.len() {
        let [before, previous, current] = &mut rows;
        current[0] = row;
        for column in 1..=right.len() {
            let cost = usize::from(left[row - 1] != right[column - 1]);
            let mut best = (previous[column] + 1).min(current[column - 1] + 1).min(previous[column - 1] + cost);
            if row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1] {
                best = best.min(before[column - 2] + 1);
            }
            current[column] = best;
        }
        rows.rotate_left(1);
    }
    Some(rows[1][right.len()]).filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::form::Form;

    #[track_caller]
    fn check(text: &str, asked: bool, expected: Option<(&str, &str)>) {
        let form = r#"{"fields":[{"key":"outlet","type":"choice",
            "options":["Orchard Gateway","Bugis Junction","Jurong Point","Eyelash Extensions"],
            "synonyms":{"Jurong Point":["裕廊坊","the mall in the west"],"Eyelash Extensions":["pestañas"]}}]}"#;
        let form = Form::parse(form).unwrap();
        let field = form.field("outlet").unwrap();
        let said = Words::of(text, crate::agent::pack::Languages::one(0));
        let found = find(&said, field, asked).map(|(span, index)| (span.words(text), field.options[index].as_str()));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn options_are_recognised_with_typing_errors_by_parts_and_by_position() {
        check("orchard gateway please", false, Some(("orchard gateway", "Orchard Gateway")));
        check("Orchrad Gatewy", true, Some(("Orchrad Gatewy", "Orchard Gateway")));
        check("the bugis one", true, Some(("bugis", "Bugis Junction")));
        check("2", true, Some(("2", "Bugis Junction")));
        check("the third one", true, Some(("third", "Jurong Point")));
        check("option b", true, Some(("b", "Bugis Junction")));
        check("the last one please", true, Some(("last", "Eyelash Extensions")));
        check("eyelash extention", true, Some(("eyelash extention", "Eyelash Extensions")));
        check("not Jurong Point but Bugis Junction", true, Some(("Bugis Junction", "Bugis Junction")));
        check("Bugis Junction, actually no, Jurong Point", true, Some(("Jurong Point", "Jurong Point")));
    }

    #[test]
    fn synonyms_name_an_option_in_any_language() {
        check("裕廊坊", true, Some(("裕廊坊", "Jurong Point")));
        check("quiero pestañas", false, Some(("pestañas", "Eyelash Extensions")));
        check("quiero pestanas", true, Some(("pestanas", "Eyelash Extensions")));
        check("the west one", true, None);
        check("Jurong Point, the mall in the west", true, Some(("Jurong Point", "Jurong Point")));
        check("pestañas or jurong point", true, None);
    }

    #[test]
    fn other_texts_are_not_options() {
        check("bugis", false, None);
        check("2", false, None);
        check("9", true, None);
        check("0", true, None);
        check("I have 2 questions", true, None);
        check("Orchard Gateway or Bugis Junction?", true, None);
        check("tampines", true, None);
        check("", true, None);
    }

    #[test]
    fn distance_counts_typing_errors() {
        assert_eq!(distance("orchrad", "orchard", 2), Some(1));
        assert_eq!(distance("orchard", "bugis", 2), None);
        assert_eq!(distance("same", "same", 1), Some(0));
    }
}
