//! Concurrent writes share a transaction and its statements: what arrives while one batch is being committed makes up the
//! next.

use std::any::type_name;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use tokio::sync::oneshot;
use tracing::Instrument as _;
use tracing::level_filters::LevelFilter;

use super::{Db, Error, Tx};
use crate::domain::time::Clock;

/// Writes in one batch, a large one counted as several.
const WRITES_MAX: usize = 128;
/// Concurrent batches: one fills while the other commits.
const RUNNING_MAX: usize = 2;
/// Queue length that starts a second concurrent batch. Fewer wait: half as many batches cost half as much.
const SECOND_BATCH_FROM: usize = 24;
/// After this long, a batch no longer blocks the next one.
const SLOW: Duration = Duration::from_millis(20);
/// Length of the queue at which writes are refused.
const WAITING_MAX: usize = 8_192;

/// A kind of write that is done for many at once.
pub trait Batch: Send + Sync + 'static {
    /// What is written.
    type Item: Send + Sync + 'static;
    /// What its caller gets.
    type Output: Send + 'static;

    /// How long a batch may take before its callers get an error and the next one starts: its connection may be dead.
    const TIMEOUT: Duration = Duration::from_secs(3);

    /// How many writes an item counts as.
    fn size(_: &Self::Item) -> usize {
        1
    }

    /// Writes all `items`, and gives an output for each, in their order. After an error each item is written by itself, so
    /// that one that cannot be stored does not block the others.
    fn write(&self, tx: &Tx, items: &[Self::Item]) -> impl Future<Output = anyhow::Result<Vec<Self::Output>>>;
}

/// Writes in batches. Cheap to clone.
pub struct BatchWriter<B: Batch>(Arc<Shared<B>>);

impl<B: Batch> Clone for BatchWriter<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<B: Batch> {
    db: Db,
    batch: B,
    /// How long writes wait for others to come.
    linger: Duration,
    queue: Mutex<Queue<B>>,
}

struct Queue<B: Batch> {
    waiting: VecDeque<(B::Item, Caller<B>)>,
    /// Batches being written.
    running: usize,
    /// Of these, those past [`SLOW`].
    slow: usize,
}

type Caller<B> = oneshot::Sender<anyhow::Result<<B as Batch>::Output>>;

/// What a batch took from the queue, for the case that its transaction never returns.
enum Slot<B: Batch> {
    Open,
    Taken(Arc<Vec<B::Item>>, Vec<Caller<B>>),
    /// The callers have their error: the transaction must take nothing.
    Closed,
}

impl<B: Batch> BatchWriter<B> {
    /// Writes to `db`. No write waits for others.
    pub fn new(db: Db, batch: B) -> Self {
        Self::with_linger(db, batch, Duration::ZERO)
    }

    /// Writes to `db`; each write lingers so long for others, unless many wait already.
    pub fn with_linger(db: Db, batch: B, linger: Duration) -> Self {
        let queue = Queue { waiting: VecDeque::new(), running: 0, slow: 0 };
        Self(Arc::new(Shared { db, batch, linger, queue: Mutex::new(queue) }))
    }

    /// Writes `item` together with whatever comes at the same time. Returns when it is on disk.
    pub async fn write(&self, item: B::Item) -> anyhow::Result<B::Output> {
        let (send, receive) = oneshot::channel();
        {
            let mut queue = self.0.lock();
            let full = || Error::Unavailable(anyhow!("{WAITING_MAX} writes wait already"));
            ensure!(queue.waiting.len() < WAITING_MAX, full());
            queue.waiting.push_back((item, send));
            self.0.start_batch(&mut queue);
        }
        let span = within!("batch", work = type_name::<B>());
        receive.instrument(span).await.context("a batch was dropped")?
    }
}

/// Writes batches until the queue is empty.
async fn write_batches<B: Batch>(shared: Arc<Shared<B>>) {
    loop {
        if !shared.linger.is_zero() && shared.lock().waiting.len() < SECOND_BATCH_FROM {
            // Writes of other tasks arrive in real time, whatever the product's clock says.
            Clock::System.sleep(shared.linger).await;
        }
        // The other batch may have taken all.
        let waits = !shared.lock().waiting.is_empty();
        if waits {
            write_batch(&shared).await;
        }
        let mut queue = shared.lock();
        if queue.waiting.is_empty() {
            queue.running -= 1;
            return;
        }
    }
}

async fn write_batch<B: Batch>(shared: &Arc<Shared<B>>) {
    let slot = Arc::new(Mutex::new(Slot::Open));
    let (inside, taking) = (shared.clone(), slot.clone());
    let write = shared.db.write(async move |tx| match inside.take_into(&taking) {
        Some(items) if !items.is_empty() => inside.batch.write(tx, &items).await,
        _ => Ok(Vec::new()),
    });
    let result = in_time(shared, write).await.unwrap_or_else(|| Err(late::<B>()));
    let taken = std::mem::replace(&mut *lock(&slot), Slot::Closed);
    let (items, callers) = match taken {
        Slot::Taken(items, callers) => (items, callers),
        // The database did not even begin.
        Slot::Open | Slot::Closed => {
            let (items, callers) = shared.take();
            (Arc::new(items), callers)
        }
    };
    match result {
        Ok(outputs) => {
            respond(callers, outputs.into_iter().map(Ok));
        }
        Err(error) if Error::is_conflict(&error) || callers.len() > 1 && !Error::is_unavailable(&error) => {
            write_each(shared, items, callers).await;
        }
        Err(error) if callers.len() == 1 => respond(callers, std::iter::once(Err(error))),
        Err(error) => {
            let text = format!("{error:#}");
            respond(callers, std::iter::repeat_with(|| Err(unavailable(&text))));
        }
    }
}

/// What `write` comes to, if it ends within the timeout of a batch.
async fn in_time<B: Batch, T>(shared: &Arc<Shared<B>>, write: impl Future<Output = T>) -> Option<T> {
    let mut write = std::pin::pin!(write);
    if let Ok(result) = tokio::time::timeout(SLOW, write.as_mut()).await {
        return Some(result);
    }
    {
        let mut queue = shared.lock();
        queue.slow += 1;
        if !queue.waiting.is_empty() {
            shared.start_batch(&mut queue);
        }
    }
    let result = tokio::time::timeout(B::TIMEOUT.saturating_sub(SLOW), write).await.ok();
    shared.lock().slow -= 1;
    result
}

/// Sends each caller its result. One that is gone needs none.
fn respond<T>(callers: Vec<oneshot::Sender<T>>, results: impl Iterator<Item = T>) {
    callers.into_iter().zip(results).for_each(|(caller, result)| drop(caller.send(result)));
}

fn late<B: Batch>() -> anyhow::Error {
    unavailable(&format!("no response within {:?}", B::TIMEOUT))
}

fn unavailable(text: &str) -> anyhow::Error {
    Error::Unavailable(anyhow!("{text}")).into()
}

/// Writes each item in a transaction of its own, until the database turns out to be unavailable: then the others get that error at once.
async fn write_each<B: Batch>(shared: &Arc<Shared<B>>, items: Arc<Vec<B::Item>>, callers: Vec<Caller<B>>) {
    let mut unavailable_because: Option<String> = None;
    for (at, caller) in callers.into_iter().enumerate() {
        let result = match &unavailable_because {
            Some(text) => Err(unavailable(text)),
            None => write_one(shared, items.clone(), at).await,
        };
        if let Err(error) = &result
            && Error::is_unavailable(error)
            && !Error::is_conflict(error)
        {
            unavailable_because = Some(format!("{error:#}"));
        }
        let _ = caller.send(result);
    }
}

async fn write_one<B: Batch>(
    shared: &Arc<Shared<B>>,
    items: Arc<Vec<B::Item>>,
    at: usize,
) -> anyhow::Result<B::Output> {
    let inside = shared.clone();
    let write = shared.db.write(async move |tx| inside.batch.write(tx, &items[at..=at]).await);
    let outputs = tokio::time::timeout(B::TIMEOUT, write).await.unwrap_or_else(|_| Err(late::<B>()))?;
    outputs.into_iter().next().context("a write has no output")
}

impl<B: Batch> Shared<B> {
    fn lock(&self) -> MutexGuard<'_, Queue<B>> {
        lock(&self.queue)
    }

    /// Starts a batch for the queue, unless one is running that it should wait for.
    fn start_batch(self: &Arc<Self>, queue: &mut Queue<B>) {
        let quick = queue.running - queue.slow;
        if queue.running < RUNNING_MAX && (quick == 0 || queue.waiting.len() >= SECOND_BATCH_FROM) {
            queue.running += 1;
            tokio::spawn(write_batches(self.clone()));
        }
    }

    fn take(&self) -> (Vec<B::Item>, Vec<Caller<B>>) {
        let waiting = &mut self.lock().waiting;
        let mut size = 0;
        let fits = |(item, _): &&(B::Item, Caller<B>)| {
            size += B::size(item);
            size <= WRITES_MAX
        };
        // One that is too large for any batch goes by itself.
        let count = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
        waiting.drain(..count).unzip()
    }

    /// Takes the queue once the transaction has begun: the later, the more writes share it.
    fn take_into(&self, slot: &Mutex<Slot<B>>) -> Option<Arc<Vec<B::Item>>> {
        let mut slot = lock(slot);
        if matches!(*slot, Slot::Closed) {
            return None;
        }
        let (items, callers) = self.take();
        let items = Arc::new(items);
        *slot = Slot::Taken(items.clone(), callers);
        Some(items)
    }
}

/// Nothing panics while one is held; a poisoned lock would still guard a usable value.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
