//! What an event with its delivery takes on disk.

use std::time::Duration;

use aurix::db::{Db, Sql};

use super::ledger::{self, count};
use super::on_both_engines;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};

/// Events that are measured.
const EVENTS: usize = 1_000;
const AT_ONCE: usize = 20;
/// What event, delivery and attempt may take on disk, with their indexes and the event's whole body. Dead versions of a delivery
/// from before it was settled are not counted: their space is reused.
const BYTES_MAX: i64 = 1_400;
/// A click as an advertisement brings it.
const PAGE: &str = "https://shop.example/landing/spring?utm_source=google&utm_medium=cpc&utm_campaign=spring-sale\
                    &gclid=EAIaIQobChMI8fXk4fPu_QIVy5JmAh3XqQ2kEAAYASAAEgLZnPD_BwE";
const CLEAR_AWAY: Sql = Sql { sqlite: "", postgres: "VACUUM FULL" };
const LIMIT: Duration = Duration::from_secs(60);

on_both_engines! { an_event_with_its_delivery_takes_little_more_than_its_body }

async fn an_event_with_its_delivery_takes_little_more_than_its_body(mut server: Server) {
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::AtOnce).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;
    server.start_ready().await;
    let before = sizes(&db).await;
    let client = shop.client(&server);
    for round in 0..EVENTS / AT_ONCE {
        let devices: Vec<_> = (0..AT_ONCE).map(|number| format!("{round}-{number}")).collect();
        for response in futures_util::future::join_all(devices.iter().map(|device| client.click(device, PAGE))).await {
            response.expect("a response");
        }
    }
    ledger::nothing_is_due(&db, LIMIT).await;
    assert_eq!(count(&db, "SELECT COUNT(*) FROM attempts").await, EVENTS as i64);
    server.stop(LIMIT).await;

    let body = count(&db, "SELECT CAST(SUM(LENGTH(body)) AS BIGINT) FROM events").await / EVENTS as i64;
    let as_left: i64 = each(sizes(&db).await, before).into_iter().sum();
    db.read(async |conn| Ok(conn.query(CLEAR_AWAY, &[], |_| Ok(())).await?)).await.expect("the rows can be packed");
    let [events, deliveries, attempts] = each(sizes(&db).await, before);
    let in_all = events + deliveries + attempts;
    println!(
        "figure: disk per event on {}: {in_all} bytes, {body} of them its body (event {events}, delivery {deliveries}, attempt \
         {attempts}); {as_left} before old versions are cleared away",
        db.engine()
    );
    assert!(in_all <= BYTES_MAX, "{in_all} bytes");
    drop(db);
    server.end().await;
}

/// Bytes of the three tables.
async fn sizes(db: &Db) -> [i64; 3] {
    [bytes(db, "events").await, bytes(db, "deliveries").await, bytes(db, "attempts").await]
}

/// What the tables grew by for each event: those of PostgreSQL have parts and indexes before there is any.
fn each(after: [i64; 3], before: [i64; 3]) -> [i64; 3] {
    let grown = |table: usize| (after[table] - before[table]) / EVENTS as i64;
    let grown = [grown(0), grown(1), grown(2)];
    assert!(grown.iter().all(|bytes| *bytes > 0), "{grown:?}: each row takes room");
    grown
}

async fn bytes(db: &Db, table: &'static str) -> i64 {
    let sql = Sql {
        sqlite: "SELECT SUM(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = $1)",
        postgres: "SELECT CAST(SUM(pg_total_relation_size(relid)) AS BIGINT)
                   FROM pg_partition_tree(CAST($1 AS TEXT)::regclass)",
    };
    let bytes = db.read(async move |conn| Ok(conn.get(sql, &[table.into()], |row| row.get::<i64>(0)).await?)).await;
    bytes.expect("a size")
}
