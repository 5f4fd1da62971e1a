//! Finds the days and times of a text, and assigns them to the date, time and date-time fields of a form.

use jiff::civil::Date;

use super::asides::Around;
use super::class::Class;
use super::clocks::{Clock, Moment};
use super::days::{Calendar, Hit, Meaning};
use super::expressions::{checked, is_day, is_inside_number, is_open_time, is_time, joined};
use super::fields::Slot;
use super::lexer::{Kind, Token};
use super::reader::{Found, Reader};
use super::span::is_free;
use crate::domain::form::{Field, FieldKind};

/// Regions that write the month first.
const MONTH_FIRST: [&str; 3] = ["US", "PH", "PR"];
/// Tokens of an answer that is only a day or time, at most.
const ANSWER_TOKENS_MAX: usize = 8;
/// Tokens of an answer in which "now" is a time, at most.
const NOW_TOKENS_MAX: usize = 3;
/// Tokens of an answer that is only a number, at most.
const NUMBER_TOKENS_MAX: usize = 4;
/// Words besides a day, and besides a time, in a sentence that says nothing of a booking, at most.
const REST_OF_DAY_MAX: usize = 2;
const REST_OF_TIME_MAX: usize = 8;

/// The date, time and date-time fields of a form.
struct Wanted<'a> {
    days: Vec<&'a Field>,
    clocks: Vec<&'a Field>,
    moments: Vec<&'a Field>,
}

/// Takes the days and times of the text.
pub(super) fn take(reader: &mut Reader<'_>) {
    let wanted = wanted(reader);
    if wanted.days.is_empty() && wanted.clocks.is_empty() && wanted.moments.is_empty() {
        return;
    }
    let requested = |fields: &[&Field]| fields.iter().any(|field| reader.fields.is_requested(&field.key));
    let counts_first = reader.fields.first().is_some_and(|field| field.kind == FieldKind::Number);
    let asks_day = requested(&wanted.days) || requested(&wanted.moments);
    let asks_time = (requested(&wanted.clocks) || requested(&wanted.moments)) && !counts_first;
    // "12/5", "4 to 6": after a question for a number it is no day and no time.
    let is_short = reader.tokens.len() <= NUMBER_TOKENS_MAX;
    let is_number =
        |from: usize, to: usize| counts_first && is_short && reader.tokens[from..to].iter().all(is_digits_or_joint);
    let mut days = days(reader, asks_day);
    days.retain(|hit| !is_number(hit.from, hit.to));
    let mut clocks = clocks(reader, &days, asks_time);
    clocks.retain(|hit| !is_number(hit.from, hit.to));
    let day_values: Vec<Found> = days.iter().map(|hit| found(reader, hit, &|date: Date| date.to_string())).collect();
    let time_values: Vec<Found> = clocks.iter().map(|hit| found(reader, hit, &time_text)).collect();
    if !wanted.moments.is_empty() {
        take_moments(reader, &wanted.moments, &days, &clocks);
    }
    if !wanted.days.is_empty() {
        reader.assign_to(&wanted.days, day_values.clone());
    }
    if !wanted.clocks.is_empty() {
        reader.assign_to(&wanted.clocks, time_values.clone());
    }
    reader.claimed.extend(day_values.iter().chain(&time_values).map(|found| found.span));
}

fn is_digits_or_joint(token: &Token) -> bool {
    token.kind == Kind::Digits
        || token.kind == Kind::Mark && !token.is_mark(':')
        || token.is_any(&[Class::RangeTo, Class::Approx])
}

fn wanted<'a>(reader: &Reader<'a>) -> Wanted<'a> {
    let days: Vec<&Field> = reader.fields.of_kind(FieldKind::Date).collect();
    let (clocks, moments): (Vec<&Field>, Vec<&Field>) =
        reader.fields.of_kind(FieldKind::Datetime).partition(|field| !days.is_empty() && is_clock(field));
    let clocks = reader.fields.of_kind(FieldKind::Time).chain(clocks).collect();
    Wanted { days, clocks, moments }
}

/// Whether the key of a date-time field asks for the time alone.
pub(super) fn is_clock(field: &Field) -> bool {
    let slot = Slot::of(field);
    slot.has("time") && !slot.has("date") && !slot.has("day")
}

fn found<T: Copy>(reader: &Reader<'_>, hit: &Hit<T>, text: &dyn Fn(T) -> String) -> Found {
    let span = reader.span(hit.from, hit.to);
    let value = match hit.means {
        Meaning::Known(value) => Some(text(value)),
        Meaning::Words => Some(span.words(reader.text).to_owned()),
        Meaning::Open => None,
    };
    Found { span, value, offer: None }
}

fn time_text(moment: Moment) -> String {
    match moment {
        Moment::Time(time) => time.strftime("%H:%M").to_string(),
        Moment::At(at) => at.strftime("%Y-%m-%dT%H:%M").to_string(),
    }
}

/// The days of the text in order.
fn days(reader: &Reader<'_>, asked: bool) -> Vec<Hit<Date>> {
    let tokens = &reader.tokens;
    let month_first = MONTH_FIRST.contains(&reader.context.region.as_str());
    let is_short = tokens.iter().filter(|token| token.kind != Kind::Mark).count() <= ANSWER_TOKENS_MAX;
    let calendar = Calendar { tokens, today: reader.now().date(), month_first, asked: asked && is_short };
    let is_answer = asked && tokens.len() <= NOW_TOKENS_MAX;
    let clock = Clock { tokens, now: reader.now(), asked: is_answer, part: None };
    let mut hits: Vec<Hit<Date>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        // Of articles in a row the first has been looked behind.
        let again = at > 0 && tokens[at].is(Class::The) && tokens[at - 1].is(Class::The);
        let free = !again && reader.is_free_token(at) && !is_inside_number(tokens, at);
        let hit = free.then(|| calendar.day_at(at).or_else(|| soon(&clock, at))).flatten();
        match hit.filter(|hit| is_day(reader, hit, asked)) {
            Some(hit) => {
                at = hit.to.max(at + 1);
                hits.push(hit);
            }
            None => at += 1,
        }
    }
    let hits = joined(reader, hits);
    hits.into_iter()
        .filter(|hit| fits(reader, hit, &[], asked, REST_OF_DAY_MAX) && (asked || !is_past(tokens, hit)))
        .map(|hit| checked(tokens, hit))
        .collect()
}

/// "In an hour" is a day as well.
fn soon(clock: &Clock<'_>, at: usize) -> Option<Hit<Date>> {
    let hit = clock.clock_at(at)?;
    match hit.means {
        Meaning::Known(Moment::At(then)) => Some(Hit::new(at, hit.to, Meaning::Known(then.date()))),
        Meaning::Open if clock.tokens[at].is(Class::In) => Some(Hit::new(at, hit.to, Meaning::Open)),
        _ => None,
    }
}

/// Whether a value is what the person means to book.
fn fits<T>(reader: &Reader<'_>, hit: &Hit<T>, days: &[Hit<Date>], asked: bool, rest_max: usize) -> bool {
    let around = Around::of(&reader.tokens, hit.from, hit.to);
    let is_value = |at: usize| {
        (hit.from..hit.to).contains(&at)
            || !reader.is_free_token(at)
            || days.iter().any(|day| (day.from..day.to).contains(&at))
    };
    !around.is_aside(asked) && (asked || around.is_wanted(rest_max, is_value))
}

/// Yesterday is not what anybody books.
fn is_past(tokens: &[Token], hit: &Hit<Date>) -> bool {
    tokens[hit.from].value(Class::Relative).is_some_and(|days| days < 0)
}

/// The times of the text in order.
fn clocks(reader: &Reader<'_>, days: &[Hit<Date>], asked: bool) -> Vec<Hit<Moment>> {
    let tokens = &reader.tokens;
    let is_short = tokens.iter().filter(|token| token.kind != Kind::Mark).count() <= ANSWER_TOKENS_MAX;
    let part = part_of_day(tokens, days);
    let is_bare = asked
        && is_short
        && !tokens.iter().any(|token| {
            token.is_any(&[Class::People, Class::SizeBefore]) && !token.is_any(&[Class::ClockAt, Class::Carrier])
        });
    let clock = Clock { tokens, now: reader.now(), asked: is_bare, part };
    let mut hits: Vec<Hit<Moment>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let day = days.iter().find(|day| (day.from..day.to).contains(&at));
        let is_soon = day.is_some_and(|day| day.from == at);
        let free = (day.is_none() || is_soon) && reader.is_free_token(at) && !is_inside_number(tokens, at);
        let hit = free.then(|| clock.clock_at(at)).flatten();
        let fits = hit.as_ref().is_some_and(|hit| {
            let apart = days.iter().all(|day| {
                hit.to <= day.from || day.to <= hit.from || is_soon && hit.to >= day.to || is_tail(tokens, hit, day)
            });
            apart && is_time(reader, hit, is_bare)
        });
        let stale =
            tokens[at].is(Class::Now) && tokens.len() > NOW_TOKENS_MAX && !(at > 0 && tokens[at - 1].is(Class::Free));
        match hit.filter(|_| fits && !stale) {
            Some(hit) => {
                at = hit.to.max(at + 1);
                hits.push(hit);
            }
            None => at += 1,
        }
    }
    // "Monday 3 pm or Tuesday 4 pm": with the day the time is open.
    let open = |hit: &Hit<Moment>| {
        days.iter().any(|day| {
            let alternatives = tokens[day.from..day.to].iter().any(|token| token.is_any(&[Class::Or, Class::And]));
            alternatives && matches!(day.means, Meaning::Open) && (day.to..day.to + 2).contains(&hit.from)
        })
    };
    let hits = joined(reader, hits).into_iter().filter(|hit| fits(reader, hit, days, asked, REST_OF_TIME_MAX));
    let is_open = |hit: &Hit<Moment>| open(hit) || is_open_time(tokens, hit);
    hits.map(|hit| if is_open(&hit) { Hit { means: Meaning::Open, ..hit } } else { hit }).collect()
}

/// "8:15 tonight": the part of the day belongs to both.
fn is_tail(tokens: &[Token], hit: &Hit<Moment>, day: &Hit<Date>) -> bool {
    hit.to == day.to && hit.from < day.from && tokens[day.from].is_any(&[Class::Tonight, Class::This])
}

/// The part of the day that words beside the times decide: "tomorrow evening at 6", "tonight".
fn part_of_day(tokens: &[Token], days: &[Hit<Date>]) -> Option<i16> {
    let tonight = days.iter().find_map(|day| {
        tokens[day.from..day.to].iter().find_map(|token| {
            token.value(Class::Tonight).or_else(|| token.value(Class::DayPart).filter(|_| !token.is(Class::Relative)))
        })
    });
    tonight.or_else(|| {
        let mut parts = tokens
            .iter()
            .filter(|token| token.is(Class::DayPart) && !token.is(Class::Relative) && !token.is(Class::Greeting));
        let first = parts.next()?.value(Class::DayPart)?;
        parts.all(|token| token.value(Class::DayPart) == Some(first)).then_some(first)
    })
}

/// Takes a day and a time together, or either, for date-time fields.
fn take_moments<'a>(reader: &mut Reader<'a>, fields: &[&'a Field], days: &[Hit<Date>], clocks: &[Hit<Moment>]) {
    let day = reader.settled(days.iter().map(|hit| (reader.span(hit.from, hit.to), *hit)).collect());
    let clock = reader.settled(clocks.iter().map(|hit| (reader.span(hit.from, hit.to), *hit)).collect());
    let spans = [day.map(|(span, _)| span), clock.map(|(span, _)| span)];
    let Some(span) = spans.into_iter().flatten().reduce(|all, one| all.covering(one)) else { return };
    let words = || Some(span.words(reader.text).to_owned());
    let value = match (day.map(|(_, hit)| hit.means), clock.map(|(_, hit)| hit.means)) {
        (Some(Meaning::Open), _) | (_, Some(Meaning::Open)) => None,
        (_, Some(Meaning::Known(Moment::At(at)))) => Some(time_text(Moment::At(at))),
        (Some(Meaning::Known(date)), Some(Meaning::Known(Moment::Time(time)))) => {
            Some(format!("{date}T{}", time.strftime("%H:%M")))
        }
        (Some(Meaning::Known(date)), None) => Some(date.to_string()),
        (None, Some(Meaning::Known(moment))) => Some(time_text(moment)),
        _ => words(),
    };
    let found = Found { span, value, offer: None };
    reader.assign_to(fields, vec![found]);
    if !is_free(span, &reader.claimed) {
        return;
    }
    reader.claimed.push(span);
}
