//! What PostgreSQL divides by time: parts are there before they are needed, what is worked on is apart from what has ended, and
//! weeks go as a whole.

use aurix::domain::ids::DeliveryId;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::SignedDuration;
use aurix::maintenance::make_partitions::make_partitions;
use aurix::maintenance::retention::{Removed, remove_expired};
use aurix::projects::set_retention::set_retention;
use aurix::store::delivery_log;

use crate::support::{Person, Project, Receiver, TestApp, operator};

const EVENT_PART: &str = "SELECT tableoid::regclass::text FROM events ORDER BY id DESC LIMIT 1";
const CLICK_PART: &str = "SELECT tableoid::regclass::text FROM clicks ORDER BY id DESC LIMIT 1";
const DELIVERY_PART: &str = "SELECT tableoid::regclass::text FROM deliveries ORDER BY id DESC LIMIT 1";
const ATTEMPT_PART: &str = "SELECT tableoid::regclass::text FROM attempts ORDER BY started_at DESC LIMIT 1";

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn keep(app: &TestApp, project: &Project, kind: Kind, days: u16) {
    set_retention(&app.core, &operator(), project.id, vec![(kind, Some(Period::Days(days)))]).await.expect("set");
}

async fn clean(app: &TestApp) -> Removed {
    remove_expired(&app.core, || false).await.expect("a run of the retention job")
}

#[tokio::test]
async fn rows_go_to_the_part_of_their_week_and_to_the_rest_where_there_is_none() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    app.click(&project, "device_id=d1").await;
    assert_eq!(app.text(EVENT_PART).await.as_deref(), Some("events_20251229"), "a Monday");
    app.advance(days(30));
    app.click(&project, "device_id=d2").await;
    assert_eq!(app.text(EVENT_PART).await.as_deref(), Some("events_20260126"), "made ahead");
    assert_eq!(app.text(CLICK_PART).await.as_deref(), Some("clicks_unlinked_20260126"));
    app.advance(days(7));
    app.click(&project, "device_id=d3").await;
    assert_eq!(app.text(EVENT_PART).await.as_deref(), Some("events_rest"), "nobody was there to make it");
    for _ in 0..2 {
        make_partitions(&app.core).await.expect("parts");
        assert_eq!(app.text(EVENT_PART).await.as_deref(), Some("events_20260202"), "it moved");
        assert_eq!(app.text(CLICK_PART).await.as_deref(), Some("clicks_unlinked_20260202"));
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 3);
    app.end().await;
}

#[tokio::test]
async fn a_delivery_is_with_what_is_worked_on_until_it_ends_and_when_it_is_sent_again() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    app.click(&project, "").await;
    assert_eq!(app.text(DELIVERY_PART).await.as_deref(), Some("deliveries_pending"));
    receiver.respond_next(500);
    app.work().await;
    assert_eq!(app.text(DELIVERY_PART).await.as_deref(), Some("deliveries_pending"), "it is tried again");
    app.advance(SignedDuration::from_mins(1));
    app.work().await;
    assert_eq!(app.text(DELIVERY_PART).await.as_deref(), Some("deliveries_ended_20251229"));
    assert_eq!(app.text(ATTEMPT_PART).await.as_deref(), Some("attempts_20251229"));
    app.advance(days(7));
    let now = app.core.clock.now();
    let (id, delivery) = (project.id, DeliveryId(app.count("SELECT id FROM deliveries").await));
    let resent = app
        .core
        .db
        .write(async move |tx| Ok(delivery_log::resend(tx, id, delivery, now).await?))
        .await
        .expect("resent");
    assert!(resent);
    assert_eq!(app.text(DELIVERY_PART).await.as_deref(), Some("deliveries_pending"));
    app.work().await;
    assert_eq!(app.text(DELIVERY_PART).await.as_deref(), Some("deliveries_ended_20251229"), "of the time of its event");
    assert_eq!(app.text(ATTEMPT_PART).await.as_deref(), Some("attempts_20260105"));
    assert_eq!(receiver.take_events().len(), 3);
    app.end().await;
}

#[tokio::test]
async fn a_week_of_events_goes_as_a_whole_when_no_project_keeps_it() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    let other = app.project_named("Another shop", "791163770738682").await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    for project in [&project, &project, &other] {
        app.click(project, "").await;
    }
    app.work().await;
    keep(&app, &project, Kind::Events, 10).await;
    app.advance(days(11));
    let removed = clean(&app).await;
    assert_eq!((removed.partitions, removed.events, removed.deliveries), (0, 2, 2), "the other project keeps its own");
    keep(&app, &other, Kind::Events, 30).await;
    app.click(&project, "").await;
    app.work().await;
    app.advance(days(21));
    let removed = clean(&app).await;
    assert_eq!(
        (removed.partitions, removed.events, removed.deliveries),
        (0, 1, 1),
        "of 30 days the week has not passed"
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 1);
    app.advance(days(2));
    let removed = clean(&app).await;
    assert_eq!((removed.partitions, removed.events), (3, 0), "a week of events, of their deliveries and of attempts");
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 0);
    app.end().await;
}

#[tokio::test]
async fn a_week_with_a_delivery_that_is_due_stays_until_that_has_ended() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    let failing = Receiver::start().await;
    app.webhook(&project, &failing).await;
    keep(&app, &project, Kind::Events, 10).await;
    app.click(&project, "").await;
    app.work().await;
    failing.respond_next(500);
    app.click(&project, "").await;
    app.work().await;
    app.advance(days(20));
    let all_but_its_own = Removed { partitions: 4, ..Removed::default() };
    assert_eq!(clean(&app).await, all_but_its_own, "the attempts of two weeks, and an empty week of the others");
    assert_eq!(app.count("SELECT COUNT(*) FROM deliveries").await, 2);
    app.work().await;
    assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'").await, 2);
    assert_eq!(clean(&app).await.partitions, 2, "the week of deliveries, and that of their events");
    assert_eq!(app.count("SELECT (SELECT COUNT(*) FROM deliveries) + (SELECT COUNT(*) FROM events)").await, 0);
    assert_eq!(clean(&app).await, Removed::default());
    app.core
        .db
        .write(async |tx| Ok(tx.execute("DELETE FROM attempts", &[]).await?))
        .await
        .expect("of the late attempt");
    app.end().await;
}

#[tokio::test]
async fn a_week_of_clicks_goes_with_its_sessions_and_those_of_leads_stay() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    keep(&app, &project, Kind::Clicks, 10).await;
    let linked = app.click(&project, "device_id=d1").await.reference();
    app.click(&project, "device_id=d2").await;
    assert_eq!(app.count("SELECT COUNT(*) FROM clicks_unlinked").await, 2);
    let person = Person::new(&app, &project, "6587654321");
    person.writes(&format!("Hello! Reference: {linked}")).await;
    app.click(&project, "device_id=d1").await;
    app.settle().await;
    assert_eq!(app.count("SELECT COUNT(*) FROM clicks_linked").await, 2, "the one before, and the one after");
    app.advance(days(12));
    let removed = clean(&app).await;
    assert_eq!((removed.partitions, removed.sessions), (0, 0), "the week ends on Sunday, and is kept for ten days");
    app.advance(days(3));
    let removed = clean(&app).await;
    assert_eq!((removed.partitions, removed.sessions, removed.clicks), (1, 1, 0));
    assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 2);
    assert_eq!(app.count("SELECT COUNT(*) FROM sessions").await, 1);
    app.end().await;
}
