//! A webhook's endpoint that keeps what it gets, takes a moment to respond, refuses, or never responds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aurix::domain::random::Random;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

/// One delivery's attempt, as the endpoint got it.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub event_id: String,
    pub body: Bytes,
    pub came: Instant,
}

impl Receipt {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("events are JSON")
    }
}

/// When the endpoint responses.
#[derive(Clone)]
pub enum Pace {
    AtOnce,
    /// After a random time of at most so much.
    Within(Duration, Random),
    /// After so long.
    After(Duration),
    Never,
}

#[derive(Clone)]
struct Shared {
    receipts: Arc<Mutex<Vec<Receipt>>>,
    count: watch::Sender<usize>,
    refuses: Arc<AtomicBool>,
    pace: Pace,
}

pub struct Sink {
    pub url: String,
    shared: Shared,
}

impl Sink {
    pub async fn start(pace: Pace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/webhook", listener.local_addr().expect("bound"));
        let shared = Shared { receipts: Arc::default(), count: watch::Sender::new(0), refuses: Arc::default(), pace };
        let router = Router::new().fallback(receive).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// Answers 500 from now on, or 200 again.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    pub fn receipts(&self) -> Vec<Receipt> {
        self.shared.receipts.lock().expect("not poisoned").clone()
    }

    /// How often each event came.
    pub fn times(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for receipt in self.receipts() {
            *times.entry(receipt.event_id).or_default() += 1;
        }
        times
    }

    /// Waits until `count` attempts came in all.
    pub async fn received(&self, count: usize, limit: Duration) {
        let mut counts = self.shared.count.subscribe();
        let came = tokio::time::timeout(limit, counts.wait_for(|received| *received >= count)).await;
        assert!(came.is_ok(), "{count} deliveries within {limit:?}; there were {}", *self.shared.count.borrow());
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let refuses = shared.refuses.load(Ordering::SeqCst);
    let event_id = headers["webhook-id"].to_str().expect("ASCII").to_owned();
    let count = {
        let mut receipts = shared.receipts.lock().expect("not poisoned");
        receipts.push(Receipt { event_id, body, came: super::now() });
        receipts.len()
    };
    shared.count.send_replace(count);
    match &shared.pace {
        Pace::AtOnce => {}
        Pace::Within(most, random) => super::pause(most.mul_f64(random.fraction())).await,
        Pace::After(time) => super::pause(*time).await,
        Pace::Never => std::future::pending().await,
    }
    if refuses { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}
