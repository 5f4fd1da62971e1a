//! The disk is full: nothing that was answered is missing when there is room again, and all goes on by itself.

use std::path::Path;
use std::time::Duration;

use aurix::domain::random::Random;

use super::database::Cluster;
use super::ledger;
use super::load::Load;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::small_disk::Disk;
use super::{fresh_folder, now, until};

/// Answers before, while, and after it is full.
const ANSWERS: usize = 60;
const LEASE: &str = "8s";
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_on_sqlite() {
    let server = Server::on_sqlite();
    let Some(disk) = Disk::in_memory(server.data_dir.clone()) else { return };
    nothing_is_lost(server, &disk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_on_postgresql() {
    let Some(disk) = Disk::in_memory(fresh_folder()) else { return };
    let Some(cluster) = Cluster::start().await else { return };
    let server = Server::new(Some(cluster.database_in(disk.folder()).await));
    nothing_is_lost(server, &disk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_that_wait_in_memory_for_room_are_written_at_a_stop() {
    let mut server = Server::on_sqlite();
    let Some(disk) = Disk::in_memory(server.data_dir.clone()) else { return };
    let shop = Shop::open(&server).await;
    let db = server.rows().await;
    server.start_ready().await;
    let load = Load::start(&Random::from_system(), || shop.client(&server));
    load.answered(ANSWERS, LIMIT).await;
    disk.fill();
    // There is no room for them anywhere else.
    load.answered(ANSWERS, LIMIT).await;
    let book = load.end().await;
    disk.make_room();
    assert_eq!(server.stop(LIMIT).await.code(), Some(0));
    server.start_ready().await;
    until("every spooled click is stored", LIMIT, async || !is_spooled(&server.data_dir)).await;
    ledger::check_clicks(&db, &book).await;
    drop(db);
    server.end().await;
}

async fn nothing_is_lost(server: Server, disk: &Disk) {
    let mut server = server.set("AURIX_LEASE", LEASE);
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::AtOnce).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;
    server.start_ready().await;
    let load = Load::start(&Random::from_system(), || shop.client(&server));
    load.answered(ANSWERS, LIMIT).await;
    disk.fill();
    let client = shop.client(&server);
    let mut number = 0;
    let refused = async || {
        number += 1;
        client.write("6500000000", &format!("wamid.full.{number}"), "Hello").await.is_ok_and(|status| status == 503)
    };
    until("a message cannot be stored", LIMIT, refused).await;
    load.answered(ANSWERS, LIMIT).await;
    disk.make_room();
    let room = now();
    sink.received(sink.receipts().len() + 1, LIMIT).await;
    let recovered = room.elapsed();
    load.answered(ANSWERS, LIMIT).await;
    let book = load.end().await;
    until("every spooled click is stored", LIMIT, async || !is_spooled(&server.data_dir)).await;
    ledger::nothing_is_due(&db, LIMIT).await;

    assert_eq!(book.half_responses, Vec::<String>::new());
    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    let lost = ledger::unsettled(&db).await;
    let again = ledger::check_deliveries(&db, &sink, &lost).await;
    ledger::check_order(&db, &sink).await;
    println!(
        "figure: a full disk on {}: {} ms from room to the next delivery; {} clicks and {} messages answered, {} not; {} \
         attempts without a record, {again} of {} came again",
        db.engine(),
        recovered.as_millis(),
        book.clicked.len(),
        book.written.len(),
        book.unanswered,
        lost.len(),
        sink.receipts().len()
    );
    drop(db);
    server.end().await;
}

fn is_spooled(data_dir: &Path) -> bool {
    ["click-spool.jsonl", "click-spool.replaying.jsonl"].iter().any(|name| data_dir.join(name).exists())
}
