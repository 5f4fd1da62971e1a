//! Operational webhooks: what they are told, and what not.

use aurix::domain::delivery::Policy;
use aurix::domain::event::EventType;
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::{NewWebhook, WebhookRefused, add_webhook};
use aurix::projects::set_webhook_active::set_webhook_active;
use serde_json::json;

use super::{answers, look_once, open_item, with_webhook};
use crate::support::{Project, Receiver, TestApp, operator};

impl TestApp {
    /// An operational webhook, and its UUID.
    pub async fn webhook_for_attention(&self, project: &Project, receiver: &Receiver) -> String {
        let events = EventType::OPERATIONAL.map(|event| event.as_str().to_owned()).to_vec();
        let new = NewWebhook { url: receiver.url.clone(), events, policy: Policy::Retry, ..NewWebhook::default() };
        add_webhook(&self.core, &operator(), project.id, new).await.expect("a webhook").public_id
    }
}

both_engines! {
    async fn an_operational_webhook_is_told_what_needs_attention_and_what_does_not_any_more(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        let pager = Receiver::start().await;
        app.webhook_for_attention(&project, &pager).await;
        answers(app, &project, &receiver, 410).await;
        assert_eq!(pager.take().len(), 0, "clicks are none of its business");
        app.advance(SignedDuration::from_secs(5));
        look_once(app).await;
        app.work().await;
        let item = open_item(app, project.id).await;
        let told = pager.take();
        assert_eq!(told.len(), 1);
        let mut body = told[0].json();
        assert!(body["event_id"].take().as_str().is_some_and(|id| id.starts_with("evt_")));
        let expected = json!({
            "event_type": "attention.opened",
            "event_id": null,
            "timestamp": "2026-01-02T10:00:05.000Z",
            "data": {
                "attention_id": item.id,
                "project_id": project.public_id,
                "kind": "webhook.off",
                "subject": {"type": "webhook", "id": item.subject},
                "title": "Webhook 127.0.0.1 was turned off",
                "message": "It answered 410 Gone: the endpoint asks not to be called any more. What happens meanwhile is not delivered to it.",
                "since": "2026-01-02T10:00:00.000Z",
                "closed_at": null,
                "url": format!("{}/p/{}/integrations/webhook/{}", app.base_url, project.public_id, item.subject),
            },
        });
        assert_eq!(body, expected);
        for header in ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature"] {
            assert!(!told[0].header(header).is_empty(), "{header}");
        }

        set_webhook_active(&app.core, &operator(), project.id, webhook, true).await.expect("on");
        look_once(app).await;
        app.work().await;
        let told = pager.take();
        assert_eq!(told.len(), 1);
        let body = told[0].json();
        assert_eq!((&body["event_type"], &body["data"]["closed_at"]), (&json!("attention.closed"), &json!("2026-01-02T10:00:05.000Z")));
        assert_eq!(body["data"]["attention_id"], json!(item.id));
    }

    async fn a_webhook_is_not_told_what_is_wrong_with_itself(app: &TestApp) {
        let project = app.project().await;
        let (pager, other) = (Receiver::start().await, Receiver::start().await);
        let failing = app.webhook_for_attention(&project, &pager).await;
        app.webhook_for_attention(&project, &other).await;
        app.execute("UPDATE webhooks SET failing_since = 1767340800000000 WHERE id = (SELECT MIN(id) FROM webhooks)").await;
        look_once(app).await;
        app.work().await;
        assert_eq!((pager.take().len(), other.take_events()), (0, vec!["attention.opened".to_owned()]));
        assert_eq!(open_item(app, project.id).await.subject, failing);
        app.execute("UPDATE webhooks SET failing_since = NULL").await;
        look_once(app).await;
        app.work().await;
        assert_eq!((pager.take().len(), other.take_events()), (0, vec!["attention.closed".to_owned()]));
    }

    async fn a_webhook_that_is_turned_off_after_it_failed_is_not_said_to_be_mended(app: &TestApp) {
        let (project, receiver, _) = with_webhook(app).await;
        let pager = Receiver::start().await;
        app.webhook_for_attention(&project, &pager).await;
        answers(app, &project, &receiver, 500).await;
        app.advance(SignedDuration::from_hours(1));
        look_once(app).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        app.work().await;
        let told: Vec<_> = pager.take().iter().map(|one| one.json()).map(|body| (body["event_type"].clone(), body["data"]["kind"].clone())).collect();
        assert_eq!(told, [(json!("attention.opened"), json!("webhook.failing")), (json!("attention.opened"), json!("webhook.off"))]);
        assert_eq!(open_item(app, project.id).await.kind.as_str(), "webhook.off");
    }

    async fn other_projects_are_not_told(app: &TestApp) {
        let (project, receiver, _) = with_webhook(app).await;
        let other = app.project_named("Other", "222").await;
        let pager = Receiver::start().await;
        app.webhook_for_attention(&other, &pager).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        app.work().await;
        assert_eq!(pager.take().len(), 0);
    }

    async fn events_of_both_families_are_refused_in_one_webhook(app: &TestApp) {
        let project = app.project().await;
        let events = ["lead.created", "attention.opened"].map(str::to_owned).to_vec();
        let new = NewWebhook { url: "https://crm.example.com/hook".to_owned(), events, ..NewWebhook::default() };
        let refused = add_webhook(&app.core, &operator(), project.id, new).await.expect_err("mixed");
        assert!(matches!(refused, WebhookRefused::MixedEvents), "{refused}");
        assert!(refused.to_string().contains("a webhook of their own"), "{refused}");
    }
}
