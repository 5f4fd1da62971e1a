//! Clicks that are stored late. On PostgreSQL a transaction may store them already that has no answer yet: it goes on when
//! nobody waits for it any more, and no look at the rows shows what it has not committed.

use std::sync::Mutex;
use std::time::Duration;

use aurix::clicks::click::Click;
use aurix::clicks::replay::replay;
use aurix::domain::ids::WidgetId;
use aurix::domain::random::Random;
use aurix::engines::Engines;
use aurix::net::{Method, Resolver};
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::oneshot;

use crate::support::{Project, TestApp, until};

const LIMIT: Duration = Duration::from_secs(30);

/// Whoever stores an event waits for the gate at its commit.
const GATE: [&str; 2] = [
    "CREATE FUNCTION wait_for_the_gate() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END'",
    "CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION wait_for_the_gate()",
];

/// Statements of this test's database that wait for a lock.
const WAITING: &str =
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Visitors of all kinds, by what their widgets send: no device, a new one, and one that has a session.
const VISITORS: [&str; 3] = ["", "device_id=new", "device_id=known"];

struct Scene {
    app: TestApp,
    project: Project,
    /// Opens it for good.
    gate: Mutex<Option<oneshot::Sender<()>>>,
}

impl Scene {
    /// A shop with a closed gate, and one visitor who was there before.
    async fn set() -> Self {
        let app = TestApp::on_postgres().await;
        let project = app.project().await;
        app.click(&project, "device_id=known").await;
        let built = app.core.db.write(async |tx| {
            for statement in GATE {
                tx.execute(statement, &[]).await?;
            }
            Ok(())
        });
        built.await.expect("a gate");
        let (closed, is_closed) = oneshot::channel();
        let (open, is_open) = oneshot::channel();
        let db = app.core.db.clone();
        tokio::spawn(async move {
            let close = db.write(async move |tx| {
                tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0", &[]).await?;
                tx.get("SELECT 1 FROM pg_advisory_xact_lock(1)", &[], |_| Ok(())).await?;
                let _ = closed.send(());
                Ok(is_open.await?)
            });
            close.await
        });
        is_closed.await.expect("the gate is closed");
        Self { app, project, gate: Mutex::new(Some(open)) }
    }

    fn open_the_gate(&self) {
        let gate = self.gate.lock().expect("nobody panicked").take().expect("it is closed");
        gate.send(()).expect("a transaction holds it");
    }

    async fn click(&self, visitor: &str) {
        assert_eq!(self.app.click(&self.project, visitor).await.status(), 302);
    }

    /// Clicks while the database is away.
    async fn click_spooled(&self, visitor: &str) {
        self.app.engines.clicks.breaker.record_failure(self.app.core.clock.now());
        self.click(visitor).await;
    }

    async fn transactions_wait(&self, count: i64) {
        until("transactions wait", LIMIT, async || self.app.count(WAITING).await >= count).await;
    }

    /// Another process in the same folder, as after a restart.
    async fn restarted(&self) -> Engines {
        let (config, clock) = (self.app.core.config.clone(), self.app.core.clock.clone());
        Engines::new(
            aurix::serve::open_with(config, clock, Random::seeded(8), Resolver::System).await.expect("it opens"),
        )
    }

    /// That click and the one before are stored, and nothing else.
    async fn both_are_there_once(self) {
        let clicks = ["SELECT COUNT(*) FROM clicks", "SELECT COUNT(*) FROM events"];
        for sql in clicks {
            assert_eq!(self.app.count(sql).await, 2, "{sql}");
        }
        let unused =
            "SELECT COUNT(*) FROM sessions WHERE NOT EXISTS (SELECT 1 FROM clicks WHERE session_id = sessions.id)";
        assert_eq!(self.app.count(unused).await, 0);
        self.app.end().await;
    }
}

both_engines! {
    async fn clicks_of_a_file_are_stored_once_under_their_references(app: &TestApp) {
        let [one, other] = [("A shop", "1"), ("Another shop", "2")].map(|(name, number)| app.project_named(name, number));
        let [one, other] = [one.await, other.await];
        let at = app.core.clock.now().as_microsecond();
        let click = |project: &Project, widget: i64, event_id: &str, reference: &str| -> Click {
            let click = json!({
                "id": event_id[4..].parse::<i64>().expect("a number"), "event_id": event_id, "correlation_id": reference, "project": project.id.0, "widget": widget, "at": at,
                "device_id": "d1", "parsed_params": "{}",
            });
            serde_json::from_value(click).expect("a click")
        };
        let first = [click(&one, 1, "evt_1", "O-aB3dE9z"), click(&one, 1, "evt_2", "O-aB3dE9z")];
        let second = [
            click(&one, 1, "evt_2", "O-aB3dE9z"),
            click(&one, 1, "evt_3", "O-aB3dE9z"),
            click(&one, 1, "evt_3", "O-aB3dE9z"),
            click(&other, 2, "evt_4", "O-aB3dE9z"),
            click(&other, 2, "evt_5", "O-xY7wV4u"),
            click(&one, 1, "evt_6", "O-xY7wV4u"),
        ];
        for clicks in [first.as_slice(), &second] {
            for click in clicks {
                app.engines.clicks.spool.append(click).await;
            }
            replay(&app.engines.clicks).await.expect("what can be stored is stored");
        }
        let stored = "SELECT COUNT(*) FROM events WHERE event_id IN ('evt_1', 'evt_2', 'evt_3', 'evt_5')";
        assert_eq!((app.count(stored).await, app.count("SELECT COUNT(*) FROM events").await), (4, 4));
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions").await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks WHERE session_id = (SELECT id FROM sessions WHERE correlation_id = 'O-aB3dE9z')").await, 3);
        let refused = std::fs::read_to_string(app.core.config.data_dir.join("click-spool.rejected.jsonl"));
        let refused = refused.expect("a reference belongs to one project");
        let refused = refused.lines().map(|line| serde_json::from_str::<Click>(line).expect("as it was kept").event_id);
        assert_eq!(refused.collect::<Vec<_>>(), ["evt_4", "evt_6"]);
    }
}

#[tokio::test]
async fn what_was_not_answered_in_time_is_not_stored_again_while_it_is_committed() {
    let scenario = async |visitor| {
        let scene = Scene::set().await;
        scene.click(visitor).await;
        scene.transactions_wait(1).await;
        let app = scene.app.engines.clone();
        let late = tokio::spawn(async move { replay(&app.clicks).await });
        scene.transactions_wait(2).await;
        scene.open_the_gate();
        assert_eq!(late.await.expect("no panic").expect("the database answers"), 1);
        scene.both_are_there_once().await;
    };
    join_all(VISITORS.map(scenario)).await;
}

#[tokio::test]
async fn two_processes_one_after_the_other_store_a_click_once() {
    let scenario = async |visitor| {
        let scene = Scene::set().await;
        scene.click_spooled(visitor).await;
        let store = |engines: Engines| tokio::spawn(async move { replay(&engines.clicks).await });
        let first = store(scene.app.engines.clone());
        scene.transactions_wait(1).await;
        let second = store(scene.restarted().await);
        scene.transactions_wait(2).await;
        scene.open_the_gate();
        let late = join_all([first, second]).await.into_iter().map(|late| late.expect("no panic"));
        assert!(late.filter(Result::is_ok).count() > 0, "one of them finds the file and removes it");
        scene.both_are_there_once().await;
    };
    join_all(VISITORS.map(scenario)).await;
}

#[tokio::test]
async fn storing_goes_on_when_nobody_waits_for_it_any_more() {
    let scene = Scene::set().await;
    scene.click_spooled(VISITORS[0]).await;
    let app = scene.app.engines.clone();
    let late = tokio::spawn(async move { replay(&app.clicks).await });
    scene.transactions_wait(1).await;
    late.abort();
    assert!(late.await.is_err_and(|error| error.is_cancelled()));
    scene.open_the_gate();
    let folder = &scene.app.core.config.data_dir;
    let files = ["click-spool.jsonl", "click-spool.replaying.jsonl"].map(|name| folder.join(name));
    until("the file is gone", LIMIT, async || files.iter().all(|file| !file.exists())).await;
    scene.both_are_there_once().await;
}

both_engines! {
    async fn a_visitor_passes_although_neither_database_nor_spool_takes_the_click(app: &TestApp) {
        let project = app.project().await;
        let run = async |sql: &'static str| {
            app.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("another name");
        };
        run("ALTER TABLE clicks RENAME TO elsewhere").await;
        // A folder where the file belongs: nothing can be written, and clicks stay in memory until that is full.
        let file = app.core.config.data_dir.join("click-spool.jsonl");
        std::fs::create_dir(&file).expect("a folder");
        for (bytes, times) in [(1 << 20, 20), (100_000, 20), (10_000, 20), (1_000, 20), (1, 20)] {
            let click = click_of_about(app, &project, bytes).await;
            for _ in 0..times {
                app.engines.clicks.spool.append(&click).await;
            }
        }

        let response = app.click(&project, "device_id=d1").await;
        assert_eq!(response.status(), 302);
        assert!(response.header("location").starts_with("https://wa.me/6512345678?text="));
        let json = [("content-type", "application/json")];
        let twin = app.send(Method::POST, &format!("/c/{}", project.widget_id), &json, "{}").await;
        assert_eq!(twin.status(), 200);
        assert!(twin.json()["redirect_url"].as_str().is_some_and(|url| url.starts_with("https://wa.me/6512345678?text=")));

        std::fs::remove_dir(&file).expect("it is empty");
        app.engines.clicks.spool.close().await;
        let spooled = std::fs::read_to_string(&file).expect("what was in memory");
        assert!(spooled.len() > 1 << 20 && !spooled.contains("\"d1\""), "there was no room for it");
        std::fs::remove_file(&file).expect("there");
        run("ALTER TABLE elsewhere RENAME TO clicks").await;
        assert_eq!(app.click(&project, "device_id=d1").await.reference().len(), 9);
    }
}

/// A click whose line in the spool has about so many bytes.
async fn click_of_about(app: &TestApp, project: &Project, bytes: usize) -> Click {
    let now = app.core.clock.now();
    Click {
        id: app.core.row_keys.next(now),
        event_id: format!("evt_{bytes}"),
        correlation_id: "O-aaaaaaa".to_owned(),
        project: project.id,
        widget: WidgetId(app.count("SELECT id FROM widgets").await),
        link: None,
        channel: None,
        device_id: None,
        click_url: Some("a".repeat(bytes)),
        first_raw_url: None,
        referrer: None,
        parsed_params: "{}".to_owned(),
        params: None,
        ip_address: None,
        user_agent: None,
        at: now.as_microsecond(),
    }
}
