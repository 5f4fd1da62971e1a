//! DNS fails for a while: what could not be delivered is tried again, and arrives when names are found again.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aurix::domain::time::Clock;
use aurix::net::Resolver;

use super::ledger::{self, attempts_of, count};
use super::node::Node;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, on_both_engines, until};

const EVENTS: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

on_both_engines! { names_that_are_not_found_are_looked_up_again }

async fn names_that_are_not_found_are_looked_up_again(server: Server) {
    let works = Arc::new(AtomicBool::new(false));
    let responses = works.clone();
    let resolver = Resolver::scripted(move |_| {
        let failure = || std::io::Error::other("Temporary failure in name resolution");
        if responses.load(Ordering::SeqCst) { Ok(vec![IpAddr::from([127, 0, 0, 1])]) } else { Err(failure()) }
    });
    let node = Node::start(&server, Clock::System, resolver, "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s").await;
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::AtOnce).await;
    let webhook = shop.webhook_to(&server, &sink.url.replace("127.0.0.1", "hooks.shop.example"));
    let db = server.rows().await;
    let client = shop.client(&server);
    let clicks = (0..EVENTS).map(|_| client.click("d1", "https://shop.example/"));
    for response in futures_util::future::join_all(clicks).await {
        response.expect("a response");
    }
    let tried = "SELECT COUNT(*) FROM deliveries WHERE tried";
    until("every delivery is tried", LIMIT, async || count(&db, tried).await == EVENTS as i64).await;
    for attempt in attempts_of(&db, &webhook).await {
        let problem = attempt.problem.as_deref().unwrap_or_default();
        assert!(problem.contains("hooks.shop.example") && attempt.status.is_none(), "{attempt:?}");
    }
    works.store(true, Ordering::SeqCst);
    let back = now();
    sink.received(EVENTS, LIMIT).await;
    println!(
        "figure: DNS back to the last of {EVENTS} deliveries on {}: {} ms",
        db.engine(),
        back.elapsed().as_millis()
    );
    ledger::nothing_is_due(&db, LIMIT).await;
    assert_eq!(count(&db, "SELECT COUNT(*) FROM deliveries WHERE status <> 'delivered'").await, 0);
    assert_eq!(sink.receipts().len(), EVENTS, "nothing comes twice");
    node.stop().await;
    drop(db);
    server.end().await;
}
