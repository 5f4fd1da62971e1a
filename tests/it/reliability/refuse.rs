//! Many endpoints begin to refuse at the same moment, and later all answer again, as when a network between is gone for a
//! while: every attempt is on record, and none is made twice because two of them were stored at once.

use std::time::Duration;

use super::ledger::{self, Lost, count};
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{on_both_engines, until};

/// Endpoints.
const WEBHOOKS: i64 = 30;
/// Events for each of them, which each refuses first and takes then.
const EVENTS: i64 = 40;
const LIMIT: Duration = Duration::from_secs(90);

on_both_engines! { many_endpoints_that_refuse_and_answer_together_are_all_settled }

async fn many_endpoints_that_refuse_and_answer_together_are_all_settled(server: Server) {
    let mut server = server.set("AURIX_RETRY_SCHEDULE", "2s,2s,2s,2s,2s");
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::AtOnce).await;
    (0..WEBHOOKS).for_each(|_| drop(shop.webhook(&server, &sink)));
    let db = server.rows().await;
    server.start_ready().await;
    let client = shop.client(&server);
    sink.refuse(true);
    let clicks = (0..EVENTS).map(|_| client.click("d1", "https://shop.example/"));
    for response in futures_util::future::join_all(clicks).await {
        response.expect("a response");
    }
    let tried = "SELECT COUNT(*) FROM deliveries WHERE tried";
    until("every delivery is tried once", LIMIT, async || count(&db, tried).await == WEBHOOKS * EVENTS).await;
    sink.refuse(false);
    ledger::nothing_is_due(&db, LIMIT).await;

    assert_eq!(ledger::unsettled(&db).await, Lost::new(), "every attempt that was begun is on record");
    let delivered = count(&db, "SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'").await;
    assert_eq!(delivered, WEBHOOKS * EVENTS);
    let attempts = count(&db, "SELECT COUNT(*) FROM attempts").await;
    assert_eq!(sink.receipts().len(), usize::try_from(attempts).expect("few"), "none was made twice");
    let failing = "SELECT COUNT(*) FROM webhooks WHERE failing_since IS NOT NULL OR NOT is_active";
    assert_eq!(count(&db, failing).await, 0, "all answer again");
    drop(db);
    server.end().await;
}
