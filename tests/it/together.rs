//! What comes at the same moment shares a transaction, and comes out as if it had come one by one.

use aurix::conversations::take_turn;
use aurix::db::Sql;
use aurix::domain::time::SignedDuration;
use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::support::{Person, Receiver, TestApp};

/// People who write at the same moment: more than one batch holds.
const PEOPLE: usize = 150;
/// How often it is looked whether somebody waits: some seconds' worth.
const LOOKS_MAX: usize = 20_000;

both_engines! {
    async fn a_rush_of_messages_is_stored_as_if_they_came_one_by_one(app: &TestApp) {
        let project = app.project().await;
        let people: Vec<_> = (0..PEOPLE).map(|at| Person::new(app, &project, &format!("65{at:08}"))).collect();
        let calls = people.iter().enumerate().map(async |(at, person)| {
            let message = |number: u32| person.text_message(&format!("wamid.{at}.{number}"), &number.to_string());
            // The platform repeats a call that it thinks was lost.
            let (both, again) = ([message(1), message(2)], [message(1)]);
            let responses = join_all([person.sends(&both), person.sends(&again)]).await;
            assert!(responses.iter().all(|response| response.status() == 200));
        });
        join_all(calls).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations").await, PEOPLE as i64);
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, PEOPLE as i64);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 2 * PEOPLE as i64);
        app.settle().await;
        // The number's pace: 80 a second.
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), PEOPLE, "each gets one answer");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE status = 'sent'").await, PEOPLE as i64);
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL").await, 0);
    }

    async fn a_call_that_fills_a_group_by_itself_is_stored(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        let large: Vec<_> = (0..300).map(|at| person.text_message(&format!("large.{at}"), "hi")).collect();
        let small = [person.text_message("small", "hi")];
        let responses = join_all([person.sends(&large), person.sends(&small)]).await;
        assert!(responses.iter().all(|response| response.status() == 200));
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 301);
    }

    async fn of_people_who_send_the_same_reference_at_once_one_is_linked(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        let people: Vec<_> = (0..20).map(|at| Person::new(app, &project, &format!("65{at:08}"))).collect();
        join_all(people.iter().map(|person| person.writes(&reference))).await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE session_id IS NOT NULL").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM refused_correlation_ids").await, 19);
        let correlated = receiver.take_events().into_iter().filter(|event| event == "lead.correlated").count();
        assert_eq!(correlated, 1);
    }

    async fn a_message_that_cannot_be_stored_keeps_no_other_out(app: &TestApp) {
        const NO_BOMBS: Sql = Sql {
            sqlite: "CREATE TRIGGER no_bombs BEFORE INSERT ON messages WHEN NEW.text = 'bomb'
                     BEGIN SELECT RAISE(ABORT, 'a bomb'); END",
            postgres: "ALTER TABLE messages ADD CONSTRAINT no_bombs CHECK (text <> 'bomb')",
        };
        app.core.db.write(async |tx| Ok(tx.execute(NO_BOMBS, &[]).await?)).await.expect("a rule");
        let project = app.project().await;
        let people: Vec<_> = (0..20).map(|at| Person::new(app, &project, &format!("65{at:08}"))).collect();
        let calls = people.iter().enumerate().map(async |(at, person)| {
            let second = if at == 7 { "bomb" } else { "hello" };
            let messages = [(1, "hi"), (2, second)].map(|(number, text)| person.text_message(&format!("{at}.{number}"), text));
            assert_eq!(person.sends(&messages).await.status(), 200);
        });
        join_all(calls).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 39);
        assert_eq!(app.count("SELECT COUNT(*) FROM notices WHERE kind = 'unreadable'").await, 1);
    }

    async fn a_turn_waits_for_whoever_holds_its_conversation(app: &TestApp) {
        if !app.core.db.has_peers() {
            return;
        }
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hi").await;
        app.advance(SignedDuration::from_secs(2));
        let mut turns = take_turn::claim_turns(&app.core, 10).await.expect("claiming turns");
        let (tell_held, is_held) = oneshot::channel();
        let hold = app.core.db.write(async move |tx| {
            tx.execute("UPDATE conversations SET profile_name = 'held'", &[]).await?;
            tell_held.send(()).expect("somebody listens");
            for _ in 0..LOOKS_MAX {
                let waiting = "SELECT COUNT(*) FROM pg_locks
                               WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))";
                if tx.get(waiting, &[], |row| row.get::<i64>(0)).await? > 0 {
                    return Ok(());
                }
            }
            anyhow::bail!("nobody waits for the conversation")
        });
        let turn = async {
            is_held.await.expect("it is held");
            take_turn::take_turn(&app.engines.conversations, turns.remove(0)).await
        };
        let (held, turn) = tokio::join!(hold, turn);
        held.expect("held until the turn waited");
        turn.expect("a turn");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL").await, 0);
    }
}
