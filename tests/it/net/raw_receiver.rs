//! A receiver that says exactly the bytes it is given, however wrong they are.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the receiver does after it has read a request.
#[derive(Clone)]
pub enum Step {
    Say(Vec<u8>),
    /// The same bytes again and again, until the other side has had enough.
    SayForever(&'static [u8]),
    /// The same bytes every 20 ms, until the other side has had enough.
    Drip(&'static [u8]),
    /// Nothing more, but the connection stays open until the other side closes it.
    Hang,
    /// Reads the next request on the connection, says these bytes and closes.
    CutNext(&'static [u8]),
    /// Closes the connection when the next request comes, without reading it.
    RefuseNext,
    /// Closes the connection properly.
    Close,
    /// Closes the connection with a reset.
    Reset,
}

/// What the receiver has seen.
#[derive(Default)]
pub struct Seen {
    pub connections: usize,
    /// Connections that are over, whoever ended them.
    pub ended: usize,
    pub requests: Vec<String>,
}

pub struct RawReceiver {
    pub port: u16,
    seen: watch::Receiver<Seen>,
}

/// The response of a receiver that is content.
pub fn ok() -> Step {
    say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
}

pub fn say(text: &str) -> Step {
    Step::Say(text.into())
}

impl RawReceiver {
    /// Does `steps` after each request on each connection.
    pub async fn start(steps: impl Into<Vec<Step>>) -> Self {
        Self::start_at("127.0.0.1:0", steps.into()).await
    }

    pub async fn start_at(address: &str, steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (news, seen) = watch::channel(Seen::default());
        tokio::spawn(accept(listener, steps, Arc::new(news)));
        Self { port, seen }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?site=1", self.port)
    }

    pub fn seen(&self) -> watch::Ref<'_, Seen> {
        self.seen.borrow()
    }

    /// Waits until this many connections are over.
    pub async fn ended(&self, connections: usize) {
        let mut seen = self.seen.clone();
        let waited = seen.wait_for(|seen| seen.ended >= connections);
        tokio::time::timeout(super::TIMEOUT, waited)
            .await
            .expect("the connections should end")
            .expect("the receiver lives");
    }
}

async fn accept(listener: TcpListener, steps: Vec<Step>, news: Arc<watch::Sender<Seen>>) {
    while let Ok((stream, _)) = listener.accept().await {
        news.send_modify(|seen| seen.connections += 1);
        let (steps, news) = (steps.clone(), news.clone());
        tokio::spawn(async move {
            talk(stream, &steps, &news).await;
            news.send_modify(|seen| seen.ended += 1);
        });
    }
}

async fn talk(mut stream: TcpStream, steps: &[Step], news: &watch::Sender<Seen>) {
    while let Some(request) = read_request(&mut stream).await {
        news.send_modify(|seen| seen.requests.push(request));
        for step in steps {
            let done = match step {
                Step::Say(bytes) => stream.write_all(bytes).await.is_ok(),
                Step::SayForever(bytes) => {
                    while stream.write_all(bytes).await.is_ok() {}
                    false
                }
                Step::Drip(bytes) => {
                    let mut pace = tokio::time::interval(Duration::from_millis(20));
                    while stream.write_all(bytes).await.is_ok() {
                        pace.tick().await;
                    }
                    false
                }
                Step::Hang => stream.read(&mut [0; 64]).await.is_err(),
                Step::CutNext(bytes) => {
                    let Some(request) = read_request(&mut stream).await else { return };
                    news.send_modify(|seen| seen.requests.push(request));
                    stream.write_all(bytes).await.expect("an open connection");
                    false
                }
                Step::RefuseNext => {
                    stream.readable().await.expect("an open connection");
                    false
                }
                Step::Close => false,
                Step::Reset => {
                    stream.set_zero_linger().expect("an open socket");
                    false
                }
            };
            if !done {
                return;
            }
        }
    }
}

/// A whole request with a `content-length`, or `None` where the other side has closed.
pub async fn read_request<T: AsyncRead + AsyncWrite + Unpin>(stream: &mut T) -> Option<String> {
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return Some(text.into_owned());
            }
        }
    }
}
