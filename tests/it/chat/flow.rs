//! From the press to the lead.

use aurix::domain::account::Role;
use aurix::domain::form::Form;
use aurix::domain::time::SignedDuration;
use aurix::projects::set_form::set_form;
use serde_json::{Value, json};

use crate::support::web::{SITE, Visitor, WebChat};
use crate::support::{Receiver, TestApp, operator};

const LEADS: &str = "SELECT COUNT(*) FROM leads";

async fn listen(app: &TestApp, chat: &WebChat) -> Receiver {
    let receiver = Receiver::start().await;
    let webhook = aurix::projects::add_webhook::NewWebhook { url: receiver.url.clone(), ..Default::default() };
    aurix::projects::add_webhook::add_webhook(&app.core, &operator(), chat.project, webhook).await.expect("a webhook");
    receiver
}

both_engines! {
    async fn a_press_opens_a_chat_and_no_lead(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open_with(app, &chat, json!({"language": "de-CH"})).await;
        assert_eq!(mei.opened["agent"], json!({"name": "Juniper Table", "discloses_ai": true}));
        assert_eq!((&mei.opened["messages"], &mei.opened["last"]), (&json!([]), &json!(0)));
        assert_eq!((&mei.opened["language"], &mei.opened["words"]["send"]), (&json!("de"), &json!("Senden")));
        assert!(mei.opened["words"]["automated"].as_str().expect("words").contains("automatischer Assistent"));
        assert_eq!(mei.token.len(), 64);
        assert_eq!((app.count(LEADS).await, app.count("SELECT COUNT(*) FROM conversations").await), (0, 0));
        assert_eq!(app.text("SELECT token_hash FROM chats").await.map(|hash| hash == mei.token), Some(false));
    }

    async fn what_a_visitor_writes_becomes_a_lead_of_their_click(app: &TestApp) {
        let chat = app.web_chat().await;
        let receiver = listen(app, &chat).await;
        let reference = app.web_click(&chat).await;
        let mei = Visitor::open_with(app, &chat, json!({"correlation_id": reference, "language": "en"})).await;
        assert_eq!(mei.says("Hello, a table for four").await, 1);
        app.settle().await;
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("correlated"));
        let answers = mei.since(1).await;
        assert!(!answers.is_empty() && answers[0].0 == 2, "{answers:?}");
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out' AND seq = 2").await.as_deref(), Some("sent"));

        mei.says("Mei Tan, mei@example.com, +65 9123 4567").await;
        app.settle().await;
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("complete"));
        let events: Vec<Value> = receiver.take().iter().map(|taken| serde_json::from_slice(&taken.body).expect("JSON")).collect();
        let created = events.iter().find(|event| event["event"] == "lead.created").expect("a lead");
        assert_eq!(created["lead"]["channel"], "web");
        let correlated = events.iter().find(|event| event["event_type"] == "lead.correlated").expect("linked");
        assert_eq!((&correlated["data"]["correlation_id"], &correlated["data"]["channel_id"]), (&json!(reference), &json!(chat.channel)));
        assert_eq!(correlated["data"]["phone_number"], Value::Null);
    }

    async fn a_browser_that_clicked_lately_is_known_without_the_reference(app: &TestApp) {
        let chat = app.web_chat().await;
        let device = "7f0c5f5e-0000-4000-8000-000000000001";
        let headers = [("content-type", "application/json"), ("origin", SITE), ("user-agent", "Mozilla/5.0 Chrome/143.0")];
        let body = json!({"device_id": device}).to_string();
        app.send(aurix::net::Method::POST, &format!("/c/{}", chat.widget), &headers, body).await;
        Visitor::open_with(app, &chat, json!({"device": device})).await.says("hello").await;
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("correlated"));
        app.advance(SignedDuration::from_hours(12));
        Visitor::open_with(app, &chat, json!({"device": device})).await.says("hello").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE status = 'active'").await, 1, "that click was another visit's");
    }

    async fn a_reference_of_somebody_else_is_not_taken(app: &TestApp) {
        let chat = app.web_chat().await;
        let reference = app.web_click(&chat).await;
        Visitor::open_with(app, &chat, json!({"correlation_id": reference})).await.says("hello").await;
        Visitor::open_with(app, &chat, json!({"correlation_id": reference})).await.says("hello").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM refused_correlation_ids").await, 1);
    }

    async fn a_later_click_is_a_further_touch_of_the_same_chat(app: &TestApp) {
        let chat = app.web_chat().await;
        let first = app.web_click(&chat).await;
        let mei = Visitor::open_with(app, &chat, json!({"correlation_id": first})).await;
        mei.says("hello").await;
        let second = app.web_click(&chat).await;
        let again = mei.post("", json!({"correlation_id": second})).await.json();
        assert_eq!((&again["token"], &again["conversation"]), (&Value::Null, &mei.opened["conversation"]));
        assert_eq!(again["messages"][0]["text"], "hello");
        mei.says("me again").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations").await, 1);
    }

    async fn the_agent_asks_in_the_language_of_the_form(app: &TestApp) {
        let chat = app.web_chat().await;
        let form = json!({"language": "de", "fields": [{"key": "name", "type": "name"}]});
        set_form(&app.core, &operator(), chat.project, &Form::parse(&form.to_string()).expect("a form")).await.expect("set");
        let mei = Visitor::open_with(app, &chat, json!({"language": "sw"})).await;
        assert_eq!(mei.opened["language"], "de", "nobody speaks the page's language here");
    }

    async fn a_person_who_answers_silences_the_agent(app: &TestApp) {
        let chat = app.web_chat().await;
        app.account("owner@example.com", Some((chat.project, Role::Owner))).await;
        let browser = app.signed_in("owner@example.com").await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.settle().await;
        let lead = app.count("SELECT id FROM leads").await;
        let seen = app.count("SELECT MAX(id) FROM messages").await;
        mei.says("is anybody there?").await;
        let path = format!("/p/{}/leads/{lead}/reply", chat.public_id);
        let fields = [("text", "This is Ana."), ("seen", &seen.to_string())];
        let response = browser.post(&path, &fields).await;
        assert_eq!(response.status(), 303, "{}", response.text());
        app.settle().await;
        let said = mei.get("/messages?after=0").await.json();
        let last = said["messages"].as_array().expect("a list").last().cloned().expect("messages");
        assert_eq!((&last["from"], &last["text"], &last["generated_by"]), (&json!("person"), &json!("This is Ana."), &json!("person")));
        assert_eq!(said["handling"], "with");
        mei.says("thanks Ana").await;
        app.settle().await;
        assert_eq!(mei.since(last["seq"].as_i64().expect("a number")).await.len(), 1, "the agent says nothing");
    }
}
