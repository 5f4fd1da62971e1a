//! Where deliveries and replies arrive: a listener that answers at once, or, at `/held`, only while its gate is open.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::wire::Wire;

/// Where deliveries are held while the gate is closed.
pub const HELD_PATH: &str = "/held";
/// Where everything is answered at once.
pub const OPEN_PATH: &str = "/open";

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
    replies: AtomicU64,
    /// The ids of events that were answered.
    seen: Mutex<HashSet<String>>,
}

impl Sink {
    /// Listens, with its gate closed.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("opening the sink")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            gate: watch::Sender::new(false),
            answered: watch::Sender::new(0),
            replies: AtomicU64::new(0),
            seen: Mutex::default(),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(shared.clone(), stream));
            }
        });
        Ok(Self { address, state })
    }

    /// Opens or closes the gate.
    pub fn set_open(&self, open: bool) {
        self.state.gate.send_replace(open);
    }

    /// Deliveries that were answered so far, duplicates too.
    pub fn answered(&self) -> u64 {
        *self.state.answered.borrow()
    }

    /// Events that were answered so far.
    pub fn distinct(&self) -> u64 {
        self.state.seen.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// Waits until so many were answered, but not longer than `most`.
    pub async fn until_answered(&self, count: u64, most: Duration) {
        let mut answered = self.state.answered.subscribe();
        // Both ends are fine: the count is read afterwards.
        let _ = tokio::time::timeout(most, answered.wait_for(|answered| *answered >= count)).await;
    }
}

/// Answers until the other side closes. What goes wrong shows in the counts.
async fn answer(state: Arc<State>, stream: TcpStream) {
    let mut wire = Wire::new(stream);
    let mut gate = state.gate.subscribe();
    while let Ok(Some(request)) = wire.receive().await {
        let answer = match request.path() {
            HELD_PATH => {
                let id = request.header("webhook-id").unwrap_or_default().to_owned();
                if gate.wait_for(|open| *open).await.is_err() {
                    return;
                }
                state.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                state.answered.send_modify(|answered| *answered += 1);
                OK.to_vec()
            }
            OPEN_PATH => OK.to_vec(),
            _ => reply_taken(state.replies.fetch_add(1, Ordering::Relaxed)),
        };
        if wire.send(&answer).await.is_err() {
            return;
        }
    }
}

/// What the platform answers to a reply.
fn reply_taken(number: u64) -> Vec<u8> {
    let body = format!("{{\"messaging_product\":\"whatsapp\",\"messages\":[{{\"id\":\"wamid.reply{number}\"}}]}}");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    [head, body].concat().into_bytes()
}
