//! Somebody goes silent before their lead is complete: one nudge, by day, and `lead.abandoned`.

use aurix::conversations::abandon::abandon_due;
use aurix::conversations::nudge::nudge_due;
use aurix::conversations::take_over::{give_back, take_over};
use aurix::domain::delivery::Policy;
use aurix::domain::ids::LeadId;
use aurix::domain::time::SignedDuration;
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::update_project::{ProjectChanges, update_project};
use serde_json::{Value, json};

use crate::support::web::Visitor;
use crate::support::{Person, Project, Receiver, TestApp, operator};

/// The clock of a test begins at 10:00 UTC: it is evening in Singapore, and noon in Germany.
const IN_SINGAPORE: &str = "6587654321";
const IN_GERMANY: &str = "4915112345678";
const NUDGE: &str = "Just checking in";

/// The person writes, and the agent has its turn.
async fn write(app: &TestApp, person: &Person<'_>, text: &str) {
    person.writes(text).await;
    app.settle().await;
}

async fn pass(app: &TestApp, time: SignedDuration) {
    app.advance(time);
    app.work().await;
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// The nudges among what was sent since the last look.
fn nudges(project: &Project) -> Vec<String> {
    project.whatsapp.take_texts().into_iter().filter(|text| text.starts_with(NUDGE)).collect()
}

async fn change(app: &TestApp, project: &Project, changes: ProjectChanges) {
    update_project(&app.core, &operator(), project.id, changes).await.expect("changed");
}

async fn receiver_of(app: &TestApp, project: &Project, events: &[&str]) -> Receiver {
    let receiver = Receiver::start().await;
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    let new = NewWebhook { url: receiver.url.clone(), policy: Policy::Retry, events, ..NewWebhook::default() };
    add_webhook(&app.core, &operator(), project.id, new).await.expect("a webhook");
    receiver
}

async fn lead(app: &TestApp) -> LeadId {
    LeadId(app.count("SELECT MAX(id) FROM leads").await)
}

both_engines! {
    async fn who_goes_silent_is_asked_once_more_and_never_again(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, IN_GERMANY);
        write(app, &person, "hi, I am Mei Ling Tan").await;
        pass(app, hours(4) - SignedDuration::from_secs(3)).await;
        assert_eq!(nudges(&project), [] as [String; 0], "not yet");
        pass(app, SignedDuration::from_secs(3)).await;
        let sent = nudges(&project);
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].ends_with("What is your email address?"), "{sent:?}");
        write(app, &person, "one moment").await;
        pass(app, hours(72)).await;
        assert_eq!(nudges(&project), [] as [String; 0], "once in a conversation");
        write(app, &person, "mei.ling@example.com").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE status = 'complete'").await, 1);
    }

    async fn a_nudge_comes_by_day_where_the_person_lives(app: &TestApp) {
        let project = app.project().await;
        write(app, &Person::new(app, &project, IN_SINGAPORE), "hi, I am Mei Ling Tan").await;
        pass(app, hours(14) + SignedDuration::from_mins(59)).await;
        assert_eq!(nudges(&project), [] as [String; 0], "it is a minute to nine in the morning");
        pass(app, SignedDuration::from_mins(1)).await;
        assert_eq!(nudges(&project).len(), 1);
    }

    async fn without_a_country_of_one_zone_it_is_by_day_where_the_project_is(app: &TestApp) {
        let project = app.project().await;
        write(app, &Person::new(app, &project, "12125550123"), "hi, I am Mei Ling Tan").await;
        pass(app, hours(14) + SignedDuration::from_mins(59)).await;
        assert_eq!(nudges(&project), [] as [String; 0]);
        pass(app, SignedDuration::from_mins(1)).await;
        assert_eq!(nudges(&project).len(), 1);
    }

    async fn a_nudge_that_comes_too_late_is_not_sent(app: &TestApp) {
        let project = app.project().await;
        write(app, &Person::new(app, &project, IN_GERMANY), "hi, I am Mei Ling Tan").await;
        pass(app, hours(23) + SignedDuration::from_secs(1)).await;
        assert_eq!(nudges(&project), [] as [String; 0], "the window is about to close");
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE nudge_at IS NOT NULL").await, 0);
    }

    async fn a_loop_that_looks_at_night_waits_for_the_morning(app: &TestApp) {
        let project = app.project().await;
        write(app, &Person::new(app, &project, IN_GERMANY), "hi, I am Mei Ling Tan").await;
        app.advance(hours(10));
        assert_eq!(nudge_due(&app.core).await.expect("looked"), 1, "it is 21:00 in Germany");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE due_at IS NOT NULL").await, 0);
        pass(app, hours(12)).await;
        assert_eq!(nudges(&project).len(), 1);
    }

    async fn nobody_is_nudged_after_stop_a_refusal_completion_or_a_handover(app: &TestApp) {
        let project = app.project().await;
        for (number, last) in [
            ("4915112345671", "stop"),
            ("4915112345672", "I would rather not say"),
            ("4915112345673", "mei.ling@example.com"),
            ("4915112345674", "can I talk to a real person please"),
        ] {
            let person = Person::new(app, &project, number);
            write(app, &person, "hi, I am Mei Ling Tan").await;
            write(app, &person, last).await;
        }
        pass(app, hours(5)).await;
        pass(app, hours(24)).await;
        assert_eq!(nudges(&project), [] as [String; 0]);
    }

    async fn who_wrote_stop_and_start_is_not_nudged(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, IN_GERMANY);
        for text in ["hi, I am Mei Ling Tan", "stop", "start"] {
            write(app, &person, text).await;
        }
        pass(app, hours(5)).await;
        assert_eq!(nudges(&project), [] as [String; 0]);
    }

    async fn a_conversation_that_somebody_took_over_is_not_nudged_even_when_it_is_given_back(app: &TestApp) {
        let project = app.project().await;
        write(app, &Person::new(app, &project, IN_GERMANY), "hi, I am Mei Ling Tan").await;
        let lead = lead(app).await;
        take_over(&app.core, &operator(), project.id, lead).await.expect("taken over");
        app.work().await;
        give_back(&app.core, &operator(), project.id, lead).await.expect("given back");
        app.work().await;
        pass(app, hours(5)).await;
        assert_eq!(nudges(&project), [] as [String; 0]);
    }

    async fn a_message_that_is_not_answered_yet_comes_before_the_nudge(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, IN_GERMANY);
        write(app, &person, "hi, I am Mei Ling Tan").await;
        app.advance(hours(4));
        person.writes("sorry, I was busy").await;
        assert_eq!(nudge_due(&app.core).await.expect("looked"), 0);
        app.settle().await;
        assert_eq!(nudges(&project), [] as [String; 0], "the silence begins anew");
        pass(app, hours(4)).await;
        assert_eq!(nudges(&project).len(), 1);
    }

    async fn two_nodes_nudge_once(app: &TestApp) {
        let project = app.project().await;
        for number in ["4915112345671", "4915112345672", "4915112345673"] {
            write(app, &Person::new(app, &project, number), "hi, I am Mei Ling Tan").await;
        }
        app.advance(hours(5));
        let looks = (0..8).map(|_| nudge_due(&app.core));
        futures_util::future::try_join_all(looks).await.expect("looked");
        app.work().await;
        assert_eq!(nudges(&project).len(), 3);
    }

    async fn who_blocked_the_channel_is_not_nudged(app: &TestApp) {
        let project = app.project().await;
        write(app, &Person::new(app, &project, IN_GERMANY), "hi, I am Mei Ling Tan").await;
        app.execute("UPDATE conversations SET unreachable_at = 1").await;
        pass(app, hours(5)).await;
        assert_eq!(nudges(&project), [] as [String; 0]);
    }

    async fn a_project_says_whether_and_when(app: &TestApp) {
        let project = app.project().await;
        let refused = ProjectChanges { nudge_after: Some(Some(hours(21))), ..ProjectChanges::default() };
        update_project(&app.core, &operator(), project.id, refused).await.expect_err("the window is shorter");
        change(app, &project, ProjectChanges { nudge_after: Some(Some(hours(1))), ..ProjectChanges::default() }).await;
        write(app, &Person::new(app, &project, "4915112345671"), "hi, I am Mei Ling Tan").await;
        pass(app, hours(1)).await;
        assert_eq!(nudges(&project).len(), 1);
        write(app, &Person::new(app, &project, "4915112345672"), "hi, I am Mei Ling Tan").await;
        change(app, &project, ProjectChanges { nudge_after: Some(None), ..ProjectChanges::default() }).await;
        pass(app, hours(2)).await;
        assert_eq!(nudges(&project), [] as [String; 0], "also what was planned already");
    }

    async fn the_chat_on_a_page_is_nudged_as_well(app: &TestApp) {
        let chat = app.web_chat().await;
        let visitor = Visitor::open(app, &chat).await;
        visitor.says("hi, I am Mei Ling Tan, +49 151 12345678").await;
        app.settle().await;
        pass(app, hours(4)).await;
        let said = visitor.since(0).await;
        assert_eq!(said.iter().filter(|(_, text)| text.starts_with(NUDGE)).count(), 1, "{said:?}");
    }

    async fn a_lead_is_abandoned_once_with_what_is_known_and_what_is_missing(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.abandoned", "lead.complete"]).await;
        let others = Receiver::start().await;
        app.webhook(&project, &others).await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        let person = Person::new(app, &project, IN_GERMANY);
        write(app, &person, &format!("Hello! I am Mei Ling Tan ({reference})")).await;
        pass(app, hours(24) - SignedDuration::from_secs(3)).await;
        assert_eq!(receiver.take_events(), [] as [String; 0]);
        pass(app, SignedDuration::from_secs(3)).await;
        let told: Vec<Value> = receiver.take().iter().map(|event| event.json()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        let data = &told[0]["data"];
        assert_eq!((&told[0]["event_type"], &data["lead_status"]), (&json!("lead.abandoned"), &json!("abandoned")));
        assert_eq!(data["correlation_id"], json!(reference));
        assert_eq!(data["lead_data"]["name"], json!("Mei Ling Tan"));
        assert_eq!((&data["lead_data"]["email"], &data["missing"]), (&json!(null), &json!(["email"])));

        write(app, &person, "I am back").await;
        pass(app, hours(48)).await;
        assert_eq!(receiver.take_events(), [] as [String; 0], "once per lead");
        write(app, &person, "mei.ling@example.com").await;
        assert_eq!(receiver.take_events(), ["lead.complete"], "it is never too late");
        let others = others.take_events();
        assert!(!others.contains(&"lead.abandoned".to_owned()), "only who chose it is told: {others:?}");
    }

    async fn a_lead_that_is_complete_or_a_persons_is_not_abandoned(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.abandoned"]).await;
        for (number, last) in [("4915112345671", "mei.ling@example.com"), ("4915112345672", "can I talk to a real person please")] {
            let person = Person::new(app, &project, number);
            write(app, &person, "hi, I am Mei Ling Tan").await;
            write(app, &person, last).await;
        }
        pass(app, hours(48)).await;
        assert_eq!(receiver.take_events(), [] as [String; 0]);
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE abandon_at IS NOT NULL").await, 0);
    }

    async fn two_nodes_tell_of_an_abandoned_lead_once(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.abandoned"]).await;
        change(app, &project, ProjectChanges { abandoned_after: Some(hours(1)), ..ProjectChanges::default() }).await;
        change(app, &project, ProjectChanges { nudge_after: Some(None), ..ProjectChanges::default() }).await;
        write(app, &Person::new(app, &project, IN_GERMANY), "hi, I am Mei Ling Tan").await;
        app.advance(hours(1));
        let looks = (0..8).map(|_| abandon_due(&app.core));
        futures_util::future::try_join_all(looks).await.expect("looked");
        app.work().await;
        assert_eq!(receiver.take_events(), ["lead.abandoned"]);
    }

    async fn who_was_nudged_has_time_to_answer(app: &TestApp) {
        let project = app.project().await;
        let receiver = receiver_of(app, &project, &["lead.abandoned"]).await;
        change(app, &project, ProjectChanges { abandoned_after: Some(hours(1)), ..ProjectChanges::default() }).await;
        write(app, &Person::new(app, &project, IN_GERMANY), "hi, I am Mei Ling Tan").await;
        pass(app, hours(4)).await;
        assert_eq!((nudges(&project).len(), receiver.take_events()), (1, Vec::new()));
        pass(app, hours(1)).await;
        assert_eq!(receiver.take_events(), ["lead.abandoned"]);
    }
}
