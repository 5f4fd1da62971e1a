//! Integrations → Webhook: the document's steps, health, failures, pause, secrets.

use aurix::deliveries::attempt::{attempt, settle};
use aurix::deliveries::claim::{Wanted, claim_due};
use aurix::domain::account::Role;
use aurix::domain::delivery::Policy;
use aurix::domain::event::EventType;
use aurix::domain::ids::WebhookId;
use aurix::domain::time::SignedDuration;
use aurix::store::webhooks;

use crate::support::console::Browser;
use crate::support::{HttpResponse, Person, Project, Receiver, TestApp};

const SENT: &str = "SELECT COUNT(*) FROM attempts";
const WAITING: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending'";

/// The address of a page of the project's webhooks.
fn path(project: &Project, page: &str) -> String {
    format!("/p/{}/integrations/webhook{page}", project.public_id)
}

/// The UUID of the only webhook.
async fn only_webhook(app: &TestApp) -> String {
    app.text("SELECT public_id FROM webhooks WHERE removed_at IS NULL").await.expect("a webhook")
}

async fn admin<'a>(app: &'a TestApp, project: &Project) -> Browser<'a> {
    app.account("mei@example.com", Some((project.id, Role::Admin))).await;
    app.signed_in("mei@example.com").await
}

/// What stands in the form as a person fills it in, with the warnings that were shown before.
async fn save(browser: &Browser<'_>, path: &str, fields: &[(&str, &str)]) -> HttpResponse {
    let asked = browser.post(path, fields).await;
    assert_eq!(asked.status(), 422, "{}", asked.text());
    let text = asked.text();
    let (_, seen) = text.split_once("name=\"seen\" value=\"").expect("it asks whether it is meant so");
    let (seen, _) = seen.split_once('"').expect("a value");
    browser.post(path, &[fields, &[("seen", seen)]].concat()).await
}

both_engines! {
    async fn the_steps_of_the_document_lead_to_a_lead_in_the_crm(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let browser = admin(app, &project).await;
        let form = browser.get(&path(&project, "/new")).await.text();
        assert_eq!(form.matches(" checked><span class=\"wide\"><b>New Lead</b>").count(), 1);
        assert_eq!(form.matches("type=\"checkbox\"").count(), EventType::ALL.len() - EventType::OPERATIONAL.len());
        assert_eq!(form.matches(" checked").count(), 2, "New Lead, and trying again");
        assert!(form.contains("placeholder=\"Authorization\""));

        let url = format!("  {} ", receiver.url);
        let fields = [("url", url.as_str()), ("name", "amoCRM"), ("event-lead.created", "on"), ("policy", "retry")];
        let asked = browser.post(&path(&project, "/new"), &fields).await.text();
        assert!(asked.contains("This address is only reachable inside your network."), "{asked}");
        assert!(asked.contains("Save anyway"));
        let saved = save(&browser, &path(&project, "/new"), &fields).await;
        assert_eq!(saved.status(), 200, "{}", saved.text());
        assert_eq!(saved.text().matches("<code id=\"secret\">aurix_").count(), 1);
        assert_eq!(app.text("SELECT url FROM webhooks").await, Some(receiver.url.clone()), "without the spaces");

        let id = only_webhook(app).await;
        let page = browser.get(&path(&project, &format!("/{id}"))).await.text();
        assert!(!page.contains("aurix_"), "it is shown once");
        let tested = browser.post(&path(&project, &format!("/{id}/test")), &[]).await.text();
        assert!(tested.contains("Test of New Lead") && tested.contains("200 OK"), "{tested}");
        assert!(tested.contains("<h4>Request</h4>") && tested.contains("<h4>Answer</h4>"));
        assert_eq!(receiver.take_events(), ["lead.created"]);
        assert_eq!(app.count("SELECT COUNT(*) FROM delivery_counts").await, 0, "tests are no health");

        Person::new(app, &project, "6587654321").writes("My name is Arjun Nair, arjun@example.com").await;
        app.settle().await;
        app.advance(SignedDuration::from_mins(30));
        app.work().await;
        assert_eq!(receiver.take_events(), ["lead.created"]);
        let log = browser.get(&format!("/p/{}/integrations/log", project.public_id)).await.text();
        assert!(log.contains("New Lead") && log.contains("Arjun Nair") && log.contains("amoCRM"), "{log}");
    }

    async fn the_form_says_how_often_each_event_happened_in_seven_days(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let shown = async || {
            app.count_clicks().await;
            let form = browser.get(&path(&project, "/new")).await.text();
            ["widget.click", "lead.correlated", "lead.created", "lead.abandoned"].map(|event| {
                let (_, row) = form.split_once(&format!("<code class=\"muted\">{event}</code>")).expect("offered");
                let (_, count) = row.split_once("In the last 7 days: </span>").expect("counted");
                count.split('<').next().unwrap_or_default().to_owned()
            })
        };
        assert_eq!(shown().await, ["0", "0", "0", "0"]);
        let reference = app.click(&project, "device_id=d1").await.reference();
        let said = format!("{reference} My name is Arjun Nair, arjun@example.com");
        Person::new(app, &project, "6587654321").writes(&said).await;
        app.click(&project, "device_id=d2").await;
        app.settle().await;
        Person::new(app, &project, "6587654322").writes("hello").await;
        app.settle().await;
        assert_eq!(shown().await, ["2", "1", "1", "0"]);
        app.advance(SignedDuration::from_hours(7 * 24 + 1));
        assert_eq!(shown().await, ["0", "0", "0", "0"], "all of it is older");
    }

    async fn a_test_sends_any_event_past_the_subscription_and_a_real_one_under_a_new_id(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let browser = admin(app, &project).await;
        let id = only_webhook(app).await;
        let test = async |event: &str| browser.post(&path(&project, &format!("/{id}/test")), &[("event", event)]).await.text();
        assert!(test("newest:widget.click").await.contains("There is no real event of this kind yet."));
        test("sample:lead.updated").await;
        assert_eq!(receiver.take_events(), ["lead.updated"]);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let real = receiver.take();
        test("newest:widget.click").await;
        let tested = receiver.take();
        assert_eq!(tested[0].body, real[0].body);
        assert_ne!(tested[0].header("webhook-id"), real[0].header("webhook-id"));
    }

    async fn the_value_of_a_header_stays_and_goes_to_no_other_host(app: &TestApp) {
        let project = app.project().await;
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        let browser = admin(app, &project).await;
        let fields = [
            ("url", receiver.url.as_str()),
            ("event-widget.click", "on"),
            ("header-1-name", "Authorization"),
            ("header-1-value", "Bearer 5f0e"),
        ];
        assert_eq!(save(&browser, &path(&project, "/new"), &fields).await.status(), 200);
        let edit = path(&project, &format!("/{}/edit", only_webhook(app).await));
        let form = browser.get(&edit).await.text();
        assert!(form.contains("value=\"Authorization\"") && !form.contains("5f0e"), "{form}");
        let kept = |url| [
            ("url", url),
            ("name", "CRM"),
            ("event-widget.click", "on"),
            ("header-1-name", "Authorization"),
            ("header-1-kept", "1"),
        ];
        assert_eq!(save(&browser, &edit, &kept(&receiver.url)).await.status(), 303);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        assert_eq!(receiver.take()[0].header("authorization"), "Bearer 5f0e");
        let refused = save(&browser, &edit, &kept(&other.url)).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("type the value of `Authorization` again") || refused.text().contains("Type the value of"));
        let reserved = [&kept(&receiver.url)[..], &[("header-2-name", "Content-Length"), ("header-2-value", "1")]].concat();
        let refused = browser.post(&edit, &reserved).await.text();
        assert!(refused.contains("id=\"header-2-name-mistake\""), "{refused}");
    }

    async fn the_same_url_and_event_is_said_before_it_is_saved_and_on_the_list(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let browser = admin(app, &project).await;
        let fields = [("url", receiver.url.as_str()), ("name", "Make"), ("event-lead.created", "on")];
        assert!(!browser.post(&path(&project, "/check"), &fields).await.text().contains("arrive twice"));
        assert_eq!(save(&browser, &path(&project, "/new"), &fields).await.status(), 200);
        assert!(browser.post(&path(&project, "/check"), &fields).await.text().contains("“Make” sends New Lead"));
        let again = [("url", receiver.url.as_str()), ("name", "Copy"), ("event-lead.created", "on")];
        assert_eq!(save(&browser, &path(&project, "/new"), &again).await.status(), 200);
        assert!(browser.get(&path(&project, "")).await.text().contains("“Make” and “Copy” send it to the same URL"));
    }

    async fn a_paused_webhook_keeps_what_happens_until_it_is_resumed(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let browser = admin(app, &project).await;
        let page = path(&project, &format!("/{}", only_webhook(app).await));
        assert_eq!(browser.post(&format!("{page}/pause"), &[]).await.status(), 303);
        app.click(&project, "device_id=d1").await;
        app.click(&project, "device_id=d2").await;
        app.work().await;
        assert_eq!((receiver.take().len(), app.count(WAITING).await), (0, 2));
        assert!(browser.get(&page).await.text().contains("Resume and send 2"));
        assert_eq!(browser.post(&format!("{page}/resume"), &[]).await.status(), 422, "it is asked what happens");
        browser.post(&format!("{page}/resume"), &[("waiting", "send")]).await;
        app.work().await;
        assert_eq!((receiver.take().len(), app.count(WAITING).await), (2, 0));

        browser.post(&format!("{page}/pause"), &[]).await;
        app.click(&project, "device_id=d3").await;
        browser.post(&format!("{page}/resume"), &[("waiting", "skip")]).await;
        app.click(&project, "device_id=d4").await;
        app.work().await;
        assert_eq!(receiver.take().len(), 1, "what came after it");
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'cancelled'").await, 1);
        let audited = "SELECT COUNT(*) FROM audit WHERE action IN ('webhook.pause', 'webhook.resume', 'delivery.skip')";
        assert_eq!(app.count(audited).await, 5);
    }

    async fn a_webhook_that_is_off_gets_nothing_of_what_happens_meanwhile(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let browser = admin(app, &project).await;
        let page = path(&project, &format!("/{}", only_webhook(app).await));
        browser.post(&format!("{page}/off"), &[]).await;
        app.click(&project, "device_id=d1").await;
        assert!(browser.get(&page).await.text().contains("Turned off by hand."));
        browser.post(&format!("{page}/on"), &[]).await;
        app.click(&project, "device_id=d2").await;
        app.work().await;
        assert_eq!(receiver.take().len(), 1);
    }

    async fn a_new_secret_is_shown_once_and_both_sign_for_a_day(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let browser = admin(app, &project).await;
        let page = path(&project, &format!("/{}", only_webhook(app).await));
        app.advance(SignedDuration::from_mins(11));
        let asked = browser.post(&format!("{page}/rotate"), &[]).await;
        assert_eq!((asked.status(), asked.header("location").starts_with("/confirm")), (303, true));
        browser.post("/confirm", &[("password", crate::support::console::PASSWORD), ("next", "/")]).await;
        let rotated = browser.post(&format!("{page}/rotate"), &[]).await.text();
        assert!(rotated.contains("<code id=\"secret\">aurix_") && rotated.contains("Both secrets sign for another 24 h 0 min"));
        app.advance(SignedDuration::from_mins(61));
        assert!(browser.get(&page).await.text().contains("Both secrets sign for another 22 h 59 min"));
        app.advance(SignedDuration::from_hours(23));
        assert!(!browser.get(&page).await.text().contains("Both secrets sign"));
    }

    async fn counts_are_what_a_recount_of_the_attempts_gives(app: &TestApp) {
        let project = app.project().await;
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        app.webhook_with(&project, &other, Policy::None).await;
        for round in 0..6 {
            for status in [500, 200, 404] {
                receiver.respond_next(status);
                other.respond_next(status);
            }
            for number in 0..4 {
                app.click(&project, &format!("device_id=d{round}{number}")).await;
            }
            app.work().await;
            app.advance(SignedDuration::from_mins(7));
            app.work().await;
        }
        assert_eq!(app.count("SELECT COUNT(DISTINCT quarter) FROM delivery_counts").await, 3);
        assert!(app.count(SENT).await > 48);
        let differing = "SELECT COUNT(*) FROM (
             SELECT d.webhook_id, a.started_at / 900000000 AS quarter,
                    SUM(CASE WHEN a.error IS NULL THEN 1 ELSE 0 END) AS delivered,
                    SUM(CASE WHEN a.error IS NULL THEN 0 ELSE 1 END) AS failed,
                    SUM(CASE WHEN a.status_code IS NULL THEN 0 ELSE 1 END) AS responses
             FROM attempts AS a JOIN deliveries AS d ON d.id = a.delivery_id
             GROUP BY d.webhook_id, a.started_at / 900000000
         ) AS recount
         FULL JOIN (
             SELECT webhook_id, quarter, SUM(delivered) AS delivered, SUM(failed) AS failed,
                    SUM(b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7 + b8 + b9 + b10 + b11) AS responses
             FROM delivery_counts
             GROUP BY webhook_id, quarter
         ) AS counts ON counts.webhook_id = recount.webhook_id AND counts.quarter = recount.quarter
         WHERE counts.delivered IS NULL OR recount.delivered IS NULL OR counts.delivered <> recount.delivered
            OR counts.failed <> recount.failed OR counts.responses <> recount.responses";
        assert_eq!(app.count(differing).await, 0);
        let browser = admin(app, &project).await;
        let page = browser.get(&path(&project, "")).await.text();
        assert!(page.contains("<svg class=\"spark\"") && page.contains(" ms</td>"), "{page}");
        app.advance(SignedDuration::from_hours(36 * 24));
        aurix::maintenance::remove_old_counts::remove_old_counts(&app.core).await.expect("it removes");
        assert_eq!(app.count("SELECT COUNT(*) FROM delivery_counts").await, 0);
    }

    async fn an_attempt_that_is_stored_twice_is_counted_once(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.click(&project, "device_id=d1").await;
        let wanted = vec![Wanted { webhook: WebhookId(1), most: 1 }];
        let leased = claim_due(&app.core, wanted).await.expect("claims").leased.remove(0);
        let attempted = attempt(&app.core, leased).await;
        settle(&app.engines.deliveries, &attempted).await.expect("settled");
        settle(&app.engines.deliveries, &attempted).await.expect("settled, by a write of which nobody knew the outcome");
        assert_eq!((app.count(SENT).await, app.count("SELECT CAST(SUM(delivered) AS BIGINT) FROM delivery_counts").await), (1, 1));
    }

    async fn an_attempt_that_is_stored_again_among_others_is_counted_once(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.click(&project, "device_id=d1").await;
        app.click(&project, "device_id=d2").await;
        let wanted = vec![Wanted { webhook: WebhookId(1), most: 2 }];
        let mut leased = claim_due(&app.core, wanted).await.expect("claims").leased;
        let first = attempt(&app.core, leased.remove(0)).await;
        let second = attempt(&app.core, leased.remove(0)).await;
        settle(&app.engines.deliveries, &first).await.expect("settled");
        let (again, new) = tokio::join!(settle(&app.engines.deliveries, &first), settle(&app.engines.deliveries, &second));
        again.expect("settled, by a write of which nobody knew the outcome");
        new.expect("settled");
        assert_eq!((app.count(SENT).await, app.count("SELECT CAST(SUM(delivered) AS BIGINT) FROM delivery_counts").await), (2, 2));
    }

    async fn what_fails_alike_is_one_line_with_its_cause_and_a_way_to_resend_exactly_that(app: &TestApp) {
        let project = app.project().await;
        let (crm, sheet) = (Receiver::start().await, Receiver::start().await);
        app.webhook_with(&project, &crm, Policy::None).await;
        app.webhook_with(&project, &sheet, Policy::None).await;
        for status in [401, 401, 401, 500] {
            crm.respond_next(status);
            sheet.respond_next(500);
            app.click(&project, &format!("device_id=d{status}")).await;
            app.work().await;
        }
        let browser = admin(app, &project).await;
        let page = browser.get(&path(&project, "")).await.text();
        assert!(page.contains("answers 401 Unauthorized since") && page.contains("3 deliveries"), "{page}");
        assert!(page.contains("Your CRM wants an authorization header."));
        let (_, ask) = page.split_once("answer=401&amp;period=week").expect("a link");
        assert!(ask.contains("Resend 3"), "{ask}");
        let (link, _) = page.split_once("&amp;answer=401&amp;period=week").expect("a link");
        let (_, link) = link.rsplit_once("href=\"").expect("an address");
        let ask = format!("{}&answer=401&period=week", link.replace("&amp;", "&"));
        assert!(browser.get(&ask).await.text().contains("Resend 3 failed deliveries"), "{ask}");
        let (path, query) = ask.split_once('?').expect("a filter");
        let fields: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        crm.take();
        sheet.take();
        assert_eq!(browser.post(path, &fields).await.status(), 303);
        while aurix::deliveries::resend_matching::run_slice(&app.core).await.expect("a slice") {}
        app.work().await;
        assert_eq!((crm.take().len(), sheet.take().len()), (3, 0));
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'failed'").await, 5);
        assert_eq!(app.count("SELECT resent FROM resend_jobs WHERE state = 'done'").await, 3);
    }

    async fn a_webhook_of_another_project_is_not_there(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        app.webhook(&other, &receiver).await;
        let id = only_webhook(app).await;
        let browser = admin(app, &project).await;
        for page in ["", "/edit"] {
            assert_eq!(browser.get(&path(&project, &format!("/{id}{page}"))).await.status(), 404);
        }
        for change in ["edit", "test", "on", "off", "pause", "resume", "rotate", "remove"] {
            let response = browser.post(&path(&project, &format!("/{id}/{change}")), &[("waiting", "skip")]).await;
            assert_eq!(response.status(), 404, "{change}");
        }
        assert_eq!(receiver.take().len(), 0);
        let found = app.core.db.read(async move |conn| Ok(webhooks::get(conn, other.id, WebhookId(1)).await?)).await;
        assert!(found.expect("it is there").is_active);
    }

    async fn members_test_where_their_project_lets_them_and_change_nothing(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.account("ben@example.com", Some((project.id, Role::Member))).await;
        let browser = app.signed_in("ben@example.com").await;
        let page = path(&project, &format!("/{}", only_webhook(app).await));
        assert_eq!(browser.post(&format!("{page}/test"), &[]).await.status(), 403);
        app.core.db.write(async |tx| Ok(tx.execute("UPDATE projects SET members_may_export = TRUE", &[]).await?)).await.expect("set");
        assert_eq!(browser.post(&format!("{page}/test"), &[]).await.status(), 200);
        assert_eq!(browser.post(&format!("{page}/off"), &[]).await.status(), 403);
        let shown = browser.get(&page).await.text();
        assert!(!shown.contains(&receiver.url) && !shown.contains("Rotate secret"), "{shown}");
    }
}
