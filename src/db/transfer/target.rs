//! The PostgreSQL database that is moved into, and what it remembers of an unfinished move.

use std::collections::BTreeMap;
use std::pin::pin;

use anyhow::{Context as _, anyhow, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_postgres::{Client, CopyOutStream};

use super::line::Kind;
use super::plan::TargetTable;
use super::source::Batch;
use super::table::Table;
use crate::db::migrate::UNFINISHED_MOVE;
use crate::db::postgres;

/// The tables of the schema, without the parts of divided ones.
const TABLES: &str = "SELECT relname::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
const COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
    WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position";
const PARENTS: &str = "SELECT child.relname::text, parent.relname::text
    FROM pg_constraint AS c JOIN pg_class AS child ON child.oid = c.conrelid JOIN pg_class AS parent ON parent.oid = c.confrelid
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace";
const GROWING_KEYS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns
    WHERE table_schema = current_schema() AND is_identity = 'YES'";

pub(super) struct Target(Client);

/// How far the move of a table is.
#[derive(Default)]
pub(super) struct Progress {
    /// The key of the last row that is there, as JSON.
    pub position: Option<String>,
    pub rows: u64,
    pub is_done: bool,
}

impl Target {
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        let client = postgres::connect(url).await?;
        let is_alone = client.query_one("SELECT pg_try_advisory_lock(4702111234474983749)", &[]).await?;
        ensure!(is_alone.get::<_, bool>(0), "another move into this database is under way");
        Ok(Self(client))
    }

    /// The tables with their columns, without what remembers the move.
    pub async fn tables(&self) -> anyhow::Result<BTreeMap<String, TargetTable>> {
        let names = self.0.query(TABLES, &[]).await?;
        let names = names.iter().map(|row| row.get::<_, String>(0)).filter(|name| name != UNFINISHED_MOVE);
        let mut tables: BTreeMap<String, TargetTable> = names.map(|name| (name, TargetTable::default())).collect();
        for row in self.0.query(COLUMNS, &[]).await? {
            if let Some(table) = tables.get_mut(row.get::<_, &str>(0)) {
                table.columns.push((row.get(1), row.get(2)));
            }
        }
        for row in self.0.query(PARENTS, &[]).await? {
            if let Some(table) = tables.get_mut(row.get::<_, &str>(0)) {
                table.parents.insert(row.get(1));
            }
        }
        Ok(tables)
    }

    /// The tables that have a row.
    pub async fn filled(&self) -> anyhow::Result<Vec<String>> {
        let mut filled = Vec::new();
        for name in self.tables().await?.into_keys() {
            if self.0.query_opt(&format!("SELECT 1 FROM {name} LIMIT 1"), &[]).await?.is_some() {
                filled.push(name);
            }
        }
        Ok(filled)
    }

    /// What the unfinished move that was begun here copies; `None` where none was.
    pub async fn origin(&self) -> anyhow::Result<Option<String>> {
        let known = self.0.query_one("SELECT to_regclass($1) IS NOT NULL", &[&UNFINISHED_MOVE]).await?;
        if !known.get::<_, bool>(0) {
            return Ok(None);
        }
        let origin = format!("SELECT position FROM {UNFINISHED_MOVE} WHERE name = ''");
        Ok(Some(self.0.query_one(&origin, &[]).await?.get(0)))
    }

    /// Begins a move from `origin`, without the rows that these tables had.
    pub async fn begin(&mut self, origin: &str, tables: &[&str]) -> anyhow::Result<()> {
        let tx = self.0.transaction().await?;
        for table in tables {
            tx.batch_execute(&format!("DELETE FROM {table}")).await?;
        }
        let table = "name TEXT PRIMARY KEY, position TEXT, rows BIGINT NOT NULL, is_done BOOLEAN NOT NULL";
        tx.batch_execute(&format!("CREATE TABLE {UNFINISHED_MOVE} ({table})")).await?;
        tx.execute(&format!("INSERT INTO {UNFINISHED_MOVE} VALUES ('', $1, 0, FALSE)"), &[&origin]).await?;
        Ok(tx.commit().await?)
    }

    /// Removes what an unfinished move has copied, and that it was begun.
    pub async fn forget(&mut self, apart: &[&str]) -> anyhow::Result<()> {
        let names = self.tables().await?.into_keys().filter(|name| !apart.contains(&name.as_str()));
        let names: Vec<_> = names.collect();
        let tx = self.0.transaction().await?;
        tx.batch_execute(&format!("TRUNCATE {}; DROP TABLE {UNFINISHED_MOVE}", names.join(", "))).await?;
        Ok(tx.commit().await?)
    }

    pub async fn progress(&self, table: &Table) -> anyhow::Result<Progress> {
        let progress = format!("SELECT position, rows, is_done FROM {UNFINISHED_MOVE} WHERE name = $1");
        let Some(row) = self.0.query_opt(&progress, &[&table.name]).await? else { return Ok(Progress::default()) };
        Ok(Progress { position: row.get(0), rows: row.get::<_, i64>(1).cast_unsigned(), is_done: row.get(2) })
    }

    /// Stores rows and how far the table is with them, in one transaction.
    pub async fn store(&mut self, table: &Table, batch: Batch) -> anyhow::Result<()> {
        let tx = self.0.transaction().await?;
        let copy = format!("COPY {} ({}) FROM STDIN", table.name, names(table));
        let mut sink = pin!(tx.copy_in(&copy).await?);
        // Where the server has refused them, `finish` says why.
        let _ = sink.send(Bytes::from(batch.lines)).await;
        let stored = sink.finish().await.with_context(|| format!("copying into {}", table.name))?;
        ensure!(stored == batch.rows, "{} of {} rows were stored in {}", stored, batch.rows, table.name);
        let note = format!(
            "INSERT INTO {UNFINISHED_MOVE} AS m VALUES ($1, $2, $3, FALSE)
             ON CONFLICT (name) DO UPDATE SET position = excluded.position, rows = m.rows + excluded.rows"
        );
        tx.execute(&note, &[&table.name, &batch.position, &batch.rows.cast_signed()]).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that all rows of a table are there.
    pub async fn note_done(&self, table: &Table) -> anyhow::Result<()> {
        let done = format!(
            "INSERT INTO {UNFINISHED_MOVE} VALUES ($1, NULL, 0, TRUE) ON CONFLICT (name) DO UPDATE SET is_done = TRUE"
        );
        self.0.execute(&done, &[&table.name]).await?;
        Ok(())
    }

    /// The rows of a table in the order of its key, as SQLite orders it.
    pub async fn read(&self, table: &Table) -> anyhow::Result<Lines> {
        let is_text = |name: &String| table.columns.iter().any(|one| one.name == *name && one.kind == Kind::Text);
        let by_bytes = |name: &String| if is_text(name) { format!("{name} COLLATE \"C\"") } else { name.clone() };
        let order: Vec<_> = table.key.iter().map(by_bytes).collect();
        let rows = format!("SELECT {} FROM {} ORDER BY {}", names(table), table.name, order.join(", "));
        let stream = self.0.copy_out(&format!("COPY ({rows}) TO STDOUT")).await?;
        Ok(Lines { stream: Box::pin(stream), waiting: BytesMut::new() })
    }

    /// Ends a move: growing keys go on behind the largest, `last` is run, and nothing remembers the move any more.
    pub async fn end(&mut self, last: &[&str]) -> anyhow::Result<()> {
        let growing = self.0.query(GROWING_KEYS, &[]).await?;
        let tx = self.0.transaction().await?;
        for row in &growing {
            let (table, column): (&str, &str) = (row.get(0), row.get(1));
            let set = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), GREATEST(MAX({column}), 1), MAX({column}) IS NOT NULL)
                 FROM {table}"
            );
            tx.query(&set, &[]).await.with_context(|| format!("setting the next key of {table}"))?;
        }
        for statement in last {
            tx.execute(*statement, &[]).await?;
        }
        tx.batch_execute(&format!("DROP TABLE {UNFINISHED_MOVE}")).await?;
        tx.commit().await?;
        self.0.batch_execute("ANALYZE").await.context("looking at the tables for the planner")
    }
}

fn names(table: &Table) -> String {
    table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Lines of `COPY … TO STDOUT`.
pub(super) struct Lines {
    stream: std::pin::Pin<Box<CopyOutStream>>,
    waiting: BytesMut,
}

impl Lines {
    /// The next one, without its end.
    pub async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        let mut seen = 0;
        loop {
            if let Some(end) = self.waiting[seen..].iter().position(|byte| *byte == b'\n') {
                let mut line = self.waiting.split_to(seen + end + 1);
                line.truncate(seen + end);
                return Ok(Some(line.freeze()));
            }
            seen = self.waiting.len();
            match self.stream.next().await {
                Some(chunk) => self.waiting.extend_from_slice(&chunk?),
                None if seen == 0 => return Ok(None),
                None => return Err(anyhow!("PostgreSQL ended in the middle of a row")),
            }
        }
    }
}
