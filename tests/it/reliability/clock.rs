//! The machine's clock is stepped an hour forth, and back, under load.

use std::time::Duration;

use aurix::domain::random::Random;
use aurix::domain::time::SignedDuration;
use aurix::net::Resolver;

use super::ledger::{self, count};
use super::load::Load;
use super::node::{Node, going_clock};
use super::on_both_engines;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use crate::support::START;

/// Answers before and after each step.
const ANSWERS: usize = 100;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// What the endpoint takes to respond: something is in flight at each step.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(60);
/// What can have been in flight at the three steps forth.
const IN_FLIGHT_MAX: usize = 3 * 64;
const LIMIT: Duration = Duration::from_secs(60);

on_both_engines! { a_clock_that_is_stepped_loses_nothing }

async fn a_clock_that_is_stepped_loses_nothing(server: Server) {
    let clock = going_clock(START.parse().expect("a time"));
    let node = Node::start(&server, clock.clone(), Resolver::System, "1s,1s,1s").await;
    let shop = Shop::open(&server).await;
    let random = Random::from_system();
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, random.clone())).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;
    let load = Load::start(&random, || shop.client(&server));
    for step in [HOUR, -HOUR, -HOUR, HOUR] {
        load.answered(ANSWERS, LIMIT).await;
        clock.advance(step);
        let came = sink.receipts().len();
        sink.received(came + 1, LIMIT).await;
    }
    load.answered(ANSWERS, LIMIT).await;
    let book = load.end().await;
    // What fell due in the hour that was taken back is done when that hour has come.
    clock.advance(HOUR);
    ledger::nothing_is_due(&db, LIMIT).await;

    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    // A step forth ends the leases of what is in flight.
    let mut lost = ledger::unsettled(&db).await;
    lost.extend(ledger::overtaken(&db).await);
    assert!(lost.len() <= IN_FLIGHT_MAX, "{} were in flight", lost.len());
    let again = ledger::check_deliveries(&db, &sink, &lost).await;
    ledger::check_order(&db, &sink).await;
    assert_eq!(count(&db, "SELECT COUNT(*) FROM deliveries WHERE status <> 'delivered'").await, 0);
    println!(
        "figure: a clock stepped an hour forth and back twice on {}: {} clicks and {} messages answered, all delivered, \
         {again} of {} again",
        db.engine(),
        book.clicked.len(),
        book.written.len(),
        sink.receipts().len()
    );
    node.stop().await;
    drop(db);
    server.end().await;
}
