//! SIGTERM in the middle of it all.

use std::time::Duration;

use aurix::domain::random::Random;

use super::ledger::{self, Lost};
use super::load::Load;
use super::on_both_engines;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};

/// What a stop may take in all (contract, section 8), and a moment for a busy machine to tell.
const STOP_LIMIT: Duration = Duration::from_secs(22);
/// What the endpoint takes to answer: a stop has to wait for it.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(1_500);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(120);
/// Answers before and after the stop.
const ANSWERS: usize = 150;

on_both_engines! { a_stop_ends_what_is_in_flight_and_loses_nothing }

async fn a_stop_ends_what_is_in_flight_and_loses_nothing(mut server: Server) {
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, Random::from_system())).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;

    let load = Load::start(&Random::from_system(), || shop.doors(&server));
    server.start();
    load.answered(ANSWERS, ANSWER_LIMIT).await;
    let status = server.stop(STOP_LIMIT).await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(ledger::in_flight(&db).await, Lost::new(), "every attempt that was begun is on record");
    server.start();
    load.answered(ANSWERS, ANSWER_LIMIT).await;
    let book = load.end().await;
    ledger::nothing_is_due(&db, END_LIMIT).await;

    assert_eq!(book.half_answers, Vec::<String>::new());
    ledger::check_presses(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    assert_eq!(ledger::check_deliveries(&db, &sink, &Lost::new()).await, 0, "nothing comes twice");
    ledger::check_order(&db, &sink).await;
    drop(db);
    server.end().await;
}
