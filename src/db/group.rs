//! Writes that come at the same time share a transaction and its statements: what arrives while one group is on its way to
//! the disk makes up the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use tokio::sync::oneshot;

use super::{Db, Error, Tx};

/// Writes that one group carries at most, a large one counted as several.
const GROUP_MAX: usize = 128;
/// Groups on their way at once: one gathers while the other commits.
const GROUPS_MAX: usize = 2;
/// Writes that are worth a second group beside the first. Fewer wait for its end: half as many groups cost half as much.
const SECOND_GROUP: usize = 24;
/// A group that takes longer keeps nobody waiting.
const SLOW: Duration = Duration::from_millis(20);
/// Writes that may wait for a place in a group.
const WAITING_MAX: usize = 8_192;

/// A kind of write that is done for many at once.
pub trait Group: Send + Sync + 'static {
    /// What is written.
    type Item: Send + Sync + 'static;
    /// What its caller gets.
    type Answer: Send + 'static;

    /// How long a group may take before its callers are told that the database is away, and the next one goes without it: its
    /// connection may be dead.
    const PATIENCE: Duration = Duration::from_secs(3);

    /// How many writes an item counts as.
    fn size(_: &Self::Item) -> usize {
        1
    }

    /// Writes all `items`, and gives an answer for each, in their order. An error is one of the group: each item is then
    /// written by itself, so that one that cannot be stored keeps no other out.
    fn write(&self, tx: &Tx, items: &[Self::Item]) -> impl Future<Output = anyhow::Result<Vec<Self::Answer>>>;
}

/// Writes in groups. Cheap to clone.
pub struct GroupWriter<G: Group>(Arc<Shared<G>>);

impl<G: Group> Clone for GroupWriter<G> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<G: Group> {
    db: Db,
    group: G,
    /// How long writes wait for others to come.
    gather: Duration,
    queue: Mutex<Queue<G>>,
}

struct Queue<G: Group> {
    waiting: VecDeque<(G::Item, Caller<G>)>,
    /// Groups on their way.
    under_way: usize,
    /// Of these, such that took long already.
    slow: usize,
}

type Caller<G> = oneshot::Sender<anyhow::Result<<G as Group>::Answer>>;

/// What a group took from the queue, kept where it is found again when the transaction does not come back.
enum Slot<G: Group> {
    Open,
    Taken(Arc<Vec<G::Item>>, Vec<Caller<G>>),
    /// Nobody waits for the transaction any more: it must take nothing.
    Closed,
}

impl<G: Group> GroupWriter<G> {
    /// Writes to `db`. Somebody waits for each write: none waits for a group to fill.
    pub fn new(db: Db, group: G) -> Self {
        Self::gathering(db, group, Duration::ZERO)
    }

    /// Writes to `db`, where each write waits so long for others to come, unless many wait already.
    pub fn gathering(db: Db, group: G, gather: Duration) -> Self {
        let queue = Queue { waiting: VecDeque::new(), under_way: 0, slow: 0 };
        Self(Arc::new(Shared { db, group, gather, queue: Mutex::new(queue) }))
    }

    /// Writes `item` together with whatever comes at the same time. The answer comes when it is on disk.
    pub async fn write(&self, item: G::Item) -> anyhow::Result<G::Answer> {
        let (send, receive) = oneshot::channel();
        {
            let mut queue = self.0.lock();
            let full = || Error::Unavailable(anyhow!("{WAITING_MAX} writes wait already"));
            ensure!(queue.waiting.len() < WAITING_MAX, full());
            queue.waiting.push_back((item, send));
            self.0.begin_group(&mut queue);
        }
        receive.await.context("a group of writes was dropped")?
    }
}

/// Writes groups until nothing waits.
async fn write_groups<G: Group>(shared: Arc<Shared<G>>) {
    loop {
        if !shared.gather.is_zero() && shared.lock().waiting.len() < SECOND_GROUP {
            let _ = tokio::time::timeout(shared.gather, std::future::pending::<()>()).await;
        }
        // The other group may have taken all.
        let waits = !shared.lock().waiting.is_empty();
        if waits {
            write_group(&shared).await;
        }
        let mut queue = shared.lock();
        if queue.waiting.is_empty() {
            queue.under_way -= 1;
            return;
        }
    }
}

async fn write_group<G: Group>(shared: &Arc<Shared<G>>) {
    let slot = Arc::new(Mutex::new(Slot::Open));
    let (inside, taking) = (shared.clone(), slot.clone());
    let write = shared.db.write(async move |tx| match inside.take_into(&taking) {
        Some(items) if !items.is_empty() => inside.group.write(tx, &items).await,
        _ => Ok(Vec::new()),
    });
    let result = in_time(shared, write).await.unwrap_or_else(|| Err(late::<G>()));
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
        Ok(answers) => {
            answer(callers, answers.into_iter().map(Ok));
        }
        Err(error) if Error::is_raced(&error) || callers.len() > 1 && !Error::is_unavailable(&error) => {
            write_each(shared, items, callers).await;
        }
        Err(error) if callers.len() == 1 => answer(callers, std::iter::once(Err(error))),
        Err(error) => {
            let text = format!("{error:#}");
            answer(callers, std::iter::repeat_with(|| Err(unavailable(&text))));
        }
    }
}

/// What `write` comes to, if it ends within the time that a group may take.
async fn in_time<G: Group, T>(shared: &Arc<Shared<G>>, write: impl Future<Output = T>) -> Option<T> {
    let mut write = std::pin::pin!(write);
    if let Ok(result) = tokio::time::timeout(SLOW, write.as_mut()).await {
        return Some(result);
    }
    {
        let mut queue = shared.lock();
        queue.slow += 1;
        if !queue.waiting.is_empty() {
            shared.begin_group(&mut queue);
        }
    }
    let result = tokio::time::timeout(G::PATIENCE.saturating_sub(SLOW), write).await.ok();
    shared.lock().slow -= 1;
    result
}

/// Answers each caller. One that is gone needs no answer.
fn answer<T>(callers: Vec<oneshot::Sender<T>>, answers: impl Iterator<Item = T>) {
    callers.into_iter().zip(answers).for_each(|(caller, answer)| drop(caller.send(answer)));
}

fn late<G: Group>() -> anyhow::Error {
    unavailable(&format!("no answer within {:?}", G::PATIENCE))
}

fn unavailable(text: &str) -> anyhow::Error {
    Error::Unavailable(anyhow!("{text}")).into()
}

/// Writes each item in a transaction of its own, until the database turns out to be away: then the others need not find out
/// one after the other.
async fn write_each<G: Group>(shared: &Arc<Shared<G>>, items: Arc<Vec<G::Item>>, callers: Vec<Caller<G>>) {
    let mut away: Option<String> = None;
    for (at, caller) in callers.into_iter().enumerate() {
        let answer = match &away {
            Some(text) => Err(unavailable(text)),
            None => write_one(shared, items.clone(), at).await,
        };
        if let Err(error) = &answer
            && Error::is_unavailable(error)
            && !Error::is_raced(error)
        {
            away = Some(format!("{error:#}"));
        }
        let _ = caller.send(answer);
    }
}

async fn write_one<G: Group>(
    shared: &Arc<Shared<G>>,
    items: Arc<Vec<G::Item>>,
    at: usize,
) -> anyhow::Result<G::Answer> {
    let inside = shared.clone();
    let write = shared.db.write(async move |tx| inside.group.write(tx, &items[at..=at]).await);
    let answers = tokio::time::timeout(G::PATIENCE, write).await.unwrap_or_else(|_| Err(late::<G>()))?;
    answers.into_iter().next().context("a write has no answer")
}

impl<G: Group> Shared<G> {
    fn lock(&self) -> MutexGuard<'_, Queue<G>> {
        lock(&self.queue)
    }

    /// Begins a group for what waits, if there is none on its way that it may wait for.
    fn begin_group(self: &Arc<Self>, queue: &mut Queue<G>) {
        let quick = queue.under_way - queue.slow;
        if queue.under_way < GROUPS_MAX && (quick == 0 || queue.waiting.len() >= SECOND_GROUP) {
            queue.under_way += 1;
            tokio::spawn(write_groups(self.clone()));
        }
    }

    fn take(&self) -> (Vec<G::Item>, Vec<Caller<G>>) {
        let waiting = &mut self.lock().waiting;
        let mut size = 0;
        let fits = |(item, _): &&(G::Item, Caller<G>)| {
            size += G::size(item);
            size <= GROUP_MAX
        };
        // One that is too large for any group goes by itself.
        let count = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
        waiting.drain(..count).unzip()
    }

    /// Takes what waits, once the transaction has begun: the later, the more share it.
    fn take_into(&self, slot: &Mutex<Slot<G>>) -> Option<Arc<Vec<G::Item>>> {
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
