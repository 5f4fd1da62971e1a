//! The query of both lists: how many rows, of which time, where it begins.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Required, SchemaFormat};

use super::cursor;
use crate::domain::iso_date;
use crate::engines::Engines;
use crate::http::auth::Family;
use crate::http::error::{ApiError, InvalidField, Result};
use crate::http::extract::Query;
use crate::store::window::{Position, Window};

/// Rows of a list for `external` unless the caller says otherwise. Other services get all.
const EXTERNAL_LIMIT: u64 = 50;
/// The largest `limit` that can be asked for.
const LIMIT_MAX: u64 = 10_000;

/// A valid query.
#[derive(Clone, Copy, Debug)]
pub struct ListQuery {
    limit: Option<u64>,
    offset: i64,
    from: i64,
    before: Position,
}

impl FromRequestParts<Engines> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        Self::read(&Query::from_request_parts(parts, engines).await?)
    }
}

impl ListQuery {
    /// Reads the parameters that lists know; others are left alone. Every invalid one is named.
    pub fn read(query: &Query) -> Result<Self> {
        let mut reader = Reader { query, invalid: Vec::new() };
        let limit = reader.one("limit", limit);
        let offset = reader.one("offset", offset);
        let from = reader.one("from_date", |text| iso_date::start(text).map_err(|error| error.to_string()));
        let to = reader.one("to_date", |text| iso_date::end(text).map_err(|error| error.to_string()));
        let cursor = reader.one("cursor", read_cursor);
        if cursor.is_some() && offset.is_some() {
            let detail = "cannot be combined with cursor: the cursor already says where to go on".to_owned();
            reader.invalid.push(InvalidField { field: "offset".to_owned(), detail });
        }
        if !reader.invalid.is_empty() {
            return Err(ApiError::Invalid(reader.invalid));
        }
        let end = to.map_or(Position::NEWEST, Position::before);
        Ok(Self {
            limit,
            offset: offset.unwrap_or(0),
            from: from.map_or(i64::MIN, |time| time.as_microsecond()),
            before: cursor.map_or(end, |cursor| cursor.min(end)),
        })
    }

    /// The most rows of the response: `None` for all.
    pub fn limit(&self, family: &Family) -> Option<u64> {
        match family {
            Family::External => Some(self.limit.unwrap_or(EXTERNAL_LIMIT)),
            Family::Service(_) => self.limit,
        }
    }

    /// Where reading begins.
    pub fn window(&self) -> Window {
        Window { from: self.from, before: self.before, skip: self.offset, rows: 0 }
    }
}

impl IntoParams for ListQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let whole_number = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let date = || text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).examples(["2026-01-02"]);
        let time = || {
            text()
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .examples(["2026-01-02T10:00:00+08:00"])
        };
        let moment = || AnyOfBuilder::new().item(date()).item(time()).into();
        let described: [(&str, String, Schema); 5] = [
            (
                "limit",
                format!(
                    "The most rows. Without it, `external` gets {EXTERNAL_LIMIT} and every other service gets all."
                ),
                whole_number().maximum(Some(LIMIT_MAX)).into(),
            ),
            (
                "offset",
                "Rows to leave out at the start; not together with `cursor`.".to_owned(),
                whole_number().maximum(Some(i64::MAX)).into(),
            ),
            (
                "from_date",
                "Rows created at this time or later, in ISO 8601. Without an offset it is UTC.".to_owned(),
                moment(),
            ),
            (
                "to_date",
                "Rows created before this time, in ISO 8601. A date includes the whole day.".to_owned(),
                moment(),
            ),
            (
                "cursor",
                "The `next_cursor` of the page before, with the other parameters unchanged.".to_owned(),
                text().pattern(Some(cursor::PATTERN)).into(),
            ),
        ];
        let parameter = |(name, description, schema): (&str, String, Schema)| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        described.into_iter().map(parameter).collect()
    }
}

/// Reads parameters and collects what is wrong with them.
struct Reader<'a> {
    query: &'a Query,
    invalid: Vec<InvalidField>,
}

impl Reader<'_> {
    fn one<T>(&mut self, name: &str, read: impl Fn(&str) -> std::result::Result<T, String>) -> Option<T> {
        let value = self.query.one(name).and_then(|value| {
            value.map(read).transpose().map_err(|detail| InvalidField { field: name.to_owned(), detail })
        });
        value.unwrap_or_else(|invalid| {
            self.invalid.push(invalid);
            None
        })
    }
}

fn limit(text: &str) -> std::result::Result<u64, String> {
    let limit = text.parse().ok().filter(|limit| *limit <= LIMIT_MAX);
    limit.ok_or_else(|| format!("must be a whole number from 0 to {LIMIT_MAX}"))
}

fn offset(text: &str) -> std::result::Result<i64, String> {
    text.parse().ok().filter(|offset| *offset >= 0).ok_or_else(|| "must be a whole number, 0 or more".to_owned())
}

fn read_cursor(text: &str) -> std::result::Result<Position, String> {
    cursor::decode(text).ok_or_else(|| "must be a next_cursor of this list, unchanged".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> std::result::Result<ListQuery, String> {
        ListQuery::read(&Query::parse(query).expect("few parameters")).map_err(|error| match error {
            ApiError::Invalid(fields) => fields.into_iter().map(|field| field.field).collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn the_default_limit_follows_the_family() {
        let query = read("").expect("an empty query is valid");
        assert_eq!(query.limit(&Family::External), Some(50));
        assert_eq!(query.limit(&Family::Service("topkee".into())), None);
        let query = read("limit=10000").expect("the largest limit");
        assert_eq!(query.limit(&Family::External), Some(10_000));
        assert_eq!(query.limit(&Family::Service("topkee".into())), Some(10_000));
    }

    #[test]
    fn every_invalid_parameter_is_named() {
        for (query, named) in [
            ("limit=10001", "limit"),
            ("limit=-1", "limit"),
            ("limit=", "limit"),
            ("limit=5.0", "limit"),
            ("limit=18446744073709551616", "limit"),
            ("limit=1&limit=2", "limit"),
            ("offset=-1", "offset"),
            ("offset=9223372036854775808", "offset"),
            ("from_date=2026-02-30", "from_date"),
            ("to_date=now", "to_date"),
            ("cursor=abc", "cursor"),
            ("cursor=AAAAAAAAAAAAAAAAAAAAAA&offset=0", "offset"),
            ("limit=x&offset=y&from_date=z&to_date=&cursor=", "limit offset from_date to_date cursor"),
        ] {
            assert_eq!(read(query).err(), Some(named.to_owned()), "{query:?}");
        }
    }

    #[test]
    fn the_end_is_the_earlier_of_cursor_and_date() {
        let cursor = cursor::encode(Position { created_at: 5, id: 7 });
        let query = read(&format!("cursor={cursor}&to_date=1970-01-01T00:00:00.000005Z&other=1")).expect("valid");
        assert_eq!(query.window().before, Position { created_at: 5, id: 0 });
        let query = read(&format!("cursor={cursor}&to_date=1970-01-01")).expect("valid");
        assert_eq!(query.window().before, Position { created_at: 5, id: 7 });
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "((limit|offset|from_date|to_date|cursor)=[0-9TZ:%A-Za-z+.-]{0,12}&?){0,4}") {
            let _ = read(&query);
        }
    }
}
