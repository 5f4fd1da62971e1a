//! What a bot sends, and what becomes of it.

use aurix::conversations::reply_as_person::{PersonReply, ReplyRefused, reply_as_person};
use aurix::domain::form::Form;
use aurix::domain::ids::{LeadId, MessageId};
use aurix::domain::time::SignedDuration;
use aurix::projects::set_form::set_form;
use serde_json::{Value, json};

use crate::support::telegram::{Answer, Bot, Chatter};
use crate::support::{TestApp, operator};

const REPLY: &str = "SELECT status FROM messages WHERE direction = 'out' ORDER BY id DESC LIMIT 1";
const WHY: &str = "SELECT error FROM messages WHERE direction = 'out' AND error IS NOT NULL ORDER BY id DESC LIMIT 1";

async fn later(app: &TestApp, seconds: i64) {
    app.advance(SignedDuration::from_secs(seconds));
    app.work().await;
}

/// The only lead.
async fn answer(app: &TestApp, bot: &Bot, text: &str) -> Result<(), ReplyRefused> {
    let lead = LeadId(app.count("SELECT MAX(id) FROM leads").await);
    let seen = MessageId(app.count("SELECT MAX(id) FROM messages").await);
    reply_as_person(&app.core, &operator(), bot.project, lead, PersonReply { text: text.to_owned(), seen }).await
}

both_engines! {
    async fn a_question_offers_its_answers_and_takes_them_back(app: &TestApp) {
        let bot = app.bot().await;
        let form = json!({"fields": [
            {"key": "service", "type": "choice", "question": "Which service?", "options": ["Tune-up", "Wheel truing", "Bike fitting"]},
            {"key": "first", "type": "yes_no", "question": "Is it your first time?"},
            {"key": "phone", "type": "phone"}, {"key": "name", "type": "name", "required": false},
            {"key": "email", "type": "email", "required": false},
        ]});
        set_form(&app.core, &operator(), bot.project, &Form::parse(&form.to_string()).expect("a form")).await.expect("set");
        let mei = Chatter::new(app, &bot, 77);
        let answers = async |text: &str| {
            mei.writes(text).await;
            app.settle().await;
            bot.telegram.take("sendMessage").remove(0)
        };
        let asked = answers("hello").await;
        let buttons = json!([[{"text": "Tune-up"}, {"text": "Wheel truing"}], [{"text": "Bike fitting"}]]);
        assert_eq!(asked["reply_markup"]["keyboard"], buttons, "{asked}");
        assert_eq!((&asked["chat_id"], &asked["parse_mode"]), (&json!(77), &Value::Null));
        let asked = answers("Wheel truing").await;
        assert_eq!(asked["reply_markup"]["keyboard"], json!([[{"text": "Yes"}, {"text": "No"}]]), "{asked}");
        let asked = answers("Yes").await;
        assert_eq!(asked["reply_markup"]["keyboard"][0][0]["request_contact"], true, "{asked}");
        mei.sends(json!({"contact": {"phone_number": "6591234567", "first_name": "Mei", "user_id": 77}})).await;
        app.settle().await;
        let closing = bot.telegram.take("sendMessage").remove(0);
        assert_eq!(closing["reply_markup"], json!({"remove_keyboard": true}), "{closing}");
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("Wheel truing") && fields.contains("+6591234567"), "{fields}");
    }

    async fn a_long_answer_goes_as_several_messages_in_their_order(app: &TestApp) {
        let bot = app.bot().await;
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        bot.telegram.take_texts();
        let sentence = "It costs what it says. ";
        answer(app, &bot, &format!("{}😀 The end.", sentence.repeat(177))).await.expect("queued");
        app.work().await;
        let sent = bot.telegram.take_texts();
        assert_eq!(sent.len(), 2);
        assert!(sent[0].ends_with("what it says.") && sent[1].ends_with("The end."), "{:?}", sent[1]);
        assert!(sent.iter().all(|part| part.encode_utf16().count() <= 4_000));
    }

    async fn a_person_answers_at_any_time(app: &TestApp) {
        let bot = app.bot().await;
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        bot.telegram.take("sendMessage");
        later(app, 40 * 24 * 3_600).await;
        answer(app, &bot, "Are you still there?").await.expect("Telegram has no window");
        app.work().await;
        let sent = bot.telegram.take("sendMessage").remove(0);
        assert_eq!(sent["reply_markup"], json!({"remove_keyboard": true}), "what the agent offered counts no more");
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"));
    }

    async fn somebody_is_seen_typing_while_the_agent_is_about_to_answer(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("hello").await;
        let action = bot.telegram.called("sendChatAction").await;
        assert_eq!((&action["chat_id"], &action["action"]), (&json!(77), &json!("typing")));
        app.settle().await;
        answer(app, &bot, "I am on it").await.expect("queued");
        app.work().await;
        bot.telegram.take("sendChatAction");
        mei.writes("thanks").await;
        // A call beside everything else: what comes after it in the same chat shows that there was none.
        let query = json!({"id": "q1", "from": {"id": 77}, "data": "x"});
        mei.brings(&json!({"update_id": 1, "callback_query": query})).await;
        bot.telegram.called("answerCallbackQuery").await;
        assert!(bot.telegram.take("sendChatAction").is_empty(), "a person answers");
    }

    async fn an_answer_goes_to_the_topic_and_without_it_where_that_is_gone(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        mei.sends(json!({"text": "hello", "message_thread_id": 5, "is_topic_message": true})).await;
        bot.telegram.fail_next("sendMessage", 400, "Bad Request: message thread not found", json!({}));
        app.settle().await;
        let sent = bot.telegram.take("sendMessage");
        assert_eq!(sent.iter().map(|sent| &sent["message_thread_id"]).collect::<Vec<_>>(), [&json!(5), &Value::Null]);
        assert_eq!(app.text(REPLY).await.as_deref(), Some("sent"));
    }

    async fn a_chat_that_is_too_fast_waits_and_no_other_does(app: &TestApp) {
        let bot = app.bot().await;
        bot.telegram.fail_next("sendMessage", 429, "Too Many Requests: retry after 30", json!({"retry_after": 30}));
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        assert_eq!((bot.telegram.take("sendMessage").len(), app.text(REPLY).await.as_deref()), (1, Some("queued")));
        Chatter::new(app, &bot, 78).writes("hello").await;
        app.settle().await;
        assert_eq!(bot.telegram.take("sendMessage").remove(0)["chat_id"], 78);
        later(app, 20).await;
        assert!(bot.telegram.take("sendMessage").is_empty(), "it is asked for 30 seconds");
        later(app, 10).await;
        assert_eq!(bot.telegram.take("sendMessage").remove(0)["chat_id"], 77);
    }

    async fn a_bot_that_is_too_fast_in_two_chats_waits_in_all(app: &TestApp) {
        let bot = app.bot().await;
        for id in [71, 72] {
            bot.telegram.fail_next("sendMessage", 429, "Too Many Requests", json!({"retry_after": 30}));
            Chatter::new(app, &bot, id).writes("hello").await;
            app.settle().await;
        }
        assert_eq!(bot.telegram.take("sendMessage").len(), 2);
        Chatter::new(app, &bot, 73).writes("hello").await;
        app.settle().await;
        assert!(bot.telegram.take("sendMessage").is_empty(), "the whole bot is held");
        later(app, 31).await;
        assert_eq!(bot.telegram.take("sendMessage").len(), 3);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out' AND status = 'sent'").await, 3);
    }

    async fn somebody_who_blocked_the_bot_is_not_written_to_until_they_come_back(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        bot.telegram.fail_next("sendMessage", 403, "Forbidden: bot was blocked by the user", json!({}));
        mei.writes("hello").await;
        app.settle().await;
        assert_eq!(app.text(REPLY).await.as_deref(), Some("failed"));
        assert!(app.text(WHY).await.expect("why").contains("blocked by the user"));
        later(app, 3_600).await;
        assert_eq!(bot.telegram.take("sendMessage").len(), 1, "there is no second attempt");
        let refused = answer(app, &bot, "Hello?").await.expect_err("they are gone");
        assert!(matches!(refused, ReplyRefused::Blocked), "{refused}");
        mei.is_now("member").await;
        answer(app, &bot, "Welcome back!").await.expect("reachable");
        mei.is_now("kicked").await;
        app.work().await;
        assert!(bot.telegram.take("sendMessage").is_empty(), "what waited was given up");
        assert_eq!(app.text(REPLY).await.as_deref(), Some("failed"));
        mei.writes("I am back").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE unreachable_at IS NULL").await, 1);
        app.settle().await;
    }

    async fn a_lasting_refusal_is_shown_in_telegrams_words(app: &TestApp) {
        let bot = app.bot().await;
        bot.telegram.fail_next("sendMessage", 400, "Bad Request: chat not found", json!({}));
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        later(app, 3_600).await;
        assert_eq!((bot.telegram.take("sendMessage").len(), app.text(REPLY).await.as_deref()), (1, Some("failed")));
        assert!(app.text(WHY).await.expect("why").contains("chat not found"));
    }

    async fn a_group_that_moved_is_written_to_where_it_is(app: &TestApp) {
        let bot = app.bot().await;
        bot.telegram.fail_next("sendMessage", 400, "Bad Request: moved", json!({"migrate_to_chat_id": -1009}));
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        let sent = bot.telegram.take("sendMessage");
        assert_eq!(sent.iter().map(|sent| &sent["chat_id"]).collect::<Vec<_>>(), [&json!(77), &json!(-1009)]);
    }

    async fn a_message_of_which_nobody_knows_whether_it_arrived_is_repeated_once(app: &TestApp) {
        let bot = app.bot().await;
        for _ in 0..5 {
            bot.telegram.answer_next("sendMessage", Answer::HangsUp);
        }
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        assert_eq!(app.text(REPLY).await.as_deref(), Some("queued"));
        for wait in [6, 40, 200, 4_000] {
            later(app, wait).await;
        }
        assert_eq!((bot.telegram.take("sendMessage").len(), app.text(REPLY).await.as_deref()), (2, Some("failed")));
        assert!(app.text(WHY).await.expect("why").contains("may have arrived"));
    }

    async fn what_telegram_has_not_seen_is_tried_for_as_long_as_it_takes(app: &TestApp) {
        let bot = app.bot().await;
        for _ in 0..4 {
            bot.telegram.fail_next("sendMessage", 502, "Bad Gateway", json!({}));
        }
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        for wait in [6, 40, 150, 700] {
            later(app, wait).await;
        }
        assert_eq!((bot.telegram.take("sendMessage").len(), app.text(REPLY).await.as_deref()), (5, Some("sent")));
    }

    async fn the_token_stands_in_no_row(app: &TestApp) {
        let bot = app.bot().await;
        for code in [400, 403, 429, 502] {
            bot.telegram.fail_next("sendMessage", code, "words", json!({}));
            Chatter::new(app, &bot, code.into()).writes("hello").await;
            app.settle().await;
        }
        bot.telegram.revoke_token("123456:new");
        Chatter::new(app, &bot, 99).writes("hello").await;
        app.settle().await;
        let held = app.count(
            "SELECT (SELECT COUNT(*) FROM messages WHERE error LIKE '%AAHscripted%')
                 + (SELECT COUNT(*) FROM channels WHERE fault LIKE '%AAHscripted%')
                 + (SELECT COUNT(*) FROM audit WHERE detail LIKE '%AAHscripted%')",
        );
        assert_eq!(held.await, 0);
    }
}
