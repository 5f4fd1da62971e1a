//! Somebody's webhook endpoint: keeps what it gets, and responds as it is scripted to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::until;

/// How long a test waits for what it expects.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// A request that the receiver got.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("events are JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII")).unwrap_or_default()
    }

    /// `widget.click`, `lead.created`, …
    pub fn event(&self) -> String {
        let json = self.json();
        json.get("event_type")
            .or_else(|| json.get("event"))
            .and_then(Value::as_str)
            .expect("an event's name")
            .to_owned()
    }
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    responses: VecDeque<(u16, Vec<(&'static str, String)>)>,
    /// Nothing is answered while this says so.
    holds: watch::Sender<bool>,
}

/// The endpoint. Without instructions it answers 200.
pub struct Receiver {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/webhook", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(receive).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// Answers the next request so.
    pub fn respond_next(&self, status: u16) {
        self.answer_next_with(status, Vec::new());
    }

    pub fn answer_next_with(&self, status: u16, headers: Vec<(&'static str, String)>) {
        self.shared.lock().expect("not poisoned").responses.push_back((status, headers));
    }

    /// Keeps what comes from now on waiting, until it is let go.
    pub fn hold(&self) {
        self.shared.lock().expect("not poisoned").holds.send_replace(true);
    }

    /// Answers what waits, and what comes from now on.
    pub fn let_go(&self) {
        self.shared.lock().expect("not poisoned").holds.send_replace(false);
    }

    /// Waits until so many requests have come since the last [`Receiver::take`].
    pub async fn has(&self, wanted: usize) {
        let came = async || self.shared.lock().expect("not poisoned").received.len() >= wanted;
        until("requests come", COMES_WITHIN, came).await;
    }

    /// What came since the last call.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.lock().expect("not poisoned").received)
    }

    /// The names of the events that came since the last call.
    pub fn take_events(&self) -> Vec<String> {
        self.take().iter().map(Received::event).collect()
    }
}

async fn receive(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> Response {
    let ((status, extra), mut holds) = {
        let mut shared = shared.lock().expect("not poisoned");
        shared.received.push(Received { headers, body });
        (shared.responses.pop_front().unwrap_or((200, Vec::new())), shared.holds.subscribe())
    };
    let _ = holds.wait_for(|holds| !*holds).await;
    let mut response = (StatusCode::from_u16(status).expect("a status"), "taken").into_response();
    for (name, value) in extra {
        response.headers_mut().insert(name, value.parse().expect("a header's value"));
    }
    response
}
