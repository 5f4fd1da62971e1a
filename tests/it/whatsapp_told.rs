//! What WhatsApp says of templates, the number and the account: shown in words, and an item for a person while it is serious.

use aurix::domain::account::Role;
use aurix::domain::attention::AttentionKind;
use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::attention::{look_once, open_item};
use crate::support::{Person, Project, TestApp, platform_calls, platform_posts};

/// The platform tells something of the account at a second.
async fn tells(app: &TestApp, project: &Project, at: i64, field: &str, value: Value) {
    let body = json!({"object": "whatsapp_business_account",
                      "entry": [{"id": "1", "time": at, "changes": [{"field": field, "value": value}]}]});
    assert_eq!(platform_posts(app, project, body.to_string().as_bytes()).await.status(), 200);
}

fn quality(event: &str) -> Value {
    json!({"display_phone_number": "6512345678", "event": event, "current_limit": "TIER_1K"})
}

both_engines! {
    async fn a_channels_page_says_what_whatsapp_said(app: &TestApp) {
        let project = app.project().await;
        let rejected = json!({"event": "REJECTED", "message_template_id": 1, "message_template_name": "pick_up",
                              "message_template_language": "en_US", "reason": "INVALID_FORMAT"});
        for _ in 0..2 {
            tells(app, &project, 1, "message_template_status_update", rejected.clone()).await;
        }
        tells(app, &project, 2, "message_template_status_update", json!({"event": "OF_LATER"})).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM notices WHERE words IS NOT NULL").await, 1, "the same call twice");
        assert_eq!(app.count("SELECT COUNT(*) FROM notices WHERE words IS NULL").await, 1, "what is not known is kept");
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let path = format!("/p/{}/channels/{}", project.public_id, project.phone_number_id);
        let page = app.signed_in("mei@example.com").await.get(&path).await.text();
        assert!(page.contains("The template pick_up (en_US) was rejected (INVALID_FORMAT) and is not offered."), "{page}");
        assert_eq!(look_once(app).await.opened, 0, "which needs nobody at once");
    }

    async fn low_quality_needs_attention_until_it_is_good_again(app: &TestApp) {
        let project = app.project().await;
        tells(app, &project, 1, "phone_number_quality_update", quality("FLAGGED")).await;
        assert_eq!((look_once(app).await.opened, look_once(app).await.opened), (1, 0));
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.subject), (AttentionKind::ChannelTrouble, project.phone_number_id.clone()));
        assert!(item.message.contains("people block or report it"), "{}", item.message);
        tells(app, &project, 2, "phone_number_quality_update", quality("UNFLAGGED")).await;
        assert_eq!(look_once(app).await.closed, 1);
    }

    async fn a_restriction_ends_when_its_time_has_come(app: &TestApp) {
        let project = app.project().await;
        let until = app.core.clock.now().as_second() + 3_600;
        let restricted = json!({"event": "ACCOUNT_RESTRICTION",
                                "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until}]});
        tells(app, &project, 1, "account_update", restricted).await;
        assert_eq!(look_once(app).await.opened, 1);
        app.advance(SignedDuration::from_mins(59));
        assert_eq!(look_once(app).await.closed, 0);
        app.advance(SignedDuration::from_mins(2));
        assert_eq!(look_once(app).await.closed, 1);
    }

    async fn who_wants_no_marketing_is_remembered_until_they_resume(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        let says = async |at: i64, what: &str| {
            let preference = json!({"wa_id": "6587654321", "category": "marketing_messages", "value": what, "timestamp": at});
            let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "user_preferences": [preference]});
            tells(app, &project, at, "user_preferences", value).await;
        };
        const SINCE: &str = "SELECT COUNT(*) FROM conversations WHERE no_marketing_since IS NOT NULL";
        says(1_767_348_000, "stop").await;
        assert_eq!(app.count(SINCE).await, 1);
        says(1_767_348_100, "resume").await;
        assert_eq!(app.count(SINCE).await, 0);
    }

    async fn who_refuses_a_marketing_message_gets_no_other(app: &TestApp) {
        const SINCE: &str = "SELECT COALESCE(MAX(no_marketing_since), 0) FROM conversations";
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        project.whatsapp.fail_next(400, 131_050);
        person.writes("hello").await;
        app.settle().await;
        assert_eq!(app.count(SINCE).await, app.core.clock.now().as_microsecond(), "as WhatsApp refused it");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE status = 'failed'").await, 1);
        app.execute("UPDATE conversations SET no_marketing_since = NULL").await;
        person.writes("my name is Mei Tan").await;
        app.settle().await;
        let id = app.text("SELECT external_id FROM messages WHERE status = 'sent'").await.expect("it was taken");
        for (code, since) in [(131_026, 0), (131_050, 1_767_348_000_000_000)] {
            let status = json!({"id": id, "status": "failed", "timestamp": "1767348000", "recipient_id": "6587654321",
                                "errors": [{"code": code}]});
            let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "statuses": [status]});
            assert_eq!(platform_calls(app, &project, &value).await.status(), 200);
            assert_eq!(app.count(SINCE).await, since, "{code}");
        }
    }
}
