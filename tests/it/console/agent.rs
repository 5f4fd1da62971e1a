//! The page of the agent: the text that it answers from, what nothing answered, and what a model may cost.

use aurix::domain::account::Role;

use crate::support::TestApp;

const PARAGRAPHS: &str = "SELECT COUNT(*) FROM knowledge";

both_engines! {
    async fn what_the_agent_may_say_is_edited_and_questions_are_answered_for_good(app: &TestApp) {
        let project = app.project().await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let agent = format!("/p/{}/settings/agent", project.public_id);
        let text = "Parking is behind the house.\r\n\r\n<b>Dogs</b> are welcome.";
        assert_eq!(browser.post(&format!("{agent}/knowledge"), &[("text", text)]).await.status(), 303);
        assert_eq!(app.count(PARAGRAPHS).await, 2);
        let first = app.count("SELECT id FROM knowledge WHERE place = 1").await;
        let swapped = "<b>Dogs</b> are welcome.\n\nParking is behind the house.\n\nWe are open.";
        assert_eq!(browser.post(&format!("{agent}/knowledge"), &[("text", swapped)]).await.status(), 303);
        let moved = app.count("SELECT place FROM knowledge WHERE text LIKE 'Parking%'").await;
        assert_eq!((app.count("SELECT id FROM knowledge WHERE place = 2").await, moved), (first, 2), "it keeps its id");
        let shown = browser.get(&agent).await.text();
        assert!(shown.contains("&#60;b&#62;Dogs") || shown.contains("&lt;b&gt;Dogs"), "{shown}");
        let long = "a".repeat(2_001);
        assert_eq!(browser.post(&format!("{agent}/knowledge"), &[("text", &long)]).await.status(), 422);
        assert_eq!(app.count(PARAGRAPHS).await, 3, "nothing was changed");

        app.click(&project, "device_id=").await;
        crate::support::Person::new(app, &project, "6587654321").writes("hello").await;
        app.execute("INSERT INTO unanswered_questions (project_id, conversation_id, question, asked_at)
                     SELECT 1, id, 'Is there <i>wifi</i>?', 1 FROM conversations").await;
        app.execute("INSERT INTO unanswered_questions (project_id, conversation_id, question, asked_at)
                     SELECT 1, id, 'Why?', 2 FROM conversations").await;
        let shown = browser.get(&agent).await.text();
        assert!(shown.contains("wifi") && !shown.contains("<i>wifi"), "{shown}");
        let ids = async |like: &'static str| app.count(like).await.to_string();
        let wifi = ids("SELECT id FROM unanswered_questions WHERE question LIKE '%wifi%'").await;
        let why = ids("SELECT id FROM unanswered_questions WHERE question = 'Why?'").await;
        let settle = format!("{agent}/question");
        assert_eq!(browser.post(&settle, &[("question", &wifi), ("answer", " ")]).await.status(), 422);
        assert_eq!(browser.post(&settle, &[("question", &wifi), ("answer", "Wifi is there.")]).await.status(), 303);
        assert_eq!(browser.post(&settle, &[("question", &wifi), ("answer", "Twice.")]).await.status(), 409);
        assert_eq!(browser.post(&settle, &[("question", &why), ("dismiss", "1")]).await.status(), 303);
        assert_eq!(app.count("SELECT place FROM knowledge WHERE text = 'Wifi is there.'").await, 4);
        assert!(browser.get(&agent).await.text().contains("Nothing waits for an answer"));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action LIKE 'agent.%'").await, 4);
    }

    async fn limits_are_set_and_what_is_spent_is_shown(app: &TestApp) {
        let project = app.project().await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let agent = format!("/p/{}/settings/agent", project.public_id);
        assert!(browser.get(&agent).await.text().contains("No language model is set up"));
        assert_eq!(browser.post(&agent, &[("day", "many")]).await.status(), 422);
        assert_eq!(browser.post(&agent, &[("day", "100,000"), ("discloses", "on")]).await.status(), 303);
        assert_eq!(app.count("SELECT tokens_a_day FROM projects WHERE discloses AND NOT keeps_prompts").await, 100_000);
        app.execute("INSERT INTO model_days (project_id, day, calls, failures, tokens, cached_tokens, duration_ms)
                     VALUES (1, '2026-01-02', 40, 2, 79999, 0, 40000)").await;
        assert!(!browser.get(&agent).await.text().contains("tokens of this day"));
        app.execute("UPDATE model_days SET tokens = 80000").await;
        let shown = browser.get(&agent).await.text();
        assert!(shown.contains("80000 of the 100000 tokens of this day are spent"), "{shown}");
        app.execute("INSERT INTO model_drops (project_id, day, reason, drops) VALUES (1, '2026-01-02', 'not_said', 7)").await;
        assert!(browser.get(&agent).await.text().contains("<code>not_said</code> 7"));
    }
}
