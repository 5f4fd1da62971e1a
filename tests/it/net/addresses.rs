//! The address guard where it counts: at the moment of connecting, whatever a URL or a name server says.

use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aurix::net::{AddressPolicy, Cause, Client, Options, Resolver};

use super::raw_receiver::{RawReceiver, ok, say};
use super::{SHORT_TIMEOUT, TIMEOUT, client, one_address, request};

/// A client whose names resolve to these addresses.
fn resolving(policy: AddressPolicy, addresses: &'static [&'static str]) -> Client {
    let resolver =
        Resolver::scripted(move |_| Ok(addresses.iter().map(|text| text.parse().expect("an address")).collect()));
    Client::new(policy, resolver, Options::default())
}

#[tokio::test]
async fn an_address_in_any_spelling_is_not_connected_to() {
    let receiver = RawReceiver::start([ok()]).await;
    let strict = AddressPolicy { allow_networks: vec![], allow_http: true };
    let client = Client::new(strict, Resolver::System, Options::default());
    let hosts = "127.0.0.1 127.1 0x7f000001 2130706433 0177.0.0.1 0x7f.1 [::ffff:127.0.0.1] [::ffff:7f00:1] localhost \
        LOCALHOST. a.localhost 0.0.0.0 0 [::] [::1] １２７.0.0.1 %31%32%37.0.0.1";
    for host in hosts.split_whitespace() {
        let failed = client.send(request(&format!("http://{host}:{}/", receiver.port), TIMEOUT)).await.unwrap_err();
        assert!(matches!(failed.cause, Cause::NotAllowed { .. }) && failed.never_sent(), "{host}: {failed:?}");
    }
    assert_eq!(receiver.seen().connections, 0);
}

#[tokio::test]
async fn a_name_that_leads_to_an_address_that_is_not_public_is_not_connected_to() {
    let receiver = RawReceiver::start([ok()]).await;
    for addresses in [
        &["127.0.0.1"] as &[_],
        &["::ffff:127.0.0.1"],
        &["::1"],
        &["10.0.0.1", "192.168.1.1"],
        &["169.254.169.254"],
        &["fd00:ec2::254"],
        &["100.100.100.200"],
        &["64:ff9b::7f00:1", "2002:7f00:1::1"],
        &["0.0.0.0", "::"],
    ] {
        let strict = AddressPolicy { allow_networks: vec![], allow_http: true };
        let url = format!("http://hooks.example:{}/", receiver.port);
        let failed = resolving(strict, addresses).send(request(&url, TIMEOUT)).await.unwrap_err();
        assert!(matches!(failed.cause, Cause::NotAllowed { .. }) && failed.never_sent(), "{addresses:?}: {failed:?}");
        assert_eq!(failed.to_string(), no_address("hooks.example"), "the address is not in the error");
    }
    assert_eq!(receiver.seen().connections, 0);
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_are_tried() {
    let allowed = RawReceiver::start([ok()]).await;
    let forbidden = RawReceiver::start_at(&format!("127.0.0.2:{}", allowed.port), vec![ok()]).await;
    let url = format!("http://hooks.example:{}/", allowed.port);
    let client = resolving(one_address(), &["127.0.0.2", "10.0.0.1", "127.0.0.1", "::1"]);
    assert_eq!(client.send(request(&url, TIMEOUT)).await.unwrap().status, 200);
    assert_eq!((allowed.seen().connections, forbidden.seen().connections), (1, 0));
    assert!(allowed.seen().requests[0].contains(&format!("\r\nhost: hooks.example:{}\r\n", allowed.port)));
}

#[tokio::test]
async fn an_address_that_does_not_answer_gives_way_to_the_next() {
    let receiver = RawReceiver::start([ok()]).await;
    let url = format!("http://hooks.example:{}/", receiver.port);
    let loopbacks = AddressPolicy { allow_networks: vec!["127.0.0.0/8".parse().unwrap()], allow_http: true };
    let client = resolving(loopbacks, &["127.0.0.9", "127.0.0.1"]);
    assert_eq!(client.send(request(&url, TIMEOUT)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_caught_when_it_is_looked_up_again() {
    let first = RawReceiver::start([say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")]).await;
    let second = RawReceiver::start_at(&format!("127.0.0.2:{}", first.port), vec![ok()]).await;
    let asked = AtomicUsize::new(0);
    let resolver = Resolver::scripted(move |_| {
        let times = asked.fetch_add(1, Ordering::Relaxed);
        Ok(vec![IpAddr::from([127, 0, 0, if times == 0 { 1 } else { 2 }])])
    });
    let options = Options { names_cached_for: Duration::ZERO, ..Options::default() };
    let client = Client::new(one_address(), resolver, options);
    let url = format!("http://rebinding.example:{}/", first.port);
    assert_eq!(client.send(request(&url, TIMEOUT)).await.unwrap().status, 200);
    let failed = client.send(request(&url, TIMEOUT)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::NotAllowed { .. }), "{failed:?}");
    assert_eq!((first.seen().connections, second.seen().connections), (1, 0));
}

/// What an error says of a name, whether it is private or there is none.
fn no_address(host: &str) -> String {
    format!("{host} has no public address (the operator can allow networks with AURIX_ALLOW_NETWORKS)")
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_as_a_private_one_is() {
    let resolver = Resolver::scripted(|_| Err(io::Error::other("Name or service not known")));
    let client = Client::new(one_address(), resolver, Options::default());
    let failed = client.send(request("http://nowhere.example/", TIMEOUT)).await.unwrap_err();
    assert!(
        matches!(&failed.cause, Cause::Dns { why, .. } if why == "Name or service not known") && failed.never_sent()
    );
    assert_eq!(failed.to_string(), no_address("nowhere.example"));
    let failed = resolving(one_address(), &[]).send(request("http://nowhere.example/", TIMEOUT)).await.unwrap_err();
    assert_eq!(failed.to_string(), no_address("nowhere.example"));
    let failed = resolving(one_address(), &["10.0.0.1"]).send(request("http://nowhere.example/", TIMEOUT)).await;
    assert_eq!(failed.unwrap_err().to_string(), no_address("nowhere.example"));
}

#[tokio::test]
async fn a_silent_name_server_is_not_waited_for_until_the_deadline() {
    let (_hold, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let resolver = Resolver::scripted(move |_| {
        let _ = held.lock().map(|held| held.recv());
        Err(io::Error::other("silent"))
    });
    let options = Options { lookup_timeout: SHORT_TIMEOUT, ..Options::default() };
    let client = Client::new(one_address(), resolver, options);
    let failed = client.send(request("http://silent.example/", TIMEOUT)).await.unwrap_err();
    assert!(failed.never_sent() && failed.duration < TIMEOUT, "{failed:?}");
    assert_eq!(failed.to_string(), "looking up the name silent.example took longer than allowed (300ms)");
}

#[tokio::test]
async fn a_name_that_has_moved_is_looked_up_again_after_the_first_failure() {
    let receiver = RawReceiver::start([ok()]).await;
    let asked = AtomicUsize::new(0);
    let resolver = Resolver::scripted(move |_| {
        let times = asked.fetch_add(1, Ordering::Relaxed);
        Ok(vec![IpAddr::from([127, 0, 0, if times == 0 { 9 } else { 1 }])])
    });
    let loopbacks = AddressPolicy { allow_networks: vec!["127.0.0.0/8".parse().unwrap()], allow_http: true };
    let client = Client::new(loopbacks, resolver, Options { names_cached_for: TIMEOUT, ..Options::default() });
    let url = format!("http://moving.example:{}/", receiver.port);
    assert!(matches!(client.send(request(&url, TIMEOUT)).await.unwrap_err().cause, Cause::Connect(_)));
    assert_eq!(client.send(request(&url, TIMEOUT)).await.unwrap().status, 200);
}

#[tokio::test]
async fn plain_http_needs_the_operators_leave() {
    let strict = AddressPolicy { allow_http: false, ..one_address() };
    let receiver = RawReceiver::start([ok()]).await;
    let strict = Client::new(strict, Resolver::System, Options::default());
    let failed = strict.send(request(&receiver.url(), TIMEOUT)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::Target(_)), "{failed:?}");
    assert_eq!(receiver.seen().connections, 0);
    assert_eq!(client().send(request(&receiver.url(), TIMEOUT)).await.unwrap().status, 200);
}
