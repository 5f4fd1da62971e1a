//! Several writers and several nodes over one database.

use aurix::db::{Group, GroupWriter, Tx};
use aurix::domain::random::Random;
use aurix::net::Resolver;
use aurix::store::clicks;
use aurix::wake::Work;
use futures_util::future::join_all;
use tokio::sync::{oneshot, watch};
use tokio::time::{Duration, timeout};

use crate::support::TestApp;

/// How long an idle transaction may hold up the others, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a node is rung for before it counts as deaf.
const RINGS_MAX: usize = 100;

/// Counts a visit on a day. Some days cannot be written.
struct Days;

impl Group for Days {
    type Item = String;
    type Answer = String;

    async fn write(&self, tx: &Tx, days: &[String]) -> anyhow::Result<Vec<String>> {
        for day in days {
            clicks::add_uncounted(tx, 1, day, "crawler", 1).await?;
            anyhow::ensure!(day != "refused", "no such day");
            assert_ne!(day, "panics");
        }
        Ok(days.to_vec())
    }
}

both_engines! {
    async fn writes_of_a_group_share_a_transaction_and_no_fate(app: &TestApp) {
        let writer = GroupWriter::new(app.app.db.clone(), Days);
        let day = |number: usize| match number {
            70 => "refused".to_owned(),
            140 => "panics".to_owned(),
            _ => format!("day {number}"),
        };
        let written = join_all((0..200).map(|number| writer.write(day(number)))).await;
        for (number, answer) in written.into_iter().enumerate() {
            match number {
                70 => assert_eq!(answer.expect_err("refused").to_string(), "no such day"),
                140 => assert_eq!(answer.expect_err("panicked").to_string(), "the work of a transaction panicked"),
                _ => assert_eq!(answer.expect("written"), day(number)),
            }
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM uncounted_visits").await, 198);
        assert_eq!(app.count("SELECT COUNT(*) FROM uncounted_visits WHERE visits <> 1").await, 0, "none twice");
        writer.write("later".to_owned()).await.expect("it goes on");
    }

    async fn a_node_hears_of_the_work_of_another(app: &TestApp) {
        if !app.app.db.has_peers() {
            return;
        }
        let config = app.app.config.clone();
        let other = aurix::serve::open_with(config, app.app.clock.clone(), Random::seeded(8), Resolver::System);
        let other = other.await.expect("a second node");
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.app.clone(), stopping.clone()));
        tokio::spawn(aurix::worker::run(other.clone(), stopping));
        let mut bell = other.wake.listen(Work::Replies);
        for _ in 0..RINGS_MAX {
            app.app.wake.ring(Work::Replies);
            if timeout(Duration::from_millis(100), bell.rung()).await.is_ok() {
                return;
            }
        }
        panic!("the other node heard none of {RINGS_MAX} rings");
    }
}

#[tokio::test]
async fn a_node_that_stands_still_in_the_middle_of_a_transaction_does_not_hold_up_the_others() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let (locked, is_locked) = oneshot::channel();
    let stands_still = app.app.db.write(async move |tx| {
        clicks::lock_visitors(tx, &[(1, "d1")]).await?;
        let _ = locked.send(());
        std::future::pending::<anyhow::Result<()>>().await
    });
    let other = async {
        is_locked.await.expect("the lock is free");
        app.app.db.write(async |tx| Ok(clicks::lock_visitors(tx, &[(1, "d1")]).await?)).await
    };
    tokio::select! {
        never = stands_still => panic!("{never:?}"),
        got = timeout(LIMIT, other) => got.expect("PostgreSQL ends the transaction").expect("the lock"),
    }
    app.end().await;
}
