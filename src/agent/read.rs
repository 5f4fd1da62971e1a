//! Reads one text: which fields of the form it fills, with which of its words.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::fields::{Fields, Slot};
use super::lexicon;
use super::span::{Span, is_free, lead_in};
use super::{bare, choice, contact, free, names, people, when};
use crate::domain::form::{Field, FieldKind, Form};
use crate::domain::phone::Region;
use crate::domain::text::cut;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The person's own words.
    Words,
    /// The chat platform.
    Channel,
    /// A contact card that the person shared.
    Contact,
    /// Put together from other fields, as a name from its parts.
    Composed,
}

/// A value taken for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The field's key.
    pub key: String,
    /// The exact part of the text that says it.
    pub words: String,
    /// Normalised: E.164, lower-case email, the option as the form spells it, digits, `yes` or `no`, ISO 8601 date, time
    /// or local date-time; the words themselves where they cannot be resolved.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// What reading depends on besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's form.
    pub form: &'a Form,
    /// Decides what a national phone number means.
    pub region: Region,
    /// Decides what day "tomorrow" is.
    pub timezone: &'a TimeZone,
    /// Decides what day "tomorrow" is.
    pub now: Timestamp,
}

/// Extracts values from one text. `requested` are the keys just asked for; keys that are not in the form are ignored.
/// Returns each key at most once, in the form's order.
pub fn read(context: &Context<'_>, text: &str, requested: &[String]) -> Vec<Taken> {
    let text = cut(text, super::TEXT_CHARS_MAX);
    let mut reader =
        Reader { context, fields: Fields::new(context.form, requested), text, claimed: vec![], taken: vec![] };
    reader.labelled_lines();
    reader.contacts();
    when::take(&mut reader);
    reader.choices();
    reader.numbers();
    reader.names();
    reader.yes_or_no();
    reader.free_text();
    let place = |key: &str| context.form.fields.iter().position(|field| field.key == key);
    reader.taken.sort_by_key(|taken| place(&taken.key));
    reader.taken
}

/// One reading: what is asked, what is claimed by now.
pub(super) struct Reader<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) fields: Fields<'a>,
    pub(super) text: &'a str,
    pub(super) claimed: Vec<Span>,
    taken: Vec<Taken>,
}

impl<'a> Reader<'a> {
    /// Takes a value, unless the field has one or the words are spoken for.
    pub(super) fn take(&mut self, key: &str, span: Span, value: String) {
        let words = span.words(self.text).to_owned();
        if span.is_empty() || self.has(key) {
            return;
        }
        self.claimed.push(span);
        self.taken.push(Taken { key: key.to_owned(), words, value, source: Source::Words });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.taken.iter().any(|taken| taken.key == key)
    }

    /// `Email: a@b.com` on a line of its own fills the field of that label, whatever was asked.
    fn labelled_lines(&mut self) {
        if !self.text.contains([':', '：']) {
            return;
        }
        let lines: Vec<&str> = self.text.lines().take(super::BURST_MESSAGES_MAX).collect();
        for line in lines {
            let Some((label, answer)) = line.split_once([':', '：']) else { continue };
            let Some(field) = self.fields.labelled(label) else { continue };
            let (key, start) = (field.key.clone(), answer.as_ptr() as usize - self.text.as_ptr() as usize);
            if answer.contains(':') && field.kind == FieldKind::Name || lexicon::is_refusal(answer) {
                continue;
            }
            for taken in
                read(self.context, answer, std::slice::from_ref(&key)).into_iter().filter(|taken| taken.key == key)
            {
                if let Some(at) = answer.find(&taken.words) {
                    let span = Span::new(start + at, start + at + taken.words.len());
                    self.take(&key, span, taken.value);
                }
            }
        }
    }

    fn contacts(&mut self) {
        let asked = self.fields.is_asked(FieldKind::Email);
        let found = contact::emails(self.text, asked);
        let emails: Vec<(Span, String)> =
            found.clone().into_iter().filter(|(span, _)| is_free(*span, &self.claimed)).collect();
        self.assign(FieldKind::Email, emails);
        self.claimed.extend(found.into_iter().map(|(span, _)| span));
        let asked = self.fields.is_asked(FieldKind::Phone);
        let found = contact::phones(self.text, self.context.region, asked);
        let found: Vec<(Span, String)> = found.into_iter().map(|(span, phone)| (span, phone.into())).collect();
        let phones: Vec<(Span, String)> = found.into_iter().filter(|(span, _)| is_free(*span, &self.claimed)).collect();
        self.claimed.extend(phones.iter().map(|(span, _)| *span));
        self.assign(FieldKind::Phone, phones);
    }

    /// Gives values of one kind to the fields of that kind.
    pub(super) fn assign(&mut self, kind: FieldKind, values: Vec<(Span, String)>) {
        let fields: Vec<&'a Field> = self.fields.of_kind(kind).filter(|field| !self.has(&field.key)).collect();
        self.assign_to(&fields, values);
    }

    /// Gives values to fields: all in order where their numbers agree, one to the field asked for or named beside it, else
    /// to the only one or the first that is the plain contact field.
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

    /// Of several values the one that holds: the last that is not denied, since people correct themselves as they go. A value
    /// that is said not to be is none.
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

    fn choices(&mut self) {
        let fields: Vec<&'a Field> = self.fields.of_kind(FieldKind::Choice).collect();
        for field in fields {
            let asked = self.fields.is_first(&field.key);
            if asked && lexicon::is_refusal(self.text) {
                continue;
            }
            if let Some((span, index)) =
                choice::find(self.text, &field.options, asked).filter(|(span, _)| is_free(*span, &self.claimed))
            {
                self.take(&field.key, span, field.options[index].clone());
            }
        }
    }

    fn numbers(&mut self) {
        let (people, others): (Vec<&'a Field>, Vec<&'a Field>) =
            self.fields.of_kind(FieldKind::Number).partition(|field| Slot::of(field).counts_people());
        if let Some(field) = people.first().filter(|field| !self.has(&field.key)) {
            let asked = self.fields.is_requested(&field.key);
            let spans = people::find(self.text, &self.claimed, asked);
            let values = spans.into_iter().map(|span| (span, String::new())).collect();
            if let Some((span, _)) = self.settled(values) {
                let words = span.words(self.text);
                let value = people::count(words).map_or_else(|| words.to_owned(), |count| count.to_string());
                self.take(&field.key, span, value);
            }
        }
        for field in others {
            let asked = self.fields.is_first(&field.key);
            if let Some((span, value)) = free::number(self.text, &self.claimed, &Slot::of(field), asked) {
                self.take(&field.key, span, value);
            }
        }
    }

    fn names(&mut self) {
        let wanted = self.fields.names();
        if wanted.is_empty() {
            return;
        }
        let asked = self.fields.asks_name();
        let found = names::find(self.text, &self.claimed, asked);
        let first = self.fields.first_wanted();
        for name in found.iter().take(4) {
            self.take_name(name, first, found.len());
        }
    }

    fn take_name(&mut self, name: &names::Found, first: Option<&'a str>, count: usize) {
        let (given, family) = bare::split(self.text, name.span);
        let slots = self.fields.names();
        let say = |span: Span| span.words(self.text).to_owned();
        let mut takes: Vec<(String, Span)> = Vec::new();
        for (key, part) in &slots {
            let span = match (part, name.part, family) {
                (names::Part::Whole, names::Part::Whole, _) => Some(name.span),
                (names::Part::Whole, _, _) if count == 1 => Some(name.span),
                (names::Part::First, names::Part::First, _) | (names::Part::Last, names::Part::Last, _) => {
                    Some(name.span)
                }
                (names::Part::First, names::Part::Whole, Some(_)) => Some(given),
                (names::Part::Last, names::Part::Whole, family @ Some(_)) => family,
                (names::Part::Last, names::Part::Whole, None) => (first == Some(key)).then_some(name.span),
                (names::Part::First, names::Part::Whole, None) => {
                    let is_last = first
                        .is_some_and(|key| slots.iter().any(|(slot, part)| slot == key && *part == names::Part::Last));
                    (!is_last).then_some(name.span)
                }
                _ => None,
            };
            takes.extend(span.map(|span| (key.clone(), span)));
        }
        for (key, span) in takes {
            let value = say(span);
            self.take(&key, span, value);
        }
    }

    fn yes_or_no(&mut self) {
        let Some(field) = self.fields.first().filter(|field| field.kind == FieldKind::YesNo) else { return };
        if lexicon::is_question(self.text) || lexicon::is_refusal(self.text) {
            return;
        }
        if let Some((words, answer)) = lexicon::yes_no(self.text) {
            let start = words.as_ptr() as usize - self.text.as_ptr() as usize;
            let value = if answer { "yes" } else { "no" };
            self.take(&field.key, Span::new(start, start + words.len()), value.to_owned());
        }
    }

    fn free_text(&mut self) {
        let fields: Vec<&'a Field> = self.fields.of_kind(FieldKind::Text).collect();
        for field in fields {
            let asked = self.fields.is_first(&field.key);
            let found = free::labelled(self.text, &self.claimed, &Slot::of(field))
                .or_else(|| asked.then(|| free::answer(self.text, &self.claimed)).flatten());
            if let Some(span) = found {
                let value = span.words(self.text).to_owned();
                self.take(&field.key, span, value);
            }
        }
    }
}
