//! Whether an expression is a day or a time where it stands, and whether all words around it are accounted for.

use jiff::civil::Date;

use super::class::Class;
use super::clocks::Moment;
use super::days::{Hit, Meaning};
use super::lexer::{Kind, Token};
use super::numbers::{is_pronoun, is_torn};
use super::reader::Reader;

/// Tokens between two alternatives, at most.
const BETWEEN_TOKENS_MAX: usize = 6;

/// Joins the ends of ranges and alternatives: "2 to 10 July", "Friday or Saturday". Which of the two counts is open.
pub(super) fn joined<T: Copy>(reader: &Reader<'_>, hits: Vec<Hit<T>>) -> Vec<Hit<T>> {
    let tokens = &reader.tokens;
    let changes = tokens.iter().any(|token| token.is_any(&[Class::Change, Class::Correction]));
    let mut joined: Vec<Hit<T>> = Vec::new();
    for hit in hits {
        let start = hit.from
            - usize::from(
                hit.from > 0
                    && tokens[hit.from - 1].is_any(&[Class::DayOn, Class::ClockAt])
                    && !tokens[hit.from - 1].is(Class::RangeTo),
            );
        if let Some(last) = joined.last_mut()
            && !changes
            && (hit.from < last.to
                || is_qualified(tokens, last, &hit)
                || is_joint(tokens, last.to, start, last.from)
                || is_alternative(tokens, last.to, hit.from))
        {
            *last = Hit::new(last.from, hit.to, Meaning::Open);
            continue;
        }
        let start = start - tokens[..start].iter().rev().take_while(|token| token.is(Class::The)).count();
        let before = start.checked_sub(2).filter(|_| !changes && is_joint(tokens, start - 1, start, start - 2));
        let number =
            before.filter(|at| reader.is_free_token(*at) && is_number(&tokens[*at]) && !is_counting(tokens, *at));
        let after = (!changes && is_joint(tokens, hit.to, hit.to + 1, hit.from)).then_some(hit.to + 1);
        let after = after.filter(|at| {
            tokens.get(*at).is_some_and(|next| reader.is_free_token(*at) && is_number(next))
                && !counts_people(tokens, *at + 1)
        });
        let (from, to) = (number.unwrap_or(hit.from), after.map_or(hit.to, |at| at + 1));
        let means = if number.is_some() || after.is_some() { Meaning::Open } else { hit.means };
        joined.push(Hit::new(from, to.max(hit.to), means));
    }
    joined
}

/// "Freitag in einer Woche", "la semana que viene, el martes": two that stand side by side, of which one says more of the other.
fn is_qualified<T: Copy>(tokens: &[Token], one: &Hit<T>, other: &Hit<T>) -> bool {
    let skips = [Class::DayOn, Class::The];
    let between = tokens.get(one.to..other.from).unwrap_or_default();
    let is_unit = |hit: &Hit<T>| {
        matches!(hit.means, Meaning::Open) && tokens[hit.from..hit.to].iter().any(|token| token.is(Class::Unit))
    };
    let is_duration = tokens[other.from].is(Class::In);
    let is_near = between.iter().all(|token| token.is_any(&skips) || token.is_mark(','));
    is_near && (is_unit(one) || is_duration && between.is_empty())
}

/// "Monday 3 pm or Tuesday 4 pm": whether the few tokens between two expressions have an "or" among them.
fn is_alternative(tokens: &[Token], from: usize, to: usize) -> bool {
    let between = tokens.get(from..to).unwrap_or_default();
    let joints = [Class::And, Class::ClockAt, Class::DayOn, Class::Num, Class::Meridiem, Class::Oclock];
    let only_times = between.iter().all(|token| !token.is_word() || token.is_any(&joints));
    let says = |class: Class| between.iter().any(|token| token.is(class));
    between.len() <= BETWEEN_TOKENS_MAX && (says(Class::Or) || only_times && says(Class::And))
}

/// Whether the tokens `from..to` join two ends: a dash, "to", "or"; "and" after "between".
pub(super) fn is_joint(tokens: &[Token], from: usize, to: usize, first: usize) -> bool {
    let Some([joint]) = tokens.get(from..to) else { return false };
    let opens = first
        .checked_sub(1)
        .is_some_and(|at| tokens[at].is(Class::RangeFrom) || at > 0 && tokens[at - 1].is(Class::RangeFrom));
    joint.is_mark('-')
        || joint.is_mark('/') && tokens.get(to).is_some_and(|next| next.glued)
        || joint.is(Class::Or)
        || joint.is(Class::RangeTo) && (opens || !joint.is(Class::ClockAt))
        || joint.is(Class::And) && opens
}

pub(super) fn is_number(token: &Token) -> bool {
    token.kind == Kind::Digits || token.is_any(&[Class::Num, Class::Ordinal, Class::OrdinalMark])
}

/// Whether a number before a range counts people or things: "for 2 - 10 July".
pub(super) fn is_counting(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| tokens[before].is_any(&[Class::SizeBefore]) && !tokens[before].is(Class::RangeFrom))
}

pub(super) fn counts_people(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|next| next.is_any(&[Class::People, Class::SizeAfter, Class::Kin]))
}

/// An expression beside words of time that it does not account for is not understood as a whole.
pub(super) fn checked(tokens: &[Token], hit: Hit<Date>) -> Hit<Date> {
    let left_over = |token: &Token| {
        let month = token.is(Class::Month) && !token.is_any(&[Class::Everyday, Class::AlsoName]);
        token.is_any(&[Class::Unit, Class::Ago, Class::From])
            && !token.is_any(&[Class::DayOn, Class::Light, Class::ClockOn, Class::Oclock])
            || month
    };
    let (joins, on) = ([Class::Of, Class::To, Class::Past, Class::From], [Class::DayOn, Class::The]);
    let skip = |token: &&Token| token.is_any(&joins) && !token.is(Class::DayOn);
    let lead = &tokens[..hit.from];
    let before = lead.iter().rev().find(|token| !skip(token));
    let after = tokens[hit.to..].iter().find(|token| !token.is(Class::Of));
    // "a week on Friday"; but "for two hours on Friday"
    let further = lead.iter().rev().find(|token| !token.is_any(&on));
    let weeks = further.is_some_and(|token| {
        token.value(Class::Unit).is_some_and(|unit| unit >= 4) || token.value(Class::Days).is_some_and(|days| days >= 7)
    });
    // "the 5th of the 6th": the second is the month, and read as nothing.
    let owned = lead.iter().rev().find(|token| !token.is(Class::The)).is_some_and(|token| token.is(Class::Of));
    let of_day =
        owned && lead.iter().rev().find(|token| !token.is_any(&[Class::The, Class::Of])).is_some_and(is_number);
    let bound = lead.iter().rev().find(|token| !token.is(Class::The)).is_some_and(|token| token.is(Class::Bound));
    let is_left = before.is_some_and(left_over) || after.is_some_and(left_over) || goes_on(tokens, hit);
    let doubted = bound || weeks || of_day || is_left;
    if doubted { Hit { means: Meaning::Open, ..hit } } else { hit }
}

/// Whether what follows a day belongs to it, and is not understood: "the 5th of the 6th", "tomorrow or the day after", "the second to
/// last", "Fri 13".
fn goes_on(tokens: &[Token], hit: Hit<Date>) -> bool {
    let Some(next) = tokens.get(hit.to) else { return false };
    let joint = next.is_any(&[Class::Of, Class::To, Class::RangeTo, Class::Bound, Class::Past]);
    let further =
        tokens[hit.to + usize::from(joint)..].iter().find(|token| !token.is(Class::The) || token.is(Class::Ordinal));
    let is_single = hit.to == hit.from + 1 && tokens[hit.from].is(Class::Weekday);
    // No hour of twelve: the day of the month.
    let of_month = is_single && !next.glued && next.digits().is_some_and(|day| (13..=31).contains(&day));
    let marked = tokens.get(hit.to + 1).is_some_and(|mark| {
        mark.glued && (mark.is_mark(':') || mark.is_mark('.')) || mark.is_any(&[Class::Oclock, Class::Month])
    });
    // "vendredi en huit": a week later.
    let later = tokens.get(hit.to + 1).is_some_and(|count| count.is_word() && count.is(Class::Num));
    let hours = tokens[hit.from..hit.to].iter().any(|token| token.value(Class::Unit).is_some_and(|unit| unit < 3));
    next.is(Class::Or) && !hours
        || next.is(Class::In) && later
        || of_month && !marked
        || joint && further.is_some_and(|token| token.is_any(&[Class::Last, Class::Next]))
        || next.is(Class::Of) && further.is_some_and(is_number)
        || next.is(Class::Of) && leads_on(tokens, hit.to)
}

/// "Of the month after next", "of the week before": a time that is counted from another one.
fn leads_on(tokens: &[Token], of: usize) -> bool {
    let unit = tokens[of + 1..].iter().position(|token| !token.is(Class::The)).map(|skipped| of + 1 + skipped);
    let counted = [Class::From, Class::Past, Class::Next, Class::Last, Class::Bound, Class::Later];
    unit.is_some_and(|at| tokens[at].is(Class::Unit) && tokens.get(at + 1).is_some_and(|next| next.is_any(&counted)))
}

/// Whether an expression is a day here: words such as "sat", "second" and "5th" are other things as well.
pub(super) fn is_day(reader: &Reader<'_>, hit: &Hit<Date>, asked: bool) -> bool {
    let tokens = &reader.tokens;
    let first = &tokens[hit.from];
    let (before, after) = (hit.from.checked_sub(1).map(|at| &tokens[at]), tokens.get(hit.to));
    let follows = |classes: &[Class]| before.is_some_and(|token| token.is_any(classes));
    let is_single = hit.to == hit.from + 1;
    // A weekday or month that is another word too: only in an answer of a few words, or with a capital.
    let is_other_word = first.is_any(&[Class::Everyday, Class::Common, Class::AlsoName])
        && first.is_any(&[Class::Weekday, Class::Month])
        && first.span.end - first.span.start <= 3;
    if is_single && is_other_word {
        let is_answer = asked
            && tokens.len() <= 6
            && before.is_none_or(|token| {
                token.is_any(&[Class::DayOn, Class::Filler, Class::Yes]) && !token.is(Class::Article)
            });
        // "mon 3pm", but not "we sat at 3"
        let leads = after.is_some_and(|next| next.kind == Kind::Digits || next.is(Class::ClockAt));
        let stands = before.is_none_or(|token| {
            !token.is_word() || token.is_any(&[Class::Or, Class::Filler, Class::Greeting]) && !token.is(Class::Article)
        });
        return is_answer || leads && stands || follows(&[Class::DayOn]) && first.text != "sun";
    }
    let is_ordinal = tokens[hit.from..hit.to].iter().all(|token| {
        token.kind == Kind::Digits || token.is_any(&[Class::OrdinalMark, Class::Ordinal, Class::Num, Class::DayOn])
    });
    if is_ordinal {
        let owned = before.is_some_and(|token| {
            token.is_any(&[Class::Article, Class::Possessive, Class::Num]) && !token.is(Class::DayOn)
        });
        let ends = after.is_none_or(|next| {
            next.kind == Kind::Mark
                || next.is_any(&[
                    Class::ClockAt,
                    Class::Filler,
                    Class::DayOn,
                    Class::Light,
                    Class::SizeBefore,
                    Class::And,
                    Class::Or,
                    Class::RangeTo,
                ])
        });
        let in_words = first.kind != Kind::Digits;
        return !owned
            && (ends
                || !in_words
                    && after.is_some_and(|next| {
                        !next.is_word()
                            || next.is_any(&[Class::DayPart, Class::People])
                            || !next.is_any(&[Class::Thing, Class::Occasion, Class::Organisation]) && !next.capital
                    }));
    }
    // "today of us", "a day of it"
    !(first.is(Class::Article) && after.is_some_and(|next| next.is(Class::Of)))
}

/// Whether an expression is a time here.
pub(super) fn is_time(reader: &Reader<'_>, hit: &Hit<Moment>, asked: bool) -> bool {
    let tokens = &reader.tokens;
    let after = tokens.get(hit.to);
    let last = &tokens[hit.to - 1];
    let is_said = last.kind != Kind::Digits && !last.is(Class::Num)
        || tokens[hit.from..hit.to].iter().any(|token| token.is_mark(':'));
    let counts = after.is_some_and(|next| {
        next.is_any(&[
            Class::People,
            Class::Kin,
            Class::Thing,
            Class::SizeAfter,
            Class::Unit,
            Class::OrdinalMark,
            Class::Month,
        ]) && !next.is_any(&[Class::Light, Class::ClockAt, Class::SizeBefore, Class::And])
            || next.glued && matches!(next.text.as_str(), "%" | "/" | "$" | "€")
            || next.glued
                && next.is_mark(',')
                && tokens.get(hit.to + 1).is_some_and(|digits| digits.glued && digits.kind == Kind::Digits)
    });
    let labelled = hit.from > 0
        && tokens[hit.from - 1].is(Class::NumberLabel)
        && !tokens[hit.from - 1].is_any(&[Class::ClockAt, Class::ClockOn]);
    let is_address = hit.to == hit.from + 1
        && after.is_some_and(|next| {
            next.is_word()
                && (next.capital && !next.is_known()
                    || tokens[hit.to..].iter().take(3).any(|token| token.is(Class::Organisation)))
        })
        && reader.text.contains(char::is_lowercase);
    let negated = hit.from > 0 && tokens[hit.from - 1].is(Class::Negation);
    let unknown = asked && hit.to == hit.from + 1 && after.is_some_and(|next| next.is_word() && !next.is_known());
    let is_certain = tokens[hit.from..hit.to]
        .iter()
        .any(|token| token.is_mark(':') || token.is_any(&[Class::Meridiem, Class::Quarter, Class::Half]));
    let party = hit.from > 0
        && tokens[hit.from - 1].is(Class::SizeBefore)
        && !tokens[hit.from - 1].is(Class::ClockAt)
        && last.is(Class::Tonight);
    if party || hit.to == hit.from + 1 && is_pronoun(tokens, hit.from) {
        return false;
    }
    is_certain || is_said && !counts || !counts && !labelled && !is_address && !negated && !unknown
}

/// Whether what stands beside a time leaves it open: "after 5", "five to", "quarter of five", "7:60", "twelve twelve twenty-seven".
pub(super) fn is_open_time(tokens: &[Token], hit: &Hit<Moment>) -> bool {
    let edges = [Class::Bound, Class::From];
    let skips = [Class::The, Class::Approx, Class::ClockAt, Class::ClockOn];
    let mut lead = tokens[..hit.from].iter().rev().filter(|token| !token.is_any(&skips) || token.is_any(&edges));
    let (before, further) = (lead.next(), lead.next());
    let bound = before.is_some_and(|token| token.is_any(&edges) && !token.is_any(&[Class::RangeFrom, Class::ClockAt]));
    let part = before.is_some_and(|token| token.is(Class::Of))
        && further.is_some_and(|token| token.is_any(&[Class::Quarter, Class::Half]));
    let next = tokens.get(hit.to);
    let follows = |at: usize| tokens.get(hit.to + at).is_some_and(|token| !token.is_break());
    let unfinished =
        next.is_some_and(|next| next.is_any(&[Class::To, Class::Past, Class::Bound, Class::Later])) && !follows(1);
    let minutes = next.is_some_and(|mark| mark.is_mark(':') && mark.glued)
        && tokens.get(hit.to + 1).is_some_and(|digits| digits.glued && digits.kind == Kind::Digits);
    // A part of what was said: "twelve twelve twenty-seven".
    let in_words = |at: usize| tokens[at].is_word() && tokens[at].is(Class::Num);
    let torn = is_torn(&tokens[hit.to - 1..], 0, 1) || hit.from > 0 && in_words(hit.from) && in_words(hit.from - 1);
    bound || part || unfinished || minutes || torn
}

/// Whether a token continues digits with a mark, as the 30 of 8:30.
pub(super) fn is_inside_number(tokens: &[Token], at: usize) -> bool {
    let mark = at.checked_sub(1).map(|before| &tokens[before]).filter(|_| tokens[at].glued);
    let number = at.checked_sub(2).is_some_and(|before| tokens[before].kind == Kind::Digits && tokens[at - 1].glued);
    mark.is_some_and(|mark| {
        matches!(mark.text.as_str(), ":" | "/")
            || mark.text == "." && number
            || matches!(mark.text.as_str(), "$" | "€" | "£" | "#" | "@")
    })
}
