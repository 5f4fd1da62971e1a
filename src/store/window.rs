//! Which rows of a list are read: newest first, by keyset. Ends are sentinels and never `NULL`, so that both engines search.

use jiff::Timestamp;

use crate::domain::ids::RowKey;

/// Where a row stands in a list that is sorted by time and row key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Microseconds since 1970.
    pub created_at: i64,
    /// The row key.
    pub id: i64,
}

impl Position {
    /// Behind every row: where a list begins.
    pub const NEWEST: Self = Self { created_at: i64::MAX, id: i64::MAX };

    /// Where the row `id` of that time stands.
    pub fn of(time: Timestamp, id: impl RowKey) -> Self {
        Self { created_at: time.as_microsecond(), id: id.as_i64() }
    }

    /// Before every row of `time` and later: where a list begins that ends at `time` exclusively. Row keys begin at 1.
    pub fn before(time: Timestamp) -> Self {
        Self { created_at: time.as_microsecond(), id: 0 }
    }
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Rows of this microsecond and later.
    pub from: i64,
    /// Rows older than this one.
    pub before: Position,
    /// Rows to leave out at the start. Costs as much as reading them.
    pub skip: i64,
    /// Rows to read at most.
    pub rows: i64,
}

impl Window {
    /// Rows before the last one of the part. A caller may ask to skip as many as a number can say.
    pub fn skip_to_last(&self) -> i64 {
        self.skip.saturating_add(self.rows - 1)
    }
}
