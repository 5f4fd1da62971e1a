//! The one file of a SQLite database: whole after a stop, missed when it is gone, and copied beside a running server.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use aurix::db::copy::Maker;
use aurix::db::{Db, Error, Location};
use aurix::domain::time::SignedDuration;

use crate::support::{Project, TestApp};

const CLICKS: i64 = 50;

async fn with_clicks() -> (TestApp, Project, PathBuf) {
    let app = TestApp::on_sqlite().await;
    let project = app.project().await;
    for _ in 0..CLICKS {
        app.click(&project, "").await;
    }
    let file = app.core.config.data_dir.join("aurix.db");
    (app, project, file)
}

fn maker() -> Maker {
    Maker { made_at: 0, program: "0.1.0".to_owned(), host: "here".to_owned(), made_by: "mei".to_owned() }
}

/// The clicks that are in a file alone, without the log beside it.
fn clicks_in(file: &Path) -> i64 {
    let copy = file.with_extension("copy");
    std::fs::copy(file, &copy).expect("it can be copied");
    let connection = rusqlite::Connection::open(&copy).expect("a database");
    connection.query_row("SELECT COUNT(*) FROM clicks", [], |row| row.get(0)).expect("the table is there")
}

async fn is_ready(app: &TestApp) -> bool {
    app.advance(SignedDuration::from_secs(1));
    app.get("/readyz", &[]).await.status() == 200
}

#[tokio::test]
async fn a_clean_stop_leaves_one_whole_file() {
    let (app, _, file) = with_clicks().await;
    let location = Location::Sqlite(file.clone());
    assert!(location.was_stopped_uncleanly(), "it is not stopped at all");
    app.core.db.close().await;
    assert_eq!(clicks_in(&file), CLICKS);
    assert!(!location.was_stopped_uncleanly());
    let write = app.core.db.write(async |tx| Ok(tx.execute("UPDATE counters SET value = value", &[]).await?)).await;
    write.expect_err("it is closed");
    app.remove().await;
}

#[tokio::test]
async fn a_clean_stop_leaves_a_whole_file_also_where_another_process_has_it_open() {
    let (app, _, file) = with_clicks().await;
    let other = rusqlite::Connection::open(&file).expect("a database");
    let count = |connection: &rusqlite::Connection| {
        connection.query_row("SELECT COUNT(*) FROM clicks", [], |row| row.get::<_, i64>(0)).expect("the table is there")
    };
    assert_eq!(count(&other), CLICKS);
    app.core.db.close().await;
    assert_eq!(clicks_in(&file), CLICKS);
    drop(other);
    app.remove().await;
}

#[tokio::test]
async fn a_copy_that_is_damaged_is_no_backup() {
    let (app, _, file) = with_clicks().await;
    app.core.db.close().await;
    {
        // A row that its table does not allow goes into the copy as it is.
        let connection = rusqlite::Connection::open(&file).expect("a database");
        let version: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).expect("a number");
        let script = format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'correlation_id TEXT NOT NULL', 'correlation_id TEXT')
             WHERE name = 'sessions';
             PRAGMA schema_version = {};",
            version + 1
        );
        connection.execute_batch(&script).expect("another schema");
    }
    {
        let connection = rusqlite::Connection::open(&file).expect("a database");
        connection.execute_batch("UPDATE sessions SET correlation_id = NULL").expect("allowed now");
        let version: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).expect("a number");
        let script = format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'correlation_id TEXT', 'correlation_id TEXT NOT NULL')
             WHERE name = 'sessions';
             PRAGMA schema_version = {};",
            version + 1
        );
        connection.execute_batch(&script).expect("the schema of before");
    }
    let db = Db::open(&Location::Sqlite(file.clone())).await.expect("it opens");
    let to = file.with_file_name("backup.db");
    let refused = db.backup(to.clone(), maker()).await.expect_err("it is damaged");
    assert!(format!("{refused:#}").contains("the copy is damaged"), "{refused:#}");
    assert!(!to.exists() && !to.with_file_name("backup.db.part").exists());
    app.remove().await;
}

#[tokio::test]
async fn a_file_that_is_removed_or_replaced_stops_writes_and_readiness() {
    let (app, project, file) = with_clicks().await;
    let elsewhere = file.with_extension("elsewhere");
    assert!(is_ready(&app).await);
    std::fs::rename(&file, &elsewhere).expect("moved away");
    let write = app.core.db.write(async |tx| Ok(tx.execute("UPDATE counters SET value = value", &[]).await?)).await;
    assert!(Error::is_unavailable(&write.expect_err("it would be lost")));
    assert!(!is_ready(&app).await);
    assert_eq!(app.click(&project, "").await.status(), 302, "a visitor goes on, and the click is spooled");
    std::fs::copy(&elsewhere, &file).expect("another file with the same name");
    assert!(!is_ready(&app).await);
    std::fs::rename(&elsewhere, &file).expect("moved back");
    assert!(is_ready(&app).await);
    app.remove().await;
}

#[tokio::test]
async fn a_backup_is_whole_while_clicks_go_on() {
    let (app, project, file) = with_clicks().await;
    let to = file.with_file_name("backup.db");
    let clicks = async {
        for _ in 0..CLICKS {
            app.click(&project, "").await;
        }
    };
    let (bytes, ()) = tokio::join!(app.core.db.backup(to.clone(), maker()), clicks);
    let bytes = bytes.expect("copied and verified");
    let found = std::fs::metadata(&to).expect("there it is");
    assert_eq!((found.len(), found.permissions().mode() & 0o777), (bytes, 0o600));
    assert!((CLICKS..=2 * CLICKS).contains(&clicks_in(&to)));
    let again = app.core.db.backup(to.clone(), maker()).await.expect_err("it is not overwritten");
    assert!(again.to_string().contains("exists"), "{again}");
    assert!(!to.with_file_name("backup.db.part").exists());
    app.end().await;
}

#[tokio::test]
async fn damage_is_found() {
    let (app, _, file) = with_clicks().await;
    assert_eq!(app.core.db.damage().await.expect("checked"), Vec::<String>::new());
    app.core.db.close().await;
    let root = "SELECT rootpage FROM sqlite_master WHERE name = 'clicks'";
    let page: i64 = {
        let connection = rusqlite::Connection::open(&file).expect("a database");
        connection.query_row(root, [], |row| row.get(0)).expect("the table is there")
    };
    let mut broken = std::fs::File::options().write(true).open(&file).expect("the file opens");
    broken.seek(SeekFrom::Start((page.cast_unsigned() - 1) * 4096)).expect("a page");
    broken.write_all(&[0xA5; 64]).expect("written");
    drop(broken);
    let db = Db::open(&Location::Sqlite(file)).await.expect("it opens");
    assert!(!db.damage().await.expect("checked").is_empty());
    app.remove().await;
}

#[tokio::test]
async fn postgresql_has_its_own_backup() {
    let app = TestApp::on_postgres().await;
    let refused =
        app.core.db.backup(app.core.config.data_dir.join("backup.db"), maker()).await.expect_err("not ours to do");
    assert!(refused.to_string().contains("pg_dump"), "{refused}");
    assert_eq!(app.core.db.damage().await.expect("nothing to do"), Vec::<String>::new());
    app.end().await;
}
