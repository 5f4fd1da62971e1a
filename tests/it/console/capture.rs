//! What a project captures with: channels, widgets and the lead form.

use aurix::clicks::widget_sightings;
use aurix::domain::account::Role;
use serde_json::json;

use crate::support::console::Browser;
use crate::support::{Person, Project, TestApp, VERIFY_TOKEN};

/// An admin of the project.
async fn admin<'a>(app: &'a TestApp, project: &Project) -> Browser<'a> {
    app.account("ada@example.com", Some((project.id, Role::Admin))).await;
    app.signed_in("ada@example.com").await
}

/// The value of a hidden field on a page.
fn hidden(page: &str, name: &str) -> String {
    let start = page.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    let value = page[start..].split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a value");
    value.replace("&#34;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

both_engines! {
    async fn a_number_is_added_in_the_order_of_metas_pages(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let channels = format!("/p/{}/channels", project.public_id);
        let wrong = [("phone_number_id", "+65 1234"), ("number", "1234"), ("app_secret", ""), ("access_token", "")];
        let refused = browser.post(&format!("{channels}/new/whatsapp"), &wrong).await;
        assert_eq!(refused.status(), 422);
        for said in ["This is no phone number id", "Write it with + and the country code", "Paste the app secret", "Paste the access token"] {
            assert!(refused.text().contains(said), "{said}");
        }
        let fields = [("phone_number_id", "555"), ("number", "+65 8765 4321"), ("app_secret", "s"), ("access_token", "t")];
        let added = browser.post(&format!("{channels}/new/whatsapp"), &fields).await;
        assert_eq!(added.header("location"), format!("{channels}/555"));
        let page = browser.get(&format!("{channels}/555")).await.text();
        assert!(page.contains(&format!("{}/channels/whatsapp/555/webhook", app.base_url)), "{page}");
        assert!(page.contains("Meta has not asked for the verify token yet"));
        let shown = browser.post(&format!("{channels}/555/verify-token"), &[]).await.text();
        let token = shown.split("id=\"verify\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a token");
        let verify = format!("/channels/whatsapp/555/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}");
        assert_eq!(app.get(&verify, &[]).await.text(), "1");
        assert!(browser.get(&format!("{channels}/555")).await.text().contains("Meta asked for the verify token"));

        let taken = app.project_named("Other", "222").await;
        app.account("ada@example.com", Some((taken.id, Role::Admin))).await;
        let foreign = [("phone_number_id", "555"), ("number", "+6587654321"), ("app_secret", "s"), ("access_token", "t")];
        let refused = browser.post(&format!("/p/{}/channels/new/whatsapp", taken.public_id), &foreign).await;
        assert!(refused.status() == 422 && refused.text().contains("belongs to another project"), "{}", refused.text());
    }

    async fn a_channels_page_says_when_it_was_seen_and_what_is_wrong(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let page = format!("/p/{}/channels/{}", project.public_id, project.phone_number_id);
        assert!(browser.get(&page).await.text().contains("it shows here"));
        Person::new(app, &project, "6587654321").writes("hello").await;
        let seen = browser.get(&page).await.text();
        assert!(seen.contains("Something came") && !seen.contains("The app secret is wrong"));
        app.advance(aurix::domain::time::SignedDuration::from_mins(2));
        let hook = format!("/channels/whatsapp/{}/webhook", project.phone_number_id);
        let forged = [("content-type", "application/json"), ("x-hub-signature-256", "sha256=00")];
        assert_eq!(app.send(aurix::net::Method::POST, &hook, &forged, "{}").await.status(), 401);
        assert!(browser.get(&page).await.text().contains("The app secret is wrong"));
    }

    async fn a_check_asks_the_platform_what_is_missing(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let page = format!("/p/{}/channels/{}", project.public_id, project.phone_number_id);
        let phone = json!({"display_phone_number": "+65 1234 5678", "verified_name": "A shop",
                           "webhook_configuration": {"application": "https://elsewhere.example/hook"}});
        let token = json!({"data": {"is_valid": true, "expires_at": 1_790_000_000, "scopes": ["whatsapp_business_messaging"]}});
        project.whatsapp.answer_next(200, phone);
        project.whatsapp.answer_next(200, token);
        let checked = browser.post(&format!("{page}/check"), &[]).await.text();
        for said in ["It is valid, and expires", "The token lacks whatsapp_business_management", "+65 1234 5678 (A shop)", "WhatsApp sends messages to https://elsewhere.example/hook"] {
            assert!(checked.contains(said), "{said} in {checked}");
        }
        project.whatsapp.fail_next(401, 190);
        let expired = browser.post(&format!("{page}/check"), &[]).await.text();
        assert!(expired.contains("Token and number"), "{expired}");
    }

    async fn a_new_token_keeps_the_verify_token_that_meta_knows(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let edit = format!("/p/{}/channels/{}/edit", project.public_id, project.phone_number_id);
        let fields = [("number", "+6512345678"), ("app_secret", "another"), ("access_token", "new")];
        assert_eq!(browser.post(&edit, &fields).await.status(), 303);
        app.advance(aurix::domain::time::SignedDuration::from_secs(1));
        let verify = format!(
            "/channels/whatsapp/{}/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token={}",
            project.phone_number_id,
            VERIFY_TOKEN.replace(' ', "%20")
        );
        assert_eq!(app.get(&verify, &[]).await.text(), "1");
    }

    async fn a_widget_is_made_and_changed_with_its_tag(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let widgets = format!("/p/{}/widgets", project.public_id);
        let fields = |origins: &'static str, color: &'static str| {
            [("name", "Shop"), ("label", "Write us"), ("greeting", "Hello"), ("color", color), ("side", "left"), ("channel", "791163770738681"), ("origins", origins)]
        };
        let refused = browser.post(&format!("{widgets}/new"), &fields("*", "#ffffff")).await;
        assert!(refused.status() == 422 && refused.text().contains("is not an origin") && refused.text().contains("cannot be read"));
        let made = browser.post(&format!("{widgets}/new"), &fields("https://shop.example", "#12813f")).await;
        let page = made.header("location").to_owned();
        let shown = browser.get(&page).await.text();
        assert!(shown.contains("data-label=&#34;Write us&#34; data-position=&#34;left&#34;"), "{shown}");
        let saved = browser.post(&page, &fields("https://shop.example\r\nhttps://*.shop.example", "#12813f")).await;
        assert_eq!(saved.header("location"), page);
        assert!(browser.get(&page).await.text().contains("https://*.shop.example"));
        let foreign = [("channel", "222"), ("name", "Shop"), ("color", "#12813f")];
        app.project_named("Other", "222").await;
        assert_eq!(browser.post(&page, &foreign).await.status(), 422, "another project's channel");
    }

    async fn a_refused_site_is_shown_and_can_be_allowed(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let widget = app.widget(project.id, &project.phone_number_id, &["https://shop.example"]).await;
        let post = async || {
            let headers = [("content-type", "application/json"), ("origin", "https://new.example")];
            app.send(aurix::net::Method::POST, &format!("/c/{widget}"), &headers, "{}").await.status()
        };
        assert_eq!(post().await, 403);
        widget_sightings::store(&app.engines.clicks).await.expect("stored");
        let page = format!("/p/{}/widgets/{widget}", project.public_id);
        assert!(browser.get(&page).await.text().contains("<code>https://new.example</code>"));
        assert_eq!(browser.post(&format!("{page}/allow"), &[("origin", "https://new.example")]).await.status(), 303);
        assert!(!browser.get(&page).await.text().contains("Refused sites"));
        app.advance(aurix::domain::time::SignedDuration::from_secs(1));
        assert_eq!(post().await, 200);
    }

    async fn a_widget_says_where_it_was_last_clicked(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let list = format!("/p/{}/widgets", project.public_id);
        assert!(browser.get(&list).await.text().contains("Not seen yet"));
        app.click(&project, "device_id=d1&click_url=https%3A%2F%2Fshop.example%2Fwinter%3Fa%3Db").await;
        widget_sightings::store(&app.engines.clicks).await.expect("stored");
        app.count_clicks().await;
        let today = "<td class=\"x n\">";
        let page = browser.get(&list).await.text();
        assert!(page.contains("shop.example/winter") && page.contains(&format!("{today}1</td>")), "{page}");
        app.advance(aurix::domain::time::SignedDuration::from_hours(25));
        let page = browser.get(&list).await.text();
        assert!(page.contains("Silent for a day") && page.contains(&format!("{today}0</td>")), "{page}");
    }

    async fn a_form_is_tried_before_it_is_saved_and_can_be_taken_back(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let form = format!("/p/{}/form", project.public_id);
        let fields = |ask: &'static str, said: &'static str, talk: &str| {
            [("greeting", "Hi!"), ("closing", "Noted."), ("language", "en"), ("key", "name"), ("type", "name"), ("required", "yes"), ("question", "Who are you?"), ("options", ""), ("key", "outlet"), ("type", "choice"), ("required", "yes"), ("question", "Which outlet?"), ("options", "Orchard\r\nBugis"), ("do", ask), ("said", said), ("talk", talk)].map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let post = async |ask: &'static str, said: &'static str, talk: &str| {
            let fields = fields(ask, said, talk);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            browser.post(&form, &fields).await
        };
        let tried = post("try", "I am Robin, Bugis", "").await.text();
        assert!(tried.contains("<dd>Robin") && tried.contains("<dd>Bugis") && tried.contains("asked now"), "{tried}");
        let talk = hidden(&tried, "talk");
        let tried = post("try", "robin@example.com", &talk).await.text();
        assert!(tried.contains("robin@example.com") && tried.contains("I am Robin, Bugis"), "the talk goes on");
        assert_eq!(app.count("SELECT COUNT(*) FROM form_versions").await, 0, "nothing is saved");
        assert_eq!(post("save", "", "").await.status(), 303);
        assert!(browser.get(&form).await.text().contains("Which outlet?"));
        let moved = post("up-1", "", "").await.text();
        assert!(moved.find("Outlet").expect("there") < moved.find("Who are you?").expect("there"), "moved up, not saved");
        assert_eq!(browser.post(&form, &[("key", "1 wrong"), ("type", "text"), ("do", "save")]).await.status(), 422);
        assert_eq!(browser.post(&form, &[("greeting", "Second"), ("do", "save")]).await.status(), 303);
        let old = browser.get(&format!("{form}?version=1")).await.text();
        assert!(old.contains("This is version 1") && old.contains("Which outlet?"), "{old}");
    }

    async fn a_numbers_webhook_is_set_at_meta_and_taken_over_only_where_somebody_says_so(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let path = format!("/p/{}/channels/791163770738681", project.public_id);
        let shown = browser.get(&path).await.text();
        assert!(shown.contains("Set the webhook</button>"), "{shown}");
        let elsewhere = json!({"webhook_configuration": {"phone_number": "https://other.example/SECRET", "application": "https://x.example"}});
        project.whatsapp.answer_next(200, elsewhere);
        let asked = browser.post(&format!("{path}/webhook"), &[]).await;
        let text = asked.text();
        assert!(asked.status() == 422 && text.contains("https://other.example") && text.contains("Replace that address"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
        project.whatsapp.take_calls();
        let ours = format!("{}/channels/whatsapp/791163770738681/webhook", app.core.config.base_url);
        let token = json!({"data": {"is_valid": true, "expires_at": 0, "granular_scopes": [
            {"scope": "whatsapp_business_management", "target_ids": ["102290129340398"]},
            {"scope": "whatsapp_business_messaging"}]}});
        let phone = json!({"display_phone_number": "+65 1234 5678", "webhook_configuration": {"phone_number": ours}});
        let done = json!({"success": true});
        for answer in [json!({}), done.clone(), token.clone(), done, phone, token] {
            project.whatsapp.answer_next(200, answer);
        }
        project.whatsapp.take();
        let set = browser.post(&format!("{path}/webhook"), &[("replace", "1")]).await;
        let text = set.text();
        assert!(set.status() == 200 && text.contains("WhatsApp sends messages here."), "{text}");
        assert!(text.contains("The app gets what happens on the number’s account."), "{text}");
        let calls = project.whatsapp.take_calls();
        assert!(calls[1].starts_with("POST ") && calls[1].ends_with("/791163770738681"), "{calls:?}");
        assert!(calls[3].starts_with("POST ") && calls[3].ends_with("/102290129340398/subscribed_apps"), "{calls:?}");
        let sent = project.whatsapp.take();
        let expected = json!({"override_callback_uri": ours, "verify_token": VERIFY_TOKEN});
        assert_eq!(sent[1], json!({"webhook_configuration": expected}));
        let audit = "SELECT COUNT(*) FROM audit WHERE action = 'channel.webhook'";
        assert_eq!(app.count(audit).await, 1);
    }

    async fn a_webhook_that_meta_refuses_says_why(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let path = format!("/p/{}/channels/791163770738681", project.public_id);
        project.whatsapp.answer_next(200, json!({}));
        project.whatsapp.fail_next(400, 190);
        let refused = browser.post(&format!("{path}/webhook"), &[]).await;
        let text = refused.text();
        assert!(refused.status() == 422 && text.contains("The access token has expired"), "{text}");
        assert!(text.contains("/channels/whatsapp/791163770738681/webhook, where Meta asks for the verify token"), "{text}");
        assert!(!text.contains("Replace that address"), "{text}");
    }
}
