//! A hundred thousand deliveries wait for a dead endpoint: they wait on disk, not in memory.

use std::time::Duration;

use aurix::db::Sql;

use super::ledger::count;
use super::on_both_engines;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};

/// Deliveries that wait; the statement below says it too.
const WAITING: i64 = 100_000;
/// What the process may take in all, in KiB (contract: 150 MB with ten times as many).
const MEMORY_KIB_MAX: u64 = 150 * 1024;
/// Events for the healthy endpoint beside them.
const EVENTS: usize = 200;
const AT_ONCE: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

on_both_engines! { what_waits_for_a_dead_endpoint_takes_no_memory }

async fn what_waits_for_a_dead_endpoint_takes_no_memory(mut server: Server) {
    let shop = Shop::open(&server).await;
    let (dead, healthy) = (Sink::start(Pace::Never).await, Sink::start(Pace::AtOnce).await);
    shop.webhook(&server, &dead);
    server.start_ready().await;
    let client = shop.client(&server);
    client.click("d0", "https://shop.example/?utm_source=google").await.expect("a response");
    dead.received(1, LIMIT).await;
    let idle = server.memory_kib("VmRSS");
    let db = server.rows().await;
    make_more(&db).await;
    assert!(count(&db, "SELECT COUNT(*) FROM deliveries WHERE status = 'pending'").await > WAITING);

    shop.webhook(&server, &healthy);
    for _ in 0..EVENTS / AT_ONCE {
        let clicks = (0..AT_ONCE).map(|_| client.click("d1", "https://shop.example/"));
        for response in futures_util::future::join_all(clicks).await {
            response.expect("a response");
        }
    }
    healthy.received(EVENTS, LIMIT).await;
    let (now, most) = (server.memory_kib("VmRSS"), server.memory_kib("VmHWM"));
    println!(
        "figure: {WAITING} deliveries waiting for a dead endpoint on {}: memory {now} KiB, {most} KiB at most; {idle} KiB before",
        db.engine()
    );
    assert!(most <= MEMORY_KIB_MAX, "{most} KiB");
    assert!(dead.receipts().len() < EVENTS, "few attempts wait for the dead one");
    drop(db);
    server.end().await;
}

/// Copies the one event and its delivery, as if it had happened so many times.
async fn make_more(db: &aurix::db::Db) {
    const EVENTS: Sql = Sql {
        sqlite: "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 100000)
                 INSERT INTO events (id, event_id, project_id, event_type, conversation_id, body, body_external, created_at)
                 SELECT number, event_id || number, project_id, event_type, conversation_id, body, body_external, created_at
                 FROM events, numbers",
        postgres: "INSERT INTO events (id, event_id, project_id, event_type, conversation_id, body, body_external, created_at)
                   SELECT number, event_id || number, project_id, event_type, conversation_id, body, body_external, created_at
                   FROM events, generate_series(1, 100000) AS numbers (number)",
    };
    const DELIVERIES: &str =
        "INSERT INTO deliveries (id, webhook_id, event_id, conversation_id, status, attempts, retries_from, tried, holds_slot,
                                 due_at, created_at)
         SELECT events.id, webhooks.id, events.id, NULL, 'pending', 0, 0, FALSE, FALSE, events.created_at, events.created_at
         FROM events, webhooks
         WHERE events.id NOT IN (SELECT event_id FROM deliveries)";
    let made = db.write(async move |tx| {
        tx.execute(EVENTS, &[]).await?;
        Ok(tx.execute(DELIVERIES, &[]).await?)
    });
    assert_eq!(made.await.expect("rows"), 100_000);
}
