//! The agent's own sentences, in the language of the conversation. They are in the packs; all other texts are the form's.

use super::pack::{Direction, Pack, packs};
use super::state::Pending;
use crate::domain::form::{EMAIL, Field, FieldKind, Form, NAME, PHONE};

/// The agent's own sentences in one language.
#[derive(Clone, Copy)]
pub(super) struct Phrases {
    pack: &'static Pack,
}

impl Phrases {
    /// The sentences of the language at that place of the packs.
    pub(super) fn of(place: usize) -> Self {
        Self { pack: &packs()[place] }
    }

    /// A sentence by its name in the packs.
    pub(super) fn say(self, name: &str) -> &'static str {
        self.pack.say.get(name).map_or("", String::as_str)
    }

    /// A sentence with a value in it, which keeps its own direction.
    pub(super) fn fill(self, name: &str, slot: &str, value: &str) -> String {
        let value = match self.pack.about.direction {
            Direction::RightToLeft => format!("\u{2068}{value}\u{2069}"),
            Direction::LeftToRight => value.to_owned(),
        };
        self.say(name).replace(slot, &value)
    }

    /// Asks whether values are right, each with the words of its key; with what it would replace.
    pub(super) fn confirm(self, form: &Form, pending: &[Pending]) -> String {
        let label = |key: &str| match key {
            NAME => self.say("label_name").to_owned(),
            key => key.replace(['_', '-', '.'], " "),
        };
        // Days and times in the person's words: who reads "tomorrow" knows which day it is.
        let is_worded = |kind| {
            matches!(kind, FieldKind::Date | FieldKind::Datetime | FieldKind::Time | FieldKind::YesNo | FieldKind::Name)
        };
        let shown = |one: &Pending| {
            let words = form.field(&one.key).filter(|field| is_worded(field.kind)).map(|_| one.words.clone());
            words.unwrap_or_else(|| one.value.clone())
        };
        let line = |one: &Pending| match &one.old {
            Some(old) => format!("{}: {old} → {}", label(&one.key), shown(one)),
            None => format!("{}: {}", label(&one.key), shown(one)),
        };
        self.fill("confirm", "{list}", &pending.iter().map(line).collect::<Vec<_>>().join(", "))
    }

    /// The sentence of a name with the type of a field behind it, such as `wrong_date`.
    pub(super) fn of_kind(self, name: &str, kind: FieldKind) -> &'static str {
        self.say(&format!("{name}_{}", kind.as_str()))
    }

    /// The question of a field in the form's words, or, where it has none of its own, in the language of the conversation; asked
    /// `again` in other words, with an example.
    pub(super) fn question(self, field: &Field, again: bool) -> String {
        let contact = [NAME, EMAIL, PHONE].contains(&field.key.as_str()) && !field.has_own_question();
        match (contact, again) {
            (true, false) => self.say(&format!("ask_{}", field.key)).to_owned(),
            (true, true) => self.say(&format!("ask_{}_again", field.key)).to_owned(),
            (false, false) => field.question.clone(),
            (false, true) => format!("{} {}", field.question, self.of_kind("again", field.kind)),
        }
    }
}

/// The options of a choice as lines below its question; nothing where the question has them.
pub(super) fn list(field: &Field) -> String {
    if field.options.iter().all(|option| field.question.contains(option.as_str())) {
        return String::new();
    }
    field.options.iter().enumerate().map(|(place, option)| format!("\n{}. {option}", place + 1)).collect()
}
