//! Simulated people: what each says for every field, what that means, and what they write next.

use std::collections::BTreeMap;

use aurix::agent::State;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

#[derive(Deserialize)]
/// How people say things in a language.
pub struct Wordings {
    pub region: String,
    names: Vec<String>,
    phones: Vec<String>,
    hello: Vec<String>,
    name: Vec<String>,
    email: Vec<String>,
    phone: Vec<String>,
    people: Vec<String>,
    when: Vec<String>,
    days: Vec<String>,
    weekdays: Vec<String>,
    date: Vec<String>,
    months: Vec<String>,
    time: Vec<String>,
    question: Vec<String>,
    fix: Vec<String>,
    chat: Vec<String>,
    yes: String,
}

/// Numbers that look drawn, and are the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    fn pick<'a>(&mut self, list: &'a [String]) -> &'a str {
        &list[self.below(list.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
/// How somebody writes.
pub enum Style {
    Terse,
    Talkative,
    AllAtOnce,
    TwoMessages,
}

#[derive(Clone, Copy, PartialEq, Eq)]
/// What somebody does besides answering.
pub enum Trouble {
    None,
    Asks,
    Corrects,
    Chats,
    Shouts,
}

/// A person: what they say for each field, and what that means.
pub struct Person {
    pub language: String,
    pub style: Style,
    pub trouble: Trouble,
    pub says: BTreeMap<&'static str, String>,
    pub truth: BTreeMap<&'static str, String>,
    hello: String,
    aside: String,
    yes: String,
    fix: (String, String),
}

/// When they talk.
pub fn now() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().expect("a constant time is well-formed")
}

fn today() -> Date {
    now().to_zoned(TimeZone::UTC).date()
}

/// So many days from today.
fn ahead(days: usize) -> Date {
    let span = jiff::Span::new().days(i64::try_from(days).unwrap_or_default());
    today().checked_add(span).expect("the days are few")
}

/// A day in words, and the day.
fn day(draw: &mut Draw, wordings: &Wordings) -> (String, Date) {
    match draw.below(3) {
        0 => {
            let place = draw.below(2);
            (wordings.days[place].clone(), ahead(place + 1))
        }
        1 => {
            let date = ahead(1 + draw.below(6));
            (wordings.weekdays[index(date.weekday().to_monday_zero_offset())].clone(), date)
        }
        _ => {
            // "the 4th", but "the 2nd": the wordings have one ending.
            let within = i8::try_from(draw.below(16)).unwrap_or_default();
            let date = ahead(20 + draw.below(300)).with().day(4 + within).build().expect("every month has these days");
            let month = &wordings.months[index(date.month()) - 1];
            let text = draw.pick(&wordings.date).replace("{d}", &date.day().to_string());
            (text.replace("{m}", month).replace("{M}", &date.month().to_string()), date)
        }
    }
}

fn index(place: i8) -> usize {
    usize::try_from(place).unwrap_or_default()
}

/// Somebody, from a seed of their own.
pub fn person(seed: u64, all: &BTreeMap<String, Wordings>) -> Person {
    let mut draw = Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
    draw.below(2);
    let language = all.keys().nth(draw.below(all.len())).expect("there are languages").clone();
    let wordings = &all[&language];
    let style = [Style::Terse, Style::Talkative, Style::AllAtOnce, Style::TwoMessages][draw.below(4)];
    let trouble = [Trouble::None, Trouble::Asks, Trouble::Corrects, Trouble::Chats, Trouble::Shouts][draw.below(5)];
    let (name, phone) = (draw.pick(&wordings.names).to_owned(), draw.pick(&wordings.phones).to_owned());
    let email = format!("guest{}@example.org", draw.below(1_000));
    let (count, later) = (2 + draw.below(9), 2 + draw.below(9));
    let (day_words, date) = day(&mut draw, wordings);
    let hour = 6 + draw.below(4);
    let time = draw.pick(&wordings.time).replace("{h}", &hour.to_string());
    let when = draw.pick(&wordings.when).replace("{day}", &day_words).replace("{time}", &time);
    let mut say = |templates: &[String], slot: &str, value: &str| {
        // Somebody terse says the value alone.
        let template = if style == Style::Terse { &templates[0] } else { draw.pick(templates) };
        template.replace(slot, value)
    };
    let says = BTreeMap::from([
        ("name", say(&wordings.name, "{v}", &name)),
        ("email", say(&wordings.email, "{v}", &email)),
        ("phone", say(&wordings.phone, "{v}", &phone)),
        ("when", when),
        ("people", say(&wordings.people, "{n}", &count.to_string())),
    ]);
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let truth = BTreeMap::from([
        ("name", name),
        ("email", email),
        ("phone", format!("+{digits}")),
        ("when", format!("{date}T{}:00", hour + 12)),
        ("people", count.to_string()),
    ]);
    let fix = (draw.pick(&wordings.fix).replace("{n}", &later.to_string()), later.to_string());
    let aside = if trouble == Trouble::Asks { draw.pick(&wordings.question) } else { draw.pick(&wordings.chat) };
    let (aside, hello) = (aside.to_owned(), draw.pick(&wordings.hello).to_owned());
    Person { language, style, trouble, says, truth, hello, aside, yes: wordings.yes.clone(), fix }
}

/// What a person writes next.
pub fn next_words(person: &mut Person, state: &State, turns: usize, troubled: &mut bool) -> Vec<String> {
    if turns == 0 {
        return match person.style {
            Style::AllAtOnce => {
                let order = ["name", "people", "when", "email", "phone"];
                vec![format!("{} {}", person.hello, order.map(|key| person.says[key].clone()).join(", "))]
            }
            _ => vec![person.hello.clone()],
        };
    }
    let shows_trouble = !*troubled && turns >= 2;
    *troubled |= shows_trouble;
    let asked = state.asked.as_deref().unwrap_or("name");
    let offer = state.offered.as_ref().and_then(|doubt| doubt.offer.as_deref());
    if offer.is_some() && offer == person.truth.get(asked).map(String::as_str) {
        return vec![person.yes.clone()];
    }
    let is_true = |one: &aurix::agent::Pending| person.truth.get(one.key.as_str()) == Some(&one.value);
    if !state.pending.is_empty() && state.pending.iter().all(is_true) {
        return vec![person.yes.clone()];
    }
    if state.reviewing {
        return vec![person.yes.clone()];
    }
    let answer = person.says.get(asked).cloned().unwrap_or_default();
    if !shows_trouble {
        return match person.style {
            Style::TwoMessages => vec![person.hello.clone(), answer],
            _ => vec![answer],
        };
    }
    match person.trouble {
        Trouble::None => vec![answer],
        Trouble::Asks => vec![person.aside.clone()],
        Trouble::Chats => vec![answer, person.aside.clone()],
        Trouble::Shouts if asked != "name" => vec![answer.to_uppercase()],
        Trouble::Shouts => vec![answer],
        Trouble::Corrects => {
            person.truth.insert("people", person.fix.1.clone());
            person.says.insert("people", person.fix.1.clone());
            vec![answer, person.fix.0.clone()]
        }
    }
}

/// The wordings of all languages.
pub fn wordings() -> BTreeMap<String, Wordings> {
    serde_json::from_str(include_str!("wordings.json")).expect("the wordings are checked by a test")
}
