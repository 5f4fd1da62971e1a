//! Any bytes that a webhook's receiver responds with, over a connection: the attempt ends with a result that can be stored.

use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::ids::ProjectId;
use aurix::domain::retry::{RETRY_AFTER_MAX, RetryAfter, Schedule, WAIT_MAX};
use aurix::net::{AddressPolicy, Client, Options, Resolver};
use aurix::outbound::{ATTEMPT_BODY_BYTES_MAX, Delivery, post};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// What the receiver sends next.
static RESPONSE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

static NETWORK: LazyLock<(Runtime, Client, String)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            tokio::spawn(respond(stream));
        }
    });
    let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
    (runtime, client, url)
});

/// Sends the response once a request has come, and closes.
async fn respond(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 4_096]).await;
    let response = RESPONSE.lock().expect("nothing panics").clone();
    let _ = stream.write_all(&response).await;
}

/// Panics where it does not hold for this input.
pub fn check(bytes: &[u8]) {
    let now = Timestamp::from_second(1_790_000_000).expect("a time in 2026");
    if let Ok(value) = std::str::from_utf8(bytes) {
        due(now, RetryAfter::parse(value));
    }
    // Half of the inputs are the rest of a response that has begun well.
    let start: &[u8] = if bytes.first().is_some_and(|byte| byte % 2 == 0) { b"HTTP/1.1 503 " } else { b"" };
    *RESPONSE.lock().expect("nothing panics") = [start, bytes].concat();
    let (runtime, client, url) = &*NETWORK;
    let delivery = Delivery {
        project: ProjectId(1),
        url,
        event_id: "evt_1",
        body: Bytes::from_static(b"{}"),
        secret: "aurix_secret",
        previous_secret: None,
        headers: &[],
        now,
        timeout: Duration::from_secs(25),
    };
    let attempt = runtime.block_on(post(client, &delivery));
    assert!(attempt.response_body.len() <= ATTEMPT_BODY_BYTES_MAX);
    let header_bytes: usize = attempt.response_headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(header_bytes <= ATTEMPT_BODY_BYTES_MAX);
    match attempt.outcome {
        AttemptOutcome::Delivered => assert!(attempt.status.is_some_and(|status| (200..300).contains(&status))),
        AttemptOutcome::Gone => assert_eq!(attempt.status, Some(410)),
        AttemptOutcome::Failed { error, retry_after } => {
            assert!(!error.is_empty() && !error.contains("took longer"), "{error}");
            due(now, retry_after);
        }
    }
}

/// What a receiver asks for is later, and not by more than what is honoured.
fn due(now: Timestamp, asked: Option<RetryAfter>) {
    let due = Schedule::default().next(1, now, 0.5, asked).expect("the schedule has a second attempt");
    let waited = Duration::try_from(due.duration_since(now)).expect("it is later");
    assert!(!waited.is_zero() && waited <= RETRY_AFTER_MAX.max(WAIT_MAX));
}
