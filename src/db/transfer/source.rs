//! The SQLite database that is moved: held exclusively, read table by table in the order of its keys.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail, ensure};
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use tokio::sync::mpsc;

use super::line;
use super::table::{SourceTable, Table};
use crate::db::sqlite_file;

/// Rows and bytes of a batch, which one transaction stores.
const BATCH_ROWS_MAX: u64 = 2_000;
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Batches that are read ahead.
const BATCHES_AHEAD: usize = 2;

/// The database. No other process has it open, nor can open it, until this is dropped.
#[derive(Clone)]
pub(super) struct Source(Arc<Mutex<Connection>>);

/// Rows that follow one another by key.
#[derive(Default)]
pub(super) struct Batch {
    /// Lines of `COPY`, each with its end.
    pub lines: Vec<u8>,
    pub rows: u64,
    /// The key of the last one, as JSON.
    pub position: String,
}

impl Source {
    /// Opens the file; an error where another process has it open.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        ensure!(path.exists(), "there is no database {}", path.display());
        Ok(Self(Arc::new(Mutex::new(sqlite_file::open_exclusively(path)?))))
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> anyhow::Result<T>) -> anyhow::Result<T> {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All tables with what they are found by, but those that belong to a virtual one. A virtual table has no key.
    pub fn tables(&self) -> anyhow::Result<Vec<SourceTable>> {
        const TABLES: &str = "SELECT name FROM pragma_table_list
            WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
            ORDER BY name";
        self.with(|connection| {
            let names = texts(connection, TABLES, "")?;
            names.into_iter().map(|name| table(connection, name)).collect()
        })
    }

    pub fn count(&self, table: &Table) -> anyhow::Result<u64> {
        self.with(|connection| {
            let count = format!("SELECT COUNT(*) FROM {}", table.name);
            Ok(connection.query_row(&count, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
        })
    }

    /// The smallest value of a column; `None` where there is no row.
    pub fn least(&self, table: &str, column: &str) -> anyhow::Result<Option<i64>> {
        self.with(|connection| {
            Ok(connection.query_row(&format!("SELECT MIN({column}) FROM {table}"), [], |row| row.get(0))?)
        })
    }

    /// Reads the rows behind a position, off the runtime's threads.
    pub fn read(&self, table: Arc<Table>, after: Option<String>) -> mpsc::Receiver<anyhow::Result<Batch>> {
        let (send, receive) = mpsc::channel(BATCHES_AHEAD);
        let source = self.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = source.with(|connection| read(connection, &table, after.as_deref(), &send)) {
                let _ = send.blocking_send(Err(error));
            }
        });
        receive
    }
}

fn texts(connection: &Connection, sql: &str, of: &str) -> anyhow::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let parameters: &[&dyn rusqlite::ToSql] = if of.is_empty() { &[] } else { &[&of] };
    Ok(statement.query_map(parameters, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn table(connection: &Connection, name: String) -> anyhow::Result<SourceTable> {
    const KEY: &str = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
    const UNIQUE: &str = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial ORDER BY seq DESC";
    let columns = texts(connection, "SELECT name FROM pragma_table_info(?1) ORDER BY cid", &name)?;
    let mut key = texts(connection, KEY, &name)?;
    if key.is_empty()
        && let Some(index) = texts(connection, UNIQUE, &name)?.first()
    {
        key = texts(connection, "SELECT name FROM pragma_index_info(?1) ORDER BY seqno", index)?;
    }
    Ok(SourceTable { name, columns, key })
}

/// Hands all rows behind `after` in, until nobody takes them.
fn read(
    connection: &Connection,
    table: &Table,
    after: Option<&str>,
    batches: &mpsc::Sender<anyhow::Result<Batch>>,
) -> anyhow::Result<()> {
    let after: Vec<Value> = after.map(parse_position).transpose()?.unwrap_or_default();
    let mut statement = connection.prepare(&select(table, !after.is_empty()))?;
    let mut rows = statement.query(rusqlite::params_from_iter(after))?;
    let mut batch = Batch::default();
    let hand_in = |batch: Batch| batches.blocking_send(Ok(batch)).is_ok();
    while let Some(row) = rows.next()? {
        for (at, column) in table.columns.iter().enumerate() {
            let end = if at + 1 == table.columns.len() { b'\n' } else { b'\t' };
            let pushed = line::push(&mut batch.lines, column.kind, row.get_ref(at)?);
            pushed.map_err(|why| anyhow!("{} {}: {} {why}", table.name, key_of(table, row), column.name))?;
            batch.lines.push(end);
        }
        batch.rows += 1;
        batch.position = position(table, row)?;
        let is_full = batch.rows >= BATCH_ROWS_MAX || batch.lines.len() >= BATCH_BYTES_MAX;
        if is_full && !hand_in(std::mem::take(&mut batch)) {
            return Ok(());
        }
    }
    if batch.rows > 0 {
        hand_in(batch);
    }
    Ok(())
}

fn select(table: &Table, is_behind: bool) -> String {
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let key = table.key.join(", ");
    let places: Vec<_> = (1..=table.key.len()).map(|number| format!("?{number}")).collect();
    let behind = if is_behind { format!(" WHERE ({key}) > ({})", places.join(", ")) } else { String::new() };
    format!("SELECT {} FROM {}{behind} ORDER BY {key}", columns.join(", "), table.name)
}

/// The key of a row as a JSON array.
fn position(table: &Table, row: &rusqlite::Row<'_>) -> anyhow::Result<String> {
    let mut parts = Vec::with_capacity(table.key.len());
    for column in &table.key {
        parts.push(match row.get_ref(column.as_str())? {
            ValueRef::Integer(value) => serde_json::Value::from(value),
            ValueRef::Text(text) => serde_json::Value::from(std::str::from_utf8(text)?),
            _ => bail!("{}: {column} is neither a number nor a text", table.name),
        });
    }
    Ok(serde_json::Value::from(parts).to_string())
}

/// The key of a row for people.
fn key_of(table: &Table, row: &rusqlite::Row<'_>) -> String {
    position(table, row).unwrap_or_else(|_| "(a row without a key)".to_owned())
}

fn parse_position(text: &str) -> anyhow::Result<Vec<Value>> {
    let parts: Vec<serde_json::Value> = serde_json::from_str(text).context("reading how far the move is")?;
    let part = |part: serde_json::Value| match part {
        serde_json::Value::Number(number) => number.as_i64().map(Value::Integer),
        serde_json::Value::String(text) => Some(Value::Text(text)),
        _ => None,
    };
    parts.into_iter().map(part).collect::<Option<_>>().context("reading how far the move is")
}
