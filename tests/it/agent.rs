//! The built-in agent: how much of what people really write it takes, and what hostile text does to it.

mod contacts;
mod conversation;
mod corrections;
mod craft;
#[path = "../../bench/src/dialogues.rs"]
pub mod dialogues;
mod languages;
mod no_value;
mod nothing_said;
mod own_texts;
mod packs;
mod refusal;
mod review;
mod simulation;
mod understood;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aurix::agent::{Context, Incoming, Input, Message, State, read, try_line, turn};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use crate::support::skip::shared_data;

/// Labelled answers of people asked for a name, a date, a time, a party size; see `docs/agent.md`.
const DIALOGUE: &str = "dialogue/restaurant8k-train.jsonl";
const SLOTS: [&str; 5] = ["first_name", "last_name", "date", "time", "people"];
const FORM: &str = r#"{"fields":[{"key":"first_name","type":"name"},{"key":"last_name","type":"name"},
    {"key":"date","type":"date"},{"key":"time","type":"datetime"},{"key":"people","type":"number"}]}"#;

/// The least exact and overlapping F1 on the held-out lines.
const F1_MIN: [(&str, f64, f64); 5] = [
    ("first_name", 0.97, 0.97),
    ("last_name", 0.97, 0.97),
    ("date", 0.95, 0.96),
    ("time", 0.93, 0.97),
    ("people", 0.94, 0.95),
];
/// Share of sentences without a value from which one is taken, at most, on the held-out lines.
const FALSE_TAKES_MAX: f64 = 0.02;

#[derive(serde::Deserialize)]
struct Line {
    text: String,
    requested: Vec<String>,
    gold: BTreeMap<String, String>,
}

/// Hits and misses of one slot.
#[derive(Default, Clone, Copy)]
struct Score {
    exact: f64,
    overlapping: f64,
    taken: f64,
    labelled: f64,
}

impl Score {
    /// Precision, recall and F1 of that many hits.
    fn figures(&self, hits: f64) -> (f64, f64, f64) {
        let (precision, recall) = (hits / self.taken.max(1.0), hits / self.labelled.max(1.0));
        (precision, recall, 2.0 * precision * recall / (precision + recall).max(f64::MIN_POSITIVE))
    }
}

/// Lower case, without marks around it and double spaces.
fn plain(span: &str) -> String {
    let trimmed = span.trim_matches(|letter: char| letter.is_ascii_punctuation() || letter.is_whitespace());
    trimmed.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn overlap(left: &str, right: &str) -> bool {
    left.contains(right)
        || right.contains(left)
        || left.split(' ').any(|word| right.split(' ').any(|other| word == other))
}

/// The words as the labels have them: without a.m. or p.m. on clock times with a two-digit hour and a space ("11:45 AM" is labelled
/// "11:45"), and with it everywhere else ("9:45 AM", "11:45am").
fn as_labelled<'a>(slot: &str, words: &'a str) -> &'a str {
    let hour = words.split([':', '.', ' ']).next().unwrap_or_default();
    if slot != "time" || !matches!(hour, "10" | "11" | "12") {
        return words;
    }
    let lower = words.to_ascii_lowercase();
    let tails = [" am", " pm", " a.m.", " p.m.", " a.m", " p.m", " in the morning"];
    let clock =
        tails.iter().find(|tail| lower.ends_with(**tail)).map_or(words, |tail| &words[..words.len() - tail.len()]);
    if clock.contains(':') || clock.contains('.') || lower.ends_with("morning") { clock } else { words }
}

/// Scores per slot, and the share of false takes, of the lines given.
fn measure<'a>(form: &Form, lines: impl Iterator<Item = &'a Line>) -> (BTreeMap<&'static str, Score>, f64) {
    let mut scores: BTreeMap<&str, Score> = SLOTS.map(|slot| (slot, Score::default())).into();
    let (mut empty, mut false_takes) = (0.0, 0.0);
    for line in lines {
        let taken = try_line(form, Region::SINGAPORE, &zone(), now(), &line.text, &line.requested);
        let fields = taken["fields"].as_object().expect("fields are an object");
        if line.gold.is_empty() {
            empty += 1.0;
            false_takes += f64::from(u8::from(!fields.is_empty()));
        }
        for slot in SLOTS {
            let score = scores.entry(slot).or_default();
            let said = fields.get(slot).and_then(|words| words.as_str()).map(|words| plain(as_labelled(slot, words)));
            let gold = line.gold.get(slot).map(|words| plain(words));
            score.taken += f64::from(u8::from(said.is_some()));
            score.labelled += f64::from(u8::from(gold.is_some()));
            if let (Some(said), Some(gold)) = (said, gold) {
                score.exact += f64::from(u8::from(said == gold));
                score.overlapping += f64::from(u8::from(overlap(&said, &gold)));
            }
        }
    }
    (scores, false_takes / f64::max(empty, 1.0))
}

fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

fn now() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().expect("a constant time is well-formed")
}

#[test]
fn the_agent_takes_what_people_say() {
    let Some(file) = shared_data(DIALOGUE) else { return };
    let data = std::fs::read_to_string(file).expect("the file is UTF-8");
    let lines: Vec<Line> = data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let form = Form::parse(FORM).unwrap();
    let held_out = |place: usize| place % 10 >= 7;
    for (name, wanted) in [("developed on (70 %)", false), ("held out (30 %)", true)] {
        let part = lines.iter().enumerate().filter(|(place, _)| held_out(*place) == wanted).map(|(_, line)| line);
        let (scores, false_takes) = measure(&form, part);
        for (slot, score) in &scores {
            let ((p, r, f), (op, or, of)) = (score.figures(score.exact), score.figures(score.overlapping));
            println!(
                "figure: agent, {name}, {slot:10}: precision {p:.3} recall {r:.3} F1 {f:.3}, overlapping {op:.3} {or:.3} {of:.3}"
            );
        }
        println!("figure: agent, {name}, taken from sentences that have no value: {:.2} %", false_takes * 100.0);
        for (slot, exact, overlapping) in F1_MIN {
            let score = &scores[slot];
            assert!(score.figures(score.exact).2 >= exact, "{slot}, {name}: exact F1 fell under {exact}");
            assert!(
                score.figures(score.overlapping).2 >= overlapping,
                "{slot}, {name}: overlap F1 fell under {overlapping}"
            );
        }
        assert!(
            false_takes <= FALSE_TAKES_MAX,
            "{name}: more than {FALSE_TAKES_MAX} of the sentences give a false value"
        );
    }
}

const WIDE_FORM: &str = r#"{"fields":[{"key":"name","type":"name"},{"key":"first_name","type":"name"},{"key":"when","type":"datetime"},
    {"key":"day","type":"date"},{"key":"slot_time","type":"time"},{"key":"people","type":"number"},{"key":"budget","type":"number"},
    {"key":"outlet","type":"choice","options":["Orchard Gateway","Bugis Junction","東京"]},{"key":"member","type":"yes_no"},
    {"key":"company","type":"text","question":"Company?"},{"key":"note","type":"text"}]}"#;

/// Scraps of answers, and letters that break careless programs, in any order.
fn hostile_text() -> impl Strategy<Value = String> {
    let scraps = prop::sample::select(vec![
        "my name is ",
        "İ",
        "ẞ",
        "K",
        "ſ",
        "not ",
        "no, it's ",
        " at ",
        " dot ",
        "@",
        "a@b.com",
        "+65 9123 4567",
        "nine ",
        "double ",
        "8:30",
        "pm",
        "12.12.2012",
        "0/0/0",
        "31st of ",
        "February",
        "in 99999 weeks",
        "in 9999 months from now",
        " for ",
        " and I",
        "me, ",
        "my wife",
        "2 kids",
        "O-aB3dE9z",
        "Reference: ",
        "東京",
        "我叫",
        "陈伟明",
        "点",
        "\u{200b}",
        "\u{301}",
        "\u{0}",
        "\r\n",
        "👨‍👩‍👧",
        "Name: ",
        "Email:",
        "half past ",
        "to ",
        "quarter ",
        "a couple of",
        "yes",
        "stop",
        "human",
        "?",
        "...",
        "(((",
        "\"",
        "’",
        "１２",
        "٣",
        "½",
        "the second one",
        "option b",
        "$1,000.50k",
        "Mr. ",
    ]);
    let part = prop_oneof![3 => scraps.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 1 => "[a-zA-Z0-9 .,]{0,12}"];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_stands_in_the_text(text in hostile_text(), asked in 0..13_usize) {
        let form = Form::parse(WIDE_FORM).unwrap();
        let requested: Vec<String> = form.fields.get(asked).map(|field| field.key.clone()).into_iter().collect();
        let context = Context { form: &form, region: Region::SINGAPORE, timezone: &zone(), now: now(), language: None };
        let taken = read(&context, &text, &requested).taken;
        for value in &taken {
            prop_assert!(text.contains(&value.words) && !value.words.is_empty(), "{value:?}");
            prop_assert!(taken.iter().filter(|other| other.key == value.key).count() == 1, "{value:?} came twice");
        }
    }

    #[test]
    fn no_burst_upsets_a_conversation(bursts in prop::collection::vec(prop::collection::vec(hostile_text(), 0..4), 1..6)) {
        let form = Form::parse(WIDE_FORM).unwrap();
        let (mut state, mut known) = (State::default(), BTreeMap::new());
        for burst in bursts {
            let messages: Vec<_> = burst.into_iter().map(|text| Incoming::new(Message::Text(text), now())).collect();
            let turn = turn(&Input {
                form: &form, known: &known, channel_phone: None, state: &state, messages: &messages,
                region: Region::SINGAPORE, timezone: &zone(), may_reply: true, prefilled_greeting: Some("Hi"), help: None, discloses: false,
            });
            prop_assert!(turn.reply.as_deref() != Some(""));
            for taken in turn.changes {
                known.insert(taken.key.clone(), aurix::agent::Known::from(&taken));
            }
            state = serde_json::from_value(serde_json::to_value(&turn.state).unwrap()).unwrap();
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test is about how long reading takes")]
fn long_texts_are_cut_and_read_in_time() {
    let form = Form::parse(WIDE_FORM).unwrap();
    let context = Context { form: &form, region: Region::SINGAPORE, timezone: &zone(), now: now(), language: None };
    let _ = read(&context, "warm up", &[]);
    for scrap in [
        "a",
        "1 ",
        "for Vashti ",
        "nine ",
        "me and ",
        "@",
        "a.",
        "8:30 ",
        "not ",
        "((",
        "陈",
        "my name is ",
        "in 2 weeks ",
    ] {
        let text = scrap.repeat(100_000 / scrap.len());
        let start = Instant::now();
        for value in read(&context, &text, &["note".to_owned()]).taken {
            assert!(value.words.chars().count() <= aurix::agent::TEXT_CHARS_MAX);
        }
        // Generous for a debug build on a busy machine: what must not happen is that time grows with the text's square.
        assert!(start.elapsed() < Duration::from_secs(10), "{scrap:?} took {:?}", start.elapsed());
    }
}

#[test]
fn keys_that_are_not_in_the_form_do_no_harm() {
    let form = Form::parse(FORM).unwrap();
    let requested = ["nonsense".to_owned(), "people".to_owned(), String::new()];
    let line = try_line(&form, Region::SINGAPORE, &zone(), now(), "5", &requested);
    assert_eq!(line, serde_json::json!({"fields": {"people": "5"}, "values": {"people": "5"}}));
    assert_eq!(try_line(&form, Region::SINGAPORE, &zone(), now(), "", &[])["fields"], serde_json::json!({}));
}
