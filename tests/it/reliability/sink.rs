//! A webhook's endpoint that keeps what it gets, takes a moment to answer, or never answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aurix::domain::random::Random;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// One delivery's attempt, as the endpoint got it.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub event_id: String,
    pub body: Bytes,
}

impl Receipt {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("events are JSON")
    }
}

/// When the endpoint answers.
#[derive(Clone)]
pub enum Pace {
    AtOnce,
    /// After a random time of at most so much.
    Within(Duration, Random),
    Never,
}

#[derive(Clone)]
struct Shared {
    receipts: Arc<Mutex<Vec<Receipt>>>,
    count: watch::Sender<usize>,
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
        let shared = Shared { receipts: Arc::default(), count: watch::Sender::new(0), pace };
        let router = Router::new().fallback(receive).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
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

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> &'static str {
    let event_id = headers["webhook-id"].to_str().expect("ASCII").to_owned();
    let count = {
        let mut receipts = shared.receipts.lock().expect("not poisoned");
        receipts.push(Receipt { event_id, body });
        receipts.len()
    };
    shared.count.send_replace(count);
    match &shared.pace {
        Pace::AtOnce => {}
        Pace::Within(most, random) => super::pause(most.mul_f64(random.fraction())).await,
        Pace::Never => std::future::pending().await,
    }
    "taken"
}
