//! What was answered stays answered: real processes that are killed, stopped, doubled, and left without their database.

mod away;
mod backlog;
mod beside;
mod bot;
mod chat;
mod clean;
mod clock;
mod database;
mod disk;
mod encrypted;
mod fairness;
mod few_files;
mod frozen_node;
mod full;
mod hostile;
mod kill;
mod ledger;
mod load;
mod names;
mod node;
mod outage;
mod rate;
mod refuse;
mod rolling;
mod server;
mod shop;
mod sink;
mod small_disk;
mod stop;
#[cfg(feature = "otlp")]
mod traces;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aurix::domain::random::Random;
use aurix::domain::time::Clock;
use tokio::time::Instant;

use crate::support::until;

/// Ports of processes that keep theirs: below those that systems give to connections that go out.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Ports that are tried.
const PORT_TRIES_MAX: usize = 100;

/// The time that a scripted other takes: a visitor until the next click, an endpoint until its response.
async fn pause(time: Duration) {
    Clock::System.sleep(time).await;
}

/// For figures and for ratios within a run.
#[expect(clippy::disallowed_methods, reason = "how long something took is measured in few places")]
fn now() -> Instant {
    Instant::now()
}

/// Sends a signal. A process that is gone meanwhile needs none.
fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    Command::new("kill").arg(format!("-{name}")).args(pids).stderr(Stdio::null()).status().expect("kill runs");
}

fn free_port() -> u16 {
    let random = Random::from_system();
    let width = f64::from(PORTS.end - PORTS.start);
    (0..PORT_TRIES_MAX)
        .map(|_| PORTS.start + (random.fraction() * width) as u16)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of so many ports is free")
}

fn next_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

fn fresh_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("aurix-process-{}-{}", std::process::id(), next_number()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

/// Runs a scenario with real processes on SQLite and on PostgreSQL, as a test each.
macro_rules! on_both_engines {
    ($($scenario:ident)*) => {
        $(mod $scenario {
            use crate::reliability::server::Server;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$scenario(Server::on_sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let server = Server::on_postgres().await;
                super::$scenario(server).await;
            }
        })*
    };
}
use on_both_engines;
