//! Two nodes at one delivery in the same moment, on PostgreSQL: what has ended lies in another part of the table, and a statement
//! that saw it where it lay before is refused. Then nothing is lost, and nothing is made twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aurix::core::Core;
use aurix::db::{Error, Tx};
use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::deliveries::{Deliveries, DeliveryResult, LeasedDelivery};
use aurix::domain::attempt_result::AttemptResult;
use aurix::domain::delivery::DeliveryStatus;
use aurix::domain::ids::{DeliveryId, WebhookId};
use aurix::domain::random::Random;
use aurix::domain::time::SignedDuration;
use aurix::net::Resolver;
use aurix::store::deliveries::{self, Lease, Settlement};
use futures_util::future::{join, join_all};
use tokio::sync::oneshot;

use crate::support::{Receiver, TestApp, until};

const WEBHOOK: WebhookId = WebhookId(1);
/// So many writes, one after the other, use every connection of a node: twice its executors, each with 8 of them.
const WARM_UP: usize = 32;
/// How often a race is started of which a connection had to plan its statement anew: it reads the rows after that.
const RACES_MAX: usize = 10;
const WAITS_WITHIN: Duration = Duration::from_secs(30);

/// Statements of this test's database that wait for a lock.
const WAITING: &str =
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// A project with a webhook, so many clicks that are due to it, and a second node.
async fn stage(app: &TestApp, clicks: usize) -> (Receiver, Core) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    for number in 0..clicks {
        app.click(&project, &format!("device_id=d{number}")).await;
    }
    let (config, clock) = (app.core.config.clone(), app.core.clock.clone());
    let other = aurix::serve::open_with(config, clock, Random::seeded(8), Resolver::System).await;
    (receiver, other.expect("a second node"))
}

async fn claim(app: &Core, most: u32) -> Vec<LeasedDelivery> {
    let claims = claim_due(app, vec![Wanted { webhook: WEBHOOK, most }]).await;
    claims.expect("a claim ends well").leased
}

/// One claim without the next tries, as a node makes it in a transaction.
async fn claim_once(app: &Core, most: u32) -> anyhow::Result<Vec<Lease>> {
    let (now, lease_until) = (app.clock.now(), app.clock.now() + app.config.lease);
    app.db.write(async move |tx| Ok(deliveries::claim(tx, &[(WEBHOOK, most)], now, lease_until, false).await?)).await
}

/// Puts the plan of a claim on every connection of a node. Of nothing: it claims none.
async fn warm_up(app: &Core) {
    for _ in 0..WARM_UP {
        claim_once(app, 0).await.expect("nothing is claimed");
    }
}

async fn end(tx: &Tx, lease: &Lease) -> anyhow::Result<()> {
    let settlement = Settlement {
        id: lease.id,
        attempt: lease.attempt,
        status: DeliveryStatus::Delivered,
        due_at: None,
        result: AttemptResult::Status(200),
    };
    anyhow::ensure!(deliveries::settle(tx, &[settlement]).await? == 1, "the delivery is still the node's");
    Ok(())
}

/// Claims a delivery that is due, and ends it.
async fn claim_and_end(tx: &Tx, app: &Core) -> anyhow::Result<()> {
    let now = app.clock.now();
    let claimed = deliveries::claim(tx, &[(WEBHOOK, 1)], now, now + app.config.lease, false).await?;
    end(tx, claimed.first().context("something is due")?).await
}

/// Keeps out whoever looks for what is due: a claim has its snapshot by then, and has locked nothing yet.
async fn keep_claims_out(tx: &Tx) -> anyhow::Result<()> {
    tx.execute("ALTER INDEX deliveries_due SET TABLESPACE pg_default", &[]).await?;
    Ok(())
}

/// Does `work` while `other` has ended a delivery and not committed it: that comes when the work waits for a lock.
async fn at_the_same_time<T>(
    other: &Core,
    ends: impl AsyncFnOnce(&Tx) -> anyhow::Result<()> + Send + 'static,
    work: impl Future<Output = T>,
) -> T {
    let (ended, has_ended) = oneshot::channel();
    let (go_on, goes_on) = oneshot::channel();
    let ending = other.db.write(async move |tx| {
        tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0", &[]).await?;
        ends(tx).await?;
        let _ = ended.send(());
        Ok(goes_on.await?)
    });
    let meeting = async {
        has_ended.await.expect("the other node has ended a delivery");
        let commit = async {
            let waiting = async || {
                let waiting = other.db.read(async |conn| Ok(conn.get(WAITING, &[], |row| row.get::<i64>(0)).await?));
                waiting.await.expect("a count") > 0
            };
            until("the other one waits", WAITS_WITHIN, waiting).await;
            let _ = go_on.send(());
        };
        join(work, commit).await.0
    };
    let (ending, response) = join(ending, meeting).await;
    ending.expect("the other node commits");
    response
}

#[tokio::test]
async fn a_claim_that_meets_a_delivery_which_ends_is_refused_and_has_claimed_nothing() {
    let app = TestApp::on_postgres().await;
    let (_receiver, other) = stage(&app, 2 * RACES_MAX).await;
    for _ in 0..RACES_MAX {
        warm_up(&app.core).await;
        let node = other.clone();
        let ends = async move |tx: &Tx| {
            keep_claims_out(tx).await?;
            claim_and_end(tx, &node).await
        };
        match at_the_same_time(&other, ends, claim_once(&app.core, 1)).await {
            Err(error) => {
                assert!(Error::is_conflict(&error), "{error:#}");
                let left = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending' AND attempts > 0";
                assert_eq!(app.count(left).await, 0, "nothing is claimed");
                return app.end().await;
            }
            Ok(claimed) => {
                let now = app.core.clock.now();
                let given_back = app.core.db.write(async move |tx| Ok(deliveries::give_back(tx, &claimed, now).await?));
                assert_eq!(given_back.await.expect("given back"), 1);
            }
        }
    }
    panic!("{RACES_MAX} claims met no delivery that ended");
}

#[tokio::test]
async fn a_claim_goes_past_what_another_node_ends_in_that_moment() {
    let app = TestApp::on_postgres().await;
    let (receiver, other) = stage(&app, 3).await;
    let late = attempt(&other, claim(&other, 1).await.remove(0)).await;
    assert_eq!(receiver.take().len(), 1);
    app.advance(SignedDuration::from_secs(31));
    warm_up(&app.core).await;
    let claimed = late.delivery.lease.clone();
    let first = claimed.id;
    let ends = async move |tx: &Tx| {
        keep_claims_out(tx).await?;
        end(tx, &claimed).await
    };
    let due = at_the_same_time(&other, ends, claim(&app.core, 50)).await;
    let claimed: Vec<_> = due.iter().map(|one| (one.lease.id, one.lease.attempt)).collect();
    assert_eq!(claimed.len(), 2);
    let is_another = |(id, attempt): &(DeliveryId, u32)| *id != first && *attempt == 1;
    assert!(claimed.iter().all(is_another), "the first one was made in time, and has ended");
    for due in due {
        settle(&app.engines.deliveries, &attempt(&app.core, due).await).await.expect("settled");
    }
    app.advance(SignedDuration::from_hours(1));
    app.work().await;
    assert_eq!(receiver.take().len(), 2, "each was made once");
    assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'").await, 3);
    app.end().await;
}

#[tokio::test]
async fn an_outcome_that_meets_that_of_another_node_is_logged_and_changes_nothing() {
    let app = TestApp::on_postgres().await;
    let (receiver, other) = stage(&app, 1).await;
    receiver.respond_next(500);
    let late = attempt(&app.core, claim(&app.core, 1).await.remove(0)).await;
    app.advance(SignedDuration::from_secs(31));
    let node = other.clone();
    let ends = async move |tx: &Tx| claim_and_end(tx, &node).await;
    // It saw the first claim. What is refused is stored again a moment later, as by the dispatcher.
    if let Err(refused) = at_the_same_time(&other, ends, settle(&app.engines.deliveries, &late)).await {
        assert!(Error::is_conflict(&refused), "{refused:#}");
        settle(&app.engines.deliveries, &late).await.expect("stored");
    }
    assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("delivered"));
    assert_eq!(app.count("SELECT COUNT(*) FROM attempts WHERE number = 1 AND status_code = 500").await, 1);
    app.advance(SignedDuration::from_hours(1));
    app.work().await;
    assert_eq!(receiver.take().len(), 1, "nothing is due any more");
    app.end().await;
}

#[tokio::test]
async fn two_nodes_that_claim_at_once_make_each_delivery_once() {
    const CLICKS: usize = 120;
    /// Claims of a node at the same time, and how many deliveries each wants.
    const AT_ONCE: usize = 3;
    const OF_EACH: u32 = 4;
    let app = TestApp::on_postgres().await;
    let (receiver, other) = stage(&app, CLICKS).await;
    let work = async |app: &Core| {
        let node = Deliveries::new(app.clone(), Duration::ZERO);
        let mut made = Vec::new();
        for _ in 0..CLICKS {
            let claims = (0..AT_ONCE).map(|_| claim(app, OF_EACH));
            let due: Vec<LeasedDelivery> = join_all(claims).await.into_iter().flatten().collect();
            if due.is_empty() {
                break;
            }
            made.extend(due.iter().map(|one| one.lease.id));
            let results: Vec<Arc<DeliveryResult>> = join_all(due.into_iter().map(|due| attempt(app, due))).await;
            for settled in join_all(results.iter().map(|result| settle(&node, result))).await {
                settled.expect("settled");
            }
        }
        made
    };
    let (one, two) = join(work(&app.core), work(&other)).await;
    app.work().await;
    let mut claims: HashMap<DeliveryId, usize> = HashMap::new();
    one.iter().chain(&two).for_each(|id| *claims.entry(*id).or_default() += 1);
    assert!(claims.values().all(|times| *times == 1), "claimed by one at a time: {claims:?}");
    assert!(!one.is_empty() && !two.is_empty(), "both had some");
    assert_eq!(receiver.take().len(), CLICKS);
    let whole = "SELECT COUNT(*) FROM deliveries WHERE status = 'delivered' AND attempts = 1";
    assert_eq!(app.count(whole).await, CLICKS as i64);
    app.end().await;
}
