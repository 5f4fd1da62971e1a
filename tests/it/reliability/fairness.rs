//! One slow or dead endpoint delays no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::ledger::count;
use super::server::Server;
use super::shop::{Shop, ShopClient};
use super::sink::{Pace, Sink};
use super::{now, on_both_engines};

/// Events that wait for the silent endpoint before the healthy one is there.
const WAITING: usize = 300;
/// Events for both.
const EVENTS: usize = 100;
/// Visitors who click at once.
const AT_ONCE: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);
/// What the flooded endpoint takes to respond.
const SLOW: Duration = Duration::from_secs(20);
/// Events a second for the flooded endpoint, and by how many visitors at once.
const FLOOD_PER_SECOND: u32 = 1_200;
const FLOOD_VISITORS: u32 = 24;
/// Events for the healthy endpoint, fifty a second: before the flood, and in it.
const QUIET_EVENTS: usize = 60;
const FLOODED_EVENTS: usize = 150;
const HEALTHY_EVERY: Duration = Duration::from_millis(20);

on_both_engines! {
    an_endpoint_that_never_answers_delays_no_other
    a_flood_for_a_slow_endpoint_delays_no_other
}

async fn an_endpoint_that_never_answers_delays_no_other(mut server: Server) {
    let shop = Shop::open(&server).await;
    let (silent, healthy) = (Sink::start(Pace::Never).await, Sink::start(Pace::AtOnce).await);
    shop.webhook(&server, &silent);
    let db = server.rows().await;
    server.start_ready().await;
    let client = shop.client(&server);
    click(&client, WAITING).await;
    shop.webhook(&server, &healthy);
    click(&client, EVENTS).await;
    healthy.received(EVENTS, LIMIT).await;

    let ended = "SELECT COUNT(*) FROM attempts WHERE error IS NOT NULL";
    assert_eq!(count(&db, ended).await, 0, "the healthy one has them all before the silent one's first attempt ends");
    let tried = silent.receipts().len();
    assert!(tried > 0 && tried < WAITING / 4, "few attempts wait for the silent one: {tried}");
    drop(db);
    server.end().await;
}

async fn click(client: &ShopClient, times: usize) {
    for round in 0..times / AT_ONCE {
        let devices: Vec<_> = (0..AT_ONCE).map(|number| format!("{round}-{number}")).collect();
        let clicks = devices.iter().map(|device| client.click(device, "https://shop.example/"));
        for response in futures_util::future::join_all(clicks).await {
            response.expect("a response");
        }
    }
}

async fn a_flood_for_a_slow_endpoint_delays_no_other(mut server: Server) {
    let (flooded, other) = (Shop::open(&server).await, Shop::open(&server).await);
    let (slow, healthy) = (Sink::start(Pace::After(SLOW)).await, Sink::start(Pace::AtOnce).await);
    flooded.webhook(&server, &slow);
    other.webhook(&server, &healthy);
    let db = server.rows().await;
    server.start_ready().await;

    let client = other.client(&server);
    let quiet = ways(&client, &healthy, QUIET_EVENTS).await;
    let flood = Flood::start(|| flooded.client(&server));
    let in_flood = ways(&client, &healthy, FLOODED_EVENTS).await;
    let (clicked, time) = flood.end().await;

    let median = |ways: &[Duration]| ways[ways.len() / 2].as_secs_f64() * 1_000.0;
    let longest = |ways: &[Duration]| ways[ways.len() - 1].as_secs_f64() * 1_000.0;
    println!(
        "figure: {:.0} events a second for an endpoint that takes {SLOW:?} on {}: from click to receipt at the healthy one \
         {:.1} ms (median), {:.1} ms (longest); before the flood {:.1} and {:.1} ms",
        clicked as f64 / time.as_secs_f64(),
        db.engine(),
        median(&in_flood),
        longest(&in_flood),
        median(&quiet),
        longest(&quiet),
    );
    // By how much two busy cores delay it is a figure; waiting behind the slow one would take as long as that takes.
    assert!(in_flood.iter().all(|way| *way < SLOW), "the healthy one waited behind the slow one");
    assert_eq!(healthy.receipts().len(), QUIET_EVENTS + FLOODED_EVENTS, "nothing comes twice");
    let tried = slow.receipts().len();
    assert!(tried > 0 && tried < clicked / 4, "few attempts wait for the slow one: {tried} of {clicked}");
    drop(db);
    server.end().await;
}

/// Clicks fifty times a second; returns how long each event took until it came, shortest first.
async fn ways(client: &ShopClient, sink: &Sink, count: usize) -> Vec<Duration> {
    let before = sink.receipts().len();
    let mut ticks = tokio::time::interval(HEALTHY_EVERY);
    let mut clicks = JoinSet::new();
    for number in before..before + count {
        ticks.tick().await;
        let client = client.clone();
        clicks.spawn(async move {
            let (page, clicked) = (format!("https://shop.example/{number}"), now());
            client.click("d1", &page).await.expect("a response");
            (page, clicked)
        });
    }
    let clicked: HashMap<String, Instant> = clicks.join_all().await.into_iter().collect();
    sink.received(before + count, LIMIT).await;
    let receipts = sink.receipts();
    let way = |receipt: &super::sink::Receipt| {
        let page = receipt.json()["data"]["click_url"].as_str().expect("a page").to_owned();
        receipt.came - clicked[&page]
    };
    let mut ways: Vec<_> = receipts[before..].iter().map(way).collect();
    ways.sort_unstable();
    ways
}

/// Visitors of one shop who click all the time.
struct Flood {
    clicked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    visitors: JoinSet<()>,
    started: Instant,
}

impl Flood {
    fn start(client: impl Fn() -> ShopClient) -> Self {
        let (clicked, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut visitors = JoinSet::new();
        for number in 0..FLOOD_VISITORS {
            let (client, clicked, stop) = (client(), clicked.clone(), stop.clone());
            visitors.spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_secs(1) * FLOOD_VISITORS / FLOOD_PER_SECOND);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
                let device = format!("flood-{number}");
                while !stop.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    client.click(&device, "https://shop.example/flood").await.expect("a response");
                    clicked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { clicked, stop, visitors, started: now() }
    }

    /// How many clicks were answered, and in which time.
    async fn end(self) -> (usize, Duration) {
        let time = self.started.elapsed();
        let clicked = self.clicked.load(Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
        self.visitors.join_all().await;
        (clicked, time)
    }
}
