//! Other processes beside the server: commands, and a second server on the same PostgreSQL.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aurix::domain::random::Random;

use super::database::Database;
use super::ledger::{self, Lost};
use super::load::Load;
use super::on_both_engines;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};

const LIMIT: Duration = Duration::from_secs(60);
/// Answers that two servers give together.
const ANSWERS: usize = 400;
/// What the endpoint takes to respond.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(30);

on_both_engines! { a_command_beside_the_server_counts_at_once }

async fn a_command_beside_the_server_counts_at_once(mut server: Server) {
    server.start_ready().await;
    assert_eq!(server.status_of("/healthz").await, Some(200));
    let shop = Shop::open(&server).await;
    let client = shop.client(&server);
    let sink = Sink::start(Pace::AtOnce).await;
    client.click("d1", "https://shop.example/before").await.expect("a response");
    let webhook = shop.webhook(&server, &sink);
    let reference = client.click("d1", "https://shop.example/after").await.expect("a response");
    sink.received(1, LIMIT).await;
    let event = sink.receipts()[0].json();
    assert_eq!(
        event["data"]["click_url"], "https://shop.example/after",
        "what was before the webhook is not sent to it"
    );
    assert_eq!(event["data"]["correlation_id"], reference);

    server.command(&["webhook", "disable", &webhook]);
    client.click("d1", "https://shop.example/off").await.expect("a response");
    server.command(&["webhook", "remove", &webhook]);
    client.click("d1", "https://shop.example/removed").await.expect("a response");
    let other = Sink::start(Pace::AtOnce).await;
    shop.webhook(&server, &other);
    client.click("d1", "https://shop.example/other").await.expect("a response");
    other.received(1, LIMIT).await;
    assert_eq!(sink.receipts().len(), 1, "a webhook that is off or removed gets nothing");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_postgresql_deliver_everything_once() {
    let database = Database::on_shared_server().await;
    let mut second = Server::new(Some(database.clone()));
    let mut first = Server::new(Some(database));
    let shop = Shop::open(&first).await;
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, Random::from_system())).await;
    shop.webhook(&first, &sink);
    let db = first.rows().await;
    first.start_ready().await;
    second.start_ready().await;

    let turn = AtomicUsize::new(0);
    let one_or_the_other = || if turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { &first } else { &second };
    let load = Load::start(&Random::from_system(), || shop.client(one_or_the_other()));
    load.answered(ANSWERS, LIMIT).await;
    let book = load.end().await;
    ledger::nothing_is_due(&db, LIMIT).await;

    ledger::check_clicks(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    assert_eq!(ledger::check_deliveries(&db, &sink, &Lost::new()).await, 0, "nothing comes twice");
    ledger::check_order(&db, &sink).await;
    drop(db);
    second.end().await;
    first.end().await;
}
