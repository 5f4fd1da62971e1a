//! What stands in the fields of the lead form's page: a form in the making, which may not be valid yet.

use serde_json::{Value, json};

use crate::domain::form::{EMAIL, FIELDS_MAX, Field, FieldKind, Form as LeadForm, InvalidForm, NAME, PHONE};
use crate::http::console::form::Form;

/// A form in the making.
pub struct Values {
    pub greeting: String,
    pub closing: String,
    pub language: String,
    pub fields: Vec<FieldValues>,
}

/// A field in the making.
pub struct FieldValues {
    pub key: String,
    pub kind: FieldKind,
    pub required: bool,
    pub question: String,
    /// One a line.
    pub options: String,
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
            options: String::new(),
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
            options: field.options.join("\n"),
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
            fields: form.fields.iter().map(FieldValues::from).collect(),
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
    /// What was sent. Fields are told apart by their order.
    pub fn read(form: &Form) -> Self {
        let all = |name: &'static str| form.all(name).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
        let (kinds, required, questions, options) = (all("type"), all("required"), all("question"), all("options"));
        let at = |texts: &[String], place: usize| texts.get(place).cloned().unwrap_or_default();
        let field = |(place, key): (usize, String)| FieldValues {
            kind: FieldKind::parse(&at(&kinds, place)).unwrap_or(FieldKind::Text),
            required: at(&required, place) != "no",
            question: at(&questions, place),
            options: at(&options, place).replace("\r\n", "\n"),
            is_open: false,
            key,
        };
        Self {
            greeting: form.text("greeting").to_owned(),
            closing: form.text("closing").to_owned(),
            language: form.text("language").to_owned(),
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
        let field = |field: &FieldValues| {
            let options: Vec<&str> = field.options.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let options = if field.kind == FieldKind::Choice { Value::from(options) } else { Value::Null };
            json!({"key": field.key, "type": field.kind.as_str(), "required": field.required, "question": field.question,
                   "options": options})
        };
        let fields: Vec<Value> = self.fields.iter().map(field).collect();
        let form =
            json!({"greeting": self.greeting, "closing": self.closing, "language": self.language, "fields": fields});
        LeadForm::parse(&form.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_goes_through_the_page_unchanged() {
        let json = r#"{"greeting":"Hi!","closing":"Bye.","language":"en","fields":[{"key":"preferred_day","type":"date","required":true,"question":"Which day?"},{"key":"outlet","type":"choice","required":false,"question":"Which outlet?","options":["A","B"]}]}"#;
        let form = LeadForm::parse(json).expect("a form");
        assert_eq!(Values::from(&form).check().expect("valid"), form);
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
