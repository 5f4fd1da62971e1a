//! A webhook's rate holds for two nodes together.

use std::time::Duration;

use aurix::db::Db;

use super::database::Database;
use super::ledger::{count, nothing_is_due};
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};

/// Deliveries a second.
const RATE: usize = 2;
const CLICKS: usize = 12;
const LIMIT: Duration = Duration::from_secs(60);
const SECOND_US: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_is_kept_by_two_nodes_together() {
    let database = Database::on_shared_server().await;
    let mut second = Server::new(Some(database.clone()));
    let mut first = Server::new(Some(database));
    let shop = Shop::open(&first).await;
    let sink = Sink::start(Pace::AtOnce).await;
    let webhook = shop.webhook(&first, &sink);
    first.command(&["webhook", "limit", &webhook, "--rate", &RATE.to_string()]);
    let db = first.rows().await;
    first.start_ready().await;
    second.start_ready().await;
    for number in 0..CLICKS {
        let client = shop.client(if number % 2 == 0 { &first } else { &second });
        client.click(&format!("d{number}"), "https://shop.example/").await.expect("a response");
    }
    sink.received(CLICKS, LIMIT).await;
    nothing_is_due(&db, LIMIT).await;

    let starts = starts(&db).await;
    let most =
        starts.iter().map(|start| starts.iter().filter(|other| (0..SECOND_US).contains(&(*other - start))).count());
    let most = most.max().expect("there are some");
    assert!(most <= RATE + 1, "{most} began within a second: {starts:?}");
    assert_eq!(count(&db, "SELECT COUNT(*) FROM attempts").await, i64::try_from(CLICKS).expect("few"), "each once");
    println!("figure: {CLICKS} events into a webhook with {RATE} a second, by two nodes: at most {most} in any second");
    drop(db);
    second.end().await;
    first.end().await;
}

/// When the attempts began: microseconds since 1970.
async fn starts(db: &Db) -> Vec<i64> {
    let starts = db.read(async |conn| {
        let sql = "SELECT started_at FROM attempts ORDER BY started_at";
        Ok(conn.query(sql, &[], |row| row.get::<i64>(0)).await?)
    });
    starts.await.expect("the log")
}
