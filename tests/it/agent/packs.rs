//! The language packs: each has everything, says it within the limits of the platforms, and never says a value that the reader takes.

use std::collections::{BTreeMap, BTreeSet};

use aurix::agent::{Context, read};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;

const CODES: [&str; 10] = ["en", "es", "pt", "zh", "ms", "id", "ru", "ar", "de", "fr"];
/// Longest sentence that the agent says of its own, in characters: two or three lines of a chat.
const SENTENCE_CHARS_MAX: usize = 130;
/// Longest label of a button on WhatsApp.
const BUTTON_CHARS_MAX: usize = 20;
/// Words that a language may have in two classes which answers are told apart by: said alone, they would be both.
const OPPOSITES: [(&str, &str); 3] = [("yes", "no"), ("stop", "start"), ("yes", "stop")];

fn pack(code: &str) -> toml::Table {
    let file = format!("{}/packs/{code}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).expect("the test is well-formed").parse().expect("the test is well-formed")
}

fn sentences(code: &str) -> BTreeMap<String, String> {
    let say = pack(code)["say"].as_table().expect("the test is well-formed").clone();
    say.into_iter().map(|(name, text)| (name, text.as_str().expect("the test is well-formed").to_owned())).collect()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
}

#[test]
fn every_language_has_every_sentence_with_the_same_placeholders() {
    let english = sentences("en");
    for code in CODES {
        let said = sentences(code);
        assert_eq!(said.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{code}");
        for (name, text) in &said {
            assert_eq!(placeholders(text), placeholders(&english[name]), "{code}: {name}");
            assert!(
                (1..=SENTENCE_CHARS_MAX).contains(&text.chars().count()) && text.trim() == text,
                "{code}: {text:?}"
            );
        }
        for button in ["button_yes", "button_no"] {
            assert!(said[button].chars().count() <= BUTTON_CHARS_MAX, "{code}: {}", said[button]);
        }
        for question in ["ask_name", "ask_email", "ask_phone"] {
            assert_ne!(said[question], said[&format!("{question}_again")], "{code}: {question}");
        }
    }
}

/// The words of a class, however the pack lists them.
fn words(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(list) => list.split_whitespace().map(str::to_lowercase).collect(),
        toml::Value::Array(lists) => lists.iter().flat_map(words).collect(),
        toml::Value::Table(lists) => lists.values().flat_map(words).collect(),
        _ => panic!("a class is a list of words"),
    }
}

#[test]
fn every_language_has_every_class_of_words_that_its_grammars_need() {
    let needed = [
        (
            "words",
            "yes no none refuse why stop start human greeting thanks filler correction change negation question enquiry or and",
        ),
        ("contact", "at dot underscore plus zero phone_label email_label"),
        ("when", "weekday relative tonight day_part next this last unit half quarter now every"),
        ("number", "num times"),
        ("size", "people kin myself child thing side_matter number_label"),
        ("name", "name_intro name_intro_weak honorific addressed organisation"),
        ("asides", "booking proposal callback business past_event complaint recurring wish farewell carrier"),
    ];
    for code in CODES {
        let pack = pack(code);
        for (section, classes) in needed {
            let section = pack[section].as_table().unwrap();
            for class in classes.split(' ') {
                assert!(section.get(class).is_some_and(|list| !words(list).is_empty()), "{code} lacks {class}");
            }
        }
        assert_eq!(pack["when"]["weekday"].as_array().map(Vec::len), Some(7), "{code}");
        if code != "zh" {
            assert_eq!(pack["when"]["month"].as_array().map(Vec::len), Some(12), "{code}");
        }
    }
}

#[test]
fn no_word_is_an_answer_and_its_opposite() {
    for code in CODES {
        let pack = pack(code);
        let of = |class: &str| words(&pack["words"][class]).into_iter().collect::<BTreeSet<_>>();
        for (one, other) in OPPOSITES {
            let both: Vec<_> = of(one).intersection(&of(other)).cloned().collect();
            assert!(both.is_empty(), "{code}: {both:?} is {one} and {other}");
        }
    }
}

#[test]
fn what_the_agent_says_is_no_value() {
    let fields = r#"[{"key":"name","type":"name"},{"key":"day","type":"date"},{"key":"slot_time","type":"time"},{"key":"people","type":"number"}]"#;
    for code in CODES {
        let form = Form::parse(&format!(r#"{{"language":"{code}","fields":{fields}}}"#)).unwrap();
        let now = "2026-11-21T04:00:00Z".parse().unwrap();
        let context = Context { form: &form, region: Region::SINGAPORE, timezone: &TimeZone::UTC, now, language: None };
        for (name, text) in sentences(code) {
            // Examples are values, and meant to be.
            let shows = name.starts_with("again_") || name.starts_with("wrong_") || name.ends_with("_again");
            let taken = read(&context, &text, &[]).taken;
            assert!(shows || taken.is_empty(), "{code}: {text:?} gives {taken:?}");
        }
    }
}
