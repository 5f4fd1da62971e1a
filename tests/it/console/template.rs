//! Integrations → Webhook → Payload template: edited, previewed, saved, and seen in the log.

use aurix::domain::account::Role;
use aurix::projects::set_template::set_template;
use aurix::store::webhooks;

use crate::support::console::Browser;
use crate::support::{Project, Receiver, TestApp, operator};

/// What a stranger may write: markup, an attribute that htmx would run, and JSON.
const HOSTILE: &str = r#"<img src=x onerror=1><b hx-get="/account">","admin":true,"x":""#;

async fn admin<'a>(app: &'a TestApp, project: &Project) -> Browser<'a> {
    app.account("mei@example.com", Some((project.id, Role::Admin))).await;
    app.signed_in("mei@example.com").await
}

/// The address of the only webhook.
async fn webhook_path(app: &TestApp, project: &Project) -> String {
    let id = app.text("SELECT public_id FROM webhooks WHERE removed_at IS NULL").await.expect("a webhook");
    format!("/p/{}/integrations/webhook/{id}", project.public_id)
}

/// A project whose webhook takes everything, and its page.
async fn scene(app: &TestApp) -> (Project, Receiver, String) {
    let (project, receiver) = (app.project().await, Receiver::start().await);
    app.webhook(&project, &receiver).await;
    let path = webhook_path(app, &project).await;
    (project, receiver, path)
}

both_engines! {
    async fn a_template_is_previewed_saved_tested_and_removed(app: &TestApp) {
        let (project, receiver, path) = scene(app).await;
        let browser = admin(app, &project).await;
        let page = browser.get(&format!("{path}/template")).await.text();
        assert!(page.contains("Events go as they are until one is saved") && page.contains("Not saved"), "{page}");
        assert!(page.contains("Valid JSON") && page.contains("<i>&#34;Mock User&#34;</i>"), "{page}");
        assert!(page.contains("<h2 class=\"wide\" id=\"h-event\">Event</h2><p>Sample of New Lead</p>"));

        let template = "{\r\n  \"text\": \"New lead: {{ lead.name }}\",\r\n  \"event\": {{ event }}\r\n}\r\n";
        let fields = [("template", template), ("event", "sample:lead.complete")];
        let whole = browser.post(&format!("{path}/template/preview"), &fields).await.text();
        assert!(whole.contains("<i>&#34;New lead: Mock User&#34;</i>") && whole.contains("Sample of Lead complete"), "{whole}");
        assert!(whole.contains("<textarea") && whole.contains("selected>Sample of Lead complete"));
        let part = browser.post(&format!("{path}/template/preview?part=preview"), &fields).await.text();
        assert!(part.contains("<i>&#34;New lead: Mock User&#34;</i>") && !part.contains("<textarea"), "{part}");
        assert_eq!(app.count("SELECT COUNT(*) FROM payload_templates").await, 0, "nothing is stored");

        let saved = browser.post(&format!("{path}/template"), &fields).await;
        assert_eq!((saved.status(), saved.header("location")), (303, path.as_str()));
        let stored = app.text("SELECT template FROM webhooks").await.expect("a template");
        assert_eq!(stored, "{\n  \"text\": \"New lead: {{ lead.name }}\",\n  \"event\": {{ event }}\n}");
        assert!(browser.get(&path).await.text().contains("Payload template</a>, version 1"));
        let page = browser.get(&format!("{path}/template")).await.text();
        assert!(page.contains("Version 1 is in use") && !page.contains("Not saved") && page.contains("{{ lead.name }}"), "{page}");

        let tested = browser.post(&format!("{path}/test"), &[]).await.text();
        assert!(tested.contains("New lead: Mock User"), "the request as it was sent: {tested}");
        assert_eq!(receiver.take()[0].json()["text"], "New lead: Mock User");

        assert_eq!(browser.post(&format!("{path}/template/remove"), &[]).await.status(), 303);
        browser.post(&format!("{path}/test"), &[("event", "sample:widget.click")]).await;
        assert_eq!(receiver.take_events(), ["widget.click"]);
    }

    async fn mistakes_are_named_with_their_place_and_misspelt_fields_are_pointed_out(app: &TestApp) {
        let (project, _receiver, path) = scene(app).await;
        let browser = admin(app, &project).await;
        let preview = async |template: &str| {
            browser.post(&format!("{path}/template/preview?part=preview"), &[("template", template)]).await.text()
        };
        let shown = preview("[\n  {{ lead.name }\n]").await;
        assert!(shown.contains("Line 2, column 16 of the template: unexpected `}`") && shown.contains("<mark>}</mark>"), "{shown}");
        let shown = preview("{\n  \"a\": 1,\n}").await;
        assert!(shown.contains("Line 3, column 1 of the result is not valid JSON: trailing comma"), "{shown}");
        assert!(shown.contains("<mark>}</mark>") && !shown.contains("Valid JSON"));
        let shown = preview("[{{ lead.nmae }}, {{ lead.name }}, {{ data.parsed_params.gclid }}]").await;
        assert!(shown.contains("<code>lead.nmae</code> is in none of the events") && !shown.contains("<code>lead.name</code> is"));
        let shown = preview("[{{ lead|join(\"<b>\") }}, \"<script>\"").await;
        assert!(!shown.contains("<script>") && !shown.contains("<b>\""), "{shown}");

        let fields = [("template", r#"{"a": {% if event == "lead.complete" %}oops{% else %}1{% endif %}}"#)];
        let refused = browser.post(&format!("{path}/template"), &fields).await;
        assert_eq!(refused.status(), 422);
        let text = refused.text();
        assert!(text.contains("Lead complete: line 1, column 7 of the result is not valid JSON"), "{text}");
        assert!(text.contains("id=\"template-mistake\"") && text.contains("Sample of Lead complete</p>"));
        assert_eq!(app.text("SELECT template FROM webhooks WHERE template IS NOT NULL").await, None);
    }

    async fn a_real_event_is_previewed_and_what_strangers_wrote_stays_text(app: &TestApp) {
        let (project, receiver, path) = scene(app).await;
        let browser = admin(app, &project).await;
        let template = r#"{"from": "{{ data.parsed_params.utm_source }}", "whole": {{ data.parsed_params }}}"#;
        let fields = [("template", template), ("event", "newest:widget.click")];
        let none = browser.post(&format!("{path}/template/preview"), &fields).await.text();
        assert!(none.contains("There is no real event of this kind yet."), "{none}");
        let page = url::Url::parse_with_params("https://shop.example/", [("utm_source", HOSTILE)]).expect("a URL");
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("click_url", page.as_str()).finish();
        app.click(&project, &query).await;
        app.work().await;
        receiver.take();
        let shown = browser.post(&format!("{path}/template/preview"), &fields).await.text();
        assert!(shown.contains("Last real Widget click") && shown.contains("Valid JSON"), "{shown}");
        assert!(!shown.contains("<img") && !shown.contains("<b hx-get"), "{shown}");

        browser.post(&format!("{path}/template"), &fields).await;
        app.click(&project, &query).await;
        app.work().await;
        assert_eq!(receiver.take()[0].json()["from"], HOSTILE);
    }

    async fn the_log_shows_what_was_sent_and_of_which_event(app: &TestApp) {
        let (project, receiver, path) = scene(app).await;
        let browser = admin(app, &project).await;
        let save = async |template: &str| browser.post(&format!("{path}/template"), &[("template", template)]).await.status();
        assert_eq!(save(r#"{"first": "{{ event }}"}"#).await, 303);
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        assert_eq!(save(r#"{"second": "{{ event }}"}"#).await, 303);
        let log = format!("/p/{}/integrations/log", project.public_id);
        let id = app.text("SELECT CAST(id AS TEXT) FROM deliveries").await.expect("a delivery");
        let page = browser.get(&format!("{log}/{id}")).await.text();
        assert!(page.contains("&#34;first&#34;: <i>&#34;widget.click&#34;</i>") && page.contains("made by version 1 of the template"), "{page}");
        assert!(page.contains("What the template makes the body of") && page.contains("&#34;device_id&#34;: <i>&#34;d1&#34;</i>"));
        assert!(page.contains("--data-binary &#39;{&#34;first&#34;: &#34;widget.click&#34;}&#39;"), "curl has what was sent: {page}");
        app.advance(aurix::domain::time::SignedDuration::from_secs(10));
        app.work().await;
        let page = browser.get(&format!("{log}/{id}")).await.text();
        assert!(page.contains("&#34;second&#34;") && page.contains("made by version 2 of the template"), "{page}");
        assert!(browser.get(&format!("{log}/{id}?attempt=1")).await.text().contains("made by version 1"));

        app.execute("DELETE FROM payload_templates WHERE version = 1").await;
        let page = browser.get(&format!("{log}/{id}?attempt=1")).await.text();
        assert!(page.contains("that version of the template is not kept any more") && !page.contains("--data-binary"), "{page}");

        app.execute("UPDATE webhooks SET template = '[oops]', template_version = 3").await;
        app.execute("INSERT INTO payload_templates (webhook_id, version, project_id, template, created_at) SELECT id, 3, project_id, '[oops]', 0 FROM webhooks").await;
        receiver.take();
        app.click(&project, "device_id=d2").await;
        app.work().await;
        let id = app.text("SELECT CAST(MAX(id) AS TEXT) FROM deliveries").await.expect("a delivery");
        let page = browser.get(&format!("{log}/{id}")).await.text();
        assert!(page.contains("Nothing was sent.") && page.contains("the template failed: line 1, column 2 of the result"), "{page}");
        assert!(page.contains(&format!("{path}/template\">Edit template</a>")) && !page.contains("x-hub-signature</dt>"), "{page}");
        let list = browser.get(&format!("/p/{}/integrations/webhook", project.public_id)).await.text();
        assert!(list.contains("has a template that fails since") && list.contains(">Edit template<"), "{list}");
        let tested = browser.post(&format!("{path}/test"), &[]).await.text();
        assert!(tested.contains("The template makes no valid body of the event.") && tested.contains("Nothing was sent."), "{tested}");
        assert_eq!(receiver.take().len(), 0);
    }

    async fn a_receiver_that_many_have_is_set_up_from_its_starter(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let new = format!("/p/{}/integrations/webhook/new", project.public_id);
        let form = browser.get(&new).await.text();
        assert!(form.contains("<option value=\"\">Anything that takes JSON</option>") && form.contains("https://api.hubapi.com/crm/v3/objects/contacts"));
        let url = "https://api.hubapi.com/crm/v3/objects/contacts";
        let bare = [("url", url), ("event-lead.created", "on"), ("receiver", "hubspot"), ("policy", "retry")];
        let asked = browser.post(&new, &bare).await.text();
        assert!(asked.contains("HubSpot wants the header Authorization: Bearer TOKEN. Add it below."), "{asked}");
        assert!(asked.contains("<option value=\"hubspot\" selected>"));
        let header = [("header-1-name", "Authorization"), ("header-1-value", "Bearer x")];
        let saved = browser.post(&new, &[&bare[..], &header].concat()).await;
        assert_eq!(saved.status(), 200, "{}", saved.text());
        let text = saved.text();
        assert!(text.contains("HubSpot wants a body of its own.") && text.contains("/template?starter=hubspot"), "{text}");
        let path = webhook_path(app, &project).await;
        let page = browser.get(&format!("{path}/template?starter=hubspot")).await.text();
        assert!(page.contains("This is a starter for HubSpot.") && page.contains("&#34;properties&#34;"), "{page}");
        assert!(browser.get(&format!("{path}/template")).await.text().contains("This is a starter for HubSpot."), "its URL tells");
        for receiver in aurix::outbound::receivers::Receiver::ALL {
            if let Some(template) = receiver.guide().template {
                let saved = browser.post(&format!("{path}/template"), &[("template", template)]).await;
                assert_eq!(saved.status(), 303, "{receiver:?}: {}", saved.text());
            }
        }
        assert!(!browser.get(&path).await.text().contains("wants a body of its own"));
    }

    async fn another_event_that_the_template_makes_no_body_of_is_warned_about(app: &TestApp) {
        let (project, receiver, path) = scene(app).await;
        let browser = admin(app, &project).await;
        app.execute("UPDATE webhooks SET events = '[\"lead.created\"]'").await;
        let template = r#"{% if event == "lead.created" %}[1]{% endif %}"#;
        assert_eq!(browser.post(&format!("{path}/template"), &[("template", template)]).await.status(), 303);
        let fields = [("url", receiver.url.as_str()), ("event-lead.created", "on"), ("event-lead.complete", "on")];
        let asked = browser.post(&format!("{path}/edit"), &fields).await;
        assert_eq!(asked.status(), 422);
        assert!(asked.text().contains("The template makes no body of Lead complete: the result is empty"), "{}", asked.text());
    }

    async fn members_and_viewers_see_the_template_and_change_nothing(app: &TestApp) {
        let (project, _receiver, path) = scene(app).await;
        let found = app.core.db.read(async move |conn| Ok(webhooks::list(conn, project.id).await?)).await.expect("webhooks");
        set_template(&app.core, &operator(), &found[0], "[{{ event }}]").await.expect("it is set");
        for role in [Role::Member, Role::Viewer] {
            let email = format!("{}@example.com", role.as_str());
            app.account(&email, Some((project.id, role))).await;
            let browser = app.signed_in(&email).await;
            let page = browser.get(&format!("{path}/template")).await.text();
            assert!(page.contains("[{{ event }}]") && page.contains("Admins and owners edit templates."), "{page}");
            assert!(page.contains(" disabled") && !page.contains("hx-post=\"") && !page.contains("/template/remove"), "{page}");
            for change in ["template", "template/preview", "template/remove"] {
                let fields = [("template", "[1]"), ("event", "newest:lead.created")];
                assert_eq!(browser.post(&format!("{path}/{change}"), &fields).await.status(), 403, "{change}");
            }
        }
        assert_eq!(app.text("SELECT template FROM webhooks").await.as_deref(), Some("[{{ event }}]"));
    }

    async fn a_template_of_another_project_is_not_there(app: &TestApp) {
        let (_, _receiver, path) = scene(app).await;
        let other = app.project_named("Other", "222").await;
        app.account("ben@example.com", Some((other.id, Role::Owner))).await;
        let browser = app.signed_in("ben@example.com").await;
        let foreign = path.rsplit_once('/').expect("an id").1;
        for project in [path.clone(), format!("/p/{}/integrations/webhook/{foreign}", other.public_id)] {
            assert_eq!(browser.get(&format!("{project}/template")).await.status(), 404);
            for change in ["template", "template/preview", "template/remove"] {
                assert_eq!(browser.post(&format!("{project}/{change}"), &[("template", "[1]")]).await.status(), 404);
            }
        }
    }
}
