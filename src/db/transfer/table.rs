//! What is known of a table that is moved.

use super::line::Kind;

/// A column that both databases have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A table that is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Columns that no two rows share.
    pub key: Vec<String>,
}

/// A table as SQLite has it.
pub(super) struct SourceTable {
    pub name: String,
    pub columns: Vec<String>,
    /// Columns that no two rows share, in the order of an index.
    pub key: Vec<String>,
}
