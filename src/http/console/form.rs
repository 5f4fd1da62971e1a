//! Forms: what a person sent, and what is wrong with it.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;

use super::frame::Frame;
use super::view::{Html, escape};
use crate::admission::body_budget::BodyBudget;
use crate::http::error::{ApiError, Result};
use crate::http::extract::read_body;

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// Fields of a form.
const FIELDS_MAX: usize = 2_000;

/// The fields of a form, in the order of the page.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl<S> FromRequest<S> for Form
where
    S: Send + Sync,
    BodyBudget: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self> {
        let (head, body) = request.into_parts();
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // A button outside of every form sends nothing at all.
        if !content_type.is_empty() && !content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(ApiError::UnsupportedMediaType("application/x-www-form-urlencoded"));
        }
        let body = read_body(body, FORM_BYTES_MAX, &BodyBudget::from_ref(state)).await?;
        Self::parse(&body)
    }
}

impl Form {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let fields: Vec<_> = url::form_urlencoded::parse(body).into_owned().take(FIELDS_MAX + 1).collect();
        if fields.len() > FIELDS_MAX {
            return Err(ApiError::Malformed(format!("The form has more than {FIELDS_MAX} fields.")));
        }
        Ok(Self(fields))
    }

    /// What stands in a field, without the spaces around it; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What stands in a field, as it was typed: passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    /// What stands in each of the fields of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box is ticked, or a button of that name was pressed.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

/// What is wrong with a form, by field. The page shows each at its field, and all on top with links to the fields.
#[derive(Clone, Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

/// What is wrong with a field.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// The id of the field.
    pub field: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Mistakes {
    /// One.
    pub fn one(field: &str, text: impl ToString) -> Self {
        let mut mistakes = Self::default();
        mistakes.add(field, text);
        mistakes
    }

    /// Adds one.
    pub fn add(&mut self, field: &str, text: impl ToString) {
        self.0.push(Mistake { field: field.to_owned(), text: capitalized(&text.to_string()) });
    }

    /// The value, or what is wrong with the field.
    pub fn check<T, E: ToString>(&mut self, field: &str, result: std::result::Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error);
                None
            }
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn list(&self) -> &[Mistake] {
        &self.0
    }

    /// What stands below a field with a mistake.
    pub fn at(&self, frame: &Frame, field: &str) -> Html {
        let Some(text) = self.of(field) else { return Html::default() };
        let (icon, text) = (frame.icon("circle-alert"), escape(text));
        Html(format!(r#"<p class="mistake" id="{field}-mistake">{icon}{text}</p>"#))
    }

    /// What is wrong with a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|mistake| mistake.field == field).map(|mistake| mistake.text.as_str())
    }
}

/// A sentence with a capital letter at its beginning.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let text = letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str());
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        let form = Form::parse(b"name=+Mei+Tan+&event=a&event=b&on=&password=+secret+").expect("few fields");
        assert_eq!((form.text("name"), form.text("none"), form.raw("password")), ("Mei Tan", "", " secret "));
        assert_eq!(form.all("event").collect::<Vec<_>>(), ["a", "b"]);
        assert!(form.has("on") && !form.has("off"));
        assert!(Form::parse("a=&".repeat(2_001).as_bytes()).is_err());
    }
}
