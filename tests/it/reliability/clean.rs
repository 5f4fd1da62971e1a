//! A running server removes what is not kept any longer, beside its visitors; killed in between, it goes on afterwards.

use std::time::Duration;

use aurix::db::Db;

use super::ledger::count;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, on_both_engines, until};

/// Sessions, clicks, events, deliveries and attempts that are too old; the statement below says it too.
const OLD: i64 = 20_000;
/// Clicks while they are removed.
const CLICKS: usize = 200;
const LIMIT: Duration = Duration::from_secs(120);
/// What is left of the old rows.
const LEFT: &str = "SELECT (SELECT COUNT(*) FROM sessions WHERE started_at < 1000000)
                         + (SELECT COUNT(*) FROM clicks WHERE created_at < 1000000)
                         + (SELECT COUNT(*) FROM events WHERE created_at < 1000000)
                         + (SELECT COUNT(*) FROM deliveries WHERE created_at < 1000000)
                         + (SELECT COUNT(*) FROM attempts WHERE started_at < 1000000)";

on_both_engines! { what_is_old_goes_while_visitors_come }

async fn what_is_old_goes_while_visitors_come(server: Server) {
    let mut server = server.set("AURIX_RETENTION", "clicks=1d, events=1d");
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::AtOnce).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;
    make_old(&db).await;
    server.start_ready().await;
    until("some is removed", LIMIT, async || count(&db, LEFT).await < 5 * OLD).await;
    let left = count(&db, LEFT).await;
    server.kill();
    println!("figure: killed with {left} of {} old rows left on {}", 5 * OLD, db.engine());

    server.start_ready().await;
    let (began, client) = (now(), shop.client(&server));
    let mut slowest = Duration::ZERO;
    for number in 0..CLICKS {
        let clicked = now();
        client.click(&format!("d{number}"), "https://shop.example/").await.expect("a response");
        slowest = slowest.max(clicked.elapsed());
    }
    until("all that is old is removed", LIMIT, async || count(&db, LEFT).await == 0).await;
    println!(
        "figure: {left} old rows removed in {:?} beside {CLICKS} clicks, the slowest in {slowest:?}",
        began.elapsed()
    );
    sink.received(CLICKS, LIMIT).await;
    let clicks = i64::try_from(CLICKS).expect("few");
    assert_eq!(count(&db, "SELECT COUNT(*) FROM clicks").await, clicks);
    assert_eq!(count(&db, "SELECT COUNT(*) FROM sessions").await, clicks);
    drop(db);
    server.end().await;
}

/// Old rows of the one project and its webhook, as 20,000 visitors left them.
async fn make_old(db: &Db) {
    const NUMBERS: &str = "CREATE TABLE numbers AS
        WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 20000)
        SELECT number FROM numbers";
    const SESSIONS: &str = "INSERT INTO sessions (project_id, correlation_id, folded_id, started_at)
        SELECT projects.id, 'O-' || number, 'O-' || number, number FROM numbers, projects";
    const CLICKS: &str = "INSERT INTO clicks (id, project_id, session_id, widget_id, parsed_params, linked, created_at)
        SELECT sessions.id, sessions.project_id, sessions.id, widgets.id, '{}', FALSE, started_at FROM sessions, widgets";
    const EVENTS: &str = "INSERT INTO events (id, event_id, project_id, event_type, body, created_at)
        SELECT number, 'evt_' || number, projects.id, 'widget.click', '{}', number FROM numbers, projects";
    const DELIVERIES: &str =
        "INSERT INTO deliveries (id, webhook_id, event_id, status, attempts, retries_from, tried, holds_slot, created_at)
        SELECT events.id, webhooks.id, events.id, 'delivered', 1, 0, TRUE, FALSE, events.created_at FROM events, webhooks";
    const ATTEMPTS: &str = "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, sent)
        SELECT id, 1, created_at, 1, '[]' FROM deliveries";
    let made = db.write(async |tx| {
        for sql in [NUMBERS, SESSIONS, CLICKS, EVENTS, DELIVERIES, ATTEMPTS, "DROP TABLE numbers"] {
            tx.execute(sql, &[]).await?;
        }
        Ok(())
    });
    made.await.expect("rows");
    assert_eq!(count(db, LEFT).await, 5 * OLD);
}
