//! Connections: kept for the next request, dropped when they are no good, never too many.

use std::time::Duration;

use aurix::net::{Cause, Client, Options, Resolver};
use tokio::task::JoinSet;

use super::raw_receiver::{RawReceiver, Step, ok, say};
use super::{TIMEOUT, client, one_address, request};

/// Waits until the client keeps this many connections.
async fn until_idle(client: &Client, connections: usize) {
    let waiting = async {
        while client.idle_connections() != connections {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, waiting).await.expect("connections should become idle, or close");
}

#[tokio::test]
async fn requests_to_one_origin_share_a_connection() {
    let receiver = RawReceiver::start([ok()]).await;
    let client = client();
    for _ in 0..20 {
        assert_eq!(client.send(request(&receiver.url(), TIMEOUT)).await.unwrap().status, 200);
    }
    assert_eq!((receiver.seen().requests.len(), receiver.seen().connections), (20, 1));
    let other_name = receiver.url().replace("127.0.0.1", "localhost");
    assert_eq!(client.send(request(&other_name, TIMEOUT)).await.unwrap().status, 200);
    assert_eq!(receiver.seen().connections, 2);
}

#[tokio::test]
async fn a_receiver_that_wants_its_connection_closed_gets_its_way() {
    let receiver = RawReceiver::start([say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")]).await;
    let client = client();
    for served in 1..=3 {
        assert_eq!(client.send(request(&receiver.url(), TIMEOUT)).await.unwrap().status, 200);
        receiver.ended(served).await;
    }
    assert_eq!((receiver.seen().requests.len(), receiver.seen().connections), (3, 3));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_nothing() {
    let receiver = RawReceiver::start([ok(), Step::Close]).await;
    let client = client();
    for served in 1..=3 {
        assert_eq!(client.send(request(&receiver.url(), TIMEOUT)).await.unwrap().status, 200);
        receiver.ended(served).await;
        until_idle(&client, 0).await;
    }
    assert_eq!((receiver.seen().requests.len(), receiver.seen().connections), (3, 3));
}

#[tokio::test]
async fn a_reused_connection_that_ends_unanswered_is_replaced_within_the_same_request() {
    for step in [Step::RefuseNext, Step::CutNext(b"")] {
        let receiver = RawReceiver::start([ok(), step]).await;
        let client = client();
        for served in 1..=5 {
            assert_eq!(client.send(request(&receiver.url(), TIMEOUT)).await.unwrap().status, 200);
            assert_eq!(receiver.seen().connections, served);
            until_idle(&client, 1).await;
        }
    }
}

#[tokio::test]
async fn a_request_goes_again_only_where_nothing_was_answered_and_it_may() {
    let check = async |client: Client, steps: Vec<Step>, answered: usize, connections: usize| {
        let receiver = RawReceiver::start(steps).await;
        for _ in 0..answered {
            assert_eq!(client.send(request(&receiver.url(), TIMEOUT)).await.unwrap().status, 200);
        }
        let failed = client.send(request(&receiver.url(), TIMEOUT)).await.unwrap_err();
        assert!(matches!(failed.cause, Cause::Cut) && !failed.never_sent(), "{failed:?}");
        assert_eq!((receiver.seen().requests.len(), receiver.seen().connections), (answered + 1, connections));
    };
    // A byte of a response has come; the connection is fresh; a second copy would do harm.
    check(client(), vec![ok(), Step::CutNext(b"H")], 1, 1).await;
    check(client(), vec![Step::Close], 0, 1).await;
    let once = Options { resend_unanswered: false, ..Options::default() };
    check(Client::new(one_address(), Resolver::System, once), vec![ok(), Step::CutNext(b"")], 1, 1).await;
}

#[tokio::test]
async fn an_irregular_head_does_not_undo_a_success_but_its_connection_is_not_used_again() {
    let cookies = format!("set-cookie: {}\r\n", "c".repeat(300)).repeat(120);
    for head in ["x: folded\r\n over\r\n\tlines\r\n", "no header\r\n", "x y: z\r\n", "x: \u{1}\r\n", &cookies] {
        let receiver =
            RawReceiver::start([say(&format!("HTTP/1.1 200 OK\r\n{head}content-length: 2\r\n\r\nok"))]).await;
        let client = client();
        for served in 1..=2 {
            let response = client.send(request(&receiver.url(), TIMEOUT)).await.unwrap();
            assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]), "{head:?}");
            assert_eq!((receiver.seen().connections, client.idle_connections()), (served, 0), "{head:?}");
            let is_whole = response.header("x").is_none_or(|value| value.ends_with("lines") || value == "\u{1}");
            assert!(is_whole, "{:?}", response.headers);
        }
    }
    let spaced = RawReceiver::start([say("HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok")]).await;
    assert_eq!(client().send(request(&spaced.url(), TIMEOUT)).await.unwrap().body, "ok");
}

#[tokio::test]
async fn idle_connections_are_few_and_close_by_themselves() {
    let receiver = RawReceiver::start([ok()]).await;
    let options = Options { idle_per_origin_max: 3, idle_for_max: Duration::from_millis(50), ..Options::default() };
    let client = Client::new(one_address(), Resolver::System, options);
    let mut posts = JoinSet::new();
    for _ in 0..10 {
        let (client, request) = (client.clone(), request(&receiver.url(), TIMEOUT));
        posts.spawn(async move { client.send(request).await.unwrap().status });
    }
    assert_eq!(posts.join_all().await, [200; 10]);
    assert!(client.idle_connections() <= 3, "{}", client.idle_connections());
    let opened = receiver.seen().connections;
    receiver.ended(opened).await;
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn idle_connections_of_all_origins_together_have_a_limit() {
    let client = Client::new(one_address(), Resolver::System, Options { idle_max: 2, ..Options::default() });
    let mut receivers = Vec::new();
    for _ in 0..4 {
        let receiver = RawReceiver::start([ok()]).await;
        client.send(request(&receiver.url(), TIMEOUT)).await.unwrap();
        receivers.push(receiver);
    }
    assert_eq!(client.idle_connections(), 2);
    for (receiver, over) in receivers.iter().zip([1, 1, 0, 0]) {
        receiver.ended(over).await;
        assert_eq!(receiver.seen().ended, over);
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_told_at_once() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failed = client().send(request(&format!("http://{free}/"), TIMEOUT)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::Connect(_)) && failed.never_sent());
    assert_eq!(failed.to_string(), "no connection: connection refused");
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_stops_the_request() {
    let receiver = RawReceiver::start([ok()]).await;
    let mut bad = request(&receiver.url(), TIMEOUT);
    bad.headers.push(("x-a".into(), "b\r\nhost: evil".into()));
    let failed = client().send(bad).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::Request(_)) && failed.never_sent(), "{failed:?}");
    assert_eq!(receiver.seen().connections, 0);
}
