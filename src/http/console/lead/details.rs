//! What is known of a person: each field with where its value came from, and the values before.

use std::collections::BTreeMap;

use crate::domain::form::{EMAIL, FieldKind, Form, NAME, PHONE};
use crate::domain::ids::MessageId;
use crate::domain::lead::FieldSource;
use crate::domain::masked::mask;
use crate::domain::time::Timestamp;
use crate::http::console::lead_name::{Fields, channel_name};
use crate::store::lead_fields::FieldValue;
use crate::store::lead_view::ViewedLead;

/// Keys that every lead has, as people call them.
const TITLES: [(&str, &str); 4] = [(NAME, "Name"), (PHONE, "Phone"), (EMAIL, "Email"), ("company", "Company")];

/// A field of a lead.
pub struct Detail {
    /// Names it in forms.
    pub key: String,
    /// As people call it.
    pub title: String,
    /// The value, as it is shown; empty where it is not known.
    pub value: String,
    /// Where it came from.
    pub origin: Option<Origin>,
    /// What it was before, newest first.
    pub older: Vec<Older>,
    /// What may be chosen, where it is a choice.
    pub options: Vec<String>,
    /// What was typed and is wrong.
    pub typed: Option<String>,
}

/// Where a value came from.
pub struct Origin {
    /// The message that it stood in.
    pub message: Option<MessageId>,
    /// In words, before the time.
    pub text: String,
    /// The person's own words, where these are others than the value.
    pub words: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// A value of before.
pub struct Older {
    /// The value.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// The fields of a lead: those of the form in its order, then what else is known.
pub fn details(lead: &ViewedLead, form: &Form, history: &[FieldValue], masked: bool) -> Vec<Detail> {
    let fields = Fields::parse(&lead.fields);
    let mut by_key: BTreeMap<&str, Vec<&FieldValue>> = BTreeMap::new();
    for value in history {
        by_key.entry(&value.key).or_default().push(value);
    }
    let own = form.fields.iter().map(|field| field.key.as_str());
    let others = fields.iter().map(|(key, _)| key).filter(|key| form.field(key).is_none());
    own.chain(others)
        .map(|key| {
            let field = form.field(key);
            // What was chosen or is a time is no contact; what was typed may hold one.
            let is_free = !matches!(
                field.map(|field| field.kind),
                Some(FieldKind::Choice | FieldKind::YesNo | FieldKind::Date | FieldKind::Datetime | FieldKind::Time)
            );
            let shown = |text: &str| if masked && is_free { mask(text) } else { text.to_owned() };
            let values = by_key.get(key).map_or(&[][..], Vec::as_slice);
            let current = fields.get(key).unwrap_or_default();
            let (newest, older) = match values.split_first() {
                Some((newest, older)) if newest.value == current => (Some(*newest), older),
                _ => (None, values),
            };
            let hide_words = masked;
            Detail {
                key: key.to_owned(),
                title: title(key),
                value: shown(current),
                origin: newest.filter(|_| !current.is_empty()).map(|value| origin(value, &lead.channel, hide_words)),
                older: older
                    .iter()
                    .filter(|value| !value.value.is_empty())
                    .map(|value| Older { value: shown(&value.value), origin: origin(value, &lead.channel, hide_words) })
                    .collect(),
                options: field
                    .filter(|field| field.kind == FieldKind::Choice)
                    .map_or(Vec::new(), |field| field.options.clone()),
                typed: None,
            }
        })
        .collect()
}

fn origin(value: &FieldValue, channel: &str, hide_words: bool) -> Origin {
    let text = match value.source {
        FieldSource::Words => "message".to_owned(),
        FieldSource::Channel => format!("from {}", channel_name(channel)),
        FieldSource::Contact => "contact card".to_owned(),
        FieldSource::Composed => "from its parts".to_owned(),
        FieldSource::Model => "message, found by the model and confirmed".to_owned(),
        FieldSource::Person => format!("typed by {}", value.user.as_deref().unwrap_or("a colleague")),
    };
    let has_words =
        matches!(value.source, FieldSource::Words | FieldSource::Model) && value.words != value.value && !hide_words;
    Origin { message: value.message, text, words: has_words.then(|| value.words.clone()), at: value.at }
}

/// The key as people call it: `preferred_day` is "Preferred day".
pub fn title(key: &str) -> String {
    if let Some((_, title)) = TITLES.iter().find(|(known, _)| *known == key) {
        return (*title).to_owned();
    }
    let words = key.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_words() {
        assert_eq!(["name", "preferred_day", "x", ""].map(title), ["Name", "Preferred day", "X", ""]);
    }
}
