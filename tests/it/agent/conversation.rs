//! Scenarios: whole conversations with the agent.

use std::collections::BTreeMap;

use aurix::agent::{Incoming, Input, Known, Message, Outcome, State, Turn, turn};
use aurix::domain::form::Form;
use aurix::domain::phone::{PhoneNumber, Region};
use jiff::tz::TimeZone;

/// A conversation with the agent: what the person writes, and the replies.
struct Talk {
    form: Form,
    known: BTreeMap<String, Known>,
    state: State,
    phone: Option<PhoneNumber>,
    last: Option<Turn>,
}

const FORM: &str = r#"{"greeting":"Hi, welcome!","closing":"All done.","fields":[
    {"key":"name","type":"name","required":true,"question":"Your name?"},
    {"key":"email","type":"email","required":true,"question":"Your email?"},
    {"key":"outlet","type":"choice","required":true,"question":"Which outlet?","options":["Orchard Gateway","Bugis Junction"]},
    {"key":"company","type":"text","required":false,"question":"Your company?"},
    {"key":"people","type":"number","required":true,"question":"How many people?"}]}"#;

impl Talk {
    fn new(form: &str) -> Self {
        let form = Form::parse(form).expect("the test is well-formed");
        let phone = PhoneNumber::from_digits("6512345678").ok();
        Self { form, known: BTreeMap::new(), state: State::default(), phone, last: None }
    }

    fn burst(&mut self, messages: &[Message]) -> Option<String> {
        let at = "2026-11-21T04:00:00Z".parse().expect("the test is well-formed");
        let messages: Vec<_> = messages.iter().map(|message| Incoming::new(message.clone(), at)).collect();
        self.turn(&messages, true)
    }

    fn turn(&mut self, messages: &[Incoming], may_reply: bool) -> Option<String> {
        let turn = turn(&Input {
            form: &self.form,
            known: &self.known,
            channel_phone: self.phone.as_ref(),
            state: &self.state,
            messages,
            region: Region::SINGAPORE,
            timezone: &TimeZone::fixed(jiff::tz::offset(8)),
            may_reply,
            prefilled_greeting: Some("Hello, I am interested."),
            help: None,
            discloses: false,
        });
        for taken in &turn.changes {
            self.known.insert(taken.key.clone(), Known::from(taken));
        }
        let json = serde_json::to_string(&turn.state).expect("the test is well-formed");
        self.state = serde_json::from_str(&json).expect("the test is well-formed");
        let reply = turn.reply.clone();
        self.last = Some(turn);
        reply
    }

    fn write(&mut self, text: &str) -> String {
        self.burst(&[Message::Text(text.to_owned())]).unwrap_or_default()
    }

    fn outcome(&self) -> Outcome {
        self.last.as_ref().map(|turn| turn.outcome).unwrap_or_default()
    }

    fn value(&self, key: &str) -> &str {
        self.known.get(key).map_or("", |known| &known.value)
    }
}

#[test]
fn a_conversation_completes_the_lead() {
    let mut talk = Talk::new(FORM);
    let first = talk.write("Hello, I am interested.\nReference: O-aB3dE9z (Please send this reference number so that we can help you faster)");
    assert_eq!(first, "Hi, welcome!\nYour name?");
    assert_eq!((talk.value("phone"), &talk.state.intent), ("+6512345678", &None));
    assert_eq!(talk.write("vashti"), "Thank you. Your email?");
    assert_eq!(
        talk.write("vashti at example dot com"),
        "Thank you. Which outlet?\n1. Orchard Gateway\n2. Bugis Junction"
    );
    assert_eq!(talk.write("the bugis one"), "Thank you. Your company?");
    assert_eq!(talk.write("no"), "How many people?");
    assert_eq!(talk.write("8 people"), "All done.");
    assert_eq!(talk.outcome(), Outcome::Completed);
    assert_eq!((talk.value("outlet"), talk.value("people")), ("Bugis Junction", "8"));
    assert_eq!(talk.write("thanks!"), "");
    assert_eq!(talk.write("actually we are 6"), "Changed the people from 8 to 6.");
    assert_eq!((talk.value("people"), talk.outcome()), ("6", Outcome::None));
    assert_eq!(talk.write("do you have parking?"), "Thank you, a person will get back to you.");
    assert_eq!(talk.write("and a garden?"), "");
}

#[test]
fn everything_in_one_message_completes_the_lead() {
    let mut talk = Talk::new(FORM);
    let reply = talk.write("I'm Vashti Sampaia, v@example.com, a table for 5 people at Orchard Gateway please");
    assert_eq!(reply, "Hi, welcome!\nAll done.");
    assert_eq!(talk.outcome(), Outcome::Completed);
    assert!(talk.state.intent.is_some());
}

#[test]
fn an_invalid_answer_is_explained_once() {
    let mut talk = Talk::new(FORM);
    talk.write("hi, I'm Vashti");
    let explained = talk.write("vashti@home");
    assert!(explained.contains("name@example.com") && explained.ends_with("Your email?"), "{explained}");
    // What fails twice is asked in other words.
    assert_eq!(talk.write("vashti@"), "Your email? It looks like name@example.com.");
    let reason = talk.write("why do you need it?");
    assert_eq!(reason, "A person will answer that. Your email? It looks like name@example.com.");
    assert_eq!(
        talk.write("I don't want to say"),
        "We need it to get back to you. Your email? It looks like name@example.com."
    );
    assert!(talk.write("vashti@").starts_with("Let us leave it at that."));
    assert_eq!(talk.outcome(), Outcome::HandedOver);
    assert_eq!(talk.write("hello?"), "");
}

#[test]
fn stop_is_confirmed_once_and_start_resumes() {
    let mut talk = Talk::new(FORM);
    talk.write("hi");
    assert!(talk.write("please stop").contains("START"));
    assert_eq!(talk.outcome(), Outcome::Stopped);
    assert_eq!(talk.write("my name is Vashti"), "");
    assert_eq!(talk.write("stop"), "");
    assert_eq!((talk.value("name"), talk.outcome()), ("", Outcome::None));
    assert_eq!(talk.write("start"), "Welcome back! Your name?");
}

#[test]
fn a_human_takes_over() {
    let mut talk = Talk::new(FORM);
    talk.write("hi");
    assert_eq!(talk.write("can I talk to a real person please"), "All right, a person will take over from here.");
    assert_eq!(talk.outcome(), Outcome::HandedOver);
    assert_eq!(talk.write("my email is v@example.com"), "");
    assert_eq!(talk.value("email"), "v@example.com");
}

#[test]
fn a_burst_gets_one_reply_and_corrections_count() {
    let mut talk = Talk::new(FORM);
    let burst = ["hi", "my name is Tang Wei Ming", "no, it's Tan not Tang", "email v@example.com"];
    let reply = talk.burst(&burst.map(|text| Message::Text(text.to_owned())));
    assert!(reply.unwrap().ends_with("2. Bugis Junction"));
    assert_eq!((talk.value("name"), talk.value("email")), ("Tan Wei Ming", "v@example.com"));
    let changed = talk.write("sorry, wrong email, it's w@example.com");
    assert!(changed.starts_with("Changed the email address from v@example.com to w@example.com. Which outlet?"));
    assert_eq!(talk.value("email"), "w@example.com");
}

#[test]
fn a_message_without_text_gets_the_question_again() {
    let mut talk = Talk::new(FORM);
    assert_eq!(talk.burst(&[Message::Other]).unwrap(), "Hi, welcome!\nYour name?");
    assert!(talk.burst(&[Message::Other]).unwrap().ends_with("look at it. Your name?"));
    let card = Message::Contact { name: Some("Vashti".to_owned()), phone: None, email: None };
    assert_eq!(talk.burst(&[card]).unwrap(), "Thank you. Your email?");
    assert_eq!(talk.burst(&[]), None);
}

#[test]
fn corrected_words_replace_what_their_message_gave_and_need_no_reply() {
    let mut talk = Talk::new(FORM);
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let (first, later) = (at("2026-11-21T04:00:00Z"), at("2026-11-21T04:05:00Z"));
    let said = |text: &str, at, is_correction| {
        [Incoming { is_correction, ..Incoming::new(Message::Text(text.to_owned()), at) }]
    };
    talk.turn(&said("hi", first, false), true);
    talk.turn(&said("Jane Doo", first, false), true);
    assert_eq!(talk.value("name"), "Jane Doo");
    let asks = talk.state.asked_counts.clone();
    assert_eq!(talk.turn(&said("Jane Doe", first, true), true), None);
    assert_eq!((talk.value("name"), &talk.state.asked_counts), ("Jane Doe", &asks));
    // A correction of an older message leaves the newer value alone.
    talk.turn(&said("my email is new@example.com", later, false), true);
    assert_eq!(talk.turn(&said("my email is old@example.com", first, true), true), None);
    assert_eq!(talk.value("email"), "new@example.com");
}

#[test]
fn corrected_words_that_answer_the_open_question_get_the_next_one() {
    let mut talk = Talk::new(FORM);
    let at = "2026-11-21T04:00:00Z".parse().unwrap();
    talk.write("my name is Jane Doe");
    talk.write("jane at example");
    assert_eq!(talk.value("email"), "");
    let edit = Incoming { is_correction: true, ..Incoming::new(Message::Text("jane@example.com".to_owned()), at) };
    assert!(talk.turn(&[edit], true).unwrap().contains("Which outlet?"));
    assert_eq!(talk.value("email"), "jane@example.com");
}

#[test]
fn after_the_channels_window_values_are_taken_in_silence() {
    let mut talk = Talk::new(FORM);
    let at = "2026-11-21T04:00:00Z".parse().unwrap();
    let message = Incoming::new(Message::Text("my name is Jane Doe".to_owned()), at);
    assert_eq!(talk.turn(&[message], false), None);
    assert_eq!((talk.value("name"), talk.state.greeted, talk.state.asked_counts.len()), ("Jane Doe", false, 0));
    assert!(talk.write("hi").starts_with("Hi, welcome!"));
}

#[test]
fn the_intent_is_the_first_message_with_content() {
    let mut talk = Talk::new(FORM);
    assert_eq!(talk.write("How much is a session?"), "Hi, welcome!\nA person will answer that. Your name?");
    assert_eq!(talk.state.intent.as_deref(), Some("How much is a session?"));
    let mut talk = Talk::new(FORM);
    talk.write("hi");
    talk.write("Vashti");
    assert_eq!(talk.state.intent, None);
}

#[test]
fn the_name_is_composed_of_its_parts() {
    let mut talk = Talk::new(
        r#"{"fields":[{"key":"first_name","type":"name","required":true},{"key":"last_name","type":"name","required":true}]}"#,
    );
    talk.write("hello");
    talk.write("Vashti");
    assert!(talk.write("Sampaia").contains("email"));
    assert_eq!((talk.value("last_name"), talk.value("name")), ("Sampaia", "Vashti Sampaia"));
}

#[test]
fn the_agent_speaks_the_forms_language() {
    for (language, stopped) in
        [("zh-SG", "开始"), ("ms", "MULA"), ("es", "EMPEZAR"), ("de", "START"), ("fr", "START"), ("xx", "START")]
    {
        let mut talk = Talk::new(&format!(r#"{{"language":"{language}"}}"#));
        talk.write("hi");
        assert!(talk.write("stop").contains(stopped), "{language}");
    }
}
