//! A message's own time counts: it orders a burst, dates what it says, and decides whether there is a reply.

use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

/// A text that was sent `ago`.
fn sent(person: &Person<'_>, id: &str, text: &str, ago: SignedDuration) -> Value {
    let mut message = person.text_message(id, text);
    message["timestamp"] = json!((person.app.core.clock.now() - ago).as_second().to_string());
    message
}

async fn bring(person: &Person<'_>, messages: &[Value]) {
    assert_eq!(person.sends(messages).await.status(), 200);
}

/// The value of a field of the only lead.
async fn value(app: &TestApp, field: &str) -> Option<String> {
    let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
    let fields: Value = serde_json::from_str(&fields).expect("JSON");
    fields[field]["value"].as_str().map(str::to_owned)
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

both_engines! {
    async fn a_burst_is_read_in_the_order_in_which_it_was_written(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        bring(&person, &[sent(&person, "wamid.2", "sorry, my email is right@example.com", SECOND * 10)]).await;
        bring(&person, &[sent(&person, "wamid.1", "my email is wrong@example.com", SECOND * 20)]).await;
        app.settle().await;
        assert_eq!(value(app, "email").await.as_deref(), Some("right@example.com"));
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn a_late_message_replaces_no_newer_value(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        bring(&person, &[sent(&person, "wamid.2", "my email is new@example.com", SECOND * 5)]).await;
        app.settle().await;
        bring(&person, &[sent(&person, "wamid.1", "my email is old@example.com", SECOND * 7_200)]).await;
        app.settle().await;
        assert_eq!(value(app, "email").await.as_deref(), Some("new@example.com"));
        // Another field that it names is filled.
        bring(&person, &[sent(&person, "wamid.0", "my name is Jane Doe", SECOND * 7_300)]).await;
        app.settle().await;
        assert_eq!(value(app, "name").await.as_deref(), Some("Jane Doe"));
    }

    async fn days_are_read_from_when_the_person_wrote(app: &TestApp) {
        let form = r#"{"fields":[{"key":"day","type":"date","required":true,"question":"Which day?"}]}"#;
        let project = app.project().await;
        app.core.db.write(async move |tx| {
            Ok(tx.execute("UPDATE projects SET form = $1", &[form.into()]).await?)
        }).await.expect("a form");
        let person = Person::new(app, &project, "6587654321");
        // It is the 2nd in Singapore, and was the 1st when this was written.
        bring(&person, &[sent(&person, "wamid.1", "can I come tomorrow", SECOND * 20 * 3_600)]).await;
        app.settle().await;
        assert_eq!(value(app, "day").await.as_deref(), Some("2026-01-02"));
    }

    async fn a_message_older_than_the_channels_window_is_read_and_not_answered(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        bring(&person, &[sent(&person, "wamid.1", "hi, my name is Jane Doe", SECOND * 24 * 3_600)]).await;
        app.settle().await;
        assert_eq!(value(app, "name").await.as_deref(), Some("Jane Doe"));
        assert!(project.whatsapp.take().is_empty());
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out'").await, 0);

        bring(&person, &[sent(&person, "wamid.2", "are you there?", SECOND * 23 * 3_600)]).await;
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn a_platforms_clock_that_is_ahead_changes_nothing(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        bring(&person, &[sent(&person, "wamid.1", "my email is first@example.com", SECOND * -86_400)]).await;
        app.settle().await;
        app.advance(SECOND * 60);
        bring(&person, &[sent(&person, "wamid.2", "sorry, my email is second@example.com", SignedDuration::ZERO)]).await;
        app.settle().await;
        assert_eq!(value(app, "email").await.as_deref(), Some("second@example.com"));
    }
}
