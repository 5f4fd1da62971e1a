//! Setting a bot up, and noticing that another program took it.

use aurix::attention::look;
use aurix::channels::FindingState;
use aurix::channels::telegram::ALLOWED_UPDATES;
use aurix::domain::time::SignedDuration;
use aurix::projects::add_telegram::{BotRefused, TelegramChannel, set_channel_webhook};
use aurix::projects::watch_channels::watch_channels;
use aurix::store::channels;
use serde_json::json;

use crate::support::telegram::{BOT, BOT_ID, Bot, Chatter, TOKEN, Telegram, next_number, with_token};
use crate::support::{TestApp, operator};

const OPEN: &str = "SELECT title FROM attention WHERE closed_at IS NULL";

async fn watch(app: &TestApp) {
    app.advance(SignedDuration::from_secs(61));
    watch_channels(&app.core).await.expect("asked");
    look(&app.core).await.expect("looked");
}

async fn channel_of(app: &TestApp, bot: &Bot) -> channels::Channel {
    let project = bot.project;
    let found = app.core.db.read(async move |conn| Ok(channels::find_in(conn, project, BOT_ID).await?)).await;
    found.expect("read").expect("a channel")
}

both_engines! {
    async fn the_token_alone_sets_a_bot_up(app: &TestApp) {
        let (project, _) = app.empty_project("A shop").await;
        let telegram = Telegram::start().await;
        let added = app.add_bot(project, with_token(&telegram)).await.expect("a bot");
        assert_eq!((added.channel.external_id.as_str(), added.channel.label().as_str()), (BOT_ID, "@juniper_bot"));
        assert!(added.findings.iter().all(|finding| finding.state == FindingState::Fine), "{:?}", added.findings);
        let said: Vec<_> = added.findings.iter().map(|finding| finding.said.as_str()).collect();
        assert!(said[0].contains("@juniper_bot (Juniper Cycles)"), "{said:?}");
        let set = telegram.take("setWebhook").remove(0);
        assert_eq!(set["url"], format!("{}/channels/telegram/{BOT_ID}/webhook", app.base_url));
        assert_eq!(set["allowed_updates"], json!(ALLOWED_UPDATES));
        let secret = set["secret_token"].as_str().expect("a secret");
        assert!(secret.len() == 48 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
        assert_eq!(app.text("SELECT kind FROM channels WHERE sealed_credentials LIKE '%AAHscripted%'").await, None);

        let again = app.add_bot(project, with_token(&telegram)).await.expect("the same bot");
        assert_eq!(again.channel.id, added.channel.id);
        assert_eq!(telegram.take("setWebhook").remove(0)["secret_token"], secret, "updates under way have it");
    }

    async fn another_programs_webhook_is_replaced_only_where_somebody_says_so(app: &TestApp) {
        let (project, _) = app.empty_project("A shop").await;
        let telegram = Telegram::start().await;
        telegram.known().webhook = Some("https://flows.example/bot-SECRET/hook".to_owned());
        let refused = app.add_bot(project, with_token(&telegram)).await.expect_err("it is taken");
        assert!(matches!(refused, BotRefused::WebhookTaken { .. }), "{refused}");
        let words = refused.to_string();
        assert!(words.contains("https://flows.example") && !words.contains("SECRET"), "{words}");
        assert_eq!((telegram.take("setWebhook").len(), app.count("SELECT COUNT(*) FROM channels").await), (0, 0));

        let new = TelegramChannel { replaces_webhook: true, ..with_token(&telegram) };
        app.add_bot(project, new).await.expect("taken over");
        assert!(telegram.known().webhook.as_deref().is_some_and(|url| url.starts_with(&app.base_url)));
    }

    async fn a_token_that_telegram_refuses_adds_nothing(app: &TestApp) {
        let (project, _) = app.empty_project("A shop").await;
        let telegram = Telegram::start().await;
        telegram.revoke_token("another");
        let refused = app.add_bot(project, with_token(&telegram)).await.expect_err("revoked").to_string();
        assert!(refused.contains("@BotFather") && !refused.contains(TOKEN), "{refused}");
        telegram.revoke_token(TOKEN);
        let other = TelegramChannel { bot: Some("@other_bot".to_owned()), ..with_token(&telegram) };
        let refused = app.add_bot(project, other).await.expect_err("another bot's").to_string();
        assert!(refused.contains("belongs to @juniper_bot"), "{refused}");
        let invalid = TelegramChannel { token: "12 34".to_owned(), ..with_token(&telegram) };
        assert!(matches!(app.add_bot(project, invalid).await, Err(BotRefused::Token)));
        assert_eq!(app.count("SELECT COUNT(*) FROM channels").await, 0);
    }

    async fn a_bot_of_another_project_stays_there(app: &TestApp) {
        let bot = app.bot().await;
        let (other, _) = app.empty_project("Other").await;
        let refused = app.add_bot(other, with_token(&bot.telegram)).await.expect_err("theirs");
        assert!(matches!(refused, BotRefused::OtherProject(_)), "{refused}");
    }

    async fn whoever_knows_the_name_can_go_on_while_telegram_is_away(app: &TestApp) {
        let (project, _) = app.empty_project("A shop").await;
        let away = || TelegramChannel {
            token: TOKEN.to_owned(),
            bot: None,
            api_base: Some("http://127.0.0.1:1".to_owned()),
            link_base: None,
            replaces_webhook: false,
        };
        let refused = app.add_bot(project, away()).await.expect_err("nobody says what it is called").to_string();
        assert!(refused.contains("could not be reached") && !refused.contains(TOKEN), "{refused}");
        let named = TelegramChannel { bot: Some(BOT.to_owned()), ..away() };
        let added = app.add_bot(project, named).await.expect("added");
        assert_eq!((added.channel.external_id.as_str(), added.findings[0].state), (BOT_ID, FindingState::Missing));
    }

    async fn an_address_that_telegram_refuses_is_said(app: &TestApp) {
        let (project, _) = app.empty_project("A shop").await;
        let telegram = Telegram::start().await;
        telegram.fail_next("setWebhook", 400, "Bad Request: bad webhook: An HTTPS URL must be provided", json!({}));
        let added = app.add_bot(project, with_token(&telegram)).await.expect("the token is right");
        let webhook = added.findings.iter().find(|finding| finding.name == "Webhook").expect("a finding");
        assert!(webhook.state == FindingState::Missing && webhook.said.contains("HTTPS URL"), "{}", webhook.said);
    }

    async fn a_stolen_webhook_is_noticed_within_a_minute_and_taken_back(app: &TestApp) {
        let bot = app.bot().await;
        watch(app).await;
        assert_eq!(app.text(OPEN).await, None);
        bot.telegram.known().webhook = Some("https://flows.example/hook".to_owned());
        watch(app).await;
        assert_eq!(app.text(OPEN).await.as_deref(), Some("Telegram @juniper_bot gets no messages"));
        let fault = app.text("SELECT inbound_fault FROM channels").await.expect("a fault");
        assert!(fault.contains("https://flows.example"), "{fault}");

        let channel = channel_of(app, &bot).await;
        let refused = set_channel_webhook(&app.core, &operator(), channel.clone(), false).await.expect_err("asked first");
        assert!(matches!(refused, BotRefused::WebhookTaken { .. }));
        set_channel_webhook(&app.core, &operator(), channel, true).await.expect("taken back");
        look(&app.core).await.expect("looked");
        assert_eq!(app.text(OPEN).await, None);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'channel.webhook'").await, 1);
    }

    async fn updates_that_do_not_arrive_are_noticed(app: &TestApp) {
        let bot = app.bot().await;
        let at = app.core.clock.now().as_second() + 30;
        let refuses = "Wrong response from the webhook: 403 Forbidden";
        bot.telegram.known().info = json!({"pending_update_count": 4, "last_error_date": at, "last_error_message": refuses});
        watch(app).await;
        let fault = app.text("SELECT inbound_fault FROM channels").await.expect("a fault");
        assert!(fault.contains("4 updates wait") && fault.contains("403 Forbidden"), "{fault}");
        bot.telegram.known().info = json!({});
        watch(app).await;
        assert_eq!(app.text(OPEN).await, None);
    }

    async fn a_channel_is_asked_about_once_a_minute(app: &TestApp) {
        let bot = app.bot().await;
        for seconds in [30, 31, 1, 58, 1] {
            app.advance(SignedDuration::from_secs(seconds));
            watch_channels(&app.core).await.expect("asked");
        }
        assert_eq!(bot.telegram.take("getWebhookInfo").len(), 2);
    }

    async fn a_revoked_token_needs_a_person_until_there_is_a_new_one(app: &TestApp) {
        let bot = app.bot().await;
        bot.telegram.revoke_token("123456:new");
        Chatter::new(app, &bot, 77).writes("hello").await;
        app.settle().await;
        look(&app.core).await.expect("looked");
        assert_eq!(app.text(OPEN).await.as_deref(), Some("Telegram @juniper_bot cannot send"));
        assert_eq!(app.text("SELECT status FROM messages WHERE direction = 'out'").await.as_deref(), Some("queued"));
        let new = TelegramChannel { token: "123456:new".to_owned(), ..with_token(&bot.telegram) };
        app.add_bot(bot.project, new).await.expect("a new token");
        app.work().await;
        look(&app.core).await.expect("looked");
        assert_eq!((bot.telegram.take_texts().len(), app.text(OPEN).await), (1, None));
    }

    async fn a_token_that_telegram_takes_again_needs_nobody(app: &TestApp) {
        let bot = app.bot().await;
        bot.telegram.revoke_token("another");
        watch(app).await;
        assert_eq!(app.text(OPEN).await.as_deref(), Some("Telegram @juniper_bot cannot send"));
        bot.telegram.revoke_token(TOKEN);
        watch(app).await;
        assert_eq!(app.text(OPEN).await, None);
    }

    async fn only_the_secret_opens_the_webhook(app: &TestApp) {
        let bot = app.bot().await;
        let update = json!({"update_id": next_number(), "message": Chatter::new(app, &bot, 77).message(json!({"text": "hi"}))});
        let secret = bot.telegram.known().secret.clone();
        for wrong in ["", "another", &secret[1..], &secret.to_uppercase()] {
            let refused = app.update_with(wrong, &update).await;
            assert_eq!(refused.status(), 401, "{wrong:?}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM channels WHERE refused_at IS NOT NULL").await, 1);
        assert_eq!(app.update_with(&secret, &update).await.status(), 200);
        let elsewhere = app.send(aurix::net::Method::POST, "/channels/telegram/999/webhook", &[], "{}").await;
        assert_eq!(elsewhere.status(), 404);
    }
}
