//! E-mail: written in the transaction of its cause, sent once, retried, and given up.

mod encryption;

use aurix::accounts::request_password::RequestRefused;
use aurix::accounts::sign_in::Remote;
use aurix::attention::{remove_old_attention, set_alerts};
use aurix::domain::account::{Email, NewPassword, Role};
use aurix::domain::attention::{Alerts, AttentionKind};
use aurix::domain::ids::ProjectId;
use aurix::domain::time::SignedDuration;
use aurix::mails::{claim_mails, remove_old_mails, send_mail, settle_mail};
use aurix::params;
use aurix::projects::members::{invite_member, remove_member};
use aurix::projects::secret_key::rotate_secret_key;
use aurix::store::users::User;

use crate::attention::{answers, look_once, with_webhook};
use crate::support::smtp::{ReceivedMail, SmtpServer};
use crate::support::{TestApp, operator};

const WITH_ERROR: &str = "SELECT COUNT(*) FROM mails WHERE error IS NOT NULL";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

impl TestApp {
    /// Sends all mails that are due, and gives how many were claimed.
    pub async fn send_mails(&self) -> usize {
        let mut all = 0;
        loop {
            let claimed = claim_mails(&self.core, 10).await.expect("claimed");
            if claimed.is_empty() {
                return all;
            }
            all += claimed.len();
            for mail in claimed {
                let settled = send_mail(&self.core, &mail).await.expect("an attempt");
                settle_mail(&self.core, &settled).await.expect("settled");
            }
        }
    }

    /// Mails by their status.
    async fn mails(&self) -> [i64; 3] {
        [
            self.count("SELECT COUNT(*) FROM mails WHERE status = 'pending'").await,
            self.count("SELECT COUNT(*) FROM mails WHERE status = 'sent'").await,
            self.count("SELECT COUNT(*) FROM mails WHERE status = 'failed'").await,
        ]
    }

    async fn choose(&self, project: ProjectId, user: &User, kinds: &[AttentionKind]) {
        let chosen = Alerts::new(|kind| kinds.contains(&kind));
        set_alerts(&self.core, &operator(), project, user.id, chosen).await.expect("chosen");
    }
}

fn from_somewhere() -> Remote {
    Remote { ip: "203.0.113.7".parse().expect("an address"), user_agent: None, known_browser: None }
}

fn recipients(mails: &[ReceivedMail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.as_str()).collect()
}

/// An owner who is to be told of a webhook that was turned off a minute ago.
async fn with_letter_due(app: &TestApp) {
    let (project, receiver, _) = with_webhook(app).await;
    app.account("mei@example.com", Some((project.id, Role::Owner))).await;
    answers(app, &project, &receiver, 410).await;
    look_once(app).await;
    app.advance(MINUTE);
}

/// Somebody who asked for a link for a new password.
async fn with_link_asked_for(app: &TestApp) {
    app.account("mei@example.com", None).await;
    let mei = Email::parse("mei@example.com").expect("an address");
    app.engines.accounts.request_password(&mei, &from_somewhere()).await.expect("asked");
}

/// Gives something a name that a page would not take.
async fn name_it(app: &TestApp, sql: &'static str, name: &'static str) {
    let named = app.core.db.write(async move |tx| Ok(tx.execute(sql, params![name]).await?));
    named.await.expect("named");
}

/// What a mail links to, behind this path.
fn linked<'a>(text: &'a str, path: &str) -> &'a str {
    let start = text.find(path).unwrap_or_else(|| panic!("no {path} in {text}"));
    text[start + path.len()..].split_whitespace().next().expect("a token")
}

with_mail! {
    async fn who_is_told_gets_one_letter_for_a_minute_and_one_once_it_is_mended(app: &TestApp, mail: &SmtpServer) {
        let (project, receiver, _) = with_webhook(app).await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        app.advance(SignedDuration::from_secs(30));
        app.execute("UPDATE channels SET fault = 'The access token expired', fault_since = 1767348000000000").await;
        look_once(app).await;
        assert_eq!(app.send_mails().await, 0, "it collects for a minute");
        app.advance(SignedDuration::from_secs(30));
        assert_eq!(app.send_mails().await, 1);
        let sent = mail.take();
        assert_eq!((recipients(&sent), sent[0].from.as_str()), (vec!["mei@example.com"], "aurix@example.com"));
        assert_eq!(sent[0].subject(), "A shop: 2 things need attention");
        assert_eq!(sent[0].header("From"), "Aurix <aurix@example.com>");
        assert_eq!((sent[0].header("To").as_str(), sent[0].header("Auto-Submitted").as_str()), ("mei@example.com", "auto-generated"));
        assert_eq!(sent[0].header("Date"), "Fri, 02 Jan 2026 10:00:00 +0000");
        let text = sent[0].text();
        assert!(text.contains("* Webhook 127.0.0.1 was turned off") && text.contains("* WhatsApp +6512345678 cannot send"), "{text}");
        assert!(text.contains("Since 2 Jan 2026, 18:00 (Asia/Singapore)."), "{text}");
        assert!(text.contains(&format!("{}/p/{}/settings/alerts", app.base_url, project.public_id)), "{text}");
        assert!(sent[0].html().contains("<b>Webhook 127.0.0.1 was turned off</b>"), "{}", sent[0].html());

        app.execute("UPDATE webhooks SET is_active = TRUE, turned_off_at = NULL").await;
        look_once(app).await;
        app.advance(MINUTE);
        assert_eq!(app.send_mails().await, 1);
        let sent = mail.take();
        assert_eq!(sent[0].subject(), "A shop: mended: Webhook 127.0.0.1 was turned off");
        app.advance(SignedDuration::from_hours(48));
        assert_eq!((app.send_mails().await, app.mails().await), (0, [0, 2, 0]), "and no more");
        assert_eq!(app.count("SELECT COUNT(*) FROM mails WHERE sealed_letter IS NOT NULL").await, 0);
    }

    async fn everybody_is_told_of_what_they_chose_in_their_own_projects(app: &TestApp, mail: &SmtpServer) {
        let (project, receiver, _) = with_webhook(app).await;
        let other = app.project_named("Other", "222").await;
        app.account("owner@example.com", Some((project.id, Role::Owner))).await;
        let admin = app.account("admin@example.com", Some((project.id, Role::Admin))).await;
        let member = app.account("member@example.com", Some((project.id, Role::Member))).await;
        app.account("viewer@example.com", Some((project.id, Role::Viewer))).await;
        app.account("stranger@example.com", Some((other.id, Role::Owner))).await;
        app.operator_account("operator@example.com").await;
        app.choose(project.id, &admin, &[AttentionKind::PeopleWaiting]).await;
        app.choose(project.id, &member, &[AttentionKind::WebhookOff]).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        app.advance(MINUTE);
        app.send_mails().await;
        let mut told = mail.take();
        told.sort_by_key(|one| one.to.clone());
        assert_eq!(recipients(&told), ["member@example.com", "owner@example.com"]);

        app.execute("INSERT INTO disks (host, path, total_bytes, free_bytes, seen_at)
                     VALUES ('a', '/data', 40000000000, 1, 1767348060000000)").await;
        look_once(app).await;
        app.advance(MINUTE);
        app.send_mails().await;
        let told = mail.take();
        assert_eq!((recipients(&told), told[0].subject()), (vec!["operator@example.com"], "Aurix: The disk of a is nearly full".to_owned()));
        app.execute("UPDATE users SET is_told = FALSE").await;
        app.execute("UPDATE disks SET free_bytes = 40000000000").await;
        look_once(app).await;
        app.advance(MINUTE);
        assert_eq!((app.send_mails().await, mail.take().len()), (0, 0), "not wanted");
    }

    async fn who_left_before_a_letter_is_sent_does_not_get_it(app: &TestApp, mail: &SmtpServer) {
        let (project, receiver, _) = with_webhook(app).await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let ben = app.account("ben@example.com", Some((project.id, Role::Owner))).await;
        let ada = app.account("ada@example.com", Some((project.id, Role::Owner))).await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        remove_member(&app.core, &operator(), project.id, ben.id).await.expect("removed");
        app.engines.accounts.remove_user(&operator(), &ada).await.expect("removed");
        app.advance(MINUTE);
        assert_eq!(app.send_mails().await, 2);
        assert_eq!(recipients(&mail.take()), ["mei@example.com"]);
        assert_eq!(app.count("SELECT COUNT(*) FROM mails WHERE status = 'cancelled'").await, 1);
    }

    async fn no_text_of_a_stranger_becomes_a_header(app: &TestApp, mail: &SmtpServer) {
        let (project, receiver, _) = with_webhook(app).await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        name_it(app, "UPDATE projects SET name = $1", "Shop\r\nBcc: evil@example.com\n\nBody").await;
        name_it(app, "UPDATE webhooks SET name = $1", "CRM\n.\r\nRCPT TO:<evil@example.com>").await;
        answers(app, &project, &receiver, 410).await;
        look_once(app).await;
        app.advance(MINUTE);
        app.send_mails().await;
        let sent = mail.take();
        assert_eq!(recipients(&sent), ["mei@example.com"]);
        let names: Vec<_> = sent[0].headers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]);
        assert!(sent[0].subject().starts_with("Shop Bcc: evil@example.com Body: Webhook CRM . RCPT"), "{}", sent[0].subject());
        assert!(sent[0].text().contains("* Webhook CRM . RCPT TO:<evil@example.com> was turned off"), "{}", sent[0].text());
        assert!(sent[0].html().contains("RCPT TO:&lt;evil@example.com&gt;"), "{}", sent[0].html());
    }

    async fn a_server_that_is_away_is_tried_again_and_gets_a_letter_once(app: &TestApp, mail: &SmtpServer) {
        with_letter_due(app).await;
        mail.refuse_next("421 not now");
        assert_eq!(app.send_mails().await, 1);
        assert_eq!((mail.take().len(), app.mails().await), (0, [1, 0, 0]));
        assert!(app.text("SELECT error FROM mails").await.is_some_and(|error| error.contains("421")));
        app.advance(SignedDuration::from_secs(29));
        assert_eq!(app.send_mails().await, 0, "not before the wait is over");
        app.advance(SignedDuration::from_secs(5));
        assert_eq!(app.send_mails().await, 1);
        assert_eq!((mail.take().len(), app.mails().await, app.count(WITH_ERROR).await), (1, [0, 1, 0], 0));
    }

    async fn what_happens_after_a_letter_was_claimed_comes_in_the_next(app: &TestApp, mail: &SmtpServer) {
        with_letter_due(app).await;
        let claimed = claim_mails(&app.core, 10).await.expect("claimed");
        app.execute("UPDATE channels SET fault = 'It expired', fault_since = 1767348000000000").await;
        look_once(app).await;
        let settled = send_mail(&app.core, &claimed[0]).await.expect("sent");
        settle_mail(&app.core, &settled).await.expect("settled");
        app.advance(MINUTE);
        app.send_mails().await;
        let subjects: Vec<_> = mail.take().iter().map(ReceivedMail::subject).collect();
        assert_eq!(subjects, ["A shop: Webhook 127.0.0.1 was turned off", "A shop: WhatsApp +6512345678 cannot send"]);
    }

    async fn a_node_that_dies_after_sending_costs_one_duplicate_with_the_same_id(app: &TestApp, mail: &SmtpServer) {
        with_letter_due(app).await;
        let claimed = claim_mails(&app.core, 10).await.expect("claimed");
        let lost = send_mail(&app.core, &claimed[0]).await.expect("sent");
        assert_eq!(app.send_mails().await, 0, "its lease holds");
        app.advance(SignedDuration::from_mins(3));
        mail.refuse_next("421 not now");
        let again = claim_mails(&app.core, 10).await.expect("claimed");
        let failed = send_mail(&app.core, &again[0]).await.expect("an attempt");
        settle_mail(&app.core, &lost).await.expect("it does nothing");
        assert_eq!(app.mails().await, [1, 0, 0], "whoever was first holds the mail no more");
        settle_mail(&app.core, &failed).await.expect("settled");
        app.advance(SignedDuration::from_mins(5));
        app.send_mails().await;
        let sent = mail.take();
        assert_eq!((sent.len(), sent[0].header("Message-ID")), (2, sent[1].header("Message-ID")));
        assert!(sent[0].header("Message-ID").ends_with("@example.com>"), "{}", sent[0].header("Message-ID"));
    }

    async fn a_recipient_that_is_none_is_not_tried_again(app: &TestApp, mail: &SmtpServer) {
        app.account("mei@example.com", None).await;
        let mei = Email::parse("mei@example.com").expect("an address");
        mail.answer_recipient("550 5.1.1 no such mailbox");
        app.engines.accounts.request_password(&mei, &from_somewhere()).await.expect("asked");
        assert_eq!((app.send_mails().await, app.mails().await), (1, [0, 0, 1]));
        assert!(app.text("SELECT error FROM mails").await.is_some_and(|error| error.contains("the address gets no mail")));
        assert_eq!(app.count("SELECT COUNT(*) FROM mails WHERE sealed_letter IS NOT NULL OR due_at IS NOT NULL").await, 0);
    }

    async fn a_letter_that_is_refused_for_a_day_is_given_up(app: &TestApp, mail: &SmtpServer) {
        with_link_asked_for(app).await;
        let mut attempts = 0;
        while app.mails().await[0] > 0 {
            mail.refuse_next("554 never");
            attempts += app.send_mails().await;
            app.advance(SignedDuration::from_hours(14));
        }
        assert_eq!((attempts, mail.connections(), app.mails().await), (9, 9, [0, 0, 1]));
        assert_eq!(app.count("SELECT COUNT(*) FROM mails WHERE sealed_letter IS NOT NULL").await, 0, "its link is gone");
    }

    async fn a_letter_is_sealed_and_sealed_anew_with_another_key(app: &TestApp, mail: &SmtpServer) {
        with_link_asked_for(app).await;
        let sealed = app.text("SELECT sealed_letter FROM mails").await.expect("a letter");
        assert!(!sealed.contains("reset"), "{sealed}");
        assert_eq!(rotate_secret_key(&app.core, &operator(), "a new key for everything").await.expect("rotated"), 1);
        claim_mails(&app.core, 1).await.expect("claimed");
        let config = aurix::config::Config { secret_key: Some("a new key for everything".into()), ..app.core.config.clone() };
        let core = aurix::serve::open(config).await.expect("the new key opens it");
        app.advance(SignedDuration::from_mins(5));
        app.execute("UPDATE mails SET due_at = 1").await;
        for one in claim_mails(&core, 1).await.expect("claimed") {
            send_mail(&core, &one).await.expect("an attempt");
        }
        assert!(mail.take()[0].text().contains("/reset/"));
        core.db.close().await;
    }

    async fn an_invitation_is_mailed(app: &TestApp, mail: &SmtpServer) {
        let project = app.project().await;
        let ben = Email::parse("ben@example.com").expect("an address");
        let link = invite_member(&app.engines.accounts, &operator(), project.id, &ben, Role::Admin).await.expect("invited");
        app.send_mails().await;
        let sent = mail.take();
        assert_eq!((recipients(&sent), sent[0].subject()), (vec!["ben@example.com"], "You are invited to A shop".to_owned()));
        assert!(sent[0].text().contains(&format!("Join:\n{}\n", link.url)), "{}", sent[0].text());
        assert!(sent[0].text().contains("mei invites you to the project A shop") && sent[0].text().contains("as admin"));
    }

    async fn whoever_forgot_their_password_gets_a_link(app: &TestApp, mail: &SmtpServer) {
        let mei = app.account("mei@example.com", None).await;
        let email = Email::parse("mei@example.com").expect("an address");
        let made = app.engines.accounts.create_password_link(&operator(), &mei).await.expect("a link");
        for _ in 0..2 {
            app.engines.accounts.request_password(&email, &from_somewhere()).await.expect("asked");
        }
        app.send_mails().await;
        let sent = mail.take();
        assert_eq!((recipients(&sent), sent[0].subject()), (vec!["mei@example.com"; 2], "A new password for Aurix".to_owned()));
        let text = sent[0].text();
        let token = linked(&text, "/reset/");
        let password = NewPassword::parse("a new horse battery", &email).expect("long enough");
        app.engines.accounts.redeem_password_link(token, password.clone(), &from_somewhere()).await.expect("set");
        let (second, made) = (sent[1].text(), made.url);
        for other in [linked(&second, "/reset/"), made.rsplit('/').next().expect("a token")] {
            let again = app.engines.accounts.redeem_password_link(other, password.clone(), &from_somewhere()).await;
            assert!(again.is_err(), "a link of before is no good any more");
        }
        let created = "SELECT COUNT(*) FROM audit WHERE action = 'user.link' AND actor_kind = 'system'";
        assert_eq!(app.count(created).await, 2);
    }

    async fn what_is_asked_for_too_often_is_not_mailed(app: &TestApp, mail: &SmtpServer) {
        app.account("mei@example.com", None).await;
        let accounts = &app.engines.accounts;
        let ask = async |email: &str| accounts.request_password(&Email::parse(email).expect("an address"), &from_somewhere()).await;
        for _ in 0..5 {
            ask("mei@example.com").await.expect("as if it were mailed");
        }
        app.send_mails().await;
        assert_eq!(mail.take().len(), 3);
        for nth in 5..10 {
            ask(&format!("nobody{nth}@example.com")).await.expect("as if it were mailed");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM mails").await, 3, "nobody else has an account");
        let refused = ask("mei@example.com").await.expect_err("too many from there");
        assert!(matches!(refused, RequestRefused::Wait { seconds: 1..=16 }), "{refused}");
        app.advance(SignedDuration::from_secs(16));
        ask("mei@example.com").await.expect("the wait is over");
    }

    async fn old_mails_are_removed_with_what_they_told(app: &TestApp, mail: &SmtpServer) {
        with_letter_due(app).await;
        app.send_mails().await;
        assert_eq!(mail.take().len(), 1);
        app.execute("UPDATE webhooks SET is_active = TRUE, turned_off_at = NULL").await;
        look_once(app).await;
        app.advance(SignedDuration::from_hours(30 * 24));
        // The one that tells that it is mended still waits, which is too long.
        assert_eq!(remove_old_mails(&app.core).await.expect("removed"), 1);
        assert_eq!(app.mails().await, [0, 0, 1]);
        assert_eq!(app.text("SELECT error FROM mails").await.as_deref(), Some("not sent within two days"));
        app.advance(SignedDuration::from_secs(1));
        assert_eq!(remove_old_attention(&app.core).await.expect("removed"), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM mail_attention").await, 0);
        remove_old_mails(&app.core).await.expect("removed");
        assert_eq!(app.count("SELECT COUNT(*) FROM mails").await, 0);
    }

    async fn after_the_clock_was_set_back_a_mail_does_not_wait_for_long(app: &TestApp, mail: &SmtpServer) {
        app.account("mei@example.com", None).await;
        app.advance(SignedDuration::from_hours(24 * 365));
        app.engines.accounts.request_password(&Email::parse("mei@example.com").expect("an address"), &from_somewhere()).await.expect("asked");
        app.advance(SignedDuration::from_hours(-24 * 365));
        assert_eq!(app.send_mails().await, 0);
        remove_old_mails(&app.core).await.expect("looked at");
        app.advance(SignedDuration::from_hours(14));
        assert_eq!((app.send_mails().await, mail.take().len()), (1, 1));
    }
}

both_engines! {
    async fn without_a_mail_server_nothing_is_written_and_nothing_waits(app: &TestApp) {
        let (project, receiver, _) = with_webhook(app).await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        answers(app, &project, &receiver, 410).await;
        assert_eq!(look_once(app).await.opened, 1);
        let ben = Email::parse("ben@example.com").expect("an address");
        invite_member(&app.engines.accounts, &operator(), project.id, &ben, Role::Admin).await.expect("invited");
        let asked = app.engines.accounts.request_password(&ben, &from_somewhere()).await;
        assert!(matches!(asked, Err(RequestRefused::NoMail)));
        assert_eq!(app.count("SELECT COUNT(*) FROM mails").await, 0);
        assert_eq!(app.send_mails().await, 0);
    }
}
