//! Setting up: each step ticks itself when what it is about happens, and can be skipped.

use aurix::conversations::rate_lead::rate_lead;
use aurix::domain::account::Role;
use aurix::domain::ids::LeadId;
use aurix::domain::lead::{Quality, Stage};
use aurix::store::lead_rating::Rating;

use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp, operator};

/// The steps that are done, skipped, and open, by their words.
async fn states(browser: &Browser<'_>, project: &Project) -> Vec<(String, &'static str)> {
    let page = browser.get(&format!("/p/{}/setup?part=steps", project.public_id)).await;
    assert_eq!(page.status(), 200);
    let page = page.text();
    let state = |step: &str| {
        let word = step.split('"').next().unwrap_or_default().to_owned();
        let state = match () {
            () if step.contains(">Done<") => "done",
            () if step.contains(">Skipped<") => "skipped",
            () => "open",
        };
        (word, state)
    };
    page.split("id=\"s-").skip(1).map(state).collect()
}

async fn state(browser: &Browser<'_>, project: &Project, step: &str) -> &'static str {
    let states = states(browser, project).await;
    states.iter().find(|(word, _)| word == step).expect("a step").1
}

both_engines! {
    async fn steps_tick_themselves(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let browser = app.signed_in("mei@example.com").await;
        let words: Vec<_> = states(&browser, &project).await.into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["channel", "button", "ads", "try", "form", "systems", "sales"]);
        assert_eq!(state(&browser, &project, "channel").await, "done", "the project has one");
        for step in ["button", "ads", "try", "systems", "sales"] {
            assert_eq!(state(&browser, &project, step).await, "open", "{step}");
        }

        let unfilled = "https%3A%2F%2Fshop.example%2Fp%3Futm_campaign%3D%7B%7Bcampaign.name%7D%7D";
        app.click(&project, &format!("device_id=d1&click_url={unfilled}")).await;
        assert_eq!(state(&browser, &project, "button").await, "done");
        assert_eq!(state(&browser, &project, "ads").await, "open");
        let page = browser.get(&format!("/p/{}/setup", project.public_id)).await.text();
        assert!(page.contains("A click to shop.example/p came with a placeholder"), "{page}");

        let ad = "https%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle%26utm_medium%3Dcpc%26utm_campaign%3Dspring";
        let reference = app.click(&project, &format!("device_id=d2&click_url={ad}")).await.reference();
        assert_eq!(state(&browser, &project, "ads").await, "done");

        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        Person::new(app, &project, "6591234567").writes(&format!("{reference} I am Ann Lee, ann@example.com")).await;
        app.settle().await;
        for step in ["try", "systems"] {
            assert_eq!(state(&browser, &project, step).await, "done", "{step}");
        }
        let lead = LeadId(app.count("SELECT MAX(id) FROM leads").await);
        let rating = Rating { stage: Some(Stage::Qualified), amount: None, quality: Quality::Unknown, reason: None };
        rate_lead(&app.core, &operator(), (project.id, lead), rating).await.expect("rated");
        assert_eq!(state(&browser, &project, "sales").await, "done");
    }

    async fn a_step_is_skipped_and_taken_after_all(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        app.account("vi@example.com", Some((project.id, Role::Viewer))).await;
        let path = format!("/p/{}/setup", project.public_id);
        let viewer = app.signed_in("vi@example.com").await;
        assert_eq!(viewer.post(&path, &[("step", "sales"), ("skip", "yes")]).await.status(), 403);
        let browser = app.signed_in("mei@example.com").await;
        let overview = format!("/p/{}/overview", project.public_id);
        assert_eq!(browser.post(&path, &[("step", "sales"), ("skip", "yes")]).await.status(), 303);
        assert_eq!(state(&browser, &project, "sales").await, "skipped");
        let page = browser.get(&overview).await.text();
        assert!(page.contains("nobody knows which ad sells"), "what it would add is named: {page}");
        assert_eq!(browser.post(&path, &[("step", "sales"), ("skip", "no")]).await.status(), 303);
        assert_eq!(state(&browser, &project, "sales").await, "open");
        assert_eq!(browser.post(&path, &[("step", "nothing"), ("skip", "yes")]).await.status(), 422);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'project.set'").await, 2);
    }
}
