//! SIGTERM in the middle of it all.

use std::time::Duration;

use aurix::domain::random::Random;

use super::ledger::{self, Lost, count};
use super::load::Load;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, on_both_engines};

/// What a stop may take in all (contract, section 8), and a moment more for a busy machine.
const STOP_LIMIT: Duration = Duration::from_secs(22);
/// What a stop may take where everybody answers at once, on a busy machine. It is meant to take less than 2 s.
const QUICK_STOP_LIMIT: Duration = Duration::from_secs(10);
/// What the endpoint takes to respond: a stop has to wait for it.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(1_500);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(120);
/// Answers before and after the stop.
const ANSWERS: usize = 150;

on_both_engines! {
    a_stop_ends_what_is_in_flight_and_loses_nothing
    a_stop_under_load_is_quick_and_keeps_what_waits_to_be_tried_again
}

async fn a_stop_ends_what_is_in_flight_and_loses_nothing(mut server: Server) {
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, Random::from_system())).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;

    let load = Load::start(&Random::from_system(), || shop.client(&server));
    server.start();
    load.answered(ANSWERS, ANSWER_LIMIT).await;
    let status = server.stop(STOP_LIMIT).await;
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(ledger::in_flight(&db).await, Lost::new(), "every attempt that was begun is on record");
    server.start();
    load.answered(ANSWERS, ANSWER_LIMIT).await;
    let book = load.end().await;
    ledger::nothing_is_due(&db, END_LIMIT).await;

    assert_eq!(book.half_responses, Vec::<String>::new());
    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    let stored = count(&db, "SELECT COUNT(*) FROM clicks").await;
    assert_eq!(stored, i64::try_from(book.clicked.len()).expect("few"), "whoever's click is stored was answered");
    assert_eq!(ledger::check_deliveries(&db, &sink, &Lost::new()).await, 0, "nothing comes twice");
    ledger::check_order(&db, &sink).await;
    drop(db);
    server.end().await;
}

async fn a_stop_under_load_is_quick_and_keeps_what_waits_to_be_tried_again(server: Server) {
    let mut server = server.set("AURIX_RETRY_SCHEDULE", "5s,1s,1s,1s");
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::AtOnce).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;
    sink.refuse(true);

    let load = Load::start(&Random::from_system(), || shop.client(&server));
    server.start();
    load.answered(ANSWERS, ANSWER_LIMIT).await;
    let signalled = now();
    let status = server.stop(STOP_LIMIT).await;
    let stopped = signalled.elapsed();
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(ledger::in_flight(&db).await, Lost::new(), "every attempt that was begun is on record");
    let waiting = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending' AND tried AND due_at IS NOT NULL";
    let waiting = count(&db, waiting).await;
    assert!(waiting > 0, "what was refused waits to be tried again");
    sink.refuse(false);
    server.start();
    load.answered(ANSWERS, ANSWER_LIMIT).await;
    let book = load.end().await;
    ledger::nothing_is_due(&db, END_LIMIT).await;

    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    let stored = count(&db, "SELECT COUNT(*) FROM clicks").await;
    assert_eq!(stored, i64::try_from(book.clicked.len()).expect("few"), "whoever's click is stored was answered");
    let refused = ledger::failed(&db).await;
    assert_eq!(ledger::check_deliveries(&db, &sink, &refused).await, refused.len(), "what was refused came again");
    assert_eq!(count(&db, "SELECT COUNT(*) FROM deliveries WHERE status <> 'delivered'").await, 0);
    println!(
        "figure: SIGTERM under load on {}: ended after {} ms; {waiting} deliveries that waited to be tried again were kept",
        db.engine(),
        stopped.as_millis()
    );
    assert!(stopped < QUICK_STOP_LIMIT, "the stop took {stopped:?}");
    drop(db);
    server.end().await;
}
