//! Replies that are not sent until the channel's operator mends something, and replies that are resent.

use aurix::conversations::resend_reply::{resend_failed_replies, resend_reply};
use aurix::conversations::send_reply::{claim_replies, send_reply, settle_reply};
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};

use crate::support::{APP_SECRET, Person, Project, TestApp, VERIFY_TOKEN, operator};

const REPLY: &str = "SELECT status FROM messages WHERE direction = 'out'";
const FAULT: &str = "SELECT fault FROM channels WHERE fault IS NOT NULL AND fault_since IS NOT NULL";

/// The operator enters a new access token.
async fn change_credentials(app: &TestApp, project: &Project) {
    let channel = WhatsAppChannel {
        phone_number_id: project.phone_number_id.clone(),
        number: "+6512345678".to_owned(),
        access_token: "a new token".to_owned(),
        app_secret: APP_SECRET.to_owned(),
        verify_token: VERIFY_TOKEN.to_owned(),
        api_base: Some(project.whatsapp.api_base.clone()),
        link_base: None,
    };
    add_whatsapp_channel(&app.core, &operator(), project.id, channel).await.expect("new credentials");
}

both_engines! {
    async fn a_reply_waits_for_new_credentials_and_goes_at_once_then(app: &TestApp) {
        let project = app.project().await;
        for _ in 0..4 {
            project.whatsapp.fail_next(401, 190);
        }
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        for wait in [6, 40, 150] {
            app.advance(SignedDuration::from_secs(wait));
            app.work().await;
        }
        assert_eq!(project.whatsapp.take().len(), 4);
        assert_eq!(app.text(REPLY).await.as_deref(), Some("queued"));
        let fault = app.text(FAULT).await.expect("the channel says what is wrong");
        assert!(fault.contains("access token has expired"), "{fault}");

        change_credentials(app, &project).await;
        app.work().await;
        assert_eq!(project.whatsapp.take().len(), 1, "without any wait");
        assert_eq!(app.text(REPLY).await.as_deref(), Some("sent"));
        assert_eq!(app.text(FAULT).await, None);
    }

    async fn a_fault_that_ends_by_itself_is_no_longer_shown(app: &TestApp) {
        let project = app.project().await;
        project.whatsapp.fail_next(400, 131_042);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        assert!(app.text(FAULT).await.expect("a fault").contains("payment"));
        app.advance(SignedDuration::from_secs(10));
        app.work().await;
        assert_eq!((app.text(REPLY).await.as_deref(), app.text(FAULT).await), (Some("sent"), None));
    }

    async fn new_credentials_do_not_send_twice_what_is_being_sent(app: &TestApp) {
        let project = app.project().await;
        project.whatsapp.fail_next(401, 190);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        app.advance(SignedDuration::from_secs(10));
        let claimed = claim_replies(&app.core, 10).await.expect("claimed");
        change_credentials(app, &project).await;
        assert!(claim_replies(&app.core, 10).await.expect("claimed").is_empty());
        for reply in claimed {
            let settled = send_reply(&app.core, reply).await.expect("sent").expect("a lease");
            settle_reply(&app.engines.conversations, &settled).await.expect("settled");
        }
        app.work().await;
        assert_eq!(project.whatsapp.take().len(), 2);
    }

    async fn failed_replies_are_resent_with_a_fresh_schedule(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        project.whatsapp.fail_next(400, 131_047);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        assert_eq!(app.text(REPLY).await.as_deref(), Some("failed"));
        let id = app.text("SELECT reply_id FROM messages WHERE direction = 'out'").await.expect("a reply");
        assert!(!resend_reply(&app.core, &operator(), other.id, &id).await.expect("not theirs"));
        project.whatsapp.fail_next(500, 131_000);
        assert!(resend_reply(&app.core, &operator(), project.id, &id).await.expect("resent"));
        app.work().await;
        assert_eq!(app.text(REPLY).await.as_deref(), Some("queued"), "an attempt failed, and others follow");
        app.advance(SignedDuration::from_secs(6));
        app.work().await;
        assert_eq!(app.text(REPLY).await.as_deref(), Some("sent"));
        assert!(!resend_reply(&app.core, &operator(), project.id, &id).await.expect("it did not fail"));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'reply.resend'").await, 1);
    }

    async fn all_failed_replies_since_a_time_are_resent(app: &TestApp) {
        let project = app.project().await;
        for number in ["6587654321", "6511112222"] {
            project.whatsapp.fail_next(400, 131_026);
            Person::new(app, &project, number).writes("hello").await;
            app.settle().await;
            app.advance(SignedDuration::from_secs(60));
        }
        project.whatsapp.take();
        let since = app.core.clock.now() - SignedDuration::from_secs(90);
        assert_eq!(resend_failed_replies(&app.core, &operator(), project.id, since).await.expect("resent"), 1);
        app.work().await;
        assert_eq!(project.whatsapp.take().len(), 1);
        let all = Timestamp::UNIX_EPOCH;
        assert_eq!(resend_failed_replies(&app.core, &operator(), project.id, all).await.expect("resent"), 1);
    }
}
