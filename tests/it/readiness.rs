//! `/readyz` says whether the process can work, and if not, why.

use aurix::domain::time::SignedDuration;
use aurix::worker;
use tokio::sync::watch;

use crate::support::{TestApp, until};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// The status of `/readyz` and its reason.
async fn ready(app: &TestApp) -> (u16, String) {
    app.advance(SECOND);
    let response = app.get("/readyz", &[]).await;
    let reason = if response.status() == 200 { String::new() } else { response.json()["detail"].to_string() };
    (response.status(), reason)
}

both_engines! {
    async fn a_process_that_cannot_write_is_not_ready(app: &TestApp) {
        assert_eq!(ready(app).await.0, 200);
        let run = async |sql: &'static str| {
            app.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("another name");
        };
        run("ALTER TABLE counters RENAME TO elsewhere").await;
        assert_eq!(ready(app).await, (503, "\"Nothing can be written to the database.\"".to_owned()));
        let response = app.get("/readyz", &[]).await;
        assert_eq!((response.header("content-type"), response.header("retry-after")), ("application/problem+json", "1"));
        run("ALTER TABLE elsewhere RENAME TO counters").await;
        assert_eq!(ready(app).await.0, 200);
    }

    async fn many_checks_at_once_are_one_write(app: &TestApp) {
        app.advance(SECOND);
        let checks = (0..50).map(|_| app.get("/readyz", &[]));
        assert!(futures_util::future::join_all(checks).await.iter().all(|response| response.status() == 200));
        app.advance(SignedDuration::from_millis(400));
        assert_eq!(app.get("/readyz", &[]).await.status(), 200);
        let checked_at = app.count("SELECT value FROM counters WHERE name = 'checked_at'").await;
        let now = app.core.clock.now();
        assert_eq!(checked_at, (now - SignedDuration::from_millis(400)).as_microsecond());
    }

    async fn a_process_whose_background_loops_ended_is_not_ready(app: &TestApp) {
        let (stop, stopping) = watch::channel(false);
        let worker = tokio::spawn(worker::run(app.engines.clone(), stopping));
        assert_eq!(ready(app).await.0, 200);
        stop.send_replace(true);
        worker.await.expect("it ends");
        assert_eq!(ready(app).await, (503, "\"The background loop `announcements` does not run.\"".to_owned()));
        for name in [
            "announcements",
            "attention",
            "channels",
            "clock",
            "counts",
            "deliveries",
            "mails",
            "maintenance",
            "media",
            "peers",
            "replies",
            "resends",
            "retention",
            "silences",
            "turns",
            "unanswered",
        ] {
            assert!(ready(app).await.1.contains(name), "{name} is watched");
            app.engines.readiness.set_loop(name, true);
        }
        assert_eq!(ready(app).await.0, 200);
    }
}

#[tokio::test]
async fn a_write_that_does_not_end_is_not_waited_for() {
    let app = TestApp::on_postgres().await;
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (let_go, may_go) = tokio::sync::oneshot::channel::<()>();
    let db = app.core.db.clone();
    let other = tokio::spawn(async move {
        db.write(async move |tx| {
            tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0", &[]).await?;
            tx.execute("LOCK TABLE counters", &[]).await?;
            let _ = locked.send(());
            let _ = may_go.await;
            Ok(())
        })
        .await
    });
    is_locked.await.expect("locked");
    assert_eq!(ready(&app).await.0, 503);
    let_go.send(()).expect("it waits");
    other.await.expect("it ends").expect("committed");
    until("it is ready again", LIMIT, async || ready(&app).await.0 == 200).await;
    app.end().await;
}

#[tokio::test]
async fn a_sqlite_file_that_another_process_holds_is_not_ready() {
    let app = TestApp::on_sqlite().await;
    let file = app.core.config.data_dir.join("aurix.db");
    let other = rusqlite::Connection::open(file).expect("the file opens");
    other.execute_batch("BEGIN IMMEDIATE; UPDATE counters SET value = value").expect("nobody else writes");
    assert_eq!(ready(&app).await.0, 503);
    other.execute_batch("ROLLBACK").expect("a transaction is open");
    until("it is ready again", LIMIT, async || ready(&app).await.0 == 200).await;
    app.end().await;
}
