//! How long it is kept what the model was asked, and what nothing answered.

use aurix::conversations::erase_person::erase_person;
use aurix::domain::ids::LeadId;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::SignedDuration;
use aurix::maintenance::retention::remove_expired;
use aurix::projects::set_retention::set_retention;
use serde_json::json;

use crate::support::{TestApp, message_of, operator};

const QUESTION: &str = "INSERT INTO unanswered_questions (project_id, conversation_id, question, asked_at)
    SELECT project_id, id, 'Do you deliver to Bugis?', created_at FROM conversations WHERE merged_into IS NULL";
const CALL: &str = "INSERT INTO model_calls (project_id, conversation_id, person, outcome, requests, tokens, cached_tokens, duration_ms,
                                             prompt, answer, started_at)
    SELECT project_id, id, '6587654321', 'ok', 1, 100, 0, 5, 'a prompt', 'an answer', created_at
    FROM conversations WHERE merged_into IS NULL";
const QUESTIONS: &str = "SELECT COUNT(*) FROM unanswered_questions";
const CALLS: &str = "SELECT COUNT(*) FROM model_calls";
const PERSONAL: &str =
    "SELECT COUNT(*) FROM model_calls WHERE prompt IS NOT NULL OR answer IS NOT NULL OR person <> ''";

both_engines! {
    async fn two_people_who_are_one_are_erased_with_what_each_was_asked(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.1", "hi").await;
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.2", "hi").await;
        app.settle().await;
        app.execute(QUESTION).await;
        app.execute(CALL).await;
        assert_eq!((app.count(QUESTIONS).await, app.count(CALLS).await), (2, 2));
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.3", "it is me").await;
        app.settle().await;
        let lead = app.count("SELECT leads.id FROM leads JOIN conversations ON conversations.id = leads.conversation_id WHERE merged_into IS NULL").await;
        erase_person(&app.core, &operator(), project.id, LeadId(lead)).await.expect("erased");
        assert_eq!((app.count(QUESTIONS).await, app.count(PERSONAL).await), (0, 0));
        assert_eq!(app.count(CALLS).await, 2, "what they cost stays");
    }

    async fn they_are_kept_as_long_as_messages(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.1", "hi").await;
        app.settle().await;
        app.execute(QUESTION).await;
        app.execute(CALL).await;
        set_retention(&app.core, &operator(), project.id, vec![(Kind::Messages, Some(Period::Days(30)))]).await.expect("set");
        app.advance(SignedDuration::from_hours(24 * 29));
        remove_expired(&app.core, || false).await.expect("removed");
        assert_eq!((app.count(QUESTIONS).await, app.count(CALLS).await), (1, 1));
        app.advance(SignedDuration::from_hours(24 * 2));
        remove_expired(&app.core, || false).await.expect("removed");
        assert_eq!((app.count(QUESTIONS).await, app.count(CALLS).await), (0, 0));
    }
}
