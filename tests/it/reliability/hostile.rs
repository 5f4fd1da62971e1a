//! Receivers that stream without end, drip, reset, hang or flood the head of their response: each costs its own deliveries
//! an attempt, and nobody else anything.

use std::time::Duration;

use super::ledger::{Logged, attempts_of};
use super::server::Server;
use super::shop::{Shop, ShopClient};
use super::sink::{Pace, Sink};
use super::{on_both_engines, until};
use crate::net::raw_receiver::{RawReceiver, Step, say};

/// What is streamed at a time.
const CHUNK: &[u8] = &[b'a'; 64 * 1024];
/// Endless responses until memory has grown to what they need at once.
const WARM_UP: usize = 1000;
/// Endless responses after that.
const STREAMS: usize = 500;
/// What memory may grow by meanwhile: the two batches that settle at once hold up to 256 responses of 16 KiB, in several forms.
/// Endless responses that were read on would take gigabytes.
const GROWTH_KIB_MAX: u64 = 32 * 1024;
/// What the log keeps of a response.
const LOGGED_BYTES: i64 = 16 * 1024;
/// Events for all the others.
const EVENTS: usize = 3;
/// The longest that an attempt may take.
const ATTEMPT_MS: i64 = 15_000;
const LIMIT: Duration = Duration::from_secs(90);

on_both_engines! { endless_answers_take_no_memory answers_that_never_end_well_are_failures_and_tried_again }

async fn endless_answers_take_no_memory(mut server: Server) {
    let shop = Shop::open(&server).await;
    let endless = RawReceiver::start([say("HTTP/1.1 200 OK\r\n\r\n"), Step::SayForever(CHUNK)]).await;
    let webhook = shop.webhook_to(&server, &endless.url());
    let db = server.rows().await;
    server.start_ready().await;
    let client = shop.client(&server);
    let on_record = async |count| {
        let all = async || attempts_of(&db, &webhook).await.len() == count;
        until("every endless response is on record", LIMIT, all).await;
    };
    click(&client, WARM_UP).await;
    on_record(WARM_UP).await;
    let before = server.memory_kib("VmHWM");
    click(&client, STREAMS).await;
    on_record(WARM_UP + STREAMS).await;
    let after = server.memory_kib("VmHWM");

    println!("figure: {STREAMS} endless responses on {}: memory {before} KiB before, {after} KiB at most", db.engine());
    assert!(after.saturating_sub(before) <= GROWTH_KIB_MAX, "memory grew from {before} to {after} KiB");
    for attempt in attempts_of(&db, &webhook).await {
        let Logged { status, problem, answer_bytes, .. } = &attempt;
        assert_eq!((*status, problem.as_deref(), *answer_bytes), (Some(200), None, LOGGED_BYTES), "{attempt:?}");
    }
    let seen = endless.seen().requests.len();
    assert_eq!(seen, WARM_UP + STREAMS, "what has answered 200 is asked once");
    drop(db);
    server.end().await;
}

async fn answers_that_never_end_well_are_failures_and_tried_again(server: Server) {
    let mut server = server.set("AURIX_RETRY_SCHEDULE", "1s,1s,1s");
    let shop = Shop::open(&server).await;
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\nx: ";
    // The words of the failure, and whether it takes all the time there is.
    let hostile = [
        (vec![say(long), Step::Drip(b"a")], "reading the response's body took longer than allowed (15s in all)", true),
        (vec![Step::Hang], "waiting for the response took longer than allowed (15s in all)", true),
        (vec![say(long), say("12345"), Step::Reset], "the connection was reset before the response had ended", false),
        (vec![say(long), say("12345"), Step::Close], "the connection was closed before the response had ended", false),
        (vec![say(head), Step::SayForever(CHUNK)], "", false),
    ];
    let mut receivers = Vec::new();
    for (steps, words, is_slow) in hostile {
        let receiver = RawReceiver::start(steps).await;
        receivers.push((shop.webhook_to(&server, &receiver.url()), receiver, words, is_slow));
    }
    let healthy = Sink::start(Pace::AtOnce).await;
    shop.webhook(&server, &healthy);
    let db = server.rows().await;
    server.start_ready().await;
    click(&shop.client(&server), EVENTS).await;
    healthy.received(EVENTS, LIMIT).await;

    for (webhook, receiver, words, is_slow) in &receivers {
        let tried_again = async || receiver.seen().requests.len() > EVENTS;
        until(&format!("what failed is tried again ({words})"), LIMIT, tried_again).await;
        let attempts = attempts_of(&db, webhook).await;
        for attempt in &attempts[..EVENTS] {
            let problem = attempt.problem.as_deref().unwrap_or_default();
            assert!(!problem.is_empty() && problem.starts_with(words), "{attempt:?}");
            assert_eq!(attempt.duration_ms >= ATTEMPT_MS, *is_slow, "{attempt:?}");
        }
    }
    assert_eq!(healthy.receipts().len(), EVENTS, "a healthy endpoint gets each event once");
    drop(db);
    server.end().await;
}

async fn click(client: &ShopClient, times: usize) {
    const AT_ONCE: usize = 20;
    let mut left = times;
    while left > 0 {
        let now = left.min(AT_ONCE);
        let clicks = (0..now).map(|_| client.click("d1", "https://shop.example/"));
        for response in futures_util::future::join_all(clicks).await {
            response.expect("a response");
        }
        left -= now;
    }
}
