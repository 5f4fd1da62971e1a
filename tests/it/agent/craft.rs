//! The craft of the conversation: what is offered back, asked in other words, left out, and in which language.

use std::collections::BTreeMap;

use aurix::agent::{Help, Incoming, Input, Known, Message, Outcome, State, turn};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;

pub struct Talk {
    pub form: Form,
    pub known: BTreeMap<String, Known>,
    pub state: State,
    pub outcome: Outcome,
}

impl Talk {
    pub fn new(form: &str) -> Self {
        Self {
            form: Form::parse(form).expect("the test is well-formed"),
            known: BTreeMap::new(),
            state: State::default(),
            outcome: Outcome::None,
        }
    }

    pub fn write(&mut self, text: &str) -> String {
        self.burst(&[text])
    }

    /// Writes something that a model helps with.
    pub fn write_with(&mut self, text: &str, help: &Help) -> String {
        self.turn(&[text], Some(help))
    }

    /// Several messages, or none, as after a time in which the person was silent.
    pub fn burst(&mut self, texts: &[&str]) -> String {
        self.turn(texts, None)
    }

    fn turn(&mut self, texts: &[&str], help: Option<&Help>) -> String {
        let at = "2026-11-21T04:00:00Z".parse().expect("the test is well-formed");
        let messages: Vec<_> = texts.iter().map(|text| Incoming::new(Message::Text((*text).to_owned()), at)).collect();
        let turn = turn(&Input {
            form: &self.form,
            known: &self.known,
            channel_phone: None,
            state: &self.state,
            messages: &messages,
            may_reply: true,
            region: Region::SINGAPORE,
            timezone: &TimeZone::UTC,
            prefilled_greeting: None,
            help,
            discloses: false,
        });
        for taken in &turn.changes {
            self.known.insert(taken.key.clone(), Known::from(taken));
        }
        self.state = serde_json::from_str(&serde_json::to_string(&turn.state).expect("the test is well-formed"))
            .expect("the test is well-formed");
        self.outcome = turn.outcome;
        turn.reply.unwrap_or_default()
    }

    pub fn value(&self, key: &str) -> &str {
        self.known.get(key).map_or("", |known| &known.value)
    }
}

#[test]
fn what_was_understood_is_offered_back() {
    let mut talk = Talk::new(r#"{"greeting":""}"#);
    talk.write("my name is Jane Doe");
    assert!(talk.write("jane@gmail.con").contains("Did you mean jane@gmail.com?"));
    assert_eq!(talk.value("email"), "");
    assert!(talk.write("yes").contains("What phone number"));
    assert_eq!(talk.value("email"), "jane@gmail.com");
    assert!(talk.write("62812345678").contains("Did you mean +62812345678?"));
    // Another answer than yes is read as one.
    talk.write("no, 9123 4567");
    assert_eq!((talk.value("phone"), talk.outcome), ("+6591234567", Outcome::Completed));
}

#[test]
fn words_that_leave_a_day_open_are_asked_about() {
    let mut talk = Talk::new(
        r#"{"greeting":"","fields":[{"key":"name","type":"name","required":false},{"key":"email","type":"email","required":false},
        {"key":"phone","type":"phone","required":false},{"key":"day","type":"date","required":true,"question":"Which day?"}]}"#,
    );
    talk.write("hi");
    assert!(talk.write("sometime in March 2027").contains("“March 2027”"));
    assert!(talk.write("from 2 to 10 July").contains("which day is it exactly?"));
    assert_eq!(talk.value("day"), "");
    talk.write("5 March 2027");
    assert_eq!((talk.value("day"), talk.outcome), ("2027-03-05", Outcome::Completed));
}

#[test]
fn half_of_a_date_and_time_is_followed_by_the_other() {
    let mut talk = Talk::new(
        r#"{"greeting":"","fields":[{"key":"name","type":"name","required":false},{"key":"email","type":"email","required":false},
        {"key":"phone","type":"phone","required":false},{"key":"visit","type":"datetime","required":true,"question":"When?"}]}"#,
    );
    talk.write("hi");
    assert!(talk.write("tomorrow").ends_with("And at what time?"));
    assert_eq!(talk.outcome, Outcome::None);
    talk.write("3 pm");
    assert_eq!((talk.value("visit"), talk.outcome), ("2026-11-22T15:00", Outcome::Completed));
}

#[test]
fn having_none_is_an_answer_and_a_person_gets_the_rest() {
    let mut talk = Talk::new(r#"{"greeting":""}"#);
    talk.write("my name is Jane Doe");
    let reply = talk.write("i dont have email");
    assert_eq!(reply, "No problem, a phone number will do as well. What phone number can we reach you at?");
    let reply = talk.write("9123 4567");
    assert_eq!(talk.outcome, Outcome::HandedOver);
    assert!(reply.contains("Jane Doe") && reply.contains("+6591234567"), "{reply}");
}

#[test]
fn questions_of_the_person_are_acknowledged_in_every_language() {
    for (language, question) in [
        ("en", "how much is a session"),
        ("en", "what's your address"),
        ("es", "cuánto cuesta"),
        ("es", "dónde están"),
        ("pt", "quanto custa"),
        ("zh", "多少钱"),
        ("zh", "你们在哪里"),
        ("ms", "berapa harga"),
        ("id", "berapa harganya"),
        ("ru", "сколько стоит"),
        ("ar", "كم السعر"),
        ("de", "was kostet das"),
        ("fr", "combien ça coûte"),
    ] {
        let mut talk = Talk::new(&format!(r#"{{"greeting":"","language":"{language}"}}"#));
        let asks = talk.write("hi");
        let reply = talk.write(question);
        assert!(reply.len() > asks.len() && reply.ends_with(&asks), "{language}: {question:?} got {reply:?}");
    }
}

#[test]
fn the_conversation_follows_a_whole_clause_in_another_language() {
    let mut talk = Talk::new(r#"{"greeting":""}"#);
    assert!(talk.write("hola, quisiera reservar una mesa para mañana por favor").contains("¿Cómo se llama?"));
    assert_eq!(talk.state.language.as_deref(), Some("es"));
    // A name and "ok" change nothing.
    assert!(talk.write("Chloe Barker").contains("correo"));
    assert!(talk.write("ok").contains("correo"));
    assert!(talk.write("sorry, can we go on in English please? I do not speak Spanish").contains("write to you"));
    assert_eq!(talk.state.language, None);
}

#[test]
fn a_value_in_a_sentence_from_right_to_left_keeps_its_direction() {
    let mut talk = Talk::new(r#"{"greeting":"","language":"ar"}"#);
    talk.write("اسمي محمد علي");
    assert!(talk.write("jane@gmail.con").contains("\u{2068}jane@gmail.com\u{2069}"));
}
