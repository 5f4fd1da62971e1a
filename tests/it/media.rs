//! What people send besides words: fetched once, checked, kept as long as its message, and given to members as a stranger's file.

use aurix::conversations::erase_person::erase_person;
use aurix::conversations::fetch_media::{MEDIA_BYTES_MAX, claim_media, fetch_medium, settle_medium};
use aurix::domain::account::Role;
use aurix::domain::ids::LeadId;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::SignedDuration;
use aurix::maintenance::retention::remove_expired;
use aurix::projects::set_retention::set_retention;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::telegram::Chatter;
use crate::support::{Person, Project, TestApp, operator, platform_posts};

const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a picture";
const MEDIA: &str = "SELECT COUNT(*) FROM media";
const CONTENT: &str = "SELECT COUNT(*) FROM media_content";
const DUE: &str = "SELECT COUNT(*) FROM media WHERE due_at IS NOT NULL";
const WHY: &str = "SELECT error FROM media";

fn image(person: &Person<'_>, id: &str, filename: Option<&str>) -> Value {
    let at = person.app.core.clock.now().as_second().to_string();
    let kind = if filename.is_some() { "document" } else { "image" };
    json!({"from": person.wa_id, "id": id, "timestamp": at, "type": kind,
           kind: {"id": "media1", "mime_type": "image/jpeg", "filename": filename}})
}

/// Answers where the file is.
fn announce(project: &Project, content: &[u8]) {
    let url = project.whatsapp.serve("/files/1", content);
    let sha256 = hex::encode(Sha256::digest(content));
    project
        .whatsapp
        .answer_next(200, json!({"url": url, "mime_type": "text/html", "sha256": sha256, "file_size": content.len()}));
}

/// Makes the attempts that are due; gives how many.
async fn fetch(app: &TestApp) -> usize {
    let claimed = claim_media(&app.core, 10).await.expect("claimed");
    for medium in &claimed {
        let outcome = fetch_medium(&app.core, medium).await.expect("an attempt");
        settle_medium(&app.core, medium, &outcome).await.expect("settled");
    }
    claimed.len()
}

async fn path(app: &TestApp, project: &Project) -> String {
    let lead = app.count("SELECT id FROM leads").await;
    let message = app.count("SELECT message_id FROM media").await;
    format!("/p/{}/leads/{lead}/media/{message}", project.public_id)
}

both_engines! {
    async fn a_picture_is_fetched_shown_and_given_as_a_strangers_file(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[image(&mei, "wamid.1", None)]).await;
        app.account("ann@example.com", Some((project.id, Role::Member))).await;
        let browser = app.signed_in("ann@example.com").await;
        let path = path(app, &project).await;
        let lead = path.split("/media/").next().expect("a lead").to_owned();
        assert!(browser.get(&lead).await.text().contains("It is being fetched."));
        announce(&project, PICTURE);
        project.whatsapp.take_calls();
        assert_eq!(fetch(app).await, 1);
        let calls = project.whatsapp.take_calls();
        assert!(calls[0].contains("/media1?phone_number_id=791163770738681"), "{calls:?}");
        let page = browser.get(&lead).await.text();
        assert!(page.contains(&format!("<img src=\"{path}\"")), "{page}");
        let given = browser.get(&path).await;
        assert_eq!((given.status(), given.header("content-type")), (200, "image/jpeg"), "not what it was announced as");
        assert!(given.header("content-disposition").starts_with("attachment"));
        assert_eq!(given.header("x-content-type-options"), "nosniff");
        assert_eq!(given.header("content-security-policy"), "default-src 'none'; sandbox");
        assert_eq!(fetch(app).await, 0, "once");
        let (other, _) = app.empty_project("Other").await;
        app.account("eve@example.com", Some((other, Role::Owner))).await;
        assert_eq!(app.signed_in("eve@example.com").await.get(&path).await.status(), 404);
    }

    async fn what_the_business_sends_from_the_phone_app_is_fetched_too(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        let echo = json!({"from": "6512345678", "to": "6587654321", "id": "wamid.e", "timestamp": "1767348000", "type": "image",
                          "image": {"id": "media1", "mime_type": "image/jpeg"}});
        let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "message_echoes": [echo]});
        let body = json!({"entry": [{"changes": [{"field": "smb_message_echoes", "value": value}]}]});
        for _ in 0..2 {
            assert_eq!(platform_posts(app, &project, body.to_string().as_bytes()).await.status(), 200);
        }
        announce(&project, PICTURE);
        assert_eq!((fetch(app).await, app.count(CONTENT).await), (1, 1));
    }

    async fn what_is_no_picture_is_a_file_with_its_name(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[image(&mei, "wamid.1", Some("menu\"<b>.html"))]).await;
        announce(&project, b"<script>alert(1)</script>");
        fetch(app).await;
        app.account("ann@example.com", Some((project.id, Role::Member))).await;
        let browser = app.signed_in("ann@example.com").await;
        let path = path(app, &project).await;
        let page = browser.get(path.split("/media/").next().expect("a lead")).await.text();
        assert!(page.contains("menu&#34;&#60;b&#62;.html") && !page.contains("<img src=\"/p/"), "{page}");
        let given = browser.get(&path).await;
        assert_eq!(given.header("content-type"), "application/octet-stream");
        assert_eq!(given.header("content-disposition"), "attachment; filename*=UTF-8''menu%22%3Cb%3E.html");
    }

    async fn a_failed_fetch_is_tried_for_an_hour_and_then_says_why(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[image(&mei, "wamid.1", None)]).await;
        // Another file than the one that was announced.
        project.whatsapp.answer_next(200, json!({"url": project.whatsapp.serve("/files/1", b"x"), "sha256": hex::encode(Sha256::digest(PICTURE))}));
        assert_eq!(fetch(app).await, 1);
        assert_eq!(fetch(app).await, 0, "not at once");
        assert_eq!(app.text(WHY).await.as_deref(), Some("What came is not the file that WhatsApp announced."));
        let mut attempts = 1;
        for _ in 0..60 {
            app.advance(SignedDuration::from_mins(1));
            project.whatsapp.fail_next(500, 131_000);
            attempts += fetch(app).await;
        }
        assert_eq!((attempts, app.count(DUE).await), (6, 0));
        assert!(app.text(WHY).await.is_some_and(|why| why.contains("a reason it does not tell")));
        assert_eq!(app.count(CONTENT).await, 0);
    }

    async fn attempts_that_end_without_a_word_are_not_made_for_ever(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[image(&mei, "wamid.1", None)]).await;
        for _ in 0..6 {
            assert_eq!(claim_media(&app.core, 10).await.expect("claimed").len(), 1, "each lease ends");
            app.advance(SignedDuration::from_mins(4));
        }
        project.whatsapp.take_calls();
        assert_eq!(fetch(app).await, 1);
        assert!(project.whatsapp.take_calls().is_empty(), "nothing is asked any more");
        assert_eq!(app.count(DUE).await, 0);
        assert!(app.text(WHY).await.is_some_and(|why| why.contains("too often")));
    }

    async fn what_is_too_large_is_not_fetched(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[image(&mei, "wamid.1", None)]).await;
        let url = project.whatsapp.serve("/files/1", PICTURE);
        project.whatsapp.answer_next(200, json!({"url": url, "file_size": MEDIA_BYTES_MAX + 1}));
        project.whatsapp.take_calls();
        fetch(app).await;
        assert_eq!(project.whatsapp.take_calls().len(), 1, "only where it is was asked");
        assert_eq!((app.count(DUE).await, app.text(WHY).await.as_deref()), (0, Some("It has more than 16 MB and was not fetched.")));
        // Where the size is not told, reading stops there.
        mei.sends(&[image(&mei, "wamid.2", None)]).await;
        let url = project.whatsapp.serve("/files/2", &vec![0; MEDIA_BYTES_MAX + 1]);
        project.whatsapp.answer_next(200, json!({"url": url}));
        fetch(app).await;
        assert_eq!((app.count(DUE).await, app.count(CONTENT).await), (0, 0));
    }

    async fn a_bots_files_are_fetched_too(app: &TestApp) {
        let bot = app.bot().await;
        Chatter::new(app, &bot, 77).sends(json!({"photo": [{"file_id": "small"}, {"file_id": "large"}], "caption": "look"})).await;
        assert_eq!(fetch(app).await, 1);
        assert_eq!(bot.telegram.take("getFile")[0]["file_id"], "large");
        assert_eq!((app.count(CONTENT).await, app.count(DUE).await), (1, 0));
    }

    async fn what_was_fetched_goes_with_the_person_and_with_the_message(app: &TestApp) {
        let project = app.project().await;
        for wa_id in ["6587654321", "6587654322"] {
            let person = Person::new(app, &project, wa_id);
            person.sends(&[image(&person, &format!("wamid.{wa_id}"), None)]).await;
            announce(&project, PICTURE);
            fetch(app).await;
        }
        app.settle().await;
        assert_eq!(app.count(CONTENT).await, 2);
        let lead = LeadId(app.count("SELECT MIN(id) FROM leads").await);
        erase_person(&app.core, &operator(), project.id, lead).await.expect("erased");
        assert_eq!((app.count(MEDIA).await, app.count(CONTENT).await), (1, 1));
        set_retention(&app.core, &operator(), project.id, vec![(Kind::Messages, Some(Period::Days(30)))]).await.expect("set");
        app.advance(SignedDuration::from_hours(24 * 40));
        remove_expired(&app.core, || false).await.expect("removed");
        assert_eq!((app.count(MEDIA).await, app.count(CONTENT).await), (0, 0));
    }

    async fn a_medium_that_is_erased_while_it_is_fetched_is_not_kept(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[image(&mei, "wamid.1", None)]).await;
        announce(&project, PICTURE);
        let claimed = claim_media(&app.core, 10).await.expect("claimed");
        let outcome = fetch_medium(&app.core, &claimed[0]).await.expect("fetched");
        let lead = LeadId(app.count("SELECT id FROM leads").await);
        erase_person(&app.core, &operator(), project.id, lead).await.expect("erased");
        settle_medium(&app.core, &claimed[0], &outcome).await.expect("settled");
        assert_eq!(app.count(CONTENT).await, 0);
    }
}
