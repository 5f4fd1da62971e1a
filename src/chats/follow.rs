//! Follows a chat from a message number on: what is behind it, and then what comes. Whoever connects again after any number of cut
//! connections gets each message once.

use std::collections::VecDeque;

use anyhow::Context as _;
use tokio::sync::watch;

use super::Chats;
pub use super::feed::NoSeat;
use super::feed::{Seat, Stands};
use crate::core::Core;
use crate::db::Conn;
use crate::domain::lead::Handling;
use crate::store::chat_lines::{self, Line};
use crate::store::chats::{self, Chat, Standing};

/// Messages that are read at once.
const PAGE: u32 = 50;
/// Who is further behind begins anew with the last messages.
const BEHIND_MAX: i64 = 200;
/// The last messages, which who begins anew gets.
pub const LAST_MAX: u32 = 50;

/// What happens in a chat.
#[derive(Clone, Debug)]
pub enum ChatEvent {
    /// A message.
    Message(Line),
    /// What the visitor has is not what stands before the next message: these are the last ones. With the newest number.
    Reset(Vec<Line>, i64),
    /// Who looks after it.
    State(Handling),
    /// Whether an answer is being written.
    Typing(bool),
    /// Up to which number the visitor has seen it, in some tab.
    Read(i64),
    /// There is no such chat any more.
    Ended,
}

/// A chat that is followed. It counts as an open stream.
pub struct Follower {
    core: Core,
    chat: Chat,
    seat: Seat,
    /// The number up to which all was given.
    after: i64,
    /// What the visitor was told; `None` before the first event.
    told: Option<Standing>,
    waiting: VecDeque<ChatEvent>,
    has_ended: bool,
}

/// Follows a chat behind a message number.
pub async fn follow(engine: &Chats, chat: Chat, after: i64) -> anyhow::Result<Result<Follower, NoSeat>> {
    let (core, id) = (engine.core.clone(), chat.id);
    let seat = match engine.feed.sit(id) {
        Ok(seat) => seat,
        Err(no_seat) => return Ok(Err(no_seat)),
    };
    // Read once the seat is taken: what comes from now on is told.
    let now = core.clock.now();
    let standings = core.db.read(async move |conn| Ok(chats::standings(conn, &[id], now).await?)).await?;
    engine.feed.tell(&[id], &standings);
    Ok(Ok(Follower { core, chat, seat, after, told: None, waiting: VecDeque::new(), has_ended: false }))
}

impl Follower {
    /// The next event; `None` behind the end. May be given up at any time: nothing is lost.
    pub async fn next(&mut self) -> anyhow::Result<Option<ChatEvent>> {
        loop {
            if let Some(event) = self.next_ready().await? {
                return Ok(Some(event));
            }
            if self.has_ended {
                return Ok(None);
            }
            self.changed().await?;
        }
    }

    /// The next event that is there already.
    pub async fn next_ready(&mut self) -> anyhow::Result<Option<ChatEvent>> {
        if self.waiting.is_empty() && !self.has_ended {
            let stands = *self.seat.stands.borrow_and_update();
            // Boxed, as what is rare: a stream that waits has room for it otherwise, and there are thousands.
            Box::pin(self.catch_up(stands)).await?;
        }
        Ok(self.waiting.pop_front())
    }

    /// Waits until there may be another event.
    pub async fn changed(&mut self) -> anyhow::Result<()> {
        self.seat.stands.changed().await.context("nobody looks at the chats any more")
    }

    async fn catch_up(&mut self, stands: Stands) -> anyhow::Result<()> {
        let Some(standing) = stands else {
            self.has_ended = true;
            self.waiting.push_back(ChatEvent::Ended);
            return Ok(());
        };
        let is_first = self.told.is_none();
        if is_first && self.after > standing.last_seq {
            self.reset(standing).await?;
        } else if self.after < standing.last_seq {
            self.messages(standing).await?;
        }
        self.tell(standing);
        Ok(())
    }

    async fn messages(&mut self, standing: Standing) -> anyhow::Result<()> {
        if standing.last_seq - self.after > BEHIND_MAX {
            return self.reset(standing).await;
        }
        let Some(conversation) = standing.conversation else { return Ok(()) };
        let (project, after) = (self.chat.project, self.after);
        let read =
            self.core.db.read(async move |conn| Ok(chat_lines::after(conn, project, conversation, after, PAGE).await?));
        let lines = read.await?;
        let follows = lines.iter().zip(after + 1..).all(|(line, seq)| line.seq == seq);
        if !follows || lines.is_empty() {
            return self.reset(standing).await;
        }
        self.after = lines.last().map_or(after, |line| line.seq);
        self.waiting.extend(lines.into_iter().map(ChatEvent::Message));
        Ok(())
    }

    /// Some messages are gone, or the visitor's number was never given: their panel begins anew.
    async fn reset(&mut self, standing: Standing) -> anyhow::Result<()> {
        let project = self.chat.project;
        let lines = match standing.conversation {
            Some(conversation) => {
                let read = async move |conn: &Conn| Ok(chat_lines::last(conn, project, conversation, LAST_MAX).await?);
                self.core.db.read(read).await?
            }
            None => Vec::new(),
        };
        self.after = lines.last().map_or(standing.last_seq, |line| line.seq.max(standing.last_seq));
        self.waiting.push_back(ChatEvent::Reset(lines, self.after));
        Ok(())
    }

    fn tell(&mut self, standing: Standing) {
        let before = self.told.replace(standing);
        let is_new = |of: fn(&Standing) -> i64| before.as_ref().map(of) != Some(of(&standing));
        if before.is_none_or(|before| before.handling != standing.handling) {
            self.waiting.push_back(ChatEvent::State(standing.handling));
        }
        if before.map_or(standing.is_answered, |before| before.is_answered != standing.is_answered) {
            self.waiting.push_back(ChatEvent::Typing(standing.is_answered));
        }
        if is_new(|standing| standing.read_seq) {
            self.waiting.push_back(ChatEvent::Read(standing.read_seq));
        }
    }
}

/// Waits until the process stops.
pub async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error says that the sender is gone, which is a stop as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
