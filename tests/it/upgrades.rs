//! From every schema that was released, on both engines: the first start says which migrations it applies, and keeps every row.
//!
//! `tests/schemas/` has each as it was, and rows of its time. What is released is never edited: a new release adds its files.

use std::path::Path;
use std::process::Command;

use aurix::conversations::found_by::index_old_leads;
use aurix::db::Location;
use tokio_postgres::NoTls;

use crate::support::{TestApp, drop_postgres, empty_postgres, fresh_folder, run_on_server};

/// A schema that was released.
struct Released {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
    rows: &'static str,
}

const RELEASED: &[Released] = &[Released {
    version: 1,
    sqlite: include_str!("../schemas/0001.sqlite.sql"),
    postgres: include_str!("../schemas/0001.postgres.sql"),
    rows: include_str!("../schemas/0001.rows.sql"),
}];

/// Tables of a fixture with the columns that they have there, but those that each start writes to.
type Columns = Vec<(String, Vec<String>)>;

fn columns_of(released: &Released) -> Columns {
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    database.execute_batch(released.sqlite).expect("the schema");
    let texts = |sql: &str| {
        let mut statement = database.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<Vec<String>, _>>().expect("texts")
    };
    let tables = texts(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('migrations', 'counters', 'secret_key')
        ORDER BY name",
    );
    let columns = |table: &String| texts(&format!("SELECT name FROM pragma_table_info('{table}')"));
    tables.iter().map(|table| (table.clone(), columns(table))).collect()
}

/// A statement that gives each row as one text.
fn rows_of(table: &str, columns: &[String]) -> String {
    let parts: Vec<_> = columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), 'NULL')")).collect();
    format!("SELECT {} AS line FROM {table} ORDER BY line", parts.join(" || '|' || "))
}

fn on_sqlite(file: &Path, columns: &Columns) -> Vec<Vec<String>> {
    let database = rusqlite::Connection::open(file).expect("a database");
    let rows = |(table, columns): &(String, Vec<String>)| {
        let mut statement = database.prepare(&rows_of(table, columns)).expect("a statement");
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
    };
    columns.iter().map(rows).collect()
}

async fn on_postgres(url: &str, columns: &Columns) -> Vec<Vec<String>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a database");
    tokio::spawn(connection);
    let mut all = Vec::new();
    for (table, columns) in columns {
        let rows = client.query(&rows_of(table, columns), &[]).await.expect("rows");
        all.push(rows.iter().map(|row| row.get(0)).collect());
    }
    all
}

/// What a command says on standard error before it does its work on an older database.
fn said(folder: &Path, database: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
    command.args(["project", "list"]).env_clear().env("AURIX_DATA_DIR", folder).env("AURIX_DATABASE", database);
    let output = command.output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn assert_states_migrations(said: &str, released: &Released) {
    let begin = said.find("migrations begin").unwrap_or_else(|| panic!("{said}"));
    let first = format!("{:04}_", released.version + 1);
    assert!(said[begin..].contains(&first) && said[begin..].contains("count="), "{said}");
    assert!(said.find("migration applied").is_some_and(|applied| begin < applied), "{said}");
}

/// Works with what was there.
async fn works(app: &TestApp) {
    while index_old_leads(&app.core).await.expect("words") {}
    app.count_rows().await;
    assert_eq!(app.count("SELECT COUNT(*) FROM lead_steps").await, 1);
    app.assert_nothing_is_lost().await;
    app.operator_account("mei@example.com").await;
    let browser = app.signed_in("mei@example.com").await;
    for (page, shown) in [
        ("/leads?q=mei%40example.com", "Mei Tan"),
        ("/leads?q=O-7KQ2M9X4T", "Mei Tan"),
        ("/leads/1", "漢字"),
        ("/integrations/log", "widget.click"),
        ("/settings/audit", "mei"),
    ] {
        let response = browser.get(&format!("/p/018f0000-0000-7000-8000-000000000001{page}")).await;
        assert!(response.status() == 200 && response.text().contains(shown), "{page}: {}", response.text());
    }
}

#[tokio::test]
async fn every_released_schema_is_upgraded_on_sqlite() {
    for released in RELEASED {
        let folder = fresh_folder();
        let file = folder.join("aurix.db");
        let database = rusqlite::Connection::open(&file).expect("a database");
        database.execute_batch(released.sqlite).expect("the schema");
        database.execute_batch(released.rows).expect("its rows");
        drop(database);
        let columns = columns_of(released);
        let before = on_sqlite(&file, &columns);
        assert_states_migrations(&said(&folder, "sqlite"), released);
        assert_eq!(said(&folder, "sqlite"), "", "there is nothing to apply any more");
        assert_eq!(on_sqlite(&file, &columns), before);
        let app = TestApp::on(Location::Sqlite(file), folder, None).await;
        works(&app).await;
        app.remove().await;
    }
}

#[tokio::test]
async fn every_released_schema_is_upgraded_on_postgres() {
    for released in RELEASED {
        let (url, server) = empty_postgres().await;
        run_on_server(&url, released.postgres).await;
        run_on_server(&url, released.rows).await;
        let keys = "SELECT setval(pg_get_serial_sequence(table_name, column_name), 100) FROM information_schema.columns
            WHERE table_schema = 'public' AND is_identity = 'YES'";
        run_on_server(&url, keys).await;
        let (columns, folder) = (columns_of(released), fresh_folder());
        let before = on_postgres(&url, &columns).await;
        assert_states_migrations(&said(&folder, &url), released);
        assert_eq!(on_postgres(&url, &columns).await, before);
        let app = TestApp::on(Location::Postgres(url), folder, Some(server)).await;
        works(&app).await;
        app.remove().await;
    }
}

#[tokio::test]
async fn a_new_database_has_nothing_to_say_of_migrations() {
    let folder = fresh_folder();
    assert_eq!(said(&folder, "sqlite"), "");
    let (url, server) = empty_postgres().await;
    assert_eq!(said(&folder.join("other"), &url), "");
    drop_postgres(&server).await;
    std::fs::remove_dir_all(&folder).expect("it was made");
}
