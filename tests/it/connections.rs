//! Connections that only take a place: idle ones, clients that send or read nothing, and bodies that nobody wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aurix::domain::time::{Clock, SignedDuration};
use aurix::http::server::{self, Options};
use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use bytes::Bytes;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{START, until};

const LIMIT: Duration = Duration::from_secs(30);
/// How long a test looks whether a connection is closed before it moves the clock again.
const LOOK: Duration = Duration::from_millis(10);
const REQUEST: &[u8] = b"GET /ok HTTP/1.1\r\nhost: x\r\n\r\n";
const SECOND: SignedDuration = SignedDuration::from_secs(1);

struct Server {
    address: std::net::SocketAddr,
    clock: Clock,
    /// Whether the endless response of `/endless` was given up.
    is_given_up: Arc<AtomicBool>,
}

struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Server {
    async fn start(connections_max: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let clock = Clock::manual(START.parse().expect("a time"));
        let is_given_up = Arc::new(AtomicBool::new(false));
        let given_up = is_given_up.clone();
        let endless = async move || {
            let guard = GivenUp(given_up.clone());
            Body::from_stream(stream::repeat_with(move || {
                let _ = &guard;
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 16_384]))
            }))
        };
        let router = Router::new()
            .route("/ok", get(async || "ok"))
            .route("/never", get(async || std::future::pending::<&'static str>().await))
            .route("/refused", any(async || "refused"))
            .route("/endless", get(endless));
        let options = Options { connections_max, clock: clock.clone(), ..Options::default() };
        tokio::spawn(server::serve(listener, router, options, std::future::pending()));
        Self { address, clock, is_given_up }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// Seconds after which it closes a connection, each given a moment to be noticed.
    async fn closes_after(&self, stream: &mut TcpStream) -> u32 {
        for second in 0..300 {
            if let Ok(read) = tokio::time::timeout(LOOK, stream.read(&mut [0; 1_024])).await {
                assert!(matches!(read, Ok(0) | Err(_)), "nothing else is sent");
                return second;
            }
            self.clock.advance(SECOND);
        }
        panic!("it is still open");
    }
}

/// Whether the connection serves a request.
async fn serves(stream: &mut TcpStream) -> bool {
    let mut response = [0; 1_024];
    let exchanged = async {
        stream.write_all(REQUEST).await?;
        stream.read(&mut response).await
    };
    let read = tokio::time::timeout(LIMIT, exchanged).await.expect("within the limit");
    read.is_ok_and(|bytes| response[..bytes].starts_with(b"HTTP/1.1 200"))
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_75_s() {
    let server = Server::start(10).await;
    let mut stream = server.connect().await;
    assert!(serves(&mut stream).await);
    let seconds = server.closes_after(&mut stream).await;
    assert!((75..=100).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_given_15_s() {
    let server = Server::start(10).await;
    let mut stream = server.connect().await;
    assert!(serves(&mut stream).await);
    stream.write_all(b"GET /ok HTTP/1.1\r\nhost:").await.expect("it is read");
    let seconds = server.closes_after(&mut stream).await;
    assert!((15..=40).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_place() {
    let server = Server::start(10).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is read");
    let mut seconds = 0;
    until("the response is given up", LIMIT, async || {
        server.clock.advance(SECOND);
        seconds += 1;
        server.is_given_up.load(Ordering::Relaxed)
    })
    .await;
    assert!(seconds >= 30, "{seconds}");
    // What it did not take is not kept for it: the system would, for minutes.
    let ended = stream.read_to_end(&mut Vec::new()).await;
    assert!(ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_client_that_reads_slowly_keeps_its_place() {
    let server = Server::start(10).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is read");
    // More than the system's buffers hold, so that the server can write again.
    let mut bytes = vec![0; 8 << 20];
    for _ in 0..6 {
        stream.read_exact(&mut bytes).await.expect("it goes on");
        for _ in 0..10 {
            server.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    }
    assert!(!server.is_given_up.load(Ordering::Relaxed));
}

#[tokio::test]
async fn idle_connections_make_room_and_served_ones_stay() {
    let server = Server::start(8).await;
    let mut served = server.connect().await;
    served.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is read");
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(server.connect().await);
    }
    let mut visitor = server.connect().await;
    assert!(serves(&mut visitor).await, "although nobody's time is over");
    assert!(tokio::time::timeout(LOOK, served.read(&mut [0; 1])).await.is_err(), "it is still served");
    assert!(!serves(&mut idle[0]).await, "the first one was closed");
}

#[tokio::test]
async fn a_client_whose_body_is_refused_reads_the_response() {
    let server = Server::start(10).await;
    for _ in 0..20 {
        let mut stream = server.connect().await;
        stream.write_all(b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n").await.expect("read");
        stream.write_all(&vec![b'x'; 4_000_000]).await.expect("it is taken");
        let mut response = String::new();
        stream.read_to_string(&mut response).await.expect("the connection is not reset");
        assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("refused"), "{response}");
        assert!(response.contains("connection: close\r\n"), "{response}");
    }
}
