//! Deliveries: signatures, retries, order, and what turns a webhook off.

use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::deliveries::emit::emit;
use aurix::domain::delivery::Policy;
use aurix::domain::event::{Correlated, Event};
use aurix::domain::ids::{ConversationId, DeliveryId, RowKeys, WebhookId};
use aurix::domain::signature::{hub_signature, standard_webhooks};
use aurix::domain::time::SignedDuration;
use aurix::outbound::Sent;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::store::delivery_log;
use serde_json::json;

use crate::support::{Person, Receiver, TestApp, operator};

both_engines! {
    async fn every_delivery_is_signed_twice_and_the_same_on_every_attempt(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let secret = app.webhook(&project, &receiver).await;
        assert!(secret.starts_with("aurix_"));
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(SignedDuration::from_secs(6));
        app.work().await;
        let attempts = receiver.take();
        assert_eq!(attempts.len(), 2);
        assert_eq!(attempts[0].body, attempts[1].body);
        for attempt in &attempts {
            assert_eq!(attempt.header("x-hub-signature"), hub_signature(&secret, &attempt.body));
            assert_eq!(attempt.header("webhook-id"), attempt.json()["event_id"].as_str().expect("an id"));
            assert!(attempt.header("webhook-signature").starts_with("v1,"));
            assert_eq!(attempt.header("content-type"), "application/json");
            assert!(attempt.header("user-agent").starts_with("Aurix-Webhooks/"));
        }
        assert_ne!(attempts[0].header("webhook-timestamp"), attempts[1].header("webhook-timestamp"));
    }

    async fn a_failure_is_retried_on_schedule_and_then_waits_for_a_person(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.click(&project, "device_id=d1").await;
        let waits_s = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400];
        for wait_s in waits_s {
            receiver.respond_next(503);
            app.work().await;
            assert_eq!(receiver.take().len(), 1);
            app.advance(SignedDuration::from_secs(wait_s - 1));
            app.work().await;
            assert_eq!(receiver.take().len(), 0, "before {wait_s} s");
            app.advance(SignedDuration::from_secs(2 + wait_s / 10));
        }
        receiver.respond_next(503);
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("failed"));
        assert_eq!(app.count("SELECT COUNT(*) FROM attempts").await, 11);
        let delivery = DeliveryId(app.count("SELECT id FROM deliveries").await);
        assert!(aurix::deliveries::resend::resend_delivery(&app.core, &operator(), project.id, delivery).await.expect("resent"));
        app.work().await;
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("delivered"));
    }

    async fn retry_after_is_honoured_where_it_is_later(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        receiver.answer_next_with(429, vec![("retry-after", "3600".to_owned())]);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(SignedDuration::from_secs(3_599));
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        app.advance(SignedDuration::from_secs(1));
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
    }

    async fn gone_turns_the_webhook_off(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        receiver.respond_next(410);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.click(&project, "device_id=d1").await;
        app.advance(SignedDuration::from_hours(48));
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks WHERE NOT is_active AND off_reason LIKE '%410%'").await, 1);
    }

    async fn policy_none_tries_once(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(SignedDuration::from_hours(48));
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("failed"));
    }

    async fn a_redirect_is_a_failure_and_is_not_followed(app: &TestApp) {
        let project = app.project().await;
        let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        receiver.answer_next_with(302, vec![("location", elsewhere.url.clone())]);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        assert_eq!(elsewhere.take().len(), 0);
        assert_eq!(app.text("SELECT status FROM deliveries").await.as_deref(), Some("pending"));
    }

    async fn a_lead_is_told_in_order_and_a_failure_holds_up_nothing(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        app.work().await;
        receiver.take();
        receiver.respond_next(500);
        let person = Person::new(app, &project, "6587654321");
        person.writes(&format!("{reference} I am Mei Tan, mei@example.com")).await;
        app.settle().await;
        assert_eq!(receiver.take_events(), ["lead.correlated", "lead.created", "lead.complete"]);
        app.advance(SignedDuration::from_secs(6));
        app.work().await;
        assert_eq!(receiver.take_events(), ["lead.correlated"]);
    }

    async fn an_endpoint_that_failed_for_five_days_is_turned_off(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        for _ in 0..3 {
            app.click(&project, "device_id=d1").await;
            for _ in 0..2 {
                receiver.respond_next(500);
            }
            app.work().await;
            app.advance(SignedDuration::from_hours(61));
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM webhooks WHERE is_active").await, 0);
    }

    async fn a_crash_between_attempt_and_settling_heals_when_the_lease_runs_out(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.click(&project, "device_id=d1").await;
        let wanted = vec![Wanted { webhook: WebhookId(1), most: 10 }];
        let lost = claim_due(&app.core, wanted).await.expect("claimed");
        assert_eq!(lost.leased.len(), 1);
        app.work().await;
        assert_eq!(receiver.take().len(), 0, "leased");
        app.advance(SignedDuration::from_secs(61));
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
    }

    async fn of_a_conversation_what_happened_first_is_first_also_where_another_nodes_clock_was_ahead(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        let conversation = ConversationId(app.count("SELECT id FROM conversations").await);
        let (id, now) = (project.id, app.core.clock.now());
        let correlated = |event_id: &str, at| {
            let link = Correlated {
                correlation_id: "O-Example",
                conversation_id: conversation,
                phone: None,
                channel_id: "1",
            };
            Event::lead_correlated(event_id.to_owned(), &link, at)
        };
        let nodes = [(RowKeys::new(2), "evt_first", now + SignedDuration::from_hours(1)), (RowKeys::new(1), "evt_second", now)];
        for (row_keys, event_id, at) in nodes {
            let event = correlated(event_id, at);
            let stored = app.core.db.write(async move |tx| Ok(emit(tx, &row_keys, id, &event).await?));
            stored.await.expect("stored");
        }
        app.advance(SignedDuration::from_hours(1));
        let claim = async || {
            let wanted = vec![Wanted { webhook: WebhookId(1), most: 10 }];
            claim_due(&app.core, wanted).await.expect("claimed").leased
        };
        for event_id in ["evt_first", "evt_second"] {
            let mut leased = claim().await;
            assert_eq!(leased.iter().map(|one| one.content.event_id.as_str()).collect::<Vec<_>>(), [event_id]);
            settle(&app.engines.deliveries, &attempt(&app.core, leased.remove(0)).await).await.expect("settled");
        }
    }

    async fn a_new_lead_is_told_as_documented(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("I'd like to know about pricing").await;
        app.settle().await;
        assert_eq!(receiver.take().len(), 0, "a phone number alone is no lead yet");
        app.advance(SignedDuration::from_mins(15));
        app.work().await;
        let received = receiver.take();
        let created = received.iter().find(|event| event.event() == "lead.created").expect("emitted").json();
        let conversation = app.text("SELECT public_id FROM conversations").await;
        let expected = json!({
            "event": "lead.created",
            "project_id": project.public_id,
            "created_at": "2026-01-02T10:15:02.000Z",
            "lead": {
                "name": null,
                "phone": "+6587654321",
                "email": null,
                "message": "I'd like to know about pricing",
                "channel": "whatsapp",
                "conversation_id": conversation,
            },
        });
        assert_eq!(created.to_string(), expected.to_string(), "the order of the keys counts too");
    }

    async fn a_number_is_bare_for_external_and_e164_for_others(app: &TestApp) {
        let project = app.project().await;
        let (external, service) = (Receiver::start().await, Receiver::start().await);
        for (receiver, name) in [(&external, "external"), (&service, "topkee")] {
            let authorization = format!("Bearer {}", app.key(&project, name).await);
            let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
            let body = json!({"url": receiver.url}).to_string();
            let path = format!("/integrations/{name}/webhook-config");
            assert_eq!(app.send(aurix::net::Method::PUT, &path, &headers, body).await.status(), 200);
        }
        let reference = app.click(&project, "device_id=d1").await.reference();
        Person::new(app, &project, "6587654321").writes(&reference).await;
        app.settle().await;
        for (receiver, expected) in [(&external, "6587654321"), (&service, "+6587654321")] {
            let received = receiver.take();
            assert_eq!(received.len(), 2, "partners get widget.click and lead.correlated, not lead.created");
            assert_eq!(received[1].json()["data"]["phone_number"], expected);
        }
    }

    async fn while_a_rotation_overlaps_both_secrets_sign(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let old = app.webhook(&project, &receiver).await;
        let rotated = aurix::projects::rotate_secret::rotate_secret(&app.core, &operator(), project.id, WebhookId(1)).await.expect("rotated").expect("there");
        let new = app.core.seal.open(rotated.secret_place(), &rotated.sealed_secret).expect("our key");
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(SignedDuration::from_hours(24));
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let received = receiver.take();
        let signed_by = |index: usize| {
            let attempt = &received[index];
            let time = attempt.header("webhook-timestamp").parse().expect("seconds");
            let by = |secret: &str| standard_webhooks(secret, attempt.header("webhook-id"), time, &attempt.body);
            assert_eq!(attempt.header("x-hub-signature"), hub_signature(&new, &attempt.body));
            let signatures: Vec<&str> = attempt.header("webhook-signature").split(' ').collect();
            (signatures.contains(&by(&new).as_str()), signatures.contains(&by(&old).as_str()))
        };
        assert_eq!(signed_by(0), (true, true));
        assert_eq!(signed_by(1), (true, false));
    }

    async fn the_log_keeps_what_was_sent_and_answered_and_hides_custom_headers(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let new = NewWebhook {
            url: receiver.url.clone(),
            events: vec!["widget.click".to_owned()],
            headers: vec![("Authorization".to_owned(), "Bearer crm-token".to_owned())],
            policy: Policy::Retry,
            ..NewWebhook::default()
        };
        add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
        app.click(&project, "device_id=d1").await;
        app.work().await;
        assert_eq!(receiver.take()[0].header("authorization"), "Bearer crm-token");
        let (project, delivery) = (project.id, DeliveryId(app.count("SELECT id FROM deliveries").await));
        let read = app.core.db.read(async move |conn| Ok(delivery_log::attempts(conn, project, delivery).await?));
        let attempts = read.await.expect("the log");
        assert_eq!(attempts[0].status_code, Some(200));
        assert_eq!(attempts[0].response_body.as_deref(), Some("taken"));
        let sent = Sent::from_log(&attempts[0].sent).expect("as it was written");
        assert_eq!(sent.custom, ["Authorization"]);
        assert!(!attempts[0].sent.contains("crm-token"));
    }
}
