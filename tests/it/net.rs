//! Deliveries over real sockets: what the responses of good, bad and hostile receivers mean, and where a request may go.

mod addresses;
mod broken;
mod connections;
pub mod raw_receiver;
mod responses;
mod tls;

use std::time::Duration;

use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::ids::ProjectId;
use aurix::net::{AddressPolicy, Client, Method, Options, Request, Resolver};
use aurix::outbound::{Attempt, Delivery, post};
use bytes::Bytes;

/// Long enough for everything that responds, on any machine.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Short, for receivers that would never end.
const SHORT_TIMEOUT: Duration = Duration::from_millis(300);

/// May reach `127.0.0.1`, and no other address that is not public.
fn one_address() -> AddressPolicy {
    AddressPolicy { allow_networks: vec!["127.0.0.1/32".parse().expect("a network")], allow_http: true }
}

fn client() -> Client {
    Client::new(one_address(), Resolver::System, Options::default())
}

fn request(url: &str, timeout: Duration) -> Request {
    let body = Bytes::from_static(b"{}");
    Request { method: Method::POST, url: url.into(), headers: vec![], body, timeout, response_bytes_max: 65_536 }
}

fn delivery(url: &str, timeout: Duration) -> Delivery<'_> {
    Delivery {
        project: ProjectId(1),
        url,
        event_id: "evt_1",
        body: Bytes::from_static(br#"{"event_type":"widget.click"}"#),
        secret: "aurix_secret",
        previous_secret: None,
        headers: &[],
        now: "2024-01-23T10:30:00Z".parse().expect("a time"),
        timeout,
    }
}

async fn deliver(url: &str) -> Attempt {
    post(&client(), &delivery(url, TIMEOUT)).await
}

/// Why an attempt failed; it must have.
fn why(attempt: &Attempt) -> &str {
    match &attempt.outcome {
        AttemptOutcome::Failed { error, .. } => error,
        other => panic!("expected a failure, got {other:?}"),
    }
}
