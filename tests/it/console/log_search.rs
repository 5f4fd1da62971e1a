//! The log's search by what is known of people.

use aurix::deliveries::resend_matching::run_slice;
use aurix::domain::account::Role;
use aurix::domain::delivery::Policy;

use super::log::{FAILED, path, signed_in};
use crate::support::{Person, Receiver, TestApp};

both_engines! {
    async fn a_name_a_number_or_an_address_finds_what_was_sent_of_that_person(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.webhook(&other, &receiver).await;
        for (number, words) in [
            ("6587654321", "I am Kavita Menon, kavita@example.com"),
            ("6581112222", "I am Jonas Weber, jonas@example.com"),
        ] {
            Person::new(app, &project, number).writes(words).await;
            app.settle().await;
        }
        let browser = signed_in(app, &project, Role::Admin).await;
        for search in ["kavi", "menon", "kavita%40example.com", "8765%204321", "%2B65%208765%204321"] {
            let page = browser.get(&path(&project, &format!("?q={search}"))).await.text();
            assert!(page.contains("Kavita Menon") && !page.contains("Jonas Weber"), "{search}: {page}");
        }
        let nobody = browser.get(&path(&project, "?q=nobody")).await.text();
        assert!(nobody.contains("No delivery matches"), "{nobody}");
        let elsewhere = signed_in(app, &other, Role::Admin).await;
        assert!(elsewhere.get(&path(&other, "?q=kavita")).await.text().contains("No delivery matches"));
    }

    async fn what_a_search_by_name_matches_is_what_is_resent(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        for (number, words) in [("6587654321", "I am Kavita Menon"), ("6581112222", "I am Jonas Weber")] {
            receiver.respond_next(500);
            Person::new(app, &project, number).writes(words).await;
            app.settle().await;
        }
        let browser = signed_in(app, &project, Role::Admin).await;
        let failed = app.count(FAILED).await;
        let filter = [("q", "kavita")];
        assert_eq!(browser.post(&path(&project, "/resend"), &filter).await.status(), 303);
        let matched = app.count("SELECT matched FROM resend_jobs").await;
        assert!(matched > 0 && matched < failed, "{matched} of {failed}");
        while run_slice(&app.core).await.expect("a slice") {}
        assert_eq!(app.count("SELECT resent FROM resend_jobs WHERE state = 'done'").await, matched);
        assert_eq!(app.count(FAILED).await, failed - matched);
    }
}
