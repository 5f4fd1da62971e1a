//! From what the engine wrote to a body: each value is put where it stands, so that nothing of it can become part of the structure.

use super::error::{Place, TemplateError};
use super::{BODY_BYTES_MAX, values};

/// Begins a value in what the engine writes: its JSON follows, in which no such character can be. Neither can one be in a template.
pub const VALUE_BEGINS: char = '\u{1}';
/// Ends it.
pub const VALUE_ENDS: char = '\u{2}';

/// The body. Within the quotes of a JSON text a value becomes text, with what JSON wants escaped; anywhere else it becomes a whole
/// JSON value.
pub fn assemble(rendered: &str) -> Result<String, TemplateError> {
    let mut body = String::with_capacity(rendered.len());
    let mut lexer = Lexer::default();
    for part in rendered.split_inclusive(VALUE_ENDS) {
        let (text, value) = part.split_once(VALUE_BEGINS).unwrap_or((part, ""));
        lexer.read(text);
        body.push_str(text);
        match value.trim_end_matches(VALUE_ENDS) {
            "" => {}
            value if !lexer.in_text => body.push_str(value),
            _ if lexer.is_escaped => {
                return Err(json_error(body, |body| body.len(), "a backslash stands before a value: remove it"));
            }
            value => push_within_text(&mut body, value),
        }
        if body.len() > BODY_BYTES_MAX {
            return Err(TemplateError::TooLarge);
        }
    }
    let body = body.trim();
    check(body)?;
    Ok(body.to_owned())
}

/// Where the text so far ends: within a JSON text or not.
#[derive(Default)]
struct Lexer {
    in_text: bool,
    is_escaped: bool,
}

impl Lexer {
    fn read(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                _ if self.is_escaped => self.is_escaped = false,
                '\\' => self.is_escaped = self.in_text,
                '"' => self.in_text = !self.in_text,
                _ => {}
            }
        }
    }
}

/// Pushes the JSON of a value as a part of a text.
fn push_within_text(body: &mut String, json: &str) {
    match json.as_bytes() {
        b"null" => {}
        [b'"', .., b'"'] => body.push_str(&json[1..json.len() - 1]),
        [b'[' | b'{', ..] => {
            let quoted = serde_json::to_string(json).unwrap_or_default();
            body.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        }
        _ => body.push_str(json),
    }
}

/// Whether it is a JSON object or list, not nested too deeply.
fn check(body: &str) -> Result<(), TemplateError> {
    if body.is_empty() {
        return Err(TemplateError::NoBody("empty"));
    }
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(serde_json::Value::Object(_) | serde_json::Value::Array(_)) => Ok(()),
        Ok(_) => Err(TemplateError::NoBody("a single value")),
        Err(error) => {
            // `… at line 1 column 2`: the place is told beside it.
            let what = error.to_string();
            let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what).to_owned();
            let at = |body: &str| Place::of_line(body, error.line()) + error.column().saturating_sub(1);
            Err(json_error(body.to_owned(), at, &what))
        }
    }
}

fn json_error(result: String, at: impl FnOnce(&str) -> usize, what: &str) -> TemplateError {
    TemplateError::Json { place: Place::at(&result, at(&result)), what: what.to_owned(), result }
}

/// What the engine writes for a value.
pub fn marked(value: &minijinja::Value) -> Result<String, minijinja::Error> {
    Ok(format!("{VALUE_BEGINS}{}{VALUE_ENDS}", values::to_json(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_body(parts: &[&str], expected: &str) {
        let rendered = parts.concat().replace('<', "\u{1}").replace('>', "\u{2}");
        assert_eq!(assemble(&rendered).as_deref(), Ok(expected));
    }

    #[test]
    fn a_value_becomes_what_its_place_wants() {
        check_body(&[r#"{"a": <"x">, "b": "<"x">", "c": "- <"x\"y"> -"}"#], r#"{"a": "x", "b": "x", "c": "- x\"y -"}"#);
        check_body(&[r#"{"a": <null>, "b": "<null>"}"#], r#"{"a": null, "b": ""}"#);
        check_body(
            &[r#"{"a": <7>, "b": "<7>", "c": <true>, "d": "<true>"}"#],
            r#"{"a": 7, "b": "7", "c": true, "d": "true"}"#,
        );
        check_body(&[r#"{"a": <{"n":["q"]}>, "b": "<{"n":["q"]}>"}"#], r#"{"a": {"n":["q"]}, "b": "{\"n\":[\"q\"]}"}"#);
        check_body(&[r#"{<"k">: "\\<"x">\"<"y">"}"#], r#"{"k": "\\x\"y"}"#);
        check_body(&["\n\n [1]\n "], "[1]");
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let error = |rendered: &str| assemble(rendered).expect_err("it is no JSON").to_string();
        assert_eq!(error("{\n  \"a\": 1,\n}"), "line 3, column 1 of the result is not valid JSON: trailing comma");
        assert_eq!(error("{\"é\" 1}"), "line 1, column 6 of the result is not valid JSON: expected `:`");
        assert_eq!(error("[1"), "line 1, column 2 of the result is not valid JSON: EOF while parsing a list");
        assert_eq!(error(" \n "), "the result is empty: a body is a JSON object or a list");
        assert_eq!(error("\u{1}\"x\"\u{2}"), "the result is a single value: a body is a JSON object or a list");
        assert!(error(&"[".repeat(1_000)).contains("recursion limit exceeded"));
        assert!(error("[\"\\\u{1}\"x\"\u{2}\"]").contains("a backslash stands before a value"));
        assert_eq!(assemble(&format!("[\"{}\"]", "x".repeat(BODY_BYTES_MAX))), Err(TemplateError::TooLarge));
    }
}
