//! The ceiling of the engine: the rows of an operation inserted bare, in batches as large as the server can have them at best.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::{join_all, try_join_all};
use rusqlite::Connection;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use crate::clock::moment;
use crate::rows::{BareRow, Own};
use crate::stage::Database;
use crate::tally::Slice;
use aurix::db::{Location, SQLITE_PRAGMAS, Value};

/// Connections to PostgreSQL that insert at once: with more than there are cores it only gets slower.
const CONNECTIONS: i64 = 4;
/// Parameters that PostgreSQL takes with one statement.
const PARAMETERS_MAX: i64 = 65_535;

/// Inserts rows into a database that nobody else uses.
pub struct Bare {
    rows: std::sync::Arc<Vec<BareRow>>,
    batch: i64,
    next: i64,
    engine: Engine,
}

enum Engine {
    Sqlite(PathBuf),
    Postgres(Vec<Client>),
}

impl Bare {
    /// `batch` operations share a commit.
    pub async fn open(database: &Database, rows: Vec<BareRow>, batch: usize) -> anyhow::Result<Self> {
        let engine = match &database.core.config.database {
            Location::Sqlite(path) => Engine::Sqlite(path.clone()),
            Location::Postgres(url) => Engine::Postgres(try_join_all((0..CONNECTIONS).map(|_| connect(url))).await?),
        };
        Ok(Self { rows: rows.into(), batch: i64::try_from(batch)?, next: 1, engine })
    }

    /// Inserts for so long.
    pub async fn slice(&mut self, length: Duration) -> anyhow::Result<Slice> {
        let (first, batch, rows) = (self.next, self.batch, self.rows.clone());
        let (operations, elapsed) = match &self.engine {
            Engine::Sqlite(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || on_sqlite(&path, &rows, first, batch, length)).await??
            }
            Engine::Postgres(clients) => on_postgres(clients, &rows, first, batch, length).await?,
        };
        self.next += operations;
        Ok(Slice { operations: u64::try_from(operations)?, elapsed, waits_us: Vec::new() })
    }
}

fn on_sqlite(
    path: &std::path::Path,
    rows: &[BareRow],
    first: i64,
    batch: i64,
    length: Duration,
) -> anyhow::Result<(i64, Duration)> {
    let connection = Connection::open(path).context("opening the database for bare rows")?;
    connection.execute_batch(SQLITE_PRAGMAS)?;
    let prepare = |row: &BareRow| connection.prepare(&row.sql.replace('$', "?"));
    let mut statements = rows.iter().map(prepare).collect::<rusqlite::Result<Vec<_>>>()?;
    let began = moment();
    let mut next = first;
    while began.elapsed() < length {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for number in next..next + batch {
            let own = Own::of(number);
            for (statement, row) in statements.iter_mut().zip(rows) {
                statement.execute(rusqlite::params_from_iter(row.values(&own)))?;
            }
        }
        connection.execute_batch("COMMIT")?;
        next += batch;
    }
    Ok((next - first, began.elapsed()))
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Every connection sends whole transactions without waiting in between, and waits for their commit. Each table gets its rows
/// by one statement.
async fn on_postgres(
    clients: &[Client],
    rows: &[BareRow],
    first: i64,
    batch: i64,
    length: Duration,
) -> anyhow::Result<(i64, Duration)> {
    let next = std::cell::Cell::new(first);
    let columns = rows.iter().map(BareRow::columns).max().unwrap_or(1);
    let batch = batch.min(PARAMETERS_MAX / columns);
    let texts: Vec<String> = rows.iter().map(|row| row.many(batch)).collect();
    let began = moment();
    try_join_all(clients.iter().map(|client| async {
        let statements = try_join_all(texts.iter().map(|text| client.prepare(text))).await?;
        while began.elapsed() < length {
            let mine = next.replace(next.get() + batch);
            let owns: Vec<Own> = (mine..mine + batch).map(Own::of).collect();
            let inserts = statements.iter().zip(rows).map(|(statement, row)| {
                insert(client, statement, owns.iter().flat_map(|own| row.values(own)).collect())
            });
            let (begun, inserted, committed) =
                tokio::join!(biased; client.batch_execute("BEGIN"), join_all(inserts), client.batch_execute("COMMIT"));
            begun?;
            inserted.into_iter().collect::<Result<Vec<_>, _>>()?;
            committed?;
        }
        anyhow::Ok(())
    }))
    .await?;
    Ok((next.get() - first, began.elapsed()))
}

async fn insert(client: &Client, statement: &Statement, values: Vec<Value<'_>>) -> Result<u64, tokio_postgres::Error> {
    let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    client.execute(statement, &values).await
}
