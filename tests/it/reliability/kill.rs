//! `kill -9`, again and again in the middle of it all: of the only process, and of either of two.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aurix::db::Db;
use aurix::domain::random::Random;

use super::database::Database;
use super::ledger;
use super::load::Load;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, on_both_engines};

/// Kills where `AURIX_TEST_KILLS` does not say otherwise.
const KILLS: usize = 20;
/// The longest a process may live before it is killed.
const LIFE_MAX: Duration = Duration::from_millis(600);
/// How long a started process may take to answer somebody.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// What the endpoint takes to respond: long enough that something is in flight at every kill.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(60);
/// How long begun work is left to its dead process.
const LEASE: &str = "8s";
/// How long all that is left may take in the end.
const END_LIMIT: Duration = Duration::from_secs(120);
/// How often a node of two is killed, for each time that a process alone is.
const OF_TWO: usize = 2;

on_both_engines! { nothing_that_was_answered_is_lost_by_a_kill }

async fn nothing_that_was_answered_is_lost_by_a_kill(server: Server) {
    let (seed, random) = seed();
    let mut server = server.set("AURIX_LEASE", LEASE);
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, random.clone())).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;

    let load = Load::start(&random, || shop.client(&server));
    let mut recoveries = Vec::new();
    for _ in 0..kills() {
        recoveries.push(start_and_answer(&mut server, &load).await);
        super::pause(LIFE_MAX.mul_f64(random.fraction())).await;
        server.kill();
    }
    recoveries.push(start_and_answer(&mut server, &load).await);
    let scene = Scene { name: db.engine().to_owned(), seed, kills: kills(), recoveries };
    scene.ends(&db, load, &sink).await;
    drop(db);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_answered_is_lost_when_either_of_two_nodes_is_killed() {
    let (seed, random) = seed();
    let database = Database::on_shared_server().await;
    let node = || Server::new(Some(database.clone())).set("AURIX_LEASE", LEASE);
    let mut nodes = [node(), node()];
    let shop = Shop::open(&nodes[0]).await;
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, random.clone())).await;
    shop.webhook(&nodes[0], &sink);
    let db = nodes[0].rows().await;
    nodes[0].start_ready().await;
    nodes[1].start_ready().await;

    let turn = AtomicUsize::new(0);
    let load = Load::start(&random, || shop.client(&nodes[turn.fetch_add(1, Ordering::Relaxed) % 2]));
    let mut recoveries = Vec::new();
    for _ in 0..kills() / OF_TWO {
        let node = &mut nodes[usize::from(random.fraction() < 0.5)];
        super::pause(LIFE_MAX.mul_f64(random.fraction())).await;
        node.kill();
        // The other one serves meanwhile.
        load.answered(1, ANSWER_LIMIT).await;
        let started = now();
        node.start_ready().await;
        recoveries.push(started.elapsed());
    }
    let scene = Scene { name: "two nodes on postgres".to_owned(), seed, kills: recoveries.len(), recoveries };
    scene.ends(&db, load, &sink).await;
    drop(db);
    let [first, second] = nodes;
    second.end().await;
    first.end().await;
}

/// The figures that the tests print.
struct Scene {
    name: String,
    seed: u64,
    kills: usize,
    recoveries: Vec<Duration>,
}

impl Scene {
    /// The load ends, what is left is done, and everything is there.
    async fn ends(mut self, db: &Db, load: Load, sink: &Sink) {
        let book = load.end().await;
        let stopped = now();
        ledger::nothing_is_due(db, END_LIMIT).await;
        let drained = stopped.elapsed();

        ledger::check_clicks(db, &book).await;
        ledger::check_messages(db, &book).await;
        let lost = ledger::unsettled(db).await;
        let again = ledger::check_deliveries(db, sink, &lost).await;
        ledger::check_order(db, sink).await;
        assert_eq!(book.half_responses, Vec::<String>::new(), "a response is there or not");
        self.recoveries.sort_unstable();
        println!(
            "figure: {} kills of {} (seed {}): {} clicks and {} messages answered, {} not; {} deliveries in flight, {again} \
             of {} came again; start to first response {} ms (median), {} ms (longest); all done {:.1} s after the load",
            self.kills,
            self.name,
            self.seed,
            book.clicked.len(),
            book.written.len(),
            book.unanswered,
            lost.len(),
            sink.receipts().len(),
            self.recoveries[self.recoveries.len() / 2].as_millis(),
            self.recoveries[self.recoveries.len() - 1].as_millis(),
            drained.as_secs_f64(),
        );
    }
}

/// `AURIX_TEST_KILLS`, for those who have the time.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
fn kills() -> usize {
    std::env::var("AURIX_TEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"))
}

/// The time from the start of a process until it has answered somebody.
async fn start_and_answer(server: &mut Server, load: &Load) -> Duration {
    let started = now();
    server.start();
    load.answered(1, ANSWER_LIMIT).await;
    started.elapsed()
}

/// A seed that is printed with the figures, so that a bad run can be repeated.
fn seed() -> (u64, Random) {
    let seed = u64::from_le_bytes(Random::from_system().bytes());
    println!("seed: {seed}");
    (seed, Random::seeded(seed))
}
