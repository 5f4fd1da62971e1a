//! One slow or dead endpoint delays no other.

use std::time::Duration;

use super::ledger::count;
use super::on_both_engines;
use super::server::Server;
use super::shop::{Doors, Shop};
use super::sink::{Pace, Sink};

/// Events that wait for the silent endpoint before the healthy one is there.
const WAITING: usize = 300;
/// Events for both.
const EVENTS: usize = 100;
/// Visitors who press at once.
const AT_ONCE: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

on_both_engines! { an_endpoint_that_never_answers_delays_no_other }

async fn an_endpoint_that_never_answers_delays_no_other(mut server: Server) {
    let shop = Shop::open(&server).await;
    let (silent, healthy) = (Sink::start(Pace::Never).await, Sink::start(Pace::AtOnce).await);
    shop.webhook(&server, &silent);
    let db = server.rows().await;
    server.start_ready().await;
    let doors = shop.doors(&server);
    press(&doors, WAITING).await;
    shop.webhook(&server, &healthy);
    press(&doors, EVENTS).await;
    healthy.received(EVENTS, LIMIT).await;

    let ended = "SELECT COUNT(*) FROM attempts WHERE problem IS NOT NULL";
    assert_eq!(count(&db, ended).await, 0, "the healthy one has them all before the silent one's first attempt ends");
    let tried = silent.receipts().len();
    assert!(tried > 0 && tried < WAITING / 4, "few attempts wait for the silent one: {tried}");
    drop(db);
    server.end().await;
}

async fn press(doors: &Doors, times: usize) {
    for round in 0..times / AT_ONCE {
        let devices: Vec<_> = (0..AT_ONCE).map(|number| format!("{round}-{number}")).collect();
        let presses = devices.iter().map(|device| doors.press(device, "https://shop.example/"));
        for answer in futures_util::future::join_all(presses).await {
            answer.expect("an answer");
        }
    }
}
