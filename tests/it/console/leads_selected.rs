//! One thing said of many leads at once.

use aurix::domain::account::Role;
use aurix::domain::event::EventType;
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};

use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp, operator};

const WON: &str = "SELECT COUNT(*) FROM leads WHERE stage = 'won'";

/// People who wrote, one after another.
async fn people(app: &TestApp, project: &Project, count: usize) {
    for number in 0..count {
        Person::new(app, project, &format!("659123{number:04}")).writes("hello").await;
        app.advance(SignedDuration::from_millis(10));
    }
    app.settle().await;
}

async fn member<'a>(app: &'a TestApp, project: &Project, role: Role) -> Browser<'a> {
    let email = format!("{}@{}.example", role.as_str(), project.phone_number_id);
    app.account(&email, Some((project.id, role))).await;
    app.signed_in(&email).await
}

fn path(project: &Project, query: &str) -> String {
    format!("/p/{}/leads/selected{query}", project.public_id)
}

both_engines! {
    async fn what_was_ticked_is_changed_and_nothing_else(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        let events = vec![EventType::LeadStageChanged.as_str().to_owned()];
        let new = NewWebhook { url: receiver.url.clone(), events, ..NewWebhook::default() };
        add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
        people(app, &project, 3).await;
        Person::new(app, &other, "6587654321").writes("hello").await;
        app.settle().await;
        let browser = member(app, &project, Role::Member).await;
        // The fourth is another project's; the last is nothing.
        let ticked = path(&project, "?lead=1&lead=3&lead=4&lead=x");
        let page = browser.get(&ticked).await.text();
        assert!(page.contains("<h1>2 selected leads</h1>") && page.contains("Set stage of 2"), "{page}");
        let done = browser.post(&ticked, &[("stage", "won")]).await;
        assert_eq!(done.status(), 303);
        let page = browser.get(done.header("location")).await.text();
        assert!(page.contains("<b>2 leads were changed.</b>"), "{page}");
        assert_eq!(app.count(WON).await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE stage = 'won' AND id IN (1, 3)").await, 2);
        app.work().await;
        assert_eq!(receiver.take().len(), 2, "webhooks are told of each");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'lead.rate'").await, 2);
        let again = browser.post(&path(&project, "?lead=1&lead=2"), &[("stage", "won")]).await;
        assert!(again.header("location").ends_with("changed=1&same=1"), "{}", again.header("location"));
        assert_eq!(browser.post(&ticked, &[("quality", "good")]).await.status(), 303);
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE quality = 'good' AND stage = 'won'").await, 2);
        for nothing in [[("stage", "")], [("quality", "best")], [("other", "1")]] {
            assert_eq!(browser.post(&ticked, &nothing).await.status(), 422, "{nothing:?}");
        }
        let viewer = member(app, &project, Role::Viewer).await;
        assert_eq!(viewer.get(&ticked).await.status(), 200);
        assert_eq!(viewer.post(&ticked, &[("stage", "lost")]).await.status(), 403);
    }

    async fn all_that_match_are_those_that_were_counted(app: &TestApp) {
        let project = app.project().await;
        people(app, &project, 53).await;
        let browser = member(app, &project, Role::Admin).await;
        app.execute("UPDATE leads SET quality = 'poor' WHERE id <= 2").await;
        let page = browser.get(&path(&project, "?quality=unknown&all=")).await.text();
        assert!(page.contains("<h1>51 selected leads</h1>") && page.contains("and 41 more"), "{page}");
        let action = page.split("action=\"").find(|part| part.contains("/leads/selected?")).expect("a form");
        let action = action.split('"').next().expect("its end").replace("&#38;", "&");
        // Somebody comes in while somebody decides.
        app.advance(SignedDuration::from_secs(1));
        Person::new(app, &project, "6598765432").writes("hello").await;
        app.settle().await;
        let file = page.split("href=\"").find(|part| part.contains("/export.csv?")).expect("a link");
        let file = file.split('"').next().expect("its end").replace("&#38;", "&");
        assert_eq!(browser.get(&file).await.text().trim_end().lines().count(), 52, "a head, and those who were counted");
        let done = browser.post(&action, &[("stage", "won")]).await;
        assert!(done.header("location").ends_with("changed=51&same=0"), "{}", done.header("location"));
        assert_eq!(app.count(WON).await, 51);
        let nobody = browser.get(&path(&project, "?quality=unknown")).await.text();
        assert!(nobody.contains("Nobody is selected"), "{nobody}");
    }

    async fn a_file_has_those_that_were_ticked(app: &TestApp) {
        let project = app.project().await;
        people(app, &project, 3).await;
        let browser = member(app, &project, Role::Admin).await;
        let address = |query: &str| format!("/p/{}/leads/export.csv{query}", project.public_id);
        let file = browser.get(&address("?view=all&lead=1&lead=3")).await;
        let disposition = file.header("content-disposition").to_owned();
        assert_eq!(disposition, "attachment; filename=\"leads_a-shop_selected_Asia-Singapore.csv\"");
        let text = file.text();
        assert!(text.contains("+6591230000") && text.contains("+6591230002") && !text.contains("+6591230001"), "{text}");
        assert_eq!(browser.get(&address("")).await.text().trim_end().lines().count(), 4);
    }
}
