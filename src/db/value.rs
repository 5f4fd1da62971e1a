//! What goes into a statement and what comes out: five kinds of value that mean the same on both engines.

use bytes::BytesMut;
use jiff::Timestamp;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::{Error, Result};
use crate::domain::ids::RowKey;

/// A statement: one text, or a pair where the engines differ. An empty text: there is nothing to do on that engine.
#[derive(Clone, Copy)]
pub struct Sql {
    /// What SQLite runs.
    pub sqlite: &'static str,
    /// What PostgreSQL runs.
    pub postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `NULL` of any type.
    Null,
    /// `BOOLEAN`
    Bool(bool),
    /// `BIGINT`, or `INTEGER` where a column needs no more
    Int(i64),
    /// `TEXT`
    Text(&'a str),
    /// `BYTEA`
    Bytes(&'a [u8]),
}

macro_rules! value_from {
    ($($source:ty: $value:ident => $made:expr),* $(,)?) => {
        $(impl<'a> From<$source> for Value<'a> {
            fn from($value: $source) -> Self {
                $made
            }
        })*
    };
}

value_from! {
    bool: value => Value::Bool(value),
    i64: value => Value::Int(value),
    u32: value => Value::Int(value.into()),
    Timestamp: value => Value::Int(value.as_microsecond()),
    &'a str: value => Value::Text(value),
    &'a String: value => Value::Text(value),
    &'a [u8]: value => Value::Bytes(value),
}

impl<K: RowKey> From<K> for Value<'_> {
    fn from(key: K) -> Self {
        Self::Int(key.as_i64())
    }
}

impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().map_or(Self::Null, Self::Text)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(match *self {
            Self::Null => rusqlite::types::Null.into(),
            Self::Bool(value) => value.into(),
            Self::Int(value) => value.into(),
            Self::Text(value) => value.into(),
            Self::Bytes(value) => value.into(),
        })
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One row of a result.
pub enum Row<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    #[doc(hidden)]
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of the column `index`, counted from 0.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T> {
        T::from_row(self, index)
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// Reads the column `index`.
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self>;
}

macro_rules! from_value {
    ($($target:ty),*) => {
        $(impl FromValue for $target {
            fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(|_| Error::Column(index)),
                    Row::Postgres(row) => row.try_get(index).map_err(|_| Error::Column(index)),
                }
            }
        }
        impl FromValue for Option<$target> {
            fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(|_| Error::Column(index)),
                    Row::Postgres(row) => row.try_get(index).map_err(|_| Error::Column(index)),
                }
            }
        })*
    };
}

from_value!(bool, String, Vec<u8>);

impl FromValue for i64 {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        row.get::<Option<Self>>(index)?.ok_or(Error::Column(index))
    }
}

impl FromValue for Option<i64> {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        let read = match row {
            Row::Sqlite(row) => return row.get(index).map_err(|_| Error::Column(index)),
            Row::Postgres(row) if row.columns().get(index).is_some_and(|column| *column.type_() == Type::INT4) => {
                row.try_get::<_, Option<i32>>(index).map(|value| value.map(i64::from))
            }
            Row::Postgres(row) => row.try_get(index),
        };
        read.map_err(|_| Error::Column(index))
    }
}

impl FromValue for Timestamp {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        Self::from_microsecond(row.get(index)?).map_err(|_| Error::Column(index))
    }
}

impl FromValue for Option<Timestamp> {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        row.get::<Option<i64>>(index)?.map(Timestamp::from_microsecond).transpose().map_err(|_| Error::Column(index))
    }
}

impl FromValue for Option<u32> {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        row.get::<Option<i64>>(index)?.map(u32::try_from).transpose().map_err(|_| Error::Column(index))
    }
}

impl FromValue for u32 {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        Self::try_from(row.get::<i64>(index)?).map_err(|_| Error::Column(index))
    }
}

impl<K: RowKey> FromValue for K {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        Ok(Self::from_i64(row.get(index)?))
    }
}

impl<K: RowKey> FromValue for Option<K> {
    fn from_row(row: &Row<'_>, index: usize) -> Result<Self> {
        Ok(row.get::<Option<i64>>(index)?.map(K::from_i64))
    }
}
