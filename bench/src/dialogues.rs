//! Simulated people who talk with the built-in agent, in memory: each has a language, values, a style and perhaps a trouble, and talks with the agent until it is done. Their
//! wordings are their own, apart from the packs.

use std::collections::BTreeMap;

use aurix::agent::{Incoming, Input, Known, Message, Outcome, State, turn};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

const FORM: &str = r#"{"language":"LANGUAGE","fields":[{"key":"name","type":"name"},{"key":"email","type":"email"},{"key":"phone","type":"phone"},
    {"key":"when","type":"datetime","required":true},{"key":"people","type":"number","required":true}]}"#;
/// Fields of the form.
pub const FIELDS: usize = 5;
/// Turns after which somebody gives up.
const TURNS_MAX: usize = 24;
#[derive(Deserialize)]
struct Wordings {
    region: String,
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
enum Style {
    Terse,
    Talkative,
    AllAtOnce,
    TwoMessages,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Asks,
    Corrects,
    Chats,
    Shouts,
}

/// A person: what they say for each field, and what that means.
struct Person {
    language: String,
    style: Style,
    trouble: Trouble,
    says: BTreeMap<&'static str, String>,
    truth: BTreeMap<&'static str, String>,
    hello: String,
    aside: String,
    yes: String,
    fix: (String, String),
}

fn now() -> Timestamp {
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

fn person(seed: u64, all: &BTreeMap<String, Wordings>) -> Person {
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

/// What came of a dialogue.
#[derive(Default)]
struct Course {
    completed: bool,
    turns: usize,
    stored: usize,
    wrong: Vec<String>,
    asked_although_known: usize,
    lines: Vec<String>,
}

/// The dialogue of a person with the agent.
fn talk(person: &mut Person, region: Region) -> Course {
    let form = Form::parse(&FORM.replace("LANGUAGE", &person.language)).expect("a constant form is valid");
    let (mut state, mut known, mut course) = (State::default(), BTreeMap::<String, Known>::new(), Course::default());
    let mut troubled = false;
    while course.turns < TURNS_MAX {
        let words = next_words(person, &state, course.turns, &mut troubled);
        let texts = words.iter().map(|text| Incoming::new(Message::Text(text.clone()), now())).collect::<Vec<_>>();
        let (form, timezone) = (&form, &TimeZone::UTC);
        let decided = turn(&Input {
            form,
            known: &known,
            channel_phone: None,
            state: &state,
            messages: &texts,
            may_reply: true,
            region,
            timezone,
            prefilled_greeting: None,
        });
        course.turns += 1;
        course.lines.extend(words.into_iter().map(|line| format!("> {line}")));
        course.lines.extend(decided.reply.map(|line| format!("< {line}")));
        for taken in &decided.changes {
            known.insert(taken.key.clone(), Known::from(taken));
        }
        state = decided.state;
        let asks = state.asked.as_deref().filter(|_| decided.outcome == Outcome::None);
        course.asked_although_known +=
            usize::from(asks.is_some_and(|key| key != "when" && known.contains_key(key) && state.offered.is_none()));
        if decided.outcome != Outcome::None {
            course.completed = decided.outcome == Outcome::Completed;
            break;
        }
    }
    course.stored = known.len();
    for (key, known) in known {
        let is_right = person.truth.get(key.as_str()).is_some_and(|truth| *truth == known.value);
        if !is_right {
            course.wrong.push(format!(
                "{}: {key} = {:?}, not {:?}",
                person.language,
                known.value,
                person.truth.get(key.as_str())
            ));
        }
    }
    course
}

/// What a person writes next.
fn next_words(person: &mut Person, state: &State, turns: usize, troubled: &mut bool) -> Vec<String> {
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

/// What people came to.
pub struct Figures {
    /// People who talked.
    pub people: usize,
    /// Share of them whose lead became complete.
    pub completed: f64,
    /// Turns of half of the people, and of nine in ten, at most.
    pub turns: (usize, usize),
    /// Values that were stored.
    pub stored: usize,
    /// Those that are not what the person said: each with its dialogue.
    pub wrong: Vec<String>,
    /// Dialogues of people whose lead did not become complete.
    pub failed: Vec<String>,
    /// Questions for what was known.
    pub asked_although_known: usize,
    /// By language: people whose lead became complete, and all.
    pub by_language: BTreeMap<String, (usize, usize)>,
}

impl Figures {
    /// Share of the stored values that are wrong.
    pub fn wrong_share(&self) -> f64 {
        share(self.wrong.len(), self.stored)
    }

    /// The figures, a line each.
    pub fn lines(&self) -> [String; 2] {
        let (p50, p90) = self.turns;
        let languages = self.by_language.iter().map(|(language, (done, all))| format!("{language} {done}/{all}"));
        [
            format!(
                "agent, {} simulated people: completed {:.3}, turns p50 {p50} p90 {p90} for {FIELDS} fields, wrong values {:.2} % of {}, asked although known {}",
                self.people,
                self.completed,
                100.0 * self.wrong_share(),
                self.stored,
                self.asked_although_known
            ),
            format!(
                "agent, {} simulated people, completed by language: {}",
                self.people,
                languages.collect::<Vec<_>>().join(", ")
            ),
        ]
    }
}

fn share(part: usize, whole: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(part) / float(whole.max(1))
}

/// Lets so many people talk with the agent, each from a seed of its own.
pub fn simulate(count: u64) -> Figures {
    let all = wordings();
    let mut turns = Vec::new();
    let mut figures = Figures {
        people: 0,
        completed: 0.0,
        turns: (0, 0),
        stored: 0,
        wrong: vec![],
        failed: vec![],
        asked_although_known: 0,
        by_language: BTreeMap::new(),
    };
    for seed in 0..count {
        let mut person = person(seed, &all);
        let region = Region::parse(&all[&person.language].region).expect("the wordings have regions");
        let course = talk(&mut person, region);
        turns.push(course.turns);
        figures.stored += course.stored;
        figures.asked_although_known += course.asked_although_known;
        let score = figures.by_language.entry(person.language.clone()).or_default();
        score.0 += usize::from(course.completed);
        score.1 += 1;
        let dialogue = course.lines.join("\n");
        if !course.completed {
            figures.failed.push(format!("seed {seed}, {}:\n{dialogue}", person.language));
        }
        figures.wrong.extend(course.wrong.into_iter().map(|what| format!("seed {seed}, {what}\n{dialogue}")));
    }
    turns.sort_unstable();
    figures.people = turns.len();
    figures.completed = 1.0 - share(figures.failed.len(), turns.len());
    let at = |tenths: usize| turns.get(turns.len() * tenths / 10).copied().unwrap_or_default();
    figures.turns = (at(5), at(9));
    figures
}

/// The wordings of all languages.
fn wordings() -> BTreeMap<String, Wordings> {
    serde_json::from_str(include_str!("dialogues/wordings.json")).expect("the wordings are checked by a test")
}
