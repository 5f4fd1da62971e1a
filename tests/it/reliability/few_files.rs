//! A process that may open no more files.

use std::process::Command;
use std::time::Duration;

use aurix::net::{self, AddressPolicy, Resolver};
use tokio::net::TcpStream;

use super::server::{Server, get};
use super::until;

/// Files that it may open besides those that it has.
const MORE_FILES: usize = 40;
/// More connections than that; fewer than would have to wait to be accepted.
const IDLE: usize = 200;
/// Far less than an idle connection is kept for.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn idle_connections_make_room_where_the_system_gives_no_more_files() {
    let mut server = Server::on_sqlite();
    server.start_ready().await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("it runs").count();
    let limit = format!("--nofile={}", open + MORE_FILES);
    let limited = Command::new("prlimit").arg(format!("--pid={}", server.pid())).arg(limit).status();
    assert!(limited.expect("util-linux is installed").success());

    let address = server.base_url.trim_start_matches("http://");
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(TcpStream::connect(address).await.expect("it listens"));
    }
    // On a connection of its own.
    let client = net::Client::new(AddressPolicy::trusted(), Resolver::System, net::Options::default());
    let url = format!("{}/healthz", server.base_url);
    until("a visitor is served", LIMIT, async || get(&client, &url).await.is_ok_and(|response| response.status == 200))
        .await;
    assert!(server.log().contains("accept failed"), "there were enough files");
    server.end().await;
}
