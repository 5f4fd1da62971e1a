//! A person is asked whether all is right before their lead is complete, and nobody is left in between: silence and whoever takes over
//! complete it as well.

use aurix::conversations::take_over::take_over;
use aurix::domain::ids::LeadId;
use aurix::domain::time::SignedDuration;
use serde_json::{Value, json};

use crate::support::web::Visitor;
use crate::support::whatsapp::words;
use crate::support::{Person, Project, Receiver, TestApp, operator};

const STATUS: &str = "SELECT status FROM leads";

/// The person writes, and the agent has its turn; gives its reply.
async fn write(app: &TestApp, person: &Person<'_>, text: &str) -> Value {
    person.writes(text).await;
    app.settle().await;
    person.project.whatsapp.take().pop().unwrap_or_default()
}

/// Somebody who corrected their name, and is asked whether all is right.
async fn reviewed<'a>(app: &'a TestApp, project: &'a Project) -> (Person<'a>, Value) {
    let person = Person::new(app, project, "6587654321");
    write(app, &person, "hi, my name is Mei Tang").await;
    let changed = write(app, &person, "sorry, my name is Mei Tan").await;
    assert!(
        words(&changed).is_some_and(|text| text.starts_with("Changed the name from Mei Tang to Mei Tan.")),
        "{changed}"
    );
    let asked = write(app, &person, "mei@example.com").await;
    assert_eq!(app.text(STATUS).await.as_deref(), Some("active"), "not complete yet");
    (person, asked)
}

fn completions(receiver: &Receiver) -> usize {
    let events = receiver.take().into_iter().map(|taken| serde_json::from_slice::<Value>(&taken.body).expect("JSON"));
    events.filter(|event| event["event_type"] == "lead.complete").count()
}

both_engines! {
    async fn what_was_corrected_is_shown_with_buttons_and_a_yes_completes_the_lead(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let (person, asked) = reviewed(app, &project).await;
        let text = words(&asked).expect("a text");
        assert!(text.contains("name: Mei Tan\nemail address: mei@example.com\n") && text.ends_with("Is everything right?"), "{text}");
        let buttons = &asked["interactive"]["action"]["buttons"];
        assert_eq!((&buttons[0]["reply"]["title"], &buttons[1]["reply"]["title"]), (&json!("Yes"), &json!("No")), "{asked}");
        assert_eq!(completions(&receiver), 0);
        let press = json!({
            "from": person.wa_id, "id": "wamid.yes", "timestamp": app.core.clock.now().as_second().to_string(),
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": buttons[0]["reply"]["id"], "title": "Yes"}},
        });
        assert_eq!(person.sends(&[press]).await.status(), 200);
        app.settle().await;
        assert_eq!((app.text(STATUS).await.as_deref(), completions(&receiver)), (Some("complete"), 1));
        app.advance(SignedDuration::from_hours(1));
        app.work().await;
        assert_eq!(completions(&receiver), 0, "once");
    }

    async fn who_stays_silent_has_agreed(app: &TestApp) {
        let project = app.project().await;
        reviewed(app, &project).await;
        app.advance(SignedDuration::from_mins(15) - SignedDuration::from_secs(1));
        app.work().await;
        assert_eq!(app.text(STATUS).await.as_deref(), Some("active"));
        app.advance(SignedDuration::from_secs(1));
        app.work().await;
        assert_eq!(app.text(STATUS).await.as_deref(), Some("complete"));
        let sent = project.whatsapp.take_texts();
        assert!(sent.len() == 1 && sent[0].starts_with("Thank you! That is all we need."), "{sent:?}");
        app.advance(SignedDuration::from_hours(20));
        app.work().await;
        assert_eq!(project.whatsapp.take_texts(), [] as [String; 0], "nothing is left to say");
    }

    async fn an_answer_begins_a_burst_of_its_own(app: &TestApp) {
        let project = app.project().await;
        let (person, _) = reviewed(app, &project).await;
        for _ in 0..4 {
            person.writes("let me look").await;
            app.advance(SignedDuration::from_millis(1_400));
            app.work().await;
            assert_eq!(project.whatsapp.take_texts(), [] as [String; 0]);
        }
        person.writes("no, it's mei.tan@example.com").await;
        app.advance(SignedDuration::from_millis(400));
        app.work().await;
        let sent = project.whatsapp.take_texts();
        assert_eq!(sent.len(), 1, "at most six seconds after the first of them: {sent:?}");
        assert!(sent[0].starts_with("Changed the email address from mei@example.com to mei.tan@example.com."), "{sent:?}");
        assert_eq!(app.text(STATUS).await.as_deref(), Some("complete"));
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL").await, 0);
    }

    async fn whoever_takes_over_completes_the_lead_in_silence(app: &TestApp) {
        let project = app.project().await;
        reviewed(app, &project).await;
        let lead = LeadId(app.count("SELECT MAX(id) FROM leads").await);
        take_over(&app.core, &operator(), project.id, lead).await.expect("taken over");
        app.work().await;
        assert_eq!(app.text(STATUS).await.as_deref(), Some("complete"));
        assert_eq!(app.text("SELECT handling FROM conversations").await.as_deref(), Some("with"));
        assert_eq!(project.whatsapp.take_texts(), [] as [String; 0]);
    }

    async fn nobody_seems_to_type_while_the_person_thinks(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        for text in ["hi, my name is Mei Tang", "sorry, my name is Mei Tan", "mei@example.com, 9123 4567"] {
            mei.says(text).await;
            app.settle().await;
        }
        let last = mei.since(0).await.last().expect("a message").clone();
        assert!(last.1.ends_with("Is everything right?"), "{last:?}");
        app.advance(SignedDuration::from_mins(14));
        assert_eq!(mei.get(&format!("/messages?after={}", last.0)).await.json()["typing"], false);
        app.advance(SignedDuration::from_mins(1));
        assert_eq!(mei.get(&format!("/messages?after={}", last.0)).await.json()["typing"], true, "it is due");
    }
}
