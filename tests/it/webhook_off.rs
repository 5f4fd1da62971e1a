//! What turns a webhook off by itself, and that the audit log says so.

use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::domain::ids::WebhookId;
use aurix::domain::time::SignedDuration;
use aurix::projects::set_webhook_active::set_webhook_active;
use serde_json::{Value, json};

use crate::support::{Project, Receiver, TestApp, operator};

const LAST: &str = "SELECT action FROM audit ORDER BY id DESC LIMIT 1";

async fn with_webhook(app: &TestApp) -> (Project, Receiver, WebhookId) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    let webhook = WebhookId(app.count("SELECT id FROM webhooks").await);
    (project, receiver, webhook)
}

/// How often the log says that Aurix turned the webhook off.
async fn turned_off(app: &TestApp) -> i64 {
    let sql = "SELECT COUNT(*) FROM audit JOIN webhooks ON webhooks.public_id = audit.object_id
               WHERE action = 'webhook.disable' AND actor_kind = 'system' AND audit.project_id = webhooks.project_id";
    app.count(sql).await
}

/// The reason in the newest row of the log.
async fn reason(app: &TestApp) -> Value {
    let detail = app.text("SELECT detail FROM audit ORDER BY id DESC LIMIT 1").await.expect("a row");
    serde_json::from_str::<Value>(&detail).expect("JSON")["reason"].take()
}

both_engines! {
    async fn a_webhook_that_answers_gone_is_turned_off_once_and_for_one_reason(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        for _ in 0..3 {
            app.click(&project, "").await;
        }
        let due = claim_due(&app.core, vec![Wanted { webhook, most: 3 }]).await.expect("claimed").leased;
        let mut results = Vec::new();
        for delivery in due {
            receiver.respond_next(410);
            results.push(attempt(&app.core, delivery).await);
        }
        assert_eq!(results.len(), 3);
        settle(&app.engines.deliveries, &results[0]).await.expect("settled");
        assert_eq!((turned_off(app).await, app.text(LAST).await.as_deref()), (1, Some("webhook.disable")));
        assert!(reason(app).await.as_str().is_some_and(|reason| reason.contains("410 Gone")));

        settle(&app.engines.deliveries, &results[1]).await.expect("settled");
        assert_eq!(turned_off(app).await, 1, "it was off already");
        // Somebody turns it on, and off again before what was in flight is settled: their reason stays.
        for is_active in [true, false] {
            set_webhook_active(&app.core, &operator(), project.id, webhook, is_active).await.expect("set");
        }
        settle(&app.engines.deliveries, &results[2]).await.expect("settled");
        assert_eq!(turned_off(app).await, 1);
        assert_eq!(app.text("SELECT off_reason FROM webhooks").await.as_deref(), Some("Turned off by hand."));
    }

    async fn a_webhook_that_fails_everything_for_five_days_is_turned_off(app: &TestApp) {
        let (project, receiver, _) = with_webhook(app).await;
        let fail = async || {
            receiver.respond_next(500);
            app.click(&project, "").await;
            app.work().await;
        };
        fail().await;
        // Its retries fail too.
        let advance = async |time: SignedDuration| {
            app.advance(time);
            (0..20).for_each(|_| receiver.respond_next(500));
            app.work().await;
        };
        advance(SignedDuration::from_hours(5 * 24) - SignedDuration::from_secs(1)).await;
        fail().await;
        assert_eq!(turned_off(app).await, 0, "a second is left");
        app.advance(SignedDuration::from_secs(1));
        fail().await;
        assert_eq!(turned_off(app).await, 1);
        assert_eq!(reason(app).await, json!("Every delivery has failed for 5 days. Mend the endpoint, then turn the webhook on again."));
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks WHERE is_active").await, 0);
    }

    async fn a_webhook_is_turned_off_with_its_row_in_the_log_or_not_at_all(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        receiver.respond_next(410);
        app.click(&project, "").await;
        let mut due = claim_due(&app.core, vec![Wanted { webhook, most: 1 }]).await.expect("claimed").leased;
        let result = attempt(&app.core, due.remove(0)).await;
        let run = async |sql: &'static str| {
            app.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("another name");
        };
        run("ALTER TABLE audit RENAME TO elsewhere").await;
        settle(&app.engines.deliveries, &result).await.expect_err("there is no audit log");
        run("ALTER TABLE elsewhere RENAME TO audit").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks WHERE is_active").await, 1);
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("pending"));
        settle(&app.engines.deliveries, &result).await.expect("settled");
        assert_eq!(turned_off(app).await, 1);
    }
}
