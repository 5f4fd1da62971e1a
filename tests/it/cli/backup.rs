//! `aurix backup` and `aurix restore`: what was there comes back, nothing is overwritten, and what is wrong is told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;

use aurix::db::Location;
use serde_json::Value;

use super::{Operator, text};
use crate::support::{TestApp, drop_postgres, empty_postgres};

const PASSPHRASE: &str = "correct horse battery";

impl Operator {
    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }

    fn with_passphrase(&self, passphrase: &str, arguments: &[&str]) -> Output {
        self.command(arguments).env("AURIX_BACKUP_PASSPHRASE", passphrase).output().expect("the program starts")
    }

    fn projects(&self) -> usize {
        self.json(&["project", "list"])["projects"].as_array().expect("a list").len()
    }

    /// Files whose names begin so.
    fn files(&self, beginning: &str) -> Vec<PathBuf> {
        let entries = self.0.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
        let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning));
        entries.filter(named).collect()
    }
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn a_backup_comes_back() {
    let operator = Operator::new();
    operator.project();
    let copy = operator.path("copy.db");
    operator.json(&["backup", &copy]);
    let elsewhere = Operator::new();
    let checked = elsewhere.json(&["restore", "--check", &copy]);
    assert_eq!((&checked["file"], &checked["secret_key"]), (&Value::Null, &Value::from("missing")));
    assert!(!elsewhere.0.join("aurix.db").exists() && elsewhere.files("aurix.db.").is_empty(), "it was checked alone");

    let restored = elsewhere.json(&["restore", &copy]);
    assert_eq!((&restored["rows"]["projects"], &restored["kept"]), (&Value::from(1), &Value::Null), "{restored}");
    assert_eq!(restored["made"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(
        text(&restored["made"]["at"]).starts_with("20") && !text(&restored["made"]["host"]).is_empty(),
        "{restored}"
    );
    let mode = std::fs::metadata(elsewhere.0.join("aurix.db")).expect("restored").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (error, _) = elsewhere.fails(&["project", "list"]);
    assert!(error.contains("secret.key is missing"), "{error}");
    std::fs::copy(operator.0.join("secret.key"), elsewhere.0.join("secret.key")).expect("the key goes along");
    assert_eq!(elsewhere.projects(), 1);
    assert_eq!(elsewhere.files("aurix.db."), [""; 0].map(PathBuf::from), "nothing is left behind");
    // A copy of what was restored says who made that one.
    let again = elsewhere.path("again.db");
    elsewhere.json(&["backup", &again]);
    assert_eq!(elsewhere.json(&["restore", "--check", &again])["secret_key"], "fits");
}

#[test]
fn what_is_there_is_replaced_only_when_asked_and_kept() {
    let operator = Operator::new();
    operator.project();
    let copy = operator.path("copy.db");
    operator.json(&["backup", &copy]);
    operator.project();
    let (error, code) = operator.fails(&["restore", &copy]);
    assert!(error.contains("has data: with --replace") && code == 1, "{error}");
    assert_eq!(operator.projects(), 2);

    let restored = operator.json(&["restore", "--replace", &copy]);
    assert_eq!((operator.projects(), &restored["secret_key"]), (1, &Value::from("fits")));
    let kept = PathBuf::from(text(&restored["kept"]));
    let database = rusqlite::Connection::open(&kept).expect("the one that was there");
    let count = database.query_row("SELECT COUNT(*) FROM projects", [], |row| row.get::<_, i64>(0)).expect("a count");
    assert_eq!(count, 2, "{}", kept.display());
}

#[test]
fn a_database_that_cannot_be_read_is_replaced_and_kept_with_its_log() {
    let operator = Operator::new();
    operator.project();
    let copy = operator.path("copy.db");
    operator.json(&["backup", &copy]);
    std::fs::write(operator.0.join("aurix.db"), "no database").expect("written");
    std::fs::write(operator.0.join("aurix.db-wal"), "its log").expect("written");
    assert!(operator.fails(&["restore", &copy]).0.contains("has data: with --replace"));
    let kept = text(&operator.json(&["restore", "--replace", &copy])["kept"]);
    assert_eq!(std::fs::read_to_string(&kept).expect("kept"), "no database");
    assert_eq!(std::fs::read_to_string(format!("{kept}-wal")).expect("kept"), "its log");
    assert_eq!(operator.projects(), 1);
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let operator = Operator::new();
    operator.project();
    let copy = operator.path("copy.db");
    operator.json(&["backup", &copy]);
    let run = |sql: &str| {
        let other = operator.path("other.db");
        std::fs::copy(&copy, &other).expect("copied");
        let database = rusqlite::Connection::open(&other).expect("a database");
        database.execute_batch(sql).expect("changed");
        drop(database);
        operator.fails(&["restore", "--replace", &other]).0
    };
    let newer = run("INSERT INTO migrations (version, name, applied_at) VALUES (900, 'later', 0)");
    assert!(newer.contains("is at version 900") && newer.contains("a newer Aurix"), "{newer}");
    let strange = run("UPDATE migrations SET name = 'other' WHERE version = 2");
    assert!(strange.contains("not those of any version of Aurix"), "{strange}");
    assert!(run("DROP TABLE migrations").contains("none of Aurix"));
    std::fs::write(operator.0.join("text"), "no database at all").expect("written");
    let (error, _) = operator.fails(&["restore", "--replace", &operator.path("text")]);
    assert!(error.contains("text is no backup: the file is damaged, or no SQLite database"), "{error}");
    let whole = std::fs::read(&copy).expect("a backup");
    std::fs::write(operator.0.join("half.db"), &whole[..whole.len() / 2]).expect("written");
    assert!(operator.fails(&["restore", "--replace", &operator.path("half.db")]).0.contains("is no backup"));
    assert!(operator.fails(&["restore", &operator.path("absent.db")]).0.contains("there is no file"));
    assert_eq!((operator.projects(), operator.files("aurix.db.")), (1, Vec::new()));
}

#[test]
fn an_encrypted_backup_needs_its_passphrase() {
    let operator = Operator::new();
    operator.project();
    let (copy, file) = (operator.path("copy.sealed"), operator.path("passphrase"));
    let short = said(&operator.with_passphrase("short", &["backup", "--encrypt", &copy]));
    assert!(short.contains("12 characters at least"), "{short}");
    assert!(operator.fails(&["backup", "--encrypt", &copy]).0.contains("AURIX_BACKUP_PASSPHRASE"));
    std::fs::write(&file, format!("{PASSPHRASE}\n")).expect("written");
    let made = operator.json(&["backup", "--encrypt", "--passphrase-file", &file, &copy]);
    let bytes = std::fs::read(&copy).expect("a backup");
    assert_eq!((&made["encrypted"], &made["bytes"]), (&Value::from(true), &Value::from(bytes.len())));
    assert!(!bytes.windows(6).any(|part| part == b"SQLite" || part == b"A shop"), "nothing can be read in it");
    assert_eq!(operator.files("aurix.db.copy"), Vec::<PathBuf>::new(), "no plain copy is left");

    assert!(operator.fails(&["restore", "--check", &copy]).0.contains("it is encrypted: give its passphrase"));
    let wrong = said(&operator.with_passphrase("another passphrase", &["restore", "--check", &copy]));
    assert!(wrong.contains("the passphrase is not the one"), "{wrong}");
    std::fs::write(operator.0.join("cut"), &bytes[..bytes.len() - 1]).expect("written");
    let cut = said(&operator.with_passphrase(PASSPHRASE, &["restore", "--replace", &operator.path("cut")]));
    assert!(cut.contains("the file is cut off"), "{cut}");
    let restored = operator.with_passphrase(PASSPHRASE, &["restore", "--replace", "--json", &copy]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(operator.projects(), 1);
}

#[tokio::test]
async fn nothing_is_restored_below_a_server() {
    let app = TestApp::on_sqlite().await;
    app.project().await;
    let operator = Operator(app.core.config.data_dir.clone());
    let copy = operator.path("copy.db");
    operator.json(&["backup", &copy]);
    let (error, _) = operator.fails(&["restore", "--replace", &copy]);
    assert!(error.contains("is in use: stop the server"), "{error}");
    assert_eq!(operator.json(&["restore", "--check", &copy])["secret_key"], "fits", "a check needs no stop");
    app.core.db.close().await;
    operator.json(&["restore", "--replace", &copy]);
    app.remove().await;
}

#[tokio::test]
async fn postgresql_has_its_own_commands() {
    let (url, server) = empty_postgres().await;
    let url =
        url.replacen("://", "://someone:a-secret@", 1).replacen("someone:a-secret@postgres@", "someone:a-secret@", 1);
    let operator = Operator::new();
    for command in ["backup", "restore"] {
        let (error, code) = operator.fails(&[command, "/backups/aurix.dump", "--database", &url]);
        assert!(error.contains("pg_dump --format=custom --file='/backups/aurix.dump' 'postgres"), "{error}");
        assert!(error.contains("pg_restore --no-owner") && error.contains("someone@") && code == 1, "{error}");
        assert!(!error.contains("a-secret"), "{error}");
    }
    let shown = |url: &str| Location::Postgres(url.to_owned()).shown();
    assert_eq!(
        shown("postgres://u:p@h:5432,i:1/db?sslmode=require&password=p"),
        "postgres://u@h:5432,i:1/db?sslmode=require"
    );
    assert_eq!(shown("postgres://h/db"), "postgres://h/db");
    assert_eq!(shown("postgres://u:p%40x@h"), "postgres://u@h/");
    drop_postgres(&server).await;
}

/// The commands of `docs/operations.md` that back up and restore, with its folders put into one of the test.
fn documented(folder: &str) -> Vec<String> {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md"));
    let text = text
        .expect("the document")
        .replace("/backups/", &format!("{folder}/"))
        .replace("/root/", &format!("{folder}/"));
    let is_ours = |line: &&str| line.contains("aurix backup") || line.contains("aurix restore");
    let blocks = text.split("```sh").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let lines = blocks.flat_map(str::lines).map(str::trim).filter(is_ours);
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn the_documents_commands_work_in_their_order() {
    let operator = Operator::new();
    operator.project();
    let (folder, bin) = (operator.path(""), env!("CARGO_BIN_EXE_aurix"));
    std::fs::write(operator.0.join("backup.passphrase"), PASSPHRASE).expect("written");
    let commands = documented(folder.trim_end_matches('/'));
    assert_eq!(commands.len(), 6, "{commands:?}");
    for command in commands {
        let is_into_an_empty_folder = command.contains("restore") && !command.contains("--");
        let data = if is_into_an_empty_folder { Operator::new() } else { Operator(operator.0.clone()) };
        let line = command
            .replace("aurix backup", &format!("{bin} backup"))
            .replace("aurix restore", &format!("{bin} restore"));
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &line]).env("AURIX_DATA_DIR", &data.0).output().expect("a shell");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        if !is_into_an_empty_folder {
            std::mem::forget(data);
        }
    }
}
