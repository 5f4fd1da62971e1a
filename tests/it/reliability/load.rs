//! Visitors who click and people who write, for as long as a test lets them, and a book of what they were answered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aurix::domain::random::Random;
use aurix::net;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::shop::ShopClient;
use super::{now, pause};

/// Visitors at once.
const VISITORS: usize = 4;
/// People who write at once.
const WRITERS: usize = 3;
/// Clicks of one device.
const CLICKS: usize = 4;
/// The longest pause between two clicks or two messages.
const PAUSE_MAX: Duration = Duration::from_millis(40);
/// The pause before somebody who was not answered tries again.
const AGAIN: Duration = Duration::from_millis(20);
/// How often the platform brings a message that was not answered.
const TRIES_MAX: usize = 2_000;

/// A click that was answered.
#[derive(Clone, Debug)]
pub struct Clicked {
    pub page: String,
    pub reference: String,
}

/// A message that was answered.
#[derive(Clone, Debug)]
pub struct Written {
    pub id: String,
    pub wa_id: String,
    /// The reference in it: of a click that was answered, and of this person alone.
    pub reference: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub clicked: Vec<Clicked>,
    pub written: Vec<Written>,
    pub unanswered: usize,
    /// Answers of which the head came and the rest did not.
    pub half_responses: Vec<String>,
    /// References that nobody has sent yet.
    free: VecDeque<(Instant, String)>,
}

impl Book {
    /// A book of clicks alone.
    pub fn of(clicked: Vec<Clicked>) -> Self {
        Self { clicked, ..Self::default() }
    }

    /// A reference that nobody has used, and that was answered so long ago.
    fn read_reference(&mut self, reading: Duration) -> Option<String> {
        let is_read = self.free.front().is_some_and(|(answered, _)| answered.elapsed() >= reading);
        if is_read { self.free.pop_front().map(|(_, reference)| reference) } else { None }
    }
}

/// The visitors and the people.
pub struct Load {
    shared: Shared,
    tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Shared {
    book: Arc<Mutex<Book>>,
    answered: watch::Sender<usize>,
    stop: watch::Sender<bool>,
    random: Random,
    reading: Duration,
}

impl Load {
    /// They begin; `client` gives each their own.
    pub fn start(random: &Random, client: impl Fn() -> ShopClient) -> Self {
        Self::of_readers(random, Duration::ZERO, client)
    }

    /// They begin, and nobody sends a reference sooner than `reading` after its click.
    pub fn of_readers(random: &Random, reading: Duration, client: impl Fn() -> ShopClient) -> Self {
        let shared = Shared {
            book: Arc::default(),
            answered: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            random: random.clone(),
            reading,
        };
        let mut tasks = JoinSet::new();
        for number in 0..VISITORS {
            tasks.spawn(visit(shared.clone(), client(), number));
        }
        for number in 0..WRITERS {
            tasks.spawn(write(shared.clone(), client(), number));
        }
        Self { shared, tasks }
    }

    /// Waits until `count` more were answered.
    pub async fn answered(&self, count: usize, limit: Duration) {
        let mut answered = self.shared.answered.subscribe();
        let wanted = *answered.borrow() + count;
        let came = tokio::time::timeout(limit, answered.wait_for(|answered| *answered >= wanted)).await;
        assert!(came.is_ok(), "{count} responses within {limit:?}");
    }

    /// They end what they are at; gives what they were answered.
    pub async fn end(mut self) -> Book {
        self.shared.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("every response is a right one");
        }
        self.shared.book.lock().expect("not poisoned").clone()
    }
}

impl Shared {
    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    fn note(&self, what: impl FnOnce(&mut Book)) {
        what(&mut self.book.lock().expect("not poisoned"));
        self.answered.send_modify(|answered| *answered += 1);
    }

    fn note_unanswered(&self, error: &net::SendError) {
        let mut book = self.book.lock().expect("not poisoned");
        book.unanswered += 1;
        if let Some(status) = error.status {
            book.half_responses.push(format!("{status}, then: {error}"));
        }
    }

    async fn pause(&self) {
        pause(PAUSE_MAX.mul_f64(self.random.fraction())).await;
    }
}

async fn visit(shared: Shared, client: ShopClient, number: usize) {
    let mut page = 0;
    while !shared.stopped() {
        let device = shared.random.uuid().to_string();
        let mut reference = None;
        for _ in 0..CLICKS {
            page += 1;
            let page = format!("https://shop.example/{number}/{page}?utm_source=google");
            match client.click(&device, &page).await {
                Ok(answered) => {
                    shared.note(|book| book.clicked.push(Clicked { page, reference: answered.clone() }));
                    reference = Some(answered);
                }
                Err(error) => {
                    shared.note_unanswered(&error);
                    pause(AGAIN).await;
                }
            }
            shared.pause().await;
        }
        shared.book.lock().expect("not poisoned").free.extend(reference.map(|reference| (now(), reference)));
    }
}

async fn write(shared: Shared, client: ShopClient, number: usize) {
    let mut person = 0;
    while !shared.stopped() {
        person += 1;
        let wa_id = format!("659{number}{person:06}");
        let reference = shared.book.lock().expect("not poisoned").read_reference(shared.reading);
        let hello = reference.as_ref().map_or("Hello".to_owned(), |reference| format!("Hello\nReference: {reference}"));
        bring(&shared, &client, &wa_id, 1, &hello, reference).await;
        shared.pause().await;
        let response = format!("I am Mei Tan, mei.{number}.{person}@example.com");
        bring(&shared, &client, &wa_id, 2, &response, None).await;
        shared.pause().await;
    }
}

/// Brings a message until it is answered, as the platform does.
async fn bring(shared: &Shared, client: &ShopClient, wa_id: &str, number: u32, text: &str, reference: Option<String>) {
    let id = format!("wamid.{wa_id}.{number}");
    for _ in 0..TRIES_MAX {
        match client.write(wa_id, &id, text).await {
            Ok(200) => {
                let written = Written { id, wa_id: wa_id.to_owned(), reference };
                return shared.note(|book| book.written.push(written));
            }
            Ok(503) => {}
            Ok(status) => panic!("a message was answered with {status}"),
            Err(error) => shared.note_unanswered(&error),
        }
        if shared.stopped() {
            return;
        }
        pause(AGAIN).await;
    }
    panic!("a message was brought {TRIES_MAX} times and not answered");
}
