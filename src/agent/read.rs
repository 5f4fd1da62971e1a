//! Reads one text: which fields of the form it fills, with which of its words.

use super::class::Class;
use super::fields::{Fields, Part, Slot};
use super::fold::{fold, split};
use super::language;
use super::lexer::tokens;
use super::reader::{Context, Found, Reader, Reading};
use super::span::{Span, is_free};
use super::words::Words;
use super::{choice, compounds, contact, free_text, name_runs, names, party_size, when};
use crate::domain::form::{Field, FieldKind};
use crate::domain::text::cut;

/// Extracts values from one text. `requested` are the keys just asked for; keys that are not in the form are ignored.
/// A value is taken only where all words of its expression are understood; what is not is a doubt.
pub fn read(context: &Context<'_>, text: &str, requested: &[String]) -> Reading {
    let text = cut(text, super::TEXT_CHARS_MAX);
    let folded = fold(text);
    let parts = compounds::split_numbers(&folded, split(&folded));
    let languages = language::of_text(&folded, &parts, context.language.unwrap_or(&context.form.language));
    let mut reader = Reader {
        context,
        fields: Fields::new(context.form, requested),
        text,
        tokens: tokens(text, &folded, &parts, languages),
        languages,
        claimed: vec![],
        taken: vec![],
        doubts: vec![],
    };
    let said = Words { text, tokens: reader.tokens.clone() };
    reader.labelled_lines();
    reader.contacts();
    when::take(&mut reader);
    reader.choices(&said);
    reader.numbers(&said);
    reader.names();
    reader.yes_or_no(&said);
    reader.free_text(&said);
    let place = |key: &str| context.form.fields.iter().position(|field| field.key == key);
    reader.taken.sort_by_key(|taken| place(&taken.key));
    let Reader { taken, mut doubts, .. } = reader;
    doubts.retain(|doubt| taken.iter().all(|taken| taken.key != doubt.key));
    Reading { taken, doubts }
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
            if answer.contains(':') && field.kind == FieldKind::Name || Words::of(answer, self.languages).is_refusal() {
                continue;
            }
            let Reading { taken, doubts } = read(self.context, answer, std::slice::from_ref(&key));
            for taken in taken.into_iter().filter(|taken| taken.key == key) {
                if let Some(at) = answer.find(&taken.words) {
                    let span = Span::new(start + at, start + at + taken.words.len());
                    self.take(&key, span, taken.value);
                }
            }
            for doubt in doubts.into_iter().filter(|doubt| doubt.key == key) {
                if let Some(at) = answer.find(&doubt.words) {
                    self.doubt(&key, Span::new(start + at, start + at + doubt.words.len()), doubt.offer);
                }
            }
        }
    }

    fn contacts(&mut self) {
        let found = contact::emails(self, self.fields.is_asked(FieldKind::Email));
        let free: Vec<Found> = found.iter().filter(|found| is_free(found.span, &self.claimed)).cloned().collect();
        self.assign(FieldKind::Email, free);
        self.claimed.extend(found.into_iter().map(|found| found.span));
        let found = contact::phones(self, self.fields.is_asked(FieldKind::Phone));
        let free: Vec<Found> = found.into_iter().filter(|found| is_free(found.span, &self.claimed)).collect();
        self.claimed.extend(free.iter().map(|found| found.span));
        self.assign(FieldKind::Phone, free);
    }

    fn choices(&mut self, said: &Words<'_>) {
        let fields: Vec<&'a Field> = self.fields.of_kind(FieldKind::Choice).collect();
        for field in fields {
            let asked = self.fields.is_first(&field.key);
            if asked && said.is_refusal() {
                continue;
            }
            if let Some((span, index)) =
                choice::find(said, field, asked).filter(|(span, _)| is_free(*span, &self.claimed))
            {
                self.take(&field.key, span, field.options[index].clone());
            }
        }
    }

    fn numbers(&mut self, said: &Words<'_>) {
        let (people, others): (Vec<&'a Field>, Vec<&'a Field>) =
            self.fields.of_kind(FieldKind::Number).partition(|field| Slot::of(field).counts_people());
        if let Some(field) = people.first().filter(|field| !self.has(&field.key)) {
            let asked = self.fields.is_requested(&field.key);
            let found = party_size::find(self, asked).into_iter().map(|found| (found.span, found)).collect();
            if let Some((_, found)) = self.settled(found) {
                self.put(&field.key, found);
            }
        }
        for field in others {
            let asked = self.fields.is_first(&field.key);
            if let Some(found) = free_text::number(self, said, &Slot::of(field), asked) {
                self.put(&field.key, found);
            }
        }
    }

    fn names(&mut self) {
        if self.fields.names().is_empty() {
            return;
        }
        let found = names::find(self, self.fields.asks_name());
        let first = self.fields.first_wanted();
        for name in found.iter().take(4) {
            self.take_name(name, first, found.len());
        }
    }

    fn take_name(&mut self, name: &name_runs::Found, first: Option<&'a str>, count: usize) {
        let slots = self.fields.names();
        let parts = name.family.and_then(|at| {
            let (given, family) = name.words.split_at(at);
            Some((given.first()?.covering(*given.last()?), family.first()?.covering(*family.last()?)))
        });
        let given = parts.map(|(given, _)| given);
        let family = parts.map(|(_, family)| family);
        let last_is_first =
            first.is_some_and(|key| slots.iter().any(|(slot, part)| slot == key && *part == Part::Last));
        for (key, part) in &slots {
            let span = match (part, name.part) {
                (Part::Whole, Part::Whole) => Some(name.span),
                (Part::Whole, _) if count == 1 => Some(name.span),
                (Part::First, Part::First) | (Part::Last, Part::Last) => Some(name.span),
                (Part::First, Part::Whole) => given.or_else(|| (!last_is_first).then_some(name.span)),
                (Part::Last, Part::Whole) => family.or_else(|| (first == Some(key.as_str())).then_some(name.span)),
                _ => None,
            };
            match span {
                Some(span) if name.is_open => self.doubt(key, span, Some(span.words(self.text).to_owned())),
                Some(span) => self.take(key, span, span.words(self.text).to_owned()),
                None => {}
            }
        }
    }

    fn yes_or_no(&mut self, said: &Words<'_>) {
        let Some(field) = self.fields.first().filter(|field| field.kind == FieldKind::YesNo) else { return };
        let declines = said.says(Class::Refuse);
        if said.is_question() || declines {
            return;
        }
        if let Some((span, answer)) = said.yes_no() {
            let value = if answer { "yes" } else { "no" };
            self.take(&field.key, span, value.to_owned());
        }
    }

    fn free_text(&mut self, said: &Words<'_>) {
        let fields: Vec<&'a Field> = self.fields.of_kind(FieldKind::Text).collect();
        for field in fields {
            let asked = self.fields.is_first(&field.key);
            let found = free_text::labelled(self, said, &Slot::of(field))
                .or_else(|| asked.then(|| free_text::answer(self, said)).flatten());
            if let Some(span) = found {
                let value = span.words(self.text).to_owned();
                self.take(&field.key, span, value);
            }
        }
    }
}
