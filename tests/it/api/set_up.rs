//! How a project is set up.

use aurix::domain::account::Role;
use aurix::domain::token::TokenScope::Admin;
use aurix::net::Method;
use serde_json::{Value, json};

use super::{Program, problem};
use crate::support::TestApp;
use crate::support::whatsapp::VERIFY_TOKEN;

both_engines! {
    async fn a_project_is_changed_and_says_how_long_data_is_kept(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let change = json!({"name": "Juniper", "ip": "truncated", "nudge_after_s": null, "abandoned_after_s": 7200});
        let changed = program.does(Method::PATCH, "", &change).await;
        assert_eq!((&changed["name"], &changed["ip"], &changed["timezone"]), (&json!("Juniper"), &json!("truncated"), &json!("Asia/Singapore")));
        assert_eq!((&changed["nudge_after_s"], &changed["abandoned_after_s"]), (&Value::Null, &json!(7200)));
        assert_eq!(program.read("").await, changed);
        assert_eq!(problem(&program.send(Method::PATCH, "", &json!({"abandoned_after_s": 1})).await), (422, "abandoned_after_s".to_owned()));

        let kept = program.does(Method::PUT, "/retention", &json!({"events": "90d"})).await;
        assert_eq!((&kept["events"], &kept["clicks"], &kept["effective"]["events"]), (&json!("90d"), &Value::Null, &json!("90d")));
        assert_eq!(program.does(Method::PUT, "/retention", &json!({})).await["effective"]["events"], "forever");
        assert_eq!(problem(&program.send(Method::PUT, "/retention", &json!({"messages": "1d"})).await), (422, "messages".to_owned()));
    }

    async fn a_widget_opens_a_channel_of_the_project(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let channel = program.read("/channels").await["data"][0].clone();
        assert_eq!((&channel["channel_id"], &channel["label"]), (&json!("791163770738681"), &json!("+6512345678")));
        let new = json!({"channel_id": channel["channel_id"], "name": "Home", "origins": ["https://shop.example"]});
        let made = program.does(Method::POST, "/widgets", &new).await;
        let path = format!("/widgets/{}", made["widget_id"].as_str().expect("an id"));
        assert!(made["snippet"].as_str().is_some_and(|tag| tag.contains("/widget.js")));
        let changed = program.does(Method::PATCH, &path, &json!({"label": "Ask us"})).await;
        assert_eq!((&changed["label"], &changed["name"], &changed["origins"]), (&json!("Ask us"), &json!("Home"), &json!(["https://shop.example"])));
        assert_eq!(program.read("/widgets").await["data"].as_array().map(Vec::len), Some(2));
        let foreign = program.send(Method::POST, "/widgets", &json!({"channel_id": "999"})).await;
        assert_eq!(problem(&foreign), (422, "channel_id".to_owned()));
        let light = program.send(Method::PATCH, &path, &json!({"color": "#ffffff"})).await;
        assert_eq!(light.status(), 422, "{}", light.text());
    }

    async fn a_channel_is_added_checked_and_gets_other_credentials_at_the_same_place(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let stored = async || app.text("SELECT api_base || ' ' || link_base FROM channels WHERE kind = 'whatsapp' ORDER BY id LIMIT 1").await;
        let before = stored().await;
        let new = json!({"kind": "whatsapp", "phone_number_id": "791163770738681", "number": "+65 1234 5678", "access_token": "new", "app_secret": "new"});
        let again = program.does(Method::POST, "/channels", &new).await;
        assert_eq!((&again["label"], &again["verify_token"]), (&json!("+6512345678"), &json!(VERIFY_TOKEN)));
        assert_eq!(stored().await, before, "the platform is asked where it was asked before");
        project.whatsapp.take_calls();
        let found = program.does(Method::POST, "/channels/791163770738681/check", &json!({})).await;
        assert!(found["data"].as_array().is_some_and(|rows| !rows.is_empty()) && !project.whatsapp.take_calls().is_empty(), "{found}");
        let other = program.does(Method::POST, "/channels", &json!({"kind": "whatsapp", "phone_number_id": "5", "number": "+6512345670", "access_token": "a", "app_secret": "b"})).await;
        assert_eq!(other["verify_token"].as_str().map(str::len), Some(32));

        let web = program.does(Method::POST, "/channels", &json!({"kind": "web", "title": "Juniper"})).await;
        assert_eq!((&web["kind"], &web["webhook_url"]), (&json!("web"), &Value::Null));
        assert_eq!(program.read("/channels").await["data"].as_array().map(Vec::len), Some(3));
        let path = "/channels/791163770738681";
        assert_eq!(program.does(Method::PATCH, path, &json!({"rate_per_second": 20})).await["rate_per_second"], 20);
        assert_eq!(program.does(Method::PATCH, path, &json!({"leaves_groups": true})).await["rate_per_second"], 20);
        assert_eq!(program.does(Method::PATCH, path, &json!({"rate_per_second": null})).await["rate_per_second"], Value::Null);
        for (field, body) in [
            ("token", json!({"kind": "telegram", "token": "no token"})),
            ("phone_number_id", json!({"kind": "whatsapp", "phone_number_id": "5", "number": "12", "access_token": "a", "app_secret": "b"})),
            ("title", json!({"kind": "web", "title": "t".repeat(1000)})),
        ] {
            assert_eq!(problem(&program.send(Method::POST, "/channels", &body).await), (422, field.to_owned()), "{body}");
        }
        let web = format!("/channels/{}", web["channel_id"].as_str().expect("an id"));
        for (method, path) in [(Method::PATCH, web.clone()), (Method::POST, format!("{web}/connect"))] {
            assert_eq!(problem(&program.send(method, &path, &json!({})).await), (409, String::new()), "{path}");
        }
    }

    async fn a_person_is_invited_and_the_operator_makes_projects(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let invited = program.does(Method::POST, "/members", &json!({"email": "Mei@Example.com", "role": "member"})).await;
        assert_eq!((&invited["email"], &invited["role"]), (&json!("mei@example.com"), &json!("member")));
        let url = invited["url"].as_str().expect("a link");
        assert_eq!(app.get(url.strip_prefix(app.base_url.as_str()).expect("of ours"), &[]).await.status(), 200);
        let wrong = program.send(Method::POST, "/members", &json!({"email": "mei", "role": "member"})).await;
        assert_eq!(problem(&wrong), (422, "email".to_owned()));

        let new = json!({"name": "Juniper", "region": "DE", "timezone": "Europe/Berlin"});
        let of_project = Program { base: "/api/v1/projects".to_owned(), ..program };
        assert_eq!(of_project.send(Method::POST, "", &new).await.status(), 403);
        let operator = Program { base: "/api/v1/projects".to_owned(), ..Program::of_operator(app, &project).await };
        let made = operator.does(Method::POST, "", &new).await;
        assert_eq!((&made["name"], &made["region"], &made["timezone"]), (&json!("Juniper"), &json!("DE"), &json!("Europe/Berlin")));
        let mars = json!({"name": "Juniper", "region": "DE", "timezone": "Mars"});
        assert_eq!(problem(&operator.send(Method::POST, "", &mars).await), (422, "timezone".to_owned()));
        assert_eq!(operator.read("").await["data"].as_array().map(Vec::len), Some(2));
    }

    async fn the_form_is_set_as_a_whole(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let form = json!({"language": "en", "fields": [{"key": "budget", "type": "number", "required": true, "question": "How much?"}]});
        let set = program.does(Method::PUT, "/form", &form).await;
        let keys: Vec<_> = set["fields"].as_array().expect("fields").iter().map(|field| field["key"].clone()).collect();
        assert_eq!(keys, ["name", "email", "phone", "budget"]);
        assert_eq!(program.read("/form").await, set);
        assert_eq!(program.does(Method::PUT, "/form", &set).await, set);
        let wrong = json!({"fields": [{"key": "budget", "type": "number", "colour": "red"}]});
        assert_eq!(problem(&program.send(Method::PUT, "/form", &wrong).await).0, 422);
    }

    async fn keys_and_members_are_decided_on(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let made = program.does(Method::POST, "/keys", &json!({"service": "topkee"})).await;
        let authorization = format!("Bearer {}", made["key"].as_str().expect("a key"));
        let leads = async || app.get("/integrations/topkee/leads", &[("authorization", &authorization)]).await.status();
        assert_eq!(leads().await, 200);
        program.does(Method::DELETE, &format!("/keys/{}", made["key_id"].as_str().expect("an id")), &json!({})).await;
        assert_eq!(leads().await, 401);
        assert!(program.read("/keys").await["data"][0]["revoked_at"].is_string());

        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        app.account("tan@example.com", Some((project.id, Role::Viewer))).await;
        let members = program.read("/members").await;
        let path = |at: usize| format!("/members/{}", members["data"][at]["user_id"].as_str().expect("an id"));
        assert_eq!(program.does(Method::PATCH, &path(1), &json!({"role": "admin"})).await["role"], "admin");
        assert_eq!(problem(&program.send(Method::DELETE, &path(0), &json!({})).await), (409, String::new()), "the only owner");
        program.does(Method::DELETE, &path(1), &json!({})).await;
        assert_eq!(program.read("/members").await["data"].as_array().map(Vec::len), Some(1));
    }
}
