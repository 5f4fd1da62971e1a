//! `GET /p/{project}/stream`: says that something of a project changed, as server-sent events. A page fetches what it shows.
//!
//! Actors:
//! - [`Live`], one of a process: knows the poll of each project that somebody looks at.
//! - A poll, a task for each such project: asks the database once a second, ends when nobody looks any more.
//! - A viewer, a response for each tab: sends an event when the poll found something, a comment every 15 s, and ends when the
//!   process stops, or with the event `ended` where the session or the membership of its person has ended.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;

use super::who::{Member, See};
use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::domain::time::SignedDuration;
use crate::engines::Engines;
use crate::http::extract::Query;
use crate::store::conversation_changes::{self, Reading};
use crate::store::window::Position;
use crate::store::{delivery_rows, handling, members, user_sessions};

/// How often a project is asked about.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// How often a viewer is sent something, so that nothing on the way takes the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How far back a poll begins to look.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24);
/// Sessions of a person that are looked at.
const SESSIONS_MAX: u32 = 200;
/// The event that closes a stream for good: the page does not connect again.
const ENDED: &str = "ended";

/// What changes in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// The newest delivery.
    delivery: Position,
    /// Where its conversations stand; `None` before the first poll.
    conversations: Option<Reading>,
    /// What is open of what needs attention; `None` before the first poll.
    attention: Option<Open>,
}

/// The newest item that was ever opened, and how many are open: opening one raises the first, closing one lowers the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    newest: i64,
    open: i64,
}

/// What a poll finds.
type Found = watch::Receiver<Seen>;

/// The polls of a process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Live(Arc<Mutex<HashMap<ProjectId, Weak<Found>>>>);

impl Live {
    fn polls(&self) -> MutexGuard<'_, HashMap<ProjectId, Weak<Found>>> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the poll of a project finds, which is started where nobody looks yet.
    fn watch(&self, core: &Core, project: ProjectId) -> Arc<Found> {
        let mut polls = self.polls();
        polls.retain(|_, poll| poll.strong_count() > 0);
        if let Some(found) = polls.get(&project).and_then(Weak::upgrade) {
            return found;
        }
        let nothing = Seen { delivery: Position { created_at: 0, id: 0 }, conversations: None, attention: None };
        let (sender, found) = watch::channel(nothing);
        let found = Arc::new(found);
        polls.insert(project, Arc::downgrade(&found));
        tokio::spawn(poll(core.clone(), project, sender));
        found
    }
}

/// Asks once a second, until nobody looks any more.
async fn poll(core: Core, project: ProjectId, found: watch::Sender<Seen>) {
    loop {
        let now = core.clock.now();
        let read = core.db.read(async move |conn| {
            let since = now - LOOKED_BACK;
            let delivery = delivery_rows::newest(conn, project, since).await?;
            let conversations = conversation_changes::read(conn, project, since, now).await?;
            Ok((delivery, conversations, handling::attention(conn, project).await?))
        });
        match read.await {
            Ok((delivery, conversations, attention)) => {
                let attention = Some(Open { newest: attention.newest.0, open: attention.open });
                found.send_if_modified(|before| {
                    let delivery = delivery.unwrap_or(before.delivery);
                    let now = Seen { delivery, conversations: Some(conversations), attention };
                    std::mem::replace(before, now) != now
                });
            }
            Err(error) => tracing::warn!(error = %format!("{error:#}"), "changes of a project not read"),
        }
        tokio::select! {
            () = core.clock.sleep(POLL_EVERY) => {}
            () = found.closed() => return,
        }
    }
}

/// What a viewer waited for.
enum Happened {
    Stopped,
    Changed,
    /// For as long as a connection may be silent.
    Nothing,
}

/// What a viewer needs between two events.
struct Viewer {
    engines: Engines,
    member: Member<See>,
    found: Found,
    /// Keeps the poll running.
    _poll: Arc<Found>,
    stopping: watch::Receiver<bool>,
    /// What was sent last.
    sent: Option<Position>,
    /// Of which state of the conversations it was told last.
    told: Option<Reading>,
    /// What the page shows of what needs attention, or was told of it last.
    shown: Option<Open>,
    has_begun: bool,
    has_ended: bool,
}

/// The stream of a tab.
pub async fn show(
    engines: Engines,
    member: Member<See>,
    (headers, query): (HeaderMap, Query),
    (live, stopping): (Live, watch::Receiver<bool>),
) -> Response {
    let poll = live.watch(&engines.core, member.project.id);
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (sent, last_shown) = last.map(parse_id).unwrap_or_default();
    // A tab that connects again was told more than its page shows.
    let shown = last_shown.or_else(|| query.one("seen").ok().flatten().and_then(parse_open));
    let viewer = Viewer {
        engines,
        member,
        found: Found::clone(&poll),
        _poll: poll,
        stopping,
        sent,
        told: None,
        shown,
        has_begun: false,
        has_ended: false,
    };
    let events = stream::unfold(viewer, |mut viewer| async move {
        let event = viewer.next().await?;
        Some((Ok::<_, Infallible>(event), viewer))
    });
    let mut response = Sse::new(events).into_response();
    // A proxy that collects responses would show nothing.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

impl Viewer {
    /// The next event, or a comment; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.has_ended || *self.stopping.borrow() {
            return None;
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            // So that the head goes out at once.
            return Some(Event::default().comment(""));
        }
        let clock = self.engines.core.clock.clone();
        loop {
            let found = *self.found.borrow_and_update();
            // Nothing is said twice, not by a poll that was started anew either.
            if self.sent.is_none_or(|sent| sent < found.delivery) && found.delivery.id != 0 {
                self.sent = Some(found.delivery);
                return self.send("deliveries").await;
            }
            // At the beginning too: the page was made before.
            if found.conversations.is_some() && self.told != found.conversations {
                self.told = found.conversations;
                return self.send("conversations").await;
            }
            if found.attention.is_some() && self.shown != found.attention {
                self.shown = found.attention;
                return self.send("attention").await;
            }
            let happened = tokio::select! {
                _ = self.stopping.wait_for(|stopping| *stopping) => Happened::Stopped,
                changed = self.found.changed() => changed.map_or(Happened::Stopped, |()| Happened::Changed),
                () = clock.sleep(COMMENT_EVERY) => Happened::Nothing,
            };
            match happened {
                Happened::Stopped => return None,
                Happened::Changed => {}
                Happened::Nothing if self.is_allowed().await => return Some(Event::default().comment("")),
                Happened::Nothing => return Some(self.end()),
            }
        }
    }

    async fn send(&mut self, event: &str) -> Option<Event> {
        if !self.is_allowed().await {
            return Some(self.end());
        }
        let sent = self.sent.unwrap_or(Position { created_at: 0, id: 0 });
        let shown = self.shown.map(|shown| format!(".{}.{}", shown.newest, shown.open)).unwrap_or_default();
        let id = format!("{}.{}{shown}", sent.created_at, sent.id);
        Some(Event::default().event(event).id(id).data("changed"))
    }

    fn end(&mut self) -> Event {
        self.has_ended = true;
        Event::default().event(ENDED).data("signed out")
    }

    /// Whether the person is still signed in, and a member. Where the database does not tell, they are.
    async fn is_allowed(&self) -> bool {
        let (user, is_operator) = (self.member.who.user.id, self.member.who.user.is_operator);
        let (project, session) = (self.member.project.id, self.member.who.session.as_ref().map(|session| session.id));
        let allowed = self.engines.core.db.read(async move |conn| {
            let sessions = user_sessions::list(conn, user, SESSIONS_MAX).await?;
            let is_signed_in = session.is_none_or(|id| sessions.iter().any(|session| session.id == id));
            Ok(is_signed_in && (is_operator || members::find_role(conn, project, user).await?.is_some()))
        });
        allowed.await.unwrap_or(true)
    }
}

/// The id of an event: the newest delivery, and what is open, where a poll has found that.
fn parse_id(text: &str) -> (Option<Position>, Option<Open>) {
    let mut parts = text.splitn(3, '.');
    let mut number = || parts.next().and_then(|part| part.parse().ok());
    let delivery = number().zip(number()).map(|(created_at, id)| Position { created_at, id });
    (delivery, parts.next().and_then(parse_open))
}

fn parse_open(text: &str) -> Option<Open> {
    let (newest, open) = text.split_once('.')?;
    Some(Open { newest: newest.parse().ok()?, open: open.parse().ok()? })
}
