//! What replies on WhatsApp offer to answer them by, what presses mean, that messages are marked as read, and what they cost.

use aurix::domain::account::Role;
use aurix::domain::form::Form;
use aurix::projects::set_form::set_form;
use serde_json::{Value, json};

use crate::support::whatsapp::words;
use crate::support::{Person, Project, TestApp, operator, platform_calls};

async fn ask_for_service(app: &TestApp, project: &Project) {
    let form = json!({"fields": [
        {"key": "service", "type": "choice", "question": "Which service?",
         "options": ["Tune-up", "Wheel truing", "Bike fitting with a long talk", "Other"]},
        {"key": "first", "type": "yes_no", "question": "Is it your first time?"},
        {"key": "name", "type": "name"},
        {"key": "email", "type": "email", "required": false},
    ]});
    let form = Form::parse(&form.to_string()).expect("a form");
    set_form(&app.core, &operator(), project.id, &form).await.expect("set");
}

/// The only reply since the last one.
async fn reply(app: &TestApp, project: &Project) -> Value {
    app.settle().await;
    let mut replies = project.whatsapp.take();
    assert_eq!(replies.len(), 1, "{replies:?}");
    replies.remove(0)
}

fn press(person: &Person<'_>, id: &str, kind: &str, option: &Value) -> Value {
    json!({
        "from": person.wa_id, "id": id, "timestamp": person.app.core.clock.now().as_second().to_string(),
        "type": "interactive",
        "interactive": {"type": kind, kind: {"id": option["id"], "title": option["title"]}},
    })
}

const FIELDS: &str = "SELECT fields FROM leads";

both_engines! {
    async fn questions_have_buttons_and_lists_and_a_late_press_corrects_its_own_question(app: &TestApp) {
        let project = app.project().await;
        ask_for_service(app, &project).await;
        let mei = Person::new(app, &project, "6587654321");
        mei.writes("hello").await;
        let asked = reply(app, &project).await;
        assert_eq!((&asked["type"], &asked["interactive"]["type"]), (&json!("interactive"), &json!("list")), "{asked}");
        assert!(words(&asked).is_some_and(|text| text.ends_with("Which service?")), "{asked}");
        let rows = asked["interactive"]["action"]["sections"][0]["rows"].clone();
        assert!(asked["biz_opaque_callback_data"].is_string(), "{asked}");
        app.account("mei@example.com", Some((project.id, Role::Member))).await;
        let lead = app.count("SELECT id FROM leads").await;
        let page = app.signed_in("mei@example.com").await.get(&format!("/p/{}/leads/{lead}", project.public_id)).await.text();
        assert!(page.contains("To press: Tune-up · Wheel truing · Bike fitting with a long talk · Other"), "{page}");
        // The title of a long entry is cut: the press says all of it.
        let response = mei.sends(&[press(&mei, "wamid.press1", "list_reply", &rows[2])]).await;
        assert_eq!(response.status(), 200);
        let asked = reply(app, &project).await;
        assert_eq!(asked["interactive"]["type"], "button", "{asked}");
        let buttons = asked["interactive"]["action"]["buttons"].clone();
        mei.sends(&[press(&mei, "wamid.press2", "button_reply", &buttons[0]["reply"])]).await;
        let asked = reply(app, &project).await;
        assert_eq!(asked["type"], "text", "a name is typed: {asked}");
        let fields = app.text(FIELDS).await.expect("fields");
        assert!(fields.contains("Bike fitting with a long talk") && fields.contains("\"yes\""), "{fields}");
        // A press on the first question, which was answered long ago, is no answer to the open one.
        mei.sends(&[press(&mei, "wamid.press3", "list_reply", &rows[1])]).await;
        let asked = reply(app, &project).await;
        assert!(words(&asked).is_some_and(|text| text.contains("name")), "{asked}");
        let fields = app.text(FIELDS).await.expect("fields");
        assert!(fields.contains("Wheel truing") && !fields.contains("Bike fitting") && !fields.contains("\"name\""), "{fields}");
    }

    async fn a_late_no_is_of_the_question_that_it_stood_below(app: &TestApp) {
        let project = app.project().await;
        let form = json!({"fields": [
            {"key": "first", "type": "yes_no", "required": true, "question": "Is it your first time?"},
            {"key": "member", "type": "yes_no", "required": true, "question": "Are you a member?"},
            {"key": "name", "type": "name"},
            {"key": "email", "type": "email", "required": false},
        ]});
        let form = Form::parse(&form.to_string()).expect("a form");
        set_form(&app.core, &operator(), project.id, &form).await.expect("set");
        let mei = Person::new(app, &project, "6587654321");
        mei.writes("hello").await;
        let buttons = reply(app, &project).await["interactive"]["action"]["buttons"].clone();
        mei.sends(&[press(&mei, "wamid.yes", "button_reply", &buttons[0]["reply"])]).await;
        let asked = reply(app, &project).await;
        assert!(words(&asked).is_some_and(|text| text.contains("a member")), "{asked}");
        mei.sends(&[press(&mei, "wamid.no", "button_reply", &buttons[1]["reply"])]).await;
        let asked = reply(app, &project).await;
        assert!(words(&asked).is_some_and(|text| text.contains("a member")), "it is still open: {asked}");
        let fields = app.text(FIELDS).await.expect("fields");
        assert!(fields.contains("\"no\"") && !fields.contains("\"yes\"") && !fields.contains("member"), "{fields}");
    }

    async fn options_that_cannot_be_shown_are_numbered(app: &TestApp) {
        let project = app.project().await;
        let options: Vec<String> = (1..=11).map(|number| format!("Service {number}")).collect();
        let form = json!({"fields": [{"key": "service", "type": "choice", "question": "Which service?", "options": options},
                                     {"key": "email", "type": "email", "required": false}]});
        let form = Form::parse(&form.to_string()).expect("a form");
        set_form(&app.core, &operator(), project.id, &form).await.expect("set");
        Person::new(app, &project, "6587654321").writes("hello").await;
        let asked = reply(app, &project).await;
        assert_eq!(asked["type"], "text", "{asked}");
        assert!(words(&asked).is_some_and(|text| text.ends_with("10. Service 10\n11. Service 11")), "{asked}");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE offers IS NOT NULL").await, 0);
    }

    async fn the_platform_asks_for_a_number_that_it_does_not_tell(app: &TestApp) {
        let project = app.project().await;
        let form = json!({"fields": [{"key": "phone", "type": "phone"}, {"key": "name", "type": "name"},
                                     {"key": "email", "type": "email", "required": false}]});
        let form = Form::parse(&form.to_string()).expect("a form");
        set_form(&app.core, &operator(), project.id, &form).await.expect("set");
        let call = async |message: Value| {
            let value = json!({
                "metadata": {"phone_number_id": project.phone_number_id},
                "contacts": [{"user_id": "SG.1349", "profile": {"name": "Mei"}}],
                "messages": [message],
            });
            assert_eq!(platform_calls(app, &project, &value).await.status(), 200);
        };
        let at = app.core.clock.now().as_second().to_string();
        call(json!({"from_user_id": "SG.1349", "id": "wamid.a", "timestamp": at, "type": "text", "text": {"body": "hello"}})).await;
        let asked = reply(app, &project).await;
        assert_eq!(asked["interactive"]["type"], "request_contact_info", "{asked}");
        assert_eq!((&asked["recipient"], &asked["to"]), (&json!("SG.1349"), &Value::Null), "{asked}");
        let card = |origin: &str, phone: &str| json!([{
            "origin": origin, "name": {"formatted_name": "Mei Tan"}, "phones": [{"phone": phone, "type": "CELL"}],
        }]);
        // A card that was attached by hand may be anybody's.
        call(json!({"from_user_id": "SG.1349", "id": "wamid.b", "timestamp": at, "type": "contacts", "contacts": card("other", "+65 8111 1111")})).await;
        let asked = reply(app, &project).await;
        assert!(words(&asked).is_some_and(|text| text.contains("somebody else's card")), "{asked}");
        assert!(!app.text(FIELDS).await.expect("fields").contains("8111"));
        call(json!({"from_user_id": "SG.1349", "id": "wamid.c", "timestamp": at, "type": "contacts", "contacts": card("contact_request", "+65 8765 4321")})).await;
        reply(app, &project).await;
        assert!(app.text(FIELDS).await.expect("fields").contains("+6587654321"));
    }

    async fn a_message_is_marked_as_read_while_the_agent_is_about_to_answer_it(app: &TestApp) {
        let project = app.project().await;
        let mei = Person::new(app, &project, "6587654321");
        mei.sends(&[mei.text_message("wamid.first", "hello")]).await;
        let expected = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.first",
                              "typing_indicator": {"type": "text"}});
        assert_eq!(project.whatsapp.marked().await, expected);
        // Nobody is about to answer a reaction.
        let at = app.core.clock.now().as_second().to_string();
        mei.sends(&[json!({"from": mei.wa_id, "id": "wamid.r", "timestamp": at, "type": "reaction",
                           "reaction": {"message_id": "wamid.x", "emoji": "👍"}})]).await;
        // What is marked after it shows that it was not.
        mei.sends(&[mei.text_message("wamid.second", "anybody?")]).await;
        assert_eq!(project.whatsapp.marked().await["message_id"], "wamid.second");
    }

    async fn what_the_platform_charges_is_counted_by_category(app: &TestApp) {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        reply(app, &project).await;
        let id = app.text("SELECT external_id FROM messages WHERE direction = 'out'").await;
        let status = |status: &str, pricing: Value| json!({
            "metadata": {"phone_number_id": project.phone_number_id},
            "statuses": [{"id": id, "status": status, "timestamp": "1767348000", "recipient_id": "6587654321",
                          "pricing": pricing}],
        });
        app.account("mei@example.com", Some((project.id, Role::Member))).await;
        let browser = app.signed_in("mei@example.com").await;
        let page = format!("/p/{}/leads/{}", project.public_id, app.count("SELECT id FROM leads").await);
        assert!(!browser.get(&page).await.text().contains("Messages that WhatsApp counts"));
        let free = json!({"billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"});
        platform_calls(app, &project, &status("sent", free)).await;
        let shown = browser.get(&page).await.text();
        assert!(shown.contains("<dt>Free of charge</dt><dd>1</dd>"), "{shown}");
        // What counts is said last.
        let charged = json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "marketing_lite"});
        platform_calls(app, &project, &status("delivered", charged)).await;
        let shown = browser.get(&page).await.text();
        assert!(shown.contains("<dt>Marketing lite</dt><dd>1</dd>") && !shown.contains("Free of charge"), "{shown}");
    }
}
