//! A person as pages name them, and where their lead stands as a pill.

use std::collections::BTreeMap;

use super::view::{Html, escape};
use crate::domain::channel::ChannelKind;
use crate::domain::form::{EMAIL, NAME, PHONE};
use crate::domain::lead::{Handling, LeadStatus};
use crate::domain::masked::mask;

/// The values of a lead's fields, by key.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Of what the lead stores: `{key: {value, words}}`.
    pub fn parse(json: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Stored {
            value: serde_json::Value,
        }
        let stored: BTreeMap<String, Stored> = serde_json::from_str(json).unwrap_or_default();
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        Self(stored.into_iter().map(|(key, field)| (key, text(field.value))).collect())
    }

    /// A value that is known.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// What a person is called by: their name, or what else tells them apart.
#[derive(Clone, Debug, Default)]
pub struct LeadName {
    /// Never empty.
    pub title: String,
    /// Their number or address, where that is not the title.
    pub contact: String,
}

/// What is known of who somebody is.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The fields.
    pub fields: &'a Fields,
    /// The name that they chose at the platform.
    pub profile_name: Option<&'a str>,
    /// The name that the business saved in the platform's own app.
    pub saved_name: Option<&'a str>,
    /// The number that the platform vouches for.
    pub phone: Option<&'a str>,
    /// The platform.
    pub channel: &'a str,
    /// Whether they were erased.
    pub is_erased: bool,
    /// Whether numbers and addresses are not to be read.
    pub masked: bool,
}

impl LeadName {
    /// The name of a person.
    pub fn of(known: Known<'_>) -> Self {
        if known.is_erased {
            return Self { title: "Erased person".to_owned(), contact: String::new() };
        }
        let shown = |text: &str| if known.masked { mask(text) } else { text.to_owned() };
        let contact = known.fields.get(PHONE).or(known.phone).or(known.fields.get(EMAIL)).map(shown);
        let others = known.profile_name.filter(|name| !name.trim().is_empty()).or(known.saved_name);
        let name = known.fields.get(NAME).map(str::to_owned).or(others.map(shown));
        match (name.filter(|name| !name.trim().is_empty()), contact) {
            (Some(title), contact) => Self { title, contact: contact.unwrap_or_default() },
            (None, Some(contact)) => Self { title: contact, contact: String::new() },
            (None, None) => {
                let place = if ChannelKind::parse(known.channel) == Some(ChannelKind::Web) {
                    "the page"
                } else {
                    channel_name(known.channel)
                };
                Self { title: format!("Somebody on {place}"), contact: String::new() }
            }
        }
    }
}

/// The platform as people call it.
pub fn channel_name(kind: &str) -> &str {
    match ChannelKind::parse(kind) {
        Some(kind) => kind.name(),
        None => kind,
    }
}

/// Where a lead stands. Who waits for somebody says so first.
pub fn pill(status: LeadStatus, handling: Handling, handler: Option<&str>, is_erased: bool) -> Html {
    let (class, text) = match (is_erased, handling, status) {
        (true, ..) => ("plain line", "Erased".to_owned()),
        (_, Handling::Waiting, _) => ("warn ring", "Waiting for a person".to_owned()),
        (_, Handling::With, _) => ("info dot", format!("With {}", escape(handler.unwrap_or("a colleague")))),
        (_, Handling::Stopped, _) => ("bad diamond", "Stopped".to_owned()),
        (_, Handling::Agent, LeadStatus::Active) => ("plain line", "Talking".to_owned()),
        (_, Handling::Agent, LeadStatus::Correlated) => ("info dot", "Correlated".to_owned()),
        (_, Handling::Agent, LeadStatus::Complete) => ("good dot", "Complete".to_owned()),
    };
    Html(format!(r#"<span class="pill {class}">{text}</span>"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_by_what_is_known() {
        let check = |fields: &str, profile: Option<&str>, masked: bool, expected: (&str, &str)| {
            let fields = Fields::parse(fields);
            let known = Known {
                fields: &fields,
                profile_name: profile,
                saved_name: None,
                phone: Some("+6591234567"),
                channel: "whatsapp",
                is_erased: false,
                masked,
            };
            let name = LeadName::of(known);
            assert_eq!((name.title.as_str(), name.contact.as_str()), expected);
        };
        check(r#"{"name":{"value":"Mei Tan"}}"#, Some("mei"), false, ("Mei Tan", "+6591234567"));
        check("{}", Some("mei"), false, ("mei", "+6591234567"));
        check("{}", None, false, ("+6591234567", ""));
        check(r#"{"phone":{"value":"+6598765432"}}"#, None, true, ("•••• 32", ""));
    }

    #[test]
    fn a_saved_name_counts_behind_the_persons_own() {
        let title = |fields: &str, profile_name: Option<&str>, masked: bool| {
            let fields = Fields::parse(fields);
            let saved_name = Some("Mei from the market");
            let known = Known {
                fields: &fields,
                profile_name,
                saved_name,
                phone: Some("+6591234567"),
                channel: "whatsapp",
                is_erased: false,
                masked,
            };
            LeadName::of(known).title
        };
        assert_eq!(title(r#"{"name":{"value":"Mei Tan"}}"#, None, false), "Mei Tan");
        assert_eq!(title("{}", Some("mei"), false), "mei");
        assert_eq!(title("{}", Some(" "), false), "Mei from the market");
        assert_eq!(title("{}", None, false), "Mei from the market");
    }
}
