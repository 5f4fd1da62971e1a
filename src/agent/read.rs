//! Reads one text: which fields of the form it fills, with which of its words.

use super::fields::{Fields, Slot};
use super::lexicon;
use super::reader::{Context, Reader, Taken};
use super::span::{Span, is_free};
use super::{choice, contact, date_time_fields, free_text, name_answer, names, party_size};
use crate::domain::form::{Field, FieldKind};
use crate::domain::text::cut;

/// Extracts values from one text. `requested` are the keys just asked for; keys that are not in the form are ignored.
/// Returns each key at most once, in the form's order.
pub fn read(context: &Context<'_>, text: &str, requested: &[String]) -> Vec<Taken> {
    let text = cut(text, super::TEXT_CHARS_MAX);
    let mut reader =
        Reader { context, fields: Fields::new(context.form, requested), text, claimed: vec![], taken: vec![] };
    reader.labelled_lines();
    reader.contacts();
    date_time_fields::take(&mut reader);
    reader.choices();
    reader.numbers();
    reader.names();
    reader.yes_or_no();
    reader.free_text();
    let place = |key: &str| context.form.fields.iter().position(|field| field.key == key);
    reader.taken.sort_by_key(|taken| place(&taken.key));
    reader.taken
}

impl<'a> Reader<'a> {
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
            let spans = party_size::find(self.text, &self.claimed, asked);
            let values = spans.into_iter().map(|span| (span, String::new())).collect();
            if let Some((span, _)) = self.settled(values) {
                let words = span.words(self.text);
                let value = party_size::count(words).map_or_else(|| words.to_owned(), |count| count.to_string());
                self.take(&field.key, span, value);
            }
        }
        for field in others {
            let asked = self.fields.is_first(&field.key);
            if let Some((span, value)) = free_text::number(self.text, &self.claimed, &Slot::of(field), asked) {
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
        let (given, family) = name_answer::split(self.text, name.span);
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
            let found = free_text::labelled(self.text, &self.claimed, &Slot::of(field))
                .or_else(|| asked.then(|| free_text::answer(self.text, &self.claimed)).flatten());
            if let Some(span) = found {
                let value = span.words(self.text).to_owned();
                self.take(&field.key, span, value);
            }
        }
    }
}
