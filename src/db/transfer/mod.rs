//! Moves all rows of a SQLite database into a PostgreSQL database, table by table, whatever the tables are.
//!
//! Three act. The *source* is read in the order of each table's key, off the runtime. The *target* takes batches: one transaction
//! stores rows and, in a table of its own, how far it is with them, so that a move that was killed goes on behind its last batch.
//! Until [`Transfer::end`] the target cannot be opened by anything else. The *comparison* reads both sides again, in the same order,
//! and compares each row as a line of `COPY`.

mod line;
mod plan;
mod source;
mod table;
mod target;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};

use source::Source;
use table::{Column, Table};
use target::Target;

/// Differences that are named.
const DIFFERENCES_MAX: usize = 20;

/// How far a move is.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Whether rows are compared; they are copied before.
    pub is_comparing: bool,
    /// The table.
    pub table: &'a str,
    /// Rows of it that are done.
    pub rows: u64,
    /// Of so many.
    pub of: u64,
}

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Those of them that an earlier call had copied.
    pub rows_before: u64,
}

/// What the target is before a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These tables have rows.
    Filled(Vec<String>),
    /// An unfinished move from this origin.
    Unfinished(String),
}

/// A move. It holds the source exclusively.
pub struct Transfer {
    source: Source,
    target: Target,
}

impl Transfer {
    /// Opens the source exclusively, and one connection to the target. Only one move at a time works on a target.
    pub async fn open(source: &Path, target: &str) -> anyhow::Result<Self> {
        let source = Source::open(source)?;
        Ok(Self { source, target: Target::connect(target).await? })
    }

    /// What is in the target.
    pub async fn found(&self) -> anyhow::Result<Found> {
        match self.target.origin().await? {
            Some(origin) => Ok(Found::Unfinished(origin)),
            None => Ok(Found::Filled(self.target.filled().await?)),
        }
    }

    /// The smallest value of a column of the source; `None` where there is no row.
    pub fn least(&self, table: &str, column: &str) -> anyhow::Result<Option<i64>> {
        self.source.least(table, column)
    }

    /// Begins the move from `origin`, whose text tells it from any other. `emptied` are the tables that have rows in a new database.
    pub async fn begin(&mut self, origin: &str, emptied: &[&str]) -> anyhow::Result<()> {
        self.target.begin(origin, emptied).await.context("beginning the move")
    }

    /// Removes what an unfinished move has copied: all rows of all tables but those `apart`.
    pub async fn forget(&mut self, apart: &[&str]) -> anyhow::Result<()> {
        self.target.forget(apart).await.context("removing what was copied before")
    }

    async fn plan(&self, apart: &[&str]) -> anyhow::Result<Vec<Table>> {
        plan::plan(self.source.tables()?, self.target.tables().await?, apart)
    }

    /// Copies what is not there yet of all tables but those `apart`, and compares all rows.
    pub async fn run(&mut self, apart: &[&str], told: impl Fn(Step<'_>)) -> anyhow::Result<Vec<Moved>> {
        let mut moved = Vec::new();
        let tables: Vec<_> = self.plan(apart).await?.into_iter().map(Arc::new).collect();
        for table in &tables {
            moved.push(self.copy(table, &told).await.with_context(|| format!("copying {}", table.name))?);
        }
        let mut differences = Vec::new();
        for (table, moved) in tables.iter().zip(&mut moved) {
            let compared = self.compare(table, moved.rows, &told).await;
            differences.extend(compared.with_context(|| format!("comparing {}", table.name))?);
        }
        if !differences.is_empty() {
            differences.truncate(DIFFERENCES_MAX);
            bail!("the databases differ: {}", differences.join("; "));
        }
        Ok(moved)
    }

    async fn copy(&mut self, table: &Arc<Table>, told: &impl Fn(Step<'_>)) -> anyhow::Result<Moved> {
        let of = self.source.count(table)?;
        let before = self.target.progress(table).await?;
        let mut rows = before.rows;
        let tell = |rows| told(Step { is_comparing: false, table: &table.name, rows, of });
        if !before.is_done {
            let mut batches = self.source.read(table.clone(), before.position);
            while let Some(batch) = batches.recv().await {
                let batch = batch?;
                rows += batch.rows;
                self.target.store(table, batch).await?;
                tell(rows);
            }
            self.target.note_done(table).await?;
        }
        Ok(Moved { table: table.name.clone(), rows, rows_before: before.rows })
    }

    /// The first difference of a table, in words.
    async fn compare(&self, table: &Arc<Table>, of: u64, told: &impl Fn(Step<'_>)) -> anyhow::Result<Option<String>> {
        let mut there = self.target.read(table).await?;
        let mut batches = self.source.read(table.clone(), None);
        let mut rows = 0;
        while let Some(batch) = batches.recv().await {
            let batch = batch?;
            for here in batch.lines.split_inclusive(|byte| *byte == b'\n') {
                let here = here.strip_suffix(b"\n").unwrap_or(here);
                let Some(there) = there.next().await? else {
                    return Ok(Some(format!("{} lacks the row {}", table.name, named(table, here))));
                };
                if here != there {
                    return Ok(Some(difference(table, here, &there)));
                }
            }
            rows += batch.rows;
            told(Step { is_comparing: true, table: &table.name, rows, of });
        }
        Ok(there.next().await?.map(|more| format!("{} has the row {} besides", table.name, named(table, &more))))
    }

    /// Ends a move whose rows were compared: growing keys go on behind the largest, `last` is run, and the target can be opened.
    pub async fn end(&mut self, last: &[&str]) -> anyhow::Result<()> {
        self.target.end(last).await.context("ending the move")
    }
}

/// The key of a row, in words.
fn named(table: &Table, line: &[u8]) -> String {
    let values = line::values(line);
    let part = |(column, value): (&Column, &&[u8])| {
        table.key.contains(&column.name).then(|| format!("{} {}", column.name, String::from_utf8_lossy(value)))
    };
    table.columns.iter().zip(&values).filter_map(part).collect::<Vec<_>>().join(", ")
}

fn difference(table: &Table, here: &[u8], there: &[u8]) -> String {
    let (row, other) = (named(table, here), named(table, there));
    if row != other {
        return format!("{} has the row {other} where {row} belongs", table.name);
    }
    let (here, there) = (line::values(here), line::values(there));
    let differ = |(column, (here, there)): (&Column, (&&[u8], &&[u8]))| (here != there).then(|| column.name.clone());
    let columns: Vec<_> = table.columns.iter().zip(here.iter().zip(&there)).filter_map(differ).collect();
    format!("{} {row}: {}", table.name, columns.join(", "))
}
