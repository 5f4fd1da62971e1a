//! The audit log: every change has one row, with its actor and without a secret, in the transaction of the change.

use aurix::db::Tx;
use aurix::deliveries::resend::{resend_delivery, resend_failed};
use aurix::deliveries::test_webhook::test_webhook;
use aurix::domain::actor::{Actor, KeyHolder};
use aurix::domain::delivery::Policy;
use aurix::domain::form::Form;
use aurix::domain::ids::{AuditId, DeliveryId, KeyId, ProjectId, WebhookId};
use aurix::domain::rate_limit::Limits;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::Timestamp;
use aurix::domain::widget::Look;
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::configure_webhook::configure_webhook;
use aurix::projects::create_key::create_key;
use aurix::projects::create_project::{NewProject, create_project};
use aurix::projects::create_widget::{NewWidget, create_widget};
use aurix::projects::limit_webhook::limit_webhook;
use aurix::projects::remove_webhook::remove_webhook;
use aurix::projects::revoke_key::revoke_key;
use aurix::projects::rotate_secret::rotate_secret;
use aurix::projects::set_form::set_form;
use aurix::projects::set_retention::set_retention;
use aurix::projects::set_webhook_active::set_webhook_active;
use aurix::store::audit::{self, Entry};
use aurix::store::webhooks;
use serde_json::{Value, json};

use crate::support::{Project, Receiver, TestApp, operator};

/// A form that `form set` accepts.
const FORM: &str = r#"{"fields":[{"key":"outlet","type":"text","required":true,"question":"Which outlet?"}]}"#;

/// The project's changes, oldest first.
async fn changes(app: &TestApp, project: ProjectId) -> Vec<Entry> {
    let newest = app.core.db.read(async move |conn| Ok(audit::page(conn, project, AuditId(i64::MAX), 100).await?));
    let mut entries = newest.await.expect("the log");
    entries.reverse();
    entries
}

/// What a change made by `work` left in the log: exactly one row.
async fn change_of(app: &TestApp, project: ProjectId, work: impl Future) -> Entry {
    let before = changes(app, project).await.len();
    work.await;
    let mut after = changes(app, project).await;
    assert_eq!(after.len(), before + 1, "{after:?}");
    after.pop().expect("one more")
}

#[track_caller]
fn assert_change(entry: &Entry, action: &str, object: (&str, &str), detail: &Value) {
    assert_eq!((entry.actor_kind.as_str(), entry.actor_name.as_deref()), ("command", Some("mei")), "{entry:?}");
    assert_eq!(
        (entry.action.as_str(), entry.object_kind.as_str(), entry.object_id.as_str()),
        (action, object.0, object.1)
    );
    assert_eq!(serde_json::from_str::<Value>(&entry.detail).expect("JSON"), *detail, "{action}");
}

fn channel(id: &str) -> WhatsAppChannel {
    WhatsAppChannel {
        phone_number_id: id.to_owned(),
        number: "+6512345679".to_owned(),
        access_token: "secret-access-token".to_owned(),
        app_secret: "secret-app-secret".to_owned(),
        verify_token: "secret-verify-token".to_owned(),
        api_base: None,
        link_base: None,
    }
}

fn webhook_to(url: String) -> NewWebhook {
    let headers = vec![("Authorization".to_owned(), "Bearer secret-header".to_owned())];
    NewWebhook { url, headers, policy: Policy::None, ..NewWebhook::default() }
}

/// Every change of a project but those of webhooks. Returns the secrets that were made on the way.
async fn change_project(app: &TestApp, project: &Project) -> Vec<String> {
    let (core, actor, id) = (&app.core, &operator(), project.id);
    let entry =
        change_of(app, id, async { add_whatsapp_channel(core, actor, id, channel("333")).await.expect("a channel") });
    assert_change(&entry.await, "channel.add", ("channel", "333"), &json!({"kind": "whatsapp"}));

    let new = NewWidget { channel_id: "333".to_owned(), origins: Vec::new(), greeting: None, look: Look::default() };
    let entry = change_of(app, id, async { create_widget(core, actor, id, new).await.expect("a widget") }).await;
    let widget = app.text("SELECT public_id FROM widgets ORDER BY id DESC LIMIT 1").await.expect("a widget");
    assert_change(&entry, "widget.create", ("widget", &widget), &json!({"channel_id": "333"}));

    let key = create_key(core, actor, id, "topkee".to_owned()).await.expect("a key");
    let entry = changes(app, id).await.pop().expect("a change");
    assert_change(&entry, "key.create", ("key", &key.row.public_id), &json!({"service_name": "topkee"}));
    let revoke = async { assert!(revoke_key(core, actor, id, &key.row.public_id).await.expect("revoked").is_some()) };
    assert_change(&change_of(app, id, revoke).await, "key.revoke", ("key", &key.row.public_id), &json!({}));

    let form = Form::parse(FORM).expect("a form");
    let entry = change_of(app, id, async { set_form(core, actor, id, &form).await.expect("set") }).await;
    let fields: Vec<_> = form.fields.iter().map(|field| &field.key).collect();
    assert_change(&entry, "form.set", ("project", &project.public_id), &json!({"fields": fields}));

    let periods = vec![(Kind::Clicks, Some(Period::Days(400))), (Kind::Events, None)];
    let entry = change_of(app, id, async { set_retention(core, actor, id, periods).await.expect("set") }).await;
    let detail = json!({"clicks": "400d", "events": "default"});
    assert_change(&entry, "retention.set", ("project", &project.public_id), &detail);
    vec![key.key]
}

/// Every change of a webhook. Returns its secrets.
async fn change_webhook(app: &TestApp, project: &Project, receiver: &Receiver) -> Vec<String> {
    let (core, actor, id) = (&app.core, &operator(), project.id);
    let url = format!("{}?token=secret-query", receiver.url);
    let added = add_webhook(core, actor, id, webhook_to(url)).await.expect("a webhook");
    let events = ["widget.click", "lead.correlated", "lead.created", "lead.complete"];
    let origin = receiver.url.trim_end_matches("/webhook");
    let detail = json!({"origin": origin, "events": events, "headers": ["Authorization"], "policy": "none"});
    let object = ("webhook", added.public_id.as_str());
    assert_change(&changes(app, id).await.pop().expect("a change"), "webhook.add", object, &detail);

    let webhook = WebhookId(app.count("SELECT MAX(id) FROM webhooks").await);
    let limits = Limits { rate_per_second: Some(9), concurrency: None };
    let entry =
        change_of(app, id, async { limit_webhook(core, actor, id, webhook, limits).await.expect("limits") }).await;
    assert_change(&entry, "webhook.limit", object, &json!({"rate": 9, "concurrency": null}));
    for (is_active, action) in [(false, "webhook.disable"), (true, "webhook.enable")] {
        let switch = async { set_webhook_active(core, actor, id, webhook, is_active).await.expect("switched") };
        assert_change(&change_of(app, id, switch).await, action, object, &json!({}));
    }
    let rotated = rotate_secret(core, actor, id, webhook).await.expect("rotated").expect("there");
    assert_change(&changes(app, id).await.pop().expect("a change"), "webhook.rotate", object, &json!({}));
    let entry = change_of(app, id, async { test_webhook(core, actor, &rotated).await.expect("tested") }).await;
    assert_change(&entry, "webhook.test", object, &json!({}));
    receiver.take();

    receiver.respond_next(500);
    app.click(project, "device_id=d1").await;
    app.work().await;
    let delivery = DeliveryId(app.count("SELECT MAX(id) FROM deliveries WHERE status = 'failed'").await);
    let start = Timestamp::UNIX_EPOCH;
    let resend =
        async { assert_eq!(resend_failed(core, actor, Some((id, webhook)), start, |_| {}).await.expect("resent"), 1) };
    let detail = json!({"deliveries": 1, "since": "1970-01-01T00:00:00.000000Z"});
    assert_change(&change_of(app, id, resend).await, "delivery.resend", object, &detail);
    let resend = async { assert!(resend_delivery(core, actor, id, delivery).await.expect("resent")) };
    let entry = change_of(app, id, resend).await;
    assert_change(&entry, "delivery.resend", ("delivery", &delivery.to_string()), &json!({}));

    let entry = change_of(app, id, async { assert!(remove_webhook(core, actor, id, webhook).await.expect("removed")) });
    assert_change(&entry.await, "webhook.remove", object, &json!({}));
    vec![added.secret, core.seal.open(rotated.secret_place(), &rotated.sealed_secret).expect("its secret")]
}

/// All columns of all rows, as one text.
async fn whole_log(app: &TestApp) -> String {
    let read = app.core.db.read(async |conn| {
        let columns = "SELECT actor_kind || ' ' || COALESCE(actor_name, '') || ' ' || action || ' ' || object_kind || ' ' \
                       || object_id || ' ' || detail FROM audit ORDER BY id";
        Ok(conn.query(columns, &[], |row| row.get::<String>(0)).await?)
    });
    read.await.expect("the log").join("\n")
}

/// A table that the log cannot be written into.
async fn break_log(app: &TestApp) {
    let rename = async |tx: &Tx| Ok(tx.execute("ALTER TABLE audit RENAME TO audit_away", &[]).await?);
    app.core.db.write(rename).await.expect("renamed");
}

both_engines! {
    async fn every_change_by_command_is_recorded_once_and_without_secrets(app: &TestApp) {
        let project = app.project().await;
        let created = &changes(app, project.id).await[0];
        assert_change(created, "project.create", ("project", &project.public_id), &json!({}));
        let receiver = Receiver::start().await;
        let secrets = [change_project(app, &project).await, change_webhook(app, &project, &receiver).await].concat();
        let log = whole_log(app).await;
        let known = ["secret-", "aurix_"].map(str::to_owned);
        for secret in secrets.iter().chain(&known) {
            assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
        }
    }

    async fn what_a_partner_changes_is_recorded_with_its_key(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let bearer = format!("Bearer {}", app.key(&project, "topkee").await);
        let key = app.text("SELECT public_id FROM api_keys").await;
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let path = "/integrations/topkee/webhook-config";
        let body = json!({"url": receiver.url}).to_string();
        assert_eq!(app.send(aurix::net::Method::PUT, path, &headers, body).await.status(), 200);
        for (method, path, status) in [
            (aurix::net::Method::POST, format!("{path}/rotate-secret"), 200),
            (aurix::net::Method::POST, format!("{path}/test"), 200),
            (aurix::net::Method::DELETE, path.to_owned(), 204),
        ] {
            assert_eq!(app.send(method, &path, &headers, "").await.status(), status, "{path}");
        }
        let by_key = changes(app, project.id).await.split_off(4);
        let actions: Vec<_> = by_key.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["webhook.configure", "webhook.rotate", "webhook.test", "webhook.remove"]);
        for entry in &by_key {
            assert_eq!((entry.actor_kind.as_str(), entry.actor_name.as_deref(), &entry.actor_id), ("key", Some("topkee"), &key));
            assert_eq!(entry.object_kind, "webhook");
        }
    }

    async fn what_changes_nothing_is_not_recorded(app: &TestApp) {
        let project = app.project().await;
        let (core, actor, id) = (&app.core, &operator(), project.id);
        let before = app.count("SELECT COUNT(*) FROM audit").await;
        let (none, limits) = (WebhookId(99), Limits::default());
        assert!(revoke_key(core, actor, id, "no-such-key").await.expect("no key").is_none());
        assert!(!limit_webhook(core, actor, id, none, limits).await.expect("no webhook"));
        assert!(!set_webhook_active(core, actor, id, none, true).await.expect("no webhook"));
        assert!(rotate_secret(core, actor, id, none).await.expect("no webhook").is_none());
        assert!(!remove_webhook(core, actor, id, none).await.expect("no webhook"));
        assert!(!resend_delivery(core, actor, id, DeliveryId(99)).await.expect("no delivery"));
        create_project(core, actor, NewProject::default()).await.expect_err("a project without a name");
        let widget = NewWidget { channel_id: "none".to_owned(), origins: Vec::new(), greeting: None, look: Look::default() };
        create_widget(core, actor, id, widget).await.map(|_| ()).expect_err("no such channel");
        set_form(core, actor, ProjectId(99), &Form::parse(FORM).expect("a form")).await.expect_err("no such project");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit").await, before);
    }

    async fn a_change_that_cannot_be_recorded_is_not_made(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let (core, actor, id) = (&app.core, &operator(), project.id);
        let key = create_key(core, actor, id, "external".to_owned()).await.expect("a key").row;
        let webhook = WebhookId(app.count("SELECT id FROM webhooks").await);
        let delivery = DeliveryId(app.count("SELECT id FROM deliveries").await);
        receiver.take();
        break_log(app).await;

        let limits = Limits { rate_per_second: Some(1), concurrency: None };
        create_project(core, actor, NewProject { name: "B".to_owned(), ..NewProject::default() }).await.expect_err("project");
        create_key(core, actor, id, "external".to_owned()).await.map(|_| ()).expect_err("key");
        revoke_key(core, actor, id, &key.public_id).await.expect_err("revoked");
        add_whatsapp_channel(core, actor, id, channel("333")).await.map(|_| ()).expect_err("channel");
        let widget = NewWidget { channel_id: project.phone_number_id.clone(), origins: Vec::new(), greeting: None, look: Look::default() };
        create_widget(core, actor, id, widget).await.map(|_| ()).expect_err("widget");
        add_webhook(core, actor, id, webhook_to(receiver.url.clone())).await.expect_err("webhook");
        let partner = KeyHolder { key_id: key.id, project: id, service_name: key.service_name.clone() };
        configure_webhook(core, &partner, receiver.url.clone()).await.expect_err("configured");
        limit_webhook(core, actor, id, webhook, limits).await.expect_err("limited");
        set_webhook_active(core, actor, id, webhook, false).await.expect_err("disabled");
        rotate_secret(core, actor, id, webhook).await.expect_err("rotated");
        remove_webhook(core, actor, id, webhook).await.expect_err("removed");
        set_form(core, actor, id, &Form::parse(FORM).expect("a form")).await.expect_err("form");
        set_retention(core, actor, id, vec![(Kind::Clicks, Some(Period::Days(1)))]).await.expect_err("retention");
        resend_delivery(core, actor, id, delivery).await.expect_err("resent");
        resend_failed(core, actor, None, Timestamp::UNIX_EPOCH, |_| {}).await.expect_err("resent");
        let row = app.core.db.read(async move |conn| Ok(webhooks::get(conn, id, webhook).await?)).await.expect("there");
        test_webhook(core, actor, &row).await.expect_err("tested");

        assert!(receiver.take().is_empty(), "no sample was sent");
        assert_eq!((row.is_active, row.limits, row.sealed_previous_secret), (true, Limits::default(), None));
        for (rows, expected) in [
            ("SELECT COUNT(*) FROM projects WHERE form IS NULL", 1),
            ("SELECT COUNT(*) FROM projects", 1),
            ("SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NULL", 1),
            ("SELECT COUNT(*) FROM api_keys", 1),
            ("SELECT COUNT(*) FROM channels", 1),
            ("SELECT COUNT(*) FROM widgets", 1),
            ("SELECT COUNT(*) FROM webhooks", 1),
            ("SELECT COUNT(*) FROM retention", 0),
            ("SELECT COUNT(*) FROM deliveries WHERE status = 'failed'", 1),
        ] {
            assert_eq!(app.count(rows).await, expected, "{rows}");
        }
    }

    async fn a_project_sees_its_own_changes_page_by_page(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        let (ours, theirs) = (ours.id, theirs.id);
        let read = app.core.db.read(async move |conn| {
            let first = audit::page(conn, ours, AuditId(i64::MAX), 2).await?;
            let rest = audit::page(conn, ours, first[1].id, 2).await?;
            let of_all = audit::page_of_all(conn, AuditId(i64::MAX), 4).await?;
            let rest_of_all = audit::page_of_all(conn, of_all[3].id, 4).await?;
            Ok([first, rest, of_all, rest_of_all])
        });
        let pages = read.await.expect("the log").map(|page| page.into_iter().map(|entry| entry.action).collect::<Vec<_>>());
        assert_eq!(pages[0], ["widget.create", "channel.add"]);
        assert_eq!(pages[1], ["project.create"]);
        assert_eq!(pages[2], ["widget.create", "channel.add", "project.create", "widget.create"]);
        assert_eq!(pages[3], ["channel.add", "project.create"]);
        assert_eq!(changes(app, theirs).await.len(), 3);
        assert!(changes(app, ours).await.iter().all(|entry| entry.object_id != "222"));
    }

    async fn a_key_changes_nothing_in_another_project(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        let key = create_key(&app.core, &operator(), theirs.id, "external".to_owned()).await.expect("a key").row;
        let stranger = Actor::Key(KeyHolder { key_id: KeyId(1), project: ours.id, service_name: "external".to_owned() });
        let before = app.count("SELECT COUNT(*) FROM audit").await;
        revoke_key(&app.core, &stranger, theirs.id, &key.public_id).await.expect_err("another project's key");
        assert_eq!(app.count("SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NOT NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit").await, before);
    }
}
