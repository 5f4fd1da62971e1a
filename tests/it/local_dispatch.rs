//! Local dispatch: a click's delivery goes from the transaction that stores it to the dispatcher of the same node, leased from the
//! start.

use std::time::Duration;

use aurix::deliveries::attempt::{attempt, settle};
use aurix::domain::ids::WebhookId;
use aurix::domain::rate_limit::Limits;
use aurix::domain::time::SignedDuration;
use aurix::notifier::Work;
use aurix::projects::limit_webhook::limit_webhook;
use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{Project, Receiver, TestApp, operator, until};

const WEBHOOK: WebhookId = WebhookId(1);
/// Deliveries in flight to a webhook that has not answered yet.
const IN_FLIGHT: usize = 16;
const LIMIT: Duration = Duration::from_secs(30);

const UNCLAIMED: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending' AND attempts = 0";
const CLAIMED_ONCE: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending' AND attempts = 1";
const DELIVERED: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'";
const DELIVERED_AT_ONCE: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'delivered' AND attempts = 1";

/// The worker of a node.
struct Worker {
    stop: watch::Sender<bool>,
    runs: JoinHandle<()>,
}

impl Worker {
    fn start(app: &TestApp) -> Self {
        let (stop, stopping) = watch::channel(false);
        Self { stop, runs: tokio::spawn(aurix::worker::run(app.engines.clone(), stopping)) }
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.runs.await.expect("it ends");
    }
}

async fn shop(app: &TestApp) -> (Project, Receiver) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    (project, receiver)
}

async fn has_delivered(app: &TestApp, deliveries: i64) {
    until("deliveries are settled", LIMIT, async || app.count(DELIVERED).await >= deliveries).await;
}

/// A worker that has delivered the first of four deliveries of a webhook that gets ten a second, and has claimed the others ahead.
async fn claimed_ahead(app: &TestApp) -> (Receiver, Worker) {
    let limits = Limits { rate_per_second: Some(10), concurrency: None };
    let (_project, receiver, _) = crate::limits::limited(app, 4, limits).await;
    let worker = Worker::start(app);
    receiver.has(1).await;
    has_delivered(app, 1).await;
    (receiver, worker)
}

both_engines! {
    async fn a_click_is_delivered_by_its_node_without_a_claim(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let worker = Worker::start(app);
        app.click(&project, "device_id=d1").await;
        has_delivered(app, 1).await;
        until("the dispatcher has permits", LIMIT, async || app.engines.deliveries.local_dispatch.try_acquire(WEBHOOK).is_some()).await;
        receiver.take();
        receiver.hold();
        let mut notifications = app.core.notifier.subscribe(Work::Deliveries);
        app.click(&project, "device_id=d2").await;
        // Nobody moves the clock: what is leased and not dispatched would never come.
        receiver.has(1).await;
        assert_eq!(app.count(CLAIMED_ONCE).await, 1);
        receiver.let_go();
        has_delivered(app, 2).await;
        assert!(notifications.notified().now_or_never().is_none(), "nobody was notified");
        assert_eq!(receiver.take_events(), ["widget.click"]);
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 2);
        worker.end().await;
    }

    async fn a_click_is_stored_as_leased_where_a_permit_is_free_and_as_due_where_none_is(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let mut dispatcher = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        app.click(&project, "device_id=d1").await;
        let mut delivery = dispatcher.try_recv().expect("dispatched");
        let permit = delivery.permit.take();
        assert_eq!((delivery.lease.attempt, delivery.starts_at), (1, app.core.clock.now()));
        assert_eq!(app.count(CLAIMED_ONCE).await, 1);
        app.click(&project, "device_id=d2").await;
        assert!(dispatcher.try_recv().is_err(), "its permit is taken");
        assert_eq!(app.count(UNCLAIMED).await, 1);
        app.work().await;
        assert_eq!(receiver.take().len(), 1, "the first one is leased");
        settle(&app.engines.deliveries, &attempt(&app.core, delivery).await).await.expect("settled");
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 2);
        drop(permit);
        app.click(&project, "device_id=d3").await;
        assert!(dispatcher.try_recv().is_ok(), "the permit is free again");
    }

    async fn a_webhook_with_limits_gets_deliveries_by_claims_only(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let mut dispatcher = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 8, 8);
        for limits in [
            Limits { rate_per_second: Some(10), concurrency: None },
            Limits { rate_per_second: None, concurrency: Some(1) },
        ] {
            assert!(limit_webhook(&app.core, &operator(), project.id, WEBHOOK, limits).await.expect("limits"));
            let mut notifications = app.core.notifier.subscribe(Work::Deliveries);
            app.click(&project, "device_id=d1").await;
            assert!(dispatcher.try_recv().is_err(), "{limits:?}");
            assert_eq!(app.count(UNCLAIMED).await, 1, "{limits:?}");
            assert!(notifications.notified().now_or_never().is_some(), "whoever claims it is notified");
            app.work().await;
            assert_eq!(receiver.take().len(), 1, "{limits:?}");
        }
        assert!(limit_webhook(&app.core, &operator(), project.id, WEBHOOK, Limits::default()).await.expect("no limits"));
        app.click(&project, "device_id=d1").await;
        assert!(dispatcher.try_recv().is_ok(), "without limits it is dispatched");
    }

    async fn a_click_overtakes_none_that_waits(app: &TestApp) {
        const WAITING: usize = 4;
        let (project, receiver) = shop(app).await;
        for number in 0..IN_FLIGHT + WAITING {
            app.click(&project, &format!("device_id=d{number}")).await;
        }
        receiver.hold();
        let worker = Worker::start(app);
        receiver.has(IN_FLIGHT).await;
        let mut notifications = app.core.notifier.subscribe(Work::Deliveries);
        app.click(&project, "device_id=last").await;
        assert!(notifications.notified().now_or_never().is_some(), "whoever claims it is notified");
        assert_eq!(app.count(UNCLAIMED).await, WAITING as i64 + 1, "it waits with those before it");
        receiver.let_go();
        let all = IN_FLIGHT + WAITING + 1;
        has_delivered(app, all as i64).await;
        let received = receiver.take();
        assert_eq!(received.len(), all);
        let devices = received.iter().map(|one| one.json()["data"]["device_id"].as_str().map(str::to_owned));
        let at = devices.into_iter().position(|device| device.as_deref() == Some("last")).expect("received");
        assert!(at >= IN_FLIGHT, "as number {at}");
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, all as i64);
        worker.end().await;
    }

    async fn what_a_node_leased_and_did_not_attempt_is_made_by_another_when_the_lease_expires(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let mut dispatcher = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        app.click(&project, "device_id=d1").await;
        // The process ends here: nothing is given back.
        drop(dispatcher.try_recv().expect("dispatched"));
        app.advance(SignedDuration::from_secs(29));
        app.work().await;
        assert_eq!(receiver.take().len(), 0, "leased");
        app.advance(SignedDuration::from_secs(1));
        app.work().await;
        assert_eq!(receiver.take_events(), ["widget.click"]);
        app.advance(SignedDuration::from_hours(1));
        app.work().await;
        assert_eq!(receiver.take().len(), 0, "once");
        assert_eq!(app.count("SELECT COUNT(*) FROM attempts WHERE number = 2").await, 1, "the first one was never made");
        assert_eq!(app.count(DELIVERED).await, 1);
    }

    async fn a_leased_delivery_is_stale_when_it_is_late_or_the_clock_was_set_back(app: &TestApp) {
        let (project, _receiver) = shop(app).await;
        let mut dispatcher = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        app.click(&project, "device_id=d1").await;
        let delivery = dispatcher.try_recv().expect("dispatched");
        for (milliseconds, is_stale) in [(1_000, false), (1_001, true), (-1_000, false), (-1_001, true)] {
            let now = delivery.starts_at + SignedDuration::from_millis(milliseconds);
            assert_eq!(delivery.is_stale(now), is_stale, "after {milliseconds} ms");
        }
    }

    async fn what_was_claimed_ahead_starts_when_its_time_comes(app: &TestApp) {
        let (_receiver, worker) = claimed_ahead(app).await;
        for delivered in 2..=4 {
            app.advance(SignedDuration::from_millis(100));
            has_delivered(app, delivered).await;
        }
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 4);
        worker.end().await;
    }

    async fn what_was_claimed_ahead_and_waited_for_too_long_is_given_back(app: &TestApp) {
        let (_receiver, worker) = claimed_ahead(app).await;
        assert_eq!(app.count(CLAIMED_ONCE).await, 3);
        app.advance(SignedDuration::from_secs(10));
        // Due again, or claimed again and delivered.
        let given_back = async || app.count(UNCLAIMED).await == 3 || app.count(DELIVERED).await >= 2;
        until("what is late is given back", LIMIT, given_back).await;
        worker.end().await;
    }

    async fn a_node_that_stops_gives_back_what_it_has_claimed_ahead(app: &TestApp) {
        let (_receiver, worker) = claimed_ahead(app).await;
        assert_eq!(app.count(CLAIMED_ONCE).await, 3);
        worker.end().await;
        assert_eq!((app.count(UNCLAIMED).await, app.count(DELIVERED).await), (3, 1));
    }

    async fn what_a_dispatcher_that_ended_does_not_take_is_due_at_once(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let dispatcher = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        drop(dispatcher);
        app.click(&project, "device_id=d1").await;
        until("it is given back", LIMIT, async || app.count(UNCLAIMED).await == 1).await;
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 1);
    }
}
