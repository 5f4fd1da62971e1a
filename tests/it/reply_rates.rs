//! How fast replies go: a number's pace, a person who got too many messages, and refusals that are tried once more.

use aurix::conversations::send_reply::claim_replies;
use aurix::domain::time::SignedDuration;
use serde_json::json;

use crate::support::{Person, Project, TestApp, platform_calls};

const STATUS: &str = "SELECT status FROM messages WHERE direction = 'out'";
const ERROR: &str = "SELECT error FROM messages WHERE direction = 'out'";
const QUEUED: &str = "SELECT COUNT(*) FROM messages WHERE status = 'queued'";

/// How many attempts the platform has seen since the last time, after so many seconds.
async fn attempts_after(app: &TestApp, project: &Project, seconds: i64) -> usize {
    app.advance(SignedDuration::from_secs(seconds));
    app.work().await;
    project.whatsapp.take().len()
}

/// The platform says what became of a reply that it took.
async fn fails(app: &TestApp, project: &Project, code: i64) {
    let id = app.text("SELECT external_id FROM messages WHERE direction = 'out'").await.expect("it has an id");
    let at = app.core.clock.now().as_second().to_string();
    let status = json!({"id": id, "status": "failed", "timestamp": at, "recipient_id": "6587654321", "errors": [{"code": code}]});
    let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "statuses": [status]});
    assert_eq!(platform_calls(app, project, &value).await.status(), 200);
}

both_engines! {
    async fn a_number_sends_no_more_than_its_rate(app: &TestApp) {
        let project = app.project().await;
        app.execute("UPDATE channels SET rate_per_second = 2").await;
        for nth in 0..7 {
            Person::new(app, &project, &format!("658765432{nth}")).writes("hello").await;
        }
        app.settle().await;
        assert_eq!(project.whatsapp.take().len(), 3, "a second's worth, and the one that is due");
        assert_eq!(app.count(QUEUED).await, 4);
        assert_eq!(attempts_after(app, &project, 1).await, 2);
        assert_eq!(attempts_after(app, &project, 1).await, 2);
        assert_eq!(app.count(QUEUED).await, 0);
    }

    async fn two_nodes_share_a_numbers_rate(app: &TestApp) {
        let project = app.project().await;
        app.execute("UPDATE channels SET rate_per_second = 2").await;
        for nth in 0..7 {
            Person::new(app, &project, &format!("658765432{nth}")).writes("hello").await;
        }
        app.settle().await;
        app.advance(SignedDuration::from_secs(1));
        let (one, other) = tokio::join!(claim_replies(&app.core, 10), claim_replies(&app.core, 10));
        assert_eq!(one.expect("claimed").len() + other.expect("claimed").len(), 2);
    }

    async fn a_person_who_got_too_many_is_left_alone_longer_each_time(app: &TestApp) {
        let project = app.project().await;
        for _ in 0..3 {
            project.whatsapp.fail_next(400, 131_056);
        }
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        let mut seen = vec![project.whatsapp.take().len()];
        for wait in [3, 2, 14, 3, 62, 3] {
            seen.push(attempts_after(app, &project, wait).await);
        }
        assert_eq!(seen, [1, 0, 1, 0, 1, 0, 1], "after 4, 16 and 64 seconds");
        assert_eq!(app.text(STATUS).await.as_deref(), Some("sent"));
    }

    async fn a_number_that_sends_too_fast_waits_with_all_replies(app: &TestApp) {
        let project = app.project().await;
        project.whatsapp.fail_next(400, 130_429);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        Person::new(app, &project, "6587654322").writes("hello").await;
        app.settle().await;
        assert_eq!(project.whatsapp.take().len(), 1, "the other person's waits as well");
        assert_eq!(attempts_after(app, &project, 5).await, 2);
    }

    async fn an_account_out_of_calls_marks_nothing_as_read_for_a_while(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        project.whatsapp.fail_next(400, 80_007);
        mei.writes("hello").await;
        project.whatsapp.marked().await;
        app.settle().await;
        project.whatsapp.take();
        let quiet = "SELECT COUNT(*) FROM channels WHERE quiet_until IS NOT NULL AND held_until IS NOT NULL";
        assert_eq!(app.count(quiet).await, 1);
        // Channels are cached for half a second.
        app.advance(SignedDuration::from_secs(1));
        mei.sends(&[mei.text_message("wamid.quiet", "are you there")]).await;
        assert_eq!(attempts_after(app, &project, 30).await, 0);
        assert!(attempts_after(app, &project, 32).await > 0, "replies go on after a minute");
        app.advance(SignedDuration::from_mins(15));
        mei.sends(&[mei.text_message("wamid.later", "still there")]).await;
        assert_eq!(project.whatsapp.marked().await["message_id"], "wamid.later", "and the one before was not marked");
    }

    async fn what_whatsapp_does_not_explain_is_tried_once_more(app: &TestApp) {
        let project = app.project().await;
        project.whatsapp.fail_next(400, 135_000);
        project.whatsapp.fail_next(400, 135_000);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        assert_eq!(app.text(STATUS).await.as_deref(), Some("queued"));
        assert_eq!(attempts_after(app, &project, 10).await, 2);
        assert_eq!(app.text(STATUS).await.as_deref(), Some("failed"));
    }

    async fn a_message_that_whatsapp_chose_not_to_deliver_is_sent_once_more_a_day_later(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        project.whatsapp.take();
        fails(app, &project, 131_049).await;
        fails(app, &project, 131_049).await;
        assert_eq!(app.text(STATUS).await.as_deref(), Some("queued"));
        assert!(app.text(ERROR).await.expect("why").contains("once more a day later"));
        assert_eq!(attempts_after(app, &project, 23 * 3_600).await, 0);
        assert_eq!(attempts_after(app, &project, 3_600).await, 1);
        assert_eq!(app.text(STATUS).await.as_deref(), Some("sent"));
        fails(app, &project, 131_049).await;
        assert_eq!(app.text(STATUS).await.as_deref(), Some("failed"), "not a third time");
    }
}
