//! A bot's pages: adding it, what Telegram says of it, and taking it back.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use aurix::projects::watch_channels::watch_channels;
use serde_json::json;

use crate::support::TestApp;
use crate::support::console::Browser;
use crate::support::telegram::{BOT_ID, Bot, Chatter, TOKEN, next_number};

async fn person<'a>(app: &'a TestApp, bot: &Bot, role: Role) -> Browser<'a> {
    app.account("ada@example.com", Some((bot.project, role))).await;
    app.signed_in("ada@example.com").await
}

both_engines! {
    async fn a_token_that_cannot_be_one_is_refused_in_words(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let new = format!("/p/{}/channels/new/telegram", bot.public_id);
        assert!(browser.get(&new).await.text().contains("@BotFather"));
        for token in ["", "my token", "123/../x"] {
            let refused = browser.post(&new, &[("token", token)]).await;
            assert!(refused.status() == 422 && refused.text().contains("This is no token of a bot"), "{}", refused.text());
        }
    }

    async fn a_bots_page_says_what_telegram_says(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let list = browser.get(&format!("/p/{}/channels", bot.public_id)).await.text();
        assert!(list.contains("@juniper_bot") && list.contains(">Telegram</td>"), "{list}");
        let page = format!("/p/{}/channels/{BOT_ID}", bot.public_id);
        let shown = browser.get(&page).await.text();
        assert!(shown.contains("Write to @juniper_bot") && !shown.contains(TOKEN), "{shown}");
        let checked = browser.post(&format!("{page}/check"), &[]).await.text();
        for said in ["Telegram takes it: @juniper_bot (Juniper Cycles).", "Telegram sends messages here.", "Nothing waits at Telegram."] {
            assert!(checked.contains(said), "{said}: {checked}");
        }
        Chatter::new(app, &bot, 77).writes("hello").await;
        assert!(browser.get(&page).await.text().contains("Something came"));
        let wrong = app.update_with("another", &json!({"update_id": 1})).await;
        assert_eq!(wrong.status(), 401);
        app.advance(SignedDuration::from_secs(90));
        app.update_with("another", &json!({"update_id": 1})).await;
        assert!(browser.get(&page).await.text().contains("A wrong secret"));
    }

    async fn a_new_token_is_checked_before_it_counts(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let edit = format!("/p/{}/channels/{BOT_ID}/edit", bot.public_id);
        assert!(browser.get(&edit).await.text().contains("@juniper_bot: @BotFather"));
        let refused = browser.post(&edit, &[("token", "123456:wrong")]).await;
        assert!(refused.status() == 422 && refused.text().contains("does not accept the bot&#39;s token"), "{}", refused.text());
        bot.telegram.revoke_token("123456:new");
        let saved = browser.post(&edit, &[("token", "123456:new")]).await;
        assert!(saved.status() == 200 && saved.text().contains("Telegram sends messages here."), "{}", saved.text());
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        assert_eq!(bot.telegram.take_texts().len(), 1);
    }

    async fn a_bot_that_another_program_took_is_taken_back_once_somebody_says_so(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let page = format!("/p/{}/channels/{BOT_ID}", bot.public_id);
        bot.telegram.known().webhook = Some("https://flows.example/SECRET".to_owned());
        app.advance(SignedDuration::from_secs(61));
        watch_channels(&app.core).await.expect("asked");
        let shown = browser.get(&page).await.text();
        assert!(shown.contains("No messages arrive") && shown.contains("https://flows.example") && !shown.contains("SECRET"), "{shown}");
        let asked = browser.post(&format!("{page}/webhook"), &[]).await;
        assert!(asked.status() == 422 && asked.text().contains("Replace its webhook"), "{}", asked.text());
        assert!(bot.telegram.take("setWebhook").is_empty());
        let set = browser.post(&format!("{page}/webhook"), &[("replace", "1")]).await;
        assert!(set.status() == 200 && set.text().contains("Telegram sends messages here."), "{}", set.text());
        assert!(!set.text().contains("No messages arrive"), "{}", set.text());
    }

    async fn a_token_is_entered_once_while_the_page_asks(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let edit = format!("/p/{}/channels/{BOT_ID}/edit", bot.public_id);
        bot.telegram.known().webhook = Some("https://flows.example/hook".to_owned());
        let asked = browser.post(&edit, &[("token", TOKEN)]).await;
        let text = asked.text();
        assert!(asked.status() == 422 && text.contains("Another program has this bot") && !text.contains(TOKEN), "{text}");
        let sealed = text.split("name=\"sealed_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let sealed = sealed.expect("a sealed token").replace("&#43;", "+").replace("&#61;", "=").replace("&#47;", "/");
        let taken = browser.post(&edit, &[("sealed_token", &sealed), ("replace", "1")]).await;
        assert!(taken.status() == 200 && taken.text().contains("Telegram sends messages here."), "{}", taken.text());
    }

    async fn business_accounts_and_who_blocked_the_bot_are_seen(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let connection = json!({"id": "b1", "user": {"id": 99, "username": "owner<b>"}, "is_enabled": true, "rights": {}});
        app.update(&bot, &json!({"update_id": next_number(), "business_connection": connection})).await;
        let shown = browser.get(&format!("/p/{}/channels/{BOT_ID}", bot.public_id)).await.text();
        assert!(shown.contains("May not reply") && shown.contains("@owner&#60;b&#62;"), "{shown}");
        let mei = Chatter::new(app, &bot, 77);
        mei.writes("hello").await;
        app.settle().await;
        mei.is_now("kicked").await;
        let lead = app.count("SELECT id FROM leads").await;
        let shown = browser.get(&format!("/p/{}/leads/{lead}", bot.public_id)).await.text();
        assert!(shown.contains("They have blocked the bot") && shown.contains("Telegram"), "{shown}");
    }

    async fn a_widget_can_open_a_bot(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Admin).await;
        let page = browser.get(&format!("/p/{}/widgets/{}", bot.public_id, bot.widget_id)).await.text();
        assert!(page.contains("Telegram @juniper_bot</option>") && page.contains("Chat with us on Telegram"), "{page}");
        let list = browser.get(&format!("/p/{}/widgets", bot.public_id)).await.text();
        assert!(list.contains("Telegram @juniper_bot"), "{list}");
    }

    async fn only_who_may_configure_changes_a_bot(app: &TestApp) {
        let bot = app.bot().await;
        let browser = person(app, &bot, Role::Member).await;
        let page = format!("/p/{}/channels/{BOT_ID}", bot.public_id);
        let shown = browser.get(&page).await;
        assert!(shown.status() == 200 && !shown.text().contains("Check now</button>"));
        for action in ["webhook", "check", "edit"] {
            assert_eq!(browser.post(&format!("{page}/{action}"), &[("token", TOKEN)]).await.status(), 403, "{action}");
        }
        let (other, other_id) = app.empty_project("Other").await;
        app.account("eve@example.com", Some((other, Role::Owner))).await;
        let eve = app.signed_in("eve@example.com").await;
        for action in ["", "/edit"] {
            assert_eq!(eve.get(&format!("/p/{other_id}/channels/{BOT_ID}{action}")).await.status(), 404);
        }
        assert_eq!(eve.post(&format!("/p/{other_id}/channels/{BOT_ID}/webhook"), &[]).await.status(), 404);
    }
}
