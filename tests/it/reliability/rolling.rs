//! Nodes behind a balancer are restarted one after the other, and no visitor notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::database::Database;
use super::ledger::count;
use super::server::Server;
use super::shop::{Shop, ShopClient};
use super::sink::{Pace, Sink};
use super::{pause, until};

/// Visitors at once.
const VISITORS: usize = 4;
/// How often the balancer asks each node whether it is ready.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// Clicks between one restart and the next.
const CLICKS: usize = 60;
const LIMIT: Duration = Duration::from_secs(60);

/// A node as the balancer knows it.
struct Node {
    client: ShopClient,
    is_ready: AtomicBool,
}

struct Balancer {
    nodes: Vec<Node>,
    clicked: AtomicUsize,
    stop: AtomicBool,
}

impl Balancer {
    /// Clicks again and again, each time at the first ready node, beginning with another one.
    async fn visit(self: Arc<Self>, visitor: usize) {
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let order = (0..self.nodes.len()).map(|offset| &self.nodes[(number + offset) % self.nodes.len()]);
            let mut ready = order.filter(|node| node.is_ready.load(Ordering::Relaxed));
            let node = ready.next().expect("one node is ready at any time");
            let page = format!("https://shop.example/{visitor}/{number}");
            node.client.click(&format!("d{visitor}-{number}"), &page).await.expect("no click is refused");
            self.clicked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for so many more clicks.
    async fn clicked(&self, more: usize) {
        let wanted = self.clicked.load(Ordering::Relaxed) + more;
        until("the visitors click", LIMIT, async || self.clicked.load(Ordering::Relaxed) >= wanted).await;
    }
}

/// Asks a node at its address, whichever process is behind it, until the test ends.
async fn watch(balancer: Arc<Balancer>, at: usize, base_url: String, client: aurix::net::Client) {
    while !balancer.stop.load(Ordering::Relaxed) {
        let ready = super::server::get(&client, &format!("{base_url}/readyz")).await.is_ok_and(|it| it.status == 200);
        balancer.nodes[at].is_ready.store(ready, Ordering::Relaxed);
        pause(CHECK_EVERY).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_refuses_no_request() {
    let database = Database::on_shared_server().await;
    let mut second = Server::new(Some(database.clone())).set("AURIX_DRAIN", "1s");
    let mut first = Server::new(Some(database)).set("AURIX_DRAIN", "1s");
    let shop = Shop::open(&first).await;
    let sink = Sink::start(Pace::AtOnce).await;
    shop.webhook(&first, &sink);
    let db = first.rows().await;
    first.start_ready().await;
    second.start_ready().await;

    let node = |server: &Server| Node { client: shop.client(server), is_ready: AtomicBool::new(true) };
    let nodes = vec![node(&first), node(&second)];
    let balancer = Arc::new(Balancer { nodes, clicked: AtomicUsize::new(0), stop: AtomicBool::new(false) });
    let mut tasks = JoinSet::new();
    for (at, server) in [&first, &second].into_iter().enumerate() {
        tasks.spawn(watch(balancer.clone(), at, server.base_url.clone(), server.client.clone()));
    }
    (0..VISITORS).for_each(|visitor| drop(tasks.spawn(balancer.clone().visit(visitor))));
    for turn in 0..4 {
        let at = turn % 2;
        let server = if at == 0 { &mut first } else { &mut second };
        balancer.clicked(CLICKS).await;
        let status = server.stop(LIMIT).await;
        assert_eq!(status.code(), Some(0), "{status}");
        server.start_ready().await;
        until("the balancer knows it", LIMIT, async || balancer.nodes[at].is_ready.load(Ordering::Relaxed)).await;
    }
    balancer.clicked(CLICKS).await;
    balancer.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no visitor was refused");
    }

    let clicked = balancer.clicked.load(Ordering::Relaxed);
    assert_eq!(count(&db, "SELECT COUNT(*) FROM clicks").await, i64::try_from(clicked).expect("few"));
    sink.received(clicked, LIMIT).await;
    println!("figure: {clicked} clicks during 4 restarts of 2 nodes, none refused");
    drop(db);
    second.end().await;
    first.end().await;
}
