//! PostgreSQL is restarted, frozen and cut off under load: what was answered is stored, and all goes on by itself.

use std::time::Duration;

use aurix::domain::random::Random;

use super::database::{Cluster, Database};
use super::ledger;
use super::load::Load;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, pause, until};

/// Answers before each fault.
const ANSWERS: usize = 60;
/// What the endpoint takes to respond: something is in flight at each fault.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(60);
/// How long PostgreSQL is frozen: longer than anybody waits for it.
const FROZEN: Duration = Duration::from_secs(4);
/// How often all connections are ended, and the pause between.
const CUTS: usize = 20;
const CUT_EVERY: Duration = Duration::from_millis(100);
const LEASE: &str = "8s";
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_is_restarted_frozen_and_cut_off_under_load_loses_nothing() {
    let Some(cluster) = Cluster::start().await else { return };
    let mut server = Server::new(Some(Database::on(&cluster.url).await)).set("AURIX_LEASE", LEASE);
    let shop = Shop::open(&server).await;
    let random = Random::from_system();
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, random.clone())).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;
    server.start_ready().await;
    let load = Load::start(&random, || shop.client(&server));

    load.answered(ANSWERS, LIMIT).await;
    cluster.cut();
    cluster.go_on().await;
    let restarted = recovery(&sink, &load).await;
    cluster.hang();
    pause(FROZEN).await;
    cluster.unhang();
    let unfrozen = recovery(&sink, &load).await;
    for _ in 0..CUTS {
        cluster.end_connections().await;
        pause(CUT_EVERY).await;
    }
    let connected = recovery(&sink, &load).await;
    let book = load.end().await;
    let ended = now();
    let spool = server.data_dir.join("click-spool.jsonl");
    until("every spooled click is stored", LIMIT, async || !spool.exists()).await;
    ledger::nothing_is_due(&db, LIMIT).await;
    let drained = ended.elapsed();

    assert_eq!(book.half_responses, Vec::<String>::new());
    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    let lost = ledger::unsettled(&db).await;
    let again = ledger::check_deliveries(&db, &sink, &lost).await;
    ledger::check_order(&db, &sink).await;
    println!(
        "figure: PostgreSQL back to next delivery: {} ms after a restart, {} ms after {FROZEN:?} frozen, {} ms after {CUTS} \
         times all connections were ended; {} clicks and {} messages answered; {} attempts without a record, {again} of {} \
         came again; all done {:.1} s after the load",
        restarted.as_millis(),
        unfrozen.as_millis(),
        connected.as_millis(),
        book.clicked.len(),
        book.written.len(),
        lost.len(),
        sink.receipts().len(),
        drained.as_secs_f64(),
    );
    drop(db);
    server.end().await;
}

/// How long it takes until events arrive again, now that the database is back.
async fn recovery(sink: &Sink, load: &Load) -> Duration {
    let back = now();
    sink.received(sink.receipts().len() + 1, LIMIT).await;
    let recovered = back.elapsed();
    load.answered(ANSWERS, LIMIT).await;
    recovered
}
