//! Every call on what is there: each `POST` is done once for its key, and each setting is not changed over what somebody else changed.
//! The calls are those of the document: one that is missing here fails the test.

use std::collections::BTreeMap;

use aurix::domain::account::Role;
use aurix::domain::token::TokenScope::Admin;
use aurix::net::Method;
use serde_json::{Value, json};

use super::{Program, problem};
use crate::support::{Person, Project, Receiver, TestApp};

/// What the calls of a project with everything are made with.
struct World {
    /// What stands in paths, by the name of the parameter.
    names: BTreeMap<&'static str, String>,
    /// A body for each call that has one.
    bodies: BTreeMap<(&'static str, &'static str), Value>,
}

impl World {
    async fn new(app: &TestApp, project: &Project, program: &Program<'_>, receiver: &Receiver) -> Self {
        let webhook = program.does(Method::POST, "/webhooks", &json!({"url": receiver.url, "policy": "none"})).await;
        receiver.respond_next(500);
        app.click(project, "").await;
        app.work().await;
        Person::new(app, project, "6587654321").writes("Hello, I am Mei Tan").await;
        app.settle().await;
        let lead = program.read("/leads").await["data"][0].clone();
        let delivery = program.read("/deliveries?status=failed").await["data"][0].clone();
        let widget = program.read("/widgets").await["data"][0]["widget_id"].clone();
        let channel = program.read("/channels").await["data"][0]["channel_id"].clone();
        let link = program.does(Method::POST, "/links", &json!({"widget_id": widget, "source": "poster"})).await;
        let key = program.does(Method::POST, "/keys", &json!({})).await;
        let user = app.account("mei@example.com", Some((project.id, Role::Viewer))).await.public_id;
        let token = program.does(Method::POST, "/tokens", &json!({"name": "another"})).await;
        app.execute(
            "INSERT INTO unanswered_questions (project_id, conversation_id, question, asked_at)
             SELECT project_id, id, 'May dogs come?', 1767348000000000 FROM conversations",
        )
        .await;
        app.execute(
            "INSERT INTO attention (project_id, kind, subject_id, subject, title, message, since, opened_at)
             SELECT id, 'people.waiting', 0, '', 'Somebody waits', 'Answer them.', 1767348000000000, 1767348000000000 FROM projects",
        )
        .await;
        app.execute("UPDATE messages SET status = 'failed', due_at = NULL WHERE reply_id IS NOT NULL").await;
        let reply = app.text("SELECT reply_id FROM messages WHERE reply_id IS NOT NULL LIMIT 1").await;
        let job = program.does(Method::POST, "/resends", &json!({})).await["data"][0]["id"].clone();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let names = BTreeMap::from([
            ("webhook", text(&webhook["id"])),
            ("lead", text(&lead["lead_id"])),
            ("conversation", text(&lead["conversation_id"])),
            ("delivery", text(&delivery["id"])),
            ("event", text(&delivery["event_id"])),
            ("widget", text(&widget)),
            ("channel", text(&channel)),
            ("link", text(&link["link_id"])),
            ("key_id", text(&key["key_id"])),
            ("user", user),
            ("resend", text(&job)),
            ("field", "email".to_owned()),
            ("token_id", text(&token["token_id"])),
            ("question", "1".to_owned()),
            ("reply", reply.expect("the agent answered")),
        ]);
        let bodies = BTreeMap::from([
            (("post", "/webhooks"), json!({"url": receiver.url})),
            (("post", "/webhooks/{webhook}/resume"), json!({"waiting": "skip"})),
            (("post", "/widgets"), json!({"channel_id": channel})),
            (("post", "/links"), json!({"widget_id": widget, "source": "poster"})),
            (("post", "/keys"), json!({})),
            (("post", "/tokens"), json!({"name": "one more"})),
            (("put", "/knowledge"), json!({"text": "Parking is free."})),
            (("put", "/webhooks/{webhook}/template"), json!({"template": "[1]"})),
            (("post", "/webhooks/{webhook}/template/preview"), json!({"template": "[1]"})),
            // Or the one reply that failed would not be there for the other call.
            (("post", "/replies/resend"), json!({"since": "2030-01-01T00:00:00Z"})),
            (("post", "/channels"), json!({"kind": "web", "title": "Juniper"})),
            (("post", "/members"), json!({"email": "lee@example.com", "role": "viewer"})),
            (("post", "/resends"), json!({})),
            (("post", "/leads/{lead}/notes"), json!({"text": "Called."})),
            (("post", "/conversations/{conversation}/reply"), json!({"text": "Yes."})),
        ]);
        Self { names, bodies }
    }

    fn path(&self, path: &str) -> String {
        self.names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
    }

    fn body(&self, method: &str, path: &str) -> Value {
        self.bodies.get(&(method, path)).cloned().unwrap_or_else(|| json!({}))
    }
}

/// The calls of the document below a project: method, path, and the call.
async fn calls(app: &TestApp) -> Vec<(String, String, Value)> {
    let document = app.get("/openapi.json", &[]).await.json();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let Some(path) = path.strip_prefix("/api/v1/projects/{project}") else { continue };
        for (method, call) in item.as_object().expect("a path") {
            calls.push((method.clone(), path.to_owned(), call.clone()));
        }
    }
    calls
}

#[tokio::test]
async fn every_call_that_does_something_does_it_once_for_its_key() {
    let app = TestApp::on_sqlite().await;
    let project = app.project().await;
    let (program, receiver) = (Program::new(&app, &project, Admin).await, Receiver::start().await);
    let world = World::new(&app, &project, &program, &receiver).await;
    let mut done = 0;
    for (_, path, _) in calls(&app).await.into_iter().filter(|(method, ..)| method == "post") {
        let (real, body, key) = (world.path(&path), world.body("post", &path), [("idempotency-key", path.as_str())]);
        let first = program.send_with(Method::POST, &real, &key, &body).await;
        assert!((200..300).contains(&first.status()), "{path}: {} {}", first.status(), first.text());
        let audited = app.count("SELECT COUNT(*) FROM audit").await;
        let again = program.send_with(Method::POST, &real, &key, &body).await;
        assert_eq!((again.status(), again.header("idempotency-replayed")), (first.status(), "true"), "{path}");
        assert_eq!(again.text(), first.text(), "{path}");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit").await, audited, "{path} is done again");
        let other = program.send_with(Method::POST, &real, &key, &json!({"another": "body"})).await;
        assert_eq!(problem(&other), (422, "Idempotency-Key".to_owned()), "{path}");
        done += 1;
    }
    assert!(done > 15, "{done} calls");
    app.end().await;
}

#[tokio::test]
async fn every_setting_has_a_tag_and_is_changed_by_those_alone_who_saw_it() {
    let app = TestApp::on_sqlite().await;
    let project = app.project().await;
    let (program, receiver) = (Program::new(&app, &project, Admin).await, Receiver::start().await);
    let world = World::new(&app, &project, &program, &receiver).await;
    let mut done = Vec::new();
    for (name, path, call) in calls(&app).await {
        if call["responses"].get("412").is_none() {
            continue;
        }
        let (method, real): (Method, _) = (name.to_uppercase().parse().expect("a method"), world.path(&path));
        let seen = program.get(&real).await;
        let (tag, body) = (seen.header("etag").to_owned(), world.body(&name, &path));
        assert!(tag.starts_with('"'), "{path} has no tag");
        let stale = program.send_with(method.clone(), &real, &[("if-match", "\"5f2b\"")], &body).await;
        assert_eq!((problem(&stale).0, stale.header("etag")), (412, tag.as_str()), "{name} {path}");
        assert_eq!(stale.json()["current"], seen.json(), "{name} {path}");
        let bare = program.send_with(method.clone(), &real, &[("if-match", "5f2b")], &body).await;
        assert_eq!(problem(&bare), (422, "If-Match".to_owned()), "{name} {path}");
        let current = program.send_with(method, &real, &[("if-match", &tag)], &body).await;
        assert_eq!(current.status(), 200, "{name} {path}: {}", current.text());
        assert!(!current.header("etag").is_empty(), "{name} {path}");
        done.push(format!("{name} {path}"));
    }
    let settings = [
        "patch ",
        "patch /agent",
        "patch /channels/{channel}",
        "patch /links/{link}",
        "patch /webhooks/{webhook}",
        "patch /widgets/{widget}",
        "put /form",
        "put /knowledge",
        "put /retention",
        "put /webhooks/{webhook}/template",
    ];
    done.sort_unstable();
    assert_eq!(done, settings);
    app.end().await;
}

#[tokio::test]
async fn every_read_finds_what_is_there() {
    let app = TestApp::on_sqlite().await;
    let project = app.project().await;
    let (program, receiver) = (Program::new(&app, &project, Admin).await, Receiver::start().await);
    let world = World::new(&app, &project, &program, &receiver).await;
    for (_, path, call) in calls(&app).await.into_iter().filter(|(method, ..)| method == "get") {
        let response = program.get(&world.path(&path)).await;
        assert_eq!(response.status(), 200, "{path}: {}", response.text());
        if call["responses"]["200"]["content"].get("application/json").is_some() {
            let body = response.json();
            assert!(body["data"].as_array().is_none_or(|rows| !rows.is_empty()), "{path} lists nothing");
        }
    }
    app.end().await;
}
