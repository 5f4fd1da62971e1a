//! Answers that end properly: what is sent, and what each status means.

use std::time::Duration;

use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::retry::RetryAfter;
use aurix::domain::signature::{verify_hub, verify_standard_webhooks};
use aurix::outbound::{Delivery, USER_AGENT, post};

use super::raw_receiver::{RawReceiver, ok, say};
use super::{TIMEOUT, client, deliver, delivery, why};

#[tokio::test]
async fn a_delivery_is_signed_and_says_who_it_is_from() {
    let receiver = RawReceiver::start([ok()]).await;
    let custom = [("Authorization".to_owned(), "Bearer mine".to_owned())];
    let url = receiver.url();
    let attempt = post(&client(), &Delivery { headers: &custom, ..delivery(&url, TIMEOUT) }).await;
    assert_eq!(
        (attempt.status, attempt.outcome, attempt.response_body.as_str()),
        (Some(200), AttemptOutcome::Delivered, "ok")
    );
    assert_eq!(attempt.response_headers, [("content-length".to_owned(), "2".to_owned())]);

    let request = receiver.seen().requests[0].clone();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or("(none)");
    assert!(head.starts_with("POST /hook?site=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, r#"{"event_type":"widget.click"}"#);
    assert_eq!(header("host"), format!("127.0.0.1:{}", receiver.port));
    assert_eq!((header("content-type"), header("user-agent")), ("application/json", USER_AGENT));
    assert_eq!(header("accept"), "*/*");
    assert_eq!((header("content-length"), header("authorization")), ("29", "Bearer mine"));
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), ("evt_1", "1706005800"));
    assert!(verify_hub("aurix_secret", body.as_bytes(), header("x-hub-signature")));
    let signature = header("webhook-signature");
    assert!(verify_standard_webhooks("aurix_secret", "evt_1", 1_706_005_800, body.as_bytes(), signature));
    assert!(!head.contains("accept-encoding"), "an answer must come as it is: {head}");
}

#[tokio::test]
async fn the_log_does_not_show_what_custom_headers_say() {
    let receiver = RawReceiver::start([ok()]).await;
    let custom = [("Authorization".to_owned(), "Bearer mine".to_owned())];
    let url = receiver.url();
    let attempt = post(&client(), &Delivery { headers: &custom, ..delivery(&url, TIMEOUT) }).await;
    let headers = attempt.sent.headers("evt_1", jiff::Timestamp::from_second(1_706_005_800).expect("a time"));
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let own = "content-type user-agent accept x-hub-signature webhook-id webhook-timestamp webhook-signature";
    assert_eq!(names.join(" "), format!("{own} Authorization"));
    assert_eq!(headers[7].1, "••••••");
    assert_eq!(headers[4].1, "evt_1");
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    for status in [200, 201, 202, 204, 299] {
        let receiver = RawReceiver::start([say(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))]).await;
        assert_eq!(deliver(&receiver.url()).await.outcome, AttemptOutcome::Delivered, "{status}");
    }
    for status in [400, 401, 404, 409, 411, 429, 500, 503, 599, 999] {
        let receiver = RawReceiver::start([say(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"))]).await;
        let attempt = deliver(&receiver.url()).await;
        assert_eq!((why(&attempt), attempt.status), (format!("the receiver answered {status}").as_str(), Some(status)));
    }
    let receiver = RawReceiver::start([say("HTTP/1.1 410 Gone\r\ncontent-length: 3\r\n\r\nbye")]).await;
    let attempt = deliver(&receiver.url()).await;
    assert_eq!((attempt.outcome, attempt.response_body.as_str()), (AttemptOutcome::Gone, "bye"));
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_nobody_goes_there() {
    let elsewhere = RawReceiver::start([ok()]).await;
    for status in [300, 301, 302, 303, 307, 308] {
        let location = elsewhere.url();
        let response = format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let attempt = deliver(&RawReceiver::start([say(&response)]).await.url()).await;
        let expected =
            format!("the receiver answered {status} and redirects to {location}; redirects are not followed");
        assert_eq!(why(&attempt), expected);
    }
    for (location, shown) in [("", None), (&*format!("location: /{}\r\n", "a".repeat(600)), Some("a".repeat(499)))] {
        let response = format!("HTTP/1.1 301 X\r\n{location}content-length: 0\r\n\r\n");
        let attempt = deliver(&RawReceiver::start([say(&response)]).await.url()).await;
        let to = shown.map(|shown| format!(" and redirects to /{shown}")).unwrap_or_default();
        assert_eq!(why(&attempt), format!("the receiver answered 301{to}; redirects are not followed"));
    }
    assert_eq!(elsewhere.seen().connections, 0);
}

#[tokio::test]
async fn a_receiver_that_is_busy_may_ask_for_time() {
    let asked = async |status: u16, value: &str| {
        let response = format!("HTTP/1.1 {status} X\r\nRetry-After: {value}\r\ncontent-length: 0\r\n\r\n");
        match deliver(&RawReceiver::start([say(&response)]).await.url()).await.outcome {
            AttemptOutcome::Failed { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(asked(429, "120").await, Some(RetryAfter::Wait(Duration::from_secs(120))));
    let until = RetryAfter::Until("2015-10-21T07:28:00Z".parse().unwrap());
    assert_eq!(asked(503, "Wed, 21 Oct 2015 07:28:00 GMT").await, Some(until));
    assert_eq!(asked(503, "whenever").await, None);
    assert_eq!(asked(500, "120").await, None);
    assert_eq!(asked(302, "120").await, None);
}

#[tokio::test]
async fn an_answer_may_be_chunked_or_end_with_its_connection() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let attempt = deliver(&RawReceiver::start([say(chunked)]).await.url()).await;
    assert_eq!((attempt.outcome, attempt.response_body.as_str()), (AttemptOutcome::Delivered, "abcde"));
    let closing = [say("HTTP/1.1 200 OK\r\n\r\nabc"), super::raw_receiver::Step::Close];
    let attempt = deliver(&RawReceiver::start(closing).await.url()).await;
    assert_eq!((attempt.outcome, attempt.response_body.as_str()), (AttemptOutcome::Delivered, "abc"));
    let early = say("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(deliver(&RawReceiver::start([early]).await.url()).await.status, Some(204));
}

#[tokio::test]
async fn the_log_keeps_the_beginning_of_a_long_answer() {
    let response = [b"HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n".to_vec(), vec![0xff; 20_000]].concat();
    let attempt = deliver(&RawReceiver::start([super::raw_receiver::Step::Say(response)]).await.url()).await;
    assert_eq!(attempt.outcome, AttemptOutcome::Delivered);
    assert_eq!(attempt.response_body, "\u{fffd}".repeat(16 * 1024 / 3));
}
