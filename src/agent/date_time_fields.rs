//! Assigns the days and times of a text to the date, time and date-time fields of a form.

use jiff::civil::Date;

use super::fields::Slot;
use super::reader::Reader;
use super::span::Span;
use super::{calendar, dates, times};
use crate::domain::form::{Field, FieldKind};

/// Regions that write the month first.
const MONTH_FIRST: [&str; 3] = ["US", "PH", "PR"];

/// Takes the days and times of the text.
pub(super) fn take(reader: &mut Reader<'_>) {
    let days: Vec<&Field> = reader.fields.of_kind(FieldKind::Date).collect();
    let (clocks, moments): (Vec<&Field>, Vec<&Field>) =
        reader.fields.of_kind(FieldKind::Datetime).partition(|field| !days.is_empty() && is_clock(field));
    let clocks: Vec<&Field> = reader.fields.of_kind(FieldKind::Time).chain(clocks).collect();
    if days.is_empty() && clocks.is_empty() && moments.is_empty() {
        return;
    }
    let is_requested = |fields: &[&Field]| fields.iter().any(|field| reader.fields.is_requested(&field.key));
    let counts_first = reader.fields.first().is_some_and(|field| field.kind == FieldKind::Number);
    let asks_day = is_requested(&days) || is_requested(&moments);
    let asks_time = (is_requested(&clocks) || is_requested(&moments)) && !counts_first;
    let day_spans = dates::find(reader.text, &reader.claimed, asks_day);
    let blocked: Vec<Span> = reader
        .claimed
        .iter()
        .copied()
        .chain(day_spans.iter().copied().filter(|span| !is_soon(reader, *span)))
        .collect();
    let only_day = !day_spans.is_empty() && is_requested(&moments);
    let time_spans = times::find(reader.text, &blocked, asks_time && !only_day);
    let (day_values, time_values) =
        (values(&day_spans, |span| day_value(reader, span)), values(&time_spans, |span| time_value(reader, span)));
    if !moments.is_empty() {
        take_moments(reader, &moments, &day_spans, &time_spans);
    }
    if !days.is_empty() {
        reader.assign_to(&days, day_values);
    }
    if !clocks.is_empty() {
        reader.assign_to(&clocks, time_values);
    }
    reader.claimed.extend(day_spans.into_iter().chain(time_spans));
}

/// Whether the key of a date-time field asks for the time alone.
fn is_clock(field: &Field) -> bool {
    let slot = Slot::of(field);
    slot.has("time") && !slot.has("date") && !slot.has("day")
}

/// Whether a span is a day and a time at once, such as "in an hour".
fn is_soon(reader: &Reader<'_>, span: Span) -> bool {
    let lower = span.words(reader.text).to_lowercase();
    lower.contains("hour") || lower.contains("minute") || lower == "now" || lower.ends_with("min") || lower == "tonight"
}

fn values(spans: &[Span], value: impl Fn(Span) -> String) -> Vec<(Span, String)> {
    spans.iter().map(|span| (*span, value(*span))).collect()
}

fn today(reader: &Reader<'_>) -> Date {
    reader.context.now.to_zoned(reader.context.timezone.clone()).date()
}

fn resolved_day(reader: &Reader<'_>, span: Span) -> Option<Date> {
    let month_first = MONTH_FIRST.contains(&reader.context.region.as_str());
    let words = span.words(reader.text);
    let soon = times::resolve(words, reader.context.now, reader.context.timezone).and_then(|moment| moment.at);
    soon.map(|at| at.date()).or_else(|| calendar::resolve(words, today(reader), month_first))
}

fn day_value(reader: &Reader<'_>, span: Span) -> String {
    resolved_day(reader, span).map_or_else(|| span.words(reader.text).to_owned(), |date| date.to_string())
}

fn time_value(reader: &Reader<'_>, span: Span) -> String {
    let words = span.words(reader.text);
    let moment = times::resolve(words, reader.context.now, reader.context.timezone);
    moment.map_or_else(|| words.to_owned(), |moment| moment.time.strftime("%H:%M").to_string())
}

/// A date-time field takes the day and the time that belong to it, in one part of the text.
fn take_moments(reader: &mut Reader<'_>, fields: &[&Field], days: &[Span], clocks: &[Span]) {
    let settle = |spans: &[Span]| reader.settled(values(spans, |_| String::new())).map(|(span, _)| span);
    let (day, clock) = (settle(days), settle(clocks));
    let Some(field) = fields.iter().find(|field| reader.fields.is_requested(&field.key)).or(fields.first()) else {
        return;
    };
    let span = match (day, clock) {
        (Some(day), Some(clock)) => day.covering(clock),
        (Some(span), None) | (None, Some(span)) => span,
        (None, None) => return,
    };
    let date = day.and_then(|day| resolved_day(reader, day));
    let moment = clock.and_then(|clock| {
        // "tonight" and "tomorrow evening" decide between a.m. and p.m.
        let around = day.map_or(clock, |day| day.covering(clock));
        let resolve = |span: Span| times::resolve(span.words(reader.text), reader.context.now, reader.context.timezone);
        resolve(clock).or_else(|| {
            let words = format!("{} {}", clock.words(reader.text), half_of_day(around.words(reader.text), reader.text));
            times::resolve(words.trim(), reader.context.now, reader.context.timezone)
        })
    });
    let value = match (date, moment) {
        (_, Some(times::Moment { at: Some(at), .. })) => at.strftime("%Y-%m-%dT%H:%M").to_string(),
        (Some(date), Some(moment)) => format!("{date}T{}", moment.time.strftime("%H:%M")),
        (Some(date), None) if clock.is_none() => date.to_string(),
        (None, Some(moment)) if day.is_none() => moment.time.strftime("%H:%M").to_string(),
        _ => span.words(reader.text).to_owned(),
    };
    reader.take(&field.key, span, value);
}

/// "in the morning" or "in the evening", if the words around a time say so.
fn half_of_day(around: &str, text: &str) -> &'static str {
    let near =
        format!("{} {}", around.to_lowercase(), if text.len() < 80 { text.to_lowercase() } else { String::new() });
    for word in ["evening", "afternoon", "tonight", "night", "morning"] {
        if near.contains(word) {
            return if word == "morning" { "in the morning" } else { "in the evening" };
        }
    }
    ""
}
