//! What will cost leads unless somebody acts: links that were paused and are followed, tokens that expire.

use aurix::clicks::automated_requests;
use aurix::domain::attention::AttentionKind;
use aurix::domain::ids::ProjectId;
use aurix::domain::link::{Campaign, LinkStatus};
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::params;
use aurix::projects::links::{NewLink, Opens, create_link, set_link_status};
use aurix::projects::watch_channels::watch_channels;
use serde_json::{Value, json};

use super::{items, look_once, looked, open_item};
use crate::support::{Project, TestApp, operator};

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1");

/// People follow the link `poster`, and the maintenance task comes.
async fn follow(app: &TestApp, people: usize) {
    for _ in 0..people {
        assert_eq!(app.get("/l/poster", &[BROWSER]).await.status(), 302);
    }
    automated_requests::store(&app.engines.clicks).await.expect("stored");
}

/// The platform is asked about the project's channel, once that is due, and answers so of its token.
async fn asked(app: &TestApp, project: &Project, token: Value) {
    project.whatsapp.answer_next(200, json!({"data": token}));
    project.whatsapp.take_calls();
    app.advance(SignedDuration::from_hours(24));
    watch_channels(&app.core).await.expect("asked");
    let calls = project.whatsapp.take_calls();
    assert!(calls.len() == 1 && calls[0].contains("/debug_token?input_token="), "{calls:?}");
}

both_engines! {
    async fn a_paused_link_that_is_followed_needs_attention_until_it_is_resumed_or_left(app: &TestApp) {
        let project = app.project().await;
        let said = Campaign { source: "poster".to_owned(), ..Campaign::default() };
        let new = NewLink { slug: Some("poster".to_owned()), opens: Opens::Widget(project.widget_id.clone()), campaign: said };
        let link = create_link(&app.core, &operator(), project.id, new).await.expect("a link");
        let set = async |status: LinkStatus| {
            set_link_status(&app.core, &operator(), project.id, link.id, status).await.expect("a write");
            app.advance(SignedDuration::from_secs(1));
        };
        set(LinkStatus::Paused).await;
        follow(app, 4).await;
        assert_eq!(look_once(app).await, looked(0, 0), "a few are no reason");
        follow(app, 1).await;
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.subject_id, item.subject.as_str()), (AttentionKind::LinkPaused, link.id.0, link.id.to_string().as_str()));
        assert!(item.title.contains("poster") && item.message.starts_with("5 people followed it"), "{item:?}");

        app.advance(SignedDuration::from_hours(48));
        assert_eq!(look_once(app).await, looked(0, 1), "nobody does any more");
        follow(app, 1).await;
        assert_eq!(look_once(app).await, looked(1, 0));
        set(LinkStatus::Active).await;
        assert_eq!(look_once(app).await, looked(0, 1));
        set(LinkStatus::Paused).await;
        follow(app, 4).await;
        assert_eq!(look_once(app).await, looked(0, 0), "counted from the new pause on");
    }

    async fn tokens_of_a_model_need_attention_from_four_fifths_on_until_their_day_or_month_is_over(app: &TestApp) {
        let project = app.project().await;
        // The tests begin on 2 January 2026.
        app.execute("INSERT INTO model_days (project_id, day, calls, failures, tokens, cached_tokens, duration_ms)
                     SELECT id, '2026-01-01', 1, 0, 700, 0, 0 FROM projects").await;
        app.execute("INSERT INTO model_days (project_id, day, calls, failures, tokens, cached_tokens, duration_ms)
                     SELECT id, '2026-01-02', 1, 0, 799, 0, 0 FROM projects").await;
        assert_eq!(look_once(app).await, looked(0, 0), "there is no limit");
        app.execute("UPDATE projects SET tokens_a_day = 1000, tokens_a_month = 2000").await;
        assert_eq!(look_once(app).await, looked(0, 0), "there is a fifth left");
        app.execute("UPDATE model_days SET tokens = 800 WHERE day = '2026-01-02'").await;
        assert_eq!(look_once(app).await, looked(1, 0));
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.subject.as_str()), (AttentionKind::TokensLow, "day"));
        assert!(item.message.contains("spent 800 of the 1000 tokens"), "{item:?}");
        app.execute("UPDATE model_days SET tokens = 900 WHERE day = '2026-01-02'").await;
        assert_eq!(look_once(app).await, looked(1, 0), "the month is an item of its own");
        app.advance(SignedDuration::from_hours(24));
        assert_eq!(look_once(app).await, looked(0, 1), "the day is over");
        assert_eq!(open_item(app, project.id).await.subject, "month");
        app.execute("UPDATE projects SET tokens_a_month = 2500").await;
        assert_eq!(look_once(app).await, looked(0, 1), "the limit was raised");
        app.execute("UPDATE projects SET tokens_a_month = 2000").await;
        assert_eq!(look_once(app).await, looked(1, 0));
        app.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(look_once(app).await, looked(0, 1), "the month is over");
    }

    async fn a_certificate_that_is_not_renewed_is_a_matter_of_the_instance(app: &TestApp) {
        let days = |days: i64| app.core.clock.now() + SignedDuration::from_hours(24 * days);
        let set = async |failures: i64, expires_at: Option<Timestamp>| {
            let now = app.core.clock.now();
            let written = app.core.db.write(async move |tx| {
                tx.execute("DELETE FROM certificates", &[]).await?;
                let values = params![failures, now, expires_at, "aurix.example: no such name. Look at your DNS."];
                Ok(tx.execute(
                    "INSERT INTO certificates (names, due_at, attempt, failures, attempted_at, expires_at, fault)
                     VALUES ('aurix.example', $2, 1, $1, $2, $3, $4)",
                    values,
                ).await?)
            });
            written.await.expect("stored");
        };
        set(2, Some(days(3))).await;
        assert_eq!(look_once(app).await, looked(0, 0), "it may be an accident");
        set(3, Some(days(15))).await;
        assert_eq!(look_once(app).await, looked(0, 0), "there is time");
        set(3, Some(days(14))).await;
        assert_eq!(look_once(app).await, looked(1, 0));
        let item = open_item(app, ProjectId::INSTANCE).await;
        assert_eq!((item.kind, item.subject.as_str()), (AttentionKind::CertificateAgeing, "aurix.example"));
        assert!(item.title.contains("expires on 16 Jan 2026") && item.message.ends_with("Look at your DNS."), "{item:?}");
        set(0, Some(days(90))).await;
        assert_eq!(look_once(app).await, looked(0, 1), "it was issued");
        set(4, None).await;
        assert_eq!(look_once(app).await, looked(1, 0));
        assert_eq!(open_item(app, ProjectId::INSTANCE).await.title, "There is no certificate for aurix.example");
        app.advance(SignedDuration::from_hours(48));
        assert_eq!(look_once(app).await, looked(0, 1), "nobody orders it any more");
    }

    async fn a_token_that_expires_needs_attention_two_weeks_before(app: &TestApp) {
        let project = app.project().await;
        asked(app, &project, json!({"is_valid": true, "expires_at": 0})).await;
        assert_eq!(look_once(app).await, looked(0, 0), "it has no end");
        // The tests begin on 2 January 2026.
        asked(app, &project, json!({"is_valid": true, "expires_at": 1_768_780_800})).await;
        assert_eq!(look_once(app).await, looked(0, 0), "there are more than two weeks");
        app.advance(SignedDuration::from_hours(24));
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, project.id).await;
        assert_eq!(item.kind, AttentionKind::TokenAgeing);
        assert!(item.title.ends_with("expires on 19 Jan 2026"), "{item:?}");
        asked(app, &project, json!({"is_valid": true, "expires_at": 0})).await;
        assert_eq!(look_once(app).await, looked(0, 1), "it was replaced by one without an end");
        asked(app, &project, json!({"is_valid": false, "expires_at": 0})).await;
        assert_eq!(look_once(app).await, looked(1, 0));
        assert_eq!(items(app, project.id).await[0].kind, AttentionKind::ChannelFault);
    }

    async fn a_platform_that_says_nothing_of_a_token_changes_nothing(app: &TestApp) {
        let project = app.project().await;
        asked(app, &project, json!({"is_valid": true, "expires_at": 1_767_484_800})).await;
        assert_eq!(look_once(app).await, looked(1, 0));
        asked(app, &project, json!({})).await;
        assert_eq!(look_once(app).await, looked(0, 0));
        assert_eq!(open_item(app, project.id).await.kind, AttentionKind::TokenAgeing);
    }
}
