//! PostgreSQL: a few threads, each with its own executor and its own connections. Work runs where its connection lives, so
//! that its future need not be `Send` and no statement changes threads.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime, Timeouts};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::LocalSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Statement};

use super::postgres_tls::{self, Tls};
use super::{Conn, Error, Result, Tx, Value, Waiting, Work};

/// Threads with an executor.
const EXECUTORS: usize = 2;
/// Connections per executor.
const CONNECTIONS_MAX: usize = 8;
/// Jobs that may wait per executor before a caller has to wait to hand in its own.
const WAITING_MAX: usize = 2048;
/// How long a job waits for a connection, and a connection for its server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Every statement finds few rows by an index, in the index's order (tests/it/plans). A plan that was made while a table was all
/// but empty must not read or sort the whole of it when it has grown: what waits to be delivered is nothing, and a million
/// rows a minute later. It is made once for each connection: planning anew takes as long as running, and comes to the same.
/// Such a plan does not know how few rows a page has, and would start a second process for each.
const PLANNING: &str = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_sort=off -c jit=off \
                        -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan";

/// What a node has locked that is frozen in the middle of a transaction, or has lost its network, the others get after that.
const IDLE_MAX: &str = "-c idle_in_transaction_session_timeout=10s";

type Job = Box<dyn FnOnce(Pool) -> LocalBoxFuture<'static, ()> + Send>;

#[derive(Clone)]
pub(super) struct Postgres {
    config: Arc<tokio_postgres::Config>,
    tls: Tls,
    executors: Arc<[mpsc::Sender<Job>]>,
    next: Arc<AtomicUsize>,
}

/// Whether `url` is a connection string.
pub(super) fn check(url: &str) -> std::result::Result<(), String> {
    postgres_tls::parse(url).map(|_| ())
}

/// How to reach the server of a connection string.
fn configured(url: &str) -> anyhow::Result<(tokio_postgres::Config, Tls)> {
    let (mut config, settings) =
        postgres_tls::parse(url).map_err(|why| anyhow!("reading the connection string: {why}"))?;
    let tls = Tls::new(&settings)?;
    config
        .connect_timeout(CONNECT_TIMEOUT)
        .keepalives_idle(Duration::from_secs(15))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .tcp_user_timeout(Duration::from_secs(30));
    if config.get_application_name().is_none() {
        config.application_name("aurix");
    }
    Ok((config, tls))
}

/// One connection for long work, planned as PostgreSQL thinks best.
pub(super) async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (config, tls) = configured(url)?;
    let (client, connection) = config.connect(tls).await.context("connecting to PostgreSQL")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection to PostgreSQL lost");
        }
    });
    Ok(client)
}

impl Postgres {
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let (mut config, tls) = configured(url)?;
        let given = config.get_options().map(|options| format!(" {options}"));
        config.options(format!("{PLANNING} {IDLE_MAX}{}", given.unwrap_or_default()));
        let executors =
            (0..EXECUTORS).map(|_| start(config.clone(), tls.clone())).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self { config: Arc::new(config), tls, executors: executors.into(), next: Arc::default() })
    }

    pub fn waiting(&self) -> Waiting {
        let waiting = self.executors.iter().map(|executor| executor.max_capacity() - executor.capacity()).sum();
        Waiting { reads: 0, writes: waiting }
    }

    pub async fn write(&self, work: Work<Tx>) -> anyhow::Result<()> {
        let job = async move |pool: Pool| {
            let tx = Tx(Conn(super::Handle::Postgres(Handle::checkout(&pool, Stage::Asked).await?)));
            let mut result = work(&tx).await;
            let super::Handle::Postgres(handle) = tx.0.0 else { unreachable!("made three lines above") };
            if result.is_ok() && handle.failed.get() {
                // PostgreSQL would respond to COMMIT with a rollback and no error.
                result = Err(anyhow!("a statement failed and the transaction went on"));
            }
            handle.end(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
            result
        };
        self.run(job).await
    }

    pub async fn read(&self, work: Work<Conn>) -> anyhow::Result<()> {
        let job = async move |pool: Pool| {
            let handle = Handle::checkout(&pool, Stage::Outside).await?;
            work(&Conn(super::Handle::Postgres(handle))).await
        };
        self.run(job).await
    }

    pub async fn listen(&self, mut received: impl FnMut(&str)) -> anyhow::Result<()> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let mut listening = pin!(client.batch_execute("LISTEN aurix").fuse());
        loop {
            tokio::select! {
                listens = &mut listening => listens?,
                message = poll_fn(|context| connection.poll_message(context)) => match message {
                    Some(Ok(AsyncMessage::Notification(notification))) => received(notification.payload()),
                    Some(message) => drop(message?),
                    None => return Err(anyhow!("the database closed the connection")),
                },
            }
        }
    }

    async fn run(&self, work: impl AsyncFnOnce(Pool) -> anyhow::Result<()> + Send + 'static) -> anyhow::Result<()> {
        let (send, receive) = oneshot::channel();
        let job: Job = Box::new(move |pool| {
            Box::pin(async move {
                let result = AssertUnwindSafe(work(pool)).catch_unwind().await;
                let _ = send.send(result.unwrap_or_else(|_| Err(anyhow!("the work of a transaction panicked"))));
            })
        });
        let executor = self.next.fetch_add(1, Ordering::Relaxed) % self.executors.len();
        self.executors[executor].send(job).await.ok().context("the database executor has stopped")?;
        receive.await.context("the database executor has stopped")?
    }
}

/// Starts an executor thread with a pool of its own and gives the queue of its jobs.
fn start(config: tokio_postgres::Config, tls: Tls) -> anyhow::Result<mpsc::Sender<Job>> {
    let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("postgres".into()).spawn(move || {
        LocalSet::new().block_on(&runtime, async move {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            let manager = Manager::from_config(config, tls, recycling);
            let limit = Some(CONNECT_TIMEOUT);
            let pool = Pool::builder(manager)
                .max_size(CONNECTIONS_MAX)
                // The one that was used last: what its process works with is in the caches of a core.
                .queue_mode(QueueMode::Lifo)
                .runtime(Runtime::Tokio1)
                .timeouts(Timeouts { wait: limit, create: limit, recycle: limit })
                .build()
                .expect("a runtime is given, which is all that building can miss");
            while let Some(job) = waiting.recv().await {
                tokio::task::spawn_local(job(pool.clone()));
            }
        });
    })?;
    Ok(jobs)
}

pub(super) struct Handle {
    connection: Option<Object>,
    stage: Cell<Stage>,
    /// A statement of the transaction failed.
    failed: Cell<bool>,
    /// Held while a statement is sent: they go in the order in which they were first awaited, prepared before or not.
    sending: Mutex<()>,
}

/// How far a transaction is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is none: each statement stands for itself.
    Outside,
    /// It begins with its first statement. What turns out to have nothing to do costs nothing.
    Asked,
    /// It has begun. The connection is closed, not given back, when the work is dropped or panics.
    Begun,
    /// `COMMIT` or `ROLLBACK` has ended.
    Ended,
}

impl Handle {
    async fn checkout(pool: &Pool, stage: Stage) -> Result<Self> {
        let connection = Some(pool.get().await?);
        Ok(Self { connection, stage: Cell::new(stage), failed: Cell::new(false), sending: Mutex::new(()) })
    }

    fn connection(&self) -> &Object {
        self.connection.as_ref().expect("taken only when dropped")
    }

    pub async fn query(&self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>> {
        self.select(sql, &as_sql(params)).await
    }

    pub async fn query_rows<const N: usize>(
        &self,
        sql: &'static str,
        rows: &[[Value<'_>; N]],
    ) -> Result<Vec<tokio_postgres::Row>> {
        self.select(sql, &as_sql(&in_columns(rows))).await
    }

    pub async fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64> {
        self.run(sql, &as_sql(params)).await
    }

    pub async fn execute_rows<const N: usize>(&self, sql: &'static str, rows: &[[Value<'_>; N]]) -> Result<u64> {
        self.run(sql, &as_sql(&in_columns(rows))).await
    }

    async fn select(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<tokio_postgres::Row>> {
        self.send(sql, async |statement| self.connection().query(&statement, params).await).await
    }

    async fn run(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        self.send(sql, async |statement| self.connection().execute(&statement, params).await).await
    }

    /// Sends a statement, behind all that were awaited before it and without waiting for their results, and waits for its own.
    async fn send<T>(
        &self,
        sql: &'static str,
        run: impl AsyncFnOnce(Statement) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let result = async {
            let turn = self.sending.lock().await;
            if self.stage.get() == Stage::Ended {
                return Err(Error::Refused(anyhow!("the transaction has ended")));
            }
            let mut begin = pin!(self.begin());
            let begun = poll_once(begin.as_mut()).await;
            let mut result = pin!(run(self.connection().prepare_cached(sql).await?));
            let first = poll_once(result.as_mut()).await;
            drop(turn);
            match begun {
                Some(begun) => begun?,
                None => begin.await?,
            }
            match first {
                Some(result) => Ok(result?),
                None => Ok(result.await?),
            }
        };
        let result = result.await;
        if let Err(error) = &result {
            self.failed.set(true);
            if error.is_behind_a_failed_one() {
                // Whoever awaits the one that failed is woken first, with the reason.
                tokio::task::yield_now().await;
            }
        }
        result
    }

    /// Sends `BEGIN` where that is still to be done.
    async fn begin(&self) -> Result<()> {
        if self.stage.get() == Stage::Asked {
            self.stage.set(Stage::Begun);
            self.connection().batch_execute("BEGIN").await?;
        }
        Ok(())
    }

    /// Sends what ends the transaction, if it has begun, as [`Handle::send`] sends a statement.
    pub async fn end(&self, text: &str) -> Result<()> {
        let turn = self.sending.lock().await;
        if self.stage.get() != Stage::Begun {
            return Ok(());
        }
        let mut ended = pin!(self.connection().batch_execute(text));
        let first = poll_once(ended.as_mut()).await;
        drop(turn);
        match first {
            Some(ended) => ended?,
            None => ended.await?,
        }
        self.stage.set(Stage::Ended);
        Ok(())
    }

    pub async fn batch(&self, text: &str) -> Result<()> {
        self.begin().await?;
        Ok(self.connection().batch_execute(text).await?)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.stage.get() == Stage::Begun {
            self.connection.take().map(Object::take);
        }
    }
}

/// Polls once: what a statement sends, it has sent then.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn as_sql<T: ToSql + Sync>(params: &[T]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Each column of `rows` as an array.
fn in_columns<'a, const N: usize>(rows: &[[Value<'a>; N]]) -> [Vec<Value<'a>>; N] {
    std::array::from_fn(|column| rows.iter().map(|row| row[column]).collect())
}
