//! Answers that do not end properly, or never: each is a failure with its own words, and none holds anything up.

use aurix::domain::delivery::AttemptOutcome;
use aurix::net::{Cause, Request, SendError, Stage};
use aurix::outbound::post;

use super::raw_receiver::{RawReceiver, Step, ok, say};
use super::{SHORT_TIMEOUT, TIMEOUT, client, deliver, delivery, request, why};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const TEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";

async fn failure(steps: impl Into<Vec<Step>>) -> SendError {
    let receiver = RawReceiver::start(steps).await;
    let failed = client().send(request(&receiver.url(), TIMEOUT)).await.expect_err("this must not end well");
    receiver.ended(1).await;
    assert!(!failed.never_sent());
    failed
}

async fn stage_reached(steps: impl Into<Vec<Step>>) -> (Stage, Option<u16>) {
    let receiver = RawReceiver::start(steps).await;
    let failed = client().send(request(&receiver.url(), SHORT_TIMEOUT)).await.expect_err("this must not end well");
    receiver.ended(1).await;
    assert!(failed.duration >= SHORT_TIMEOUT && failed.duration < TIMEOUT, "{:?}", failed.duration);
    match failed.cause {
        Cause::Timeout { during, .. } => (during, failed.status),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whatever_is_slow_ends_at_the_deadline() {
    assert_eq!(stage_reached([Step::Hang]).await, (Stage::Response, None));
    assert_eq!(stage_reached([say("HTTP/1.1 200 OK\r\n"), Step::Hang]).await, (Stage::Response, None));
    assert_eq!(stage_reached([say("HTTP/1.1 200 OK\r\nx: "), Step::Drip(b"y")]).await, (Stage::Response, None));
    assert_eq!(stage_reached([Step::Drip(b"HTTP/1.1 100 Continue\r\n\r\n")]).await, (Stage::Response, None));
    assert_eq!(stage_reached([say(TEN), say("12345"), Step::Hang]).await, (Stage::Body, Some(200)));
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    assert_eq!(stage_reached([say(long), Step::Drip(b"a")]).await, (Stage::Body, Some(200)));
    assert_eq!(stage_reached([say(CHUNKED), Step::Drip(b"1\r\na\r\n")]).await, (Stage::Body, Some(200)));
    assert_eq!(stage_reached([say("HTTP/1.1 200 OK\r\n\r\nabc"), Step::Hang]).await, (Stage::Body, Some(200)));
}

#[tokio::test]
async fn a_deadline_is_told_in_words() {
    let receiver = RawReceiver::start([say(TEN), Step::Hang]).await;
    let attempt = post(&client(), &delivery(&receiver.url(), SHORT_TIMEOUT)).await;
    assert_eq!(why(&attempt), "reading the response's body took longer than allowed (300ms in all)");
    assert_eq!((attempt.status, attempt.response_headers.len()), (Some(200), 1));
    assert!(attempt.duration_ms >= 300, "{}", attempt.duration_ms);
}

#[tokio::test]
async fn a_success_that_is_cut_off_is_no_success() {
    for steps in [
        vec![say(TEN), say("12345"), Step::Close],
        vec![say(CHUNKED), say("5\r\n12345\r\n"), Step::Close],
        vec![say(CHUNKED), say("5\r\n123"), Step::Close],
        vec![say(CHUNKED), say("0\r\n"), Step::Close],
    ] {
        let failed = failure(steps).await;
        assert!(matches!(failed.cause, Cause::Cut), "{failed:?}");
        assert_eq!(failed.status, Some(200));
    }
    for steps in [vec![Step::Close], vec![say("HTTP/1.1 200 OK\r\ncontent-le"), Step::Close]] {
        let failed = failure(steps).await;
        assert!(matches!(failed.cause, Cause::Cut), "{failed:?}");
        assert_eq!(failed.status, None);
    }
}

#[tokio::test]
async fn a_success_that_is_reset_is_no_success() {
    // A reset may overtake what was said before it, so that the status is known only sometimes.
    for steps in [vec![say(TEN), say("12345"), Step::Reset], vec![say(CHUNKED), Step::Reset], vec![Step::Reset]] {
        let failed = failure(steps).await;
        assert!(matches!(failed.cause, Cause::Reset), "{failed:?}");
        assert_eq!(failed.to_string(), "the connection was reset before the response had ended");
    }
}

#[tokio::test]
async fn what_lies_beyond_the_limit_is_not_waited_for() {
    let large = "HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n";
    let full = "a".repeat(64 * 1024);
    for steps in [
        vec![say(CHUNKED), Step::SayForever(b"10\r\n0123456789abcdef\r\n")],
        vec![say("HTTP/1.1 200 OK\r\n\r\n"), Step::SayForever(b"0123456789abcdef")],
        vec![say(large), Step::SayForever(b"0123456789abcdef")],
        vec![say(large), say(&full), Step::Hang],
        vec![say(CHUNKED), say(&format!("10000\r\n{full}\r\n")), Step::Hang],
    ] {
        let receiver = RawReceiver::start(steps).await;
        let response = client().send(request(&receiver.url(), TIMEOUT)).await.unwrap();
        assert_eq!((response.status, response.truncated, response.body.len()), (200, true, 64 * 1024));
        receiver.ended(1).await;
    }
    let exact = format!("HTTP/1.1 200 OK\r\ncontent-length: 65536\r\n\r\n{full}");
    let response = client().send(request(&RawReceiver::start([say(&exact)]).await.url(), TIMEOUT)).await.unwrap();
    assert_eq!((response.truncated, response.body.len()), (false, 64 * 1024));
    let short = RawReceiver::start([say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")]).await;
    let response = client().send(Request { response_bytes_max: 4, ..request(&short.url(), TIMEOUT) }).await.unwrap();
    assert_eq!((response.truncated, response.body.len()), (true, 4));
    let endless = RawReceiver::start([say(CHUNKED), Step::SayForever(b"1\r\na\r\n")]).await;
    assert_eq!(deliver(&endless.url()).await.outcome, AttemptOutcome::Delivered);
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_told_apart() {
    let giant = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(300_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(600));
    for steps in [
        vec![say("SSH-2.0-OpenSSH_9.2p1\r\n"), Step::Hang],
        vec![say("\0\u{1}\u{2}garbage\r\n\r\n"), Step::Hang],
        vec![say("HTTP/1.1 abc OK\r\n\r\n"), Step::Hang],
        vec![say("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"), Step::Hang],
        vec![say("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), Step::Hang],
        vec![say(&giant), Step::Hang],
        vec![say(&many), Step::Hang],
        vec![say("HTTP/1.1 200 OK\r\n"), Step::SayForever(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")],
        vec![say("HTTP/1.1 200 OK\r\nx: "), Step::SayForever(b"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy")],
    ] {
        let failed = failure(steps).await;
        assert!(matches!(failed.cause, Cause::Protocol(_)), "{}", failed.cause);
        assert!(failed.to_string().starts_with("the response is not valid HTTP: "), "{failed}");
    }
    let failed = failure([say(CHUNKED), say("zz\r\nabc\r\n"), Step::Hang]).await;
    assert!(matches!(failed.cause, Cause::Protocol(_)), "{failed:?}");
    assert_eq!(failed.status, Some(200));
}

#[tokio::test]
async fn a_good_answer_with_more_behind_it_counts_but_its_connection_is_not_used_again() {
    let receiver = RawReceiver::start([ok(), say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")]).await;
    let client = client();
    for _ in 0..2 {
        let attempt = post(&client, &delivery(&receiver.url(), TIMEOUT)).await;
        assert_eq!((attempt.outcome, attempt.response_body.as_str()), (AttemptOutcome::Delivered, "ok"));
        receiver.ended(1).await;
    }
    assert_eq!(receiver.seen().connections, 2);
}
