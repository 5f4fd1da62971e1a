//! No statement of `store/` reads all of a table that grows: the plan of every one, as each engine makes it.

mod postgres;
mod sqlite;
mod statements;

use std::collections::HashSet;

use crate::support::TestApp;
use crate::tidy::{assert_tidy, rust_files};
use statements::Statement;

/// Tables whose rows people make one by one, and that a statement may read as a whole. Every other table grows.
const SETTLED: &[&str] = &[
    "projects",
    "users",
    "members",
    "user_links",
    "disks",
    "form_versions",
    "knowledge",
    "api_keys",
    "tokens",
    "channels",
    "channel_accounts",
    "channel_troubles",
    "widgets",
    "links",
    "webhooks",
    "saved_views",
    "retention",
    "retention_progress",
    "migrations",
    // A bounded number on each day.
    "sources",
    "ads",
    "new_sources",
    "internal_devices",
    "counters",
    // As many as there are sets of domains, and domains.
    "acme_accounts",
    "acme_challenges",
    "certificates",
    // Emptied every second.
    "uncounted_clicks",
];
/// Columns by which a search finds all that a tenant ever had: such a search is a full scan to that tenant.
const WIDE: &[&str] = &["project_id", "webhook_id", "channel", "widget_id"];
/// Indexes that hold only what waits for somebody: a search in one for all of a tenant finds little among much.
const OF_WAITING: &[&str] = &[
    "deliveries_due",
    "deliveries_failed",
    "deliveries_cancelled",
    "deliveries_untried",
    "deliveries_in_flight",
    "conversations_waiting",
    "conversations_with",
    "attention_open",
    "attention_open_by_project",
    "mails_due",
];
/// Statements that may read more than they need on an engine, and why.
const ALLOWED: &[(&str, &str, &str)] =
    &[("lead_search::found_among_newest", "postgres", "it walks back from the newest, no further than LOOKED_AT")];

/// A statement's reading of too much, as a plan shows it.
struct Fault {
    statement: String,
    place: String,
    why: String,
}

impl Fault {
    fn of(statement: &Statement, why: String) -> Self {
        Self { statement: statement.name.clone(), place: statement.place.clone(), why }
    }
}

/// Whether a search by these columns finds few rows.
fn is_narrow<'a>(mut columns: impl Iterator<Item = &'a str>) -> bool {
    columns.any(|column| !WIDE.contains(&column))
}

fn judge(engine: &str, faults: &[Fault]) {
    let allowed: Vec<_> = ALLOWED.iter().filter(|(_, on, _)| *on == engine).map(|(name, ..)| *name).collect();
    let described = |fault: &Fault| {
        format!("{}: `{}` {}: give it an index, or a reason in ALLOWED", fault.place, fault.statement, fault.why)
    };
    let faults_left = faults.iter().filter(|fault| !allowed.contains(&fault.statement.as_str()));
    assert_tidy(&faults_left.map(described).collect::<Vec<_>>());
    let seen: HashSet<&str> = faults.iter().map(|fault| fault.statement.as_str()).collect();
    let idle: Vec<_> = allowed.iter().filter(|name| !seen.contains(*name)).collect();
    assert!(idle.is_empty(), "these need no exception any more: {idle:?}");
}

fn all_statements() -> Vec<Statement> {
    let files = rust_files("src/store");
    let all: Vec<_> = files.iter().flat_map(|(file, text)| statements::read(file, text)).collect();
    assert!(all.len() > 60, "only {} statements were found", all.len());
    all
}

#[tokio::test]
async fn no_statement_reads_a_growing_table_as_a_whole_on_sqlite() {
    let app = TestApp::on_sqlite().await;
    let faults = sqlite::faults(&app, &all_statements()).await;
    app.remove().await;
    judge("sqlite", &faults);
}

#[tokio::test]
async fn no_statement_reads_a_growing_table_as_a_whole_on_postgres() {
    let app = TestApp::on_postgres().await;
    let faults = postgres::faults(&app, &all_statements()).await;
    app.remove().await;
    judge("postgres", &faults);
}
