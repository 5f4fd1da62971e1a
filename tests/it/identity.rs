//! Who a person is: new numbers, numbers that move on to somebody else, and cards of an address book.

use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Person, Project, TestApp, message_of, platform_calls};

/// The platform tells that `old` writes from `new` now.
async fn number_changes(app: &TestApp, project: &Project, old: &str, new: &str) {
    let sent_at = app.core.clock.now().as_second().to_string();
    let system = json!({"body": "changed", "wa_id": new, "user_id": "SG.2", "previous_user_id": "SG.1", "type": "user_changed_number"});
    let message =
        json!({"from": old, "id": format!("wamid.{old}"), "timestamp": sent_at, "type": "system", "system": system});
    let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "messages": [message]});
    assert_eq!(platform_calls(app, project, &value).await.status(), 200);
}

async fn field(app: &TestApp, key: &str) -> Option<String> {
    let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
    let fields: Value = serde_json::from_str(&fields).expect("JSON");
    fields[key]["value"].as_str().map(str::to_owned)
}

/// Where the replies went since the last call.
fn recipients(project: &Project) -> Vec<String> {
    project.whatsapp.take().iter().map(|reply| reply["to"].as_str().unwrap_or("a user id").to_owned()).collect()
}

const LEADS: &str = "SELECT COUNT(*) FROM leads";

both_engines! {
    async fn the_newest_number_of_a_person_gets_the_reply(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.1", "hi").await;
        app.settle().await;
        app.advance(SignedDuration::from_secs(60));
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6591234567"}), "wamid.2", "this is my new number").await;
        app.settle().await;
        assert_eq!(recipients(&project), ["6587654321", "6591234567"]);
        assert_eq!(app.count(LEADS).await, 1);
        assert_eq!(field(app, "phone").await.as_deref(), Some("+6591234567"));
    }

    async fn a_number_that_the_person_said_stays(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.1", "call me at +65 9888 7777").await;
        app.settle().await;
        app.advance(SignedDuration::from_secs(60));
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6591234567"}), "wamid.2", "hello?").await;
        app.settle().await;
        assert_eq!(field(app, "phone").await.as_deref(), Some("+6598887777"));
    }

    async fn a_late_message_from_the_old_number_changes_nothing(app: &TestApp) {
        let project = app.project().await;
        let old = Person::new(app, &project, "6587654321");
        let mut late = old.text_message("wamid.late", "hello");
        late["from_user_id"] = json!("SG.1");
        app.advance(SignedDuration::from_secs(60));
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6591234567"}), "wamid.1", "hi").await;
        let contact = json!({"user_id": "SG.1", "wa_id": "6587654321"});
        let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "contacts": [contact], "messages": [late]});
        assert_eq!(platform_calls(app, &project, &value).await.status(), 200);
        app.settle().await;
        assert_eq!(recipients(&project), ["6591234567"]);
    }

    async fn whoever_has_a_former_number_is_somebody_else(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.1", "I am Jane Doe").await;
        app.settle().await;
        message_of(app, &project, json!({"user_id": "SG.9", "wa_id": "6587654321"}), "wamid.2", "hello").await;
        app.settle().await;
        assert_eq!(app.count(LEADS).await, 2);
        project.whatsapp.take();
        message_of(app, &project, json!({"user_id": "SG.1"}), "wamid.3", "are you there?").await;
        app.settle().await;
        assert_eq!(recipients(&project), ["a user id"], "not whoever has the number now");
    }

    async fn a_notice_before_the_first_message_from_the_new_number_ends_in_one_person(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.1", "I am Jane Doe").await;
        app.settle().await;
        number_changes(app, &project, "6587654321", "6591234567").await;
        app.settle().await;
        assert_eq!(field(app, "phone").await.as_deref(), Some("+6591234567"));
        message_of(app, &project, json!({"user_id": "SG.2", "wa_id": "6591234567"}), "wamid.2", "hello again").await;
        app.settle().await;
        assert_eq!((app.count(LEADS).await, recipients(&project).last().map(String::as_str)), (1, Some("6591234567")));
    }

    async fn a_notice_after_the_first_message_from_the_new_number_ends_in_one_person(app: &TestApp) {
        let project = app.project().await;
        message_of(app, &project, json!({"user_id": "SG.1", "wa_id": "6587654321"}), "wamid.1", "I am Jane Doe").await;
        app.settle().await;
        message_of(app, &project, json!({"user_id": "SG.2", "wa_id": "6591234567"}), "wamid.2", "jane@example.com").await;
        app.settle().await;
        assert_eq!(app.count(LEADS).await, 2);
        number_changes(app, &project, "6587654321", "6591234567").await;
        app.settle().await;
        assert_eq!(app.count(LEADS).await, 1);
        assert_eq!(field(app, "name").await.as_deref(), Some("Jane Doe"));
        assert_eq!(field(app, "email").await.as_deref(), Some("jane@example.com"));
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE external_phone_id = '6591234567' AND external_user_id = 'SG.2'").await, 1);
    }

    async fn the_number_with_the_account_and_the_address_of_ones_own_card_are_taken(app: &TestApp) {
        let project = app.project().await;
        let contact = json!({"user_id": "SG.1"});
        let phones = json!([{"phone": "+65 6123 4567", "type": "WORK"}, {"phone": "+65 9123 4567", "wa_id": "6591234567", "type": "CELL"}]);
        let card = json!({"origin": "contact_request", "name": {"formatted_name": "Jane Doe"}, "phones": phones, "emails": [{"email": "Jane@Example.com"}]});
        let sent_at = app.core.clock.now().as_second().to_string();
        let message = json!({"id": "wamid.card", "timestamp": sent_at, "type": "contacts", "contacts": [card]});
        let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "contacts": [contact], "messages": [message]});
        assert_eq!(platform_calls(app, &project, &value).await.status(), 200);
        app.settle().await;
        assert_eq!(field(app, "phone").await.as_deref(), Some("+6591234567"));
        assert_eq!(field(app, "email").await.as_deref(), Some("jane@example.com"));
        assert_eq!(field(app, "name").await.as_deref(), Some("Jane Doe"));
    }
}
