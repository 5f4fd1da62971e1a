//! The clock is set back: what was scheduled while it ran ahead does not wait for as long as it did.

use aurix::deliveries::reschedule::ClockWatch;
use aurix::domain::time::SignedDuration;

use crate::support::{Person, Project, Receiver, TestApp};

const AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);

/// A webhook whose first delivery fails while the clock is `ahead`; then the clock is set back.
async fn failed_ahead(app: &TestApp, ahead: SignedDuration) -> (Project, Receiver) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    app.advance(ahead);
    receiver.respond_next(500);
    app.click(&project, "").await;
    app.work().await;
    assert_eq!(receiver.take().len(), 1);
    (project, receiver)
}

/// How much later than now the only delivery is due, in seconds.
async fn due_in_s(app: &TestApp) -> i64 {
    let due_us = app.count("SELECT due_at FROM deliveries").await;
    (due_us - app.core.clock.now().as_microsecond()) / 1_000_000
}

both_engines! {
    async fn a_delivery_that_failed_while_the_clock_was_ahead_is_tried_again_soon(app: &TestApp) {
        let mut clock = ClockWatch::default();
        let hour = SignedDuration::from_hours(1);
        let (_project, receiver) = failed_ahead(app, hour).await;
        assert_eq!(clock.look(&app.core).await.expect("a look"), 0, "nothing is late by this clock");
        app.advance(-hour);
        assert!(due_in_s(app).await >= 3_600);
        assert_eq!(clock.look(&app.core).await.expect("a look"), 1);
        assert_eq!(due_in_s(app).await, 30, "a lease, in which nothing is attempted twice");
        app.advance(SignedDuration::from_secs(30));
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
    }

    async fn what_no_schedule_allows_is_found_without_a_step_too(app: &TestApp) {
        let mut clock = ClockWatch::default();
        assert_eq!(clock.look(&app.core).await.expect("a look"), 0);
        // As a node stores it whose clock is ahead, and this one's is not.
        let (_project, _receiver) = failed_ahead(app, AHEAD).await;
        app.advance(-AHEAD + SignedDuration::from_secs(59));
        assert_eq!(clock.look(&app.core).await.expect("a look"), 0, "the next look is not yet");
        app.advance(SignedDuration::from_secs(1));
        assert_eq!(clock.look(&app.core).await.expect("a look"), 1);
        assert_eq!(due_in_s(app).await, 30);
        // A process that starts does not know what the clock did before.
        app.advance(-SignedDuration::from_hours(1));
        assert_eq!(ClockWatch::default().look(&app.core).await.expect("a look"), 1);
    }

    async fn a_retry_after_is_left_alone_while_the_clock_goes_on(app: &TestApp) {
        let mut clock = ClockWatch::default();
        assert_eq!(clock.look(&app.core).await.expect("a look"), 0);
        let (_project, _receiver) = failed_ahead(app, SignedDuration::ZERO).await;
        // As a receiver asks for with `Retry-After`.
        let later = app.core.clock.now() + SignedDuration::from_hours(23);
        let set = async move |tx: &aurix::db::Tx| {
            Ok(tx.execute("UPDATE deliveries SET due_at = $1", aurix::params![later]).await?)
        };
        assert_eq!(app.core.db.write(set).await.expect("set"), 1);
        app.advance(SignedDuration::from_secs(61));
        assert_eq!(clock.look(&app.core).await.expect("a look"), 0);
        app.advance(SignedDuration::from_hours(-48));
        assert_eq!(clock.look(&app.core).await.expect("a look"), 1);
    }

    async fn a_reply_waits_no_longer_than_the_schedule_after_a_step(app: &TestApp) {
        let mut clock = ClockWatch::default();
        assert_eq!(clock.look(&app.core).await.expect("a look"), 0);
        let project = app.project().await;
        Person::new(app, &project, "6587487282").writes("hi").await;
        app.advance(SignedDuration::from_secs(2));
        app.work().await;
        let later = app.core.clock.now() + AHEAD;
        let set = async move |tx: &aurix::db::Tx| {
            let sql = "UPDATE messages SET due_at = $1, status = 'queued' WHERE direction = 'out'";
            Ok(tx.execute(sql, aurix::params![later]).await?)
        };
        let replies = app.core.db.write(set).await.expect("set");
        assert!(replies > 0);
        app.advance(SignedDuration::from_hours(-1));
        assert_eq!(clock.look(&app.core).await.expect("a look"), replies);
        app.advance(SignedDuration::from_mins(2));
        app.work().await;
    }
}
