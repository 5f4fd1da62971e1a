//! A row as a line of PostgreSQL's `COPY` in its text format: exactly as `COPY … TO STDOUT` writes it, so that two rows are equal where
//! their lines are.

use rusqlite::types::ValueRef;

/// What a column of PostgreSQL holds: the five kinds that mean the same on both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// `BIGINT` or `INTEGER`
    Int,
    Text,
    Bytes,
}

impl Kind {
    /// From `data_type` of `information_schema.columns`.
    pub fn of_type(data_type: &str) -> Option<Self> {
        Some(match data_type {
            "boolean" => Self::Bool,
            "bigint" | "integer" => Self::Int,
            "text" => Self::Text,
            "bytea" => Self::Bytes,
            _ => return None,
        })
    }
}

/// Why a value of SQLite has no place in a column of PostgreSQL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("holds {found} where {expected:?} belongs")]
    Type { found: &'static str, expected: Kind },
    #[error("holds a text with a NUL character, which PostgreSQL does not take")]
    Nul,
    #[error("holds a text that is not UTF-8")]
    NotUtf8,
}

/// Appends a value of a row to its line.
pub(super) fn push(line: &mut Vec<u8>, kind: Kind, value: ValueRef<'_>) -> Result<(), Misfit> {
    match (kind, value) {
        (_, ValueRef::Null) => line.extend(b"\\N"),
        (Kind::Bool, ValueRef::Integer(value @ (0 | 1))) => line.push(if value == 1 { b't' } else { b'f' }),
        (Kind::Int, ValueRef::Integer(value)) => line.extend(value.to_string().as_bytes()),
        (Kind::Text, ValueRef::Text(text)) => push_text(line, text)?,
        (Kind::Bytes, ValueRef::Blob(bytes)) => {
            line.extend(b"\\\\x");
            line.extend(hex::encode(bytes).as_bytes());
        }
        (expected, other) => return Err(Misfit::Type { found: name(other), expected }),
    }
    Ok(())
}

fn push_text(line: &mut Vec<u8>, text: &[u8]) -> Result<(), Misfit> {
    if std::str::from_utf8(text).is_err() {
        return Err(Misfit::NotUtf8);
    }
    for byte in text {
        let escaped = match *byte {
            0 => return Err(Misfit::Nul),
            8 => b'b',
            9 => b't',
            10 => b'n',
            11 => b'v',
            12 => b'f',
            13 => b'r',
            b'\\' => b'\\',
            plain => {
                line.push(plain);
                continue;
            }
        };
        line.extend([b'\\', escaped]);
    }
    Ok(())
}

fn name(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "nothing",
        ValueRef::Integer(_) => "an integer",
        ValueRef::Real(_) => "a fraction",
        ValueRef::Text(_) => "a text",
        ValueRef::Blob(_) => "bytes",
    }
}

/// The values of a line, as they are written in it.
pub(super) fn values(line: &[u8]) -> Vec<&[u8]> {
    line.split(|byte| *byte == b'\t').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, value: ValueRef<'_>, expected: Result<&str, Misfit>) {
        let mut line = Vec::new();
        let written = push(&mut line, kind, value).map(|()| String::from_utf8_lossy(&line).into_owned());
        assert_eq!(written, expected.map(str::to_owned), "{kind:?} {value:?}");
    }

    #[test]
    fn a_value_is_written_as_postgresql_writes_it() {
        check(Kind::Bool, ValueRef::Integer(1), Ok("t"));
        check(Kind::Bool, ValueRef::Integer(0), Ok("f"));
        check(Kind::Int, ValueRef::Integer(i64::MIN), Ok("-9223372036854775808"));
        check(
            Kind::Text,
            ValueRef::Text("ü\t\n\r\\N\u{8}\u{b}\u{c}\u{1}".as_bytes()),
            Ok("ü\\t\\n\\r\\\\N\\b\\v\\f\u{1}"),
        );
        check(Kind::Text, ValueRef::Text(b""), Ok(""));
        check(Kind::Text, ValueRef::Null, Ok("\\N"));
        check(Kind::Bytes, ValueRef::Blob(&[0, 255]), Ok("\\\\x00ff"));
    }

    #[test]
    fn a_value_that_does_not_belong_is_refused() {
        check(Kind::Bool, ValueRef::Integer(2), Err(Misfit::Type { found: "an integer", expected: Kind::Bool }));
        check(Kind::Int, ValueRef::Text(b"1"), Err(Misfit::Type { found: "a text", expected: Kind::Int }));
        check(Kind::Text, ValueRef::Blob(b"1"), Err(Misfit::Type { found: "bytes", expected: Kind::Text }));
        check(Kind::Bytes, ValueRef::Real(0.5), Err(Misfit::Type { found: "a fraction", expected: Kind::Bytes }));
        check(Kind::Text, ValueRef::Text(b"a\0"), Err(Misfit::Nul));
        check(Kind::Text, ValueRef::Text(b"\xff"), Err(Misfit::NotUtf8));
    }

    #[test]
    fn a_line_is_divided_into_its_values() {
        assert_eq!(values(b"1\ta\\tb\t\\N"), [&b"1"[..], b"a\\tb", b"\\N"]);
    }
}
