//! Values between an event, the engine, and JSON.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind};
use serde_json::Value as Json;

use super::BODY_BYTES_MAX;

/// How deeply a value may be nested that is written out. Events are far flatter.
const DEPTH_MAX: usize = 64;

/// A value of an event, for the engine. `null` becomes a value that is missing: both print as `null` where a value stands, as
/// nothing within a text, and `default`, `or` and `if` take both alike.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::UNDEFINED,
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(list) => list.iter().map(from_json).collect(),
        Json::Object(fields) => Value::from_pairs(fields.iter().map(|(name, value)| (name.as_str(), from_json(value)))),
    }
}

/// A value as JSON. Fails where it is nested too deeply or has more than [`BODY_BYTES_MAX`]: what the engine builds is charged
/// for, what is written out here is not.
pub fn to_json(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    write(&mut out, value, DEPTH_MAX)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
    if depth == 0 {
        return Err(Error::new(ErrorKind::InvalidOperation, "this is nested too deeply"));
    }
    // `tojson` was here.
    if value.is_safe() {
        out.push_str(value.as_str().unwrap_or("null"));
        return within_limit(out);
    }
    match value.kind() {
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => out.push_str(&number(value)),
        ValueKind::String => write_text(out, value.as_str().unwrap_or_default())?,
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (at, item) in value.try_iter()?.enumerate() {
                separate(out, at);
                write(out, &item, depth - 1)?;
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            for (at, name) in value.try_iter()?.enumerate() {
                separate(out, at);
                write_text(out, &text_of(&name)?)?;
                out.push(':');
                write(out, &value.get_item(&name)?, depth - 1)?;
            }
            out.push('}');
        }
        _ => out.push_str("null"),
    }
    within_limit(out)
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

fn within_limit(out: &str) -> Result<(), Error> {
    let is_within = out.len() <= BODY_BYTES_MAX;
    if is_within { Ok(()) } else { Err(Error::new(ErrorKind::WriteFailure, "this is too large")) }
}

fn write_text(out: &mut String, text: &str) -> Result<(), Error> {
    if text.len() > BODY_BYTES_MAX {
        return Err(Error::new(ErrorKind::WriteFailure, "this is too large"));
    }
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
    Ok(())
}

/// JSON knows neither infinity nor what is no number.
fn number(value: &Value) -> String {
    let whole = i128::try_from(value.clone()).ok().filter(|_| value.is_integer());
    let real = || f64::try_from(value.clone()).ok().and_then(serde_json::Number::from_f64);
    whole.map(|number| number.to_string()).or_else(|| Some(real()?.to_string())).unwrap_or_else(|| "null".to_owned())
}

/// A value within a text: nothing where it is missing; lists and objects as JSON.
pub fn text_of(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(String::new()),
        ValueKind::String => Ok(value.as_str().unwrap_or_default().to_owned()),
        _ => to_json(value),
    }
}

/// Whether a value is missing, or `null`.
pub fn is_missing(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_as_they_went_in() {
        for json in [
            r#"{"b":1,"a":[true,null,-7,2.5,"x\"\\\n\u0001é"],"":{"deep":{}}}"#,
            "18446744073709551615",
            "-9223372036854775808",
            "1e+30",
            "[]",
        ] {
            let value = from_json(&serde_json::from_str(json).expect("JSON"));
            let back: Json = serde_json::from_str(&to_json(&value).expect("it is small")).expect("JSON");
            assert_eq!(back, serde_json::from_str::<Json>(json).expect("JSON"), "{json}");
        }
    }

    #[test]
    fn what_json_does_not_know_is_null() {
        assert_eq!(to_json(&Value::from(f64::NAN)).as_deref().ok(), Some("null"));
        assert_eq!(to_json(&Value::from(f64::INFINITY)).as_deref().ok(), Some("null"));
        assert_eq!(text_of(&Value::UNDEFINED).as_deref().ok(), Some(""));
        assert_eq!(text_of(&Value::from(true)).as_deref().ok(), Some("true"));
    }

    #[test]
    fn what_is_written_out_has_an_end() {
        let deep = (0..DEPTH_MAX).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
        assert!(to_json(&deep).is_err());
        let wide = Value::from("x".repeat(BODY_BYTES_MAX / 4));
        assert!(to_json(&Value::from(vec![wide; 8])).is_err());
        // Each level twice the one before: 2^40 leaves in 40 values.
        let doubled = (0..40).fold(Value::from(1), |inner, _| Value::from(vec![inner.clone(), inner]));
        assert!(to_json(&doubled).is_err());
    }
}
