//! Tells open streams where their chats stand.
//!
//! Actors:
//! - A stream, one for each open panel: holds a [`Seat`], and waits for its chat to change.
//! - The poll, one task of the process while any stream is open: reads where all their chats stand whenever this node or another one
//!   notifies of [`Work::Chats`], and every two seconds in case a notification was lost. It ends with the last stream.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::core::Core;
use crate::domain::ids::ChatId;
use crate::notifier::Work;
use crate::store::chats::{self, Standing};

/// How often chats are looked at without a notification.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// How long between two looks at least.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Streams of one chat: a browser without locks has one for each of its tabs.
const STREAMS_OF_CHAT_MAX: usize = 8;

/// Where a chat stands; `None` where it is gone.
pub(super) type Stands = Option<Standing>;

/// The streams of a process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Feed {
    core: Core,
    streams_max: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    streams: usize,
    chats: HashMap<ChatId, Followed>,
    polls: bool,
}

struct Followed {
    streams: usize,
    stands: watch::Sender<Stands>,
}

/// Why no stream is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSeat {
    /// The process has as many as it takes.
    #[error("too many visitors are connected")]
    Full,
    /// The chat has as many as one visitor needs.
    #[error("too many streams of one chat are open")]
    Many,
}

/// An open stream: it counts as long as it is held.
pub(super) struct Seat {
    feed: Feed,
    chat: ChatId,
    pub(super) stands: watch::Receiver<Stands>,
}

impl Feed {
    pub(super) fn new(core: Core, streams_max: usize) -> Self {
        Self { core, streams_max, open: Arc::default() }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open_streams(&self) -> usize {
        self.open().streams
    }

    /// Opens a stream of a chat; where that stands is to be told yet ([`Feed::tell`]).
    pub(super) fn sit(&self, chat: ChatId) -> Result<Seat, NoSeat> {
        let mut open = self.open();
        if open.streams >= self.streams_max {
            return Err(NoSeat::Full);
        }
        let new = || Followed { streams: 0, stands: watch::channel(None).0 };
        let followed = open.chats.entry(chat).or_insert_with(new);
        if followed.streams >= STREAMS_OF_CHAT_MAX {
            return Err(NoSeat::Many);
        }
        followed.streams += 1;
        let stands = followed.stands.subscribe();
        open.streams += 1;
        if !std::mem::replace(&mut open.polls, true) {
            tokio::spawn(poll(self.clone()));
        }
        Ok(Seat { feed: self.clone(), chat, stands })
    }

    /// The chats that streams are open for; `None` where there are none, and the poll has to end.
    fn chats(&self) -> Option<Vec<ChatId>> {
        let mut open = self.open();
        if open.chats.is_empty() {
            open.polls = false;
            return None;
        }
        Some(open.chats.keys().copied().collect())
    }

    /// Tells the streams of these chats where they stand; those without a standing are gone.
    pub(super) fn tell(&self, chats: &[ChatId], standings: &[(ChatId, Standing)]) {
        let standings: HashMap<ChatId, Standing> = standings.iter().copied().collect();
        let open = self.open();
        for chat in chats {
            let Some(followed) = open.chats.get(chat) else { continue };
            let stands = standings.get(chat).copied();
            followed.stands.send_if_modified(|before| {
                // Two may read at the same time: what was read earlier and is told later is no news.
                let is_older = before.zip(stands).is_some_and(|(before, now)| now.last_seq < before.last_seq);
                !is_older && std::mem::replace(before, stands) != stands
            });
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.feed.open();
        open.streams = open.streams.saturating_sub(1);
        let Some(followed) = open.chats.get_mut(&self.chat) else { return };
        followed.streams = followed.streams.saturating_sub(1);
        if followed.streams == 0 {
            open.chats.remove(&self.chat);
        }
    }
}

async fn poll(feed: Feed) {
    let core = feed.core.clone();
    let mut notifications = core.notifier.subscribe(Work::Chats);
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while let Some(chats) = feed.chats() {
        look.tick().await;
        let (wanted, now) = (chats.clone(), core.clock.now());
        match core.db.read(async move |conn| Ok(chats::standings(conn, &wanted, now).await?)).await {
            Ok(standings) => feed.tell(&chats, &standings),
            Err(error) => tracing::warn!(error = %format!("{error:#}"), "open chats not read"),
        }
        tokio::select! {
            () = notifications.notified() => {}
            () = core.clock.sleep(POLL_EVERY) => {}
        }
    }
}
