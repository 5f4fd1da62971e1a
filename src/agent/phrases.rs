//! The agent's own sentences, in the language of the conversation. They are in the packs; all other texts are the form's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::open_fields::has_name_parts;
use super::pack::{Direction, Pack, packs};
use super::state::{Known, Pending};
use crate::domain::form::{EMAIL, Field, FieldKind, Form, NAME, PHONE, Texts};
use crate::domain::text::cut;

/// Characters of a value that a sentence has.
const VALUE_CHARS_MAX: usize = 80;

/// What the agent says in one language: the form's texts for it, and the pack's sentences.
#[derive(Clone, Copy)]
pub(super) struct Phrases<'a> {
    pack: &'static Pack,
    form: &'a Form,
    own: Option<&'a Texts>,
}

impl<'a> Phrases<'a> {
    /// Those of the language at that place of the packs.
    pub(super) fn of(place: usize, form: &'a Form) -> Self {
        let pack = &packs()[place];
        Self { pack, form, own: form.texts.get(&pack.about.code) }
    }

    /// A sentence by its name in the packs: the form's, or the pack's.
    pub(super) fn say(self, name: &str) -> &'a str {
        let own = self.own.and_then(|own| own.sentences.get(name));
        own.or_else(|| self.pack.say.get(name)).map_or("", String::as_str)
    }

    /// Before the first question.
    pub(super) fn greeting(self) -> &'a str {
        self.text(|own| &own.greeting, self.form.has_own_greeting().then_some(&self.form.greeting), "greeting")
    }

    /// Once all that is required is known.
    pub(super) fn closing(self) -> &'a str {
        self.text(|own| &own.closing, self.form.has_own_closing().then_some(&self.form.closing), "closing")
    }

    /// A text of the form in this language, else in its own, else the pack's sentence.
    fn text(self, own: impl Fn(&'a Texts) -> &'a String, of_form: Option<&'a String>, name: &str) -> &'a str {
        let own = self.own.map(own).filter(|text| !text.is_empty());
        own.or(of_form).map_or_else(|| self.say(name), String::as_str)
    }

    /// A value in a sentence, where it keeps its own direction.
    fn isolated(self, value: &str) -> String {
        match self.pack.about.direction {
            Direction::RightToLeft => format!("\u{2068}{value}\u{2069}"),
            Direction::LeftToRight => value.to_owned(),
        }
    }

    /// A sentence with values in its slots. What stands in a value is no slot.
    pub(super) fn fill(self, name: &str, slots: &[(&str, &str)]) -> String {
        let (mut said, mut rest) = (String::new(), self.say(name));
        while let Some((at, slot, value)) =
            slots.iter().filter_map(|(slot, value)| Some((rest.find(slot)?, *slot, *value))).min()
        {
            said.push_str(&rest[..at]);
            said.push_str(&self.isolated(value));
            rest = &rest[at + slot.len()..];
        }
        said + rest
    }

    /// What a field is called: in the language of the conversation where it is the only one of a kind that has a name there, else by the
    /// words of its key.
    pub(super) fn label(self, field: &Field) -> Cow<'a, str> {
        let is_only = self.form.fields.iter().filter(|other| other.kind == field.kind).count() == 1;
        let is_contact = [NAME, EMAIL, PHONE].contains(&field.key.as_str());
        match self.of_kind("label", field.kind) {
            own if !own.is_empty() && (is_contact || is_only) => own.into(),
            _ => field.key.replace(['_', '-', '.'], " ").into(),
        }
    }

    /// What a field is, as it is shown in a list.
    fn line(self, field: &Field, value: &str) -> String {
        format!("{}: {}", self.label(field), self.isolated(&self.shown(field, value)))
    }

    /// What is known, in the form's order; of a name that is composed the parts.
    pub(super) fn lines(self, known: &BTreeMap<String, Known>) -> impl Iterator<Item = String> {
        let has_parts = has_name_parts(self.form);
        let fields = self.form.fields.iter().filter(move |field| !(has_parts && field.key == NAME));
        fields.filter_map(move |field| Some(self.line(field, &known.get(&field.key)?.value)))
    }

    /// A value as it is shown: normalised, so that it means the same in every language and on every day.
    fn shown(self, field: &Field, value: &str) -> String {
        match (field.kind, value) {
            (FieldKind::YesNo, "yes") => self.say("button_yes").to_owned(),
            (FieldKind::YesNo, "no") => self.say("button_no").to_owned(),
            (FieldKind::Datetime, value) => value.replacen('T', " ", 1),
            (_, value) if value.chars().count() > VALUE_CHARS_MAX => format!("{}…", cut(value, VALUE_CHARS_MAX)),
            (_, value) => value.to_owned(),
        }
    }

    /// Confirms that a value was changed; of a day with a time only what is new.
    pub(super) fn changed(self, (key, old, new): (&str, &str, &str)) -> String {
        let Some(field) = self.form.field(key) else { return self.say("changed").to_owned() };
        let halves = old.split_once('T').zip(new.split_once('T')).filter(|_| field.kind == FieldKind::Datetime);
        let (label, old, new) = match halves {
            Some(((day, old), (other, new))) if day == other => (self.say("label_time").into(), old, new),
            Some(((old, time), (new, other))) if time == other => (self.say("label_date").into(), old, new),
            _ => (self.label(field), old, new),
        };
        let (old, new) = (self.shown(field, old), self.shown(field, new));
        self.fill("changed_from", &[("{field}", &label), ("{old}", &old), ("{new}", &new)])
    }

    /// Asks whether values are right, each with the words of its key; with what it would replace.
    pub(super) fn confirm(self, pending: &[Pending]) -> String {
        // Days and times in the person's words: who reads "tomorrow" knows which day it is.
        let is_worded = |kind| {
            matches!(kind, FieldKind::Date | FieldKind::Datetime | FieldKind::Time | FieldKind::YesNo | FieldKind::Name)
        };
        let arrow = if self.pack.about.direction == Direction::RightToLeft { '←' } else { '→' };
        let line = |one: &Pending| {
            let field = self.form.field(&one.key)?;
            let value = if is_worded(field.kind) { &one.words } else { &one.value };
            Some(match &one.old {
                Some(old) => {
                    format!("{} {arrow} {}", self.line(field, old), self.isolated(&self.shown(field, value)))
                }
                None => self.line(field, value),
            })
        };
        let list: Vec<String> = pending.iter().filter_map(line).collect();
        self.say("confirm").replace("{list}", &list.join(", "))
    }

    /// The sentence of a name with the type of a field behind it, such as `wrong_date`.
    pub(super) fn of_kind(self, name: &str, kind: FieldKind) -> &'a str {
        self.say(&format!("{name}_{}", kind.as_str()))
    }

    /// The question of a field in the form's words, or, where it has none of its own, in the language of the conversation; asked
    /// `again` in other words, with an example.
    pub(super) fn question(self, field: &Field, again: bool) -> String {
        let own = self.own.and_then(|own| own.questions.get(&field.key));
        let own = own.or_else(|| field.has_own_question().then_some(&field.question));
        let is_contact = [NAME, EMAIL, PHONE].contains(&field.key.as_str());
        match (own, again) {
            (None, false) if is_contact => self.say(&format!("ask_{}", field.key)).to_owned(),
            (None, true) if is_contact => self.say(&format!("ask_{}_again", field.key)).to_owned(),
            (own, false) => own.unwrap_or(&field.question).clone(),
            (own, true) => format!("{} {}", own.unwrap_or(&field.question), self.of_kind("again", field.kind)),
        }
    }

    /// Why a field is asked for, in the form's own words; `None` where it has none.
    pub(super) fn reason(self, field: &Field) -> Option<&'a str> {
        let own = self.own.and_then(|own| own.reasons.get(&field.key));
        let of_form = || self.form.field(&field.key).map(|field| &field.reason);
        own.or_else(of_form).map(String::as_str).filter(|reason| !reason.is_empty())
    }

    /// The options of a choice as lines below its question; nothing where the question has them.
    pub(super) fn list(self, field: &Field) -> String {
        let question = self.question(field, false);
        if field.options.iter().all(|option| question.contains(option.as_str())) {
            return String::new();
        }
        field.options.iter().enumerate().map(|(place, option)| format!("\n{}. {option}", place + 1)).collect()
    }
}
