//! Messages by their numbers: none lost, none twice.

use aurix::conversations::send_reply::{claim_replies, send_reply};
use aurix::conversations::take_turn::{claim_turns, take_turn};
use aurix::domain::time::SignedDuration;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::web::Visitor;

both_engines! {
    async fn the_same_message_again_has_the_same_number(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let sent = (0..6).map(async |nth| mei.says_as(if nth % 2 == 0 { "a" } else { "b" }, "hello").await);
        let mut numbers = join_all(sent).await;
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 1, 1, 2, 2, 2]);
        assert_eq!(mei.since(0).await.len(), 2);
        // Somebody else's message of that id is another one.
        assert_eq!(Visitor::open(app, &chat).await.says_as("a", "hi").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 3);
    }

    async fn whoever_asks_behind_a_number_gets_the_rest(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        for text in ["one", "two", "three"] {
            mei.says(text).await;
        }
        assert_eq!(mei.since(1).await, [(2, "two".to_owned()), (3, "three".to_owned())]);
        assert_eq!(mei.since(3).await, []);
        let own = &mei.get("/messages?after=2").await.json()["messages"][0];
        assert_eq!((&own["from"], own["client_id"].is_string(), &own["generated_by"]), (&json!("visitor"), true, &Value::Null));
    }

    async fn a_number_that_was_never_given_begins_anew(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("one").await;
        let news = mei.get("/messages?after=7").await.json();
        assert_eq!((&news["reset"], &news["last"], &news["messages"][0]["text"]), (&json!(true), &json!(1), &json!("one")));
    }

    async fn a_gap_begins_anew_with_the_last_messages(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        for text in ["one", "two", "three"] {
            mei.says(text).await;
        }
        app.execute("UPDATE conversations SET due_at = NULL").await;
        app.execute("DELETE FROM messages WHERE seq = 2").await;
        let news = mei.get("/messages?after=1").await.json();
        assert_eq!((&news["reset"], &news["last"]), (&json!(true), &json!(3)));
        assert_eq!(news["messages"].as_array().map(Vec::len), Some(2));
        app.execute("DELETE FROM messages").await;
        let news = mei.get("/messages?after=1").await.json();
        assert_eq!((&news["reset"], &news["last"], &news["messages"]), (&json!(true), &json!(3), &json!([])));
    }

    async fn whoever_is_far_behind_begins_anew(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("one").await;
        let conversation = app.count("SELECT id FROM conversations").await;
        assert_eq!(conversation, 1, "the statement below names it");
        app.execute(
            "INSERT INTO messages (id, project_id, channel, conversation_id, direction, kind, text, status, attempts, created_at, seq)
             SELECT 900000 + n, m.project_id, m.channel, m.conversation_id, 'in', 'text', 'x', 'received', 0, m.created_at, n
             FROM messages AS m CROSS JOIN (
                 WITH RECURSIVE numbers AS (SELECT 2 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 300) SELECT n FROM numbers
             ) AS numbers",
        )
        .await;
        app.execute("UPDATE chats SET last_seq = 300").await;
        let numbers = |news: &Value| -> Vec<i64> {
            news["messages"].as_array().expect("a list").iter().map(|one| one["seq"].as_i64().expect("a number")).collect()
        };
        let news = mei.get("/messages?after=100").await.json();
        assert_eq!((&news["reset"], numbers(&news)), (&json!(false), (101..=300).collect()));
        let mut stream = mei.stream(100).await;
        for number in 101..=300 {
            assert_eq!(stream.event("message").await["seq"], number);
        }
        let news = mei.get("/messages?after=99").await.json();
        assert_eq!((&news["reset"], numbers(&news)), (&json!(true), (251..=300).collect()));
    }

    async fn unread_messages_are_counted_until_they_are_seen(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        assert_eq!(mei.get("/unread").await.json(), json!({"unread": 0, "last": 0}));
        mei.says("hello").await;
        app.settle().await;
        let unread = mei.get("/unread").await.json();
        let (last, count) = (unread["last"].as_i64().expect("a number"), unread["unread"].as_i64().expect("a number"));
        assert_eq!(count, last - 1, "one's own are none");
        assert!(count > 0);
        assert_eq!(mei.post("/read", json!({"seq": 9_999})).await.status(), 204);
        assert_eq!(mei.get("/unread").await.json()["unread"], 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out' AND status <> 'read'").await, 0);
        // A number above the newest is not kept: what comes next is unread.
        mei.says("and now?").await;
        app.settle().await;
        assert!(mei.get("/unread").await.json()["unread"].as_i64().expect("a number") > 0);
        assert_eq!(mei.post("/read", json!({"seq": -1})).await.status(), 422);
    }

    async fn a_reply_whose_process_ended_is_given_once(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.advance(SignedDuration::from_secs(2));
        let turn = claim_turns(&app.core, 1).await.expect("claimed").remove(0);
        take_turn(&app.engines.conversations, turn).await.expect("taken");
        drop(claim_replies(&app.core, 10).await.expect("claimed, and never given"));
        assert_eq!(mei.since(1).await, []);
        app.advance(app.core.config.lease);
        let again = claim_replies(&app.core, 10).await.expect("claimed").remove(0);
        assert!(send_reply(&app.core, again).await.expect("given").is_none(), "nothing is left to settle");
        app.work().await;
        let given = mei.since(1).await;
        assert_eq!(given.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (2..2 + given.len() as i64).collect::<Vec<_>>());
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out' AND seq IS NULL").await, 0);
    }

    async fn an_old_claim_gives_nothing(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.advance(SignedDuration::from_secs(2));
        let turn = claim_turns(&app.core, 1).await.expect("claimed").remove(0);
        take_turn(&app.engines.conversations, turn).await.expect("taken");
        let late = claim_replies(&app.core, 1).await.expect("claimed").remove(0);
        app.execute("UPDATE messages SET attempts = attempts + 1 WHERE direction = 'out'").await;
        send_reply(&app.core, late).await.expect("it is another's now");
        assert_eq!(mei.since(1).await, []);
    }
}
