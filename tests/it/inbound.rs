//! What a platform brings, and when the agent reads it: bursts, changed ids, merges, and messages whose click is not stored yet.

use std::time::Duration;

use aurix::conversations::take_turn::next_turn_due;
use aurix::domain::ids::{MessageId, RowKeys};
use aurix::domain::time::SignedDuration;
use aurix::params;
use futures_util::future::join;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::web::Visitor;
use crate::support::{Person, Project, TestApp, message_of, platform_calls, platform_posts, until};

/// Messages that one turn of the agent reads.
const READ_MAX: usize = 50;

fn milliseconds(milliseconds: i64) -> SignedDuration {
    SignedDuration::from_millis(milliseconds)
}

/// Advances the clock, works, and gives how many replies were sent.
async fn replies_after(app: &TestApp, project: &Project, pause: SignedDuration) -> usize {
    app.advance(pause);
    app.work().await;
    project.whatsapp.take_texts().len()
}

/// A person's number changes.
async fn number_changes(app: &TestApp, project: &Project, old: &str, new: &str) {
    let system = json!({"body": "changed", "wa_id": new, "type": "user_changed_number"});
    let message = json!({"from": old, "id": format!("wamid.{old}"), "timestamp": "1767348000", "type": "system", "system": system});
    let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "messages": [message]});
    assert_eq!(platform_calls(app, project, &value).await.status(), 200);
}

both_engines! {
    async fn the_agent_waits_for_the_next_message_of_a_burst(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("Hello").await;
        assert_eq!(next_turn_due(&app.core).await.expect("read"), Some(app.core.clock.now() + milliseconds(1_500)));
        assert_eq!(replies_after(app, &project, milliseconds(1_499)).await, 0);
        person.writes("How much is a bouquet?").await;
        assert_eq!(replies_after(app, &project, milliseconds(1_499)).await, 0);
        assert_eq!(replies_after(app, &project, milliseconds(1)).await, 1);
        assert_eq!(next_turn_due(&app.core).await.expect("read"), None);
    }

    async fn in_the_chat_on_the_page_the_agent_waits_less_long(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("Hello").await;
        assert_eq!(next_turn_due(&app.core).await.expect("read"), Some(app.core.clock.now() + milliseconds(800)));
        app.advance(milliseconds(799));
        app.work().await;
        assert_eq!(mei.since(1).await.len(), 0);
        app.advance(milliseconds(1));
        app.work().await;
        assert_eq!(mei.since(1).await.len(), 1);
    }

    async fn a_burst_postpones_the_agent_by_six_seconds_at_most(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        for _ in 0..4 {
            person.writes("and").await;
            assert_eq!(replies_after(app, &project, milliseconds(1_400)).await, 0);
        }
        person.writes("and").await;
        assert_eq!(replies_after(app, &project, milliseconds(399)).await, 0);
        assert_eq!(replies_after(app, &project, milliseconds(1)).await, 1);
    }

    async fn what_is_more_than_one_turn_reads_is_read_by_the_next(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        let text = |number| if number == READ_MAX { "My name is Mei Ling Tan" } else { "hello" };
        let messages: Vec<Value> =
            (0..=READ_MAX).map(|number| person.text_message(&format!("wamid.many{number}"), text(number))).collect();
        assert_eq!(person.sends(&messages).await.status(), 200);
        app.settle().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan"), "{fields}");
    }

    async fn what_is_neither_a_message_nor_a_status_is_kept_as_a_notice(app: &TestApp) {
        let project = app.project().await;
        let change = json!({"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}});
        let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]});
        assert_eq!(platform_posts(app, &project, body.to_string().as_bytes()).await.status(), 200);
        assert_eq!(app.text("SELECT kind FROM notices").await.as_deref(), Some("account_update"));
    }

    async fn a_person_goes_on_under_a_new_number(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        number_changes(app, &project, "6587654321", "6591234567").await;
        Person::new(app, &project, "6591234567").writes("hello again").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations").await, 1);
        assert_eq!(app.text("SELECT phone FROM conversations").await.as_deref(), Some("+6591234567"));
    }

    async fn a_number_of_another_person_is_not_taken_over(app: &TestApp) {
        let project = app.project().await;
        // The second one was writing while the first one still wrote from the old number.
        for number in ["6587654321", "6591234567", "6587654321"] {
            Person::new(app, &project, number).writes("hello").await;
        }
        number_changes(app, &project, "6587654321", "6591234567").await;
        for number in ["6587654321", "6591234567"] {
            Person::new(app, &project, number).writes("hello again").await;
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations").await, 2);
        assert_eq!(app.count("SELECT COUNT(DISTINCT phone) FROM conversations").await, 2);
    }

    async fn a_message_finds_the_click_that_was_spooled_before_it(app: &TestApp) {
        let project = app.project().await;
        app.engines.clicks.breaker.record_failure(app.core.clock.now());
        let reference = app.click(&project, "device_id=d1").await.reference();
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        Person::new(app, &project, "6587654321").writes(&format!("Hello! Reference: {reference}")).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE session_id IS NOT NULL").await, 1);
    }

    async fn a_message_is_stored_although_the_spool_cannot_be_read(app: &TestApp) {
        let project = app.project().await;
        let in_the_way = app.core.config.data_dir.join("click-spool.replaying.jsonl");
        std::fs::create_dir(in_the_way).expect("a folder");
        Person::new(app, &project, "6587654321").writes("hello").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn a_message_links_all_clicks_of_its_session(app: &TestApp) {
        let project = app.project().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        app.advance(SignedDuration::from_hours(11));
        app.click(&project, "device_id=d1").await;
        Person::new(app, &project, "6587654321").writes(&format!("Hello! Reference: {reference}")).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks WHERE linked").await, 2);
    }

    async fn a_lead_that_is_merged_without_a_click_stays_active(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.a", "hello").await;
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.b", "hello").await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.c", "hello").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, 1);
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("active"));
    }

    async fn the_message_that_merges_is_read_also_where_another_nodes_clock_was_ahead(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.a", "hello").await;
        app.settle().await;
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.b", "hello").await;
        let ahead: MessageId = RowKeys::new(77).next(app.core.clock.now() + SignedDuration::from_hours(1));
        let key = ahead.0;
        let moved = app.core.db.write(async move |tx| {
            Ok(tx.execute("UPDATE messages SET id = $1 WHERE external_id = 'wamid.b'", params![key]).await?)
        });
        assert_eq!(moved.await.expect("moved"), 1);
        app.settle().await;
        let both = json!({"user_id": "SG.1", "wa_id": "6587654321"});
        message_of(app, &project, both, "wamid.c", "I'm Mei Ling Tan").await;
        app.settle().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan"), "{fields}");
    }
}

#[tokio::test]
async fn statuses_lock_their_replies_in_the_order_of_the_keys() {
    const REPLIES: &str = "SELECT external_id FROM messages WHERE direction = 'out' ORDER BY id";
    const LOCK_FIRST: &str =
        "SELECT id FROM messages WHERE id = (SELECT MIN(id) FROM messages WHERE direction = 'out') FOR UPDATE";
    const FREE: &str =
        "SELECT COUNT(*) FROM (SELECT id FROM messages WHERE direction = 'out' FOR UPDATE SKIP LOCKED) AS free";
    const WAITING: &str =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    for number in ["6587654321", "6591234567"] {
        Person::new(&app, &project, number).writes("hello").await;
        app.settle().await;
    }
    let replies = async |conn: &aurix::db::Conn| Ok(conn.query(REPLIES, &[], |row| row.get::<String>(0)).await?);
    let replies = app.core.db.read(replies).await.expect("two replies");
    let (locked, is_locked) = oneshot::channel();
    let (go_on, goes_on) = oneshot::channel();
    let other = app.core.db.write(async move |tx| {
        tx.execute(LOCK_FIRST, &[]).await?;
        let _ = locked.send(());
        Ok(goes_on.await?)
    });
    let statuses = async {
        is_locked.await.expect("another transaction has the first one");
        let status = |id: &String| json!({"id": id, "status": "read", "timestamp": "1767348000", "recipient_id": "1"});
        let value = json!({"metadata": {"phone_number_id": project.phone_number_id},
                           "statuses": [status(&replies[1]), status(&replies[0])]});
        let look = async {
            let waits = async || app.count(WAITING).await > 0;
            until("the statuses wait for the first reply", Duration::from_secs(30), waits).await;
            let free = app.core.db.write(async |tx| Ok(tx.get(FREE, &[], |row| row.get::<i64>(0)).await?));
            assert_eq!(free.await.expect("a count"), 1, "the second one is not locked before the first");
            go_on.send(()).expect("the other transaction waits");
        };
        let (response, ()) = join(platform_calls(&app, &project, &value), look).await;
        assert_eq!(response.status(), 200);
    };
    join(async { other.await.expect("committed") }, statuses).await;
    assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE status = 'read'").await, 2);
    app.end().await;
}
