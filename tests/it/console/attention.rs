//! The bell, the page of what needs attention, who is told of it, and mail as operators see it.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;

use crate::attention::{answers, look_once, with_webhook};
use crate::support::smtp::SmtpServer;
use crate::support::{Project, Receiver, TestApp};

/// The name of the bell on a page.
fn bell(page: &str) -> &str {
    let at = page.find("aria-label=\"Attention: ").expect("a bell");
    page[at + 12..].split('"').next().expect("a name")
}

async fn with_trouble(app: &TestApp) -> (Project, Receiver) {
    let (project, receiver, _) = with_webhook(app).await;
    answers(app, &project, &receiver, 410).await;
    look_once(app).await;
    (project, receiver)
}

both_engines! {
    async fn the_bell_counts_what_is_open_on_every_page(app: &TestApp) {
        let project = app.project().await;
        app.account("vi@example.com", Some((project.id, Role::Viewer))).await;
        let browser = app.signed_in("vi@example.com").await;
        let path = |page: &str| format!("/p/{}/{page}", project.public_id);
        for page in ["leads", "inbox", "attention", "attention/bell"] {
            assert_eq!(bell(&browser.get(&path(page)).await.text()), "Attention: nothing", "{page}");
        }
        assert!(browser.get(&path("attention")).await.text().contains("Nothing needs you"));
        app.execute("UPDATE channels SET fault = 'The token expired', fault_since = 1767348000000000").await;
        look_once(app).await;
        for page in ["leads", "inbox", "attention", "attention/bell"] {
            assert_eq!(bell(&browser.get(&path(page)).await.text()), "Attention: 1", "{page}");
        }
        for (page, is_current) in [("attention/bell?here", true), ("attention/bell", false)] {
            assert_eq!(browser.get(&path(page)).await.text().contains("aria-current"), is_current, "{page}");
        }
        let page = browser.get(&path("attention")).await.text();
        assert!(page.contains("WhatsApp +6512345678 cannot send") && page.contains("The token expired. Replies wait"), "{page}");
        assert!(page.contains(&format!("href=\"{}\"", path("channels/791163770738681"))), "{page}");
        assert!(page.contains("stream?seen=1.1\""), "the page says what it shows: {page}");
        app.execute("UPDATE channels SET fault = NULL, fault_since = NULL").await;
        look_once(app).await;
        let page = browser.get(&path("attention")).await.text();
        assert!(bell(&page) == "Attention: nothing" && page.contains("h-closed") && page.contains("cannot send"), "{page}");
    }

    async fn what_needs_attention_elsewhere_is_not_seen(app: &TestApp) {
        let (project, _) = with_trouble(app).await;
        let other = app.project_named("Other", "222").await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        app.account("ben@example.com", Some((other.id, Role::Owner))).await;
        let (mei, ben) = (app.signed_in("mei@example.com").await, app.signed_in("ben@example.com").await);
        assert!(mei.get("/projects").await.text().contains("1 open"));
        assert!(!ben.get("/projects").await.text().contains(" open"));
        let page = ben.get(&format!("/p/{}/attention", other.public_id)).await.text();
        assert!(bell(&page) == "Attention: nothing" && !page.contains("was turned off"), "{page}");
        assert_eq!(ben.get(&format!("/p/{}/attention", project.public_id)).await.status(), 404);
    }

    async fn hostile_names_are_shown_and_do_nothing(app: &TestApp) {
        let (project, receiver, _) = with_webhook(app).await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let hostile = "<img src=x onerror=alert(1)><b hx-get=\"/account\" hx-trigger=\"load\">x</b>";
        app.core.db.write(async move |tx| Ok(tx.execute("UPDATE webhooks SET name = $1", aurix::params![hostile]).await?)).await.expect("named");
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        let page = app.signed_in("mei@example.com").await.get(&format!("/p/{}/attention", project.public_id)).await.text();
        let list = page.split("<ul class=\"lines\" hx-ignore>").nth(1).expect("strangers' words stand where htmx does not look");
        assert!(list.contains("&#60;img src=x onerror=alert(1)&#62;") && !page.contains("<img src=x"), "{page}");
    }

    async fn everybody_chooses_for_themselves_and_admins_for_others(app: &TestApp) {
        let project = app.project().await;
        let vi = app.account("vi@example.com", Some((project.id, Role::Viewer))).await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let other = app.project_named("Other", "222").await;
        let stranger = app.account("eve@example.com", Some((other.id, Role::Viewer))).await;
        let path = format!("/p/{}/settings/alerts", project.public_id);
        let viewer = app.signed_in("vi@example.com").await;
        let page = viewer.get(&path).await.text();
        assert!(page.contains("No mail server is configured") && !page.contains("ada@example.com"), "{page}");
        assert!(!page.contains(" checked"), "a viewer is told of nothing");
        assert_eq!(viewer.post(&path, &[("people.waiting", "on")]).await.status(), 303);
        assert!(viewer.get(&path).await.text().contains("name=\"people.waiting\" checked"));
        let person = format!("{path}/person");
        assert_eq!(viewer.post(&person, &[("user", &vi.public_id)]).await.status(), 403);

        let admin = app.signed_in("ada@example.com").await;
        let page = admin.get(&path).await.text();
        assert!(page.contains("vi@example.com") && page.contains("1 of 12"), "{page}");
        assert_eq!(admin.post(&person, &[("user", &vi.public_id), ("webhook.off", "on"), ("disk.full", "on")]).await.status(), 303);
        assert_eq!(app.text("SELECT alerts FROM members WHERE alerts IS NOT NULL").await.as_deref(), Some("webhook.off"));
        assert_eq!(admin.post(&person, &[("user", &stranger.public_id), ("webhook.off", "on")]).await.status(), 404);
        assert_eq!(app.count("SELECT COUNT(*) FROM members WHERE alerts IS NOT NULL").await, 1, "not in another project");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'alerts.set' AND object_id = 'vi@example.com'").await, 2);

        app.operator_account("op@example.com").await;
        let operator = app.signed_in("op@example.com").await;
        assert!(operator.get(&path).await.text().contains("Only members of a project are told"));
        assert_eq!(operator.post(&path, &[]).await.status(), 409);
    }

    async fn an_operational_webhook_is_added_on_its_own_form(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let browser = app.signed_in("mei@example.com").await;
        let base = format!("/p/{}/integrations/webhook", project.public_id);
        let form = browser.get(&format!("{base}/new?for=attention")).await.text();
        assert!(form.contains("Add operational webhook") && form.contains("event-attention.opened") && !form.contains("event-lead.created"), "{form}");
        assert!(!browser.get(&format!("{base}/new")).await.text().contains("attention.opened"));
        let pager = Receiver::start().await;
        let fields = [("for", "attention"), ("url", pager.url.as_str()), ("event-attention.opened", "on"), ("event-lead.created", "on"), ("policy", "retry")];
        let warned = browser.post(&format!("{base}/new"), &fields).await;
        assert_eq!(warned.status(), 422);
        let seen = warned.text().split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("warnings").to_owned();
        let fields = [&fields[..], &[("seen", seen.as_str())]].concat();
        let saved = browser.post(&format!("{base}/new"), &fields).await;
        assert!(saved.status() == 200 && saved.text().contains("aurix_"), "its secret is shown: {}", saved.text());
        assert_eq!(app.text("SELECT events FROM webhooks").await.as_deref(), Some("[\"attention.opened\"]"));

        let id = app.text("SELECT public_id FROM webhooks").await.expect("a webhook");
        let alerts = format!("/p/{}/settings/alerts", project.public_id);
        let page = browser.get(&alerts).await.text();
        assert!(page.contains(&format!("{base}/{id}/test")) && page.contains("Nothing was delivered to it yet"), "{page}");
        let tested = browser.post(&format!("{base}/{id}/test"), &[]).await.text();
        assert!(tested.contains("Your receiver shows “Testing Webhooks”."), "{tested}");
        assert_eq!(pager.take_events(), ["attention.opened"]);
        app.execute("UPDATE channels SET fault = 'The token expired', fault_since = 1767348000000000").await;
        look_once(app).await;
        app.work().await;
        assert!(browser.get(&alerts).await.text().contains(": delivered"));
        let edit = browser.get(&format!("{base}/{id}/edit")).await.text();
        assert!(edit.contains("event-attention.closed") && !edit.contains("event-lead.created"), "{edit}");
    }

    async fn the_instance_shows_its_disks_backups_and_that_there_is_no_mail(app: &TestApp) {
        app.operator_account("op@example.com").await;
        let browser = app.signed_in("op@example.com").await;
        aurix::attention::report_disks(&app.core).await.expect("reported");
        app.execute("INSERT INTO disks (host, path, total_bytes, free_bytes, seen_at) VALUES ('b', '/data', 40000000000, 1, 1767348000000000)").await;
        app.execute("INSERT INTO counters (name, value) VALUES ('backed_up_at', 1767000000000000)").await;
        look_once(app).await;
        let page = browser.get("/instance").await.text();
        assert!(page.contains("The disk of b is nearly full") && page.contains("0 GB of 40 GB free"), "{page}");
        assert!(page.contains("The newest backup was made") && page.contains("Not configured"), "{page}");
        assert_eq!(browser.post("/instance/mail-test", &[]).await.status(), 409);
        assert!(page.contains("You are told by e-mail"));
        assert_eq!(browser.post("/instance/alerts", &[("told", "no")]).await.status(), 303);
        assert!(browser.get("/instance").await.text().contains("You are not told by e-mail"));
    }

    async fn without_mail_the_page_for_a_new_password_says_who_makes_a_link(app: &TestApp) {
        let browser = app.browser();
        let page = browser.get("/reset").await.text();
        assert!(page.contains("aurix user link") && !page.contains("name=\"email\""), "{page}");
        assert_eq!(browser.post("/reset", &[("email", "mei@example.com")]).await.status(), 422);
    }
}

with_mail! {
    async fn an_operator_sees_how_mail_fares_and_tries_it(app: &TestApp, mail: &SmtpServer) {
        app.operator_account("op@example.com").await;
        let browser = app.signed_in("op@example.com").await;
        let page = browser.get("/instance").await.text();
        assert!(page.contains("Aurix &#60;aurix@example.com&#62;") && !page.contains("Last error"), "{page}");
        mail.refuse_next("421 <b hx-get=\"/account\">not now</b>");
        assert_eq!(browser.post("/instance/mail-test", &[]).await.status(), 303);
        assert!(browser.get("/instance").await.text().contains("On its way"));
        app.send_mails().await;
        let page = browser.get("/instance").await.text();
        assert!(page.contains("Not sent yet; it is tried again.") && page.contains("not now") && !page.contains("<b hx-get"), "{page}");
        app.advance(SignedDuration::from_mins(1));
        app.send_mails().await;
        let page = browser.get("/instance").await.text();
        assert!(page.contains("The server has it.") && !page.contains("Last error"), "{page}");
        let sent = mail.take();
        assert_eq!((sent.len(), sent[0].to.as_str(), sent[0].subject().as_str()), (1, "op@example.com", "Mail from Aurix arrives"));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'mail.test'").await, 1);
    }

    async fn the_page_for_a_new_password_answers_alike_for_everybody(app: &TestApp, mail: &SmtpServer) {
        app.account("mei@example.com", None).await;
        let browser = app.browser();
        assert!(browser.get("/sign-in").await.text().contains("href=\"/reset\""));
        let (known, known_took) = timed(browser.post("/reset", &[("email", " Mei@Example.com ")])).await;
        let (unknown, unknown_took) = timed(browser.post("/reset", &[("email", "eve@example.com")])).await;
        assert_eq!((known.status(), known.text()), (unknown.status(), unknown.text()));
        assert!(known.status() == 200 && known.text().contains("If there is an account"), "{}", known.text());
        let least = std::time::Duration::from_millis(400);
        assert!(known_took >= least && unknown_took >= least, "{known_took:?} {unknown_took:?}");
        app.send_mails().await;
        let sent = mail.take();
        assert_eq!((sent.len(), sent[0].to.as_str()), (1, "mei@example.com"));
        assert!(sent[0].text().contains(&format!("{}/reset/", app.base_url)), "{}", sent[0].text());
        assert_eq!(browser.post("/reset", &[("email", "no address")]).await.status(), 422);
        for _ in 0..10 {
            browser.post("/reset", &[("email", "eve@example.com")]).await;
        }
        let refused = browser.post("/reset", &[("email", "mei@example.com")]).await;
        assert!(refused.status() == 422 && refused.text().contains("wait"), "{}", refused.text());
    }

    async fn the_people_page_says_that_an_invitation_is_mailed(app: &TestApp, mail: &SmtpServer) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let browser = app.signed_in("mei@example.com").await;
        let path = format!("/p/{}/people", project.public_id);
        assert!(browser.get(&path).await.text().contains("A link is mailed there"));
        let page = browser.post(&format!("{path}/invite"), &[("email", "ben@example.com"), ("role", "member")]).await.text();
        assert!(page.contains("This link is mailed to ben@example.com") && page.contains("/invitation/"), "{page}");
        app.send_mails().await;
        assert_eq!(mail.take().len(), 1);
    }
}

/// What something gives, and how long it took: by a real clock, since a real one would measure it.
#[expect(clippy::disallowed_methods, reason = "the time that an answer takes is what is tested")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, std::time::Duration) {
    let start = std::time::Instant::now();
    let done = work.await;
    (done, start.elapsed())
}
