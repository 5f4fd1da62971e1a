//! Where deliveries and replies arrive: a listener whose paths respond at once, while a gate is open, or never.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::click_request;
use crate::clock::moment;
use crate::wire::{ANY_PORT, Message, Wire};
use aurix::domain::time::Clock;
use aurix::http::server;

/// Where deliveries are held while the gate is closed.
pub const HELD_PATH: &str = "/held";
/// Where everything is answered at once.
pub const OPEN_PATH: &str = "/open";
/// Where everything is answered at once, and the moment is recorded at which the event of each click came.
pub const TIMED_PATH: &str = "/timed";
/// Below it everything is answered at once, and each path gets each event.
pub const EACH_PATH: &str = "/each/";
/// Below it nothing is ever answered.
pub const DEAD_PATH: &str = "/dead/";

/// Where everything is answered after 20 seconds.
pub const SLOW_PATH: &str = "/slow";

const SLOW: Duration = Duration::from_secs(20);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// The listener. It ends with the runtime.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    gate: watch::Sender<bool>,
    /// Deliveries that were answered.
    answered: watch::Sender<u64>,
    /// Deliveries that are not answered, ever.
    unanswered: watch::Sender<u64>,
    replies: AtomicU64,
    /// The ids of events that were answered, each with its path.
    seen: Mutex<HashSet<String>>,
    /// When the event of a click came first, by the click's number.
    arrivals: Mutex<HashMap<u64, Instant>>,
}

impl Sink {
    /// Listens, with its gate closed.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = server::listen(ANY_PORT).context("opening the sink")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            gate: watch::Sender::new(false),
            answered: watch::Sender::new(0),
            unanswered: watch::Sender::new(0),
            replies: AtomicU64::new(0),
            seen: Mutex::default(),
            arrivals: Mutex::default(),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(shared.clone(), stream));
            }
        });
        Ok(Self { address, state })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Opens or closes the gate.
    pub fn set_open(&self, open: bool) {
        self.state.gate.send_replace(open);
    }

    /// Deliveries that were answered so far, duplicates too.
    pub fn answered(&self) -> u64 {
        *self.state.answered.borrow()
    }

    /// Events that were answered so far, on each path.
    pub fn distinct(&self) -> u64 {
        locked(&self.state.seen).len() as u64
    }

    /// When the events of clicks came, by the click's number.
    pub fn arrivals(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        locked(&self.state.arrivals)
    }

    /// Waits until so many were answered, but not longer than `most`.
    pub async fn until_answered(&self, count: u64, most: Duration) {
        until(&self.state.answered, count, most).await;
    }

    /// Waits until so many came that will never be answered, but not longer than `most`. Returns how many there are.
    pub async fn until_unanswered(&self, count: u64, most: Duration) -> u64 {
        until(&self.state.unanswered, count, most).await;
        *self.state.unanswered.borrow()
    }
}

async fn until(counter: &watch::Sender<u64>, count: u64, most: Duration) {
    // Both ends are fine: the count is read afterwards.
    let _ = tokio::time::timeout(most, counter.subscribe().wait_for(|counted| *counted >= count)).await;
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Responds until the other side closes. What goes wrong shows in the counts.
async fn answer(state: Arc<State>, stream: TcpStream) {
    let mut wire = Wire::new(stream);
    let mut gate = state.gate.subscribe();
    while let Ok(Some(request)) = wire.receive().await {
        let response = match request.path() {
            HELD_PATH => {
                let delivery = delivery(&request);
                if gate.wait_for(|open| *open).await.is_err() {
                    return;
                }
                state.take(delivery)
            }
            OPEN_PATH => OK.to_vec(),
            TIMED_PATH => state.time(request.body),
            SLOW_PATH => {
                Clock::System.sleep(SLOW).await;
                OK.to_vec()
            }
            path if path.starts_with(EACH_PATH) => state.take(delivery(&request)),
            path if path.starts_with(DEAD_PATH) => {
                state.unanswered.send_modify(|unanswered| *unanswered += 1);
                continue;
            }
            _ => reply_taken(state.replies.fetch_add(1, Ordering::Relaxed)),
        };
        if wire.send(&response).await.is_err() {
            return;
        }
    }
}

/// What identifies a delivery.
fn delivery(request: &Message<'_>) -> String {
    format!("{} {}", request.path(), request.header("webhook-id").unwrap_or_default())
}

impl State {
    fn take(&self, delivery: String) -> Vec<u8> {
        locked(&self.seen).insert(delivery);
        self.answered.send_modify(|answered| *answered += 1);
        OK.to_vec()
    }

    fn time(&self, event: &[u8]) -> Vec<u8> {
        let now = moment();
        if let Some(number) = click_request::number(event) {
            locked(&self.arrivals).entry(number).or_insert(now);
        }
        self.answered.send_modify(|answered| *answered += 1);
        OK.to_vec()
    }
}

/// What the platform responds to a reply.
fn reply_taken(number: u64) -> Vec<u8> {
    let body = format!("{{\"messaging_product\":\"whatsapp\",\"messages\":[{{\"id\":\"wamid.reply{number}\"}}]}}");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    [head, body].concat().into_bytes()
}
