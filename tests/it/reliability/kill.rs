//! `kill -9`, twenty times in the middle of it all.

use std::time::Duration;

use aurix::domain::random::Random;

use super::ledger::{self, Lost};
use super::load::Load;
use super::server::Server;
use super::shop::Shop;
use super::sink::{Pace, Sink};
use super::{now, on_both_engines};

const KILLS: usize = 20;
/// The longest a process may live before it is killed.
const LIFE_MAX: Duration = Duration::from_millis(600);
/// How long a started process may take to answer somebody.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// What the endpoint takes to answer: long enough that something is in flight at every kill.
const ENDPOINT_PAUSE_MAX: Duration = Duration::from_millis(60);
/// How long begun work is left to its dead process.
const LEASE: &str = "8s";
/// How long all that is left may take in the end.
const END_LIMIT: Duration = Duration::from_secs(120);

on_both_engines! { nothing_that_was_answered_is_lost_by_a_kill }

async fn nothing_that_was_answered_is_lost_by_a_kill(server: Server) {
    let (seed, random) = seed();
    let mut server = server.set("AURIX_LEASE", LEASE);
    let shop = Shop::open(&server).await;
    let sink = Sink::start(Pace::Within(ENDPOINT_PAUSE_MAX, random.clone())).await;
    shop.webhook(&server, &sink);
    let db = server.rows().await;

    let load = Load::start(&random, || shop.doors(&server));
    let (mut lost, mut recoveries) = (Lost::new(), Vec::new());
    for _ in 0..KILLS {
        recoveries.push(start_and_answer(&mut server, &load).await);
        super::pause(LIFE_MAX.mul_f64(random.fraction())).await;
        server.kill();
        lost.extend(ledger::in_flight(&db).await);
    }
    recoveries.push(start_and_answer(&mut server, &load).await);
    let book = load.end().await;
    let stopped = now();
    ledger::nothing_is_due(&db, END_LIMIT).await;
    let drained = stopped.elapsed();

    ledger::check_presses(&db, &book).await;
    ledger::check_messages(&db, &book).await;
    let again = ledger::check_deliveries(&db, &sink, &lost).await;
    ledger::check_order(&db, &sink).await;
    assert_eq!(book.half_answers, Vec::<String>::new(), "an answer is there or not");
    recoveries.sort_unstable();
    println!(
        "figure: {KILLS} kills on {} (seed {seed}): {} clicks and {} messages answered, {} not; {} deliveries in flight, \
         {again} of {} came again; start to first answer {} ms (median), {} ms (longest); all done {:.1} s after the load",
        db.engine(),
        book.pressed.len(),
        book.written.len(),
        book.unanswered,
        lost.len(),
        sink.receipts().len(),
        recoveries[recoveries.len() / 2].as_millis(),
        recoveries[recoveries.len() - 1].as_millis(),
        drained.as_secs_f64(),
    );
    drop(db);
    server.end().await;
}

/// The time from the start of a process until it has answered somebody.
async fn start_and_answer(server: &mut Server, load: &Load) -> Duration {
    let started = now();
    server.start();
    load.answered(1, ANSWER_LIMIT).await;
    started.elapsed()
}

/// A seed that is printed with the figures, so that a bad run can be told from others.
fn seed() -> (u64, Random) {
    let seed = u64::from_le_bytes(Random::from_system().bytes());
    println!("seed: {seed}");
    (seed, Random::seeded(seed))
}
