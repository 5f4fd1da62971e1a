//! The filters of templates. Each takes a value that is missing, and each has a bound: none makes more than a body may have.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

use super::values::{is_missing, text_of, to_json};
use super::{BODY_BYTES_MAX, PIECES_MAX};

/// A filter, as the docs and the page list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What comes of it.
    pub what: &'static str,
    /// How many arguments it takes, at least and at most.
    pub(super) arguments: (usize, usize),
    /// Whether a text or a number comes of it, never a list or an object.
    pub(super) is_flat: bool,
}

const fn filter(name: &'static str, usage: &'static str, arguments: (usize, usize), what: &'static str) -> Filter {
    Filter { name, usage, what, arguments, is_flat: true }
}

const fn of_lists(name: &'static str, usage: &'static str, arguments: (usize, usize), what: &'static str) -> Filter {
    Filter { name, usage, what, arguments, is_flat: false }
}

/// All of them. Of a value that is not known, each makes none, unless it says otherwise.
pub const FILTERS: &[Filter] = &[
    of_lists("default", "lead.name|default(\"Unknown\")", (1, 1), "the other value where this one is not known"),
    of_lists(
        "compact",
        "{…}|compact",
        (0, 0),
        "an object or a list without what is not known or empty, at every depth",
    ),
    filter("upper", "lead.name|upper", (0, 0), "in capitals"),
    filter("lower", "lead.email|lower", (0, 0), "in small letters"),
    filter("trim", "lead.name|trim", (0, 0), "without spaces around it"),
    filter(
        "truncate",
        "lead.message|truncate(200)",
        (1, 1),
        "at most so many characters, with … at the end where it is cut",
    ),
    filter(
        "replace",
        "lead.phone|replace(\"+\", \"\")",
        (2, 2),
        "each occurrence of the first text replaced by the second",
    ),
    filter("digits", "lead.phone|digits", (0, 0), "the digits alone: for https://wa.me/ links"),
    filter(
        "escape",
        "lead.name|escape",
        (0, 0),
        "with &, < and > escaped, for receivers that read markup: Slack, HTML",
    ),
    filter("string", "data.value|string", (0, 0), "as text"),
    filter("int", "lead.party_size|int", (0, 0), "as a whole number; none where the text is no number"),
    filter("length", "lead.name|length", (0, 0), "how many characters or entries; 0 where it is not known"),
    of_lists("first", "lead.name|split(\" \")|first", (0, 0), "the first entry, or character"),
    of_lists("last", "lead.name|split(\" \")|last", (0, 0), "the last entry, or character"),
    of_lists("split", "lead.name|split(\" \")", (1, 1), "a list of the parts between these"),
    filter("join", "[lead.name, lead.phone]|join(\", \")", (1, 1), "a text of the entries that are known"),
    of_lists("items", "data.lead_data|items", (0, 0), "a list of [name, value], for loops"),
    filter("tojson", "data|tojson", (0, 0), "JSON; the same as without it, unless it is joined to a text"),
];

/// The filter of that name.
pub(super) fn find(name: &str) -> Option<&'static Filter> {
    FILTERS.iter().find(|filter| filter.name == name)
}

/// Gives an engine these filters.
pub(super) fn add(engine: &mut Environment<'static>) {
    engine.add_filter("default", |value: Value, other: Value| if is_missing(&value) { other } else { value });
    engine.add_filter("compact", |state: &State, value: Value| compact(state, &value, DEPTH_MAX));
    engine.add_filter("upper", |value: Value| of_text(&value, |text| text.to_uppercase()));
    engine.add_filter("lower", |value: Value| of_text(&value, |text| text.to_lowercase()));
    engine.add_filter("trim", |value: Value| of_text(&value, |text| text.trim().to_owned()));
    engine.add_filter("truncate", |value: Value, most: usize| of_text(&value, |text| truncated(text, most)));
    engine.add_filter("replace", replace);
    engine.add_filter("digits", |value: Value| {
        of_text(&value, |text| text.chars().filter(char::is_ascii_digit).collect())
    });
    engine.add_filter("escape", |value: Value| {
        of_text(&value, |text| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
    });
    engine.add_filter("string", |value: Value| of_text(&value, str::to_owned));
    engine.add_filter("int", int);
    engine.add_filter("length", length);
    engine.add_filter("first", |value: Value| one_of(&value, true));
    engine.add_filter("last", |value: Value| one_of(&value, false));
    engine.add_filter("split", split);
    engine.add_filter("join", join);
    engine.add_filter("items", items);
    engine.add_filter("tojson", |value: Value| Ok::<_, Error>(Value::from_safe_string(to_json(&value)?)));
    engine.add_test("none", |value: Value| is_missing(&value));
    engine.add_test("undefined", |value: Value| is_missing(&value));
    engine.add_test("defined", |value: Value| !is_missing(&value));
}

/// How deeply `compact` looks.
const DEPTH_MAX: usize = 64;

/// A text made of a text; missing where it is.
fn of_text(value: &Value, change: impl Fn(&str) -> String) -> Result<Value, Error> {
    if is_missing(value) {
        return Ok(Value::UNDEFINED);
    }
    let text = text_of(value)?;
    within(text.len())?;
    let made = change(&text);
    within(made.len())?;
    Ok(Value::from(made))
}

fn within(bytes: usize) -> Result<(), Error> {
    if bytes <= BODY_BYTES_MAX { Ok(()) } else { Err(Error::new(ErrorKind::WriteFailure, "this text is too long")) }
}

fn truncated(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}{}", kept.trim_end(), if most > 0 { "…" } else { "" })
}

fn replace(value: Value, from: Value, to: Value) -> Result<Value, Error> {
    let (from, to) = (text_of(&from)?, text_of(&to)?);
    if from.is_empty() {
        return of_text(&value, str::to_owned);
    }
    let text = text_of(&value)?;
    within(text.len() + text.matches(&from).count().saturating_mul(to.len()))?;
    of_text(&value, |text| text.replace(&from, &to))
}

fn int(value: Value) -> Value {
    let of_text = |text: &str| text.trim().parse::<i64>().ok();
    let number = match value.kind() {
        ValueKind::String => value.as_str().and_then(of_text),
        // The value ends at the largest or smallest one: that is what `as` does.
        #[expect(clippy::cast_possible_truncation, reason = "a number beyond these is cut to them")]
        ValueKind::Number => value.as_i64().or_else(|| f64::try_from(value.clone()).ok().map(|number| number as i64)),
        _ => None,
    };
    number.map_or(Value::UNDEFINED, Value::from)
}

fn length(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(Value::from(0)),
        _ => value.len().map(Value::from).ok_or_else(|| wrong("length", "a text, a list or an object")),
    }
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("`{name}` wants {wanted}"))
}

fn one_of(value: &Value, is_first: bool) -> Result<Value, Error> {
    let entries: Vec<Value> = match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let letter = if is_first { text.chars().next() } else { text.chars().next_back() };
            return Ok(letter.map_or(Value::UNDEFINED, Value::from));
        }
        ValueKind::Undefined | ValueKind::None => Vec::new(),
        ValueKind::Seq | ValueKind::Iterable => value.try_iter()?.take(PIECES_MAX).collect(),
        _ => return Err(wrong(if is_first { "first" } else { "last" }, "a text or a list")),
    };
    let entry = if is_first { entries.first() } else { entries.last() };
    Ok(entry.cloned().unwrap_or(Value::UNDEFINED))
}

fn split(value: Value, between: Value) -> Result<Value, Error> {
    if is_missing(&value) {
        return Ok(Value::from(Vec::<Value>::new()));
    }
    let (text, between) = (text_of(&value)?, text_of(&between)?);
    if between.is_empty() {
        return Err(wrong("split", "a text to split at"));
    }
    Ok(text.splitn(PIECES_MAX, between.as_str()).map(Value::from).collect())
}

fn join(state: &State, value: Value, between: Value) -> Result<Value, Error> {
    if !matches!(value.kind(), ValueKind::Undefined | ValueKind::None | ValueKind::Seq | ValueKind::Iterable) {
        return Err(wrong("join", "a list"));
    }
    let (mut joined, between) = (String::new(), text_of(&between)?);
    for entry in value.try_iter()? {
        state.consume_fuel(1)?;
        if is_missing(&entry) {
            continue;
        }
        if !joined.is_empty() {
            joined.push_str(&between);
        }
        joined.push_str(&text_of(&entry)?);
        within(joined.len())?;
    }
    Ok(Value::from(joined))
}

fn items(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(Value::from(Vec::<Value>::new())),
        ValueKind::Map => {
            let pair = |name: Value| Ok(Value::from(vec![name.clone(), value.get_item(&name)?]));
            value.try_iter()?.take(PIECES_MAX).map(pair).collect::<Result<Vec<Value>, Error>>().map(Value::from)
        }
        _ => Err(wrong("items", "an object")),
    }
}

/// Without what is missing, empty texts, and lists and objects in which nothing is left. Each entry is charged for.
fn compact(state: &State, value: &Value, depth: usize) -> Result<Value, Error> {
    state.consume_fuel(1)?;
    if depth == 0 {
        return Err(Error::new(ErrorKind::InvalidOperation, "this is nested too deeply"));
    }
    let is_empty = |value: &Value| match value.kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::String | ValueKind::Seq | ValueKind::Map => value.len() == Some(0),
        _ => false,
    };
    match value.kind() {
        ValueKind::Map => {
            let mut kept = Vec::new();
            for name in value.try_iter()? {
                kept.push((name.clone(), compact(state, &value.get_item(&name)?, depth - 1)?));
            }
            Ok(Value::from_pairs(kept.into_iter().filter(|(_, value)| !is_empty(value))))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let kept = value.try_iter()?.map(|entry| compact(state, &entry, depth - 1));
            let kept = kept.collect::<Result<Vec<_>, _>>()?;
            Ok(kept.into_iter().filter(|entry| !is_empty(entry)).collect())
        }
        _ => Ok(value.clone()),
    }
}
