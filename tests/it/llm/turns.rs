//! Turns with a model, on both engines: what it finds is the person's only with their yes, what it may cost is shared by all nodes, and
//! a message during its call begins anew.

use std::time::Duration;

use aurix::config::Config;
use aurix::conversations::take_turn::{claim_turns, take_turn};
use aurix::domain::time::SignedDuration;
use aurix::projects::set_form::set_form;
use serde_json::{Value, json};

use crate::support::model::{Scripted, ScriptedModel, empty};
use crate::support::{Person, Project, TestApp, operator, until};

const LONG: Duration = Duration::from_secs(20);
const FIELDS: &str = "SELECT fields FROM leads";
const BY: &str = "SELECT generated_by FROM messages WHERE direction = 'out' ORDER BY id DESC LIMIT 1";
const CALLS: &str = "SELECT COUNT(*) FROM model_calls";
const OPEN: &str = "SELECT COUNT(*) FROM unanswered_questions WHERE settled_at IS NULL";

/// Runs each test on both engines, with a model that answers what is right.
macro_rules! with_model {
    ($(async fn $name:ident($app:ident: &TestApp, $model:ident: &ScriptedModel) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn scenario($app: &TestApp, $model: &ScriptedModel) $body

            #[tokio::test]
            async fn sqlite() {
                let model = ScriptedModel::start(|asked| Scripted::object(&asked.right)).await;
                let endpoint = model.endpoint(Duration::from_secs(8));
                let app = TestApp::on_sqlite_with(|config: &mut Config| config.llm = Some(endpoint)).await;
                scenario(&app, &model).await;
                app.end().await;
            }

            #[tokio::test]
            async fn postgres() {
                let model = ScriptedModel::start(|asked| Scripted::object(&asked.right)).await;
                let endpoint = model.endpoint(Duration::from_secs(8));
                let app = TestApp::on_postgres_with(|config: &mut Config| config.llm = Some(endpoint)).await;
                scenario(&app, &model).await;
                app.end().await;
            }
        })*
    };
}

/// What the model finds.
fn finds(values: &[(&str, &str)]) -> Value {
    let values: Vec<Value> = values.iter().map(|(field, quote)| json!({"field": field, "quote": quote})).collect();
    let mut object = empty();
    object["act"] = json!("answer");
    object["values"] = json!(values);
    object
}

async fn shop(app: &TestApp) -> Project {
    let project = app.project().await;
    let form = r#"{"fields":[{"key":"occasion","type":"text","required":true,"question":"What is the occasion?"},
                             {"key":"guests","type":"number","required":true,"question":"How many guests?"}]}"#;
    let form = aurix::domain::form::Form::parse(form).expect("a form");
    set_form(&app.core, &operator(), project.id, &form).await.expect("a form");
    project
}

/// Writes, lets the agent answer, and gives the last reply.
async fn exchange(app: &TestApp, person: &Person<'_>, text: &str) -> String {
    person.writes(text).await;
    app.settle().await;
    person.project.whatsapp.take_texts().pop().unwrap_or_default()
}

with_model! {
    async fn what_the_model_finds_is_stored_with_the_persons_yes(app: &TestApp, model: &ScriptedModel) {
        let project = shop(app).await;
        let person = Person::new(app, &project, "6587654321");
        model.expect(finds(&[("occasion", "golden wedding"), ("email", "nobody@example.com")]));
        let asked = exchange(app, &person, "we plan the golden wedding of my parents").await;
        assert!(asked.contains("This is an automated assistant."), "{asked}");
        assert!(asked.ends_with("Did I get this right? occasion: golden wedding"), "{asked}");
        assert_eq!(app.text(BY).await.as_deref(), Some("model"));
        assert!(!app.text(FIELDS).await.expect("fields").contains("golden"), "nothing is stored yet");
        model.expect(empty());
        let next = exchange(app, &person, "yes").await;
        assert!(next.ends_with("May I have your name, please?"), "{next}");
        assert_eq!(app.text(BY).await.as_deref(), Some("built_in"));
        assert_eq!(app.text("SELECT value FROM lead_field_values WHERE source = 'model'").await.as_deref(), Some("golden wedding"));
        assert_eq!(app.count("SELECT drops FROM model_drops WHERE reason = 'not_said'").await, 1);
        assert_eq!(app.count("SELECT tokens FROM model_days").await, 2 * 1050, "what the server counts");
        assert_eq!(app.count("SELECT COUNT(*) FROM model_calls WHERE outcome = 'ok' AND prompt IS NULL").await, 2);
    }

    async fn a_question_is_answered_from_the_knowledge_text_or_listed(app: &TestApp, model: &ScriptedModel) {
        let project = shop(app).await;
        app.execute("INSERT INTO knowledge (project_id, place, text, created_at) VALUES (1, 1, 'Parking is behind the house.', 1)").await;
        let person = Person::new(app, &project, "6587654321");
        let mut answer = empty();
        answer["act"] = json!("question");
        answer["answer"] = json!("Parking is behind the house.");
        answer["sources"] = json!(["k1"]);
        model.expect(answer.clone());
        let reply = exchange(app, &person, "Is there parking?").await;
        assert!(reply.contains("Parking is behind the house. May I have your name"), "{reply}");
        assert_eq!((app.count(OPEN).await, app.text(BY).await.as_deref()), (0, Some("model")));
        answer["answer"] = json!("Dogs are welcome, see www.dogs.example");
        model.expect(answer);
        let reply = exchange(app, &person, "Can I bring my dog?").await;
        assert!(reply.starts_with("A person will answer that.") && !reply.contains("dogs.example"), "{reply}");
        assert_eq!(app.text("SELECT question FROM unanswered_questions").await.as_deref(), Some("Can I bring my dog?"));
        let system = |body: &Value| body["messages"][0].to_string();
        let asked = model.take();
        assert_eq!(system(&asked[0]), system(&asked[1]), "what comes first is the same");
    }

    async fn limits_are_counted_in_the_database(app: &TestApp, model: &ScriptedModel) {
        let project = shop(app).await;
        let person = Person::new(app, &project, "6587654321");
        exchange(app, &person, "hello there").await;
        assert_eq!(model.take().len(), 1);
        app.execute("UPDATE projects SET tokens_a_day = 1100").await;
        assert!(!exchange(app, &person, "one more").await.is_empty(), "the built-in agent answers");
        assert_eq!((model.take().len(), app.count("SELECT tokens FROM model_days").await), (0, 1050));
        app.execute("UPDATE projects SET tokens_a_day = NULL, tokens_a_month = 1100").await;
        exchange(app, &person, "and another").await;
        assert_eq!(model.take().len(), 0, "the month's");
        app.execute("UPDATE projects SET tokens_a_month = 1000000").await;
        exchange(app, &person, "again a message").await;
        assert_eq!(model.take().len(), 1);
        app.execute("INSERT INTO model_calls (project_id, conversation_id, person, outcome, requests, tokens, cached_tokens, duration_ms, started_at)
                     SELECT project_id, conversation_id, person, 'ok', 1, 0, 0, 0, started_at FROM model_calls
                     CROSS JOIN (SELECT 1 FROM conversations UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS a
                     CROSS JOIN (SELECT 1 FROM conversations UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5) AS b").await;
        assert!(app.count(CALLS).await >= 40);
        exchange(app, &person, "are you there").await;
        assert_eq!(model.take().len(), 0, "forty of a conversation");
        let other = Person::new(app, &project, "6587654322");
        app.execute("UPDATE model_calls SET person = '+6587654322', conversation_id = conversation_id").await;
        exchange(app, &other, "hello you").await;
        assert_eq!(model.take().len(), 1, "fewer than a hundred of a person");
        app.execute("INSERT INTO model_calls (project_id, conversation_id, person, outcome, requests, tokens, cached_tokens, duration_ms, started_at)
                     SELECT project_id, conversation_id, person, 'ok', 1, 0, 0, 0, started_at FROM model_calls
                     CROSS JOIN (SELECT 1 FROM messages UNION ALL SELECT 2 UNION ALL SELECT 3) AS a
                     WHERE conversation_id = (SELECT MIN(id) FROM conversations)").await;
        exchange(app, &other, "me again").await;
        assert_eq!(model.take().len(), 0, "a hundred of a person");
        app.advance(SignedDuration::from_hours(25));
        exchange(app, &other, "the next day").await;
        assert_eq!(model.take().len(), 1);
    }

    async fn a_message_during_the_call_begins_anew_once(app: &TestApp, model: &ScriptedModel) {
        let project = shop(app).await;
        let person = Person::new(app, &project, "6587654321");
        model.behave(Box::new(|asked| Scripted::object(&asked.right).after(Duration::from_secs(6))));
        model.expect(finds(&[("occasion", "golden wedding")]));
        for (text, calls) in [("we plan the golden wedding", 1), ("of my parents", 2)] {
            person.writes(text).await;
            app.advance(SignedDuration::from_secs(2));
            let turn = claim_turns(&app.core, 10).await.expect("turns").remove(0);
            let engine = app.engines.conversations.clone();
            let taking = tokio::spawn(async move { take_turn(&engine, turn).await });
            until("the model is asked", LONG, async || model.waiting() == calls).await;
            person.writes("wait").await;
            taking.await.expect("no panic").expect("it gives way");
            assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out'").await, 0, "a late answer is dropped");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM model_calls WHERE outcome = 'cancelled'").await, 2);
        app.settle().await;
        assert_eq!(model.take().len(), 2, "the third time the built-in agent answers at once");
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn while_the_model_thinks_the_person_sees_again_that_somebody_types(app: &TestApp, model: &ScriptedModel) {
        let project = shop(app).await;
        let person = Person::new(app, &project, "6587654321");
        model.behave(Box::new(|asked| Scripted::object(&asked.right).after(Duration::from_secs(6))));
        person.sends(&[person.text_message("wamid.think", "we plan the golden wedding")]).await;
        assert_eq!(project.whatsapp.marked().await["message_id"], "wamid.think");
        app.advance(SignedDuration::from_secs(2));
        let turn = claim_turns(&app.core, 10).await.expect("turns").remove(0);
        let engine = app.engines.conversations.clone();
        let taking = tokio::spawn(async move { take_turn(&engine, turn).await });
        until("the model is asked", LONG, async || model.waiting() == 1).await;
        for _ in 0..2 {
            app.advance(SignedDuration::from_secs(20));
            assert_eq!(project.whatsapp.marked().await["typing_indicator"]["type"], "text");
        }
        taking.abort();
    }

    async fn without_an_answer_the_built_in_agent_goes_on(app: &TestApp, model: &ScriptedModel) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        model.behave(Box::new(|_| Scripted::status(500, "no")));
        let reply = exchange(app, &person, "My name is Mei Ling Tan, mei@example.com").await;
        assert!(reply.contains("That is all we need"), "{reply}");
        assert_eq!(app.count("SELECT failures FROM model_days").await, 1);
        assert_eq!(app.text("SELECT outcome FROM model_calls").await.as_deref(), Some("status"));
        model.behave(Box::new(|asked| Scripted::object(&asked.right)));
        app.execute("UPDATE projects SET keeps_prompts = TRUE, discloses = FALSE").await;
        let other = Person::new(app, &project, "6587654322");
        let reply = exchange(app, &other, "hello there").await;
        assert!(!reply.contains("automated"), "{reply}");
        assert_eq!(app.count("SELECT COUNT(*) FROM model_calls WHERE prompt LIKE '%hello there%' AND answer IS NOT NULL").await, 1);
    }
}

both_engines! {
    async fn without_a_model_nothing_is_asked_and_nothing_is_stored_for_it(app: &TestApp) {
        let project = shop(app).await;
        let reply = exchange(app, &Person::new(app, &project, "6587654321"), "Is there parking?").await;
        assert!(!reply.contains("automated"), "{reply}");
        assert_eq!((app.count(CALLS).await, app.count(OPEN).await), (0, 0));
        assert_eq!(app.text(BY).await.as_deref(), Some("built_in"));
    }
}
