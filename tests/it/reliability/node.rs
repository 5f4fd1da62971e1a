//! A whole server in the process of the tests, where a test has to move its clock or answer for DNS: the same wiring, the
//! same worker, real HTTP.

use std::time::Duration;

use aurix::config::Config;
use aurix::domain::random::Random;
use aurix::domain::rates::Rates;
use aurix::domain::retry::Schedule;
use aurix::domain::time::{Clock, SignedDuration, Timestamp};
use aurix::net::Resolver;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::now;
use super::server::{SECRET, Server};

/// How often a clock that is moved by hand is moved on.
const TICK: Duration = Duration::from_millis(5);

pub struct Node {
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Node {
    /// Serves in the place of `server`, whose process is not started: commands and client are as usual.
    pub async fn start(server: &Server, clock: Clock, resolver: Resolver, schedule: &str) -> Self {
        let config = Config {
            base_url: server.base_url.clone(),
            data_dir: server.data_dir.clone(),
            database: server.location(),
            secret_key: Some(SECRET.to_owned().into()),
            allow_http: true,
            allow_networks: vec!["127.0.0.0/8".parse().expect("a network")],
            retry_schedule: Schedule::parse(schedule).expect("a schedule"),
            rate_limits: Rates::OFF,
            ..Config::default()
        };
        let app = aurix::serve::open_with(config, clock, Random::from_system(), resolver).await.expect("it opens");
        let address = server.base_url.trim_start_matches("http://");
        let listener = TcpListener::bind(address).await.expect("a free port");
        let (stop, stopping) = watch::channel(false);
        let task =
            tokio::spawn(aurix::serve::serve(aurix::engines::Engines::new(app), listener, Router::new(), stopping));
        Self { stop, task }
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("it does not panic").expect("it ends well");
    }
}

/// A clock that goes as time goes, and can be stepped.
pub fn going_clock(start: Timestamp) -> Clock {
    let clock = Clock::manual(start);
    let moved = clock.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        let mut before = now();
        loop {
            ticks.tick().await;
            let passed = before.elapsed();
            before += passed;
            moved.advance(SignedDuration::try_from(passed).expect("short"));
        }
    });
    clock
}
