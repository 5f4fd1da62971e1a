//! Layer 2: one way to SQLite and PostgreSQL: `Db` opens, `Conn` reads, `Tx` writes. Knows no table.
//!
//! A write is a closure that gets a transaction. Its result means *on disk*. It awaits its own statements and nothing else:
//! on SQLite many such closures share one transaction on the one writer thread.

/// A span for traces, within that of what the database is asked for. Loops that look every second have none, and make none.
macro_rules! within {
    ($($what:tt)*) => {
        if LevelFilter::current() >= LevelFilter::TRACE && !tracing::Span::current().is_none() {
            tracing::trace_span!($($what)*)
        } else {
            tracing::Span::none()
        }
    };
}

mod batch;
pub mod copy;
mod error;
mod location;
mod migrate;
mod pipeline;
mod postgres;
mod postgres_tls;
mod sqlite;
mod sqlite_file;
mod transfer;
mod value;

use std::any::type_name;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::LocalBoxFuture;
use tracing::Instrument as _;
use tracing::level_filters::LevelFilter;

pub use batch::{Batch, BatchWriter};
pub use error::{Error, Result};
pub use location::Location;
pub use pipeline::{pipelined, pipelined_three};
pub use sqlite::PRAGMAS as SQLITE_PRAGMAS;
pub use sqlite_file::InUse;
pub use transfer::{Found, Moved, Step, Transfer};
pub use value::{FromValue, Row, Sql, Value};

use crate::params;

/// How many reads and writes wait for a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Reads.
    pub reads: usize,
    /// Writes; on PostgreSQL, where both share connections, reads too.
    pub writes: usize,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Opens the database and applies the migrations that it has not seen, under a lock.
    pub async fn open(location: &Location) -> anyhow::Result<Self> {
        let db = match location {
            Location::Sqlite(path) => Self(Engine::Sqlite(sqlite::Sqlite::open(path)?)),
            Location::Postgres(url) => Self(Engine::Postgres(postgres::Postgres::open(url)?)),
        };
        db.write(async |tx| migrate::apply(tx).await).await?;
        Ok(db)
    }

    /// Opens a SQLite database as it is, to read what an older program may have written.
    pub fn open_as_it_is(path: &Path) -> anyhow::Result<Self> {
        Ok(Self(Engine::Sqlite(sqlite::Sqlite::open(path)?)))
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match self.0 {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// What waits for a connection.
    pub fn waiting(&self) -> Waiting {
        match &self.0 {
            Engine::Sqlite(engine) => engine.waiting(),
            Engine::Postgres(engine) => engine.waiting(),
        }
    }

    /// Runs `work` in a transaction and commits it when it ends well. Returns when it is on disk; an error rolls back.
    pub async fn write<T, F>(&self, work: F) -> anyhow::Result<T>
    where
        F: AsyncFnOnce(&Tx) -> anyhow::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let span = within!("transaction", work = type_name::<F>(), engine = self.engine());
        let (work, result) = erased(work);
        match &self.0 {
            Engine::Sqlite(engine) => engine.write(work).instrument(span).await?,
            Engine::Postgres(engine) => engine.write(work).instrument(span).await?,
        }
        Ok(taken(&result))
    }

    /// Ends all work, and leaves a SQLite database whole in its one file. Whatever comes later fails.
    pub async fn close(&self) {
        if let Engine::Sqlite(engine) = &self.0 {
            engine.close().await;
        }
    }

    /// What a check of a SQLite file finds damaged. PostgreSQL has its own.
    pub async fn damage(&self) -> anyhow::Result<Vec<String>> {
        const CHECK: Sql = Sql { sqlite: "PRAGMA quick_check(10)", postgres: "" };
        if self.has_peers() {
            return Ok(Vec::new());
        }
        match self.read(async |conn| Ok(conn.query(CHECK, &[], |row| row.get::<String>(0)).await?)).await {
            Ok(found) => Ok(found.into_iter().filter(|line| line != "ok").collect()),
            Err(error) if Error::is_unavailable(&error) => Err(error),
            // Too damaged to be checked.
            Err(error) => Ok(vec![format!("{error:#}")]),
        }
    }

    /// Copies a SQLite database of one moment to a new file, verifies it, and gives its size in bytes.
    pub async fn backup(&self, to: PathBuf, maker: copy::Maker) -> anyhow::Result<u64> {
        match &self.0 {
            Engine::Sqlite(engine) => {
                let from = engine.path.clone();
                tokio::task::spawn_blocking(move || copy::make(&from, &to, &maker)).await?
            }
            Engine::Postgres(_) => anyhow::bail!("the database is PostgreSQL: back it up with pg_dump"),
        }
    }

    /// Whether other processes may work on the same rows as peers.
    pub fn has_peers(&self) -> bool {
        matches!(self.0, Engine::Postgres(_))
    }

    /// Notifies the other processes with a short text. Does nothing where there are none.
    pub async fn notify(&self, text: String) -> anyhow::Result<()> {
        const NOTIFY: Sql = Sql { sqlite: "", postgres: "SELECT 1 FROM pg_notify('aurix', $1)" };
        self.read(async move |conn| Ok(conn.query(NOTIFY, params![&text], |_| Ok(())).await.map(|_| ())?)).await
    }

    /// Calls `received` with each notification of a process, this one among them, until the connection is lost: then an error says
    /// why.
    pub async fn listen(&self, received: impl FnMut(&str)) -> anyhow::Result<()> {
        match &self.0 {
            Engine::Sqlite(_) => std::future::pending().await,
            Engine::Postgres(engine) => engine.listen(received).await,
        }
    }

    /// Runs `work` on a connection for reading. Statements see what was committed before each of them.
    pub async fn read<T, F>(&self, work: F) -> anyhow::Result<T>
    where
        F: AsyncFnOnce(&Conn) -> anyhow::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let span = within!("read", work = type_name::<F>(), engine = self.engine());
        let (work, result) = erased(work);
        match &self.0 {
            Engine::Sqlite(engine) => engine.read(work).instrument(span).await?,
            Engine::Postgres(engine) => engine.read(work).instrument(span).await?,
        }
        Ok(taken(&result))
    }
}

/// Work as the engines run it, each compiled once: they know no more of it than that it ends.
type Work<C> = Box<dyn for<'a> FnOnce(&'a C) -> LocalBoxFuture<'a, anyhow::Result<()>> + Send>;

/// Where work leaves what it came to.
type Left<T> = Arc<Mutex<Option<T>>>;

fn erased<C, T, F>(work: F) -> (Work<C>, Left<T>)
where
    C: 'static,
    F: AsyncFnOnce(&C) -> anyhow::Result<T> + Send + 'static,
    T: Send + 'static,
{
    let left = Left::default();
    let inside = left.clone();
    let work: Work<C> = Box::new(move |conn| {
        Box::pin(async move {
            let result = work(conn).await?;
            *inside.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            Ok(())
        })
    });
    (work, left)
}

/// What work that ended well came to.
fn taken<T>(left: &Left<T>) -> T {
    let result = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    result.expect("work that ends well leaves a result")
}

/// A connection that reads.
pub struct Conn(Handle);

enum Handle {
    Sqlite(sqlite::Handle),
    Postgres(postgres::Handle),
}

impl Conn {
    /// Whether this is PostgreSQL: for what a statement is given, where the two differ.
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Handle::Postgres(_))
    }

    /// All rows, each mapped by `map`.
    pub async fn query<T>(
        &self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let sql = sql.into();
        match &self.0 {
            Handle::Sqlite(handle) => {
                let mut all = Vec::new();
                handle.query(sql.sqlite, params, &mut into(&mut all, &map))?;
                Ok(all)
            }
            Handle::Postgres(handle) => mapped(&handle.query(sql.postgres, params).await?, map),
        }
    }

    /// All rows that `sql` gives for any of `rows`. SQLite runs its text for each row of parameters; PostgreSQL runs its
    /// text once, where each parameter is the array of a column: `unnest($1::bigint[], …)`.
    pub async fn query_rows<T, const N: usize>(
        &self,
        sql: Sql,
        rows: &[[Value<'_>; N]],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match &self.0 {
            Handle::Sqlite(handle) => {
                let mut all = Vec::with_capacity(rows.len());
                handle.query_rows(sql.sqlite, rows, &mut into(&mut all, &map))?;
                Ok(all)
            }
            Handle::Postgres(handle) => mapped(&handle.query_rows(sql.postgres, rows).await?, map),
        }
    }

    /// The first row, if there is one.
    pub async fn find<T>(
        &self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.query(sql, params, map).await?.into_iter().next())
    }

    /// Whether there is a row.
    pub async fn exists(&self, sql: impl Into<Sql>, params: &[Value<'_>]) -> Result<bool> {
        Ok(self.find(sql, params, |_| Ok(())).await?.is_some())
    }

    /// The first row; [`Error::NoRow`] where there is none.
    pub async fn get<T>(
        &self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.find(sql, params, map).await?.ok_or(Error::NoRow)
    }
}

/// What puts each row behind `all`.
fn into<T>(all: &mut Vec<T>, map: &impl Fn(&Row<'_>) -> Result<T>) -> impl FnMut(&Row<'_>) -> Result<()> {
    |row| {
        all.push(map(row)?);
        Ok(())
    }
}

fn mapped<T>(rows: &[tokio_postgres::Row], map: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(|row| map(&Row::Postgres(row))).collect()
}

/// A transaction. It reads as [`Conn`] does, and writes.
pub struct Tx(Conn);

impl std::ops::Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl Tx {
    /// Runs a statement and returns how many rows it touched.
    pub async fn execute(&self, sql: impl Into<Sql>, params: &[Value<'_>]) -> Result<u64> {
        let sql = sql.into();
        match &self.0.0 {
            Handle::Sqlite(handle) => handle.execute(sql.sqlite, params),
            Handle::Postgres(handle) => handle.execute(sql.postgres, params).await,
        }
    }

    /// Runs a statement for one row, and returns whether it touched that.
    pub async fn execute_one(&self, sql: impl Into<Sql>, params: &[Value<'_>]) -> Result<bool> {
        Ok(self.execute(sql, params).await? == 1)
    }

    /// Runs a statement for many rows of parameters, as [`Conn::query_rows`] does, and returns how many rows it touched.
    pub async fn execute_rows<const N: usize>(&self, sql: Sql, rows: &[[Value<'_>; N]]) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        match &self.0.0 {
            Handle::Sqlite(handle) => handle.execute_rows(sql.sqlite, rows),
            Handle::Postgres(handle) => handle.execute_rows(sql.postgres, rows).await,
        }
    }

    /// Awaits `last`: statements behind which the transaction has no others, and behind which nothing can fail. PostgreSQL gets
    /// its `COMMIT` together with them.
    pub async fn last<T>(&self, last: impl Future<Output = Result<T>>) -> Result<T> {
        match &self.0.0 {
            Handle::Sqlite(_) => last.await,
            Handle::Postgres(handle) => {
                let (done, ()) = pipelined(last, handle.end("COMMIT")).await?;
                Ok(done)
            }
        }
    }

    /// Runs many statements without parameters, as migrations have them.
    async fn batch(&self, text: &str) -> Result<()> {
        match &self.0.0 {
            Handle::Sqlite(handle) => handle.batch(text),
            Handle::Postgres(handle) => handle.batch(text).await,
        }
    }
}

/// The parameters of a statement: `params![project.id, &name, now]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] };
}
