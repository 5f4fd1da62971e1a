//! Payload templates: what receivers get, what the log keeps, and that a template that fails loses nothing.

use aurix::deliveries::attempt::{Performance, attempt};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::deliveries::test_webhook::test_webhook;
use aurix::domain::ids::{ProjectId, WebhookId};
use aurix::domain::signature::hub_signature;
use aurix::domain::time::SignedDuration;
use aurix::projects::set_template::{TemplateRefused, remove_template, set_template};
use aurix::store::payload_templates::{self, VERSIONS_KEPT};
use aurix::store::webhooks::{self, Webhook};
use serde_json::json;

use crate::support::{Project, Receiver, TestApp, operator};

/// Of every event something.
const TEMPLATE: &str = r#"{"kind": "{{ event }}", "who": {{ lead.name }}, "from": "{{ data.parsed_params.utm_source }}", "id": {{ event_id }}}"#;
/// Makes a body of the samples, and of no click on another page.
const FAILS: &str = r#"{% if event == "widget.click" and data.click_url and "landing" not in data.click_url %}{"page": }{% else %}["{{ event }}"]{% endif %}"#;

async fn only_webhook(app: &TestApp, project: ProjectId) -> Webhook {
    let all = app.core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await.expect("webhooks");
    all.into_iter().next().expect("a webhook")
}

async fn set(app: &TestApp, project: &Project, template: &str) -> Result<Option<u32>, TemplateRefused> {
    set_template(&app.core, &operator(), &only_webhook(app, project.id).await, template).await
}

both_engines! {
    async fn a_template_makes_the_body_and_the_signature_is_of_what_is_sent(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        let secret = app.webhook(&project, &receiver).await;
        assert_eq!(set(app, &project, TEMPLATE).await.expect("it is set"), Some(1));
        let hostile = r#"","admin":true,"x":""#;
        let page = url::Url::parse_with_params("https://shop.example/", [("utm_source", hostile)]).expect("a URL");
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("click_url", page.as_str()).finish();
        app.click(&project, &query).await;
        app.work().await;
        let got = receiver.take().remove(0);
        let expected = json!({"kind": "widget.click", "who": null, "from": hostile, "id": got.header("webhook-id")});
        assert_eq!(got.json(), expected);
        assert_eq!(got.header("x-hub-signature"), hub_signature(&secret, &got.body));
        assert_eq!((got.header("content-type"), app.count("SELECT COUNT(*) FROM attempts").await), ("application/json", 1));

        assert!(remove_template(&app.core, &operator(), project.id, WebhookId(1)).await.expect("it is removed"));
        assert!(!remove_template(&app.core, &operator(), project.id, WebhookId(1)).await.expect("there is none"));
        app.click(&project, "device_id=d2").await;
        app.work().await;
        assert_eq!(receiver.take_events(), ["widget.click"], "as it is");
    }

    async fn attempts_send_the_same_bytes_until_somebody_edits_the_template(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        set(app, &project, TEMPLATE).await.expect("it is set");
        (0..3).for_each(|_| receiver.respond_next(500));
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(SignedDuration::from_secs(10));
        app.work().await;
        set(app, &project, r#"["{{ event }}"]"#).await.expect("it is set");
        app.advance(SignedDuration::from_mins(2));
        app.work().await;
        app.advance(SignedDuration::from_mins(10));
        app.work().await;
        let got = receiver.take();
        assert_eq!(got.len(), 4);
        assert_eq!(got[0].body, got[1].body);
        assert_eq!([&got[2].body[..], &got[3].body[..]], [b"[\"widget.click\"]"; 2]);
        assert!(got.iter().all(|one| one.header("webhook-id") == got[0].header("webhook-id")));
        let versions = "SELECT COUNT(*) FROM attempts WHERE sent LIKE '%.% 1%' AND number <= 2";
        assert_eq!(app.count(versions).await, 2, "the log names the version of each attempt");
    }

    async fn a_template_that_fails_sends_nothing_and_loses_nothing(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        set(app, &project, FAILS).await.expect("of samples it makes a body");
        app.click(&project, "click_url=https://shop.example/other").await;
        app.work().await;
        assert_eq!(receiver.take().len(), 0);
        let error = "the template failed: line 1, column 10 of the result is not valid JSON: expected value";
        assert_eq!(app.text("SELECT error FROM attempts").await.as_deref(), Some(error));
        assert_eq!(app.count("SELECT result FROM deliveries").await, -8);
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'pending' AND due_at IS NOT NULL").await, 1);
        assert_eq!(app.count("SELECT CAST(SUM(failed) AS BIGINT) FROM delivery_counts").await, 1);
        let kept = app.text("SELECT sent FROM attempts").await.expect("an attempt");
        assert!(kept.ends_with(" 1"), "its version, and no signature: {kept:?}");

        set(app, &project, TEMPLATE).await.expect("it is set");
        app.advance(SignedDuration::from_secs(10));
        app.work().await;
        assert_eq!(receiver.take()[0].json()["kind"], "widget.click");
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'").await, 1);
    }

    async fn a_template_that_fails_says_nothing_of_its_endpoint(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        set(app, &project, TEMPLATE).await.expect("it is set");
        // As a later version may find one that it does not read.
        app.execute("UPDATE webhooks SET template = '{{ oops'").await;
        app.click(&project, "device_id=d1").await;
        let wanted = vec![Wanted { webhook: WebhookId(1), most: 1 }];
        let leased = claim_due(&app.core, wanted).await.expect("claims").leased.remove(0);
        let attempted = attempt(&app.core, leased).await;
        assert_eq!(attempted.performance(), Performance::Good, "as many at once as before");
        let error = attempted.attempt.outcome.error().expect("it failed");
        assert!(error.starts_with("the template failed: line 1, column 4 of the template: "), "{error}");
        assert_eq!(receiver.take().len(), 0);
    }

    async fn a_template_is_refused_that_makes_no_body_of_an_event_of_its_webhook(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        for (template, why) in [
            ("", "the template is empty"),
            ("[{{ lead.name ]", "line 1, column 15 of the template: unexpected `]`, expected end of variable block"),
            ("[{{ lead.name|oops }}]", "line 1, column 15 of the template: there is no filter `oops`"),
            (
                r#"{"a": {% if event == "lead.complete" %}oops{% else %}1{% endif %}}"#,
                "the template makes no body of lead.complete: line 1, column 7 of the result is not valid JSON",
            ),
            (
                "[{% if event == \"lead.created\" %}{{ lead.name|split(\" \")|first|items }}{% endif %}]",
                "the template makes no body of lead.created: line 1, column 64 of the template: `items` wants an object",
            ),
            (
                r#"[{{ 1 if event == "widget.click" or lead.phone else lead|join(1) }}]"#,
                "the template makes no body of lead.correlated with nothing known: line 1, column 58 of the template: `join`",
            ),
        ] {
            let refused = set(app, &project, template).await.expect_err(template).to_string();
            assert!(refused.starts_with(why), "{template}: {refused}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM payload_templates").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'template.set'").await, 0);
    }

    async fn a_change_of_a_template_is_on_record_and_saving_the_same_again_is_none(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        for _ in 0..2 {
            assert_eq!(set(app, &project, TEMPLATE).await.expect("it is set"), Some(1));
        }
        remove_template(&app.core, &operator(), project.id, WebhookId(1)).await.expect("it is removed");
        assert_eq!(set(app, &project, "[{{ lead.name }}]").await.expect("it is set"), Some(2));
        let detail = app.text("SELECT detail FROM audit WHERE action = 'template.set' ORDER BY id LIMIT 1").await;
        assert_eq!(detail.as_deref(), Some(json!({"version": 1, "bytes": TEMPLATE.len()}).to_string().as_str()));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action LIKE 'template.%'").await, 3);
    }

    async fn templates_of_another_project_are_not_there(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        app.webhook(&other, &receiver).await;
        set(app, &other, TEMPLATE).await.expect("it is set");
        let webhook = only_webhook(app, other.id).await;
        let strange = Webhook { project: project.id, ..webhook.clone() };
        assert_eq!(set_template(&app.core, &operator(), &strange, "[1]").await.expect("nothing"), None);
        assert!(!remove_template(&app.core, &operator(), project.id, webhook.id).await.expect("nothing"));
        let (foreign, id, now) = (project.id, webhook.id, app.core.clock.now());
        let stored = app.core.db.write(async move |tx| Ok(payload_templates::set(tx, foreign, id, "[1]", now).await?));
        assert_eq!(stored.await.expect("nothing"), None);
        let (foreign, own, id) = (project.id, other.id, webhook.public_id);
        let found = app.core.db.read(async move |conn| {
            let foreign = payload_templates::find(conn, foreign, &id, 1).await?;
            Ok((foreign, payload_templates::find(conn, own, &id, 1).await?))
        });
        let (foreign, own) = found.await.expect("it reads");
        assert_eq!((foreign, own.map(|template| template.text).as_deref()), (None, Some(TEMPLATE)));
    }

    async fn old_versions_go(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        for number in 0..VERSIONS_KEPT + 3 {
            set(app, &project, &format!("[{number}]")).await.expect("it is set");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM payload_templates").await, i64::from(VERSIONS_KEPT));
        assert_eq!(app.count("SELECT MIN(version) FROM payload_templates").await, 4);
    }

    async fn tests_of_a_webhook_go_through_its_template(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        set(app, &project, TEMPLATE).await.expect("it is set");
        let tested = test_webhook(&app.core, &operator(), &only_webhook(app, project.id).await).await.expect("tested");
        assert!(tested.iter().all(|one| one.delivered));
        let kinds: Vec<_> = receiver.take().iter().map(|one| one.json()["kind"].clone()).collect();
        assert_eq!(kinds.len(), 4);
        app.execute("UPDATE webhooks SET template = '[oops]'").await;
        let tested = test_webhook(&app.core, &operator(), &only_webhook(app, project.id).await).await.expect("tested");
        assert!(tested.iter().all(|one| one.error.as_deref().is_some_and(|error| error.starts_with("the template failed"))));
        assert_eq!(receiver.take().len(), 0);
    }
}
