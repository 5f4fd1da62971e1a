//! One of two nodes is frozen, as a machine that is paused, and goes on later.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aurix::domain::random::Random;

use super::database::Database;
use super::ledger;
use super::load::Load;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, pause, signal, until};

/// How long begun work is left to a node that is frozen.
const LEASE: &str = "8s";
/// How long it is frozen: longer than its leases, and than PostgreSQL waits for it in the middle of a transaction.
const FROZEN_FOR: Duration = Duration::from_secs(12);
/// Answers before and after.
const ANSWERS: usize = 60;
/// What the endpoint takes to respond: something is in flight when the node stops.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(60);
/// From the click to its reference: a click that one node has spooled is unknown to the other until it is replayed.
const READING: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_holds_up_nobody_and_loses_nothing() {
    let database = Database::on_shared_server().await;
    let node = || Server::new(Some(database.clone())).set("AURIX_LEASE", LEASE);
    let mut nodes = [node(), node()];
    let shop = Shop::open(&nodes[0]).await;
    let random = Random::from_system();
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, random.clone())).await;
    shop.webhook(&nodes[0], &sink);
    let db = nodes[0].rows().await;
    for node in &mut nodes {
        node.start_ready().await;
    }
    let turn = AtomicUsize::new(0);
    let load = Load::of_readers(&random, READING, || shop.client(&nodes[turn.fetch_add(1, Ordering::Relaxed) % 2]));

    load.answered(ANSWERS, LIMIT).await;
    signal("STOP", &[nodes[1].pid()]);
    let stopped = now();
    let came = sink.receipts().len();
    pause(FROZEN_FOR.saturating_sub(stopped.elapsed())).await;
    let meanwhile = sink.receipts().len() - came;
    assert!(meanwhile > ANSWERS, "{meanwhile} events came by the other node");
    signal("CONT", &[nodes[1].pid()]);
    load.answered(ANSWERS, LIMIT).await;
    let book = load.end().await;
    let spools = nodes.each_ref().map(|node| node.data_dir.join("click-spool.jsonl"));
    until("every spooled click is stored", LIMIT, async || spools.iter().all(|file| !file.exists())).await;
    ledger::nothing_is_due(&db, LIMIT).await;

    assert_eq!(book.half_responses, Vec::<String>::new());
    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    // What was in flight is made again when its lease has run out, or has failed by then.
    let mut lost = ledger::unsettled(&db).await;
    lost.extend(ledger::overtaken(&db).await);
    lost.extend(ledger::failed(&db).await);
    let again = ledger::check_deliveries(&db, &sink, &lost).await;
    ledger::check_order(&db, &sink).await;
    println!(
        "figure: a node of two was frozen for {FROZEN_FOR:?}: {} clicks and {} messages answered, {meanwhile} events came \
         meanwhile, {again} of {} came again",
        book.clicked.len(),
        book.written.len(),
        sink.receipts().len(),
    );
    drop(db);
    let [first, second] = nodes;
    second.end().await;
    first.end().await;
}
