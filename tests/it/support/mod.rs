//! What the tests run on: an Aurix with a clock that is moved by hand, on either engine, and the scripted peers.

pub mod acme;
mod browser;
pub mod console;
mod log;
pub mod model;
mod postgres;
mod project;
mod receiver;
mod references;
pub mod skip;
#[macro_use]
pub mod smtp;
pub mod telegram;
pub mod web;
pub mod whatsapp;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aurix::config::Config;
use aurix::conversations::abandon::abandon_due;
use aurix::conversations::announce_lead::announce_due;
use aurix::conversations::nudge::nudge_due;
use aurix::conversations::send_reply;
use aurix::conversations::take_turn;
use aurix::conversations::unanswered::look_after_unanswered;
use aurix::core::Core;
use aurix::counts::clicks::count_noted;
use aurix::db::Location;
use aurix::deliveries::attempt;
use aurix::deliveries::claim;
use aurix::domain::actor::Actor;
use aurix::domain::random::Random;
use aurix::domain::time::{Clock, SignedDuration};
use aurix::engines::Engines;
use aurix::net::{self, AddressPolicy, Resolver};
use axum::Router;
use bytes::Bytes;
use futures_util::future::try_join_all;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use browser::HttpResponse;
pub use log::Log;
pub use postgres::{drop_postgres, empty_postgres, postgres_server, postgres_with_tables, run_on_server};
pub use project::Project;
pub use receiver::{Received, Receiver};
pub use whatsapp::{APP_SECRET, Person, VERIFY_TOKEN, WhatsApp, message_of, platform_calls, platform_posts};

/// Where every test begins: a Friday.
pub const START: &str = "2026-01-02T10:00:00Z";
/// Rounds of work after which a test is stuck.
const ROUNDS_MAX: usize = 200;
/// How often a condition is checked that nothing notifies of.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A whole Aurix: real database, real HTTP on loopback; the worker works when the test says so.
pub struct TestApp {
    pub core: Core,
    pub engines: Engines,
    pub base_url: String,
    pub client: net::Client,
    data_dir: PathBuf,
    database: Option<(String, String)>,
    _stop: watch::Sender<bool>,
}

impl TestApp {
    pub async fn on_sqlite() -> Self {
        Self::on_sqlite_with(|_| {}).await
    }

    /// With other settings.
    pub async fn on_sqlite_with(change: impl FnOnce(&mut Config)) -> Self {
        let data_dir = fresh_folder();
        let location = Location::Sqlite(data_dir.join("aurix.db"));
        Self::start(location, data_dir, None, change).await
    }

    pub async fn on_postgres() -> Self {
        Self::on_postgres_with(|_| {}).await
    }

    /// With other settings.
    pub async fn on_postgres_with(change: impl FnOnce(&mut Config)) -> Self {
        let (url, server) = postgres_with_tables().await;
        Self::start(Location::Postgres(url), fresh_folder(), Some(server), change).await
    }

    /// A second Aurix where the first one was: on its data folder and another database, at the same time.
    pub async fn on_postgres_instead_of(other: &Self, url: String, server: (String, String)) -> Self {
        let base_url = other.core.config.base_url.clone();
        let change = |config: &mut Config| config.base_url = base_url;
        let app = Self::start(Location::Postgres(url), other.data_dir.clone(), Some(server), change).await;
        app.core.clock.advance(app.core.clock.now().duration_until(other.core.clock.now()));
        app
    }

    /// On a database that is there.
    pub async fn on(database: Location, data_dir: PathBuf, server: Option<(String, String)>) -> Self {
        Self::start(database, data_dir, server, |_| {}).await
    }

    async fn start(
        database: Location,
        data_dir: PathBuf,
        server: Option<(String, String)>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base_url = format!("http://{}", listener.local_addr().expect("bound"));
        let mut config = Config {
            base_url: base_url.clone(),
            data_dir: data_dir.clone(),
            database,
            allow_http: true,
            allow_networks: vec!["127.0.0.0/8".parse().expect("a network")],
            ..Config::default()
        };
        change(&mut config);
        let clock = Clock::manual(START.parse().expect("a time"));
        let core = aurix::serve::open_with(config, clock, Random::seeded(7), Resolver::System).await.expect("it opens");
        let engines = Engines::new(core.clone());
        let (stop, stopping) = watch::channel(false);
        let router = aurix::http::router(engines.clone(), Router::new(), stopping.clone());
        let options = aurix::http::server::Options::default();
        tokio::spawn(aurix::http::server::serve(listener, router, options, async move {
            let _ = stopping.clone().wait_for(|stop| *stop).await;
        }));
        let client = net::Client::new(AddressPolicy::trusted(), Resolver::System, net::Options::default());
        Self { core, engines, base_url, client, data_dir, database: server, _stop: stop }
    }

    pub fn advance(&self, by: SignedDuration) {
        self.core.clock.advance(by);
    }

    /// Does all that is due now: announcements, turns, replies, deliveries, and what they bring about.
    pub async fn work(&self) {
        self.count_clicks().await;
        for _ in 0..ROUNDS_MAX {
            let announced = announce_due(&self.core).await.expect("announcing leads");
            let unanswered = look_after_unanswered(&self.core).await.expect("looking after the unanswered");
            let nudged = nudge_due(&self.core).await.expect("nudging");
            let abandoned = abandon_due(&self.core).await.expect("telling of abandoned leads");
            let turns = take_turn::claim_turns(&self.core, 100).await.expect("claiming turns");
            let replies = send_reply::claim_replies(&self.core, 100).await.expect("claiming replies");
            let wanted = claim::find_waiting(&self.core).await.expect("what waits").due;
            let wanted = wanted.into_iter().map(|webhook| claim::Wanted { webhook, most: 50 }).collect();
            let deliveries = claim::claim_due(&self.core, wanted).await.expect("claiming deliveries").leased;
            if announced + unanswered + nudged + abandoned == 0
                && turns.is_empty()
                && replies.is_empty()
                && deliveries.is_empty()
            {
                return;
            }
            let turns = turns.into_iter().map(|turn| take_turn::take_turn(&self.engines.conversations, turn));
            try_join_all(turns).await.expect("the turns");
            let replies =
                replies.into_iter().map(async |reply| match send_reply::send_reply(&self.core, reply).await? {
                    Some(settled) => send_reply::settle_reply(&self.engines.conversations, &settled).await,
                    None => Ok(()),
                });
            try_join_all(replies).await.expect("the replies");
            for delivery in deliveries {
                let attempted = attempt::attempt(&self.core, delivery).await;
                attempt::settle(&self.engines.deliveries, &attempted).await.expect("a settled delivery");
            }
        }
        panic!("there is still work after {ROUNDS_MAX} rounds");
    }

    /// Lets the agent's pause after a burst go by, then works.
    pub async fn settle(&self) {
        self.advance(SignedDuration::from_secs(2));
        self.work().await;
    }

    /// Counts the clicks that were noted.
    pub async fn count_clicks(&self) {
        while count_noted(&self.core).await.expect("counting clicks") {}
    }

    /// Counts what a test stored row by row, as after an upgrade.
    pub async fn count_rows(&self) {
        self.execute(
            "UPDATE projects SET recount_step = 'sessions', recount_done = 0, recount_first = 0, recount_last = 0",
        )
        .await;
        while aurix::counts::recount::go_on(&self.core).await.expect("a step") {}
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        self.send(net::Method::GET, path, headers, Bytes::new()).await
    }

    pub async fn send(
        &self,
        method: net::Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> HttpResponse {
        let request = net::Request {
            method,
            url: format!("{}{path}", self.base_url),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.into(),
            timeout: Duration::from_secs(30),
            response_bytes_max: 64 << 20,
        };
        HttpResponse(self.client.send(request).await.expect("the server answers"))
    }

    /// A number in the database, by a statement of the test's own.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.core.db.read(async move |conn| Ok(conn.get(sql, &[], |row| row.get(0)).await?)).await.expect("a count")
    }

    /// Changes rows, by a statement of the test's own.
    pub async fn execute(&self, sql: &'static str) {
        self.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("a change");
    }

    pub async fn text(&self, sql: &'static str) -> Option<String> {
        self.core.db.read(async move |conn| Ok(conn.find(sql, &[], |row| row.get(0)).await?)).await.expect("a text")
    }

    /// Ends the test and removes what it left.
    pub async fn end(self) {
        self.assert_nothing_is_lost().await;
        self.remove().await;
    }

    /// Removes a stage whose rows mean nothing.
    pub async fn remove(self) {
        let _ = std::fs::remove_dir_all(&self.data_dir);
        if let Some(database) = &self.database {
            drop_postgres(database).await;
        }
    }
}

/// Waits until `is_so`, for at most `limit`.
pub async fn until(what: &str, limit: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let waited = tokio::time::timeout(limit, async {
        while !is_so().await {
            ticks.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "{what}: not within {limit:?}");
}

/// Whoever sets a test up: the operator, by command.
pub fn operator() -> Actor {
    Actor::Command { user: Some("mei".to_owned()) }
}

fn next_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

pub fn fresh_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("aurix-test-{}-{}", std::process::id(), next_number()));
    // One of a killed run that had the same process id holds an older database.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

/// Runs each test on SQLite and on PostgreSQL.
macro_rules! both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: &TestApp) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn scenario($app: &TestApp) $body

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                let app = TestApp::on_sqlite().await;
                scenario(&app).await;
                app.end().await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                let app = TestApp::on_postgres().await;
                scenario(&app).await;
                app.end().await;
            }
        })*
    };
}
