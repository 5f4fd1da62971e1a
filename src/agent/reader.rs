//! The state of reading one text: the values taken so far, and how values are assigned to fields.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::class::Class;
use super::fields::{Fields, Slot};
use super::lexer::Token;
use super::pack::Languages;
use super::span::{Span, is_free, lead_in};
use crate::domain::form::{Field, FieldKind, Form};
use crate::domain::phone::Region;

/// The source of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The person's own words.
    Words,
    /// Provided by the chat platform.
    Channel,
    /// A contact card that the person shared.
    Contact,
    /// Composed of other fields, as a name of its parts.
    Composed,
    /// The person's own words, which a model found, and their yes to them.
    Model,
}

/// A value taken for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The field's key.
    pub key: String,
    /// The exact part of the text.
    pub words: String,
    /// Normalised: E.164, lower-case email, the option as the form spells it, digits, `yes` or `no`, ISO 8601 date, time
    /// or local date-time; the words themselves where they cannot be resolved.
    pub value: String,
    /// Its source.
    pub source: Source,
    /// When the person wrote it; `None` where the platform told it.
    pub at: Option<Timestamp>,
}

/// Words that are about a field, but give no value that could be stored: not all of them were understood, or they leave it open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The field's key.
    pub key: String,
    /// The exact part of the text.
    pub words: String,
    /// What may have been meant, to be offered back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
}

/// What a text says about the fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Values, each key at most once, in the form's order.
    pub taken: Vec<Taken>,
    /// What has to be asked about, each key at most once, and none that has a value.
    pub doubts: Vec<Doubt>,
}

/// The input of reading besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's form.
    pub form: &'a Form,
    /// Decides what a national phone number means.
    pub region: Region,
    /// Decides what day "tomorrow" is.
    pub timezone: &'a TimeZone,
    /// When the person wrote the text: decides what day "tomorrow" is.
    pub now: Timestamp,
    /// The language of the conversation so far, such as `es`; the form's where there is none.
    pub language: Option<&'a str>,
}

/// A value found for some field of its type.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) span: Span,
    /// `None` where the words leave it open.
    pub(super) value: Option<String>,
    /// What may have been meant, where there is no value.
    pub(super) offer: Option<String>,
}

/// The state of reading one text.
pub(super) struct Reader<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) fields: Fields<'a>,
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    /// The languages that the text is read in.
    pub(super) languages: Languages,
    pub(super) claimed: Vec<Span>,
    pub(super) taken: Vec<Taken>,
    pub(super) doubts: Vec<Doubt>,
}

impl<'a> Reader<'a> {
    /// The person's own time of day and date, to the minute.
    pub(super) fn now(&self) -> DateTime {
        let now = self.context.now.to_zoned(self.context.timezone.clone()).datetime();
        now.with().second(0).subsec_nanosecond(0).build().unwrap_or(now)
    }

    /// The part of the text that tokens cover.
    pub(super) fn span(&self, from: usize, to: usize) -> Span {
        let (first, last) = (self.tokens[from].span, self.tokens[to.max(from + 1) - 1].span);
        first.covering(last)
    }

    /// Whether no other value has a token.
    pub(super) fn is_free_token(&self, at: usize) -> bool {
        is_free(self.tokens[at].span, &self.claimed)
    }

    /// The first token that begins at or behind a place of the text.
    pub(super) fn token_at(&self, start: usize) -> usize {
        self.tokens.partition_point(|token| token.span.start < start)
    }

    /// Takes a value, unless the field has one.
    pub(super) fn take(&mut self, key: &str, span: Span, value: String) {
        let words = span.words(self.text).to_owned();
        if span.is_empty() || self.has(key) {
            return;
        }
        self.claimed.push(span);
        self.doubts.retain(|doubt| doubt.key != key);
        self.taken.push(Taken { key: key.to_owned(), words, value, source: Source::Words, at: Some(self.context.now) });
    }

    /// Notes that words are about a field, but give no value.
    pub(super) fn doubt(&mut self, key: &str, span: Span, offer: Option<String>) {
        if span.is_empty() || self.has(key) || self.doubts.iter().any(|doubt| doubt.key == key) {
            return;
        }
        self.claimed.push(span);
        self.doubts.push(Doubt { key: key.to_owned(), words: span.words(self.text).to_owned(), offer });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.taken.iter().any(|taken| taken.key == key)
    }

    /// Assigns values of one type to the fields of that type.
    pub(super) fn assign(&mut self, kind: FieldKind, values: Vec<Found>) {
        let fields: Vec<&'a Field> = self.fields.of_kind(kind).filter(|field| !self.has(&field.key)).collect();
        self.assign_to(&fields, values);
    }

    pub(super) fn put(&mut self, key: &str, found: Found) {
        match found.value {
            Some(value) => self.take(key, found.span, value),
            None => self.doubt(key, found.span, found.offer),
        }
    }

    /// Assigns values to fields: all in order where there are as many of both; one to the field that is named before it or was
    /// asked for, else to the only field or to a first one that is `name`, `email` or `phone`.
    pub(super) fn assign_to(&mut self, fields: &[&'a Field], values: Vec<Found>) {
        if fields.len() > 1 && values.len() == fields.len() {
            for (field, found) in fields.iter().zip(values) {
                self.put(&field.key, found);
            }
            return;
        }
        let values = values.into_iter().map(|found| (found.span, found)).collect();
        let Some((_, found)) = self.settled(values) else { return };
        let before = lead_in(self.text, found.span.start, 60);
        let named = fields.iter().find(|field| fields.len() > 1 && Slot::of(field).label_in(&before));
        let asked = fields.iter().find(|field| self.fields.is_requested(&field.key));
        let plain = fields
            .first()
            .filter(|field| fields.len() == 1 || matches!(field.key.as_str(), "email" | "phone" | "name"));
        if let Some(field) = named.or(asked).or(plain) {
            self.put(&field.key, found);
        }
    }

    /// The valid one of several values: the last that is not negated, since people correct themselves as they write. Negated
    /// values are dropped.
    pub(super) fn settled<T>(&self, mut values: Vec<(Span, T)>) -> Option<(Span, T)> {
        values.retain(|(span, _)| !self.is_denied(*span));
        let replaced = |span: &Span| {
            let before = self.token_at(span.start).checked_sub(1).map(|at| &self.tokens[at]);
            before.is_some_and(|before| before.is_any(&[Class::Negation, Class::RangeFrom]))
        };
        let kept = values.iter().rposition(|(span, _)| !replaced(span));
        kept.or(values.len().checked_sub(1)).map(|place| values.swap_remove(place))
    }

    /// "not on Friday", "anything but 7"; but "why not 7".
    fn is_denied(&self, span: Span) -> bool {
        let joints = [Class::DayOn, Class::ClockAt, Class::Article, Class::SizeBefore];
        let start = self.token_at(span.start);
        let near = self.tokens[..start].iter().rposition(|token| !token.is_any(&joints) || token.is(Class::Negation));
        near.is_some_and(|at| {
            self.tokens[at].is(Class::Negation)
                && !at.checked_sub(1).is_some_and(|why| self.tokens[why].is(Class::Question))
        })
    }
}
