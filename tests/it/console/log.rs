//! Integrations → Log: the list, its filters, one delivery, and resending.

use aurix::deliveries::log_filter::LogFilter;
use aurix::deliveries::resend_matching::{count_matching, run_slice, start_resend, stop_resend};
use aurix::domain::account::Role;
use aurix::domain::delivery::{DeliveryStatus, Policy};
use aurix::domain::ids::{ProjectId, WebhookId};
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::store::delivery_filter::Filter;
use aurix::store::delivery_list;
use aurix::store::resend_jobs::{self, ResendJob, SliceEnd};
use aurix::store::window::Position;
use aurix::store::{delivery_counts, delivery_rows, failed_deliveries, webhook_settings};

use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp, operator};

pub const FAILED: &str = "SELECT COUNT(*) FROM deliveries WHERE status = 'failed'";

pub fn path(project: &Project, page: &str) -> String {
    format!("/p/{}/integrations/log{page}", project.public_id)
}

pub async fn signed_in<'a>(app: &'a TestApp, project: &Project, role: Role) -> Browser<'a> {
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

    async fn a_file_has_every_row_that_the_filter_matches(app: &TestApp) {
        let project = app.project().await;
        let (good, bad) = (Receiver::start().await, Receiver::start().await);
        app.webhook(&project, &good).await;
        app.webhook_with(&project, &bad, Policy::None).await;
        for _ in 0..3 {
            bad.respond_next(401);
        }
        clicks(app, &project, 260).await;
        app.work().await;
        let admin = signed_in(app, &project, Role::Admin).await;
        let address = path(&project, "/export.csv");
        let all = admin.get(&address).await.text();
        let ids: std::collections::HashSet<&str> = all.lines().skip(1).map(|line| line.split(',').nth(3).expect("a cell")).collect();
        assert_eq!((all.trim_end().split("\r\n").count(), ids.len()), (521, 260), "two webhooks have each event, over two reads");
        let file = admin.get(&format!("{address}?state=failed&period=hour")).await;
        let disposition = file.header("content-disposition").to_owned();
        assert_eq!(disposition, "attachment; filename=\"deliveries_a-shop_failed_hour_Asia-Singapore.csv\"");
        let text = file.text();
        let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
        assert_eq!(lines[0], "\u{feff}created_at,state,event,event_id,webhook,lead,reference,attempts,answer,took_ms,next_attempt_at");
        assert_eq!(lines.len(), 4, "{text}");
        for line in &lines[1..] {
            let cells: Vec<&str> = line.split(',').collect();
            assert!(cells[0].ends_with("+08:00") && cells[3].starts_with("evt_"), "{line}");
            assert_eq!((cells[1], cells[2], cells[7], cells[8]), ("Failed", "widget.click", "1", "401"), "{line}");
            assert!(cells[6].starts_with("O-") && !cells[4].is_empty(), "{line}");
        }
        assert_eq!(signed_in(app, &project, Role::Viewer).await.get(&address).await.status(), 403);
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
        for language in ["Python", "Node", "PHP", "Go", "Ruby", "Java"] {
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
        assert!(start_resend(&app.core, &operator(), project.id, &foreign).await.expect("an answer").is_empty());
        receiver.take();
        assert_eq!(start_resend(&app.core, &operator(), project.id, &filter).await.expect("an answer").len(), 1);
        while run_slice(&app.core).await.expect("a slice") {}
        app.work().await;
        assert_eq!(receiver.take().len(), 2);
        assert_eq!(app.count(FAILED).await, 4);
        assert_eq!(app.count("SELECT resent FROM resend_jobs WHERE matched = 2").await, 2);
    }

    async fn no_statement_of_the_log_reads_or_changes_what_is_of_another_project(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        receiver.respond_next(401);
        clicks(app, &project, 1).await;
        app.work().await;
        app.click(&project, "device_id=waits").await;
        let filters = [None, Some(DeliveryStatus::Failed), Some(DeliveryStatus::Pending)];
        let start = (Position::NEWEST, 10);
        let read = async |project: ProjectId| {
            app.core
                .db
                .read(async move |conn| {
                    let (webhook, all) = (WebhookId(1), Filter::default());
                    let mut lengths = Vec::new();
                    for status in filters {
                        let filter = Filter { status, ..Filter::default() };
                        let page = delivery_list::page(conn, project, &[webhook], &filter, start).await?;
                        lengths.push(page.positions.len());
                    }
                    let own = delivery_list::page(conn, ProjectId(1), &[webhook], &all, start).await?.positions;
                    lengths.push(delivery_rows::rows(conn, project, &own).await?.len());
                    lengths.push(usize::try_from(failed_deliveries::count(conn, project, webhook, &all, 9).await?)?);
                    let after = (Position::before(all.from), 10);
                    lengths.push(failed_deliveries::behind(conn, project, webhook, &all, after).await?.len());
                    lengths.push(delivery_counts::since(conn, project, 0).await?.len());
                    let waiting = delivery_counts::waiting(conn, project, &[webhook]).await?;
                    lengths.push(usize::try_from(waiting.values().map(|one| one.deliveries).sum::<i64>())?);
                    let now = aurix::domain::time::Timestamp::MAX;
                    lengths.push(usize::from(delivery_counts::has_due(conn, project, webhook, now, 1).await?));
                    lengths.push(delivery_counts::failing(conn, project, &[webhook], all.from).await?.len());
                    lengths.push(delivery_rows::newest(conn, project, all.from).await?.into_iter().count());
                    Ok(lengths)
                })
                .await
                .expect("lengths")
        };
        assert_eq!(read(project.id).await, [2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(read(other.id).await, [0; 11]);
        let changed = app.core.db.write(async move |tx| {
            let now = aurix::domain::time::Timestamp::UNIX_EPOCH;
            let paused = webhook_settings::pause(tx, other.id, WebhookId(1), now).await?;
            webhook_settings::pause(tx, project.id, WebhookId(1), now).await?;
            let skipped = webhook_settings::skip_waiting(tx, other.id, WebhookId(1)).await?;
            let resumed = webhook_settings::resume(tx, other.id, WebhookId(1)).await?;
            Ok((paused, skipped, resumed))
        });
        assert_eq!(changed.await.expect("changes"), (false, 0, false));
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
            job.expect("an answer").pop().expect("a job")
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

    async fn a_slice_of_a_job_that_was_stopped_or_claimed_again_changes_nothing(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let now = app.core.clock.now();
        let claim = async || {
            let claim = app.core.db.write(async move |tx| Ok(resend_jobs::claim(tx, now, now).await?)).await;
            claim.expect("a claim").expect("a job")
        };
        let ends = async |job: ResendJob| {
            let end = SliceEnd { resent: 1, after: Position::NEWEST, due_at: now };
            app.core.db.write(async move |tx| Ok(resend_jobs::end_slice(tx, &job, end).await?)).await.expect("an end")
        };
        let job = start_resend(&app.core, &operator(), project.id, &LogFilter::default()).await;
        let job = job.expect("an answer").pop().expect("a job");
        let (first, second) = (claim().await, claim().await);
        assert!(!ends(first).await, "it was claimed again");
        assert!(ends(second.clone()).await);
        stop_resend(&app.core, &operator(), project.id, job).await.expect("an answer");
        assert!(!ends(second).await, "it was stopped");
    }

    async fn a_job_goes_as_fast_as_its_webhook_takes_deliveries_and_delays_no_other(app: &TestApp) {
        let project = app.project().await;
        let (busy, other) = (Receiver::start().await, Receiver::start().await);
        for receiver in [&busy, &other] {
            app.webhook_with(&project, receiver, Policy::None).await;
            receiver.respond_next(500);
        }
        clicks(app, &project, 1).await;
        app.work().await;
        clicks(app, &project, 250).await;
        app.execute("UPDATE deliveries SET due_at = due_at + 3600000000 WHERE webhook_id = 2 AND status = 'pending'").await;
        let started = start_resend(&app.core, &operator(), project.id, &LogFilter::default()).await;
        assert_eq!(started.expect("an answer").len(), 2);
        while run_slice(&app.core).await.expect("a step") {}
        assert_eq!(app.count(FAILED).await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'failed' AND webhook_id = 1").await, 1);
        app.work().await;
        app.advance(SignedDuration::from_secs(1));
        while run_slice(&app.core).await.expect("a step") {}
        assert_eq!(app.count(FAILED).await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM resend_jobs WHERE state = 'done' AND resent = 1").await, 2);
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
