//! Integrations → Log: the list, its filters, one delivery, and resending.

use aurix::deliveries::log_filter::LogFilter;
use aurix::deliveries::resend_matching::{count_matching, run_slice, start_resend, stop_resend};
use aurix::domain::account::Role;
use aurix::domain::delivery::Policy;
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};

use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp, operator};

const FAILED: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'failed'";

fn path(project: &Project, page: &str) -> String {
    format!("/p/{}/integrations/log{page}", project.public_id)
}

async fn signed_in<'a>(app: &'a TestApp, project: &Project, role: Role) -> Browser<'a> {
    let email = format!("{}@example.com", role.as_str());
    app.account(&email, Some((project.id, role))).await;
    app.signed_in(&email).await
}

/// The addresses of the rows on a page.
fn rows(page: &str) -> Vec<String> {
    let rows = page.split("<tr><th scope=\"row\" class=\"w\"><a href=\"").skip(1);
    rows.map(|row| row.split('"').next().unwrap_or_default().to_owned()).collect()
}

/// Clicks of as many devices.
async fn clicks(app: &TestApp, project: &Project, count: usize) {
    for number in 0..count {
        app.click(project, &format!("device_id=device{number}")).await;
        app.advance(SignedDuration::from_millis(10));
    }
}

both_engines! {
    async fn every_delivery_is_on_a_page_newest_first_and_none_twice(app: &TestApp) {
        let project = app.project().await;
        let (one, two) = (Receiver::start().await, Receiver::start().await);
        app.webhook(&project, &one).await;
        app.webhook(&project, &two).await;
        clicks(app, &project, 53).await;
        app.work().await;
        let browser = signed_in(app, &project, Role::Viewer).await;
        let (mut page, mut seen, mut lengths) = (path(&project, ""), Vec::new(), Vec::new());
        loop {
            let text = browser.get(&page).await.text();
            let found = rows(&text);
            lengths.push(found.len());
            seen.extend(found);
            let Some((_, older)) = text.split_once("<a class=\"btn small\" href=\"/p/") else { break };
            let Some((before, _)) = older.split_once("\">Older</a>") else { break };
            let before = before.rsplit('"').next().unwrap_or_default().rsplit("/p/").next().unwrap_or_default();
            page = format!("/p/{}", before.replace("&amp;", "&").replace("&#38;", "&"));
        }
        assert_eq!(lengths, [50, 50, 6]);
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 106);
    }

    async fn filters_stand_in_the_address_and_narrow_what_is_listed(app: &TestApp) {
        let project = app.project().await;
        let (good, bad) = (Receiver::start().await, Receiver::start().await);
        app.webhook(&project, &good).await;
        app.webhook_with(&project, &bad, Policy::None).await;
        for status in [401, 503] {
            bad.respond_next(status);
        }
        clicks(app, &project, 3).await;
        app.work().await;
        let browser = signed_in(app, &project, Role::Viewer).await;
        let count = async |query: &str| rows(&browser.get(&path(&project, &format!("?{query}"))).await.text()).len();
        assert_eq!(count("").await, 6);
        for (query, expected) in [
            ("state=failed", 2), ("state=delivered", 4), ("state=pending", 0), ("answer=4xx", 1), ("answer=503", 1),
            ("answer=2xx", 4), ("answer=none", 0), ("event=widget.click", 6), ("event=lead.created", 0),
            ("state=failed&answer=4xx", 1), ("webhook=00000000-0000-4000-8000-000000000000", 0), ("q=nonsense", 0),
            ("period=hour", 6), ("state=unknown", 6),
        ] {
            assert_eq!(count(query).await, expected, "{query}");
        }
        let event = app.text("SELECT event_id FROM events ORDER BY id LIMIT 1").await.expect("an event");
        assert_eq!(count(&format!("q={event}")).await, 2);
        let reference = app.text("SELECT correlation_id FROM sessions ORDER BY id LIMIT 1").await.expect("a session");
        assert_eq!(count(&format!("q={reference}")).await, 2);
        let page = browser.get(&path(&project, "?state=failed&answer=4xx")).await.text();
        assert!(page.contains("Take off the filter State") && page.contains("?answer=4xx\" aria-label"), "{page}");
        app.advance(SignedDuration::from_mins(61));
        assert_eq!(count("period=hour").await, 0);
    }

    async fn a_reference_finds_what_was_sent_of_the_whole_conversation(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.click(&project, "device_id=d1").await;
        let reference = app.text("SELECT correlation_id FROM sessions").await.expect("a session");
        Person::new(app, &project, "6587654321").writes(&format!("Hello! (ref {reference})")).await;
        app.settle().await;
        let browser = signed_in(app, &project, Role::Viewer).await;
        let page = browser.get(&path(&project, &format!("?q={reference}"))).await.text();
        assert!(page.contains("Lead correlated"), "{page}");
    }

    async fn a_delivery_shows_each_attempt_and_what_comes_next(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let new = NewWebhook {
            url: format!("{}?token=s3cr3t", receiver.url),
            headers: vec![("Authorization".to_owned(), "Bearer 5f0e".to_owned())],
            name: "amoCRM".to_owned(),
            ..NewWebhook::default()
        };
        add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
        receiver.respond_next(401);
        receiver.respond_next(503);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        app.advance(SignedDuration::from_secs(6));
        app.work().await;
        let (viewer, admin) = (signed_in(app, &project, Role::Viewer).await, signed_in(app, &project, Role::Admin).await);
        let delivery = rows(&admin.get(&path(&project, "")).await.text()).remove(0);
        let page = admin.get(&delivery).await.text();
        assert!(page.contains("Widget click to amoCRM") && page.contains("503 Service Unavailable"), "{page}");
        assert!(page.contains("Authorization: Bearer 5f0e") && page.contains("?token=s3cr3t"), "{page}");
        assert!(admin.get(&format!("{delivery}?attempt=1")).await.text().contains("401 Unauthorized"));
        for language in ["Python", "Node", "PHP", "Go"] {
            assert!(page.contains(&format!("Check the signature in {language}")));
        }
        let seen = viewer.get(&delivery).await.text();
        assert!(!seen.contains("5f0e") && !seen.contains("s3cr3t") && seen.contains("••••••"), "{seen}");
        assert_eq!(viewer.post(&format!("{delivery}/resend"), &[]).await.status(), 403);
        receiver.take();
        assert_eq!(admin.post(&format!("{delivery}/resend"), &[]).await.status(), 303);
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
        assert!(admin.get(&delivery).await.text().contains("Delivered"));
    }

    async fn fields_that_were_not_known_are_named(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        Person::new(app, &project, "6587654321").writes("My name is Arjun Nair").await;
        app.settle().await;
        app.advance(SignedDuration::from_mins(30));
        app.work().await;
        let browser = signed_in(app, &project, Role::Viewer).await;
        let delivery = rows(&browser.get(&path(&project, "?event=lead.created")).await.text()).remove(0);
        let page = browser.get(&delivery).await.text();
        assert!(page.contains("<b>email") && page.contains("not known when it was sent; this conversation got as far as"), "{page}");
        app.core.db.write(async |tx| Ok(tx.execute("UPDATE projects SET viewers_see_masked = TRUE", &[]).await?)).await.expect("set");
        let masked = browser.get(&delivery).await.text();
        assert!(!masked.contains("Arjun") && !masked.contains("6587654321"), "{masked}");
        assert!(!browser.get(&path(&project, "")).await.text().contains("Arjun"));
    }

    async fn what_is_counted_is_what_is_resent_and_nothing_of_another_project(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        for project in [&project, &other] {
            app.webhook_with(project, &receiver, Policy::None).await;
            for status in [401, 401, 500] {
                receiver.respond_next(status);
                app.click(project, &format!("device_id=d{status}")).await;
                app.work().await;
            }
        }
        let filter = LogFilter { answer: Some("4xx".to_owned()), ..LogFilter::default() };
        assert_eq!(count_matching(&app.core, project.id, &filter).await.expect("a count"), 2);
        let webhook_of_other = app.text("SELECT public_id FROM webhooks ORDER BY id DESC LIMIT 1").await;
        let foreign = LogFilter { webhook: webhook_of_other, ..LogFilter::default() };
        assert_eq!(count_matching(&app.core, project.id, &foreign).await.expect("a count"), 0);
        assert!(start_resend(&app.core, &operator(), project.id, &foreign).await.expect("an answer").is_none());
        receiver.take();
        start_resend(&app.core, &operator(), project.id, &filter).await.expect("an answer").expect("a job");
        while run_slice(&app.core).await.expect("a slice") {}
        app.work().await;
        assert_eq!(receiver.take().len(), 2);
        assert_eq!(app.count(FAILED).await, 4);
        assert_eq!(app.count("SELECT resent FROM resend_jobs WHERE matched = 2").await, 2);
    }

    async fn a_job_that_is_stopped_makes_nothing_more_due(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let start = async || {
            let job = start_resend(&app.core, &operator(), project.id, &LogFilter::default()).await;
            job.expect("an answer").expect("a job")
        };
        let browser = signed_in(app, &project, Role::Admin).await;
        let job = start().await;
        let page = browser.get(&path(&project, "")).await.text();
        assert!(page.contains("Resending: 0 of 1"), "{page}");
        assert_eq!(browser.post(&path(&project, &format!("/jobs/{job}/stop")), &[]).await.status(), 303);
        assert!(!run_slice(&app.core).await.expect("nothing"));
        assert_eq!(app.count(FAILED).await, 1);
        assert!(browser.get(&path(&project, "/jobs")).await.text().contains("Stopped after 0 of 1"));
        let other = app.project_named("Other", "222").await;
        let job = start().await;
        assert!(!stop_resend(&app.core, &operator(), other.id, job).await.expect("an answer"), "it is not theirs");
        assert!(run_slice(&app.core).await.expect("a slice"));
        assert_eq!(app.count(FAILED).await, 0);
    }

    async fn what_came_since_is_counted(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        clicks(app, &project, 2).await;
        let browser = signed_in(app, &project, Role::Viewer).await;
        let page = browser.get(&path(&project, "")).await.text();
        let (_, fresh) = page.split_once("id=\"fresh\" hx-get=\"").expect("an address");
        let fresh = fresh.split('"').next().unwrap_or_default().replace("&amp;", "&");
        assert_eq!(browser.get(&fresh).await.text().trim(), "");
        clicks(app, &project, 3).await;
        assert!(browser.get(&fresh).await.text().contains("Show 3 new"));
    }
}
