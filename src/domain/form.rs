//! The lead form: the fields that a project asks a person for, and its texts (contract section 8).

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

pub use self::texts::{LANGUAGES_MAX, Texts};
use super::closed_set::closed_set;
use super::text::cut;

mod options;
mod texts;

/// Fields of a form at most.
pub const FIELDS_MAX: usize = 40;
/// Options of a choice at most.
pub const OPTIONS_MAX: usize = 60;
/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 64;
/// Longest question, greeting, closing or option, in characters. Chat platforms split longer messages.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Longest reason of a field, in characters: it is said in front of the question.
pub const REASON_CHARS_MAX: usize = 200;
/// Longest form, in bytes of JSON.
pub const FORM_BYTES_MAX: usize = 256 * 1024;
/// The greeting of a form without one; the agent says it in the language of the conversation.
const GREETING: &str = "Hello! Thanks for getting in touch.";
/// The closing of a form without one; the agent says it in the language of the conversation.
const CLOSING: &str = "Thank you! That is all we need. A person will get back to you soon.";

/// The key of the person's name.
pub const NAME: &str = "name";
/// The key of the person's email address.
pub const EMAIL: &str = "email";
/// The key of the person's phone number.
pub const PHONE: &str = "phone";

/// A project's lead form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Form {
    /// Sent before the first question.
    pub greeting: String,
    /// Sent once, when all required fields are known.
    pub closing: String,
    /// BCP 47 language of the form's texts, such as `en` or `zh-SG`; the agent's own phrases follow it.
    pub language: String,
    /// Whether the agent goes on in the language of who writes in another one; else it keeps to the form's.
    #[serde(skip_serializing_if = "is_true")]
    pub follow_language: bool,
    /// Fields, in the order in which they are asked.
    pub fields: Vec<Field>,
    /// Texts in other languages, and sentences that replace the agent's own, by language, such as `es`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, Texts>,
}

/// One value that a form asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The name of the value in `lead_data` and `lead_json`.
    pub key: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether the lead is complete only with it.
    pub required: bool,
    /// How it is asked.
    pub question: String,
    /// Why it is asked, in the business's own words; empty where it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The options of a choice; empty for other types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Other words that people use for an option, in any language.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub synonyms: BTreeMap<String, Vec<String>>,
}

closed_set! {
    /// The type of a field's value.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum FieldKind {
        /// A person's name, or a part of it where the key says so (`first_name`, `last_name`).
        Name = "name",
        /// An email address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// Any text, as an answer to its question.
        Text = "text",
        /// One of the options.
        Choice = "choice",
        /// A whole or decimal number, or a number of people.
        Number = "number",
        /// A day.
        Date = "date",
        /// A day with a time of day.
        Datetime = "datetime",
        /// Yes or no.
        YesNo = "yes_no",
        /// A time of day.
        Time = "time",
    }
}

/// Why a text is not a form: which field, what is wrong, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidForm(pub String);

/// The form in a file, where everything is optional.
#[derive(Deserialize)]
struct FormFile {
    greeting: Option<String>,
    closing: Option<String>,
    language: Option<String>,
    follow_language: Option<bool>,
    fields: Option<Vec<FieldFile>>,
    texts: Option<BTreeMap<String, Texts>>,
}

#[derive(Deserialize)]
struct FieldFile {
    key: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    required: Option<bool>,
    question: Option<String>,
    reason: Option<String>,
    options: Option<Vec<String>>,
    synonyms: Option<BTreeMap<String, Vec<String>>>,
}

impl Form {
    /// Parses a form. `name`, `email` and `phone` are put first where the file does not have them, and are required unless
    /// it says otherwise; other fields are optional unless it says otherwise. A missing or blank question gets a default.
    pub fn parse(json: &str) -> Result<Self, InvalidForm> {
        if json.len() > FORM_BYTES_MAX {
            return Err(InvalidForm(format!("the form is longer than {FORM_BYTES_MAX} bytes: shorten its texts")));
        }
        let file: FormFile = serde_json::from_str(json.trim_start_matches('\u{feff}'))
            .map_err(|error| InvalidForm(format!("the form is not the JSON expected: {error}")))?;
        let mut fields = Vec::new();
        for (index, field) in file.fields.unwrap_or_default().into_iter().enumerate() {
            fields.push(field.check(index)?);
        }
        let mut keys = HashSet::new();
        if let Some(field) = fields.iter().find(|field| !keys.insert(field.key.as_str())) {
            return Err(InvalidForm(format!("field {:?} is there twice: give each field a key of its own", field.key)));
        }
        add_contact_fields(&mut fields);
        if fields.len() > FIELDS_MAX {
            return Err(InvalidForm(format!("{} fields are too many: keep to {FIELDS_MAX}", fields.len())));
        }
        let language = checked_language(file.language)?;
        Ok(Self {
            greeting: text_or("greeting", file.greeting, GREETING)?,
            closing: text_or("closing", file.closing, CLOSING)?,
            texts: texts::checked(file.texts.unwrap_or_default(), &language, &fields)?,
            language,
            follow_language: file.follow_language.unwrap_or(true),
            fields,
        })
    }

    /// The form of a project that has not set one: name, email and phone.
    pub fn default_form() -> Self {
        Self::parse("{}").expect("a form of defaults alone is valid")
    }

    /// Whether the form has a greeting of its own, not the default.
    pub fn has_own_greeting(&self) -> bool {
        self.greeting != GREETING
    }

    /// Whether the form has a closing of its own, not the default.
    pub fn has_own_closing(&self) -> bool {
        self.closing != CLOSING
    }

    /// The field of that key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// As JSON that [`Form::parse`] reads back to the same form.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a form has only strings, booleans and lists")
    }
}

impl Field {
    /// Whether the form has a question of its own for this field, not the default.
    pub fn has_own_question(&self) -> bool {
        self.question != default_question(&self.key, self.kind)
    }
}

impl FieldFile {
    /// Checks one field; `index` names it in errors where it has no key.
    fn check(self, index: usize) -> Result<Field, InvalidForm> {
        let key = checked_key(self.key.unwrap_or_default().trim(), index)?;
        let refusal = |what: String| InvalidForm(format!("field {key:?}: {what}"));
        let Some(word) = self.kind.or_else(|| contact_kind(&key).map(|kind| kind.as_str().to_owned())) else {
            return Err(refusal(format!("it has no \"type\": use one of {}", kinds_listed())));
        };
        let Some(kind) = FieldKind::parse(word.trim()) else {
            return Err(refusal(format!("unknown type {:?}: use one of {}", shortened(&word), kinds_listed())));
        };
        if let Some(expected) = contact_kind(&key).filter(|expected| *expected != kind) {
            return Err(refusal(format!(
                "its type is {word:?}: use {:?}, or give the field another key",
                expected.as_str()
            )));
        }
        let options: Vec<String> =
            self.options.unwrap_or_default().iter().map(|option| option.trim().to_owned()).collect();
        options::check(kind, &options).map_err(refusal)?;
        let synonyms = options::checked_synonyms(self.synonyms.unwrap_or_default(), &options).map_err(refusal)?;
        let question = self.question.as_deref().map(str::trim).filter(|question| !question.is_empty());
        let question = question.map_or_else(|| default_question(&key, kind), str::to_owned);
        if question.chars().count() > TEXT_CHARS_MAX {
            return Err(refusal(format!("its question is longer than {TEXT_CHARS_MAX} characters: shorten it")));
        }
        let reason = self.reason.as_deref().map(str::trim).unwrap_or_default().to_owned();
        if reason.chars().count() > REASON_CHARS_MAX {
            return Err(refusal(format!("its reason is longer than {REASON_CHARS_MAX} characters: shorten it")));
        }
        let required = self.required.unwrap_or(contact_kind(&key).is_some());
        Ok(Field { key, kind, required, question, reason, options, synonyms })
    }
}

fn checked_key(key: &str, index: usize) -> Result<String, InvalidForm> {
    let place = index + 1;
    if key.is_empty() {
        return Err(InvalidForm(format!("field {place} has no \"key\": give it one, such as \"preferred_outlet\"")));
    }
    let fits = key.len() <= KEY_BYTES_MAX
        && key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if !fits {
        return Err(InvalidForm(format!(
            "field {place}: the key {:?} is not usable: begin with a letter, use letters, digits and _ - . only, at most {KEY_BYTES_MAX}",
            shortened(key)
        )));
    }
    Ok(key.to_owned())
}

fn checked_language(language: Option<String>) -> Result<String, InvalidForm> {
    let language = language.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or("en").replace('_', "-");
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if language.len() > 35 || !language.split('-').all(is_subtag) {
        let shown = shortened(&language);
        return Err(InvalidForm(format!("language {shown:?} is no language tag: use one such as \"en\" or \"zh\"")));
    }
    Ok(language)
}

fn text_or(name: &str, text: Option<String>, default: &str) -> Result<String, InvalidForm> {
    let text = text.unwrap_or_else(|| default.to_owned());
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(InvalidForm(format!("{name} is longer than {TEXT_CHARS_MAX} characters: shorten it")));
    }
    Ok(text.trim().to_owned())
}

/// Adds missing `name`, `email` and `phone` in front, but after leading fields of type name.
fn add_contact_fields(fields: &mut Vec<Field>) {
    let mut place = fields.iter().take_while(|field| field.kind == FieldKind::Name).count();
    for key in [NAME, EMAIL, PHONE] {
        if fields.iter().any(|field| field.key == key) {
            continue;
        }
        let kind = contact_kind(key).expect("these three keys have kinds");
        fields.insert(
            place,
            Field {
                key: key.to_owned(),
                kind,
                required: true,
                question: default_question(key, kind),
                reason: String::new(),
                options: vec![],
                synonyms: BTreeMap::new(),
            },
        );
        place += 1;
    }
}

fn contact_kind(key: &str) -> Option<FieldKind> {
    match key {
        NAME => Some(FieldKind::Name),
        EMAIL => Some(FieldKind::Email),
        PHONE => Some(FieldKind::Phone),
        _ => None,
    }
}

/// The question of a field without one.
fn default_question(key: &str, kind: FieldKind) -> String {
    let words = key.replace(['_', '-', '.'], " ").to_lowercase();
    match (key, kind) {
        (NAME, _) => "May I have your name, please?".to_owned(),
        (EMAIL, _) => "What is your email address?".to_owned(),
        (PHONE, _) => "What phone number can we reach you at?".to_owned(),
        (_, FieldKind::Choice) => format!("Which {words} would you like?"),
        (_, FieldKind::Date | FieldKind::Datetime)
            if ["date", "day", "time"].iter().any(|word| words.contains(word)) =>
        {
            format!("What is the {words}?")
        }
        (_, FieldKind::Date) => format!("Which day, for the {words}?"),
        (_, FieldKind::Datetime) => format!("Which day and time, for the {words}?"),
        (_, FieldKind::Number) => format!("How many, or how much: {words}?"),
        (_, FieldKind::YesNo) => format!("{}: yes or no?", capitalised(&words)),
        _ => format!("What is your {words}?"),
    }
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn kinds_listed() -> String {
    FieldKind::ALL.map(FieldKind::as_str).join(", ")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}

/// Cuts a text for an error message.
fn shortened(text: &str) -> &str {
    cut(text, 40)
}

#[cfg(test)]
mod tests;
