//! When webhooks hear of a lead: `lead.created` once it is worth something, `lead.updated` when its details change.

use aurix::conversations::announce_lead::announce_due;
use aurix::domain::delivery::Policy;
use aurix::domain::lead::CreatedWhen;
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::update_project::{ProjectChanges, update_project};
use serde_json::{Value, json};

use crate::support::{Person, Project, Receiver, TestApp, message_of, operator};

/// A receiver of these events of `project`.
async fn receiver_of(app: &TestApp, project: &Project, events: &[&str]) -> Receiver {
    let receiver = Receiver::start().await;
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    let new = NewWebhook { url: receiver.url.clone(), policy: Policy::Retry, events, ..NewWebhook::default() };
    add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
    receiver
}

/// Name, phone and e-mail of each event that came, oldest first.
fn details(receiver: &Receiver) -> Vec<Value> {
    let lead = |event: Value| json!([event["lead"]["name"], event["lead"]["phone"], event["lead"]["email"]]);
    receiver.take().iter().map(|event| lead(event.json())).collect()
}

/// The person writes, and the agent has its turn.
async fn write(app: &TestApp, person: &Person<'_>, text: &str) {
    person.writes(text).await;
    app.settle().await;
}

async fn pass(app: &TestApp, time: SignedDuration) {
    app.advance(time);
    app.work().await;
}

both_engines! {
    async fn a_lead_is_created_when_a_name_and_a_contact_detail_are_known_and_never_again(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.created"]).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "hi").await;
        assert_eq!(details(&receiver), [] as [Value; 0], "the phone number of the channel is no lead yet");
        write(app, &person, "I am Mei Ling Tan").await;
        assert_eq!(details(&receiver), [json!(["Mei Ling Tan", "+6587654321", null])]);
        write(app, &person, "mei.ling@example.com").await;
        pass(app, SignedDuration::from_hours(1)).await;
        assert_eq!(details(&receiver), [] as [Value; 0]);
    }

    async fn a_conversation_that_falls_silent_is_created_with_what_is_known(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.created"]).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "hi").await;
        pass(app, SignedDuration::from_mins(14)).await;
        write(app, &person, "are you open on Sunday?").await;
        pass(app, SignedDuration::from_mins(14)).await;
        assert_eq!(details(&receiver), [] as [Value; 0], "a message breaks the silence");
        app.advance(SignedDuration::from_mins(1));
        assert_eq!(announce_due(&app.core).await.expect("announced"), 1);
        app.work().await;
        assert_eq!(details(&receiver), [json!([null, "+6587654321", null])]);
        write(app, &person, "I am Mei Ling Tan").await;
        pass(app, SignedDuration::from_hours(1)).await;
        assert_eq!(details(&receiver), [] as [Value; 0], "once per lead");
    }

    async fn who_has_just_written_is_not_silent(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.created"]).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "hi").await;
        app.advance(SignedDuration::from_mins(15));
        person.writes("I am Mei Ling Tan").await;
        assert_eq!(announce_due(&app.core).await.expect("looked"), 0, "the agent's turn comes first");
        app.settle().await;
        assert_eq!(details(&receiver), [json!(["Mei Ling Tan", "+6587654321", null])]);
    }

    async fn a_project_can_choose_the_first_contact_detail(app: &TestApp) {
        let project = app.project().await;
        let changes = ProjectChanges { lead_created: Some(CreatedWhen::Contact), ..ProjectChanges::default() };
        update_project(&app.core, &operator(), project.id, changes).await.expect("changed");
        let receiver = receiver_of(app, &project, &["lead.created"]).await;
        write(app, &Person::new(app, &project, "6587654321"), "hi").await;
        assert_eq!(details(&receiver), [json!([null, "+6587654321", null])]);
    }

    async fn a_conversation_that_is_handed_to_a_person_is_created_at_once(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.created"]).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "hi").await;
        write(app, &person, "can I talk to a real person please").await;
        assert_eq!(details(&receiver), [json!([null, "+6587654321", null])]);
    }

    async fn changes_after_it_are_told_once_they_stop_to_whoever_chose_it(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.updated"]).await;
        let others = Receiver::start().await;
        app.webhook(&project, &others).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "hi, I am Mei Ling Tan").await;
        write(app, &person, "mei@example.com").await;
        pass(app, SignedDuration::from_secs(29)).await;
        write(app, &person, "sorry, my email is mei.ling@example.com").await;
        pass(app, SignedDuration::from_secs(29)).await;
        assert_eq!(details(&receiver), [] as [Value; 0], "it is still changing");
        pass(app, SignedDuration::from_secs(1)).await;
        assert_eq!(details(&receiver), [json!(["Mei Ling Tan", "+6587654321", "mei.ling@example.com"])]);
        write(app, &person, "thanks").await;
        pass(app, SignedDuration::from_hours(1)).await;
        assert_eq!(details(&receiver), [] as [Value; 0], "nothing changed");
        assert_eq!(others.take_events(), ["lead.created", "lead.complete"], "a webhook that chose nothing gets no updates");
    }

    async fn what_changes_back_is_not_told(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.created", "lead.updated"]).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "I am Mei Ling Tan, my email is mei@example.com").await;
        assert_eq!(details(&receiver).len(), 1);
        write(app, &person, "sorry, my email is mei.ling@example.com").await;
        write(app, &person, "no, sorry, my email is mei@example.com").await;
        pass(app, SignedDuration::from_hours(1)).await;
        assert_eq!(details(&receiver), [] as [Value; 0]);
    }

    async fn without_a_contact_detail_there_is_nothing_to_tell(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.created"]).await;
        // WhatsApp need not tell the number of somebody who has a user name.
        let unknown = |id: &str| json!({"user_id": id});
        message_of(app, &project, unknown("SG.1"), "wamid.1", "I am Mei Ling Tan").await;
        message_of(app, &project, unknown("SG.2"), "wamid.2", "can I talk to a real person please").await;
        app.settle().await;
        pass(app, SignedDuration::from_hours(1)).await;
        assert_eq!(details(&receiver), [] as [Value; 0], "neither a name nor silence nor a handover is a contact detail");
        message_of(app, &project, unknown("SG.1"), "wamid.3", "mei@example.com").await;
        app.settle().await;
        assert_eq!(details(&receiver), [json!(["Mei Ling Tan", null, "mei@example.com"])]);
    }

    async fn a_lead_that_is_complete_is_created_whatever_its_form_asks_for(app: &TestApp) {
        let form = r#"{"fields":[{"key":"name","type":"name","required":false},{"key":"email","type":"email","required":false},
                       {"key":"day","type":"date","required":true,"question":"Which day?"}]}"#;
        let project = app.project().await;
        let set = async move |tx: &aurix::db::Tx| Ok(tx.execute("UPDATE projects SET form = $1", &[form.into()]).await?);
        app.core.db.write(set).await.expect("a form");
        let receiver = receiver_of(app, &project, &["lead.created", "lead.complete"]).await;
        let person = Person::new(app, &project, "6587654321");
        write(app, &person, "hi").await;
        assert_eq!(receiver.take_events(), [] as [String; 0]);
        write(app, &person, "tomorrow").await;
        assert_eq!(receiver.take_events(), ["lead.created", "lead.complete"]);
    }
}
