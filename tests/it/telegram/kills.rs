//! Processes that end at the worst moment, and duplicates that follow.

use aurix::conversations::send_reply::{claim_replies, send_reply, settle_reply};
use aurix::conversations::take_turn::{claim_turns, decide};
use aurix::domain::time::SignedDuration;
use serde_json::json;

use crate::support::TestApp;
use crate::support::telegram::{Chatter, next_number};

both_engines! {
    async fn a_turn_whose_process_ended_is_taken_once(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("hello").await;
        app.advance(SignedDuration::from_secs(2));
        let turn = claim_turns(&app.core, 1).await.expect("claimed").remove(0);
        drop(decide(&app.engines.conversations, turn.into()).await.expect("decided, and never settled"));
        app.work().await;
        assert!(bot.telegram.take("sendMessage").is_empty());
        app.advance(app.core.config.lease);
        app.work().await;
        assert_eq!(bot.telegram.take("sendMessage").len(), 1);
    }

    async fn a_reply_whose_process_ended_after_it_was_sent_is_sent_twice_at_most(app: &TestApp) {
        let bot = app.bot().await;
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.advance(SignedDuration::from_secs(2));
        let turn = claim_turns(&app.core, 1).await.expect("claimed").remove(0);
        aurix::conversations::take_turn::take_turn(&app.engines.conversations, turn).await.expect("taken");
        for _ in 0..4 {
            for reply in claim_replies(&app.core, 10).await.expect("claimed") {
                drop(send_reply(&app.core, reply).await.expect("sent, and never settled"));
            }
            app.advance(app.core.config.lease);
        }
        assert_eq!(bot.telegram.take("sendMessage").len(), 2);
        app.work().await;
        let status = app.text("SELECT status FROM messages WHERE direction = 'out'").await;
        assert_eq!(status.as_deref(), Some("failed"), "a person looks whether it arrived");
    }

    async fn an_old_settlement_changes_nothing(app: &TestApp) {
        let bot = app.bot().await;
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.advance(SignedDuration::from_secs(2));
        let turn = claim_turns(&app.core, 1).await.expect("claimed").remove(0);
        aurix::conversations::take_turn::take_turn(&app.engines.conversations, turn).await.expect("taken");
        bot.telegram.fail_next("sendMessage", 403, "Forbidden: bot was blocked by the user", json!({}));
        let late = claim_replies(&app.core, 1).await.expect("claimed").remove(0);
        let late = send_reply(&app.core, late).await.expect("refused").expect("within its lease");
        app.advance(app.core.config.lease);
        app.work().await;
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("sent"));
        settle_reply(&app.engines.conversations, &late).await.expect("settled late");
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("sent"));
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE unreachable_at IS NOT NULL").await, 0);
    }

    async fn updates_that_come_again_at_the_same_time_count_once(app: &TestApp) {
        let bot = app.bot().await;
        let reference = app.bot_click(&bot).await;
        let mei = Chatter::new(app, &bot, 77);
        let start = json!({"update_id": next_number(), "message": mei.message(json!({"text": format!("/start {reference}")}))});
        let said = json!({"update_id": next_number(), "message": mei.message(json!({"text": "my name is Mei Tan"}))});
        let calls = (0..12).map(|nth| if nth % 2 == 0 { &start } else { &said }).map(async |update| mei.brings(update).await);
        futures_util::future::join_all(calls).await;
        app.settle().await;
        let counts = "SELECT (SELECT COUNT(*) FROM messages WHERE direction = 'in') * 100 + (SELECT COUNT(*) FROM conversations) * 10
             + (SELECT COUNT(*) FROM leads)";
        assert_eq!(app.count(counts).await, 211);
        assert_eq!(app.count("SELECT COUNT(*) FROM events WHERE event_type = 'lead.correlated'").await, 1);
        assert_eq!(bot.telegram.take("sendMessage").len(), 1);
    }
}
