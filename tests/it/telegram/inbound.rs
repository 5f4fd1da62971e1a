//! What people send to a bot.

use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::support::telegram::{BOT, Bot, Chatter, next_number};
use crate::support::{Receiver, TestApp, operator};

const MESSAGES: &str = "SELECT COUNT(*) FROM messages WHERE direction = 'in'";
const LEADS: &str = "SELECT COUNT(*) FROM leads";

async fn set_form(app: &TestApp, bot: &Bot, form: Value) {
    let form = aurix::domain::form::Form::parse(&form.to_string()).expect("a form");
    aurix::projects::set_form::set_form(&app.core, &operator(), bot.project, &form).await.expect("set");
}

both_engines! {
    async fn the_link_carries_the_reference_into_the_chat(app: &TestApp) {
        let bot = app.bot().await;
        let receiver = Receiver::start().await;
        let webhook = aurix::projects::add_webhook::NewWebhook { url: receiver.url.clone(), ..Default::default() };
        aurix::projects::add_webhook::add_webhook(&app.core, &operator(), bot.project, webhook).await.expect("a webhook");
        let reference = app.bot_click(&bot).await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes(&format!("/start {reference}")).await;
        app.settle().await;
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("correlated"));
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE intent IS NULL").await, 1, "nothing was said yet");
        assert_eq!(app.text("SELECT language FROM conversations").await.as_deref(), Some("zh-hans"));
        let greeting = bot.telegram.take_texts();
        assert_eq!(greeting.len(), 1, "{greeting:?}");

        mei.writes("Mei Tan, mei@example.com, +65 9123 4567").await;
        app.settle().await;
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("complete"));
        let events: Vec<Value> = receiver.take().iter().map(|taken| serde_json::from_slice(&taken.body).expect("JSON")).collect();
        let created = events.iter().find(|event| event["event"] == "lead.created").expect("a lead");
        assert_eq!(created["lead"]["channel"], "telegram");
        let correlated = events.iter().find(|event| event["event_type"] == "lead.correlated").expect("linked");
        assert_eq!((&correlated["data"]["phone_number"], &correlated["data"]["correlation_id"]), (&Value::Null, &json!(reference)));
    }

    async fn the_reference_counts_in_any_text(app: &TestApp) {
        let bot = app.bot().await;
        for (id, text) in [(71, "/start@juniper_bot {}"), (72, "my reference is {}, thanks"), (73, "{}")] {
            let reference = app.bot_click(&bot).await;
            Chatter::new(app, &bot, id).writes(&text.replace("{}", &reference)).await;
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 3);
    }

    async fn a_later_start_is_a_new_touch_of_the_same_person(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        for _ in 0..2 {
            let reference = app.bot_click(&bot).await;
            mei.writes(&format!("/start {reference}")).await;
            app.settle().await;
        }
        assert_eq!((app.count(LEADS).await, app.count("SELECT COUNT(*) FROM conversations").await), (1, 1));
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM events WHERE event_type = 'lead.correlated'").await, 2);
    }

    async fn a_bare_start_asks_for_the_reference_only_while_somebody_has_just_clicked(app: &TestApp) {
        let bot = app.bot().await;
        let asks = async |id| {
            Chatter::new(app, &bot, id).writes("/start").await;
            app.settle().await;
            bot.telegram.take_texts().concat().contains("paste it here")
        };
        assert!(!asks(71).await, "nobody has clicked");
        app.bot_click(&bot).await;
        assert!(asks(72).await);
        app.advance(SignedDuration::from_hours(12) + SignedDuration::from_secs(1));
        assert!(!asks(73).await, "that was long ago");
        let reference = app.bot_click(&bot).await;
        Chatter::new(app, &bot, 74).writes(&format!("/start {reference}")).await;
        app.settle().await;
        bot.telegram.take_texts();
        assert!(!asks(75).await, "whoever clicked has written");
    }

    async fn the_same_update_and_the_same_message_change_nothing(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        let message = mei.message(json!({"text": "hello"}));
        let update = json!({"update_id": next_number(), "message": message});
        for _ in 0..3 {
            mei.brings(&update).await;
        }
        mei.brings(&json!({"update_id": next_number(), "message": message})).await;
        app.settle().await;
        assert_eq!((app.count(MESSAGES).await, bot.telegram.take_texts().len()), (1, 1));

        let notice = json!({"update_id": next_number(), "purchased_paid_media": {"from": {"id": 77}}});
        for _ in 0..2 {
            mei.brings(&notice).await;
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM notices WHERE kind = 'purchased_paid_media'").await, 1);
    }

    async fn an_edit_is_a_revision_beside_the_first_words(app: &TestApp) {
        let bot = app.bot().await;
        set_form(app, &bot, json!({"fields": [
            {"key": "name", "type": "name"}, {"key": "email", "type": "email"}, {"key": "phone", "type": "phone", "required": false},
        ]}))
        .await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("hello").await;
        app.settle().await;
        mei.writes("my name is Mei Tan").await;
        app.settle().await;
        let id = mei.writes("mei@exmple.com").await;
        app.settle().await;
        bot.telegram.take_texts();
        for (update, text) in [(1, "mei@example.com"), (1, "mei@example.com"), (2, "mei.tan@example.com")] {
            let edited = mei.message(json!({"text": text, "message_id": id, "edit_date": app.core.clock.now().as_second()}));
            mei.brings(&json!({"update_id": update, "edited_message": edited})).await;
        }
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE kind = 'edit'").await, 2, "each once");
        let first = app.text("SELECT text FROM messages WHERE text LIKE '%exmple%'").await;
        assert_eq!(first.as_deref(), Some("mei@exmple.com"), "history stays");
        let original = app.count(
            "SELECT COUNT(*) FROM messages AS edit JOIN messages AS first
                 ON first.channel = edit.channel AND first.external_id = edit.original_id
             WHERE edit.kind = 'edit' AND first.text = 'mei@exmple.com'",
        );
        assert_eq!(original.await, 2);
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("mei.tan@example.com"), "{fields}");
    }

    async fn only_a_card_of_the_sender_gives_their_number(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("hello").await;
        app.settle().await;
        mei.writes("my name is Mei Tan").await;
        app.settle().await;
        mei.writes("mei@example.com").await;
        app.settle().await;
        let card = |owner: Value| json!({"contact": {"phone_number": "6591234567", "first_name": "Somebody", "user_id": owner}});
        bot.telegram.take_texts();
        for owner in [json!(78), Value::Null] {
            mei.sends(card(owner)).await;
            app.settle().await;
            let said = bot.telegram.take_texts().concat();
            assert!(said.contains("somebody else's card"), "{said}");
            let fields = app.text("SELECT fields FROM leads").await.expect("fields");
            assert!(!fields.contains("6591234567") && fields.contains("Mei Tan"), "{fields}");
        }
        mei.sends(card(json!(77))).await;
        app.settle().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("+6591234567") && fields.contains("Mei Tan"), "{fields}");
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE completed_at IS NOT NULL").await, 1);
    }

    async fn what_is_no_text_is_kept_by_its_file_and_answered_once(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("hello").await;
        app.settle().await;
        bot.telegram.take_texts();
        for fields in [
            json!({"photo": [{"file_id": "small"}, {"file_id": "large"}]}),
            json!({"voice": {"file_id": "v", "mime_type": "audio/ogg"}}),
            json!({"poll": {"question": "?"}}),
        ] {
            mei.sends(fields).await;
        }
        app.settle().await;
        let said = bot.telegram.take_texts();
        assert!(said.len() == 1 && said[0].contains("only read text"), "{said:?}");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE raw LIKE '%\"large\"%' AND kind = 'media'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE kind = 'unsupported'").await, 1);
    }

    async fn a_group_is_told_once_where_we_talk_and_nothing_of_it_is_kept(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        let group = json!({"id": -1005, "type": "supergroup", "title": "Cyclists"});
        let say = async |text: &str| {
            mei.sends(json!({"text": text, "chat": group})).await;
        };
        say("my name is Mei Tan, mei@example.com").await;
        say(&format!("@{BOT} what does it cost?")).await;
        let said = bot.telegram.called("sendMessage").await;
        assert_eq!(said["chat_id"], -1005);
        assert!(said["text"].as_str().is_some_and(|text| text.ends_with("https://t.me/juniper_bot")), "{said}");
        say(&format!("@{BOT} hello?")).await;
        say("/start").await;
        app.settle().await;
        assert!(bot.telegram.take_texts().is_empty());
        let kept = "SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM notices) + (SELECT COUNT(*) FROM leads)";
        assert_eq!(app.count(kept).await, 0);
    }

    async fn a_bot_that_leaves_groups_says_where_it_talks_and_goes(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        let group = json!({"id": -1005, "type": "supergroup", "title": "Cyclists"});
        let added = json!({"update_id": next_number(), "my_chat_member": {"chat": group, "new_chat_member": {"status": "member"}}});
        mei.brings(&added).await;
        app.execute("UPDATE channels SET leaves_groups = TRUE").await;
        // Channels are cached for half a second.
        app.advance(SignedDuration::from_secs(1));
        let again = json!({"update_id": next_number(), "my_chat_member": added["my_chat_member"]});
        mei.brings(&again).await;
        assert_eq!(bot.telegram.called("leaveChat").await["chat_id"], -1005);
        assert_eq!(bot.telegram.take_texts().len(), 1, "only the second time, and before it left");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 0);
    }

    async fn every_press_is_answered_and_an_old_one_is_read_as_its_words(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        let below = json!({"message_id": 4, "chat": {"id": 77, "type": "private"},
            "reply_markup": {"inline_keyboard": [[{"text": "Tune-up", "callback_data": "1:0"}]]}});
        let query = json!({"id": "q1", "from": {"id": 77, "first_name": "Mei"}, "message": below, "data": "1:0"});
        mei.brings(&json!({"update_id": next_number(), "callback_query": query})).await;
        assert_eq!(bot.telegram.called("answerCallbackQuery").await["callback_query_id"], "q1");
        assert_eq!(bot.telegram.called("editMessageReplyMarkup").await["message_id"], 4);
        assert_eq!(app.text("SELECT text FROM messages WHERE kind = 'choice'").await.as_deref(), Some("Tune-up"));
        let odd = json!({"id": "q2", "from": {"id": 77}, "data": "x"});
        mei.brings(&json!({"update_id": next_number(), "callback_query": odd})).await;
        assert_eq!(bot.telegram.called("answerCallbackQuery").await["callback_query_id"], "q2");
    }

    async fn stop_and_the_start_button_end_and_begin(app: &TestApp) {
        let bot = app.bot().await;
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("/stop").await;
        app.settle().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("stopped"));
        bot.telegram.take_texts();
        mei.writes("/start").await;
        app.settle().await;
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("agent"));
        assert!(bot.telegram.take_texts().concat().contains("Welcome back"));
    }
}
