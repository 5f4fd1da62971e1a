//! The way from a site's button to the bot.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::telegram::BOT;

const AGENT: (&str, &str) =
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36");

both_engines! {
    async fn a_browser_sees_the_reference_on_its_way(app: &TestApp) {
        let bot = app.bot().await;
        let path = format!("/c/{}?device_id=4f2c9a31-6f0b-4f7e-9d6e-0d3a4b7c1f22", bot.widget_id);
        let page = app.get(&path, &[AGENT, ("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")]).await;
        let reference = app.text("SELECT correlation_id FROM sessions").await.expect("a click");
        let text = page.text();
        assert_eq!((page.status(), page.header("cache-control")), (200, "no-store"));
        assert!(text.contains(&format!("href=\"https://t.me/{BOT}?start={reference}\"")), "{text}");
        assert!(text.contains(&format!("href=\"tg://resolve?domain={BOT}&amp;start={reference}\"")), "{text}");
        assert!(text.contains(&format!("<code id=\"reference\" dir=\"ltr\">{reference}</code>")), "{text}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!text.contains("{{"), "{text}");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 1);
    }

    async fn programs_and_frames_are_redirected(app: &TestApp) {
        let bot = app.bot().await;
        let path = format!("/c/{}", bot.widget_id);
        for headers in [vec![AGENT], vec![AGENT, ("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")]] {
            let response = app.get(&path, &headers).await;
            let location = response.header("location");
            assert_eq!(response.status(), 302);
            assert!(location.starts_with(&format!("https://t.me/{BOT}?start=O-")), "{location}");
        }
        let crawler = [("user-agent", "TelegramBot (like TwitterBot)"), ("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
        let response = app.get(&path, &crawler).await;
        assert_eq!((response.status(), response.header("location")), (302, "https://t.me/juniper_bot"));
        let body = json!({"click_url": "https://shop.example/"}).to_string();
        let posted = app.send(aurix::net::Method::POST, &path, &[AGENT, ("content-type", "application/json")], body).await;
        let posted: Value = serde_json::from_str(&posted.text()).expect("JSON");
        let expected = format!("https://t.me/{BOT}?start={}", posted["correlation_id"].as_str().expect("an id"));
        assert_eq!(posted["redirect_url"], expected);
    }

    async fn a_whatsapp_widget_redirects_as_ever(app: &TestApp) {
        let project = app.project().await;
        let headers = [AGENT, ("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
        let response = app.get(&format!("/c/{}", project.widget_id), &headers).await;
        assert_eq!(response.status(), 302);
        assert!(response.header("location").starts_with("https://wa.me/"));
    }
}
