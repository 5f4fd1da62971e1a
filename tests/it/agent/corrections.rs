//! What a person corrects is confirmed with what it was and what it is.

use super::craft::Talk;

const FORM: &str = r#"{"greeting":"","fields":[{"key":"name","type":"name"},{"key":"email","type":"email"},
    {"key":"phone","type":"phone","required":false},{"key":"visit","type":"datetime","required":true,"question":"When?"},
    {"key":"company","type":"text","required":true,"question":"Which company?"},
    {"key":"members","type":"yes_no","required":true,"question":"Are you members?"},
    {"key":"notes","type":"text","required":true,"question":"Anything else?"}]}"#;

/// A conversation in which the visit is known.
fn talk() -> Talk {
    let mut talk = Talk::new(FORM);
    for text in ["hi", "Tang Wei Ming", "tang@example.com", "tomorrow at 3 pm"] {
        talk.write(text);
    }
    assert_eq!(talk.value("visit"), "2026-11-22T15:00");
    talk
}

#[test]
fn a_correction_is_confirmed_with_the_old_and_the_new_value() {
    for (text, expected) in [
        ("no, my email is new@example.com", "Changed the email address from tang@example.com to new@example.com."),
        ("sorry, my name is Tan Wei Ming", "Changed the name from Tang Wei Ming to Tan Wei Ming."),
        ("it's Tan, not Tang", "Changed the name from Tang Wei Ming to Tan Wei Ming."),
        ("sorry, 4 pm not 3", "Changed the time from 15:00 to 16:00."),
        ("actually make it 4 pm", "Changed the time from 15:00 to 16:00."),
        ("sorry, on the 24th instead", "Changed the date from 2026-11-22 to 2026-11-24."),
        (
            "sorry, we come on 24 November at 5 pm",
            "Changed the date and time from 2026-11-22 15:00 to 2026-11-24 17:00.",
        ),
    ] {
        assert_eq!(talk().write(text), format!("{expected} Which company?"), "{text:?}");
    }
}

#[test]
fn several_corrections_are_confirmed_each() {
    let reply = talk().burst(&["no, my email is new@example.com", "and make it 4 pm"]);
    assert!(reply.starts_with("Changed the email address from"), "{reply}");
    assert!(reply.ends_with("Changed the time from 15:00 to 16:00. Which company?"), "{reply}");
}

#[test]
fn many_corrections_at_once_are_confirmed_in_one_sentence() {
    let mut talk = Talk::new(FORM);
    for text in ["hi", "Tang Wei Ming", "tang@example.com, my number is 9123 4567", "tomorrow at 3 pm"] {
        talk.write(text);
    }
    let changes =
        ["sorry, my name is Lim Ah Kow", "my email is new@example.com", "my number is 9876 5432", "and make it 4 pm"];
    assert_eq!(talk.burst(&changes), "Got it, I have changed that. Which company?");
    assert_eq!((talk.value("name"), talk.value("phone")), ("Lim Ah Kow", "+6598765432"));
}

#[test]
fn what_is_said_for_the_first_time_is_no_correction() {
    let mut talk = Talk::new(FORM);
    talk.write("hi");
    let reply = talk.burst(&["Tang Wei Ming", "sorry, my name is Tan Wei Ming"]);
    assert!(!reply.contains("Changed"), "{reply}");
    assert_eq!(talk.value("name"), "Tan Wei Ming");
    talk.write("tang@example.com");
    talk.write("tomorrow");
    // The other half of a day with a time.
    let reply = talk.write("3 pm");
    assert_eq!((talk.value("visit"), reply.contains("Changed")), ("2026-11-22T15:00", false), "{reply}");
    // The same value once more.
    let reply = talk.write("my email is tang@example.com");
    assert!(!reply.contains("Changed"), "{reply}");
}

#[test]
fn what_stands_in_a_value_is_no_slot_and_long_values_are_cut() {
    let mut talk = talk();
    talk.write("The {new} {old} Company");
    let reply = talk.write("company: Acme");
    assert!(reply.starts_with("Changed the company from The {new} {old} Company to Acme."), "{reply}");
    let reply = talk.write(&format!("company: {}", "very long ".repeat(20)));
    assert!(reply.starts_with("Changed the company from Acme to very long") && reply.contains("…"), "{reply}");
    assert!(reply.chars().count() < 200, "{reply}");
}

#[test]
fn every_language_confirms_a_correction() {
    for (language, hello, text) in [
        ("en", "hi", "no, my email is new@example.com"),
        ("es", "hola", "no, mi correo es new@example.com"),
        ("pt", "olá", "não, meu e-mail é new@example.com"),
        ("zh", "你好", "不对，我的邮箱是 new@example.com"),
        ("ms", "helo", "bukan, e-mel saya new@example.com"),
        ("id", "halo", "bukan, email saya new@example.com"),
        ("ru", "привет", "нет, моя почта new@example.com"),
        ("ar", "مرحبا", "لا، بريدي new@example.com"),
        ("de", "hallo", "nein, meine E-Mail ist new@example.com"),
        ("fr", "bonjour", "non, mon e-mail est new@example.com"),
    ] {
        let mut talk = Talk::new(&format!(r#"{{"greeting":"","language":"{language}"}}"#));
        talk.write(hello);
        let asks_email = talk.write("Chloe Barker");
        let asks_phone = talk.write("old@example.com");
        assert!(!asks_phone.contains(&asks_email), "{language}: {asks_phone}");
        let reply = talk.write(text);
        let old = reply.find("old@example.com").unwrap_or_else(|| panic!("{language}: {reply}"));
        assert!(reply[old..].contains("new@example.com"), "{language}: {reply}");
        assert_eq!(talk.value("email"), "new@example.com", "{language}");
    }
}
