//! A lead's page: fields with where they came from, changes by people, the timeline.

use std::sync::Arc;

use aurix::conversations::take_turn::{self, Settled};
use aurix::domain::account::Role;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};

use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp, operator};

async fn owned<'a>(app: &'a TestApp) -> (Project, Browser<'a>) {
    let project = app.project().await;
    app.account("mei@example.com", Some((project.id, Role::Owner))).await;
    let browser = app.signed_in("mei@example.com").await;
    (project, browser)
}

/// The address of the only lead's page.
async fn page_of_lead(app: &TestApp, project: &Project) -> String {
    format!("/p/{}/leads/{}", project.public_id, app.count("SELECT MIN(id) FROM leads").await)
}

both_engines! {
    async fn each_value_says_which_message_it_came_from_and_what_it_was_before(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        app.settle().await;
        person.writes("My name is Mei Tan, mei@example.com").await;
        app.settle().await;
        person.writes("sorry, my email is tan@example.com").await;
        app.settle().await;
        let page = browser.get(&page_of_lead(app, &project).await).await.text();
        let message = |text: &'static str| async move { app.count(text).await };
        let (first, second) = (
            message("SELECT id FROM messages WHERE text LIKE 'My name%'").await,
            message("SELECT id FROM messages WHERE text LIKE 'sorry%'").await,
        );
        assert!(page.contains("tan@example.com") && page.contains("1 older"), "{page}");
        assert!(page.contains(&format!("href=\"#m{first}\">message")) && page.contains(&format!("href=\"#m{second}\">message")), "{page}");
        assert!(page.contains(&format!("id=\"m{first}\"")), "the message that the link leads to");
        assert!(page.contains("from WhatsApp"), "the number that the platform tells");
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_field_values WHERE key = 'email' AND source = 'words'").await, 2);
    }

    async fn a_turn_under_way_does_not_undo_what_a_person_typed(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("My name is Mei Tan").await;
        app.settle().await;
        person.writes("my email is mei@example.com").await;
        app.advance(aurix::domain::time::SignedDuration::from_secs(2));
        let turn = take_turn::claim_turns(&app.core, 10).await.expect("claimed").pop().expect("a turn");
        let decision = take_turn::decide(&app.engines.conversations, Arc::new(turn)).await.expect("decided");
        let lead = page_of_lead(app, &project).await;
        let edited = browser.post(&format!("{lead}/field"), &[("key", "name"), ("value", "Mei Ling Tan")]).await;
        assert_eq!(edited.status(), 303, "{}", edited.text());
        let settled = take_turn::settle(&app.engines.conversations, decision).await.expect("settled");
        assert_eq!(settled, Settled::Superseded);
        app.work().await;
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("Mei Ling Tan") && fields.contains("mei@example.com"), "{fields}");
        assert!(browser.get(&lead).await.text().contains("typed by mei"));
    }

    async fn a_value_that_does_not_fit_its_field_is_refused_with_what_was_typed(app: &TestApp) {
        let (project, browser) = owned(app).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        let lead = page_of_lead(app, &project).await;
        let refused = browser.post(&format!("{lead}/field"), &[("key", "email"), ("value", "mei@")]).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("value=\"mei@\"") && refused.text().contains("Write an e-mail address"), "{}", refused.text());
        assert_eq!(browser.post(&format!("{lead}/field"), &[("key", "shoe"), ("value", "42")]).await.status(), 422);
        let typed = [("key", "phone"), ("value", "8765 4321")];
        assert_eq!(browser.post(&format!("{lead}/field"), &typed).await.status(), 303);
        assert!(app.text("SELECT fields FROM leads").await.expect("fields").contains("+6587654321"), "as everywhere");
        let found = browser.get(&format!("/p/{}/leads?q=87654321", project.public_id)).await.text();
        assert!(!found.contains("Nobody found"), "found by what was typed");
    }

    async fn the_last_field_completes_the_lead_also_by_hand(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("My name is Mei Tan").await;
        app.settle().await;
        let lead = page_of_lead(app, &project).await;
        assert_eq!(browser.post(&format!("{lead}/field"), &[("key", "email"), ("value", "mei@example.com")]).await.status(), 303);
        app.work().await;
        assert_eq!(app.text("SELECT status FROM leads").await.as_deref(), Some("complete"));
        let events: Vec<String> = receiver.take().iter().map(|received| received.event()).collect();
        assert_eq!(events, ["lead.created", "lead.complete"]);
        assert_eq!(browser.post(&format!("{lead}/field"), &[("key", "email"), ("value", "tan@example.com")]).await.status(), 303);
        app.work().await;
        assert!(receiver.take().is_empty(), "once for each lead");
    }

    async fn a_stage_is_told_to_webhooks_that_choose_it_and_to_partners(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let (chooses, other) = (Receiver::start().await, Receiver::start().await);
        let new = NewWebhook { url: chooses.url.clone(), events: vec!["lead.stage_changed".to_owned()], ..NewWebhook::default() };
        add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
        app.webhook(&project, &other).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        other.take();
        let lead = page_of_lead(app, &project).await;
        let rate = async |stage: &str, value: &str, currency: &str, quality: &str| {
            let fields = [("stage", stage), ("value", value), ("currency", currency), ("quality", quality), ("reason", "by phone")];
            browser.post(&format!("{lead}/rating"), &fields).await
        };
        let refused = rate("won", "a lot", "SGD", "good").await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("value=\"a lot\""), "{}", refused.text());
        assert_eq!(rate("won", "65.50", "$", "good").await.status(), 422);
        assert_eq!(rate("won", "1,065.50", "sgd", "good").await.status(), 303);
        assert_eq!(rate("won", "1065.50", "SGD", "poor").await.status(), 303);
        app.work().await;
        let told = chooses.take();
        assert_eq!(told.len(), 1, "the quality alone is no stage");
        let data = told[0].json()["data"].clone();
        assert_eq!((&data["stage"], &data["value"], &data["currency"]), (&"won".into(), &1065.5.into(), &"SGD".into()));
        assert_eq!(data["lead_data"]["phone"], "+6591234567");
        assert!(other.take().is_empty(), "only where it was chosen");
        let key = app.key(&project, "external").await;
        let leads = app.get("/integrations/external/leads", &[("authorization", &format!("Bearer {key}"))]).await.json();
        assert_eq!((&leads["data"][0]["stage"], &leads["data"][0]["quality"]), (&"won".into(), &"poor".into()));
        let page = browser.get(&lead).await.text();
        assert!(page.contains("mei set the stage") && page.contains("won 1065.50 SGD"), "{page}");
    }

    async fn the_timeline_has_all_kinds_and_hides_each(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let reference = app.click(&project, "device_id=d1&click_url=https%3A%2F%2Fshop.example%2Fprices").await.reference();
        Person::new(app, &project, "6591234567").writes(&format!("Do you mend bells? {reference}")).await;
        app.settle().await;
        let lead = page_of_lead(app, &project).await;
        assert_eq!(browser.post(&format!("{lead}/note"), &[("note", "Likes bells")]).await.status(), 303);
        assert_eq!(browser.post(&format!("{lead}/note"), &[("note", " ")]).await.status(), 422);
        let page = browser.get(&lead).await.text();
        let steps = |page: &str| page.split("id=\"timeline\"").nth(1).expect("a timeline").to_owned();
        let words = ["shop.example/prices", "They wrote", "Lead correlated", "127.0.0.1: delivered", "mei noted", "Likes bells"];
        for word in words {
            assert!(steps(&page).contains(word), "{word}: {}", steps(&page));
        }
        for (kind, word) in [("clicks", words[0]), ("messages", words[1]), ("deliveries", words[3]), ("people", words[5])] {
            let hidden = steps(&browser.get(&format!("{lead}?hide={kind}")).await.text());
            assert!(!hidden.contains(word), "{kind}");
        }
    }

    async fn a_lead_of_another_project_is_not_there(app: &TestApp) {
        let (project, _) = owned(app).await;
        let other = app.project_named("Other", "222").await;
        app.account("eve@example.com", Some((other.id, Role::Owner))).await;
        let eve = app.signed_in("eve@example.com").await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        let lead = page_of_lead(app, &other).await;
        for path in [lead.clone(), lead.replace("leads", "inbox"), format!("{lead}/erase")] {
            assert_eq!(eve.get(&path).await.status(), 404, "{path}");
        }
        for (action, fields) in [
            ("reply", [("text", "hello"), ("seen", "9000000000000000000")]),
            ("take-over", [("", ""); 2]),
            ("give-back", [("", ""); 2]),
            ("field", [("key", "name"), ("value", "Eve")]),
            ("note", [("note", "mine"), ("", "")]),
            ("rating", [("stage", "won"), ("quality", "good")]),
            ("erase", [("typed", "ERASE"), ("", "")]),
        ] {
            assert_eq!(eve.post(&format!("{lead}/{action}"), &fields).await.status(), 404, "{action}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_activity").await, 0);
    }
}
