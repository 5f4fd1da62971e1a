//! What stands in the fields of the lead form's page: a form in the making, which may not be valid yet.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::agent::read_form;
use crate::domain::form::{EMAIL, FIELDS_MAX, Field, FieldKind, Form as LeadForm, InvalidForm, NAME, PHONE, Texts};
use crate::http::console::form::Form;

/// A form in the making.
pub struct Values {
    pub greeting: String,
    pub closing: String,
    pub language: String,
    pub follow_language: bool,
    pub fields: Vec<FieldValues>,
    /// In other languages; they have a page of their own.
    pub texts: BTreeMap<String, Texts>,
}

/// A field in the making.
pub struct FieldValues {
    pub key: String,
    pub kind: FieldKind,
    pub required: bool,
    pub question: String,
    /// Why it is asked.
    pub reason: String,
    /// One a line.
    pub options: String,
    /// An option a line, a colon, and other words for it with commas between.
    pub synonyms: String,
    /// Whether its settings are shown.
    pub is_open: bool,
}

/// A type of field, in words.
pub fn kind_words(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Name => "Name",
        FieldKind::Email => "Email",
        FieldKind::Phone => "Phone",
        FieldKind::Text => "Text",
        FieldKind::Choice => "Choice",
        FieldKind::Number => "Number",
        FieldKind::Date => "Date",
        FieldKind::Datetime => "Date and time",
        FieldKind::YesNo => "Yes or no",
        FieldKind::Time => "Time",
    }
}

impl FieldValues {
    /// Its key as words.
    pub fn title(&self) -> String {
        let words = self.key.replace(['_', '-', '.'], " ");
        let mut letters = words.trim().chars();
        let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
        first.map_or_else(|| "New field".to_owned(), |first| first + letters.as_str())
    }

    pub fn kind_words(&self) -> &'static str {
        kind_words(&self.kind)
    }

    /// Name, email and phone are always there.
    pub fn is_contact(&self) -> bool {
        [NAME, EMAIL, PHONE].contains(&self.key.as_str())
    }

    /// The types that it can have.
    pub fn kinds(&self) -> &'static [FieldKind] {
        match self.key.as_str() {
            NAME => &[FieldKind::Name],
            EMAIL => &[FieldKind::Email],
            PHONE => &[FieldKind::Phone],
            _ => &FieldKind::ALL,
        }
    }

    fn new() -> Self {
        Self {
            key: String::new(),
            kind: FieldKind::Text,
            required: true,
            question: String::new(),
            reason: String::new(),
            options: String::new(),
            synonyms: String::new(),
            is_open: true,
        }
    }
}

impl From<&Field> for FieldValues {
    fn from(field: &Field) -> Self {
        Self {
            key: field.key.clone(),
            kind: field.kind,
            required: field.required,
            question: field.question.clone(),
            reason: field.reason.clone(),
            options: field.options.join("\n"),
            synonyms: synonyms_text(field),
            is_open: false,
        }
    }
}

impl From<&LeadForm> for Values {
    fn from(form: &LeadForm) -> Self {
        Self {
            greeting: form.greeting.clone(),
            closing: form.closing.clone(),
            language: form.language.clone(),
            follow_language: form.follow_language,
            fields: form.fields.iter().map(FieldValues::from).collect(),
            texts: form.texts.clone(),
        }
    }
}

/// What a button of the page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Save,
    Add,
    Up(usize),
    Down(usize),
    Remove(usize),
    Try,
    TryAgain,
}

impl Ask {
    pub fn parse(text: &str) -> Self {
        let place = |rest: &str| rest.parse().ok();
        let moved = [
            ("up-", Self::Up as fn(usize) -> Self),
            ("down-", Self::Down as fn(usize) -> Self),
            ("remove-", Self::Remove as fn(usize) -> Self),
        ];
        let found = moved.into_iter().find_map(|(word, ask)| text.strip_prefix(word).and_then(place).map(ask));
        found.unwrap_or(match text {
            "add" => Self::Add,
            "try" => Self::Try,
            "try-again" => Self::TryAgain,
            _ => Self::Save,
        })
    }
}

impl Values {
    /// What was sent. Fields are told apart by their order. Where no texts in other languages were sent, those that are there stay.
    pub fn read(form: &Form, texts: BTreeMap<String, Texts>) -> Self {
        let all = |name: &'static str| form.all(name).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
        let (kinds, required, questions) = (all("type"), all("required"), all("question"));
        let (reasons, options, synonyms) = (all("reason"), all("options"), all("synonyms"));
        let at = |texts: &[String], place: usize| texts.get(place).cloned().unwrap_or_default();
        let field = |(place, key): (usize, String)| FieldValues {
            kind: FieldKind::parse(&at(&kinds, place)).unwrap_or(FieldKind::Text),
            required: at(&required, place) != "no",
            question: at(&questions, place),
            reason: at(&reasons, place),
            options: at(&options, place).replace("\r\n", "\n"),
            synonyms: at(&synonyms, place).replace("\r\n", "\n"),
            is_open: false,
            key,
        };
        Self {
            greeting: form.text("greeting").to_owned(),
            closing: form.text("closing").to_owned(),
            language: form.text("language").to_owned(),
            follow_language: form.text("follow_language") != "no",
            texts: serde_json::from_str(form.raw("texts")).unwrap_or(texts),
            fields: all("key").into_iter().take(FIELDS_MAX + 1).enumerate().map(field).collect(),
        }
    }

    /// Does what a button asks for with the fields.
    pub fn change(&mut self, ask: Ask) {
        let count = self.fields.len();
        match ask {
            Ask::Add if count < FIELDS_MAX => self.fields.push(FieldValues::new()),
            Ask::Up(place) if (1..count).contains(&place) => self.fields.swap(place, place - 1),
            Ask::Down(place) if place + 1 < count => self.fields.swap(place, place + 1),
            Ask::Remove(place) if place < count && !self.fields[place].is_contact() => {
                self.fields.remove(place);
            }
            _ => {}
        }
    }

    /// The form, where it is valid.
    pub fn check(&self) -> Result<LeadForm, InvalidForm> {
        let field = |field: &FieldValues| -> Result<Value, InvalidForm> {
            let mut shown = json!({"key": field.key, "type": field.kind.as_str(), "required": field.required,
                                   "question": field.question, "reason": field.reason});
            if field.kind == FieldKind::Choice {
                let options: Vec<&str> = field.options.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
                shown["synonyms"] = json!(synonyms(&field.synonyms, &options).map_err(|line| {
                    InvalidForm(format!(
                        "field {:?}: other words {line:?}: write an option, a colon, and other words for it",
                        field.key
                    ))
                })?);
                shown["options"] = json!(options);
            }
            Ok(shown)
        };
        let fields: Vec<Value> = self.fields.iter().map(field).collect::<Result<_, _>>()?;
        // Texts of a field that was removed go with it.
        let mut texts = self.texts.clone();
        for texts in texts.values_mut() {
            let is_there = |key: &String, _: &mut String| self.fields.iter().any(|field| field.key == *key);
            texts.questions.retain(is_there);
            texts.reasons.retain(is_there);
        }
        let form = json!({"greeting": self.greeting, "closing": self.closing, "language": self.language,
                          "follow_language": self.follow_language, "fields": fields, "texts": texts});
        read_form(&form.to_string())
    }

    /// The texts in other languages, as the page carries them.
    pub fn texts_json(&self) -> String {
        json!(self.texts).to_string()
    }
}

fn synonyms_text(field: &Field) -> String {
    let of_option = |option: &String| Some(format!("{option}: {}", field.synonyms.get(option)?.join(", ")));
    field.options.iter().filter_map(of_option).collect::<Vec<_>>().join("\n")
}

/// Other words by option; the line that begins with none, as an error.
fn synonyms<'a>(text: &'a str, options: &[&'a str]) -> Result<BTreeMap<&'a str, Vec<&'a str>>, &'a str> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let of_option = |option: &&'a str| Some((*option, line.strip_prefix(*option)?.trim_start().strip_prefix(':')?));
        let (option, words) =
            options.iter().filter_map(of_option).max_by_key(|(option, _)| option.len()).ok_or(line)?;
        let words = words.split([',', '，', '、']).map(str::trim).filter(|word| !word.is_empty());
        found.entry(option).or_default().extend(words);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_through_the_page_unchanged() {
        let json = r#"{"greeting":"Hi!","closing":"Bye.","language":"en","fields":[{"key":"preferred_day","type":"date","required":true,"question":"Which day?","reason":"So that we can plan."},{"key":"outlet","type":"choice","required":false,"question":"Which outlet?","options":["A","B: C"],"synonyms":{"A":["a b","甲"],"B: C":["bee"]}}],"follow_language":false,"texts":{"es":{"greeting":"Hola","reasons":{"email":"Para el presupuesto."}}}}"#;
        let form = LeadForm::parse(json).expect("a form");
        assert_eq!(Values::from(&form).check().expect("valid"), form);
        let mut values = Values::from(&form);
        values.fields.last_mut().expect("a field").synonyms = "A甲".to_owned();
        assert!(values.check().unwrap_err().to_string().contains("\"A甲\""));
    }

    #[test]
    fn buttons_move_and_remove_fields() {
        let mut values = Values::from(&LeadForm::default_form());
        values.change(Ask::Add);
        values.fields[3].key = "day".to_owned();
        let keys = |values: &Values| values.fields.iter().map(|field| field.key.clone()).collect::<Vec<_>>();
        values.change(Ask::parse("up-3"));
        assert_eq!(keys(&values), ["name", "email", "day", "phone"]);
        values.change(Ask::parse("down-0"));
        assert_eq!(keys(&values), ["email", "name", "day", "phone"]);
        values.change(Ask::parse("remove-0"));
        assert_eq!(keys(&values), ["email", "name", "day", "phone"], "contact fields are always there");
        values.change(Ask::parse("remove-2"));
        for idle in ["up-0", "down-2", "remove-9", "up-99999999999999999999"] {
            values.change(Ask::parse(idle));
        }
        assert_eq!(keys(&values), ["email", "name", "phone"]);
    }
}
