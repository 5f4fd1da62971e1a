//! What reading takes, counted in letters: a hostile text must not hold up everybody else's conversations.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::fold::letters_read;
use super::{Incoming, Input, Message, State, turn};
use crate::domain::form::Form;
use crate::domain::phone::Region;

/// Letters that are folded to read a burst.
fn work(messages: &[String]) -> usize {
    let form = Form::default_form();
    let at = "2026-11-21T04:00:00Z".parse().expect("a time");
    let messages: Vec<_> = messages.iter().map(|text| Incoming::new(Message::Text(text.clone()), at)).collect();
    let before = letters_read();
    turn(&Input {
        form: &form,
        known: &BTreeMap::new(),
        channel_phone: None,
        state: &State::default(),
        messages: &messages,
        region: Region::SINGAPORE,
        timezone: &TimeZone::UTC,
        may_reply: true,
        prefilled_greeting: None,
    });
    letters_read() - before
}

#[test]
fn reading_takes_work_in_proportion_to_the_text() {
    for scrap in ["e\u{301}", "a-", "a'", "E\u{301} ", "for Ann Lee, ", "Ann Lee ", "陈", "Ann.", "a/b", "1 ", "at "] {
        let text = |chars: usize| scrap.chars().cycle().take(chars).collect::<String>();
        let (half, whole) = (work(&[text(2_048)]), work(&[text(4_096)]));
        assert!(whole <= 2 * half + 2_000 && whole <= 100 * 4_096, "{scrap:?}: {half}, then {whole} letters");
    }
}

#[test]
fn a_burst_has_a_budget() {
    let text = "Ann Lee ".repeat(512);
    let (few, many) = (work(&vec![text.clone(); 4]), work(&vec![text; 50]));
    assert!(many <= few, "{few} letters of 4 messages, {many} of 50");
}
