//! A click's delivery goes from the flow that stores it to the lane of the same node, claimed from the start.

use std::time::Duration;

use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::local_dispatch::LocalDelivery;
use aurix::domain::pace::Limits;
use aurix::domain::time::SignedDuration;
use aurix::notifier::Work;
use aurix::projects::limit_webhook::limit_webhook;
use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{Project, Receiver, TestApp, until};

const WEBHOOK: i64 = 1;
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

both_engines! {
    async fn a_click_is_delivered_by_its_node_without_a_look(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let worker = Worker::start(app);
        app.press(&project, "device_id=d1").await;
        has_delivered(app, 1).await;
        until("the lane tells of room", LIMIT, async || app.engines.deliveries.local_dispatch.try_acquire(WEBHOOK).is_some()).await;
        receiver.take();
        receiver.hold();
        let mut bell = app.core.notifier.subscribe(Work::Deliveries);
        app.press(&project, "device_id=d2").await;
        // The clock stands still: what is leased and not handed over would never come.
        receiver.has(1).await;
        assert_eq!(app.count(CLAIMED_ONCE).await, 1);
        receiver.let_go();
        has_delivered(app, 2).await;
        assert!(bell.notified().now_or_never().is_none(), "nobody was told to look");
        assert_eq!(receiver.take_events(), ["widget.click"]);
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 2);
        worker.end().await;
    }

    async fn a_click_is_stored_as_claimed_where_the_lane_has_a_place_and_as_due_where_it_has_none(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let mut lane = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        app.press(&project, "device_id=d1").await;
        let LocalDelivery { due, permit } = lane.try_recv().expect("handed over");
        assert_eq!((due.claimed.attempt, due.starts_at), (1, app.core.clock.now()));
        assert_eq!(app.count(CLAIMED_ONCE).await, 1);
        app.press(&project, "device_id=d2").await;
        assert!(lane.try_recv().is_err(), "its place is taken");
        assert_eq!(app.count(UNCLAIMED).await, 1);
        app.work().await;
        assert_eq!(receiver.take().len(), 1, "the first one is leased");
        settle(&app.engines.deliveries, &attempt(&app.core, due).await).await.expect("settled");
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 2);
        drop(permit);
        app.press(&project, "device_id=d3").await;
        assert!(lane.try_recv().is_ok(), "the place is free again");
    }

    async fn a_webhook_with_limits_gets_nothing_but_by_claims(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let mut lane = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 8, 8);
        for limits in [
            Limits { rate_per_second: Some(10), concurrency: None },
            Limits { rate_per_second: None, concurrency: Some(1) },
        ] {
            assert!(limit_webhook(&app.core, project.id, WEBHOOK, limits).await.expect("limits"));
            let mut bell = app.core.notifier.subscribe(Work::Deliveries);
            app.press(&project, "device_id=d1").await;
            assert!(lane.try_recv().is_err(), "{limits:?}");
            assert_eq!(app.count(UNCLAIMED).await, 1, "{limits:?}");
            assert!(bell.notified().now_or_never().is_some(), "whoever claims it is told");
            app.work().await;
            assert_eq!(receiver.take().len(), 1, "{limits:?}");
        }
        assert!(limit_webhook(&app.core, project.id, WEBHOOK, Limits::default()).await.expect("no limits"));
        app.press(&project, "device_id=d1").await;
        assert!(lane.try_recv().is_ok(), "without limits it goes to the lane");
    }

    async fn a_click_passes_none_that_waits_for_its_turn(app: &TestApp) {
        const WAITING: usize = 4;
        let (project, receiver) = shop(app).await;
        for number in 0..IN_FLIGHT + WAITING {
            app.press(&project, &format!("device_id=d{number}")).await;
        }
        receiver.hold();
        let worker = Worker::start(app);
        receiver.has(IN_FLIGHT).await;
        let mut bell = app.core.notifier.subscribe(Work::Deliveries);
        app.press(&project, "device_id=last").await;
        assert!(bell.notified().now_or_never().is_some(), "whoever claims it is told");
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

    async fn what_a_node_took_and_did_not_make_is_made_by_another_when_its_lease_runs_out(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let mut lane = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        app.press(&project, "device_id=d1").await;
        // The process ends here: nothing is given back.
        drop(lane.try_recv().expect("handed over"));
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

    async fn what_a_lane_that_ended_does_not_take_is_due_at_once(app: &TestApp) {
        let (project, receiver) = shop(app).await;
        let lane = app.engines.deliveries.local_dispatch.open();
        app.engines.deliveries.local_dispatch.set_free(WEBHOOK, 1, 1);
        drop(lane);
        app.press(&project, "device_id=d1").await;
        until("it is given back", LIMIT, async || app.count(UNCLAIMED).await == 1).await;
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.count(DELIVERED_AT_ONCE).await, 1);
    }
}
