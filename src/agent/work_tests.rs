//! What reading takes, counted in looks at tokens: a hostile text must not hold up everybody else's conversations.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::lexer::looks;
use super::{Incoming, Input, Message, State, turn};
use crate::domain::form::Form;
use crate::domain::phone::Region;

/// What a text is made of that would take much: each alone, and a word of a booking with it.
const SCRAPS: [&str; 41] = [
    "e\u{301}",
    "a-",
    "a'",
    "E\u{301} ",
    "for Ann Lee, ",
    "Ann Lee ",
    "陈",
    "Ann.",
    "a/b",
    "1 ",
    "at ",
    "1:",
    "and ",
    "the ",
    "in ",
    "next ",
    "monday ",
    "half ",
    "3 days ",
    "a@b.",
    "dot ",
    "1/",
    "-",
    "twenty ",
    "明天",
    "三",
    "from 2 to ",
    "my ",
    "am ",
    "on 5 ",
    "book for ",
    "table, ",
    "name is ",
    "no not ",
    "einein",
    "einundzwanzig ",
    "1,000 or ",
    "2-3 ",
    "the of ",
    "5 to ",
    "7 o'clock ",
];

/// A field of every kind that has numbers.
const FORM: &str = r#"{"fields":[{"key":"name","type":"name"},{"key":"people","type":"number"},{"key":"budget","type":"number"},
    {"key":"date","type":"date"},{"key":"time","type":"time"}]}"#;

/// Length of a long message.
const CHARS: usize = 4_096;
/// Looks at a token for each character of a text, at most. Texts that are read in proportion take 0 to 26; one scan of the text
/// for each of its tokens takes thousands.
const LOOKS_A_CHAR_MAX: usize = 40;

/// How much more a text of twice the length takes, at most. What is read once for each of its tokens takes four times as much.
const GROWTH_MAX: usize = 3;

/// Looks at tokens until a burst is read.
fn work(form: &Form, messages: &[String]) -> usize {
    let at = "2026-11-21T04:00:00Z".parse().expect("a time");
    let messages: Vec<_> = messages.iter().map(|text| Incoming::new(Message::Text(text.clone()), at)).collect();
    let before = looks();
    turn(&Input {
        form,
        known: &BTreeMap::new(),
        channel_phone: None,
        state: &State::default(),
        messages: &messages,
        region: Region::SINGAPORE,
        timezone: &TimeZone::UTC,
        may_reply: true,
        prefilled_greeting: None,
        help: None,
        discloses: false,
    });
    looks() - before
}

fn long(scrap: &str, chars: usize) -> String {
    scrap.chars().cycle().take(chars).collect()
}

#[test]
fn reading_takes_work_in_proportion_to_the_text() {
    for scrap in SCRAPS {
        let looks = work(&Form::default_form(), &[long(scrap, CHARS)]);
        assert!(looks <= LOOKS_A_CHAR_MAX * CHARS, "{scrap:?}: {} looks a character", looks / CHARS);
    }
}

#[test]
fn numbers_and_days_take_no_more_of_a_character_in_a_longer_text() {
    let form = Form::parse(FORM).expect("the test is well-formed");
    for scrap in SCRAPS {
        let (half, whole) = (work(&form, &[long(scrap, CHARS / 2)]), work(&form, &[long(scrap, CHARS)]));
        assert!(whole <= GROWTH_MAX * half, "{scrap:?}: {half} looks for the half, {whole} for the whole");
    }
}

#[test]
fn a_burst_has_a_budget() {
    let text = "Ann Lee ".repeat(512);
    let of = |count: usize| work(&Form::default_form(), &vec![text.clone(); count]);
    let (few, many) = (of(4), of(50));
    assert!(many <= few, "{few} looks for 4 messages, {many} of 50");
}
