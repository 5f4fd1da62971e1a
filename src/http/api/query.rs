//! The query of a call: each parameter once, and none that the call does not know.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, Serialize, forward_to_deserialize_any};
use utoipa::ToSchema;

use crate::http::error::{ApiError, InvalidField, Result};
use crate::http::partner::cursor;
use crate::store::window::Position;

/// Parameters that are looked at.
const PAIRS_MAX: usize = 100;
/// Rows of a page unless the caller says otherwise.
const LIMIT: u32 = 50;
/// The most rows of a page.
pub const LIMIT_MAX: u32 = 200;

/// Parameters, read into a struct that refuses unknown ones.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(text.as_bytes()).into_owned().take(PAIRS_MAX + 1).collect();
    if pairs.len() > PAIRS_MAX {
        return Err(ApiError::Malformed(format!("The query has more than {PAIRS_MAX} parameters.")));
    }
    let twice = pairs.iter().enumerate().find(|(at, (name, _))| pairs[..*at].iter().any(|(before, _)| before == name));
    if let Some((_, (name, _))) = twice {
        return Err(ApiError::field(name.clone(), "is given more than once"));
    }
    let map = MapDeserializer::new(pairs.into_iter().map(|(name, value)| (name, Text(value))));
    serde_path_to_error::deserialize(map).map_err(|error| {
        let text = error.inner().to_string();
        // Of an unknown parameter serde gives the name in the text.
        let named = text.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')).map(|(name, _)| name);
        match named {
            Some(name) => ApiError::field(name, "is not a parameter of this call"),
            None => ApiError::field(error.path().to_string(), text),
        }
    })
}

/// A value that is there.
struct Text(String);

impl IntoDeserializer<'_, Error> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Text {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// How many rows a page has.
#[derive(Clone, Copy, Debug)]
pub struct Limit(u32);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rows = text.parse().ok().filter(|rows| (1..=LIMIT_MAX).contains(rows));
        rows.map(Self).ok_or_else(|| serde::de::Error::custom(format!("must be a whole number from 1 to {LIMIT_MAX}")))
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT)
    }
}

impl Limit {
    /// The number.
    pub fn rows(self) -> u32 {
        self.0
    }
}

/// Behind which row a page begins.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(pub Position);

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        cursor::decode(&text).map(Self).ok_or_else(|| serde::de::Error::custom("is not a cursor of this list"))
    }
}

/// What is looked for: trimmed, and `None` where nothing is left.
pub fn search(text: Option<String>, chars_max: usize) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    if text.chars().count() > chars_max {
        return Err(ApiError::field("q", format!("must have at most {chars_max} characters")));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A parameter of a closed set of words.
pub fn word<T>(name: &str, value: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(value) = value else { return Ok(None) };
    let unknown = || InvalidField { field: name.to_owned(), detail: format!("{value:?} is none of its values") };
    parse(value).map(Some).ok_or_else(|| ApiError::Invalid(vec![unknown()]))
}

/// A page of a list.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Page<T: ToSchema> {
    /// The rows.
    pub data: Vec<T>,
    /// Where the next page begins; `null` behind the last row.
    #[schema(required, example = "AAZIT8fVfcMAAAAAAAAB1g")]
    pub next_cursor: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// A list that is one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }

    /// A page of the rows that were read, one more than `most` where there are more behind them.
    pub fn cut<R: Into<T>>(mut rows: Vec<R>, most: u32, position: impl Fn(&R) -> Position) -> Result<Self> {
        let most = usize::try_from(most)?;
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more).map(position);
        Ok(Self::new(rows.into_iter().map(Into::into).collect(), next))
    }

    /// A page, and behind which row the next one begins.
    pub fn new(data: Vec<T>, next: Option<Position>) -> Self {
        Self { data, next_cursor: next.map(cursor::encode) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        limit: Option<Limit>,
        #[serde(rename = "q")]
        search: Option<String>,
    }

    fn check(text: &str, expected: &str) {
        let read = match read::<Wanted>(text) {
            Ok(Wanted { limit, search }) => {
                format!("{} {}", limit.unwrap_or_default().rows(), search.unwrap_or_default())
            }
            Err(ApiError::Invalid(fields)) => format!("{}: {}", fields[0].field, fields[0].detail),
            Err(other) => format!("{other:?}"),
        };
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn a_query_is_read_and_what_is_wrong_is_named() {
        check("", "50 ");
        check("limit=7&q=a+b", "7 a b");
        check("limit=0", "limit: must be a whole number from 1 to 200");
        check("limit=201", "limit: must be a whole number from 1 to 200");
        check("limit=1&limit=2", "limit: is given more than once");
        check("page=2", "page: is not a parameter of this call");
    }
}
