//! Reads a person's text: which fields of the form it fills, with which of its words.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::form::Form;
use crate::domain::phone::Region;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The person's own words.
    Words,
    /// The chat platform.
    Channel,
    /// A contact card that the person shared.
    Contact,
    /// Put together from other fields, as a name from its parts.
    Composed,
}

/// A value taken for a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The field's key.
    pub key: String,
    /// The exact part of the text that says it.
    pub words: String,
    /// Normalised: E.164, lower-case email, the option as the form spells it, digits, `yes` or `no`, ISO 8601 date, time
    /// or local date-time; the words themselves where they cannot be resolved.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// What reading depends on besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's form.
    pub form: &'a Form,
    /// Decides what a national phone number means.
    pub region: Region,
    /// Decides what day "tomorrow" is.
    pub timezone: &'a TimeZone,
    /// Decides what day "tomorrow" is.
    pub now: Timestamp,
}

/// Takes values from one text. `requested` are the keys just asked for; keys that are not in the form do no harm.
pub fn read(context: &Context<'_>, text: &str, requested: &[String]) -> Vec<Taken> {
    let _ = (context, text, requested);
    Vec::new()
}

/// What `aurix form try` prints for a line: `{"fields":{key: words},"values":{key: normalised}}`.
pub fn try_line(
    form: &Form,
    region: Region,
    timezone: &TimeZone,
    now: Timestamp,
    text: &str,
    requested: &[String],
) -> Value {
    let taken = read(&Context { form, region, timezone, now }, text, requested);
    let by_key = |part: fn(&Taken) -> &String| {
        Value::Object(
            taken.iter().map(|taken| (taken.key.clone(), Value::from(part(taken).clone()))).collect::<Map<_, _>>(),
        )
    };
    serde_json::json!({"fields": by_key(|taken| &taken.words), "values": by_key(|taken| &taken.value)})
}
