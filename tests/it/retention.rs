//! What is older than it is kept goes; what somebody still needs stays.

use std::sync::atomic::{AtomicUsize, Ordering};

use aurix::db::Location;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::SignedDuration;
use aurix::maintenance::retention::{Removed, remove_expired};
use aurix::params;
use aurix::projects::set_retention::set_retention;
use tokio_postgres::NoTls;

use crate::support::{Person, Project, Receiver, TestApp, operator};

const CLICKS: &str = "SELECT COUNT(*) FROM clicks";
const SESSIONS: &str = "SELECT COUNT(*) FROM sessions";
const EVENTS: &str = "SELECT COUNT(*) FROM events";
const DELIVERIES: &str = "SELECT COUNT(*) FROM deliveries";
const ATTEMPTS: &str = "SELECT COUNT(*) FROM attempts";
const MESSAGES: &str = "SELECT COUNT(*) FROM messages";

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn keep(app: &TestApp, project: &Project, kind: Kind, days: u16) {
    set_retention(&app.core, &operator(), project.id, vec![(kind, Some(Period::Days(days)))]).await.expect("set");
}

async fn clean(app: &TestApp) -> Removed {
    remove_expired(&app.core, || false).await.expect("a run of the retention job")
}

/// A project that keeps everything: PostgreSQL cannot drop what is old as a whole then, but removes row by row as SQLite does.
async fn one_that_keeps_everything(app: &TestApp) -> Project {
    app.project_named("Another shop", "791163770738682").await
}

/// Copies the one click that there is, with its session and its event, so many times.
async fn make_more_clicks(app: &TestApp) {
    const NUMBERS: &str = "CREATE TABLE numbers AS
        WITH RECURSIVE numbers (number) AS (SELECT 1001 UNION ALL SELECT number + 1 FROM numbers WHERE number < 2499)
        SELECT number FROM numbers";
    const SESSIONS: &str = "INSERT INTO sessions (id, project_id, correlation_id, folded_id, started_at)
        SELECT number, project_id, correlation_id || number, folded_id || number, started_at + number
        FROM sessions, numbers WHERE id = (SELECT MIN(id) FROM sessions)";
    const CLICKS: &str = "INSERT INTO clicks (id, project_id, session_id, widget_id, parsed_params, linked, created_at)
        SELECT number, project_id, number, widget_id, parsed_params, linked, created_at + number
        FROM clicks, numbers";
    const EVENTS: &str = "INSERT INTO events (id, event_id, project_id, event_type, body, created_at)
        SELECT number, event_id || number, project_id, event_type, body, created_at + number
        FROM events, numbers WHERE id = (SELECT MIN(id) FROM events)";
    let made = app.core.db.write(async |tx| {
        for sql in [NUMBERS, SESSIONS, CLICKS, EVENTS, "DROP TABLE numbers"] {
            tx.execute(sql, &[]).await?;
        }
        Ok(())
    });
    made.await.expect("rows");
}

both_engines! {
    async fn clicks_go_after_their_time_and_those_of_a_lead_stay(app: &TestApp) {
        let project = app.project().await;
        one_that_keeps_everything(app).await;
        keep(app, &project, Kind::Clicks, 30).await;
        let linked = app.click(&project, "device_id=d1&click_url=https%3A%2F%2Fexample.com%2Fa").await.reference();
        app.click(&project, "device_id=d1&click_url=https%3A%2F%2Fexample.com%2Fb").await;
        let person = Person::new(app, &project, "6587654321");
        person.writes(&format!("Hello! Reference: {linked}")).await;
        let forgotten = app.click(&project, "device_id=d2").await.reference();
        app.advance(SignedDuration::from_hours(11));
        app.click(&project, "device_id=d2").await;
        app.settle().await;

        app.advance(days(30));
        assert_eq!(clean(app).await.clicks, 0, "the session of the second device might have a click that is younger");
        app.advance(SignedDuration::from_hours(12));
        assert_eq!(clean(app).await.clicks, 2);
        assert_eq!((app.count(CLICKS).await, app.count(SESSIONS).await), (2, 1));
        assert_eq!(clean(app).await, Removed::default());
        let click_url = "SELECT click_url FROM clicks JOIN leads ON leads.session_id = clicks.session_id ORDER BY clicks.id";
        assert_eq!(app.text(click_url).await.as_deref(), Some("https://example.com/a"));

        let late = Person::new(app, &project, "6511112222");
        late.writes(&format!("Hello! Reference: {forgotten}")).await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE session_id IS NULL").await, 1, "nothing knows it any more");
    }

    async fn a_reference_is_linked_as_long_as_its_clicks_are_kept(app: &TestApp) {
        let project = app.project().await;
        keep(app, &project, Kind::Clicks, 30).await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        app.advance(days(30));
        clean(app).await;
        let person = Person::new(app, &project, "6587654321");
        person.writes(&format!("Hello! Reference: {reference}")).await;
        app.settle().await;
        app.advance(days(400));
        clean(app).await;
        assert_eq!((app.count(CLICKS).await, app.count(SESSIONS).await), (1, 1));
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE session_id IS NOT NULL").await, 1);
    }

    async fn events_go_with_their_deliveries_and_what_is_due_stays(app: &TestApp) {
        let project = app.project().await;
        one_that_keeps_everything(app).await;
        keep(app, &project, Kind::Events, 90).await;
        let (receiver, failing) = (Receiver::start().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        app.webhook(&project, &failing).await;
        app.click(&project, "device_id=d1").await;
        app.work().await;
        failing.respond_next(500);
        app.click(&project, "device_id=d2").await;
        app.work().await;
        assert_eq!((app.count(DELIVERIES).await, app.count(ATTEMPTS).await), (4, 4));

        app.advance(days(90));
        assert_eq!(clean(app).await.deliveries, 0, "exactly as old as they are kept");
        app.advance(SignedDuration::from_micros(1));
        let removed = clean(app).await;
        assert_eq!((removed.deliveries, removed.events), (3, 1), "one waits for its second attempt");
        assert_eq!((app.count(DELIVERIES).await, app.count(EVENTS).await, app.count(CLICKS).await), (1, 1, 2));
        failing.take();
        app.work().await;
        assert_eq!(failing.take_events(), ["widget.click"]);
        let removed = clean(app).await;
        assert_eq!((removed.deliveries, removed.events), (1, 1));
        assert_eq!((app.count(DELIVERIES).await, app.count(EVENTS).await, app.count(ATTEMPTS).await), (0, 0, 0));
    }

    async fn messages_go_and_the_conversation_goes_on(app: &TestApp) {
        let project = app.project().await;
        keep(app, &project, Kind::Messages, 8).await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("Hello, I am Mei Tan").await;
        app.settle().await;
        let unread = Person::new(app, &project, "6511112222");
        unread.writes("Is anybody there?").await;
        app.advance(days(8) + SignedDuration::from_secs(1));
        assert_eq!(clean(app).await.messages, 2, "what the agent has not read stays");
        project.whatsapp.take();
        app.work().await;
        assert_eq!(project.whatsapp.take_texts().len(), 0, "it is read, and too old to be answered");
        person.writes("mei@example.com").await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE fields LIKE '%Mei Tan%mei@example.com%' OR fields LIKE '%mei@example.com%Mei Tan%'").await, 1);
        assert_eq!(clean(app).await.messages, 1, "what was read late goes too");
        assert_eq!(app.count(MESSAGES).await, 2);
    }

    async fn notices_of_a_channel_go_with_the_messages(app: &TestApp) {
        const NOTICE: &str = "INSERT INTO notices (project_id, channel, kind, raw, created_at)
            SELECT project_id, id, 'account_update', '{}', $1 FROM channels";
        let project = app.project().await;
        keep(app, &project, Kind::Messages, 8).await;
        let now = app.core.clock.now();
        for at in [now, now + days(1)] {
            app.core.db.write(async move |tx| Ok(tx.execute(NOTICE, params![at]).await?)).await.expect("a notice");
        }
        app.advance(days(8) + SignedDuration::from_secs(1));
        assert_eq!(clean(app).await.notices, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM notices").await, 1, "the other one is young enough");
    }

    async fn the_log_of_attempts_is_kept_for_thirty_days_unless_set_otherwise(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(days(29));
        app.click(&project, "device_id=d2").await;
        app.work().await;
        // On PostgreSQL a week goes at a time.
        app.advance(days(9));
        let removed = clean(app).await;
        assert_eq!((removed.attempts + removed.partitions, removed.events, removed.deliveries), (1, 0, 0));
        assert_eq!((app.count(ATTEMPTS).await, app.count(DELIVERIES).await), (1, 2));
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered' AND attempts = 1").await, 2);
    }

    async fn each_project_keeps_its_own_and_many_rows_go_in_one_run(app: &TestApp) {
        let project = app.project().await;
        app.click(&project, "device_id=d1").await;
        make_more_clicks(app).await;
        let other = one_that_keeps_everything(app).await;
        app.click(&other, "device_id=d1").await;
        keep(app, &project, Kind::Clicks, 30).await;
        keep(app, &project, Kind::Events, 30).await;
        app.advance(days(31));
        let expected = Removed { clicks: 1500, events: 1500, ..Removed::default() };
        assert_eq!(clean(app).await, expected);
        assert_eq!((app.count(CLICKS).await, app.count(SESSIONS).await, app.count(EVENTS).await), (1, 1, 1));
    }

    async fn a_run_ends_when_it_is_told_to_and_the_next_continues(app: &TestApp) {
        let project = app.project().await;
        app.click(&project, "device_id=d1").await;
        make_more_clicks(app).await;
        one_that_keeps_everything(app).await;
        keep(app, &project, Kind::Events, 30).await;
        app.advance(days(31));
        let asked = AtomicUsize::new(0);
        let removed = remove_expired(&app.core, || asked.fetch_add(1, Ordering::Relaxed) > 10).await.expect("it ends");
        assert!((1..1500).contains(&removed.events), "{removed:?}");
        assert_eq!(clean(app).await.events + removed.events, 1500);
    }
}

#[tokio::test]
async fn one_node_cleans_up_at_a_time() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    app.click(&project, "device_id=d1").await;
    one_that_keeps_everything(&app).await;
    keep(&app, &project, Kind::Events, 30).await;
    app.advance(days(31));
    let Location::Postgres(url) = &app.core.config.database else { panic!("a test on PostgreSQL") };
    let (another, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test's database");
    tokio::spawn(connection);
    let lock = "SELECT pg_advisory_lock(4702111234474983746)";
    another.batch_execute(lock).await.expect("another node is at it");
    assert_eq!(clean(&app).await, Removed::default());
    another.batch_execute("SELECT pg_advisory_unlock_all()").await.expect("it is done");
    assert_eq!(clean(&app).await.events, 1);
    app.end().await;
}
