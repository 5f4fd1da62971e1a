//! What is speech and what is not: corrections, messages taken back, notices of the platform, reactions, groups, echoes.

use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Person, Project, TestApp, platform_posts};

const LEADS: &str = "SELECT COUNT(*) FROM leads";
const ATTEMPTS: &str = "SELECT agent_state FROM conversations";

/// A message of a type.
fn message(person: &Person<'_>, id: &str, kind: &str, content: &Value) -> Value {
    let mut message = person.text_message(id, "");
    message["type"] = json!(kind);
    message.as_object_mut().expect("an object").remove("text");
    message[kind] = content.clone();
    message
}

async fn bring(person: &Person<'_>, id: &str, kind: &str, content: &Value) {
    assert_eq!(person.sends(&[message(person, id, kind, content)]).await.status(), 200);
}

fn edit_of(original: &str, text: &str) -> Value {
    json!({"original_message_id": original, "message": {"type": "text", "text": {"body": text}}})
}

/// Somebody of the business wrote to `to` in the phone app.
async fn echo(app: &TestApp, project: &Project, id: &str, to: &str, kind: &str, content: &Value) {
    let mut echo = json!({"from": "6512345678", "to": to, "id": id, "timestamp": "1767348000", "type": kind});
    echo[kind] = content.clone();
    let value = json!({"metadata": {"phone_number_id": project.phone_number_id}, "message_echoes": [echo]});
    let body = json!({"entry": [{"changes": [{"field": "smb_message_echoes", "value": value}]}]});
    assert_eq!(platform_posts(app, project, body.to_string().as_bytes()).await.status(), 200);
}

async fn name(app: &TestApp) -> Option<String> {
    let fields = app.text("SELECT fields FROM leads").await.expect("a lead");
    let fields: Value = serde_json::from_str(&fields).expect("JSON");
    fields["name"]["value"].as_str().map(str::to_owned)
}

both_engines! {
    async fn an_edit_corrects_the_value_of_its_message(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        person.sends(&[person.text_message("wamid.first", "my name is Jane Doo")]).await;
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1);
        app.advance(SignedDuration::from_secs(60));
        bring(&person, "wamid.edit", "edit", &edit_of("wamid.first", "my name is Jane Doe")).await;
        app.settle().await;
        assert_eq!(name(app).await.as_deref(), Some("Jane Doe"));
        assert!(project.whatsapp.take().is_empty(), "a correction is not answered");
        assert_eq!(app.text("SELECT text FROM messages WHERE external_id = 'wamid.first'").await.as_deref(), Some("my name is Jane Doo"));
    }

    async fn an_edit_before_the_turn_takes_the_place_of_its_message(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        // In any order.
        bring(&person, "wamid.edit", "edit", &edit_of("wamid.first", "my name is Jane Doe")).await;
        person.sends(&[person.text_message("wamid.first", "my name is Janice Doo")]).await;
        app.settle().await;
        assert_eq!(name(app).await.as_deref(), Some("Jane Doe"));
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn a_message_taken_back_is_marked_and_not_answered(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        person.sends(&[person.text_message("wamid.first", "my name is Jane Doe")]).await;
        app.settle().await;
        project.whatsapp.take();
        bring(&person, "wamid.revoke", "revoke", &json!({"original_message_id": "wamid.first"})).await;
        app.settle().await;
        assert!(project.whatsapp.take().is_empty());
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE external_id = 'wamid.first' AND revoked_at IS NOT NULL").await, 1);

        person.sends(&[person.text_message("wamid.second", "my name is Somebody Else")]).await;
        bring(&person, "wamid.revoke2", "revoke", &json!({"original_message_id": "wamid.second"})).await;
        app.settle().await;
        assert!(project.whatsapp.take().is_empty(), "taken back before it was read");
        assert_eq!(name(app).await.as_deref(), Some("Jane Doe"));
    }

    async fn what_is_no_speech_makes_no_lead_and_gets_no_reply(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        let nothing_said = [
            ("system", json!({"body": "the security code changed", "type": "customer_identity_changed"})),
            ("reaction", json!({"message_id": "wamid.0", "emoji": "👍"})),
            ("revoke", json!({"original_message_id": "wamid.0"})),
            ("request_welcome", json!({})),
            ("poll_of_2031", json!({"body": "new kinds of message"})),
        ];
        for (kind, content) in &nothing_said {
            bring(&person, &format!("wamid.before.{kind}"), kind, content).await;
        }
        let mut in_a_group = person.text_message("wamid.group", "hello all");
        in_a_group["group_id"] = json!("group-1");
        person.sends(&[in_a_group]).await;
        app.settle().await;
        assert_eq!(app.count(LEADS).await, 0, "of somebody who did not write");
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM notices").await, 6);
        assert!(project.whatsapp.take().is_empty());

        person.writes("hello").await;
        app.settle().await;
        project.whatsapp.take();
        let state = app.text(ATTEMPTS).await;
        for (kind, content) in &nothing_said {
            bring(&person, &format!("wamid.after.{kind}"), kind, content).await;
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL").await, 0, "no turn");
        app.settle().await;
        assert!(project.whatsapp.take().is_empty());
        assert_eq!(app.text(ATTEMPTS).await, state, "no attempt at a question is used up");
        // Also beside what is said.
        bring(&person, "wamid.beside", "poll_of_2031", &json!({"body": "my name is Poll Poll"})).await;
        person.writes("my name is Jane Doe").await;
        app.settle().await;
        assert_eq!(name(app).await.as_deref(), Some("Jane Doe"));
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn an_echo_pauses_the_agent(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        person.writes("hello").await;
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1);
        person.writes("my name is Jane Doe").await;
        echo(app, &project, "wamid.echo", "6587654321", "text", &json!({"body": "Hi Jane, I am Mei"})).await;
        app.settle().await;
        person.writes("is it open on Sunday?").await;
        app.settle().await;
        assert!(project.whatsapp.take().is_empty());
        assert_eq!(name(app).await.as_deref(), Some("Jane Doe"), "what the person says is still read");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE direction = 'out' AND external_id = 'wamid.echo' AND status = 'sent'").await, 1);
    }

    async fn an_echo_keeps_a_reply_from_being_sent_that_waits(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6587654321");
        project.whatsapp.fail_next(500, 131_000);
        person.writes("hello").await;
        app.settle().await;
        assert_eq!(project.whatsapp.take().len(), 1);
        echo(app, &project, "wamid.echo", "6587654321", "text", &json!({"body": "I am here"})).await;
        app.advance(SignedDuration::from_hours(1));
        app.work().await;
        assert!(project.whatsapp.take().is_empty());
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE status = 'cancelled' AND due_at IS NULL").await, 1);
    }

    async fn whoever_the_business_writes_to_first_is_a_lead_once_they_write(app: &TestApp) {
        let project = app.project().await;
        echo(app, &project, "wamid.echo", "6587654321", "text", &json!({"body": "Your parcel is here"})).await;
        app.settle().await;
        assert_eq!(app.count(LEADS).await, 0);
        Person::new(app, &project, "6587654321").writes("thanks, I am Jane Doe").await;
        app.settle().await;
        assert_eq!(app.count(LEADS).await, 1);
        assert!(project.whatsapp.take().is_empty(), "a person of the business has the conversation");
    }
}
