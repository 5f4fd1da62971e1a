//! The fields of a form for reading: which were asked for, and what their keys mean.

use crate::domain::form::{Field, FieldKind, Form, NAME};

/// Keys that count people.
const PEOPLE: [&str; 16] = [
    "people",
    "person",
    "persons",
    "guest",
    "guests",
    "pax",
    "party",
    "headcount",
    "attendees",
    "participants",
    "diners",
    "seats",
    "visitors",
    "heads",
    "travellers",
    "travelers",
];
/// Words of keys that mean a person's whole name.
const WHOLE_NAME: [&str; 9] = ["name", "full", "your", "contact", "customer", "person", "guest", "client", "lead"];

/// Which part of a name was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole name, or a single word that may be any part.
    Whole,
    /// A first name by the words around it.
    First,
    /// A family name by the words around it.
    Last,
}

impl Part {
    pub(super) fn of(value: i16) -> Self {
        match value {
            2 => Self::First,
            3 => Self::Last,
            _ => Self::Whole,
        }
    }
}

/// The words of a field's key.
pub(super) struct Slot {
    /// In lower case: `preferred_outlet` is "preferred outlet".
    pub(super) words: Vec<String>,
}

impl Slot {
    pub(super) fn of(field: &Field) -> Self {
        let words = field.key.split(['_', '-', '.']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        Self { words }
    }

    pub(super) fn counts_people(&self) -> bool {
        self.words.iter().any(|word| PEOPLE.contains(&word.as_str()))
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// Whether a lower-case text has all words of the key.
    pub(super) fn label_in(&self, lower: &str) -> bool {
        !self.words.is_empty() && self.words.iter().all(|word| lower.contains(word.as_str()))
    }

    /// The part of a name that a field of type name holds; `None` for the name of something else.
    fn name_part(&self) -> Option<Part> {
        let first = ["first", "given", "forename", "firstname", "fname", "christian"];
        let last = ["last", "family", "surname", "lastname", "lname", "second"];
        if self.words.iter().any(|word| first.contains(&word.as_str())) {
            Some(Part::First)
        } else if self.words.iter().any(|word| last.contains(&word.as_str())) {
            Some(Part::Last)
        } else {
            self.words
                .iter()
                .all(|word| WHOLE_NAME.contains(&word.as_str()) || word == "fullname")
                .then_some(Part::Whole)
        }
    }
}

/// The fields of a form, and which of them were asked for.
pub(super) struct Fields<'a> {
    form: &'a Form,
    requested: &'a [String],
}

impl<'a> Fields<'a> {
    pub(super) fn new(form: &'a Form, requested: &'a [String]) -> Self {
        Self { form, requested }
    }

    pub(super) fn of_kind(&self, kind: FieldKind) -> impl Iterator<Item = &'a Field> + use<'a> {
        self.form.fields.iter().filter(move |field| field.kind == kind)
    }

    pub(super) fn is_requested(&self, key: &str) -> bool {
        self.requested.iter().any(|requested| requested == key)
    }

    /// Whether any field of the kind was asked for.
    pub(super) fn is_asked(&self, kind: FieldKind) -> bool {
        self.of_kind(kind).any(|field| self.is_requested(&field.key))
    }

    /// The field that an answer without a label is for: one that was asked for again, else the first that was asked for.
    pub(super) fn first(&self) -> Option<&'a Field> {
        let known = || self.requested.iter().take(64).filter_map(|key| self.form.field(key));
        let again = known().enumerate().find(|(at, field)| known().take(*at).any(|before| before.key == field.key));
        again.map(|(_, field)| field).or_else(|| known().next())
    }

    pub(super) fn is_first(&self, key: &str) -> bool {
        self.first().is_some_and(|field| field.key == key)
    }

    /// The key of the name field that a single word answers.
    pub(super) fn first_wanted(&self) -> Option<&'a str> {
        self.first().filter(|field| field.kind == FieldKind::Name).map(|field| field.key.as_str())
    }

    /// Whether a name field was asked for.
    pub(super) fn asks_name(&self) -> bool {
        self.is_asked(FieldKind::Name)
    }

    /// The fields that a person's name fills, with the part that each holds. Where the form has the parts of a name, `name` is
    /// composed of them, unless it was asked for.
    pub(super) fn names(&self) -> Vec<(String, Part)> {
        let slots: Vec<(String, Part)> = self
            .of_kind(FieldKind::Name)
            .filter_map(|field| {
                let part = Slot::of(field).name_part().or(self.is_first(&field.key).then_some(Part::Whole))?;
                Some((field.key.clone(), part))
            })
            .collect();
        let has_parts = slots.iter().any(|(_, part)| *part != Part::Whole);
        let other_asked = self
            .first_wanted()
            .filter(|key| slots.iter().all(|(slot, part)| slot != key || *part == Part::Whole) && *key != NAME);
        slots
            .into_iter()
            .filter(|(key, part)| match other_asked {
                Some(asked) if !is_plain(asked) => key == asked,
                _ => !(has_parts && *part == Part::Whole) || self.is_requested(key),
            })
            .collect()
    }

    /// The field of a label before a colon.
    pub(super) fn labelled(&self, label: &str) -> Option<&'a Field> {
        let label = label.trim().trim_start_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
        let words: Vec<&str> =
            label.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() || words.len() > 5 {
            return None;
        }
        let exact = self.form.fields.iter().find(|field| {
            let slot = Slot::of(field);
            words == slot.words || words.len() > 1 && words[0] == "my" && words[1..] == slot.words
        });
        let alias = |field: &&Field| {
            let names: &[&str] = match field.key.as_str() {
                "email" => &["e mail", "mail", "email address", "e mail address", "my email"],
                "phone" => &[
                    "mobile",
                    "hp",
                    "tel",
                    "telephone",
                    "phone number",
                    "contact number",
                    "handphone",
                    "whatsapp",
                    "number",
                    "contact",
                ],
                "name" => &["full name", "contact name"],
                _ => &[],
            };
            names.contains(&words.join(" ").as_str())
        };
        exact.or_else(|| self.form.fields.iter().find(alias))
    }
}

/// Whether a key of type name is the person's own whole name.
fn is_plain(key: &str) -> bool {
    key.split(['_', '-', '.']).all(|word| WHOLE_NAME.contains(&word.to_lowercase().as_str()))
}
