//! The output of `aurix form try`: what is taken from a line, and what is not.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use super::read::read;
use super::reader::{Context, Reading};
use crate::domain::form::Form;
use crate::domain::phone::Region;

/// The output of `aurix form try` for a line: `{"fields":{key: words},"values":{key: normalised}}`, and
/// `"unclear":{key: words}` where words are about a field but give no value.
pub fn try_line(
    form: &Form,
    region: Region,
    timezone: &TimeZone,
    now: Timestamp,
    text: &str,
    requested: &[String],
) -> Value {
    let context = Context { form, region, timezone, now, language: None };
    let Reading { taken, doubts } = read(&context, text, requested);
    let object = |pairs: Vec<(&String, &String)>| -> Map<String, Value> {
        pairs.into_iter().map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect()
    };
    let fields = object(taken.iter().map(|taken| (&taken.key, &taken.words)).collect());
    let values = object(taken.iter().map(|taken| (&taken.key, &taken.value)).collect());
    let mut line = serde_json::json!({"fields": fields, "values": values});
    if !doubts.is_empty() {
        line["unclear"] = object(doubts.iter().map(|doubt| (&doubt.key, &doubt.words)).collect()).into();
    }
    line
}
