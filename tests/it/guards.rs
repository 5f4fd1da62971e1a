//! Guards that nothing else notices when they are gone: tenancy, precedence, clocks, bytes that PostgreSQL refuses.

use std::time::Duration;

use aurix::clicks::find_widget::preload;
use aurix::db::{Conn, Tx, pipelined};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::deliveries::resend::resend_delivery;
use aurix::domain::delivery::Policy;
use aurix::domain::ids::{ChannelId, DeliveryId, ProjectId, WebhookId};
use aurix::domain::rate_limit::Limits;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::domain::widget::Look;
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::create_key::create_key;
use aurix::projects::limit_webhook::limit_webhook;
use aurix::projects::revoke_key::revoke_key;
use aurix::store::window::Position;
use aurix::store::{conversations, delivery_log, webhooks, widgets};
use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::{Project, Receiver, TestApp, message_of, operator, platform_calls, until};

/// A text message as the platform posts it to `posted_to`, addressed to the number `phone_number_id`.
async fn message_for(app: &TestApp, posted_to: &Project, phone_number_id: &str) {
    let message = json!({"from": "6587654321", "id": "wamid.addressed", "timestamp": "1767348000", "type": "text",
                         "text": {"body": "hello"}});
    let value = json!({
        "metadata": {"phone_number_id": phone_number_id},
        "contacts": [{"wa_id": "6587654321"}],
        "messages": [message],
    });
    assert_eq!(platform_calls(app, posted_to, &value).await.status(), 200);
}

/// A second WhatsApp number of the project.
async fn second_number(app: &TestApp, project: &Project, phone_number_id: &str) {
    let channel = WhatsAppChannel {
        phone_number_id: phone_number_id.to_owned(),
        number: "+6512345679".to_owned(),
        access_token: "token".to_owned(),
        app_secret: "another secret".to_owned(),
        verify_token: "another token".to_owned(),
        api_base: Some(project.whatsapp.api_base.clone()),
        link_base: None,
    };
    add_whatsapp_channel(&app.core, &operator(), project.id, channel).await.expect("a channel");
}

/// A receiver whose response bodies hold a NUL; gives its URL.
async fn receiver_with_nul() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    let router = Router::new().fallback(async || "before\0after");
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

both_engines! {
    async fn a_message_for_another_projects_number_never_reaches_that_project(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        message_for(app, &ours, &theirs.phone_number_id).await;
        app.settle().await;
        for table in [
            "SELECT COUNT(*) FROM messages",
            "SELECT COUNT(*) FROM conversations",
            "SELECT COUNT(*) FROM leads",
        ] {
            assert_eq!(app.count(table).await, 0, "{table}");
        }
        assert!(theirs.whatsapp.take().is_empty() && ours.whatsapp.take().is_empty());
        assert_eq!(app.count("SELECT COUNT(*) FROM notices WHERE project_id = 1 AND kind = 'another number'").await, 1);
    }

    async fn a_message_for_nobodys_number_is_kept_as_a_notice(app: &TestApp) {
        let project = app.project().await;
        // Meta's dashboard sends one with its Test button.
        message_for(app, &project, "123456123").await;
        message_for(app, &project, "123456123").await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await + app.count("SELECT COUNT(*) FROM leads").await, 0);
        assert!(project.whatsapp.take().is_empty());
        assert_eq!(app.count("SELECT COUNT(*) FROM notices WHERE kind = 'another number'").await, 2);
    }

    async fn a_merged_lead_keeps_what_the_older_conversation_knew_and_the_click_of_the_younger(app: &TestApp) {
        let project = app.project().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.a", "My name is Mei Ling Tan").await;
        app.settle().await;
        let by_number = json!({"wa_id": "6587654321"});
        message_of(app, &project, by_number.clone(), "wamid.b", "My name is John Smith").await;
        app.settle().await;
        message_of(app, &project, by_number, "wamid.c", &format!("john@example.com {reference}")).await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE status = 'active' AND session_id IS NULL").await, 1);

        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.d", "hello again").await;

        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        let fields: Value = serde_json::from_str(&fields).expect("JSON");
        assert_eq!((&fields["name"]["value"], &fields["email"]["value"]), (&json!("Mei Ling Tan"), &json!("john@example.com")));
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("correlated"));
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE session_id IS NOT NULL").await, 1);
    }

    async fn a_removed_widget_stays_unknown_while_the_database_is_away(app: &TestApp) {
        let project = app.project().await;
        // A link preview: it gets the redirect and makes no click, which would keep the widget's row.
        let preview = async || {
            app.get(&format!("/c/{}", project.widget_id), &[("user-agent", "facebookexternalhit/1.1")]).await.status()
        };
        assert_eq!(preview().await, 302);
        let remove = async |tx: &Tx| Ok(tx.execute("DELETE FROM widgets", &[]).await?);
        assert_eq!(app.core.db.write(remove).await.expect("removed"), 1);
        app.advance(SignedDuration::from_secs(1));
        assert_eq!(preview().await, 404);
        app.engines.clicks.breaker.record_failure(app.core.clock.now());
        assert_eq!(preview().await, 404);
    }

    async fn a_widget_that_was_not_asked_for_yet_is_known_while_the_database_is_away(app: &TestApp) {
        let project = app.project().await;
        preload(&app.engines.clicks).await.expect("read");
        let remove = async |tx: &Tx| Ok(tx.execute("DELETE FROM widgets", &[]).await?);
        assert_eq!(app.core.db.write(remove).await.expect("removed"), 1);
        app.engines.clicks.breaker.record_failure(app.core.clock.now());
        let preview = [("user-agent", "facebookexternalhit/1.1")];
        assert_eq!(app.get(&format!("/c/{}", project.widget_id), &preview).await.status(), 302);
    }

    async fn a_webhook_with_a_rate_goes_on_after_the_clock_was_set_back(app: &TestApp) {
        let limits = Limits { rate_per_second: Some(1), concurrency: None };
        let (project, _receiver, webhook) = crate::limits::limited(app, 2, limits).await;
        let claim = async || claim_due(&app.core, vec![Wanted { webhook, most: 50 }]).await.expect("claims").leased;
        assert_eq!(claim().await.len(), 1);
        app.advance(SignedDuration::from_hours(-1));
        app.click(&project, "device_id=after").await;
        assert_eq!(claim().await.len(), 1);
        app.advance(SignedDuration::from_hours(1));
    }

    async fn a_nul_in_a_response_is_logged_as_a_replacement_character(app: &TestApp) {
        let project = app.project().await;
        let new = NewWebhook { url: receiver_with_nul().await, policy: Policy::Retry, ..NewWebhook::default() };
        add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
        app.click(&project, "device_id=d1").await;
        app.work().await;
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("delivered"));
        assert_eq!(app.text("SELECT response_body FROM attempts").await.as_deref(), Some("before\u{fffd}after"));
    }

    async fn a_message_for_the_projects_second_number_belongs_to_that_channel(app: &TestApp) {
        let project = app.project().await;
        second_number(app, &project, "333").await;
        message_for(app, &project, "333").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations JOIN channels ON channels.id = conversations.channel WHERE channels.external_id = '333'").await, 1);
    }

    async fn no_project_reaches_another_ones_webhook_key_or_delivery(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        app.webhook_with(&theirs, &receiver, Policy::None).await;
        let key = create_key(&app.core, &operator(), theirs.id, "external".to_owned()).await.expect("a key").row;
        receiver.respond_next(500);
        app.click(&theirs, "device_id=d1").await;
        app.work().await;
        let (ours, theirs) = (ours.id, theirs.id);
        let webhook = WebhookId(app.count("SELECT id FROM webhooks").await);
        let delivery = DeliveryId(app.count("SELECT id FROM deliveries").await);

        let log = async move |project: ProjectId| {
            let read = async move |conn: &Conn| {
                let row = delivery_log::find(conn, project, delivery).await?;
                let body = delivery_log::body(conn, project, delivery).await.ok();
                let attempts = delivery_log::attempts(conn, project, delivery).await?;
                let start = Position::before(Timestamp::UNIX_EPOCH);
                let failed = delivery_log::failed(conn, project, webhook, start, 10).await?;
                Ok((row.is_some(), body.is_some(), attempts.len(), failed.len()))
            };
            app.core.db.read(read).await.expect("the log")
        };
        assert_eq!(log(ours).await, (false, false, 0, 0));
        assert_eq!(log(theirs).await, (true, true, 1, 1));
        let now = app.core.clock.now();
        let resend = async move |tx: &Tx| Ok(delivery_log::resend_if_failed(tx, ours, delivery, now).await?);
        assert!(!app.core.db.write(resend).await.expect("no such delivery"));
        let limit = Limits { rate_per_second: Some(1), concurrency: None };
        assert!(!limit_webhook(&app.core, &operator(), ours, webhook, limit).await.expect("no such webhook"));

        let read = async move |tx: &Tx| Ok(webhooks::get(tx, ours, webhook).await.is_err());
        assert!(app.core.db.write(read).await.expect("read"), "their webhook is read");
        assert_eq!(revoke_key(&app.core, &operator(), ours, &key.public_id).await.expect("no such key"), None);
        assert!(!resend_delivery(&app.core, &operator(), ours, delivery).await.expect("no such delivery"));
        let cancel = async move |tx: &Tx| Ok(webhooks::cancel_deliveries(tx, ours, webhook).await?);
        assert_eq!(app.core.db.write(cancel).await.expect("nothing to cancel"), 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NOT NULL").await, 0);

        let read = async move |tx: &Tx| Ok(webhooks::get(tx, theirs, webhook).await?.project);
        assert_eq!(app.core.db.write(read).await.expect("read"), theirs);
        assert!(resend_delivery(&app.core, &operator(), theirs, delivery).await.expect("their own"));
        assert!(revoke_key(&app.core, &operator(), theirs, &key.public_id).await.expect("their own").is_some());
        assert_eq!(revoke_key(&app.core, &operator(), theirs, &key.public_id).await.expect("revoked before"), None);
        let cancel = async move |tx: &Tx| Ok(webhooks::cancel_deliveries(tx, theirs, webhook).await?);
        assert_eq!(app.core.db.write(cancel).await.expect("their own"), 1);
    }

    async fn a_greeting_is_of_the_projects_own_widgets(app: &TestApp) {
        let (ours, theirs) = (app.project().await.id, app.project_named("Other", "222").await.id);
        let channel = ChannelId(app.count("SELECT id FROM channels WHERE project_id = 1").await);
        let greetings = app.core.db.write(async move |tx| {
            let now = Timestamp::UNIX_EPOCH;
            let foreign = widgets::NewWidget { public_id: "w_foreign", channel, greeting: "Foreign", origins: "[]", look: &Look::default() };
            widgets::insert(tx, theirs, &foreign, now).await?;
            Ok(widgets::greetings_of_channel(tx, ours, channel, 10).await?)
        });
        assert_eq!(greetings.await.expect("read"), ["Hello!"]);
    }

    async fn statements_of_a_pipeline_run_in_the_written_order(app: &TestApp) {
        app.project().await;
        let (first, second) = app.core.db.write(async |tx| {
            const NAME: &str = "SELECT name FROM projects";
            // The second statement is prepared, the first one is not: sending it takes one more round trip.
            tx.get(NAME, &[], |row| row.get::<String>(0)).await?;
            let rename = tx.execute("UPDATE projects SET name = 'renamed'", &[]);
            Ok(pipelined(rename, tx.get(NAME, &[], |row| row.get::<String>(0))).await?)
        }).await.expect("renamed");
        assert_eq!((first, second.as_str()), (1, "renamed"));
    }

    async fn locks_on_names_are_taken_in_one_order(app: &TestApp) {
        if !app.core.db.has_peers() {
            return;
        }
        const NUMBER: &str = "SELECT hashtextextended($1, 1)";
        let number = async |name: &'static str| {
            let read = async move |conn: &Conn| Ok(conn.get(NUMBER, &[name.into()], |row| row.get::<i64>(0)).await?);
            app.core.db.read(read).await.expect("a number")
        };
        let mut names = [(number("a").await, "a"), (number("b").await, "b")];
        names.sort_unstable();
        let [(low, low_name), (_, high_name)] = names;
        let (locked, is_locked) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let holder = app.core.db.write(async move |tx| {
            conversations::lock_people(tx, &[(ChannelId(1), high_name)]).await?;
            locked.send(()).expect("the test waits");
            Ok(released.await?)
        });
        let lock_both = async move |tx: &Tx| {
            Ok(conversations::lock_people(tx, &[(ChannelId(1), high_name), (ChannelId(1), low_name)]).await?)
        };
        let waiting = async {
            is_locked.await.expect("locked");
            app.core.db.write(lock_both).await
        };
        let check = async {
            // Whoever waits for the high one holds the low one already.
            let is_free = async || {
                let lock = async move |tx: &Tx| {
                    Ok(tx.get("SELECT pg_try_advisory_xact_lock($1)", &[low.into()], |row| row.get::<bool>(0)).await?)
                };
                app.core.db.write(lock).await.expect("tried")
            };
            until("the low one is held", Duration::from_secs(20), async || !is_free().await).await;
            release.send(()).expect("the holder waits");
        };
        let (held, waited, ()) = tokio::join!(holder, waiting, check);
        held.expect("held");
        waited.expect("locked both");
    }
}
