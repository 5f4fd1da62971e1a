//! How fast a webhook may be called: rates and concurrency that hold over all nodes.

use aurix::db::Tx;
use aurix::deliveries::LeasedDelivery;
use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::claim::{Claims, Wanted, claim_due};
use aurix::deliveries::give_back;
use aurix::domain::ids::WebhookId;
use aurix::domain::rate_limit::Limits;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::projects::limit_webhook::limit_webhook;
use aurix::store::{rate_limits, webhooks};

use crate::support::{Project, Receiver, TestApp, operator};

/// What two workers claim at the same time, each up to 50.
async fn claim_twice(app: &TestApp, webhook: WebhookId) -> Vec<LeasedDelivery> {
    let wanted = || vec![Wanted { webhook, most: 50 }];
    let (one, other) = tokio::join!(claim_due(&app.core, wanted()), claim_due(&app.core, wanted()));
    let leased = |claims: anyhow::Result<Claims>| claims.expect("claims").leased;
    leased(one).into_iter().chain(leased(other)).collect()
}

/// A webhook with limits, and clicks that wait for it.
pub async fn limited(app: &TestApp, clicks: usize, limits: Limits) -> (Project, Receiver, WebhookId) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    let id = project.id;
    let all = app.core.db.read(async move |conn| Ok(webhooks::list(conn, id).await?)).await.expect("a list");
    assert!(limit_webhook(&app.core, &operator(), id, all[0].id, limits).await.expect("limits"));
    for number in 0..clicks {
        app.click(&project, &format!("device_id=d{number}")).await;
    }
    (project, receiver, all[0].id)
}

both_engines! {
    async fn a_rate_holds_for_all_workers_together(app: &TestApp) {
        let limits = Limits { rate_per_second: Some(10), concurrency: None };
        let (_, receiver, webhook) = limited(app, 40, limits).await;
        let mut starts: Vec<Timestamp> = Vec::new();
        for _ in 0..30 {
            for delivery in claim_twice(app, webhook).await {
                starts.push(delivery.starts_at);
                settle(&app.engines.deliveries, &attempt(&app.core, delivery).await).await.expect("settled");
            }
            app.advance(SignedDuration::from_millis(200));
        }
        starts.sort();
        assert_eq!((starts.len(), receiver.take().len()), (40, 40));
        for pair in starts.windows(2) {
            assert!(pair[1].duration_since(pair[0]) >= SignedDuration::from_millis(100), "{pair:?}");
        }
        assert!(starts[39].duration_since(starts[0]) < SignedDuration::from_millis(4_600), "and no slower than it may");
    }

    async fn a_webhook_with_a_rate_is_claimed_again_a_little_before_its_next_start(app: &TestApp) {
        let limits = Limits { rate_per_second: Some(1), concurrency: None };
        let (_, _receiver, webhook) = limited(app, 2, limits).await;
        let claims = claim_due(&app.core, vec![Wanted { webhook, most: 50 }]).await.expect("claims");
        assert_eq!(claims.leased.len(), 1);
        assert_eq!(claims.rate_limited, [(webhook, app.core.clock.now() + SignedDuration::from_millis(750))]);
    }

    async fn a_start_too_far_ahead_is_that_of_a_clock_that_was_set_back(app: &TestApp) {
        let limits = Limits { rate_per_second: Some(1), concurrency: None };
        let (_, _receiver, webhook) = limited(app, 1, limits).await;
        let claim_when_next_is_after = async |microseconds: i64| {
            let next = app.core.clock.now() + SignedDuration::from_micros(microseconds);
            let set = async move |tx: &Tx| Ok(rate_limits::set_next(tx, webhook, next).await?);
            assert_eq!(app.core.db.write(set).await.expect("set"), 1);
            claim_due(&app.core, vec![Wanted { webhook, most: 50 }]).await.expect("claims").leased.len()
        };
        assert_eq!(claim_when_next_is_after(10_000_000).await, 0);
        assert_eq!(claim_when_next_is_after(10_000_001).await, 1);
    }

    async fn a_concurrency_holds_for_all_workers_together(app: &TestApp) {
        let (_, receiver, webhook) = limited(app, 12, Limits { rate_per_second: None, concurrency: Some(5) }).await;
        let mut claimed = claim_twice(app, webhook).await;
        assert_eq!(claimed.len(), 5);
        assert_eq!(claim_twice(app, webhook).await.len(), 0);
        // Two end, one is given back: so many slots are free.
        for delivery in claimed.drain(..2) {
            settle(&app.engines.deliveries, &attempt(&app.core, delivery).await).await.expect("settled");
        }
        give_back(&app.core, claimed.drain(..1).collect()).await.expect("given back");
        assert_eq!(claim_twice(app, webhook).await.len(), 3);
        assert_eq!(receiver.take().len(), 2);
        // A node that died frees its slots when its leases expire.
        app.advance(SignedDuration::from_secs(31));
        assert_eq!(claim_twice(app, webhook).await.len(), 5);
    }

    async fn a_limit_is_followed_from_the_next_claim_on_and_can_be_taken_away(app: &TestApp) {
        let (project, _receiver, webhook) = limited(app, 60, Limits { rate_per_second: Some(1), concurrency: Some(1) }).await;
        assert_eq!(claim_twice(app, webhook).await.len(), 1);
        assert!(limit_webhook(&app.core, &operator(), project.id, webhook, Limits::default()).await.expect("limits"));
        assert_eq!(claim_twice(app, webhook).await.len(), 59);
    }

    async fn limits_out_of_range_are_refused(app: &TestApp) {
        let (project, _receiver, webhook) = limited(app, 0, Limits::default()).await;
        for (limits, why) in [
            (Limits { rate_per_second: Some(0), concurrency: None }, "the rate 0 is out of range: 1 to 10000 deliveries per second"),
            (Limits { rate_per_second: None, concurrency: Some(1_001) }, "the concurrency 1001 is out of range: 1 to 1000 deliveries at once"),
        ] {
            let refused = limit_webhook(&app.core, &operator(), project.id, webhook, limits).await.expect_err("refused");
            assert_eq!(refused.to_string(), why);
        }
    }
}
