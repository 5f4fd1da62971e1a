//! Reads JSON that others wrote: lenient about types, and without what databases cannot store.

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Seconds since 1970 above which a number can only be milliseconds: the year 5138.
const SECONDS_MAX: i64 = 100_000_000_000;

/// The body is no JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the body is no JSON object")]
pub struct Malformed(#[source] pub(in crate::channels) serde_json::Error);

/// An id for what has none: the same for the same bytes in the same `scope`, so that a repeated delivery changes nothing.
pub(in crate::channels) fn made_id(scope: &str, raw: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(scope);
    hash.update([0]);
    hash.update(raw);
    format!("sha256-{}", hex::encode(&hash.finalize()[..16]))
}

/// An object whose values are still text, so that one that is broken or deep spoils no other. Of a repeated key the
/// last counts.
pub(in crate::channels) type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// The object's fields, or `None` for what is no object.
pub(in crate::channels) fn fields(raw: &RawValue) -> Option<Fields<'_>> {
    serde_json::from_str(raw.get()).ok()
}

/// The array's elements, or `None` for what is no array.
pub(in crate::channels) fn list(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// The body as text that any JSON parser and any database can take: bytes that are no UTF-8, escapes of half a
/// surrogate pair, and `\u0000` become U+FFFD.
pub(in crate::channels) fn clean(body: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(body);
    if !text.contains("\\u") {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let (written, length) = clean_escape(escape);
        kept.push_str(before);
        kept.push_str(written);
        rest = &escape[length..];
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// What stands for the escape that `text` begins with, and how long that is.
fn clean_escape(text: &str) -> (&str, usize) {
    const REPLACEMENT: &str = "\\ufffd";
    match (unit(text), text.get(6..).and_then(unit)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (&text[..12], 12),
        (Some(0 | 0xd800..=0xdfff), _) => (REPLACEMENT, 6),
        (Some(_), _) => (&text[..6], 6),
        (None, _) => {
            let length = 1 + text[1..].chars().next().map_or(0, char::len_utf8);
            (&text[..length], length)
        }
    }
}

/// The UTF-16 unit of the `\uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// A string or a number as text, at the end of a path of keys; `None` for what is missing, blank, or anything else.
pub(in crate::channels) fn text(value: &Value, path: &[&str]) -> Option<String> {
    match at(value, path)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The value at the end of a path of keys.
pub(in crate::channels) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The elements of the array at the end of a path; none where there is no array.
pub(in crate::channels) fn items<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A whole number, also one in quotes.
pub(in crate::channels) fn integer(value: &Value, path: &[&str]) -> Option<i64> {
    match at(value, path)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A Unix time in seconds, as a number or in quotes; milliseconds are recognised.
pub(in crate::channels) fn time(value: &Value, path: &[&str]) -> Option<Timestamp> {
    let number = integer(value, path)?;
    if number.abs() > SECONDS_MAX { Timestamp::from_millisecond(number) } else { Timestamp::from_second(number) }.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_databases_cannot_keep_is_replaced() {
        for (body, cleaned) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""\\u0000 \u00e9""#, r#""\\u0000 \u00e9""#),
            (r#""\u12"#, r#""\u12"#),
            ("\"\\u0041\\", "\"\\u0041\\"),
            ("\"\\u0041\\é\\u+123\"", "\"\\u0041\\é\\u+123\""),
        ] {
            assert_eq!(clean(body.as_bytes()), cleaned);
        }
        assert_eq!(clean(b"\"\xff\""), "\"\u{fffd}\"");
    }

    #[test]
    fn numbers_and_times_may_stand_in_quotes() {
        let value = json!({"a": {"n": 5, "s": " 7 ", "t": "1669233778", "ms": 1_669_233_778_000_i64, "big": 1e300}});
        assert_eq!(integer(&value, &["a", "n"]), Some(5));
        assert_eq!(integer(&value, &["a", "s"]), Some(7));
        assert_eq!(integer(&value, &["a", "big"]), None);
        assert_eq!(time(&value, &["a", "t"]).unwrap().to_string(), "2022-11-23T20:02:58Z");
        assert_eq!(time(&value, &["a", "ms"]), time(&value, &["a", "t"]));
        assert_eq!(text(&value, &["a", "n"]).as_deref(), Some("5"));
        assert_eq!(text(&value, &["a"]), None);
    }
}
