//! Turns of the agent and replies when leases end, agents fail and messages arrive at the wrong moment.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aurix::agent::{self, Incoming, Input, Message};
use aurix::conversations::send_reply::{claim_replies, send_reply, settle_reply};
use aurix::conversations::take_turn::{self, Agent, Settled, TURN_ATTEMPTS_MAX, claim_turns, take_turn};
use aurix::conversations::{Conversations, Turn};
use aurix::db::Tx;
use aurix::domain::ids::{MessageId, RowKeys};
use aurix::domain::time::SignedDuration;
use serde_json::json;

use crate::support::{Person, Receiver, TestApp, message_of};

/// Past the pause after a burst, and past a lease.
const BURST_OVER: SignedDuration = SignedDuration::from_secs(2);
const LEASE_OVER: SignedDuration = SignedDuration::from_secs(31);
/// More than any test needs.
const BUDGET: Duration = Duration::from_secs(60);

const REPLIES: &str = "SELECT COUNT(*) FROM messages WHERE direction = 'out'";
/// The youngest conversation waits for its turn for ever, as where the turn fails again and again.
const HOLD_NEWEST: &str =
    "UPDATE conversations SET due_at = 9000000000000000 WHERE id = (SELECT MAX(id) FROM conversations)";
const DUE: &str = "SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL";

async fn claim_one(app: &TestApp) -> Turn {
    let mut turns = claim_turns(&app.core, 10).await.expect("turns");
    assert_eq!(turns.len(), 1, "one turn is due");
    turns.remove(0)
}

/// The engine with an agent that panics over a message that says so, and otherwise is the built-in one.
fn with_fragile_agent(app: &TestApp) -> (Conversations, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let agent: Agent = Arc::new(move |input: &Input<'_>| {
        counted.fetch_add(1, Ordering::Relaxed);
        let is_bomb = |incoming: &Incoming| matches!(&incoming.message, Message::Text(text) if text == "bomb");
        assert!(!input.messages.iter().any(is_bomb), "the agent falls over");
        agent::turn(input)
    });
    (app.engines.conversations.clone().with_agent(agent, BUDGET), calls)
}

both_engines! {
    async fn a_turn_whose_lease_ended_writes_nothing_after_another_node_settled_it(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        Person::new(app, &project, "6587654321").writes("My name is Mei Ling Tan").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        let slow = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        app.advance(LEASE_OVER);
        take_turn(engine, claim_one(app).await).await.expect("the other node takes the turn");
        assert_eq!(app.count(REPLIES).await, 1);

        assert_eq!(take_turn::settle(engine, slow).await.expect("settled"), Settled::Superseded);
        app.work().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1, "exactly one reply");
        assert_eq!(receiver.take_events(), ["lead.created"]);
    }

    async fn a_turn_whose_lease_ended_writes_nothing_while_another_node_decides(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        let slow = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        app.advance(LEASE_OVER);
        let quick = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        assert_eq!(take_turn::settle(engine, slow).await.expect("settled"), Settled::Superseded);
        assert_eq!(app.count(REPLIES).await, 0);
        assert_eq!(take_turn::settle(engine, quick).await.expect("settled"), Settled::Written);
        app.work().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn of_two_claims_on_a_turn_that_are_settled_in_one_batch_the_last_one_counts(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        Person::new(app, &project, "6587654321").writes("My name is Mei Ling Tan").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        let slow = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        app.advance(LEASE_OVER);
        let quick = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        let (slow, quick) = tokio::join!(take_turn::settle(engine, slow), take_turn::settle(engine, quick));
        assert_eq!((slow.expect("settled"), quick.expect("settled")), (Settled::Superseded, Settled::Written));
        app.work().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1);
        assert_eq!(receiver.take_events(), ["lead.created"]);
    }

    async fn a_message_that_arrives_during_a_decision_is_answered_by_the_next_turn(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("How much is a bridal bouquet?").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        let first = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        person.writes("I'm Mei Ling Tan").await;
        assert_eq!(take_turn::settle(engine, first).await.expect("settled"), Settled::Written);
        assert_eq!((app.count(REPLIES).await, app.count(DUE).await), (1, 1), "the second message still waits");
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 2);
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan"), "{fields}");
        assert_eq!(app.count(DUE).await, 0);
    }

    async fn a_click_that_is_linked_during_a_decision_stays_linked(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        app.webhook(&project, &receiver).await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("I'm Mei Ling Tan, mei.ling@example.com, flowers please").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        let first = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        assert!(first.completed, "all that the form requires was said");
        person.writes(&reference).await;
        assert_eq!(take_turn::settle(engine, first).await.expect("settled"), Settled::Written);
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE session_id IS NOT NULL AND status = 'complete'").await, 1);
        let complete = receiver.take().into_iter().find(|event| event.event() == "lead.complete").expect("an event");
        assert_eq!(complete.json()["data"]["correlation_id"], json!(reference));
    }

    async fn a_merge_during_a_decision_takes_the_turn_away(app: &TestApp) {
        let project = app.project().await;
        let message = async |contact, id: &str, text: &str| message_of(app, &project, contact, id, text).await;
        message(json!({"wa_id": "6587654321"}), "wamid.a", "mei.ling@example.com").await;
        app.settle().await;
        message(json!({"user_id": "SG.1"}), "wamid.b", "My name is Mei Ling Tan").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        take_turn(engine, claim_one(app).await).await.expect("the name is known");
        message(json!({"wa_id": "6587654321"}), "wamid.c", "a bouquet for Friday").await;
        app.advance(BURST_OVER);
        let slow = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        message(json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.d", "hello again").await;
        assert_eq!(take_turn::settle(engine, slow).await.expect("settled"), Settled::Superseded);
        app.settle().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan") && fields.contains("mei.ling@example.com"), "{fields}");
    }

    async fn a_merge_during_a_decision_about_the_younger_conversation_takes_the_turn_away(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.a", "hello").await;
        app.settle().await;
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.b", "My name is Mei Ling Tan").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        let slow = take_turn::decide(engine, Arc::new(claim_one(app).await)).await.expect("decided");
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.c", "hello again").await;
        assert_eq!(take_turn::settle(engine, slow).await.expect("settled"), Settled::Superseded);
        app.settle().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan"), "{fields}");
    }

    async fn an_unread_message_of_a_merged_conversation_is_read_although_the_other_one_has_read_a_newer_one(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.a", "hello").await;
        app.settle().await;
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.b", "My name is Mei Ling Tan").await;
        app.core.db.write(async |tx: &Tx| Ok(tx.execute(HOLD_NEWEST, &[]).await?)).await.expect("held");
        app.advance(SignedDuration::from_secs(60));
        message_of(app, &project, json!({"wa_id": "6587654321"}), "wamid.c", "mei.ling@example.com").await;
        app.settle().await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.d", "hello again").await;
        app.settle().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan") && fields.contains("mei.ling@example.com"), "{fields}");
    }

    async fn a_merge_of_conversations_that_are_read_lets_the_agent_read_none_again(app: &TestApp) {
        let project = app.project().await;
        let read = Arc::new(Mutex::new(Vec::new()));
        let reading = read.clone();
        let agent: Agent = Arc::new(move |input: &Input<'_>| {
            reading.lock().expect("not poisoned").push(input.messages.len());
            agent::turn(input)
        });
        let engine = app.engines.conversations.clone().with_agent(agent, BUDGET);
        let contacts = [json!({"wa_id": "6587654321"}), json!({"user_id": "SG.1"}), json!({"user_id": "SG.1", "wa_id": "6587654321"})];
        for (contact, id) in contacts.into_iter().zip(["wamid.a", "wamid.b", "wamid.c"]) {
            message_of(app, &project, contact, id, "hello").await;
            app.advance(BURST_OVER);
            take_turn(&engine, claim_one(app).await).await.expect("taken");
        }
        assert_eq!(*read.lock().expect("not poisoned"), [1, 1, 1]);
    }

    async fn an_agent_that_panics_is_retried_and_given_up_and_blocks_nobody_else(app: &TestApp) {
        let project = app.project().await;
        let (engine, calls) = with_fragile_agent(app);
        let (one, other) = (Person::new(app, &project, "6587654321"), Person::new(app, &project, "6511112222"));
        one.writes("bomb").await;
        other.writes("hello").await;
        for attempt in 1..=TURN_ATTEMPTS_MAX {
            app.advance(SignedDuration::from_secs(70));
            for turn in claim_turns(&app.core, 10).await.expect("turns") {
                take_turn(&engine, turn).await.expect("taken");
            }
            assert_eq!(app.count(REPLIES).await, 1, "the other one is answered");
            assert_eq!(app.count(DUE).await, i64::from(attempt < TURN_ATTEMPTS_MAX), "attempt {attempt}");
        }
        assert_eq!(calls.load(Ordering::Relaxed), TURN_ATTEMPTS_MAX as usize + 1);

        one.writes("are you there?").await;
        app.advance(BURST_OVER);
        take_turn(&engine, claim_one(app).await).await.expect("taken");
        assert_eq!(app.count(REPLIES).await, 2, "the next message begins a new turn");
        app.work().await;
    }

    async fn a_failed_turn_waits_longer_after_each_attempt(app: &TestApp) {
        let project = app.project().await;
        let (engine, _) = with_fragile_agent(app);
        Person::new(app, &project, "6587654321").writes("bomb").await;
        app.advance(BURST_OVER);
        for wait in [1, 2, 4] {
            take_turn(&engine, claim_one(app).await).await.expect("taken");
            app.advance(SignedDuration::from_millis(wait * 1000 - 1));
            assert!(claim_turns(&app.core, 10).await.expect("turns").is_empty(), "not before {wait} s");
            app.advance(SignedDuration::from_millis(1));
        }
        app.core.db.write(async |tx: &Tx| Ok(tx.execute("UPDATE conversations SET due_at = NULL", &[]).await?)).await.expect("ended");
    }

    async fn an_agent_that_takes_too_long_is_a_failed_attempt(app: &TestApp) {
        let project = app.project().await;
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let agent: Agent = Arc::new(move |input: &Input<'_>| {
            let _ = wait.lock().expect("not poisoned").recv();
            agent::turn(input)
        });
        let engine = app.engines.conversations.clone().with_agent(agent, Duration::from_millis(50));
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.advance(BURST_OVER);
        take_turn(&engine, claim_one(app).await).await.expect("taken");
        drop(release);
        assert_eq!((app.count(REPLIES).await, app.count(DUE).await), (0, 1));
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1, "answered by the next attempt");
    }

    async fn a_turn_that_ended_many_processes_is_given_up_undecided(app: &TestApp) {
        let project = app.project().await;
        let (engine, calls) = with_fragile_agent(app);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.advance(BURST_OVER);
        for _ in 0..TURN_ATTEMPTS_MAX {
            claim_one(app).await;
            app.advance(LEASE_OVER);
        }
        take_turn(&engine, claim_one(app).await).await.expect("given up");
        assert_eq!((app.count(REPLIES).await, app.count(DUE).await, calls.load(Ordering::Relaxed)), (0, 0, 0));
    }

    async fn a_node_that_lost_its_lease_does_not_give_the_turn_up(app: &TestApp) {
        let project = app.project().await;
        let (engine, _) = with_fragile_agent(app);
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.advance(BURST_OVER);
        for _ in 0..TURN_ATTEMPTS_MAX {
            claim_one(app).await;
            app.advance(LEASE_OVER);
        }
        let late = claim_one(app).await;
        app.advance(LEASE_OVER);
        let current = claim_one(app).await;
        let attempted = "SELECT COUNT(*) FROM conversations WHERE turn_attempts > 0";
        take_turn(&engine, late).await.expect("ignored");
        assert_eq!((app.count(attempted).await, app.count(DUE).await), (1, 1), "the turn is the other node's");
        take_turn(&engine, current).await.expect("given up");
        assert_eq!((app.count(attempted).await, app.count(DUE).await), (0, 0));
    }

    async fn a_reply_that_another_node_sent_is_not_settled_again(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.advance(BURST_OVER);
        let engine = &app.engines.conversations;
        take_turn(engine, claim_one(app).await).await.expect("taken");
        let slow = claim_replies(&app.core, 10).await.expect("claimed").remove(0);
        project.whatsapp.fail_next(400, 131_047);
        let failed = send_reply(&app.core, slow).await.expect("sent").expect("in time");
        app.advance(LEASE_OVER);
        let quick = claim_replies(&app.core, 10).await.expect("claimed").remove(0);
        settle_reply(engine, &failed).await.expect("ignored");
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("queued"));
        let sent = send_reply(&app.core, quick).await.expect("sent").expect("in time");
        settle_reply(engine, &sent).await.expect("settled");
        settle_reply(engine, &failed).await.expect("ignored");
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("sent"));
    }

    async fn a_reply_whose_lease_ended_is_not_sent(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.advance(BURST_OVER);
        take_turn(&app.engines.conversations, claim_one(app).await).await.expect("taken");
        let slow = claim_replies(&app.core, 10).await.expect("claimed").remove(0);
        app.advance(LEASE_OVER);
        app.work().await;
        assert!(send_reply(&app.core, slow).await.expect("no error").is_none());
        assert_eq!(project.whatsapp.take_texts().len(), 1, "sent once");
    }

    async fn a_message_stored_by_a_node_with_a_late_clock_is_read(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("hello").await;
        // Another node, whose clock is an hour ahead, stored the message.
        let ahead: MessageId = RowKeys::new(77).next(app.core.clock.now() + SignedDuration::from_hours(1));
        let key = ahead.0;
        app.core.db.write(async move |tx: &Tx| {
            Ok(tx.execute("UPDATE messages SET id = $1", aurix::params![key]).await?)
        }).await.expect("moved");
        app.settle().await;
        person.writes("I'm Mei Ling Tan").await;
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 2, "both are answered");
        let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
        assert!(fields.contains("Mei Ling Tan"), "{fields}");
    }
}
