//! SQLite: one thread writes, two read. The writer runs all writes that are waiting in one transaction, each behind a
//! savepoint, commits once, and only then returns: the cost of the disk is shared, and a result means *on disk*.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, anyhow};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::sqlite_file::OpenedFile;
use super::{Conn, Error, Result, Row, Tx, Value, Waiting, Work};

/// Writes that one commit may carry.
const BATCH_MAX: usize = 256;
/// Jobs that may wait for the writer or the readers before a caller has to wait to hand in its own.
const WAITING_MAX: usize = 4096;
/// Threads that read.
const READERS: usize = 2;
/// Prepared statements per connection.
const STATEMENTS_MAX: usize = 256;
/// How long a write waits for another process that holds the file.
const BUSY_TIMEOUT_MS: u64 = 5_000;

/// How every connection is set up. The log of writes (WAL) grows to 32 MiB before it is copied into the file: a page that
/// changes often is copied once.
pub const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 8000;";

/// Runs a write and returns what to do when the batch's commit is known.
type Write = Box<dyn FnOnce(std::result::Result<Turn<'_>, Arc<Error>>) -> Finish + Send>;
/// Sends the caller its result; the argument is the error of the batch's commit.
type Finish = Box<dyn FnOnce(Option<Arc<Error>>)>;
type Read = Box<dyn FnOnce(&Conn) + Send>;
/// What is done with each row.
type Each<'a> = &'a mut dyn FnMut(&Row<'_>) -> Result<()>;

/// When a write comes in the transaction that it shares.
enum Turn<'a> {
    First(&'a Tx),
    Later(&'a Tx),
}

#[derive(Clone)]
pub(super) struct Sqlite {
    writes: mpsc::Sender<Job<Write>>,
    reads: mpsc::Sender<Job<Read>>,
    /// The file.
    pub path: Arc<Path>,
}

/// What a thread is given.
enum Job<W> {
    Work(W),
    /// Close the connection, then let go of this.
    Close(oneshot::Sender<()>),
}

impl Sqlite {
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = OpenedFile::make(path)?;
        let writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let (writes, waiting) = mpsc::channel(WAITING_MAX);
        std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || write_all(writer, file, waiting))?;
        let (reads, waiting) = mpsc::channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..READERS {
            let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let waiting = waiting.clone();
            std::thread::Builder::new().name("sqlite-reader".into()).spawn(move || read_all(reader, &waiting))?;
        }
        Ok(Self { writes, reads, path: path.into() })
    }

    pub async fn write(&self, work: Work<Tx>) -> anyhow::Result<()> {
        let (send, receive) = oneshot::channel();
        let job: Write = Box::new(move |turn| {
            let result = turn.map_err(unavailable).and_then(|turn| match turn {
                Turn::First(tx) => at_the_start(tx, work),
                Turn::Later(tx) => behind_savepoint(tx, work),
            });
            Box::new(move |commit_error| {
                let _ = send.send(commit_error.map_or(result, |error| Err(unavailable(error))));
            })
        });
        self.writes.send(Job::Work(job)).await.ok().context("the database writer has stopped")?;
        receive.await.context("the database writer has stopped")?
    }

    pub fn waiting(&self) -> Waiting {
        Waiting { reads: WAITING_MAX - self.reads.capacity(), writes: WAITING_MAX - self.writes.capacity() }
    }

    /// Ends the threads, the writer last: the last connection that is closed copies the log of writes into the file.
    pub async fn close(&self) {
        for _ in 0..READERS {
            let (closed, is_closed) = oneshot::channel();
            let _ = self.reads.send(Job::Close(closed)).await;
            let _ = is_closed.await;
        }
        let (closed, is_closed) = oneshot::channel();
        let _ = self.writes.send(Job::Close(closed)).await;
        let _ = is_closed.await;
    }

    pub async fn read(&self, work: Work<Conn>) -> anyhow::Result<()> {
        let (send, receive) = oneshot::channel();
        let job: Read = Box::new(move |conn| {
            let _ = send.send(run(conn, work));
        });
        self.reads.send(Job::Work(job)).await.ok().context("the database readers have stopped")?;
        receive.await.context("the database readers have stopped")?
    }
}

/// Polls the work once: on this thread every statement is ready when it is awaited, so work that is not ready has awaited
/// something else, which would hold up everybody's writes. It is refused.
fn run<C>(conn: &C, work: Work<C>) -> anyhow::Result<()> {
    let once = || match work(conn).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(anyhow!("a transaction awaited something other than its own statements")),
    };
    catch_unwind(AssertUnwindSafe(once)).unwrap_or_else(|_| Err(anyhow!("the work of a transaction panicked")))
}

fn behind_savepoint(tx: &Tx, work: Work<Tx>) -> anyhow::Result<()> {
    tx.execute_now("SAVEPOINT job")?;
    let result = run(tx, work);
    if result.is_err() {
        tx.execute_now("ROLLBACK TO job")?;
    }
    tx.execute_now("RELEASE job")?;
    result
}

/// The first work of a transaction needs no savepoint, which costs a copy of every page that it changes: when it fails, the
/// transaction begins anew.
fn at_the_start(tx: &Tx, work: Work<Tx>) -> anyhow::Result<()> {
    let result = run(tx, work);
    if result.is_err() {
        // Fails where SQLite has rolled back by itself.
        let _ = tx.execute_now("ROLLBACK");
        tx.execute_now("BEGIN IMMEDIATE")?;
    }
    result
}

/// An error of the batch, as each of its callers sees it.
fn unavailable(error: Arc<Error>) -> anyhow::Error {
    Error::Unavailable(error.into()).into()
}

fn write_all(connection: Connection, mut file: OpenedFile, mut waiting: mpsc::Receiver<Job<Write>>) {
    let tx = Tx(Conn(super::Handle::Sqlite(Handle::new(connection))));
    let mut close = None;
    while close.is_none()
        && let Some(job) = waiting.blocking_recv()
    {
        let first = match job {
            Job::Work(first) => first,
            Job::Close(closed) => {
                close = Some(closed);
                break;
            }
        };
        let begun = begin(&tx, &mut file).map_err(Arc::new);
        let mut finishes = vec![first(begun.as_ref().map(|()| Turn::First(&tx)).map_err(Arc::clone))];
        while finishes.len() < BATCH_MAX
            && let Ok(next) = waiting.try_recv()
        {
            match next {
                Job::Work(next) => finishes.push(next(later(&tx, &begun))),
                Job::Close(closed) => {
                    close = Some(closed);
                    break;
                }
            }
        }
        let commit_error = begun.is_ok().then(|| commit(&tx)).and_then(Result::err).map(Arc::new);
        for finish in finishes {
            finish(commit_error.clone());
        }
    }
    if file.is_there() {
        // The file is whole without the log, also where another process keeps that open.
        let _ = tx.query_now("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    drop(tx);
    drop(close);
}

fn begin(tx: &Tx, file: &mut OpenedFile) -> Result<()> {
    if !file.is_there() {
        return Err(Error::Unavailable(anyhow!("the database file was removed or replaced")));
    }
    tx.execute_now("BEGIN IMMEDIATE")
}

/// The turn of a write after the first. An error of the disk ends a transaction before its time.
fn later<'a>(tx: &'a Tx, begun: &std::result::Result<(), Arc<Error>>) -> std::result::Result<Turn<'a>, Arc<Error>> {
    begun.clone()?;
    if tx.is_open() {
        Ok(Turn::Later(tx))
    } else {
        Err(Arc::new(Error::Unavailable(anyhow!("the transaction was cut off"))))
    }
}

fn commit(tx: &Tx) -> Result<()> {
    tx.execute_now("COMMIT").inspect_err(|error| {
        tracing::error!(error = %error, cause = ?error, "a batch of writes could not be committed");
        // Fails where SQLite has rolled back by itself.
        let _ = tx.execute_now("ROLLBACK");
    })
}

fn read_all(connection: Connection, waiting: &Mutex<mpsc::Receiver<Job<Read>>>) {
    let conn = Conn(super::Handle::Sqlite(Handle::new(connection)));
    loop {
        let Ok(mut queue) = waiting.lock() else { return };
        let Some(job) = queue.blocking_recv() else { return };
        drop(queue);
        match job {
            Job::Work(job) => job(&conn),
            Job::Close(_closed) => {
                drop(conn);
                return;
            }
        }
    }
}

fn connect(path: &Path, flags: OpenFlags) -> anyhow::Result<Connection> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // Without it SQLite compiles a statement anew at every run when the value of a parameter might change its plan,
        // as it might with every partial index and every LIKE.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(PRAGMAS)?;
        Ok(connection)
    };
    open().with_context(|| format!("cannot open the SQLite database {}", path.display()))
}

pub(super) struct Handle {
    connection: Connection,
    /// Statements by the address of their text, with `$1` written as `?1`: SQLite numbers `$1` by first appearance.
    texts: RefCell<HashMap<(usize, usize), Rc<str>>>,
}

impl Handle {
    fn new(connection: Connection) -> Self {
        Self { connection, texts: RefCell::default() }
    }

    fn text(&self, sql: &'static str) -> Rc<str> {
        let key = (sql.as_ptr().addr(), sql.len());
        self.texts.borrow_mut().entry(key).or_insert_with(|| sql.replace('$', "?").into()).clone()
    }

    pub fn query(&self, sql: &'static str, params: &[Value<'_>], each: Each<'_>) -> Result<()> {
        if sql.is_empty() {
            return Ok(());
        }
        rows(&mut *self.connection.prepare_cached(&self.text(sql))?, params, each)
    }

    pub fn query_rows<const N: usize>(&self, sql: &'static str, all: &[[Value<'_>; N]], each: Each<'_>) -> Result<()> {
        if sql.is_empty() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached(&self.text(sql))?;
        all.iter().try_for_each(|params| rows(&mut statement, params, each))
    }

    pub fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(&self.text(sql))?;
        Ok(statement.execute(rusqlite::params_from_iter(params))? as u64)
    }

    pub fn execute_rows<const N: usize>(&self, sql: &'static str, rows: &[[Value<'_>; N]]) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(&self.text(sql))?;
        let mut touched = 0;
        for params in rows {
            touched += statement.execute(rusqlite::params_from_iter(params))? as u64;
        }
        Ok(touched)
    }

    pub fn batch(&self, text: &str) -> Result<()> {
        Ok(self.connection.execute_batch(text)?)
    }
}

fn rows(statement: &mut rusqlite::Statement<'_>, params: &[Value<'_>], each: Each<'_>) -> Result<()> {
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        each(&Row::Sqlite(row))?;
    }
    Ok(())
}

impl Tx {
    fn is_open(&self) -> bool {
        match &self.0.0 {
            super::Handle::Sqlite(handle) => !handle.connection.is_autocommit(),
            super::Handle::Postgres(_) => unreachable!("only the SQLite writer calls this"),
        }
    }

    fn query_now(&self, sql: &'static str) -> Result<()> {
        match &self.0.0 {
            super::Handle::Sqlite(handle) => handle.query(sql, &[], &mut |_| Ok(())),
            super::Handle::Postgres(_) => unreachable!("only the SQLite writer calls this"),
        }
    }

    fn execute_now(&self, sql: &'static str) -> Result<()> {
        match &self.0.0 {
            super::Handle::Sqlite(handle) => handle.execute(sql, &[]).map(|_| ()),
            super::Handle::Postgres(_) => unreachable!("only the SQLite writer calls this"),
        }
    }
}
