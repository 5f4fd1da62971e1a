//! A move from SQLite to PostgreSQL: what was there reads the same, whatever cut the move off; nothing is moved that is in use, and
//! nothing onto other data.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use aurix::db::{Db, Location};
use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use aurix::moves::to_postgres::APART;
use serde_json::Value;

use crate::support::{Person, Project, Receiver, TestApp, drop_postgres, empty_postgres, run_on_server, until};

/// Rows that a move cannot copy before it is noticed and killed.
const MANY: &str = "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 120000)
    INSERT INTO audit (project_id, at, actor_kind, action, object_kind, object_id, detail)
    SELECT (SELECT MIN(id) FROM projects), i, 'command', 'create_project', 'project', 'object-' || i, '{\"a\\b\": \"\\t\"}' FROM numbers";

fn aurix(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
    command.args(arguments).env_clear().env("AURIX_DATA_DIR", folder).current_dir(folder);
    command
}

fn moves(folder: &Path, more: &[&str]) -> Output {
    aurix(folder, &[&["move", "--json"], more].concat()).output().expect("the program starts")
}

/// What a move that ends well prints.
fn moved(folder: &Path, more: &[&str]) -> Value {
    let output = moves(folder, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a move that fails says.
fn refused(folder: &Path, more: &[&str]) -> String {
    let output = moves(folder, more);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder(app: &TestApp) -> &Path {
    &app.core.config.data_dir
}

/// A shop with clicks, people, leads, deliveries, members and a key.
async fn a_used_shop(app: &TestApp) -> (Project, String) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    let key = app.key(&project, "topkee").await;
    app.account("mei@example.com", Some((project.id, Role::Admin))).await;
    for number in 0..12 {
        let query =
            format!("device_id=d{number}&click_url=https://shop.example/%3Futm_source=s{number}%26utm_medium=cpc");
        let reference = app.click(&project, &query).await.reference();
        let person = Person::new(app, &project, &format!("65812345{number:02}"));
        person.writes(&format!("Hi {reference}")).await;
        app.settle().await;
        person.writes(&format!("I am Mei Tan, mei{number}@example.com\\ and a\ttab\nüñ 漢字")).await;
        app.settle().await;
        app.advance(SignedDuration::from_hours(30));
        app.work().await;
    }
    (project, key)
}

/// What the console and the partner API say.
async fn what_is_said(app: &TestApp, project: &Project, key: &str) -> Vec<(String, String)> {
    let browser = app.signed_in("mei@example.com").await;
    let authorization = format!("Bearer {key}");
    let mut said = Vec::new();
    let mut pages =
        vec!["/overview", "/leads", "/leads?q=mei3%40example.com", "/leads?q=%2B6581234505", "/leads?q=Tan", "/inbox"];
    pages.extend(["/leads/1", "/leads/7", "/leads/export.csv", "/integrations/log", "/settings/audit", "/attribution"]);
    for page in pages {
        let response = browser.get(&format!("/p/{}{page}", project.public_id)).await;
        said.push((page.to_owned(), format!("{} {}", response.status(), response.text())));
    }
    for list in ["topkee/leads", "topkee/attribution"] {
        let response = app.get(&format!("/integrations/{list}"), &[("authorization", &authorization)]).await;
        said.push((list.to_owned(), format!("{} {}", response.status(), response.text())));
    }
    said
}

#[tokio::test]
async fn what_was_moved_reads_the_same() {
    let app = TestApp::on_sqlite().await;
    let (project, key) = a_used_shop(&app).await;
    let before = what_is_said(&app, &project, &key).await;
    let leads = app.count("SELECT MAX(id) FROM leads").await;
    app.core.db.close().await;
    let (url, server) = empty_postgres().await;
    let report = moved(folder(&app), &["--to", &url]);
    assert_eq!((&report["verified"], &report["tables"]["leads"]), (&Value::from(true), &Value::from(12)), "{report}");
    let new = TestApp::on_postgres_instead_of(&app, url, server).await;
    new.assert_nothing_is_lost().await;
    for ((page, before), (_, after)) in before.iter().zip(what_is_said(&new, &project, &key).await) {
        assert!(before.starts_with("200 "), "{page}: {before}");
        assert_eq!(*before, after, "{page}");
    }
    assert_eq!(new.count("SELECT COUNT(*) FROM clicks_unlinked_rest").await, 0, "each week has its part");
    Person::new(&new, &project, "6589999999").writes("Hello, I am Ada").await;
    new.settle().await;
    assert_eq!(new.count("SELECT MAX(id) FROM leads").await, leads + 1, "keys go on where they were");
    new.end().await;
}

#[tokio::test]
async fn every_table_is_moved_or_apart() {
    let app = TestApp::on_sqlite().await;
    app.core.db.close().await;
    let tables: BTreeSet<String> = {
        let file = rusqlite::Connection::open(folder(&app).join("aurix.db")).expect("a database");
        let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'";
        let mut statement = file.prepare(sql).expect("a statement");
        let names = statement.query_map([], |row| row.get(0)).expect("names");
        names.collect::<Result<_, _>>().expect("texts")
    };
    let (url, server) = empty_postgres().await;
    let report = moved(folder(&app), &["--to", &url]);
    let named = report["tables"].as_object().expect("tables").keys().cloned();
    let apart = APART.iter().map(|(name, _)| (*name).to_owned()).filter(|name| tables.contains(name));
    assert_eq!(named.chain(apart).collect::<BTreeSet<_>>(), tables);
    drop_postgres(&server).await;
    app.remove().await;
}

/// The number of an `audit` row up to which a move has copied.
async fn copied(client: &tokio_postgres::Client) -> i64 {
    let sql = "SELECT rows FROM unfinished_move WHERE name = 'audit'";
    client.query_opt(sql, &[]).await.ok().flatten().map_or(0, |row| row.get(0))
}

#[tokio::test]
async fn a_move_that_was_killed_goes_on_and_finds_what_was_changed() {
    let app = TestApp::on_sqlite().await;
    let project = app.project().await;
    app.execute(MANY).await;
    let audited = app.count("SELECT COUNT(*) FROM audit").await;
    app.core.db.close().await;
    let (url, server) = empty_postgres().await;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a database");
    tokio::spawn(connection);
    let mut first = aurix(folder(&app), &["move", "--to", &url]).stdout(Stdio::null()).spawn().expect("it starts");
    until("some rows are there", Duration::from_secs(60), async || copied(&client).await > 0).await;
    first.kill().expect("it runs");
    first.wait().expect("it ended");
    let half = copied(&client).await;
    assert!((1..audited).contains(&half), "{half} of {audited} rows are there");

    let location = Location::Postgres(url.clone());
    let open = Db::open(&location).await.err().expect("half of a database");
    assert!(format!("{open:#}").contains("run `aurix move` again"), "{open:#}");
    client.execute("UPDATE audit SET detail = 'x' WHERE object_id = 'object-17'", &[]).await.expect("a change");
    let error = refused(folder(&app), &["--to", &url]);
    assert!(error.contains("the databases differ: audit id 20: detail"), "{error}");
    let detail = "UPDATE audit SET detail = (SELECT detail FROM audit WHERE object_id = 'object-18') WHERE object_id = 'object-17'";
    client.execute(detail, &[]).await.expect("as it was");
    client.execute("DELETE FROM audit WHERE object_id = 'object-120000'", &[]).await.expect("a removal");
    let error = refused(folder(&app), &["--to", &url]);
    assert!(error.contains("the databases differ: audit lacks the row id 120003"), "{error}");

    let report = moved(folder(&app), &["--to", &url, "--start-over"]);
    assert_eq!((&report["tables"]["audit"], &report["resumed"]), (&Value::from(audited), &Value::from(0)), "{report}");
    assert_eq!(copied(&client).await, 0, "nothing remembers the move");
    let error = refused(folder(&app), &["--to", &url]);
    assert!(error.contains("data that is not of this move, in api_keys") || error.contains("audit"), "{error}");
    drop(project);
    drop_postgres(&server).await;
    app.remove().await;
}

#[tokio::test]
async fn a_move_that_was_killed_copies_nothing_twice() {
    let app = TestApp::on_sqlite().await;
    app.project().await;
    app.execute(MANY).await;
    let audited = app.count("SELECT COUNT(*) FROM audit").await;
    app.core.db.close().await;
    let (url, server) = empty_postgres().await;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a database");
    tokio::spawn(connection);
    let mut first = aurix(folder(&app), &["move", "--to", &url]).stdout(Stdio::null()).spawn().expect("it starts");
    until("some rows are there", Duration::from_secs(60), async || copied(&client).await > 0).await;
    first.kill().expect("it runs");
    first.wait().expect("it ended");
    let report = moved(folder(&app), &["--to", &url]);
    assert_eq!(report["tables"]["audit"], audited);
    assert!(report["resumed"].as_i64().expect("a number") >= 2_000, "{report}");
    drop_postgres(&server).await;
    app.remove().await;
}

#[tokio::test]
async fn what_is_in_use_or_not_empty_is_not_moved() {
    let app = TestApp::on_sqlite().await;
    app.project().await;
    let (url, server) = empty_postgres().await;
    let error = refused(folder(&app), &["--to", &url]);
    assert!(error.contains("is in use: stop the server"), "{error}");
    app.core.db.close().await;

    let error = refused(folder(&app), &["--to", "sqlite:other.db"]);
    assert!(error.contains("only PostgreSQL"), "{error}");
    let other = TestApp::on_postgres().await;
    let Location::Postgres(used) = other.core.config.database.clone() else { unreachable!("it is on PostgreSQL") };
    let error = refused(folder(&app), &["--to", &used]);
    assert!(error.contains("data that is not of this move, in secret_key: name an empty database"), "{error}");

    let origin = "CREATE TABLE unfinished_move (name TEXT PRIMARY KEY, position TEXT, rows BIGINT NOT NULL, is_done BOOLEAN NOT NULL);
                  INSERT INTO unfinished_move VALUES ('', 'another', 0, FALSE)";
    run_on_server(&url, origin).await;
    let error = refused(folder(&app), &["--to", &url]);
    assert!(error.contains("an unfinished move of another database") && error.contains("--start-over"), "{error}");
    drop_postgres(&server).await;
    other.remove().await;
    app.remove().await;
}
