//! Leads and their conversations.

use aurix::domain::token::TokenScope::Write;
use aurix::net::Method;
use serde_json::{Value, json};

use super::{Program, problem};
use crate::support::{Person, TestApp};

both_engines! {
    async fn a_lead_is_found_and_people_say_what_they_know_of_it(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        Person::new(app, &project, "6587654321").writes("Hello, I am Mei Tan").await;
        Person::new(app, &project, "6587654322").writes("Hello").await;
        app.settle().await;
        let all = program.read("/leads?limit=1").await;
        let next = all["next_cursor"].as_str().expect("there are more");
        assert_eq!(program.read(&format!("/leads?limit=1&cursor={next}")).await["next_cursor"], Value::Null);
        let found = program.read("/leads?q=Mei").await;
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
        let path = format!("/leads/{}", found["data"][0]["lead_id"]);
        assert_eq!(program.read(&path).await, found["data"][0]);

        let wrong = program.send(Method::PUT, &format!("{path}/fields/email"), &json!({"value": "nonsense"})).await;
        assert_eq!(problem(&wrong), (422, "value".to_owned()));
        let changed = program.does(Method::PUT, &format!("{path}/fields/email"), &json!({"value": "mei@example.com"})).await;
        assert_eq!(changed["fields"]["email"], "mei@example.com");
        let rating = json!({"stage": "won", "value": "1250", "currency": "SGD", "quality": "good"});
        let rated = program.does(Method::PATCH, &format!("{path}/rating"), &rating).await;
        assert_eq!((&rated["stage"], &rated["value"], &rated["quality"]), (&json!("won"), &json!("1250.00"), &json!("good")));
        let opened = program.does(Method::PATCH, &format!("{path}/rating"), &json!({"stage": null})).await;
        assert_eq!((&opened["stage"], &opened["value"], &opened["quality"]), (&Value::Null, &json!("1250.00"), &json!("good")));
        let bare = program.send(Method::PATCH, &format!("{path}/rating"), &json!({"currency": "EUR"})).await;
        assert_eq!(problem(&bare), (422, "currency".to_owned()));
        program.does(Method::POST, &format!("{path}/notes"), &json!({"text": "Called."})).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_activity WHERE kind = 'note'").await, 1);

        let file = program.get("/exports/leads.csv?quality=good").await;
        assert!(file.header("content-type").starts_with("text/csv"), "{}", file.header("content-type"));
        assert_eq!(file.text().lines().count(), 2, "{}", file.text());
        assert!(file.text().contains("mei@example.com"));
    }

    async fn a_program_answers_and_gives_the_conversation_back(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        Person::new(app, &project, "6587654321").writes("Hello").await;
        app.settle().await;
        let listed = program.read("/conversations").await;
        let path = format!("/conversations/{}", listed["data"][0]["conversation_id"]);
        assert_eq!(program.read(&path).await, listed["data"][0]);
        assert_eq!(program.does(Method::POST, &format!("{path}/take-over"), &json!({})).await["handling"], "with");
        let heard = program.read(&format!("{path}/messages")).await["data"][0]["id"].clone();
        let reply = json!({"text": "Yes, on Saturday.", "seen": heard});
        assert_eq!(program.send(Method::POST, &format!("{path}/reply"), &reply).await.status(), 202);
        app.work().await;
        let newest = program.read(&format!("{path}/messages?limit=1")).await;
        let message = &newest["data"][0];
        assert_eq!((&message["writer"], &message["text"], &message["status"]), (&json!("colleague"), &json!("Yes, on Saturday."), &json!("sent")));
        let before = newest["next_cursor"].as_str().expect("there are more");
        assert_eq!(program.read(&format!("{path}/messages?limit=1&cursor={before}")).await["data"][0]["id"], heard);
        // It was answered since.
        assert_eq!(problem(&program.send(Method::POST, &format!("{path}/reply"), &reply).await), (409, String::new()));
        assert_eq!(problem(&program.send(Method::POST, &format!("{path}/reply"), &json!({"text": " "})).await), (422, "text".to_owned()));
        assert_eq!(program.does(Method::POST, &format!("{path}/give-back"), &json!({})).await["handling"], "agent");
    }

    async fn nobody_of_another_project_is_read_or_written_to(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let (ours, theirs) = (Program::new(app, &project, Write).await, Program::new(app, &other, Write).await);
        Person::new(app, &project, "6587654321").writes("Hello, I am Mei Tan").await;
        app.settle().await;
        let lead = ours.read("/leads").await["data"][0].clone();
        let (lead, conversation) = (format!("/leads/{}", lead["lead_id"]), format!("/conversations/{}", lead["conversation_id"]));
        for path in [lead, conversation.clone(), format!("{conversation}/messages")] {
            assert_eq!((ours.get(&path).await.status(), theirs.get(&path).await.status()), (200, 404), "{path}");
        }
        let reply = theirs.send(Method::POST, &format!("{conversation}/reply"), &json!({"text": "Hello"})).await;
        assert_eq!(reply.status(), 404);
        for list in ["/leads", "/leads?q=Mei", "/conversations"] {
            assert_eq!(theirs.read(list).await["data"], json!([]), "{list}");
        }
        assert_eq!(theirs.get("/exports/leads.csv").await.text().lines().count(), 1);
    }
}
