//! A simulation of the deliveries: the real flows and statements on a real database, several nodes, and faults, all drawn
//! from a seed. Nothing accepted is ever missing, whatever happens in whatever order.
//!
//! `AURIX_TEST_SIMULATIONS=100000` makes more runs, `AURIX_TEST_SEED=17` repeats one.

mod dice;
mod ledger;
mod node;
mod others;
mod receiver;
mod rows;
mod work;
mod world;

use std::path::{Path, PathBuf};

use aurix::config::Config;
use aurix::core::Core;
use aurix::db::Location;
use aurix::domain::random::Random;
use aurix::domain::time::Clock;
use aurix::net::Resolver;
use aurix::projects::create_project::{NewProject, create_project};

use self::world::{Stage, World};
use crate::support::{START, TestApp, fresh_folder, operator};

/// Runs on SQLite, where nothing else is said.
const RUNS: u64 = 500;
/// Of how many runs one is made on PostgreSQL, which answers more slowly.
const POSTGRES_PART: u64 = 10;
/// Lines of a failed run's log that are printed.
const LINES_MAX: usize = 150;

#[tokio::test]
async fn whatever_happens_deliveries_keep_their_promises_sqlite() {
    let Folder(folder) = &Folder(quick_folder());
    let config =
        Config { data_dir: folder.clone(), database: Location::Sqlite(folder.join("aurix.db")), ..Config::default() };
    let clock = Clock::manual(START.parse().expect("a time"));
    let app = aurix::serve::open_with(config, clock, Random::seeded(7), Resolver::System).await.expect("it opens");
    simulate(app, runs()).await;
}

#[tokio::test]
async fn whatever_happens_deliveries_keep_their_promises_postgres() {
    let app = TestApp::on_postgres().await;
    simulate(app.core.clone(), runs().div_ceil(POSTGRES_PART)).await;
    app.end().await;
}

/// Removed when the runs have ended, however they did.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A folder in memory where the system has one: what is tested is not the disk.
fn quick_folder() -> PathBuf {
    let memory = Path::new("/dev/shm").join(format!("aurix-simulation-{}", std::process::id()));
    if std::fs::create_dir_all(&memory).is_ok() { memory } else { fresh_folder() }
}

#[expect(clippy::disallowed_methods, reason = "the environment says which runs are made")]
fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not {text}")))
}

fn runs() -> u64 {
    from_environment("AURIX_TEST_SIMULATIONS").unwrap_or(RUNS)
}

async fn simulate(app: Core, runs: u64) {
    let new = NewProject { name: "A shop".to_owned(), ..NewProject::default() };
    let project = create_project(&app, &operator(), new).await.expect("a project").id;
    let stage = Stage { core: app, project };
    let seeds = from_environment("AURIX_TEST_SEED").map_or(1..runs + 1, |seed| seed..seed + 1);
    let (mut requests, mut deliveries) = (0, 0);
    for seed in seeds {
        let mut world = World::begin(&stage, seed).await.expect("a run begins");
        let result = world.run().await;
        if let Err(error) = result {
            let log = &world.log[world.log.len().saturating_sub(LINES_MAX)..];
            panic!("AURIX_TEST_SEED={seed} repeats this run:\n{}\n{error:#}", log.join("\n"));
        }
        deliveries += world.ledger.entries.len();
        requests += world.endpoints.iter().map(|endpoint| endpoint.requests.len()).sum::<usize>();
    }
    rows::clear(&stage.core).await;
    println!(
        "figure: simulation on {}: {runs} runs, {deliveries} deliveries, {requests} requests",
        stage.core.db.engine()
    );
}
