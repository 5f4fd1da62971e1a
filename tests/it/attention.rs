//! What needs attention: opened once, closed once it is mended, and told to operational webhooks.

mod ahead;
mod webhook;

use aurix::attention::{Looked, look, remove_old_attention};
use aurix::domain::attention::AttentionKind;
use aurix::domain::ids::{AttentionId, ProjectId, WebhookId};
use aurix::domain::random::Random;
use aurix::domain::time::SignedDuration;
use aurix::net::Resolver;
use aurix::projects::set_webhook_active::set_webhook_active;
use aurix::store::attention::{self, AttentionItem};
use futures_util::future::join_all;

use crate::support::{Project, Receiver, TestApp, operator};

const fn looked(opened: usize, closed: usize) -> Looked {
    Looked { opened, closed }
}

/// How often both nodes look at the same time.
const LOOKS: usize = 8;

pub async fn look_once(app: &TestApp) -> Looked {
    look(&app.core).await.expect("a look")
}

/// The items of a project, newest first.
pub async fn items(app: &TestApp, project: ProjectId) -> Vec<AttentionItem> {
    let page =
        async move |conn: &aurix::db::Conn| Ok(attention::page(conn, project, AttentionId(i64::MAX), 100).await?);
    app.core.db.read(page).await.expect("the items")
}

/// The only item that is open.
pub async fn open_item(app: &TestApp, project: ProjectId) -> AttentionItem {
    let mut open = items(app, project).await;
    open.retain(|item| item.closed_at.is_none());
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

/// A project with a webhook.
pub async fn with_webhook(app: &TestApp) -> (Project, Receiver, WebhookId) {
    let project = app.project().await;
    let receiver = Receiver::start().await;
    app.webhook(&project, &receiver).await;
    let webhook = WebhookId(app.count("SELECT MAX(id) FROM webhooks").await);
    (project, receiver, webhook)
}

/// The webhook is called, and answers so.
pub async fn answers(app: &TestApp, project: &Project, receiver: &Receiver, status: u16) {
    receiver.respond_next(status);
    app.click(project, "").await;
    app.work().await;
}

both_engines! {
    async fn a_webhook_that_was_turned_off_needs_attention_until_it_is_on(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        assert_eq!(look_once(app).await, looked(0, 0));
        answers(app, &project, &receiver, 410).await;
        app.advance(SignedDuration::from_secs(5));
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)), "once");
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.subject_id), (AttentionKind::WebhookOff, webhook.0));
        assert_eq!(Some(&item.subject), app.text("SELECT public_id FROM webhooks").await.as_ref());
        assert!(item.title.starts_with("Webhook 127.0.0.1 was turned off") && item.message.contains("410 Gone"), "{item:?}");
        assert_eq!(item.opened_at.duration_since(item.since).as_secs(), 5, "since it is off");

        set_webhook_active(&app.core, &operator(), project.id, webhook, true).await.expect("on");
        assert_eq!((look_once(app).await, look_once(app).await), (looked(0, 1), looked(0, 0)));
        answers(app, &project, &receiver, 410).await;
        assert_eq!(look_once(app).await, looked(1, 0), "a new one");
        assert_eq!(items(app, project.id).await.len(), 2);
    }

    async fn a_webhook_that_a_person_turned_off_needs_nobody(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        set_webhook_active(&app.core, &operator(), project.id, webhook, false).await.expect("off");
        assert_eq!(look_once(app).await, looked(0, 0));
        set_webhook_active(&app.core, &operator(), project.id, webhook, true).await.expect("on");
        answers(app, &project, &receiver, 410).await;
        assert_eq!(look_once(app).await, looked(1, 0));
        set_webhook_active(&app.core, &operator(), project.id, webhook, false).await.expect("off, and meant so");
        assert_eq!(look_once(app).await, looked(0, 1));
    }

    async fn a_webhook_that_fails_for_an_hour_needs_attention_until_it_answers(app: &TestApp) {
        let (project, receiver, _) = with_webhook(app).await;
        answers(app, &project, &receiver, 500).await;
        app.advance(SignedDuration::from_mins(60) - SignedDuration::from_micros(1));
        assert_eq!(look_once(app).await, looked(0, 0));
        app.advance(SignedDuration::from_micros(1));
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, project.id).await;
        assert_eq!(item.kind, AttentionKind::WebhookFailing);
        assert_eq!(item.opened_at.duration_since(item.since).as_secs(), 3_600);
        // Paused, it fails at nothing.
        app.execute("UPDATE webhooks SET paused_at = 1").await;
        assert_eq!(look_once(app).await, looked(0, 1));
        app.execute("UPDATE webhooks SET paused_at = NULL").await;
        assert_eq!(look_once(app).await, looked(1, 0));
        app.execute("UPDATE webhooks SET failing_since = NULL").await;
        assert_eq!(look_once(app).await, looked(0, 1));
    }

    async fn what_is_removed_needs_nobody(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        aurix::projects::remove_webhook::remove_webhook(&app.core, &operator(), project.id, webhook).await.expect("removed");
        assert_eq!(look_once(app).await, looked(0, 1));
    }

    async fn a_channel_that_is_refused_needs_attention_until_it_sends(app: &TestApp) {
        let project = app.project().await;
        app.execute("UPDATE channels SET fault = 'The access token expired', fault_since = 1767348000000000").await;
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.title.as_str()), (AttentionKind::ChannelFault, "WhatsApp +6512345678 cannot send"));
        assert_eq!(item.message, "The access token expired. Replies wait until it is mended.");
        assert_eq!(item.kind.page(&item.subject), "channels/791163770738681");
        app.execute("UPDATE channels SET fault = NULL, fault_since = NULL").await;
        assert_eq!(look_once(app).await, looked(0, 1));
    }

    async fn people_who_wait_for_too_long_need_attention_until_somebody_answers(app: &TestApp) {
        let project = app.project().await;
        let person = crate::support::Person::new(app, &project, "6591234567");
        person.writes("I want to talk to a human").await;
        app.settle().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("waiting"));
        app.advance(SignedDuration::from_mins(14));
        assert_eq!(look_once(app).await, looked(0, 0), "the project allows 15 minutes");
        app.advance(SignedDuration::from_mins(1));
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.subject_id), (AttentionKind::PeopleWaiting, 0));
        assert!(item.message.contains("longer than 15 minutes"), "{item:?}");
        app.execute("UPDATE conversations SET handling = 'with', handling_since = 1767348000000000").await;
        assert_eq!(look_once(app).await, looked(0, 1));
    }

    async fn a_widget_that_had_clicks_needs_attention_after_a_day_without(app: &TestApp) {
        let project = app.project().await;
        app.advance(SignedDuration::from_hours(48));
        assert_eq!(look_once(app).await, looked(0, 0), "one that never had a click is silent from the beginning");
        app.click(&project, "").await;
        aurix::clicks::widget_sightings::store(&app.engines.clicks).await.expect("stored");
        app.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
        assert_eq!(look_once(app).await, looked(0, 0));
        app.advance(SignedDuration::from_secs(1));
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, project.id).await;
        assert_eq!((item.kind, item.subject.as_str()), (AttentionKind::WidgetSilent, project.widget_id.as_str()));
        app.click(&project, "").await;
        aurix::clicks::widget_sightings::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(look_once(app).await, looked(0, 1));
        app.advance(SignedDuration::from_hours(24));
        assert_eq!(look_once(app).await, looked(1, 0));
        app.advance(SignedDuration::from_hours(29 * 24));
        assert_eq!(look_once(app).await, looked(0, 1), "it was taken down");
    }

    async fn a_nearly_full_disk_is_a_matter_of_the_instance(app: &TestApp) {
        let project = app.project().await;
        app.execute("INSERT INTO disks (host, path, total_bytes, free_bytes, seen_at)
                     VALUES ('a', '/data', 40000000000, 3900000000, 1767348000000000),
                            ('b', '/data', 40000000000, 20000000000, 1767348000000000)").await;
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        let item = open_item(app, ProjectId::INSTANCE).await;
        assert_eq!((item.subject.as_str(), item.title.as_str()), ("a /data", "The disk of a is nearly full"));
        assert!(item.message.starts_with("3.9 GB of 40.0 GB are free at /data."), "{item:?}");
        assert_eq!(items(app, project.id).await.len(), 0);
        app.execute("UPDATE disks SET free_bytes = 4900000000 WHERE host = 'a'").await;
        assert_eq!(look_once(app).await, looked(0, 0), "it wavers");
        app.execute("UPDATE disks SET free_bytes = 5100000000 WHERE host = 'a'").await;
        assert_eq!(look_once(app).await, looked(0, 1));
        app.execute("UPDATE disks SET free_bytes = 0 WHERE host = 'a'").await;
        assert_eq!(look_once(app).await, looked(1, 0));
        app.advance(SignedDuration::from_mins(15));
        assert_eq!(look_once(app).await, looked(0, 1), "the node is gone: nobody knows");
    }

    async fn a_node_says_how_full_its_disks_are(app: &TestApp) {
        aurix::attention::report_disks(&app.core).await.expect("reported");
        app.advance(SignedDuration::from_hours(25));
        app.execute("INSERT INTO disks (host, path, total_bytes, free_bytes, seen_at) VALUES ('gone', '/', 1, 1, 1)").await;
        aurix::attention::report_disks(&app.core).await.expect("reported");
        assert_eq!(app.count("SELECT COUNT(*) FROM disks WHERE free_bytes > 0 AND seen_at > 1767348000000000").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM disks").await, 1, "one that says nothing is forgotten");
    }

    async fn a_backup_is_missed_only_where_one_was_made(app: &TestApp) {
        app.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(look_once(app).await, looked(0, 0), "nobody knows how backups are made here");
        let note = async || {
            let now = app.core.clock.now();
            let noted = app.core.db.write(async move |tx| Ok(aurix::store::disks::note_backup(tx, now).await?));
            noted.await.expect("noted")
        };
        note().await;
        app.advance(SignedDuration::from_hours(7 * 24));
        assert_eq!(look_once(app).await, looked(0, 0));
        app.advance(SignedDuration::from_secs(1));
        assert_eq!((look_once(app).await, look_once(app).await), (looked(1, 0), looked(0, 0)));
        assert!(open_item(app, ProjectId::INSTANCE).await.message.contains("1 Feb 2026"));
        note().await;
        assert_eq!(look_once(app).await, looked(0, 1));
    }

    async fn of_two_nodes_one_opens_and_one_closes(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        let config = app.core.config.clone();
        let other = aurix::serve::open_with(config, app.core.clock.clone(), Random::seeded(8), Resolver::System);
        let other = other.await.expect("a second node");
        let both = async || {
            let looks = (0..LOOKS).flat_map(|_| [look(&app.core), look(&other)]);
            let all = join_all(looks).await.into_iter().map(|one| one.expect("a look"));
            all.fold(looked(0, 0), |sum, one| looked(sum.opened + one.opened, sum.closed + one.closed))
        };
        app.webhook_for_attention(&project, &receiver).await;
        let events = "SELECT COUNT(*) FROM events WHERE event_type LIKE 'attention.%'";
        answers(app, &project, &receiver, 410).await;
        assert_eq!((both().await, app.count(events).await), (looked(1, 0), 1));
        set_webhook_active(&app.core, &operator(), project.id, webhook, true).await.expect("on");
        assert_eq!((both().await, app.count(events).await), (looked(0, 1), 2));
        other.db.close().await;
    }

    async fn an_item_is_opened_once_and_closed_once(app: &TestApp) {
        let project = app.project().await;
        let new = attention::NewItem {
            project: project.id,
            kind: AttentionKind::WidgetSilent,
            subject_id: 7,
            subject: "w_1".to_owned(),
            title: "Silent".to_owned(),
            message: String::new(),
            since: app.core.clock.now(),
        };
        let now = app.core.clock.now();
        let twice = app.core.db.write(async move |tx| {
            let (first, second) = (attention::open(tx, &new, now).await?, attention::open(tx, &new, now).await?);
            let item = first.expect("it is the first");
            assert!(second.is_none(), "one is open");
            let closed = [attention::close(tx, item.project, item.id, now).await?, attention::close(tx, item.project, item.id, now).await?];
            Ok((closed, attention::open(tx, &new, now).await?.is_some()))
        });
        assert_eq!(twice.await.expect("written"), ([true, false], true));
    }

    async fn a_node_waits_while_another_opens_and_closes(app: &TestApp) {
        if !app.core.db.has_peers() {
            return;
        }
        let (project, receiver, _) = with_webhook(app).await;
        answers(app, &project, &receiver, 410).await;
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let other = app.core.db.write(async move |tx| {
            attention::lock(tx).await?;
            let _ = locked.send(());
            let _ = released.await;
            Ok(())
        });
        let this = async {
            is_locked.await.expect("locked");
            look_once(app).await
        };
        let waits = async {
            let waiting = async || app.count("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").await > 0;
            crate::support::until("it waits", std::time::Duration::from_secs(20), waiting).await;
            release.send(()).expect("the other node is there");
        };
        let (other, this, ()) = tokio::join!(other, this, waits);
        other.expect("released");
        assert_eq!(this, looked(1, 0));
    }

    async fn closed_items_are_kept_for_a_month(app: &TestApp) {
        let (project, receiver, webhook) = with_webhook(app).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        app.advance(SignedDuration::from_hours(60 * 24));
        assert_eq!(remove_old_attention(&app.core).await.expect("removed"), 0, "an open one stays");
        set_webhook_active(&app.core, &operator(), project.id, webhook, true).await.expect("on");
        assert!(look_once(app).await.closed >= 1);
        app.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(remove_old_attention(&app.core).await.expect("removed"), 0);
        app.advance(SignedDuration::from_secs(1));
        assert_eq!(remove_old_attention(&app.core).await.expect("removed"), 1);
    }

    async fn more_than_a_transaction_takes_are_opened_and_closed(app: &TestApp) {
        let (_, receiver, _) = with_webhook(app).await;
        let project = app.project_named("Many", "222").await;
        for _ in 0..120 {
            app.webhook(&project, &receiver).await;
        }
        app.execute("UPDATE webhooks SET turned_off_at = 1767348000000000, is_active = FALSE").await;
        assert_eq!(look_once(app).await, looked(121, 0));
        app.execute("UPDATE webhooks SET turned_off_at = NULL, is_active = TRUE").await;
        assert_eq!(look_once(app).await, looked(0, 121));
    }
}
