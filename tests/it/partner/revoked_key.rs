//! The webhook of a revoked key gets nothing more.

use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::domain::actor::KeyHolder;
use aurix::domain::ids::{KeyId, WebhookId};
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::WebhookRefused;
use aurix::projects::configure_webhook::configure_webhook;
use aurix::projects::create_key::create_key;
use aurix::projects::revoke_key::revoke_key;
use aurix::projects::set_webhook_active::set_webhook_active;

use super::Partner;
use crate::support::{Receiver, TestApp, operator};

const PATH: &str = "/integrations/external/webhook-config";

both_engines! {
    async fn revoking_a_key_turns_its_webhook_off_and_says_so(app: &TestApp) {
        let project = app.project().await;
        let (thief, other) = (Receiver::start().await, Receiver::start().await);
        let revoked = Partner::new(app, &project, "external").await;
        revoked.put_webhook(PATH, &thief.url).await;
        Partner::new(app, &project, "topkee").await.put_webhook(PATH, &other.url).await;
        thief.respond_next(500);
        app.click(&project, "").await;
        app.work().await;
        assert_eq!((thief.take().len(), other.take().len()), (1, 1), "one attempt has failed, and another is due later");

        let key = app.text("SELECT public_id FROM api_keys ORDER BY id LIMIT 1").await.expect("a key");
        let webhook = app.text("SELECT public_id FROM webhooks ORDER BY id LIMIT 1").await;
        let told = revoke_key(&app.core, &operator(), project.id, &key).await.expect("revoked").expect("it was valid");
        assert_eq!(told.webhook_id, webhook);
        app.advance(SignedDuration::from_hours(1));
        app.click(&project, "").await;
        app.work().await;
        assert_eq!((thief.take().len(), other.take().len()), (0, 1));
        let reason = app.text("SELECT off_reason FROM webhooks WHERE NOT is_active").await;
        assert_eq!(reason.as_deref(), Some("Its API key was revoked."));
        let changes = "SELECT action FROM audit ORDER BY id DESC LIMIT 1";
        assert_eq!(app.text(changes).await.as_deref(), Some("webhook.disable"));
    }

    async fn what_is_in_flight_while_a_key_is_revoked_is_the_last(app: &TestApp) {
        let project = app.project().await;
        let thief = Receiver::start().await;
        Partner::new(app, &project, "external").await.put_webhook(PATH, &thief.url).await;
        let webhook = WebhookId(app.count("SELECT id FROM webhooks").await);
        let key = app.text("SELECT public_id FROM api_keys").await.expect("a key");
        for _ in 0..3 {
            app.click(&project, "").await;
        }
        let leased = claim_due(&app.core, vec![Wanted { webhook, most: 3 }]).await.expect("claimed").leased;
        let mut results = Vec::new();
        for (delivery, status) in leased.into_iter().zip([500, 200, 410]) {
            thief.respond_next(status);
            results.push(attempt(&app.core, delivery).await);
        }
        revoke_key(&app.core, &operator(), project.id, &key).await.expect("revoked");
        for result in &results {
            settle(&app.engines.deliveries, result).await.expect("settled");
        }
        assert_eq!(thief.take().len(), 3);
        app.click(&project, "").await;
        app.advance(SignedDuration::from_hours(48));
        app.work().await;
        assert!(thief.take().is_empty());
        let reason = app.text("SELECT off_reason FROM webhooks WHERE NOT is_active").await;
        assert_eq!(reason.as_deref(), Some("Its API key was revoked."), "whatever its receiver said last");
    }

    async fn the_webhook_of_a_revoked_key_is_not_turned_on_again(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let key = create_key(&app.core, &operator(), project.id, "external".to_owned()).await.expect("a key").row;
        let configure = async || {
            let partner = KeyHolder { project: project.id, key_id: key.id, service_name: "external".to_owned() };
            configure_webhook(&app.core, &partner, receiver.url.clone()).await
        };
        let webhook = configure().await.expect("the key is valid").id;
        revoke_key(&app.core, &operator(), project.id, &key.public_id).await.expect("revoked");

        let enabled = set_webhook_active(&app.core, &operator(), project.id, webhook, true).await;
        assert!(enabled.expect_err("its key was revoked").to_string().contains("revoked"));
        // A request that was let in just before.
        assert!(matches!(configure().await, Err(WebhookRefused::KeyRevoked)));
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks WHERE is_active").await, 0);
    }

    async fn a_key_is_revoked_with_its_webhook_or_not_at_all(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        Partner::new(app, &project, "external").await.put_webhook(PATH, &receiver.url).await;
        let key = app.text("SELECT public_id FROM api_keys").await.expect("a key");
        let break_audit = async |sql: &'static str| {
            app.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("another name");
        };
        break_audit("ALTER TABLE audit RENAME TO elsewhere").await;
        revoke_key(&app.core, &operator(), project.id, &key).await.expect_err("there is no audit log");
        break_audit("ALTER TABLE elsewhere RENAME TO audit").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks WHERE is_active").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NULL").await, 1);
    }

    async fn another_projects_key_has_no_say_over_a_webhook(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        Partner::new(app, &theirs, "external").await.put_webhook(PATH, &receiver.url).await;
        let webhook = WebhookId(app.count("SELECT id FROM webhooks").await);
        let key = KeyId(app.count("SELECT id FROM api_keys").await);
        let (ours, theirs) = (ours.id, theirs.id);
        let seen = app.core.db.write(async move |tx| {
            use aurix::store::{keys, webhooks};
            let (our_key, their_key) = (webhooks::key_of(tx, ours, webhook).await?, webhooks::key_of(tx, theirs, webhook).await?);
            Ok((our_key, their_key, keys::is_valid(tx, ours, key).await?, keys::is_valid(tx, theirs, key).await?))
        });
        assert_eq!(seen.await.expect("read"), (None, Some(key), false, true));
    }
}
