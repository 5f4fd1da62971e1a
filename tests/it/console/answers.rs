//! How long people who ask for a person wait, and that nobody is left alone by whoever takes over.

use aurix::domain::lead::{Quality, Stage};
use aurix::domain::time::SignedDuration;

use super::inbox::{Desk, owned};
use crate::support::{Person, Project, TestApp};

/// How long those who were answered had waited, in seconds, the oldest answer first.
async fn waited(app: &TestApp) -> Vec<i64> {
    let read = app.core.db.read(async |conn| {
        Ok(conn
            .query("SELECT waited FROM messages WHERE waited IS NOT NULL ORDER BY id", &[], |row| row.get::<i64>(0))
            .await?)
    });
    read.await.expect("waits").into_iter().map(|waited| waited / 1_000_000).collect()
}

async fn waiting(app: &TestApp) -> i64 {
    app.count("SELECT COUNT(*) FROM conversations WHERE asked_at IS NOT NULL").await
}

async fn overview(desk: &Desk<'_>) -> String {
    desk.browser.get(&format!("/p/{}/overview", desk.project.public_id)).await.text()
}

/// Somebody who asked for a person.
async fn asks_for_a_person<'a>(app: &'a TestApp, project: &'a Project) -> Person<'a> {
    let person = Person::new(app, project, "6591234567");
    person.writes("I want to talk to a human").await;
    app.settle().await;
    person
}

both_engines! {
    async fn the_overview_says_how_fast_people_answered_today(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = asks_for_a_person(app, &project).await;
        let desk = Desk::of(app, &project, &browser).await;
        assert!(!overview(&desk).await.contains("today,"), "nobody answered yet");
        app.advance(SignedDuration::from_mins(7));
        desk.replies("Here I am").await;
        app.work().await;
        assert_eq!((waited(app).await.len(), waiting(app).await), (1, 0), "nobody waits after an answer");
        assert!(overview(&desk).await.contains("One answer today, after 7 min."), "{}", overview(&desk).await);
        desk.replies("And I have your bicycle").await;
        app.work().await;
        assert_eq!(waited(app).await.len(), 1, "nothing was asked since");
        person.writes("When can I have it?").await;
        app.advance(SignedDuration::from_mins(2));
        person.writes("Hello?").await;
        app.settle().await;
        app.advance(SignedDuration::from_mins(1));
        desk.replies("Tomorrow").await;
        assert_eq!((waited(app).await[1] / 60, waiting(app).await), (3, 0), "since the first of them");
        let page = overview(&desk).await;
        assert!(page.contains("2 answers today: half within 3 min, all within 7 min."), "{page}");
        app.advance(SignedDuration::from_hours(24));
        assert!(!overview(&desk).await.contains("answers today"), "that was yesterday");
    }

    async fn whoever_takes_over_and_says_nothing_owes_an_answer(app: &TestApp) {
        let (project, browser) = owned(app).await;
        asks_for_a_person(app, &project).await;
        let desk = Desk::of(app, &project, &browser).await;
        app.advance(SignedDuration::from_mins(5));
        assert_eq!(desk.act("take-over", &[]).await.status(), 303);
        app.advance(SignedDuration::from_mins(14));
        app.work().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"));
        app.advance(SignedDuration::from_mins(1));
        app.work().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("waiting"), "taken over, and left alone");
        assert!(desk.inbox().await.contains("waits 20 min"), "since they asked: {}", desk.inbox().await);
        desk.replies("I am sorry that you had to wait").await;
        assert_eq!(waited(app).await.iter().map(|seconds| seconds / 60).collect::<Vec<_>>(), [20]);
        app.advance(SignedDuration::from_hours(1));
        app.work().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"), "answered");
    }

    async fn taken_from_the_agent_before_it_answered_a_message_waits_for_whoever_took_over(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        app.settle().await;
        let desk = Desk::of(app, &project, &browser).await;
        assert_eq!(desk.act("take-over", &[]).await.status(), 303);
        app.advance(SignedDuration::from_hours(1));
        app.work().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"), "the agent had answered");
        assert_eq!(desk.act("give-back", &[]).await.status(), 303);
        app.settle().await;
        person.writes("Do you repair bells?").await;
        assert_eq!(desk.act("take-over", &[]).await.status(), 303);
        app.advance(SignedDuration::from_mins(15));
        app.work().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("waiting"));
    }

    async fn sales_without_a_value_are_named_and_found(app: &TestApp) {
        let (project, browser) = owned(app).await;
        asks_for_a_person(app, &project).await;
        let desk = Desk::of(app, &project, &browser).await;
        assert!(!overview(&desk).await.contains("no value"));
        let rate = async |value: &str| {
            let fields = [("stage", Stage::Won.as_str()), ("value", value), ("currency", "SGD"), ("quality", Quality::Unknown.as_str())];
            assert_eq!(desk.act("rating", &fields).await.status(), 303);
        };
        rate("").await;
        assert!(overview(&desk).await.contains("One sale has no value"), "{}", overview(&desk).await);
        let found = format!("/p/{}/leads?stage=won_without_value", project.public_id);
        let person = format!("/leads/{}", desk.lead);
        assert!(browser.get(&found).await.text().contains(&person));
        rate("120").await;
        assert!(!overview(&desk).await.contains("no value"));
        assert!(!browser.get(&found).await.text().contains(&person));
    }
}
