//! Taking over, answering, giving back; nobody is left alone, and the agent never speaks after a person.

use std::sync::Arc;

use aurix::conversations::answer_rule::{AnswerRule, set_answer_rule};
use aurix::conversations::send_reply::{claim_replies, send_reply, settle_reply};
use aurix::conversations::take_turn::{self, Settled};
use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use serde_json::json;

use crate::support::console::Browser;
use crate::support::{HttpResponse, Person, Project, TestApp, operator, platform_posts};

pub(super) async fn owned<'a>(app: &'a TestApp) -> (Project, Browser<'a>) {
    let project = app.project().await;
    app.account("mei@example.com", Some((project.id, Role::Member))).await;
    let browser = app.signed_in("mei@example.com").await;
    (project, browser)
}

/// Whom an action is for: the only lead of a project.
pub(super) struct Desk<'a> {
    pub project: &'a Project,
    pub browser: &'a Browser<'a>,
    pub lead: i64,
}

impl<'a> Desk<'a> {
    pub async fn of(app: &TestApp, project: &'a Project, browser: &'a Browser<'a>) -> Self {
        Self { project, browser, lead: app.count("SELECT MIN(id) FROM leads").await }
    }

    /// The newest message that the page names.
    pub async fn seen(&self) -> String {
        let page = self.browser.get(&format!("/p/{}/inbox/{}", self.project.public_id, self.lead)).await.text();
        let field = page.split("name=\"seen\" value=\"").nth(1).unwrap_or_else(|| panic!("no field in {page}"));
        field.split('"').next().expect("its end").to_owned()
    }

    pub async fn replies_having_seen(&self, text: &str, seen: &str) -> HttpResponse {
        self.act("reply", &[("text", text), ("seen", seen), ("place", "inbox")]).await
    }

    pub async fn replies(&self, text: &str) {
        let response = self.replies_having_seen(text, &self.seen().await).await;
        assert_eq!(response.status(), 303, "{}", response.text());
    }

    pub async fn act(&self, action: &str, fields: &[(&str, &str)]) -> HttpResponse {
        let path = format!("/p/{}/leads/{}/{action}", self.project.public_id, self.lead);
        self.browser.post(&path, fields).await
    }

    pub async fn inbox(&self) -> String {
        self.browser.get(&format!("/p/{}/inbox", self.project.public_id)).await.text()
    }
}

async fn handling(app: &TestApp) -> String {
    app.text("SELECT handling FROM conversations").await.expect("a conversation")
}

both_engines! {
    async fn the_agent_never_speaks_after_a_person(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        app.settle().await;
        project.whatsapp.take();
        let desk = Desk::of(app, &project, &browser).await;
        person.writes("My name is Mei Tan").await;
        app.advance(SignedDuration::from_secs(2));
        let turn = take_turn::claim_turns(&app.core, 10).await.expect("claimed").pop().expect("a turn");
        let decision = take_turn::decide(&app.engines.conversations, Arc::new(turn)).await.expect("decided");
        assert!(!decision.replies.is_empty(), "the agent is about to speak");
        desk.replies("I look after you").await;
        let settled = take_turn::settle(&app.engines.conversations, decision).await.expect("settled");
        assert_eq!(settled, Settled::Superseded);
        app.work().await;
        person.writes("thank you, my email is mei@example.com").await;
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts(), ["I look after you"]);
        assert_eq!(handling(app).await, "with");
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("Mei Tan") && fields.contains("mei@example.com"), "read in silence: {fields}");
        let written_by = "SELECT COUNT(*) FROM messages JOIN users ON users.id = messages.user_id WHERE users.name = 'mei'";
        assert_eq!(app.count(written_by).await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'conversation.reply'").await, 1);
    }

    async fn whoever_takes_over_reads_what_is_known_and_the_customer_that_they_need_not_repeat_it(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello, my name is Jane Doe").await;
        app.settle().await;
        project.whatsapp.take();
        app.advance(SignedDuration::from_secs(60));
        person.writes("can I talk to a real person please").await;
        app.settle().await;
        let sent = project.whatsapp.take_texts();
        assert_eq!(sent, ["All right, a person will take over from here. I have noted: name: Jane Doe."]);
        app.advance(SignedDuration::from_secs(60));
        person.writes("are you there").await;
        app.settle().await;
        let desk = Desk::of(app, &project, &browser).await;
        let note = "Handed over to a person. Known: name, phone. Missing: email.";
        let page = browser.get(&format!("/p/{}/inbox/{}", project.public_id, desk.lead)).await.text();
        let talk = page.split("id=\"talk\"").nth(1).expect("a conversation");
        let place = |words: &str| talk.find(words).unwrap_or_else(|| panic!("{words:?} is missing in {talk}"));
        assert!(place("I have noted") < place(note) && place(note) < place("are you there"), "in its place");
        let lead = browser.get(&format!("/p/{}/leads/{}", project.public_id, desk.lead)).await.text();
        assert!(lead.contains("The agent handed over") && lead.contains("Known: name, phone. Missing: email."), "{lead}");
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_activity WHERE kind = 'handed_over'").await, 1, "once");
    }

    async fn a_reply_of_the_agent_that_waits_is_not_sent_after_a_person_took_over(app: &TestApp) {
        let (project, browser) = owned(app).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.advance(SignedDuration::from_secs(2));
        for turn in take_turn::claim_turns(&app.core, 10).await.expect("claimed") {
            take_turn::take_turn(&app.engines.conversations, turn).await.expect("a turn");
        }
        let desk = Desk::of(app, &project, &browser).await;
        desk.replies("First").await;
        desk.replies("Second").await;
        app.work().await;
        assert_eq!(project.whatsapp.take_texts(), ["First", "Second"], "what a person wrote is sent, in order");
    }

    async fn a_reply_that_is_under_way_when_a_person_takes_over_counts_as_sent(app: &TestApp) {
        let (project, browser) = owned(app).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.advance(SignedDuration::from_secs(2));
        for turn in take_turn::claim_turns(&app.core, 10).await.expect("claimed") {
            take_turn::take_turn(&app.engines.conversations, turn).await.expect("a turn");
        }
        let reply = claim_replies(&app.core, 10).await.expect("claimed").pop().expect("a reply");
        let settled = send_reply(&app.core, reply).await.expect("sent").expect("a lease");
        let desk = Desk::of(app, &project, &browser).await;
        assert_eq!(desk.act("take-over", &[]).await.status(), 303);
        settle_reply(&app.engines.conversations, &settled).await.expect("settled");
        let page = browser.get(&format!("/p/{}/inbox/{}", project.public_id, desk.lead)).await.text();
        assert!(page.contains("Agent ·") && !page.contains("not sent"), "{page}");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE status = 'sent' AND error IS NULL").await, 1);
        app.work().await;
        assert_eq!(project.whatsapp.take_texts().len(), 1, "it is not sent again");
    }

    async fn the_agent_goes_on_when_it_is_given_back_and_answers_what_nobody_did(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("I want to talk to a human").await;
        app.settle().await;
        project.whatsapp.take();
        assert_eq!(handling(app).await, "waiting");
        let desk = Desk::of(app, &project, &browser).await;
        assert_eq!(desk.act("take-over", &[("place", "inbox")]).await.status(), 303);
        assert_eq!(handling(app).await, "with");
        desk.replies("Here I am. What is your name?").await;
        app.work().await;
        project.whatsapp.take();
        person.writes("My name is Mei Tan").await;
        app.settle().await;
        assert_eq!(project.whatsapp.take_texts(), [""; 0], "silent");
        assert_eq!(desk.act("give-back", &[("place", "inbox")]).await.status(), 303);
        app.work().await;
        let said = project.whatsapp.take_texts();
        assert_eq!(said.len(), 1, "what nobody answered is answered: {said:?}");
        assert!(said[0].to_lowercase().contains("email"), "having read the name: {said:?}");
        assert_eq!(handling(app).await, "agent");
        assert_eq!(desk.act("give-back", &[]).await.status(), 303);
        app.work().await;
        assert_eq!(project.whatsapp.take_texts(), [""; 0], "nothing is answered twice");
    }

    async fn a_message_that_nobody_answers_puts_the_person_back_among_those_who_wait(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        app.settle().await;
        let desk = Desk::of(app, &project, &browser).await;
        desk.replies("I look after you").await;
        app.advance(SignedDuration::from_hours(2));
        app.work().await;
        assert_eq!(handling(app).await, "with", "an answered one is not left alone");
        person.writes("are you there?").await;
        app.advance(SignedDuration::from_mins(14));
        app.work().await;
        assert_eq!(handling(app).await, "with");
        app.advance(SignedDuration::from_mins(1));
        project.whatsapp.take();
        app.work().await;
        assert_eq!(handling(app).await, "waiting");
        assert!(desk.inbox().await.contains("waits 15 min"), "{}", desk.inbox().await);
        assert_eq!(project.whatsapp.take_texts(), [""; 0], "the agent stays silent unless the project says so");
        desk.replies("Yes").await;
        assert_eq!(handling(app).await, "with");
    }

    async fn the_agent_goes_on_where_the_project_says_so(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let rule = AnswerRule { after: SignedDuration::from_mins(5), agent_resumes: true };
        set_answer_rule(&app.core, &operator(), project.id, rule).await.expect("a rule");
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        app.settle().await;
        Desk::of(app, &project, &browser).await.replies("I look after you").await;
        app.work().await;
        project.whatsapp.take();
        person.writes("My name is Mei Tan").await;
        app.advance(SignedDuration::from_mins(5));
        app.work().await;
        assert_eq!(handling(app).await, "agent");
        assert_eq!(project.whatsapp.take_texts().len(), 1);
    }

    async fn the_second_to_send_is_shown_what_was_sent(app: &TestApp) {
        let (project, mei) = owned(app).await;
        app.account("ben@example.com", Some((project.id, Role::Member))).await;
        let ben = app.signed_in("ben@example.com").await;
        Person::new(app, &project, "6591234567").writes("Do you mend bells?").await;
        app.settle().await;
        project.whatsapp.take();
        let (first, second) = (Desk::of(app, &project, &mei).await, Desk::of(app, &project, &ben).await);
        let seen = second.seen().await;
        first.replies("Yes, we do").await;
        let shown = second.replies_having_seen("No, we do not", &seen).await;
        assert_eq!(shown.status(), 422);
        let page = shown.text();
        assert!(page.contains("answered while you were writing") && page.contains(">No, we do not</textarea>"), "{page}");
        assert!(page.matches("Yes, we do").count() >= 2, "in the note, and in the conversation");
        app.work().await;
        assert_eq!(project.whatsapp.take_texts(), ["Yes, we do"]);
        second.replies("On Tuesdays").await;
        app.work().await;
        assert_eq!(project.whatsapp.take_texts(), ["On Tuesdays"], "having seen it");
    }

    async fn nothing_is_sent_after_the_window_of_the_platform(app: &TestApp) {
        let (project, browser) = owned(app).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        project.whatsapp.take();
        let desk = Desk::of(app, &project, &browser).await;
        let page = browser.get(&format!("/p/{}/inbox/{}", project.public_id, desk.lead)).await.text();
        assert!(page.contains("23 h 59 min left to write freely"), "{page}");
        let seen = desk.seen().await;
        app.advance(SignedDuration::from_hours(24));
        let refused = desk.replies_having_seen("too late", &seen).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("more than 24 hours old") && refused.text().contains("too late"), "{}", refused.text());
        app.work().await;
        assert_eq!(project.whatsapp.take_texts(), [""; 0]);
        assert_eq!(desk.replies_having_seen("  ", &seen).await.status(), 422);
    }

    async fn an_answer_in_the_app_is_with_a_colleague(app: &TestApp) {
        let (project, browser) = owned(app).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        // The other one has never written: there is no lead.
        for to in ["6591234567", "6598765432"] {
            let echo = json!({
                "metadata": {"phone_number_id": project.phone_number_id},
                "message_echoes": [{"from": "6512345678", "to": to, "id": format!("wamid.{to}"), "type": "text",
                    "timestamp": app.core.clock.now().as_second().to_string(), "text": {"body": "I look after you"}}],
            });
            let body = json!({
                "object": "whatsapp_business_account",
                "entry": [{"id": "1", "changes": [{"field": "smb_message_echoes", "value": echo}]}],
            });
            assert_eq!(platform_posts(app, &project, body.to_string().as_bytes()).await.status(), 200);
            app.work().await;
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM conversations WHERE handling = 'with'").await, 2);
        let desk = Desk::of(app, &project, &browser).await;
        let inbox = desk.inbox().await;
        assert!(inbox.contains("With others · 1"), "{inbox}");
        let page = browser.get(&format!("/p/{}/inbox/{}", project.public_id, desk.lead)).await.text();
        assert!(page.contains("With a colleague") && page.contains("A colleague, in the app"), "{page}");
    }

    async fn after_stop_nobody_takes_over(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        app.settle().await;
        person.writes("stop").await;
        app.settle().await;
        assert_eq!(handling(app).await, "stopped");
        let desk = Desk::of(app, &project, &browser).await;
        assert_eq!(desk.act("take-over", &[]).await.status(), 409);
        assert_eq!(desk.act("give-back", &[]).await.status(), 409);
        person.writes("start").await;
        app.settle().await;
        assert_eq!(handling(app).await, "agent");
    }

    async fn who_has_waited_longest_comes_first(app: &TestApp) {
        let (project, browser) = owned(app).await;
        for (number, minutes) in [("6590000001", 20), ("6590000002", 5), ("6590000003", 0)] {
            Person::new(app, &project, number).writes("I want to talk to a human").await;
            app.settle().await;
            app.advance(SignedDuration::from_mins(minutes));
        }
        let page = browser.get(&format!("/p/{}/inbox", project.public_id)).await.text();
        assert!(page.contains("Waiting for a person · 3"), "{page}");
        let waits: Vec<&str> = page.split(">waits ").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        assert_eq!(waits, ["25 min", "5 min", "1 min"]);
    }

    async fn colleagues_see_who_writes_until_they_stop_or_send(app: &TestApp) {
        let (project, mei) = owned(app).await;
        app.account("ben@example.com", Some((project.id, Role::Member))).await;
        let ben = app.signed_in("ben@example.com").await;
        Person::new(app, &project, "6591234567").writes("I want to talk to a human").await;
        app.settle().await;
        let desk = Desk::of(app, &project, &mei).await;
        let part = format!("/p/{}/leads/{}/talk", project.public_id, desk.lead);
        assert_eq!(desk.act("writing", &[]).await.status(), 204);
        assert!(ben.get(&part).await.text().contains("mei is writing"));
        assert!(!mei.get(&part).await.text().contains("is writing"), "she knows");
        app.advance(SignedDuration::from_secs(6));
        assert!(!ben.get(&part).await.text().contains("is writing"));
        desk.act("writing", &[]).await;
        desk.replies("Here I am").await;
        let after = ben.get(&part).await.text();
        assert!(!after.contains("is writing") && after.contains("Here I am"), "{after}");
        assert_eq!(app.count("SELECT COUNT(*) FROM writers").await, 0);
    }

    async fn parts_of_a_page_show_what_came_since(app: &TestApp) {
        let (project, mei) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("I want to talk to a human").await;
        app.settle().await;
        let lead = Desk::of(app, &project, &mei).await.lead;
        let leads = mei.get(&format!("/p/{}/leads", project.public_id)).await.text();
        let fresh = leads.split("hx-get=\"").find(|part| part.contains("/leads/fresh")).expect("an address");
        let fresh = fresh.split('"').next().expect("its end").replace("&#38;", "&");
        assert!(!mei.get(&fresh).await.text().contains("new"));
        app.advance(SignedDuration::from_secs(5));
        person.writes("Are you there?").await;
        Person::new(app, &project, "6598765432").writes("hello").await;
        app.settle().await;
        assert!(mei.get(&fresh).await.text().contains("Show 2 new"));
        let people = mei.get(&format!("/p/{}/inbox/people?open={lead}", project.public_id)).await.text();
        assert!(people.contains("Waiting for a person · 1") && people.contains("aria-current=\"true\""), "{people}");
        assert!(!people.contains("<html"), "a part");
        let talk = mei.get(&format!("/p/{}/leads/{lead}/talk?place=inbox", project.public_id)).await.text();
        assert!(talk.contains("Are you there?") && talk.contains("id=\"talk-acts\"") && !talk.contains("<html"), "{talk}");
    }
}
