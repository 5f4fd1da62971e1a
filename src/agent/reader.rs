//! The state of reading one text: the values taken so far, and how values are assigned to fields.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::fields::{Fields, Slot};
use super::span::{Span, lead_in};
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
}

/// The state of reading one text.
pub(super) struct Reader<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) fields: Fields<'a>,
    pub(super) text: &'a str,
    pub(super) claimed: Vec<Span>,
    pub(super) taken: Vec<Taken>,
}

impl<'a> Reader<'a> {
    /// Takes a value, unless the field has one.
    pub(super) fn take(&mut self, key: &str, span: Span, value: String) {
        let words = span.words(self.text).to_owned();
        if span.is_empty() || self.has(key) {
            return;
        }
        self.claimed.push(span);
        self.taken.push(Taken { key: key.to_owned(), words, value, source: Source::Words, at: Some(self.context.now) });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.taken.iter().any(|taken| taken.key == key)
    }

    /// Assigns values of one type to the fields of that type.
    pub(super) fn assign(&mut self, kind: FieldKind, values: Vec<(Span, String)>) {
        let fields: Vec<&'a Field> = self.fields.of_kind(kind).filter(|field| !self.has(&field.key)).collect();
        self.assign_to(&fields, values);
    }

    /// Assigns values to fields: all in order where there are as many of both; one to the field that is named before it or was
    /// asked for, else to the only field or to a first one that is `name`, `email` or `phone`.
    pub(super) fn assign_to(&mut self, fields: &[&'a Field], values: Vec<(Span, String)>) {
        if fields.len() > 1 && values.len() == fields.len() {
            for (field, (span, value)) in fields.iter().zip(values) {
                self.take(&field.key, span, value);
            }
            return;
        }
        let Some((span, value)) = self.settled(values) else { return };
        let before = lead_in(self.text, span.start, 60);
        let named = fields.iter().find(|field| fields.len() > 1 && Slot::of(field).label_in(&before));
        let asked = fields.iter().find(|field| self.fields.is_requested(&field.key));
        let plain = fields
            .first()
            .filter(|field| fields.len() == 1 || matches!(field.key.as_str(), "email" | "phone" | "name"));
        if let Some(field) = named.or(asked).or(plain) {
            self.take(&field.key, span, value);
        }
    }

    /// The valid one of several values: the last that is not negated, since people correct themselves as they write. Negated
    /// values are dropped.
    pub(super) fn settled(&self, mut values: Vec<(Span, String)>) -> Option<(Span, String)> {
        values.retain(|(span, _)| !self.is_denied(*span));
        let doubted = |span: &Span| {
            let before = lead_in(self.text, span.start, 16);
            ["not ", "n't ", "n’t ", "from ", "instead of ", "said "].iter().any(|word| before.ends_with(word))
        };
        let kept = values.iter().rposition(|(span, _)| !doubted(span));
        kept.or(values.len().checked_sub(1)).map(|place| values.swap_remove(place))
    }

    /// "not on Friday", "anything but 7"; but "why not 7".
    fn is_denied(&self, span: Span) -> bool {
        let before = lead_in(self.text, span.start, 24);
        let before = before.trim_end();
        let joint = [" on", " at", " for", " the", " in"].iter().find_map(|joint| before.strip_suffix(joint));
        let head = joint.unwrap_or(before);
        ["not", "anything but", "any day but", "except"].iter().any(|word| {
            let rest = head.strip_suffix(word);
            rest.is_some_and(|rest| !rest.ends_with(char::is_alphanumeric) && !rest.trim_end().ends_with("why"))
        })
    }
}
