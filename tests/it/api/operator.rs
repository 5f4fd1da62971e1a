//! What belongs to no project, what is found by its id alone, and what was a matter of commands before.

use aurix::domain::account::Role;
use aurix::domain::token::TokenOwner;
use aurix::domain::token::TokenScope::{Admin, Read, Write};
use aurix::net::Method;
use serde_json::{Value, json};

use super::{Program, problem};
use crate::support::{Receiver, TestApp};

/// The same program below `/api/v1`.
fn of_all<'a>(program: Program<'a>) -> Program<'a> {
    Program { base: "/api/v1".to_owned(), ..program }
}

fn id(value: &Value) -> String {
    value.as_str().expect("an id").to_owned()
}

both_engines! {
    async fn the_instance_is_the_operators(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let operator = of_all(Program::of_operator(app, &project).await);
        let read_only = of_all(Program::of(app, TokenOwner::Operator, &project, Write).await);
        let of_project = of_all(Program::new(app, &project, Admin).await);
        let owner = app.account("owner@example.com", Some((project.id, Role::Owner))).await;
        let of_person = of_all(Program::of(app, TokenOwner::Person(owner.id), &project, Admin).await);
        for path in ["/tokens", "/audit", "/attention"] {
            assert!(operator.read(path).await["data"].is_array());
            for program in [&read_only, &of_project, &of_person] {
                assert_eq!(problem(&program.get(path).await).0, 403, "{path}");
            }
            assert_eq!(app.get(&format!("/api/v1{path}"), &[]).await.status(), 401, "{path}");
        }
        let made = operator.does(Method::POST, "/tokens", &json!({"name": "CRM", "days": 1})).await;
        assert_eq!(problem(&of_project.send(Method::POST, "/tokens", &json!({"name": "CRM"})).await).0, 403);
        assert_eq!(problem(&operator.send(Method::POST, "/tokens", &json!({"name": " "})).await), (422, "name".to_owned()));
        assert_eq!(problem(&operator.send(Method::POST, "/tokens", &json!({"name": "x", "days": 0})).await), (422, "days".to_owned()));
        let path = format!("/tokens/{}", id(&made["token_id"]));
        assert_eq!(problem(&of_project.send(Method::DELETE, &path, &json!({})).await).0, 403);
        operator.does(Method::DELETE, &path, &json!({})).await;
        assert_eq!(problem(&operator.send(Method::DELETE, &path, &json!({})).await).0, 404);
        let changes = operator.read("/audit?limit=200").await;
        let projects: Vec<_> = changes["data"].as_array().expect("rows").iter().map(|row| id(&row["project_id"])).collect();
        assert!(projects.contains(&project.public_id) && projects.contains(&other.public_id));
        let first = operator.read("/audit?limit=1").await;
        let rest = operator.read(&format!("/audit?limit=1&cursor={}", id(&first["next_cursor"]))).await;
        assert_eq!([&first["data"][0], &rest["data"][0]], [&changes["data"][0], &changes["data"][1]]);
    }

    async fn a_thing_is_found_in_the_projects_of_the_token_alone(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let program = Program::new(app, &project, Admin).await;
        let webhook = program.does(Method::POST, "/webhooks", &json!({"url": "https://crm.example/hook"})).await;
        let key = program.does(Method::POST, "/keys", &json!({})).await;
        let token = program.does(Method::POST, "/tokens", &json!({"name": "CRM"})).await;
        let own = of_all(program);
        let stranger = of_all(Program::new(app, &other, Admin).await);
        let operator = of_all(Program::of(app, TokenOwner::Operator, &project, Read).await);
        for (kind, id) in [("webhook", id(&webhook["id"])), ("key", id(&key["key_id"])), ("token", id(&token["token_id"]))] {
            let path = format!("/owner?{kind}={id}");
            for program in [&own, &operator] {
                assert_eq!(program.read(&path).await, json!({"project_id": project.public_id}), "{path}");
            }
            assert_eq!(problem(&stranger.get(&path).await).0, 404, "{path}");
        }
        for (path, status) in [("/owner", 422), ("/owner?webhook=a&key=b", 422), ("/owner?delivery=x", 404), ("/owner?delivery=17", 404)] {
            assert_eq!(problem(&own.get(path).await).0, status, "{path}");
        }
    }

    async fn a_template_is_tried_set_and_removed(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        let program = Program::new(app, &project, Write).await;
        let webhook = program.does(Method::POST, "/webhooks", &json!({"url": receiver.url, "events": ["lead.created"]})).await;
        let path = format!("/webhooks/{}/template", id(&webhook["id"]));
        assert_eq!(program.read(&path).await, json!({"version": null, "template": null}));
        let template = r#"{"text": "New: {{ lead.name }} {{ lead.nmae }}"}"#;
        let made = program.does(Method::POST, &format!("{path}/preview"), &json!({"template": template})).await;
        assert_eq!((&made["body"], &made["unknown"]), (&json!({"text": "New: Mock User "}), &json!(["lead.nmae"])));
        let refused = async |body: Value| problem(&program.send(Method::POST, &format!("{path}/preview"), &body).await);
        assert_eq!(refused(json!({})).await, (422, "template".to_owned()));
        assert_eq!(refused(json!({"template": "["})).await, (422, "template".to_owned()));
        assert_eq!(refused(json!({"template": "[1]", "event": "lead.created"})).await, (422, "event".to_owned()));
        assert_eq!(refused(json!({"template": "[1]", "event": "newest:lead.created"})).await, (422, "event".to_owned()));
        assert_eq!(program.does(Method::PUT, &path, &json!({"template": template})).await["version"], 1);
        assert_eq!(problem(&program.send(Method::PUT, &path, &json!({"template": "["})).await), (422, "template".to_owned()));
        assert_eq!(program.read(&format!("/webhooks/{}", id(&webhook["id"]))).await["template_version"], 1);
        program.does(Method::DELETE, &path, &json!({})).await;
        assert_eq!(problem(&program.send(Method::DELETE, &path, &json!({})).await).0, 404);
        let one = program.does(Method::POST, &format!("/webhooks/{}/test?event=lead.complete", id(&webhook["id"])), &json!({})).await;
        assert_eq!((one["data"].as_array().map(Vec::len), &one["data"][0]["event_type"]), (Some(1), &json!("lead.complete")));
    }

    async fn the_agent_is_told_what_it_may_and_what_it_knows(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let changed = program.does(Method::PATCH, "/agent", &json!({"tokens_a_day": 1000, "discloses": false})).await;
        assert_eq!((&changed["tokens_a_day"], &changed["tokens_a_month"], &changed["discloses"]), (&json!(1000), &Value::Null, &json!(false)));
        assert_eq!(program.does(Method::PATCH, "/agent", &json!({"tokens_a_day": null})).await["tokens_a_day"], Value::Null);
        assert_eq!(problem(&program.send(Method::PATCH, "/agent", &json!({"tokens_a_day": 0})).await), (422, "tokens_a_day".to_owned()));
        let set = program.does(Method::PUT, "/knowledge", &json!({"text": "Parking is free.\n\n\nDogs may come.\n"})).await;
        assert_eq!(set, json!({"text": "Parking is free.\n\nDogs may come."}));
        let long = json!({"text": "x".repeat(2_001)});
        assert_eq!(problem(&program.send(Method::PUT, "/knowledge", &long).await), (422, "text".to_owned()));
        assert_eq!(problem(&program.send(Method::POST, "/questions/7/settle", &json!({})).await).0, 404);
        assert_eq!(problem(&program.send(Method::POST, "/questions/7/settle", &json!({"answer": " "})).await), (422, "answer".to_owned()));
    }

    async fn deliveries_and_resends_begin_at_a_time(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        let program = Program::new(app, &project, Admin).await;
        program.does(Method::POST, "/webhooks", &json!({"url": receiver.url, "policy": "none"})).await;
        receiver.respond_next(500);
        app.click(&project, "").await;
        app.work().await;
        let rows = async |since: &str| program.read(&format!("/deliveries?since={since}")).await["data"].as_array().map(Vec::len);
        assert_eq!((rows("2026-01-02T10:00:00Z").await, rows("2026-01-02T10:00:01Z").await), (Some(1), Some(0)));
        assert_eq!(problem(&program.get("/deliveries?since=soon").await), (422, "since".to_owned()));
        let later = program.does(Method::POST, "/resends", &json!({"since": "2026-01-02T10:00:01Z"})).await;
        assert_eq!(later["data"], json!([]));
        let all = program.does(Method::POST, "/resends", &json!({"since": "2026-01-02T10:00:00Z"})).await;
        assert_eq!(all["data"][0]["matched"], 1);
    }
}
