//! Several writers and several nodes over one database.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::anyhow;
use aurix::db::{Batch, BatchWriter, Error, Tx};
use aurix::domain::ids::{ProjectId, WidgetId};
use aurix::domain::random::Random;
use aurix::net::Resolver;
use aurix::notifier::Work;
use aurix::store::clicks::{self, AutomatedRequestCounter, count_automated_requests};
use futures_util::future::{join_all, try_join};
use tokio::sync::{oneshot, watch};
use tokio::time::{Duration, timeout};

use crate::support::TestApp;

/// How long an idle transaction may hold up the others, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// How long writes wait for others: all of a test come together.
const LINGER: Duration = Duration::from_millis(100);
/// How often a node is rung for before it counts as deaf.
const NOTIFICATIONS_MAX: usize = 100;

/// Counts a request on a day. Some days cannot be written.
#[derive(Default)]
struct Days {
    tries: Arc<AtomicUsize>,
}

impl Batch for Days {
    type Item = String;
    type Output = String;

    async fn write(&self, tx: &Tx, days: &[String]) -> anyhow::Result<Vec<String>> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        for day in days {
            if day == "away" {
                return Err(Error::Unavailable(anyhow!("nobody is there")).into());
            }
            let counter = AutomatedRequestCounter {
                project: ProjectId(1),
                widget: WidgetId(1),
                day: day.clone(),
                kind: "crawler",
            };
            count_automated_requests(tx, &counter, 1).await?;
            anyhow::ensure!(day != "refused", "no such day");
            assert_ne!(day, "panics");
        }
        Ok(days.to_vec())
    }
}

both_engines! {
    async fn writes_of_a_group_share_a_transaction_and_no_fate(app: &TestApp) {
        let writer = BatchWriter::new(app.core.db.clone(), Days::default());
        let day = |number: usize| match number {
            70 => "refused".to_owned(),
            140 => "panics".to_owned(),
            _ => format!("day {number}"),
        };
        let written = join_all((0..200).map(|number| writer.write(day(number)))).await;
        for (number, response) in written.into_iter().enumerate() {
            match number {
                70 => assert_eq!(response.expect_err("refused").to_string(), "no such day"),
                140 => assert_eq!(response.expect_err("panicked").to_string(), "the work of a transaction panicked"),
                _ => assert_eq!(response.expect("written"), day(number)),
            }
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM automated_requests").await, 198);
        assert_eq!(app.count("SELECT COUNT(*) FROM automated_requests WHERE requests <> 1").await, 0, "none twice");
        writer.write("later".to_owned()).await.expect("it goes on");
    }

    async fn a_database_that_goes_away_is_found_out_once(app: &TestApp) {
        let days = Days::default();
        let tries = days.tries.clone();
        let writer = BatchWriter::with_linger(app.core.db.clone(), days, LINGER);
        let written = join_all(["before", "refused", "away", "one", "two"].map(|day| writer.write(day.to_owned()))).await;
        let is_away: Vec<_> = written.iter().map(|response| response.as_ref().is_err_and(Error::is_unavailable)).collect();
        assert_eq!(is_away, [false, false, true, true, true]);
        assert_eq!(tries.load(Ordering::Relaxed), 1 + 3, "together, and then those up to the one that finds out");
        writer.write("later".to_owned()).await.expect("it is back");
        assert_eq!(app.count("SELECT COUNT(*) FROM automated_requests").await, 2, "before and later");
    }

    async fn a_failed_transaction_is_no_absent_database(app: &TestApp) {
        const NO_DAY: &str = "INSERT INTO automated_requests (widget_id) VALUES (NULL)";
        let behind = app.core.db.write(async |tx| -> anyhow::Result<()> {
            tx.execute(NO_DAY, &[]).await.expect_err("a row without a day");
            tx.execute("DELETE FROM automated_requests", &[]).await?;
            anyhow::bail!("SQLite goes on behind a statement that failed")
        });
        let error = behind.await.expect_err("one of the two");
        assert!(!Error::is_unavailable(&error), "{error:#}");

        let beside = app.core.db.write(async |tx| {
            let one = async {
                tx.execute("DELETE FROM automated_requests", &[]).await?;
                tx.execute("DELETE FROM automated_requests WHERE requests = 0", &[]).await
            };
            let other = tx.execute(NO_DAY, &[]);
            Ok(try_join(one, other).await?)
        });
        let error = beside.await.expect_err("a row without a day");
        assert!(matches!(error.downcast_ref(), Some(Error::Constraint(_))), "an error of the statement that failed: {error:#}");
    }

    async fn a_node_hears_of_the_work_of_another(app: &TestApp) {
        if !app.core.db.has_peers() {
            return;
        }
        let config = app.core.config.clone();
        let other = aurix::serve::open_with(config, app.core.clock.clone(), Random::seeded(8), Resolver::System);
        let other = other.await.expect("a second node");
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.engines.clone(), stopping.clone()));
        tokio::spawn(aurix::worker::run(aurix::engines::Engines::new(other.clone()), stopping));
        let mut notifications = other.notifier.subscribe(Work::Replies);
        for _ in 0..NOTIFICATIONS_MAX {
            app.core.notifier.notify(Work::Replies);
            if timeout(Duration::from_millis(100), notifications.notified()).await.is_ok() {
                return;
            }
        }
        panic!("the other node got none of {NOTIFICATIONS_MAX} notifications");
    }
}

#[tokio::test]
async fn a_node_that_stands_still_in_the_middle_of_a_transaction_does_not_hold_up_the_others() {
    let app = TestApp::on_postgres().await;
    let (locked, is_locked) = oneshot::channel();
    let stands_still = app.core.db.write(async move |tx| {
        clicks::lock_visitors(tx, &[(ProjectId(1), "d1")]).await?;
        let _ = locked.send(());
        std::future::pending::<anyhow::Result<()>>().await
    });
    let other = async {
        is_locked.await.expect("the lock is free");
        app.core.db.write(async |tx| Ok(clicks::lock_visitors(tx, &[(ProjectId(1), "d1")]).await?)).await
    };
    tokio::select! {
        never = stands_still => panic!("{never:?}"),
        got = timeout(LIMIT, other) => got.expect("PostgreSQL ends the transaction").expect("the lock"),
    }
    app.end().await;
}
