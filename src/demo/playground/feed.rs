//! What happens in the playground, as Server-Sent Events. Recent entries are stored, and replayed to a client that reconnects.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Serialize;
use tokio::sync::{Semaphore, broadcast, watch};

use super::Playground;
use crate::http::error::{ApiError, Result};

/// Entries that are stored.
const KEPT_MAX: usize = 500;
/// Bytes of all stored entries together.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Streams open at once.
const LISTENERS_MAX: usize = 32;
/// Entries that a subscriber may lag behind. One that lags further is disconnected, reconnects and catches up.
const BEHIND_MAX: usize = 256;
/// How often a silent stream shows that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// When a refused client may retry.
const RETRY_AFTER_S: u32 = 5;

/// One thing that happened.
#[derive(Clone)]
struct Entry {
    /// Counts from 1; `None` for what is transient and never replayed.
    number: Option<u64>,
    kind: &'static str,
    data: Arc<str>,
}

/// The stored entries, and their subscribers.
pub(super) struct Feed {
    /// Distinguishes the entries of this process from those of an earlier one.
    run: String,
    past: Mutex<Past>,
    live: broadcast::Sender<Entry>,
    places: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

#[derive(Default)]
struct Past {
    entries: VecDeque<Entry>,
    bytes: usize,
    last: u64,
}

impl Feed {
    /// An empty feed. `run` is unique for every process; streams end when `stopping` turns true.
    pub(super) fn new(run: String, stopping: watch::Receiver<bool>) -> Self {
        Self {
            run,
            past: Mutex::default(),
            live: broadcast::Sender::new(BEHIND_MAX),
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
            stopping,
        }
    }

    /// Stores an entry and sends it to all subscribers.
    pub(super) fn publish(&self, kind: &'static str, data: &impl Serialize) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.last += 1;
        let entry = Entry { number: Some(past.last), kind, data: as_json(data) };
        past.keep(entry.clone());
        // Sent under the lock, so that all get it in the order of the numbers. An error says that there is no subscriber.
        let _ = self.live.send(entry);
    }

    /// Sends an entry to the present subscribers, and stores nothing.
    pub(super) fn mention(&self, kind: &'static str, data: &impl Serialize) {
        let _ = self.live.send(Entry { number: None, kind, data: as_json(data) });
    }

    /// Forgets what is stored.
    pub(super) fn clear(&self) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        *past = Past { last: past.last, ..Past::default() };
    }

    /// Whether the server is stopping.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// What was missed since `last_event_id`, then what happens; `None` where there are too many subscribers.
    fn listen(&self, last_event_id: Option<&str>) -> Option<impl Stream<Item = Entry> + use<>> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let seen = last_event_id.and_then(|id| self.number_of(id)).unwrap_or(0);
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.live.subscribe();
        let missed: Vec<Entry> = past.entries.iter().filter(|entry| entry.number > Some(seen)).cloned().collect();
        drop(past);
        let live = stream::unfold((live, self.stopping.clone(), place), async |(mut live, mut stopping, place)| {
            let entry = tokio::select! {
                entry = live.recv() => entry.ok()?,
                _ = stopping.wait_for(|stop| *stop) => return None,
            };
            Some((entry, (live, stopping, place)))
        });
        Some(stream::iter(missed).chain(live))
    }

    /// The number in an id of this process; that of another process says nothing about what was seen here.
    fn number_of(&self, id: &str) -> Option<u64> {
        let (run, number) = id.rsplit_once('-')?;
        (run == self.run).then(|| number.parse().ok()).flatten()
    }

    fn as_event(&self, entry: &Entry) -> Event {
        let event = Event::default().event(entry.kind).data(&entry.data);
        match entry.number {
            Some(number) => event.id(format!("{}-{number}", self.run)),
            None => event,
        }
    }
}

impl Past {
    fn keep(&mut self, entry: Entry) {
        self.bytes += entry.data.len();
        self.entries.push_back(entry);
        while self.entries.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.data.len();
        }
    }
}

fn as_json(data: &impl Serialize) -> Arc<str> {
    serde_json::to_string(data).expect("texts, numbers and lists of them serialise").into()
}

/// `GET /playground/stream`: what has happened since `Last-Event-ID`, then what happens, until the server stops.
pub(super) async fn stream(
    Extension(playground): Extension<Arc<Playground>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = std::result::Result<Event, Infallible>>>> {
    let last_event_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let entries = playground.feed.listen(last_event_id).ok_or(ApiError::TooMany { retry_after_s: RETRY_AFTER_S })?;
    let events = entries.map(move |entry| Ok(playground.feed.as_event(&entry)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Watched {
        feed: Feed,
        stop: watch::Sender<bool>,
    }

    fn feed() -> Watched {
        let (stop, stopping) = watch::channel(false);
        Watched { feed: Feed::new("run".to_owned(), stopping), stop }
    }

    async fn received(entries: impl Stream<Item = Entry>) -> Vec<String> {
        entries.map(|entry| format!("{} {}", entry.kind, entry.data)).collect().await
    }

    #[tokio::test]
    async fn who_comes_late_hears_what_was_and_who_comes_back_what_was_missed() {
        let Watched { feed, stop } = feed();
        for number in 1..=3 {
            feed.publish("message", &number);
        }
        let late = feed.listen(None).unwrap();
        let back = feed.listen(Some("run-2")).unwrap();
        let of_another_run = feed.listen(Some("before-2")).unwrap();
        let nonsense = feed.listen(Some("2")).unwrap();
        feed.mention("typing", &"now");
        stop.send_replace(true);
        assert_eq!(received(back).await[0], "message 3");
        for all in [received(late).await, received(of_another_run).await, received(nonsense).await] {
            assert_eq!(all[..3], ["message 1", "message 2", "message 3"]);
        }
    }

    #[tokio::test]
    async fn who_listens_hears_in_order_what_happens() {
        let Watched { feed, stop: _stop } = feed();
        let mut entries = std::pin::pin!(feed.listen(None).unwrap());
        feed.publish("message", &1);
        feed.mention("typing", &2);
        feed.clear();
        feed.publish("lead", &3);
        for expected in ["1", "2", "3"] {
            assert_eq!(&*entries.next().await.unwrap().data, expected);
        }
        assert_eq!(feed.listen(None).unwrap().next_number().await, Some(2), "numbers go on after a reset");
    }

    trait NextNumber {
        async fn next_number(self) -> Option<u64>;
    }

    impl<S: Stream<Item = Entry>> NextNumber for S {
        async fn next_number(self) -> Option<u64> {
            std::pin::pin!(self).next().await.and_then(|entry| entry.number)
        }
    }

    #[tokio::test]
    async fn the_past_has_an_end_in_entries_and_in_bytes() {
        let Watched { feed, stop: _stop } = feed();
        for number in 0..KEPT_MAX + 7 {
            feed.publish("message", &number);
        }
        assert_eq!(feed.listen(None).unwrap().next_number().await, Some(8));
        let large = "x".repeat(KEPT_BYTES_MAX / 2);
        for _ in 0..3 {
            feed.publish("message", &large);
        }
        assert_eq!(feed.past.lock().unwrap().entries.len(), 1);
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_a_listener_goes() {
        let Watched { feed, stop: _stop } = feed();
        let mut listeners: Vec<_> = (0..LISTENERS_MAX).map(|_| feed.listen(None).unwrap()).collect();
        assert!(feed.listen(None).is_none());
        listeners.pop();
        assert!(feed.listen(None).is_some());
    }

    #[tokio::test]
    async fn a_listener_that_falls_behind_is_cut_off_to_catch_up() {
        let Watched { feed, stop: _stop } = feed();
        let slow = feed.listen(None).unwrap();
        for number in 0..=BEHIND_MAX {
            feed.publish("message", &number);
        }
        assert_eq!(received(slow).await.len(), 0);
        assert_eq!(feed.listen(Some("run-0")).unwrap().next_number().await, Some(1));
    }
}
