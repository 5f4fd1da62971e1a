//! From the first message to the qualified lead.

use aurix::conversations::send_reply::next_reply_due;
use aurix::domain::time::SignedDuration;
use serde_json::json;

use crate::support::{Person, Receiver, TestApp};

both_engines! {
    async fn from_a_click_to_a_complete_lead(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let reference = app.click(&project, "device_id=d1&click_url=https%3A%2F%2Fexample.com%2F%3Futm_source%3Dgoogle").await.reference();
        let person = Person::new(app, &project, "6587654321");
        person.writes(&format!("Hello!\nReference: {reference} (Please send this reference number so that we can help you faster)\nHow much is a bridal bouquet?")).await;
        app.settle().await;
        assert_eq!(receiver.take_events(), ["widget.click", "lead.correlated"]);
        assert_eq!(project.whatsapp.take_texts().len(), 1);

        person.writes("I'm Mei Ling Tan").await;
        app.settle().await;
        person.writes("mei.ling@example.com").await;
        app.settle().await;
        let events = receiver.take();
        let complete = events.last().expect("an event").json();
        assert_eq!(complete["event_type"], "lead.complete");
        assert_eq!(
            complete["data"],
            json!({
                "correlation_id": reference,
                "conversation_id": 1,
                "lead_status": "complete",
                "lead_data": {
                    "name": "Mei Ling Tan",
                    "email": "mei.ling@example.com",
                    "phone": "+6587654321",
                    "company": null,
                    "intent": "How much is a bridal bouquet?",
                },
            })
        );
    }

    async fn messages_that_come_in_a_burst_get_one_reply(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        for text in ["hi", "are you there?", "I need flowers"] {
            person.writes(text).await;
            app.advance(SignedDuration::from_millis(300));
        }
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn a_message_seen_before_changes_nothing(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        let message = person.text_message("wamid.once", "hello");
        for _ in 0..3 {
            assert_eq!(person.sends(std::slice::from_ref(&message)).await.status(), 200);
            app.settle().await;
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'in'").await, 1);
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn a_forwarded_reference_links_nobody_else(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        let (first, second) = (Person::new(app, &project, "6587654321"), Person::new(app, &project, "6511112222"));
        first.writes(&reference).await;
        second.writes(&format!("fwd: {reference}")).await;
        first.writes(&format!("again {reference}")).await;
        app.settle().await;
        let correlated = receiver.take_events().into_iter().filter(|event| event == "lead.correlated").count();
        assert_eq!(correlated, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM refused_correlation_ids").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE status = 'active'").await, 1);
    }

    async fn a_later_session_of_the_same_person_is_a_further_touch(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let person = Person::new(app, &project, "6587654321");
        let first = app.click(&project, "device_id=d1").await.reference();
        person.writes(&first).await;
        app.advance(SignedDuration::from_hours(13));
        let second = app.click(&project, "device_id=d1").await.reference();
        person.writes(&second).await;
        app.settle().await;
        let linked: Vec<_> = receiver
            .take()
            .iter()
            .filter(|event| event.event() == "lead.correlated")
            .map(|event| event.json()["data"]["correlation_id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(linked, [first, second]);
    }

    async fn a_look_alike_is_repaired_where_only_one_fits(app: &TestApp) {
        let project = app.project().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        let slip = reference[2..].to_lowercase();
        Person::new(app, &project, "6587654321").writes(&format!("ref o-{slip} pls")).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 1);
    }

    async fn a_look_alike_older_than_thirty_days_is_text(app: &TestApp) {
        let project = app.project().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        app.advance(SignedDuration::from_hours(31 * 24));
        Person::new(app, &project, "6587654321").writes(&format!("ref o-{} pls", reference[2..].to_lowercase())).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 0);
    }

    async fn another_projects_reference_is_plain_text(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        let reference = app.click(&theirs, "device_id=d1").await.reference();
        Person::new(app, &ours, "6587654321").writes(&reference).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM refused_correlation_ids").await, 0);
    }

    async fn a_person_without_a_number_is_one_person_when_it_becomes_known(app: &TestApp) {
        let project = app.project().await;
        let call = async |contact: serde_json::Value, message: serde_json::Value| {
            let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "contacts": [contact], "messages": [message]});
            assert_eq!(crate::support::platform_calls(app, &project, &value).await.status(), 200);
        };
        let text = |id: &str| json!({"id": id, "timestamp": "1767348000", "type": "text", "text": {"body": "hello"}});
        call(json!({"user_id": "SG.1"}), text("wamid.a")).await;
        call(json!({"wa_id": "6587654321"}), json!({"from": "6587654321", "id": "wamid.b", "timestamp": "1767348000", "type": "text", "text": {"body": "hi"}})).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, 2);
        call(json!({"user_id": "SG.1", "wa_id": "6587654321"}), text("wamid.c")).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE conversation_id = 1").await, 3);
    }

    async fn a_reply_is_retried_or_given_up_as_the_platform_says(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        project.whatsapp.fail_next(400, 131_056);
        person.writes("hello").await;
        app.settle().await;
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("queued"));
        let due = next_reply_due(&app.core).await.expect("read").expect("it is tried again");
        assert!(app.core.clock.now() < due && due <= app.core.clock.now() + SignedDuration::from_secs(60), "at {due}");
        app.advance(SignedDuration::from_secs(60));
        app.work().await;
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("sent"));
        assert_eq!(next_reply_due(&app.core).await.expect("read"), None);
        project.whatsapp.fail_next(400, 131_047);
        person.writes("and now?").await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE status = 'failed' AND error IS NOT NULL").await, 1);
    }

    async fn a_status_never_goes_back(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        let id = app.text("SELECT external_id FROM messages WHERE direction = 'out'").await.expect("an id");
        for (status, expected) in [("delivered", "delivered"), ("sent", "delivered"), ("read", "read"), ("failed", "read"), ("delivered", "read")] {
            let value = json!({"metadata": {"phone_number_id": project.phone_number_id},
                               "statuses": [{"id": id, "status": status, "timestamp": "1767348000", "recipient_id": "6587654321"}]});
            assert_eq!(crate::support::platform_calls(app, &project, &value).await.status(), 200);
            assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some(expected));
        }
    }

    async fn an_ad_that_led_here_is_kept_with_its_click_id(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        let mut message = person.text_message("wamid.ad", "hello");
        message["referral"] = json!({"source_type": "ad", "source_id": "1", "ctwa_clid": "clid-1"});
        person.sends(&[message]).await;
        assert_eq!(app.text("SELECT ad_click_id FROM referrals").await.as_deref(), Some("clid-1"));
    }

    async fn the_webhook_is_verified_and_signed(app: &TestApp) {
        let project = app.project().await;
        let path = format!("/channels/whatsapp/{}/webhook", project.phone_number_id);
        let good = app.get(&format!("{path}?hub.mode=subscribe&hub.verify_token=the%20verify%20token&hub.challenge=123"), &[]).await;
        assert_eq!((good.status(), good.text().as_str()), (200, "123"));
        let bad = app.get(&format!("{path}?hub.mode=subscribe&hub.verify_token=x&hub.challenge=123"), &[]).await;
        assert_eq!(bad.status(), 403);
        let unsigned = app.send(aurix::net::Method::POST, &path, &[("content-type", "application/json")], "{}").await;
        assert_eq!(unsigned.status(), 401);
        let malformed = crate::support::platform_posts(app, &project, b"{not json").await;
        assert_eq!(malformed.status(), 400);
        assert_eq!(malformed.header("content-type"), "application/problem+json");
    }
}
