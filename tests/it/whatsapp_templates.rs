//! Writing to somebody whose window closed, with a template that Meta has approved.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::support::console::Browser;
use crate::support::{Person, Project, TestApp};

/// What the platform says of the token, then of the templates.
fn announce(project: &Project) {
    let scope = json!({"scope": "whatsapp_business_management", "target_ids": ["102290129340398"]});
    project.whatsapp.answer_next(200, json!({"data": {"granular_scopes": [scope]}}));
    let body = json!({"type": "BODY", "text": "Hello {{1}}, your {{2}} is ready."});
    let picture = json!([{"type": "HEADER", "format": "IMAGE"}, body]);
    project.whatsapp.answer_next(200, json!({"data": [
        {"name": "pick_up", "language": "en_US", "status": "APPROVED", "category": "UTILITY", "components": [body]},
        {"name": "brochure", "language": "en_US", "status": "APPROVED", "category": "MARKETING", "components": picture},
    ]}));
}

/// A person who wrote two days ago, and somebody who may answer.
async fn scene<'a>(app: &'a TestApp, project: &Project) -> (Browser<'a>, String) {
    Person::new(app, project, "6587654321").writes("hello").await;
    app.settle().await;
    project.whatsapp.take();
    app.advance(SignedDuration::from_hours(48));
    app.account("mei@example.com", Some((project.id, Role::Member))).await;
    let path = format!("/p/{}/leads/{}", project.public_id, app.count("SELECT id FROM leads").await);
    (app.signed_in("mei@example.com").await, path)
}

const CHOSEN: [(&str, &str); 2] = [("name", "pick_up"), ("language", "en_US")];

async fn seen(app: &TestApp) -> String {
    app.count("SELECT MAX(id) FROM messages").await.to_string()
}

both_engines! {
    async fn once_the_window_closed_an_approved_template_reaches_the_person(app: &TestApp) {
        let project = app.project().await;
        let (browser, path) = scene(app, &project).await;
        let page = browser.get(&path).await.text();
        assert!(page.contains(&format!("href=\"{path}/template\">Send a template</a>")), "{page}");
        announce(&project);
        let listed = browser.get(&format!("{path}/template")).await.text();
        assert!(listed.contains("<b>pick_up</b>") && !listed.contains("brochure"), "{listed}");
        announce(&project);
        let shown = browser.get(&format!("{path}/template?name=pick_up&language=en_US")).await.text();
        assert!(shown.contains("name=\"value_name\" value=\"2\""), "{shown}");
        let seen = seen(app).await;
        let fields = |values: [&'static str; 2]| {
            let mut fields: Vec<(&str, &str)> = CHOSEN.to_vec();
            fields.extend([("value_name", "1"), ("value", values[0]), ("value_name", "2"), ("value", values[1])]);
            fields
        };
        // The page that is shown again does not ask a second time.
        announce(&project);
        let refused = browser.post(&format!("{path}/template"), &[fields(["Mei", " "]), vec![("seen", &seen)]].concat()).await;
        let text = refused.text();
        assert!(refused.status() == 422 && text.contains("Fill in 2") && text.contains("value=\"Mei\""), "{text}");
        project.whatsapp.take();
        announce(&project);
        let sent = browser.post(&format!("{path}/template"), &[fields(["Mei", "bike"]), vec![("seen", &seen)]].concat()).await;
        assert_eq!(sent.status(), 303, "{}", sent.text());
        app.work().await;
        let sent: Vec<Value> = project.whatsapp.take().into_iter().filter(|call| call["type"] == "template").collect();
        let parameters = json!([{"type": "text", "text": "Mei"}, {"type": "text", "text": "bike"}]);
        let expected = json!({"name": "pick_up", "language": {"code": "en_US"},
                              "components": [{"type": "body", "parameters": parameters}]});
        assert_eq!((sent.len(), &sent[0]["template"], &sent[0]["to"]), (1, &expected, &json!("6587654321")), "{sent:?}");
        let page = browser.get(&path).await.text();
        assert!(page.contains("Hello Mei, your bike is ready."), "{page}");
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"), "it is the person's now");
        let detail = app.text("SELECT detail FROM audit WHERE action = 'conversation.reply'").await;
        assert!(detail.as_deref().is_some_and(|detail| detail.contains("pick_up")), "{detail:?}");
    }

    async fn a_template_that_is_not_approved_any_more_is_refused(app: &TestApp) {
        let project = app.project().await;
        let (browser, path) = scene(app, &project).await;
        let seen = seen(app).await;
        announce(&project);
        let gone = [("name", "gone"), ("language", "en_US"), ("seen", seen.as_str())];
        let refused = browser.post(&format!("{path}/template"), &gone).await;
        assert!(refused.status() == 422 && refused.text().contains("no approved template gone any more"), "{}", refused.text());
        project.whatsapp.fail_next(401, 190);
        let shown = browser.get(&format!("{path}/template")).await.text();
        assert!(shown.contains("The access token has expired"), "{shown}");
    }

    async fn who_wants_no_marketing_gets_no_template_of_that_kind(app: &TestApp) {
        let project = app.project().await;
        let (browser, path) = scene(app, &project).await;
        app.execute("UPDATE conversations SET no_marketing_since = 1").await;
        let scope = json!({"scope": "whatsapp_business_management", "target_ids": ["102290129340398"]});
        project.whatsapp.answer_next(200, json!({"data": {"granular_scopes": [scope]}}));
        let body = json!({"type": "BODY", "text": "Come again."});
        project.whatsapp.answer_next(200, json!({"data": [
            {"name": "again", "language": "en_US", "status": "APPROVED", "category": "MARKETING", "components": [body]},
        ]}));
        let seen = seen(app).await;
        let fields = [("name", "again"), ("language", "en_US"), ("seen", seen.as_str())];
        let refused = browser.post(&format!("{path}/template"), &fields).await;
        assert!(refused.status() == 422 && refused.text().contains("wants no marketing messages"), "{}", refused.text());
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE template IS NOT NULL").await, 0);
    }

    async fn who_wrote_stop_gets_no_template(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("stop").await;
        let (browser, path) = scene(app, &project).await;
        app.execute("UPDATE conversations SET handling = 'stopped'").await;
        assert!(!browser.get(&path).await.text().contains("Send a template"));
        let seen = seen(app).await;
        announce(&project);
        let fields = [("value_name", "1"), ("value", "Mei"), ("value_name", "2"), ("value", "bike"), ("seen", &seen)];
        let refused = browser.post(&format!("{path}/template"), &[&CHOSEN[..], &fields[..]].concat()).await;
        assert!(refused.status() == 422 && refused.text().contains("wrote “stop”"), "{}", refused.text());
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE template IS NOT NULL").await, 0);
    }
}
