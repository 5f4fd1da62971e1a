//! Who does not want to answer a required question hears the reason once, is offered another way, and then gets a person.

use aurix::agent::Outcome;

use super::craft::Talk;

const REASON: &str = "We need it to get back to you.";
const PHONE_INSTEAD: &str = "No problem, a phone number will do as well. What phone number can we reach you at?";

#[test]
fn a_refusal_gets_the_reason_then_another_way_then_a_person() {
    let mut talk = Talk::new(r#"{"greeting":"","fields":[{"key":"outlet","type":"text","required":true}]}"#);
    talk.write("my name is Jane Doe");
    assert_eq!(talk.write("I'd rather not say"), format!("{REASON} What is your email address?"));
    assert_eq!(talk.write("I'd rather not say"), PHONE_INSTEAD);
    // The reason was given: who refuses this as well gets a person at once.
    let reply = talk.write("I'd rather not say");
    assert_eq!(talk.outcome, Outcome::HandedOver);
    assert_eq!(reply, "All right, a person will take over from here. I have noted: name: Jane Doe.");
}

const REASONS: &str = r#"{"greeting":"","language":"en",
    "fields":[{"key":"name"},{"key":"email","reason":"So that we can send you the quote."},{"key":"phone"}],
    "texts":{"de":{"reasons":{"email":"Damit wir Ihnen das Angebot schicken können."}}}}"#;

#[test]
fn a_field_with_its_own_reason_says_it_to_who_refuses_it() {
    let mut talk = Talk::new(REASONS);
    talk.write("my name is Jane Doe");
    assert_eq!(talk.write("I'd rather not say"), "So that we can send you the quote. What is your email address?");
    assert_eq!(talk.write("I'd rather not say"), PHONE_INSTEAD, "once is enough");
    let mut talk = Talk::new(REASONS);
    talk.write("my name is Jane Doe, jane@example.com");
    let reply = talk.write("I'd rather not say");
    assert_eq!(reply, format!("{REASON} What phone number can we reach you at?"), "no reason of its own");
}

#[test]
fn who_asks_why_reads_the_reason_and_is_asked_again() {
    for why in ["why do you need my email?", "Why?", "what do you need it for", "ok, why do you ask?"] {
        let mut talk = Talk::new(REASONS);
        talk.write("my name is Jane Doe");
        assert_eq!(talk.write(why), "So that we can send you the quote. What is your email address?", "{why}");
        // They have read it: who refuses now is not told again.
        assert_eq!(talk.write("I'd rather not say"), PHONE_INSTEAD, "{why}");
    }
    for other in ["why are you closed on Mondays?", "do you have parking?"] {
        let mut talk = Talk::new(REASONS);
        talk.write("my name is Jane Doe");
        assert_eq!(talk.write(other), "A person will answer that. What is your email address?", "{other}");
    }
}

#[test]
fn an_optional_field_has_its_reason_too() {
    let fields = r#"[{"key":"email","type":"email","required":false},{"key":"phone","type":"phone","required":false},
        {"key":"budget","type":"number","required":false,"question":"Which budget?","reason":"It tells us what to offer."},
        {"key":"outlet","type":"text","required":true,"question":"Which outlet?"}]"#;
    let mut talk = Talk::new(&format!(r#"{{"greeting":"","fields":{fields}}}"#));
    let asked = talk.write("I'm Jane Doe, jane@example.com, 9123 4567");
    assert_eq!(asked, "Which budget?");
    assert_eq!(talk.write("why?"), "It tells us what to offer. Which budget?");
    assert_eq!(talk.write("why?"), "It tells us what to offer. Which outlet?", "an optional field holds nothing up");
}

#[test]
fn every_language_understands_who_asks_why() {
    for (language, name, why) in [
        ("en", "my name is Jane Doe", "why do you need it?"),
        ("es", "me llamo Juan García", "¿para qué lo necesitan?"),
        ("pt", "meu nome é João Silva", "por que vocês precisam disso?"),
        ("zh", "我叫陈小明", "为什么需要我的邮箱？"),
        ("ms", "nama saya Ahmad Faizal", "kenapa perlu emel saya?"),
        ("id", "nama saya Budi Santoso", "kenapa butuh email saya?"),
        ("ru", "меня зовут Иван Петров", "зачем вам моя почта?"),
        ("ar", "اسمي محمد علي", "لماذا تحتاجون بريدي؟"),
        ("de", "ich heiße Jonas Weber", "Wozu brauchen Sie meine Adresse?"),
        ("fr", "je m'appelle Marie Dupont", "pourquoi avez-vous besoin de mon adresse ?"),
    ] {
        let fields =
            r#"[{"key":"name"},{"key":"email","reason":"So that we can send you the quote."},{"key":"phone"}]"#;
        let mut talk = Talk::new(&format!(r#"{{"greeting":"","language":"{language}","fields":{fields}}}"#));
        talk.write(name);
        let reply = talk.write(why);
        assert!(reply.starts_with("So that we can send you the quote."), "{language}: {reply}");
    }
}

#[test]
fn the_reason_is_said_in_the_language_of_the_conversation() {
    let mut talk = Talk::new(REASONS);
    talk.write("Guten Tag, ich heiße Jonas Weber und hätte gern ein Angebot");
    let reply = talk.write("Warum brauchen Sie das?");
    assert!(reply.starts_with("Damit wir Ihnen das Angebot schicken können. Wie lautet"), "{reply}");
}

#[test]
fn a_phone_number_that_is_refused_makes_room_for_an_optional_address() {
    let form = r#"{"greeting":"","fields":[{"key":"email","type":"email","required":false}]}"#;
    let mut talk = Talk::new(form);
    talk.write("my name is Jane Doe");
    assert_eq!(
        talk.write("i don't have one"),
        "No problem, an email address will do as well. What is your email address?"
    );
    assert!(talk.write("jane@").contains("name@example.com"), "an attempt is explained");
    let reply = talk.write("jane@example.com");
    assert_eq!(talk.outcome, Outcome::HandedOver);
    assert!(reply.ends_with("I have noted: name: Jane Doe, email address: jane@example.com."), "{reply}");
}

#[test]
fn who_gives_the_other_one_at_once_is_not_asked_again() {
    let mut talk = Talk::new(
        r#"{"greeting":"","fields":[{"key":"outlet","type":"text","required":true,"question":"Which outlet?"}]}"#,
    );
    talk.write("my name is Jane Doe");
    assert_eq!(talk.write("no email, my number is 9123 4567"), "Thank you. Which outlet?");
    let reply = talk.write("Bugis Junction");
    assert_eq!(talk.outcome, Outcome::HandedOver);
    assert!(reply.contains("phone number: +6591234567, outlet: Bugis Junction"), "{reply}");
}

#[test]
fn what_else_is_refused_is_left_out_and_the_rest_is_asked_for() {
    let fields = r#"[{"key":"budget","type":"number","required":true,"question":"Which budget?"},{"key":"outlet","type":"text","required":true,"question":"Which outlet?"}]"#;
    let mut talk = Talk::new(&format!(r#"{{"greeting":"","fields":{fields}}}"#));
    talk.write("I'm Jane Doe, jane@example.com, 9123 4567");
    assert_eq!(talk.write("I'd rather not say"), format!("{REASON} Which budget?"));
    assert_eq!(talk.write("no comment"), "No problem, we can do without it. Which outlet?");
    assert!(talk.write("Bugis Junction").starts_with("All right, a person will take over from here."));
    assert_eq!(talk.outcome, Outcome::HandedOver);
}

#[test]
fn two_optional_contacts_that_are_declined_hold_nothing_up() {
    let fields = r#"[{"key":"email","type":"email","required":false,"question":"Your email?"},{"key":"phone","type":"phone","required":false,"question":"Your phone?"},
        {"key":"outlet","type":"text","required":true,"question":"Which outlet?"}]"#;
    let mut talk = Talk::new(&format!(r#"{{"greeting":"","fields":{fields}}}"#));
    talk.write("my name is Jane Doe");
    talk.write("no");
    assert_eq!(talk.write("no"), "Which outlet?");
    talk.write("Bugis Junction");
    assert_eq!(talk.outcome, Outcome::Completed);
}

#[test]
fn what_fails_twice_is_asked_in_other_words_with_an_example() {
    for (kind, options, wrong, example) in [
        ("name", "", "12345", "Mei Tan"),
        ("email", "", "jane@", "name@example.com"),
        ("phone", "", "12", "+65 9123 4567"),
        ("number", "", "maybe", "4"),
        ("date", "", "soonish", "24 March"),
        ("datetime", "", "soonish", "24 March at 3 pm"),
        ("time", "", "soonish", "3 pm"),
        ("choice", r#","options":["Orchard","Bugis"]"#, "moon", "number of an option"),
        ("yes_no", "", "moon", "yes or no"),
    ] {
        let key = if ["name", "email", "phone"].contains(&kind) { kind.to_owned() } else { format!("a_{kind}") };
        let contacts = ["name", "email", "phone"].iter().filter(|contact| **contact != key);
        let contacts = contacts.map(|contact| format!(r#"{{"key":"{contact}","type":"{contact}","required":false}},"#));
        let fields =
            contacts.collect::<String>() + &format!(r#"{{"key":"{key}","type":"{kind}","required":true{options}}}"#);
        let mut talk = Talk::new(&format!(r#"{{"greeting":"","fields":[{fields}]}}"#));
        let first = talk.write("hi");
        talk.write(wrong);
        let third = talk.write(wrong);
        assert!(third.contains(example) && third != first, "{kind}: {third}");
    }
}
