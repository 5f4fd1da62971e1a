//! What is still to be asked, after a burst: which fields are open, and which of them comes next.

use std::collections::BTreeMap;

use super::burst::{Burst, is_part};
use super::reader::Doubt;
use super::state::{Known, State};
use super::when::is_clock;
use crate::domain::form::{EMAIL, Field, FieldKind, Form, NAME, PHONE};

/// Times an optional field is asked for.
const OPTIONAL_ASKS_MAX: u32 = 1;

/// The fields of a form, as far as they are known.
pub(super) struct OpenFields<'a> {
    pub(super) form: &'a Form,
    pub(super) state: &'a State,
    pub(super) burst: &'a Burst,
}

impl<'a> OpenFields<'a> {
    /// Required fields without a value: see [`missing`].
    pub(super) fn missing(&self) -> Vec<&'a Field> {
        missing(self.form, &self.burst.known)
    }

    /// The next field to ask for: required ones in the form's order; optional ones with a question of their own once, in the
    /// form's order, at the latest before the last required one, since that completes the lead.
    pub(super) fn next(&self) -> Option<&'a Field> {
        let (missing, fields) = (self.missing(), &self.form.fields);
        let asks = |field: &Field| self.state.asked_counts.get(&field.key).copied().unwrap_or(0);
        let is_open = |field: &&Field| {
            !field.required
                && field.has_own_question()
                && asks(field) < OPTIONAL_ASKS_MAX
                && !self.burst.known.contains_key(&field.key)
                && !self.is_declined(&field.key)
        };
        let place = |field: &Field| fields.iter().position(|other| other.key == field.key);
        if self.refuses_contact() {
            return None;
        }
        if let Some(alternative) = self.alternative() {
            return Some(alternative);
        }
        let required = *missing.iter().find(|field| !self.is_declined(&field.key))?;
        let optional = fields.iter().find(is_open);
        let optional_first = optional.filter(|optional| missing.len() == 1 || place(optional) < place(required));
        // An open question is repeated before an optional one is asked.
        let open = self.state.asked.as_deref() == Some(required.key.as_str());
        if open { Some(required) } else { optional_first.or(Some(required)) }
    }

    /// The phone number, for somebody who gives no email address although the form requires it, and the other way round; also where it
    /// would be optional.
    pub(super) fn alternative(&self) -> Option<&'a Field> {
        let (_, other) = [(EMAIL, PHONE), (PHONE, EMAIL)].into_iter().find(|(one, _)| self.is_refused(one))?;
        self.form.field(other).filter(|_| !self.is_declined(other) && !self.burst.known.contains_key(other))
    }

    /// Whether the person gives neither an email address nor a phone number, although the form requires one.
    fn refuses_contact(&self) -> bool {
        let contacts = [EMAIL, PHONE];
        contacts.iter().all(|key| self.is_declined(key) && !self.burst.known.contains_key(*key))
            && contacts.iter().any(|key| self.is_refused(key))
    }

    fn is_refused(&self, key: &str) -> bool {
        self.is_declined(key) && self.form.field(key).is_some_and(|field| field.required)
    }

    fn is_declined(&self, key: &str) -> bool {
        self.state.declined.iter().any(|declined| declined == key)
    }

    /// Words that gave no value, for a field that is still open: the one that was asked for, else the first one.
    pub(super) fn offer(&self) -> Option<(&'a Field, &'a Doubt)> {
        let asked = self.burst.doubts.iter().find(|doubt| Some(doubt.key.as_str()) == self.state.asked.as_deref());
        let doubt = asked.or(self.burst.doubts.first())?;
        let field = self.form.field(&doubt.key)?;
        let is_open = !self.burst.changes.contains_key(&doubt.key) && !self.is_declined(&doubt.key);
        is_open.then_some((field, doubt))
    }
}

/// Whether the form asks for the parts of a name, of which the whole one is composed.
pub(super) fn has_name_parts(form: &Form) -> bool {
    form.fields.iter().any(|field| field.kind == FieldKind::Name && field.required && is_part(&field.key))
}

/// Required fields without a value, in the form's order. A name whose parts are asked for is not asked for itself.
pub fn missing<'a>(form: &'a Form, known: &BTreeMap<String, Known>) -> Vec<&'a Field> {
    let fields = &form.fields;
    let has_parts = has_name_parts(form);
    let is_missing = |field: &&Field| {
        let is_open = match known.get(&field.key) {
            Some(known) => half_missing(form, field, &known.value).is_some(),
            None => true,
        };
        field.required && is_open && !(has_parts && field.key == NAME)
    };
    fields.iter().filter(is_missing).collect()
}

/// What a day without a time, or a time without a day, still lacks: the name of the question for it.
pub(super) fn half_missing(form: &Form, field: &Field, value: &str) -> Option<&'static str> {
    let has_days = form.fields.iter().any(|other| other.kind == FieldKind::Date);
    if field.kind != FieldKind::Datetime || has_days && is_clock(field) {
        return None;
    }
    let is_day = value.parse::<jiff::civil::Date>().is_ok() && !value.contains('T');
    let is_time = value.len() == 5 && value.as_bytes()[2] == b':';
    if is_day { Some("which_time") } else { is_time.then_some("which_day") }
}
