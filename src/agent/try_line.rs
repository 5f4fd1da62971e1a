//! The output of `aurix form try`: the values of a line, in the format of labelled reference data.

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;

use super::pattern::compile;
use serde_json::{Map, Value};

use super::read::read;
use super::reader::{Context, Taken};
use crate::domain::form::{FieldKind, Form};
use crate::domain::phone::Region;

/// A.m. or p.m. after a clock time with a two-digit hour and a space: "11:45 AM", "11 in the morning".
static HALF_OF_DAY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^(?P<clock>1[0-2][:.][0-5]\d)\s+[ap]\.?\s?m\b\.?$|^(?P<hour>1[0-2](?:[:.][0-5]\d)?)\s+in the morning$",
    )
});

/// The output of `aurix form try` for a line: `{"fields":{key: words},"values":{key: normalised}}`.
///
/// `fields` has the spans of the labelled dialogue data that reading is measured on; `values` is what the agent
/// stores. See `docs/agent.md` for where the two styles differ.
pub fn try_line(
    form: &Form,
    region: Region,
    timezone: &TimeZone,
    now: Timestamp,
    text: &str,
    requested: &[String],
) -> Value {
    let taken = read(&Context { form, region, timezone, now }, text, requested);
    let object = |part: &dyn Fn(&Taken) -> String| -> Map<String, Value> {
        taken.iter().map(|taken| (taken.key.clone(), Value::from(part(taken)))).collect()
    };
    let fields = object(&|taken| labelled_span(form, taken).to_owned());
    serde_json::json!({"fields": fields, "values": object(&|taken| taken.value.clone())})
}

/// The words as the reference data labels them: without a.m. or p.m. on clock times with a two-digit hour and a space
/// ("11:45 AM" is labelled "11:45"), and with it everywhere else ("9:45 AM", "11:45am").
fn labelled_span<'a>(form: &Form, taken: &'a Taken) -> &'a str {
    let is_clock =
        form.field(&taken.key).is_some_and(|field| matches!(field.kind, FieldKind::Datetime | FieldKind::Time));
    let found = HALF_OF_DAY.captures(&taken.words).filter(|_| is_clock);
    let clock = found.and_then(|found| found.name("clock").or(found.name("hour")));
    clock.map_or(&taken.words, |clock| clock.as_str())
}
