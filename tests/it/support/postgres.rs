//! Databases of the tests' PostgreSQL.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aurix::db::{Db, Location};
use tokio::sync::OnceCell;

use super::{next_number, until};

/// How long the connections of a pool may take to end.
const RENAME_WITHIN: Duration = Duration::from_secs(10);

/// The connection string of the tests' PostgreSQL. Fails where none was started: a test that did not run has not passed.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
pub fn postgres_server() -> String {
    std::env::var("AURIX_TEST_POSTGRES").expect("AURIX_TEST_POSTGRES names a PostgreSQL: ./test starts one and sets it")
}

pub async fn run_on_server(server: &str, statement: &str) {
    connect(server).await.batch_execute(statement).await.expect("the tests may make databases");
}

async fn connect(server: &str) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.expect("the tests' PostgreSQL");
    tokio::spawn(connection);
    client
}

/// An empty database: its connection string, and what [`drop_postgres`] needs.
pub async fn empty_postgres() -> (String, (String, String)) {
    made("").await
}

/// A database that has the tables of today, as one that a server was started on once: a copy of one that is made with the first of them.
pub async fn postgres_with_tables() -> (String, (String, String)) {
    static PATTERN: OnceCell<String> = OnceCell::const_new();
    let pattern = PATTERN.get_or_init(make_pattern).await;
    made(&format!("TEMPLATE {pattern}")).await
}

async fn made(how: &str) -> (String, (String, String)) {
    let server = postgres_server();
    let name = format!("test_{}_{}", std::process::id(), next_number());
    run_on_server(&server, &format!("CREATE DATABASE {name} {how}")).await;
    (url_of(&server, &name), (server, name))
}

fn url_of(server: &str, name: &str) -> String {
    let (start, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = start.rsplit_once('/').expect("postgres://USER@HOST/DATABASE");
    format!("{host}/{name}?{query}")
}

/// Makes the database that others are copied from, unless this or another process did; its name tells the migrations. It stays.
async fn make_pattern() -> String {
    let server = postgres_server();
    let name = format!("tables_{:016x}", digest_of_migrations());
    let client = connect(&server).await;
    client.batch_execute("SELECT pg_advisory_lock(47021199)").await.expect("a lock");
    let known = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.expect("an answer");
    if known.is_none() {
        let (url, (_, making)) = empty_postgres().await;
        drop(Db::open(&Location::Postgres(url)).await.expect("migrations"));
        let rename = format!("ALTER DATABASE {making} RENAME TO {name}");
        // The pool's connections end a moment after it.
        until("the connections end", RENAME_WITHIN, async || client.batch_execute(&rename).await.is_ok()).await;
    }
    name
}

fn digest_of_migrations() -> u64 {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files =
        std::fs::read_dir(root.join("migrations")).expect("migrations").map(|file| file.expect("a file").path());
    let mut files: Vec<PathBuf> = files.chain([root.join("src/db/migrate.rs")]).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.iter().for_each(|file| std::fs::read(file).expect("a file").hash(&mut hasher));
    hasher.finish()
}

pub async fn drop_postgres((server, name): &(String, String)) {
    run_on_server(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
}
