//! `aurix-bench seed` writes what the product would have written, exactly as much as it was asked for, and goes on where it was
//! killed; `aurix-bench pages` measures each page on that.

mod support;

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use aurix::config::Config;
use aurix::core::Core;
use aurix::db::Location;
use serde_json::Value;

use support::TestApp;
use support::console::Console;

/// A database that is removed in the end.
struct Place {
    folder: PathBuf,
    database: String,
    server: Option<(String, String)>,
}

impl Place {
    async fn on_sqlite(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("aurix-seed-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        Self { folder, database: "sqlite".to_owned(), server: None }
    }

    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where PostgreSQL is")]
    async fn on_postgres(name: &str) -> Self {
        let server = std::env::var("AURIX_TEST_POSTGRES");
        let server = server.expect("AURIX_TEST_POSTGRES names a PostgreSQL; ./test starts one and sets it");
        let database = format!("test_seed_{}_{name}", std::process::id());
        run_on_server(&server, &format!("CREATE DATABASE {database}")).await;
        let mut url = url::Url::parse(&server).expect("a URL");
        url.set_path(&database);
        Self { database: url.into(), server: Some((server, database)), ..Self::on_sqlite(&format!("{name}-pg")).await }
    }

    fn config(&self) -> Config {
        let database = Location::parse(&self.database, &self.folder).expect("a place");
        Config { data_dir: self.folder.clone(), database, ..Config::default() }
    }

    async fn core(&self) -> Core {
        aurix::serve::open(self.config()).await.expect("it opens")
    }

    fn bench(&self, what: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurix-bench"));
        command.args(what.split(' ')).arg("--data").arg(&self.folder).env("AURIX_DATABASE", &self.database);
        command
    }

    fn run(&self, what: &str) -> Output {
        self.bench(what).output().expect("the program is built")
    }

    fn seed(&self, numbers: &str) {
        let output = self.run(&format!("seed {numbers}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    async fn end(self) {
        if let Some((server, database)) = &self.server {
            run_on_server(server, &format!("DROP DATABASE {database} WITH (FORCE)")).await;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn run_on_server(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the server");
    tokio::spawn(connection);
    client.batch_execute(statement).await.expect("a statement");
}

/// A test on each engine.
macro_rules! both_engines {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            use super::*;

            #[tokio::test]
            async fn sqlite() {
                let place = Place::on_sqlite(stringify!($name)).await;
                super::$name(&place).await;
                place.end().await;
            }

            #[tokio::test]
            async fn postgres() {
                let place = Place::on_postgres(stringify!($name)).await;
                super::$name(&place).await;
                place.end().await;
            }
        })*
    };
}

both_engines! { the_console_tells_what_is_there }

/// What starts processes of its own, as the other measurements do.
mod measured {
    use super::*;

    both_engines! { a_seed_that_was_killed_goes_on, every_page_is_measured }
}

const CLICKS: &str = "SELECT COUNT(*) FROM clicks";
const LEADS: &str = "SELECT COUNT(*) FROM leads";
const DELIVERIES: &str = "SELECT COUNT(*) FROM deliveries";
const BLOCKS: &str = "SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = 'seed_blocks'";

async fn the_console_tells_what_is_there(place: &Place) {
    place.seed("--clicks 3000 --leads 600 --deliveries 4000");
    tells_what_is_there(place).await;
}

#[tokio::test]
async fn a_seed_that_was_moved_to_postgresql_tells_the_same() {
    let (from, to) = (Place::on_sqlite("moved").await, Place::on_postgres("moved").await);
    from.seed("--clicks 3000 --leads 600 --deliveries 4000");
    let core = from.core().await;
    let Location::Postgres(url) = to.config().database else { unreachable!("it is on PostgreSQL") };
    let moved =
        aurix::moves::to_postgres::move_to_postgres(&core, &url, false, |_| {}).await.expect("moved, and compared");
    assert!(moved.iter().filter(|table| table.rows > 0).count() > 30, "{moved:?}");
    let to = Place { folder: from.folder.clone(), ..to };
    let core = to.core().await;
    while aurix::conversations::found_by::index_old_leads(&core).await.expect("words") {}
    tells_what_is_there(&to).await;
    to.end().await;
}

async fn tells_what_is_there(place: &Place) {
    let app = TestApp(place.core().await);
    assert_eq!((app.count(CLICKS).await, app.count(LEADS).await, app.count(DELIVERIES).await), (3000, 600, 4000));
    app.assert_nothing_is_lost().await;
    let counted = app.count("SELECT CAST(SUM(delivered + failed) AS BIGINT) FROM delivery_counts").await;
    assert_eq!(counted, app.count("SELECT COUNT(*) FROM attempts").await);
    let clicks_of_other_sessions = "SELECT COUNT(*) FROM clicks AS c JOIN sessions AS s ON s.id = c.session_id
        WHERE c.created_at < s.started_at OR c.created_at > s.started_at + 43200000000";
    assert_eq!(app.count(clicks_of_other_sessions).await, 0);
    let console = Console::open(place.config()).await;
    for (view, sql) in [
        ("All", LEADS),
        ("Talking", "SELECT COUNT(*) FROM leads WHERE status = 'active'"),
        ("Correlated", "SELECT COUNT(*) FROM leads WHERE status = 'correlated'"),
        ("Complete", "SELECT COUNT(*) FROM leads WHERE status = 'complete'"),
        ("Waiting for a person", "SELECT COUNT(*) FROM conversations WHERE handling = 'waiting'"),
    ] {
        let count = app.count(sql).await;
        console.shows("/leads", &format!("{view} {count}")).await;
    }
    assert_eq!(console.rows("/leads/export.csv").await, 600);
    assert_eq!(console.rows("/integrations/log/export.csv").await, 4000);
    for state in ["pending", "delivered", "failed", "cancelled"] {
        let count = match state {
            "pending" => app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'pending'").await,
            "delivered" => app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'").await,
            "failed" => app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'failed'").await,
            _ => app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'cancelled'").await,
        };
        assert!(count > 0, "none is {state}");
        assert_eq!(console.rows(&format!("/integrations/log/export.csv?state={state}")).await, count, "{state}");
    }
    let audited = app.count("SELECT COUNT(*) FROM audit WHERE project_id = (SELECT MAX(id) FROM projects)").await;
    assert_eq!(console.rows("/settings/audit.csv").await, audited);
    console.finds_every_lead_by_what_it_knows(&app.0).await;
    console.end().await;
}

async fn a_seed_that_was_killed_goes_on(place: &Place) {
    const NUMBERS: &str = "--clicks 20000 --leads 1500 --deliveries 9000";
    let app = TestApp(place.core().await);
    let mut seed = place.bench(&format!("seed {NUMBERS}")).stderr(Stdio::null()).spawn().expect("the program is built");
    while app.count(BLOCKS).await < 3 {
        assert!(seed.try_wait().expect("a child").is_none(), "it ended by itself");
    }
    kill(&mut seed);
    let half = app.count(CLICKS).await;
    assert!((1..20_000).contains(&half), "{half} clicks are there");
    place.seed(NUMBERS);
    let all = [CLICKS, LEADS, DELIVERIES, "SELECT COUNT(*) FROM webhooks", "SELECT COUNT(*) FROM users"];
    let mut counts = Vec::new();
    for sql in all {
        counts.push(app.count(sql).await);
    }
    assert_eq!(counts, [20_000, 1_500, 9_000, 6, 5]);
    app.assert_nothing_is_lost().await;
    // Once more changes nothing; other numbers are refused.
    place.seed(NUMBERS);
    assert_eq!(app.count(CLICKS).await, 20_000);
    let refused = place.run("seed --clicks 20001 --leads 1500");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("--clicks 20000 --leads 1500 --deliveries 9000"), "{said}");
}

fn kill(seed: &mut Child) {
    seed.kill().expect("it runs");
    seed.wait().expect("it ended");
}

async fn every_page_is_measured(place: &Place) {
    place.seed("--clicks 1500 --leads 300 --deliveries 2000");
    let output = place.run("pages --rounds 2 --json");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let pages = found["pages"].as_array().expect("pages");
    assert!(pages.len() > 80, "{} pages", pages.len());
    for page in pages {
        let at = |name: &str| page[name].as_f64().unwrap_or_else(|| panic!("no {name} in {page}"));
        assert!(at("answers") == 2.0 && at("p50_ms") > 0.0 && at("bare_p50_ms") > 0.0, "{page}");
        assert!(at("elements") <= 3_000.0 && at("weight_bytes") <= 150_000.0, "{page}");
    }
    let rows = |name: &str| {
        let files = found["files"].as_array().expect("files");
        files.iter().find(|file| file["name"] == name).map(|file| file["rows"].clone())
    };
    assert_eq!((rows("leads.csv"), rows("deliveries.csv")), (Some(300.into()), Some(2000.into())));
}

#[tokio::test]
async fn more_deliveries_than_there_can_be_are_refused() {
    let place = Place::on_sqlite("too-many").await;
    let output = place.run("seed --clicks 100 --leads 10 --deliveries 5000");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("--deliveries") && said.contains("ask for fewer"), "{said}");
    place.end().await;
}

/// Columns that a seed leaves as they are when a row begins, and why.
const EMPTY: &[(&str, &str, &str)] = &[
    ("acme_accounts", "*", "it has no domain"),
    ("acme_challenges", "*", "it has no domain"),
    ("certificates", "*", "it has no domain"),
    ("tokens", "*", "no program uses the management API"),
    ("idempotency_keys", "*", "no program uses the management API"),
    ("attention", "*", "a server opens what it finds wrong"),
    ("disks", "*", "a server looks at the disk that it stands on"),
    ("mail_attention", "*", "nothing is mailed of what is long over"),
    ("mails", "*", "nothing is mailed of what is long over"),
    ("sources", "link_id", "nobody came by a link"),
    ("members", "alerts", "each is told what their role is told"),
    ("payload_templates", "*", "its receivers take events as they are"),
    ("saved_views", "*", "no list is measured by them"),
    ("users", "is_told", "each is told what their role is told"),
    ("webhooks", "template", "its receivers take events as they are"),
    ("webhooks", "template_version", "its receivers take events as they are"),
    ("writers", "*", "good for seconds"),
    ("channels", "fault", "its platform takes every reply"),
    ("channels", "fault_since", "its platform takes every reply"),
    ("past_messages", "*", "its number was in no phone app"),
    ("address_book", "*", "its number was in no phone app"),
    ("channels", "in_app_since", "its number is in no phone app"),
    ("channel_accounts", "*", "WhatsApp has none"),
    ("channel_groups", "*", "WhatsApp has none"),
    ("channel_troubles", "*", "its platform has nothing to say of it"),
    ("channels", "quiet_until", "its platform takes every reply"),
    ("channels", "rate_per_second", "as many as WhatsApp takes"),
    ("conversations", "no_marketing_since", "nobody has said so"),
    ("messages", "refusal_code", "its platform takes every reply"),
    ("notices", "words", "what they hold is kept without any"),
    ("channels", "token_expires_at", "no platform was asked"),
    ("links", "followed", "no link was paused"),
    ("links", "followed_at", "no link was paused"),
    ("channels", "handle", "WhatsApp has numbers"),
    ("channels", "held_until", "its platform takes every reply"),
    ("channels", "inbound_fault", "WhatsApp is not asked"),
    ("channels", "inbound_fault_since", "WhatsApp is not asked"),
    ("channels", "limited_conversation", "its platform takes every reply"),
    ("channels", "limited_until", "its platform takes every reply"),
    ("conversations", "account", "WhatsApp has none"),
    ("conversations", "language", "WhatsApp does not tell it"),
    ("conversations", "thread", "WhatsApp has none"),
    ("conversations", "unreachable_at", "WhatsApp does not tell it"),
    ("chats", "*", "WhatsApp has none"),
    ("channels", "greeting", "WhatsApp has none"),
    ("channels", "title", "WhatsApp has none"),
    ("knowledge", "*", "no model is set"),
    ("media", "*", "people write words"),
    ("media_content", "*", "people write words"),
    ("messages", "answers", "people write words"),
    ("messages", "template", "its people answer in time"),
    ("messages", "is_billable", "its platform does not say"),
    ("messages", "price_category", "its platform does not say"),
    ("messages", "generated_by", "as those that are older than it"),
    ("messages", "seq", "WhatsApp has none"),
    ("internal_devices", "*", "its own people press no button"),
    ("uncounted_clicks", "*", "all are counted"),
    ("projects", "setup_skipped", "it skips no step"),
    ("leads", "is_internal", "its own people press no button"),
    ("sessions", "is_internal", "its own people press no button"),
    ("projects", "recount_step", "all is counted"),
    ("projects", "nudge_after", "as by default"),
    ("projects", "abandoned_after", "as by default"),
    ("projects", "links_domain", "its links have the server's"),
    ("channels", "next_at", "its clock does not pass"),
    ("channels", "leaves_groups", "WhatsApp has none"),
    ("messages", "refusals", "its platform takes every reply"),
    ("model_calls", "*", "no model is set"),
    ("model_days", "*", "no model is set"),
    ("model_drops", "*", "no model is set"),
    ("projects", "discloses", "each says so, as by default"),
    ("projects", "keeps_prompts", "no model is set"),
    ("projects", "tokens_a_day", "no model is set"),
    ("projects", "tokens_a_month", "no model is set"),
    ("unanswered_questions", "*", "no model is set"),
    ("messages", "offers", "its questions are answered in words"),
    ("messages", "unknown_attempts", "its platform answers every reply"),
    ("notices", "external_id", "WhatsApp's have none"),
    ("conversations", "burst_started_at", "a server would take the turn at once"),
    ("conversations", "due_at", "a server would take the turn at once"),
    ("conversations", "turn_attempts", "a server would take the turn at once"),
    ("conversations", "merged_into", "two conversations of one person would be one lead less"),
    ("conversations", "nudge_at", "a server would nudge at once"),
    ("conversations", "abandon_at", "a server would tell of it at once"),
    ("conversations", "abandoned_at", "no webhook chooses it"),
    ("leads", "announce_due_at", "a server would announce it at once"),
    ("messages", "due_at", "a server would send it at once"),
    ("projects", "agent_resumes", "whoever was asked for answers"),
    ("recovery_codes", "*", "a second factor needs a person's phone"),
    ("resend_jobs", "due_at", "a server would go on with it at once"),
    ("retention_progress", "*", "the retention job's own"),
    ("sign_in_failures", "*", "forgotten after a while"),
    ("users", "sealed_totp", "a second factor needs a person's phone"),
    ("users", "totp_step", "a second factor needs a person's phone"),
];

/// So that a seed does not fall behind the tables: each column that may be empty is filled somewhere, and each table has rows.
#[tokio::test]
async fn every_column_is_filled() {
    let place = Place::on_sqlite("columns").await;
    place.seed("--clicks 10000 --leads 8000 --deliveries 9000");
    let file = rusqlite::Connection::open(place.folder.join("aurix.db")).expect("the file");
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = file.prepare(sql).expect("a statement");
        statement.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a text")).collect()
    };
    let is_there = |sql: &str| file.prepare(sql).and_then(|mut one| one.exists([])).expect("a statement");
    let mut unfilled = Vec::new();
    // What a search finds cannot be read: that it does is another test.
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'lead!_search%' ESCAPE '!'";
    for table in texts(tables) {
        for column in texts(&format!("SELECT name FROM pragma_table_info('{table}')")) {
            let begins = texts(&format!(
                "SELECT COALESCE(dflt_value, 'NULL') FROM pragma_table_info('{table}') WHERE name = '{column}'"
            ));
            if !is_there(&format!("SELECT 1 FROM {table} WHERE {column} IS NOT {} LIMIT 1", begins[0])) {
                unfilled.push((table.clone(), column));
            }
        }
    }
    drop(file);
    let is_known = |(table, column): &(String, String)| {
        EMPTY.iter().any(|(of, name, _)| of == table && (name == column || *name == "*"))
    };
    let unknown: Vec<_> = unfilled.iter().filter(|one| !is_known(one)).collect();
    assert!(unknown.is_empty(), "let the seed fill these, or give a reason in EMPTY: {unknown:#?}");
    let is_idle = |(of, name, _): &&(&str, &str, &str)| {
        !unfilled.iter().any(|(table, column)| of == table && (name == column || *name == "*"))
    };
    assert_eq!(
        EMPTY.iter().filter(is_idle).collect::<Vec<_>>(),
        Vec::<&(&str, &str, &str)>::new(),
        "these are filled now"
    );
    place.end().await;
}
