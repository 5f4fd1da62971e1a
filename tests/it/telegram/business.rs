//! The owner's own Telegram account, which the bot works for.

use aurix::conversations::take_over::give_back;
use aurix::domain::ids::LeadId;
use serde_json::{Value, json};

use crate::support::telegram::{Bot, Chatter, next_number};
use crate::support::{TestApp, operator};

/// The owner of the account.
const OWNER: i64 = 99;

async fn connect(app: &TestApp, bot: &Bot, rights: Value) {
    let connection = json!({"id": "b1", "user": {"id": OWNER, "username": "juniper"}, "date": 1, "is_enabled": true, "rights": rights});
    let update = json!({"update_id": next_number(), "business_connection": connection});
    assert_eq!(app.update(bot, &update).await.status(), 200);
}

/// A message in the owner's chat with somebody; gives its id.
async fn in_business(mei: &Chatter<'_>, from: i64, text: &str) -> i64 {
    let message =
        mei.message(json!({"text": text, "business_connection_id": "b1", "from": {"id": from, "first_name": "X"}}));
    mei.brings(&json!({"update_id": next_number(), "business_message": message})).await;
    message["message_id"].as_i64().expect("an id")
}

both_engines! {
    async fn the_agent_answers_in_the_name_of_the_account(app: &TestApp) {
        let bot = app.bot().await;
        connect(app, &bot, json!({"can_reply": true})).await;
        let mei = Chatter::new(app, &bot, 77);
        let reference = app.bot_click(&bot).await;
        in_business(&mei, 77, &format!("Hello! Reference: {reference}")).await;
        assert_eq!(bot.telegram.called("sendChatAction").await["business_connection_id"], "b1");
        app.settle().await;
        assert_eq!(bot.telegram.take("sendMessage").remove(0)["business_connection_id"], "b1");
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("correlated"));
    }

    async fn an_account_that_allows_no_replies_gets_none(app: &TestApp) {
        let bot = app.bot().await;
        connect(app, &bot, json!({"can_reply": true})).await;
        let mei = Chatter::new(app, &bot, 77);
        in_business(&mei, 77, "hello").await;
        connect(app, &bot, json!({})).await;
        app.settle().await;
        assert!(bot.telegram.take("sendMessage").is_empty());
        let why = app.text("SELECT error FROM messages WHERE direction = 'out'").await.expect("why");
        assert!(why.contains("does not let the bot reply"), "{why}");
    }

    async fn what_the_owner_writes_pauses_the_agent_until_it_is_given_back(app: &TestApp) {
        let bot = app.bot().await;
        connect(app, &bot, json!({"can_reply": true})).await;
        let mei = Chatter::new(app, &bot, 77);
        in_business(&mei, 77, "hello, my name is Mei Tan").await;
        in_business(&mei, OWNER, "Hi Mei, I'll see to it myself").await;
        app.settle().await;
        assert!(bot.telegram.take("sendMessage").is_empty(), "the agent is silent from the owner's message on");
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"));
        in_business(&mei, 77, "mei@example.com").await;
        app.settle().await;
        assert!(bot.telegram.take("sendMessage").is_empty());
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("mei@example.com"), "it is read all the same: {fields}");

        let lead = LeadId(app.count("SELECT id FROM leads").await);
        give_back(&app.core, &operator(), bot.project, lead).await.expect("given back");
        app.settle().await;
        let said = bot.telegram.take("sendMessage").remove(0);
        let text = said["text"].as_str().unwrap_or_default();
        assert!(text.contains("phone") && !text.contains("your name"), "it goes on with what was said: {text}");
    }

    async fn the_owners_message_ends_a_turn_that_is_under_way(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        in_business(&mei, 77, "hello").await;
        app.advance(aurix::domain::time::SignedDuration::from_secs(2));
        let turn = aurix::conversations::take_turn::claim_turns(&app.core, 1).await.expect("claimed").remove(0);
        let engine = &app.engines.conversations;
        let decision = aurix::conversations::take_turn::decide(engine, turn.into()).await.expect("decided");
        in_business(&mei, OWNER, "I'm on it").await;
        aurix::conversations::take_turn::settle(engine, decision).await.expect("settled");
        app.settle().await;
        assert!(bot.telegram.take("sendMessage").is_empty());
    }

    async fn deleted_messages_are_marked_and_stay(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        let id = in_business(&mei, 77, "my secret wish").await;
        let kept = in_business(&mei, 77, "something else").await;
        let notice = json!({"business_connection_id": "b1", "chat": {"id": 77, "type": "private"}, "message_ids": [id]});
        mei.brings(&json!({"update_id": next_number(), "deleted_business_messages": notice})).await;
        assert_eq!(app.text("SELECT text FROM messages WHERE revoked_at IS NOT NULL").await.as_deref(), Some("my secret wish"));
        assert_ne!(id, kept);
    }

    async fn what_the_owner_corrects_is_a_revision(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        in_business(&mei, 77, "hello").await;
        let id = in_business(&mei, OWNER, "We open at 9").await;
        let edited = mei.message(json!({"text": "We open at 10", "business_connection_id": "b1", "message_id": id, "from": {"id": OWNER}}));
        mei.brings(&json!({"update_id": next_number(), "edited_business_message": edited})).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out' AND kind = 'edit'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE text = 'We open at 9'").await, 1);
    }
}
