//! What the phone app had before its number was linked: past messages and the address book. Shown, and nothing else comes of it.

use aurix::domain::account::Role;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::SignedDuration;
use aurix::maintenance::retention::remove_expired;
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use aurix::projects::set_retention::set_retention;
use aurix::store::past_messages;
use serde_json::{Value, json};

use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp, message_of, operator, platform_calls, platform_posts};

const MEI: &str = "6587654321";
const PAST: &str = "SELECT COUNT(*) FROM past_messages";
const ENTRIES: &str = "SELECT COUNT(*) FROM address_book WHERE name IS NOT NULL";
const HEADING: &str = "From the phone app, before Aurix";

/// The platform brings a change of a channel's.
async fn brings(app: &TestApp, project: &Project, field: &str, value: Value) {
    let mut value = value;
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "6512345678", "phone_number_id": project.phone_number_id});
    let body = json!({"object": "whatsapp_business_account",
                      "entry": [{"id": "1", "time": 1_739_321_024, "changes": [{"field": field, "value": value}]}]});
    assert_eq!(platform_posts(app, project, body.to_string().as_bytes()).await.status(), 200);
}

/// Part of the past messages, as Meta documents it.
async fn chunk(app: &TestApp, project: &Project, order: i64, threads: Value) {
    let metadata = json!({"phase": 1, "chunk_order": order, "progress": 55});
    brings(app, project, "history", json!({"history": [{"metadata": metadata, "threads": threads}]})).await;
}

/// A past message at a second of the year before; without a number, the business wrote it.
fn said(from: Option<&str>, id: &str, second: i64, text: &str) -> Value {
    let mut said = json!({"from": from.unwrap_or("6512345678"), "id": id, "timestamp": (1_739_230_000 + second).to_string(),
                          "type": "text", "text": {"body": text}, "history_context": {"status": "READ"}});
    if from.is_none() {
        said["to"] = json!(MEI);
        said["history_context"]["from_me"] = json!(true);
    }
    said
}

fn thread(with: &str, messages: &[Value]) -> Value {
    json!([{"id": with, "messages": messages}])
}

async fn saved(app: &TestApp, project: &Project, action: &str, name: &str, second: i64) {
    let contact = json!({"full_name": name, "first_name": "Mei", "phone_number": MEI});
    let entry =
        json!({"type": "contact", "contact": contact, "action": action, "metadata": {"timestamp": second.to_string()}});
    brings(app, project, "smb_app_state_sync", json!({"state_sync": [entry]})).await;
}

/// Somebody who may see the project.
async fn browser<'a>(app: &'a TestApp, project: &Project, role: Role) -> Browser<'a> {
    let email = format!("{}@example.com", role.as_str());
    app.account(&email, Some((project.id, role))).await;
    app.signed_in(&email).await
}

/// The page of the newest lead.
async fn page(app: &TestApp, project: &Project, browser: &Browser<'_>) -> String {
    let lead = app.count("SELECT MAX(id) FROM leads").await;
    browser.get(&format!("/p/{}/leads/{lead}", project.public_id)).await.text()
}

/// Somebody without a name at the platform writes.
async fn writes(app: &TestApp, project: &Project, wa_id: &str, id: &str) {
    message_of(app, project, json!({"wa_id": wa_id}), id, "hello").await;
    app.settle().await;
}

both_engines! {
    async fn past_messages_are_shown_once_their_person_writes(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let later = thread(MEI, &[said(None, "wamid.3", 30, "On Friday"), said(Some(MEI), "wamid.2", 20, "When do you open?")]);
        let earlier = thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning")]);
        for (order, threads) in [(2, &later), (1, &earlier), (2, &later), (1, &earlier)] {
            chunk(app, &project, order, threads.clone()).await;
        }
        app.settle().await;
        assert_eq!(app.count(PAST).await, 3, "each once");
        for nothing in [
            "SELECT COUNT(*) FROM conversations", "SELECT COUNT(*) FROM leads", "SELECT COUNT(*) FROM messages",
            "SELECT COUNT(*) FROM events", "SELECT COUNT(*) FROM notices", "SELECT COUNT(*) FROM counts",
        ] {
            assert_eq!(app.count(nothing).await, 0, "{nothing}");
        }
        assert!(project.whatsapp.take().is_empty(), "nobody is answered");

        writes(app, &project, MEI, "wamid.9").await;
        assert_eq!(project.whatsapp.take_texts().len(), 1, "what is said now is");
        let browser = browser(app, &project, Role::Owner).await;
        let page = page(app, &project, &browser).await;
        let places = [HEADING, "Good morning", "When do you open?", "On Friday", "With Aurix", "dir=\"auto\" hx-ignore>hello</p>"].map(|text| page.find(text));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {page}");
        assert!(!page.contains("The newest"), "all of them are there");
    }

    async fn past_messages_of_somebody_who_wrote_already_are_shown(app: &TestApp) {
        let project = app.project().await;
        writes(app, &project, MEI, "wamid.9").await;
        project.whatsapp.take();
        let turns = app.count("SELECT turn_number FROM conversations").await;
        // One of them is a message already.
        let known = said(Some(MEI), "wamid.9", 50, "hello");
        chunk(app, &project, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning"), known])).await;
        app.settle().await;
        assert_eq!((app.count(PAST).await, app.count("SELECT turn_number FROM conversations").await), (1, turns));
        assert!(project.whatsapp.take().is_empty());
        let browser = browser(app, &project, Role::Owner).await;
        assert!(page(app, &project, &browser).await.contains("Good morning"));
        // What comes as a message afterwards is one.
        writes(app, &project, MEI, "wamid.1").await;
        assert!(!page(app, &project, &browser).await.contains(HEADING));
    }

    async fn the_newest_hundred_are_shown_with_how_many_there_are(app: &TestApp) {
        let project = app.project().await;
        let all: Vec<Value> = (0..120).map(|nth| said(Some(MEI), &format!("wamid.p{nth}"), nth, &format!("number {nth}."))).collect();
        chunk(app, &project, 1, thread(MEI, &all)).await;
        writes(app, &project, MEI, "wamid.9").await;
        let browser = browser(app, &project, Role::Owner).await;
        let page = page(app, &project, &browser).await;
        assert!(page.contains("The newest 100 of 120 messages"), "{page}");
        assert!(page.contains("number 119.") && page.contains("number 20.") && !page.contains("number 19."));
    }

    async fn what_a_placeholder_stands_for_gets_its_words(app: &TestApp) {
        let project = app.project().await;
        let place = json!({"from": MEI, "id": "wamid.1", "timestamp": "1739230010", "type": "media_placeholder"});
        chunk(app, &project, 1, thread(MEI, &[place])).await;
        let picture = json!({"from": MEI, "id": "wamid.1", "timestamp": "1739230010", "type": "image",
                             "image": {"id": "m", "mime_type": "image/jpeg", "caption": "my roof"}});
        brings(app, &project, "history", json!({"messages": [picture]})).await;
        assert_eq!(app.text("SELECT text FROM past_messages WHERE kind = 'media'").await.as_deref(), Some("my roof"));
        assert_eq!(app.count(PAST).await + app.count("SELECT COUNT(*) FROM media").await, 1, "it is not fetched");
    }

    async fn hostile_words_and_names_are_only_text(app: &TestApp) {
        let project = app.project().await;
        let hostile = "<script>alert(1)</script>\u{202e}\u{0}";
        chunk(app, &project, 1, thread(MEI, &[said(Some(MEI), "wamid.<b>", 10, hostile)])).await;
        saved(app, &project, "add", "<img src=x onerror=alert(2)>", 1_739_230_955).await;
        writes(app, &project, MEI, "wamid.9").await;
        let browser = browser(app, &project, Role::Owner).await;
        let page = page(app, &project, &browser).await;
        assert!(page.contains("&lt;script&gt;alert(1)") || page.contains("&#60;script&#62;alert(1)"), "{page}");
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{page}");
        let message = page.split("<p class=\"msg ").find(|part| part.contains("alert(1)")).expect("it is shown");
        assert!(message.split('>').next().is_some_and(|tag| tag.contains("dir=\"auto\"")), "{message}");
    }

    async fn the_newest_word_of_the_address_book_counts(app: &TestApp) {
        let project = app.project().await;
        saved(app, &project, "add", "Mei from the market", 1_739_230_200).await;
        saved(app, &project, "add", "Mei of before", 1_739_230_100).await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await + app.count("SELECT COUNT(*) FROM events").await, 0);
        writes(app, &project, MEI, "wamid.9").await;
        let owner = browser(app, &project, Role::Owner).await;
        let shown = page(app, &project, &owner).await;
        assert!(shown.contains("<h1 hx-ignore>Mei from the market</h1>") && shown.contains("Saved in the phone app as"), "{shown}");
        saved(app, &project, "remove", "", 1_739_230_300).await;
        saved(app, &project, "add", "Mei of before", 1_739_230_250).await;
        assert_eq!(app.count(ENTRIES).await, 0, "an older word than that it was removed");
        assert!(!page(app, &project, &owner).await.contains("Saved in the phone app"));
    }

    async fn a_persons_own_name_goes_before_a_saved_one(app: &TestApp) {
        let project = app.project().await;
        saved(app, &project, "add", "Mei from the market", 1_739_230_200).await;
        Person::new(app, &project, MEI).writes("hello").await;
        app.settle().await;
        let browser = browser(app, &project, Role::Owner).await;
        let page = page(app, &project, &browser).await;
        assert!(page.contains("<h1 hx-ignore>A visitor</h1>") && page.contains("<bdi>Mei from the market</bdi>"), "{page}");
    }

    async fn an_erased_persons_past_goes_as_well(app: &TestApp) {
        let project = app.project().await;
        saved(app, &project, "add", "Mei from the market", 1_739_230_200).await;
        let other = json!({"id": "6591234567", "messages": [said(Some("6591234567"), "wamid.2", 10, "I am another")]});
        let own = json!({"id": MEI, "messages": [said(Some(MEI), "wamid.1", 10, "Good morning")]});
        chunk(app, &project, 1, json!([own, other])).await;
        writes(app, &project, MEI, "wamid.9").await;
        let browser = browser(app, &project, Role::Owner).await;
        let path = format!("/p/{}/leads/{}/erase", project.public_id, app.count("SELECT id FROM leads").await);
        let preview = browser.get(&path).await.text();
        assert!(preview.contains("the words of 3 messages"), "{preview}");
        assert_eq!(browser.post(&path, &[("typed", "ERASE")]).await.status(), 303);
        assert_eq!(app.text("SELECT external_id FROM past_messages").await.as_deref(), Some("wamid.2"), "another person's stays");
        assert_eq!((app.count(PAST).await, app.count("SELECT COUNT(*) FROM address_book").await), (1, 0));
        // Whoever has the number next has nothing of it.
        writes(app, &project, MEI, "wamid.10").await;
        assert!(!page(app, &project, &browser).await.contains(HEADING));
    }

    async fn past_messages_stay_with_who_had_the_number(app: &TestApp) {
        let project = app.project().await;
        chunk(app, &project, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning")])).await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": MEI}), "wamid.2", "hello").await;
        app.settle().await;
        let first = app.count("SELECT id FROM leads").await;
        message_of(app, &project, json!({"user_id": "SG.9", "wa_id": MEI}), "wamid.3", "hello").await;
        app.settle().await;
        let browser = browser(app, &project, Role::Owner).await;
        assert!(!page(app, &project, &browser).await.contains("Good morning"), "the new owner's page");
        let former = browser.get(&format!("/p/{}/leads/{first}", project.public_id)).await.text();
        assert!(former.contains("Good morning"), "{former}");
    }

    async fn past_messages_go_along_with_a_new_number_and_a_merge(app: &TestApp) {
        let project = app.project().await;
        chunk(app, &project, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning")])).await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": MEI}), "wamid.2", "hello").await;
        app.settle().await;
        app.advance(SignedDuration::from_secs(60));
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6591234567"}), "wamid.3", "my new number").await;
        app.settle().await;
        let browser = browser(app, &project, Role::Owner).await;
        assert!(page(app, &project, &browser).await.contains("Good morning"));

        const OTHER: &str = "6598765432";
        chunk(app, &project, 2, thread(OTHER, &[said(Some(OTHER), "wamid.4", 10, "Good evening")])).await;
        message_of(app, &project, json!({"user_id": "SG.7"}), "wamid.5", "hello").await;
        app.settle().await;
        message_of(app, &project, json!({"wa_id": OTHER}), "wamid.6", "hello").await;
        app.settle().await;
        message_of(app, &project, json!({"user_id": "SG.7", "wa_id": OTHER}), "wamid.7", "it is me").await;
        app.settle().await;
        let merged = app.count("SELECT COUNT(*) FROM past_messages WHERE conversation_id IN (SELECT conversation_id FROM leads)").await;
        assert_eq!((app.count("SELECT COUNT(*) FROM leads").await, merged), (2, 2));
        assert!(page(app, &project, &browser).await.contains("Good evening"));
    }

    async fn past_messages_are_kept_as_long_as_messages(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        let now = app.core.clock.now().as_second();
        let young = json!({"from": MEI, "id": "wamid.young", "timestamp": now.to_string(), "type": "text", "text": {"body": "x"}});
        for project in [&project, &other] {
            chunk(app, project, 1, thread(MEI, &[said(Some(MEI), "wamid.old", 10, "Good morning"), young.clone()])).await;
            saved(app, project, "add", "Mei", 1_739_230_200).await;
        }
        set_retention(&app.core, &operator(), project.id, vec![(Kind::Messages, Some(Period::Days(30)))]).await.expect("set");
        let removed = remove_expired(&app.core, || false).await.expect("a run of the retention job");
        assert_eq!(removed.past_messages, 2, "a message and an entry");
        assert_eq!((app.count(PAST).await, app.count(ENTRIES).await), (3, 1), "the other project's stay");
        assert_eq!(app.count("SELECT COUNT(*) FROM past_messages WHERE external_id = 'wamid.young'").await, 2);
    }

    async fn another_projects_or_channels_person_has_none_of_it(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        let channel = WhatsAppChannel {
            phone_number_id: "333".to_owned(),
            number: "+6512345679".to_owned(),
            access_token: "token".to_owned(),
            app_secret: "another secret".to_owned(),
            verify_token: "another token".to_owned(),
            api_base: Some(ours.whatsapp.api_base.clone()),
            link_base: None,
        };
        add_whatsapp_channel(&app.core, &operator(), ours.id, channel).await.expect("a channel");
        chunk(app, &ours, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning")])).await;
        saved(app, &ours, "add", "Mei from the market", 1_739_230_200).await;
        writes(app, &theirs, MEI, "wamid.8").await;
        let stranger = browser(app, &theirs, Role::Owner).await;
        let shown = page(app, &theirs, &stranger).await;
        assert!(!shown.contains(HEADING) && !shown.contains("Mei from the market"), "{shown}");
        // The same person at another number of ours.
        let value = json!({"metadata": {"phone_number_id": "333"}, "contacts": [{"wa_id": MEI}],
            "messages": [{"from": MEI, "id": "wamid.9", "timestamp": "1767348000", "type": "text", "text": {"body": "hello"}}]});
        assert_eq!(platform_calls(app, &ours, &value).await.status(), 200);
        app.settle().await;
        let admin = browser(app, &ours, Role::Admin).await;
        let shown = page(app, &ours, &admin).await;
        assert!(!shown.contains(HEADING) && !shown.contains("Mei from the market"), "{shown}");
    }

    async fn a_stranger_reads_and_changes_no_past_message(app: &TestApp) {
        let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
        chunk(app, &ours, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning")])).await;
        saved(app, &ours, "add", "Mei", 1_739_230_200).await;
        writes(app, &ours, MEI, "wamid.9").await;
        let (owner, stranger, now) = (ours.id, theirs.id, app.core.clock.now());
        let looked = app.core.db.write(async move |tx| {
            let conversation = tx.get("SELECT id FROM conversations", &[], |row| row.get(0)).await?;
            for (project, is_owner) in [(stranger, false), (owner, true)] {
                assert_eq!(!past_messages::newest(tx, project, conversation, 10).await?.is_empty(), is_owner, "newest");
                assert_eq!(past_messages::count(tx, project, conversation).await? > 0, is_owner, "count");
                assert_eq!(past_messages::has_expired(tx, project, now).await?, is_owner, "has_expired");
                assert_eq!(past_messages::bind(tx, project, conversation).await? > 0, is_owner, "bind");
                assert_eq!(past_messages::move_to(tx, project, conversation, conversation).await? > 0, is_owner, "move_to");
            }
            assert_eq!(past_messages::erase(tx, stranger, conversation).await?, 0);
            assert_eq!(past_messages::remove_expired(tx, stranger, now, 10).await?, 0);
            assert_eq!(past_messages::erase(tx, owner, conversation).await?, 1);
            Ok(())
        });
        looked.await.expect("looked");
        assert_eq!(app.count(ENTRIES).await, 0);
    }

    async fn a_declined_history_is_still_said(app: &TestApp) {
        let project = app.project().await;
        let declined = json!({"history": [{"errors": [{"code": 2_593_109, "title": "History sync is turned off"}]}]});
        brings(app, &project, "history", declined).await;
        let browser = browser(app, &project, Role::Owner).await;
        let path = format!("/p/{}/channels/{}", project.public_id, project.phone_number_id);
        let page = browser.get(&path).await.text();
        assert!(page.contains("chose not to share them"), "{page}");
    }

    async fn a_viewer_of_masked_numbers_reads_none_in_past_messages(app: &TestApp) {
        let project = app.project().await;
        chunk(app, &project, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "call +6591234567")])).await;
        writes(app, &project, MEI, "wamid.9").await;
        app.execute("UPDATE projects SET viewers_see_masked = TRUE").await;
        let viewer = browser(app, &project, Role::Viewer).await;
        let page = page(app, &project, &viewer).await;
        assert!(page.contains(HEADING) && !page.contains("91234567"), "{page}");
    }

    async fn a_number_that_is_in_the_phone_app_sends_twenty_a_second(app: &TestApp) {
        let project = app.project().await;
        chunk(app, &project, 1, thread(MEI, &[said(Some(MEI), "wamid.1", 10, "Good morning")])).await;
        for nth in 0..25 {
            Person::new(app, &project, &format!("65876543{nth:02}")).writes("hello").await;
        }
        app.settle().await;
        assert_eq!(project.whatsapp.take().len(), 21, "a second's worth, and the one that is due");
        app.advance(SignedDuration::from_secs(1));
        app.work().await;
        assert_eq!(project.whatsapp.take().len(), 4);
    }
}
