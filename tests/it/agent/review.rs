//! Before the lead is complete the person sees all that is known, where there is reason to, and only there.

use aurix::agent::{Act, Help, Outcome, Proposal, Quoted};

use super::craft::Talk;

const FORM: &str = r#"{"greeting":"","closing":"All done.","fields":[{"key":"name","type":"name"},{"key":"email","type":"email"},
    {"key":"phone","type":"phone","required":false},{"key":"visit","type":"date","required":true,"question":"Which day?"},
    {"key":"people","type":"number","required":true,"question":"How many?"}]}"#;

/// What is asked of somebody who corrected a value on the way.
fn reviewed() -> Talk {
    let mut talk = Talk::new(FORM);
    for text in ["hi", "Jane Doe", "jane@example.com", "24 November", "sorry, 25 November"] {
        talk.write(text);
    }
    let shown = talk.write("4");
    let expected = "Here is what I have noted:\nname: Jane Doe\nemail address: jane@example.com\ndate: 2026-11-25\npeople: 4\n\
                    Is everything right?";
    assert_eq!((shown.as_str(), talk.outcome, talk.state.reviewing), (expected, Outcome::None, true));
    talk
}

#[test]
fn who_says_everything_plainly_is_not_asked_again() {
    let mut talk = Talk::new(FORM);
    for text in ["hi", "Jane Doe", "jane@example.com", "24 November"] {
        talk.write(text);
    }
    assert_eq!((talk.write("4").as_str(), talk.outcome), ("All done.", Outcome::Completed));
}

#[test]
fn a_yes_completes_the_lead() {
    for yes in ["yes", "Yes, everything is fine", "all good", "perfect, thanks", "👍"] {
        let mut talk = reviewed();
        assert_eq!((talk.write(yes).as_str(), talk.outcome), ("All done.", Outcome::Completed), "{yes:?}");
        assert!(talk.state.closed && !talk.state.reviewing);
    }
}

#[test]
fn a_correction_is_confirmed_and_completes_the_lead() {
    for (text, expected) in [
        ("no, my email is new@example.com", "Changed the email address from jane@example.com to new@example.com."),
        ("we are 5", "Changed the people from 4 to 5."),
    ] {
        let mut talk = reviewed();
        assert_eq!((talk.write(text), talk.outcome), (format!("{expected} All done."), Outcome::Completed), "{text:?}");
    }
}

#[test]
fn a_no_is_followed_by_what_is_wrong() {
    let mut talk = reviewed();
    assert_eq!((talk.write("no").as_str(), talk.outcome), ("What should I change?", Outcome::None));
    // The field is enough.
    assert_eq!((talk.write("the date").as_str(), talk.outcome), ("Which day?", Outcome::None));
    let reply = talk.write("26 November");
    assert_eq!(
        (reply.as_str(), talk.outcome),
        ("Changed the date from 2026-11-25 to 2026-11-26. All done.", Outcome::Completed)
    );
}

#[test]
fn words_that_leave_the_correction_open_are_asked_about() {
    let mut talk = reviewed();
    assert!(talk.write("no, jane@gmial.com").contains("Did you mean jane@gmail.com?"));
    let reply = talk.write("yes");
    assert_eq!(talk.outcome, Outcome::Completed);
    assert!(reply.starts_with("Changed the email address from jane@example.com to jane@gmail.com."), "{reply}");
}

#[test]
fn anything_else_is_asked_about_once_more_and_then_completes_the_lead() {
    let mut talk = reviewed();
    let again = talk.write("do you have parking?");
    assert!(again.starts_with("A person will answer that. Here is what"), "{again}");
    assert!(again.ends_with("Is everything right?"), "{again}");
    assert_eq!((talk.write("bananas and apples").as_str(), talk.outcome), ("All done.", Outcome::Completed));
    let mut talk = reviewed();
    for text in ["no", "bananas and apples"] {
        talk.write(text);
    }
    assert_eq!(talk.outcome, Outcome::Completed);
}

#[test]
fn silence_stop_and_a_person_complete_the_lead_as_well() {
    let mut talk = reviewed();
    assert_eq!((talk.burst(&[]).as_str(), talk.outcome), ("All done.", Outcome::Completed));
    assert_eq!((talk.burst(&[]).as_str(), talk.outcome), ("", Outcome::None), "once");
    let mut talk = reviewed();
    assert!(talk.write("can I talk to a real person please").contains("a person will take over"));
    assert_eq!(talk.outcome, Outcome::Completed);
    let mut talk = reviewed();
    assert!(talk.write("stop").contains("START"));
    assert_eq!(talk.outcome, Outcome::Completed);
}

#[test]
fn a_value_in_the_persons_words_is_shown() {
    let form = r#"{"greeting":"","fields":[{"key":"name","type":"name"},{"key":"email","type":"email","required":false},
        {"key":"phone","type":"phone","required":false},{"key":"at","type":"time","required":true,"question":"What time?"}]}"#;
    let mut talk = Talk::new(form);
    for text in ["hi", "Jane Doe"] {
        talk.write(text);
    }
    assert!(talk.write("8:30").contains("\ntime: 8:30\nIs everything right?"));
    talk.write("yes");
    assert_eq!(talk.outcome, Outcome::Completed);
}

#[test]
fn what_a_model_found_is_shown_at_the_end_unless_it_was_confirmed_just_now() {
    let finds = |field: &str, quote: &str| {
        let values = vec![Quoted { field: field.to_owned(), quote: quote.to_owned(), option: None }];
        let proposal = Proposal { act: Act::Answer, values, ..Proposal::default() };
        Help { proposal, knowledge: Vec::new(), instructions: String::new(), canary: "mark".to_owned() }
    };
    let form = r#"{"greeting":"","fields":[{"key":"name","type":"name"},{"key":"email","type":"email","required":false},
        {"key":"phone","type":"phone","required":false},{"key":"occasion","type":"text","required":true,"question":"What for?"}]}"#;
    let mut talk = Talk::new(form);
    let asked = talk.write_with("we plan the golden wedding of my parents", &finds("occasion", "golden wedding"));
    assert!(asked.ends_with("Did I get this right? occasion: golden wedding"), "{asked}");
    talk.write("yes");
    let shown = talk.write("Jane Doe");
    assert!(shown.contains("occasion: golden wedding") && shown.ends_with("Is everything right?"), "{shown}");
    let mut talk = Talk::new(form);
    talk.write("hi");
    talk.write("Jane Doe");
    let asked = talk.write_with("do you do things like a golden wedding?", &finds("occasion", "golden wedding"));
    assert!(asked.contains("Did I get this right? occasion: golden wedding"), "{asked}");
    talk.write("yes");
    assert_eq!(talk.outcome, Outcome::Completed);
}

#[test]
fn a_change_that_a_model_found_is_confirmed_in_the_same_way() {
    let mut talk = reviewed();
    let values = vec![Quoted { field: "people".to_owned(), quote: "5".to_owned(), option: None }];
    let proposal = Proposal { act: Act::Correct, values, ..Proposal::default() };
    let help = Help { proposal, knowledge: Vec::new(), instructions: String::new(), canary: "mark".to_owned() };
    let reply = talk.write_with("we are 5", &help);
    assert!(reply.starts_with("Changed the people from 4 to 5."), "{reply}");
}
