//! What is said in a conversation, by whom, and how long after what was said before.

use super::calendar::{HOUR, SECOND};
use super::draw::Draw;
use super::person::Person;
use super::words::{CHAT, INTENTS};
use aurix::domain::form::Form;
use aurix::domain::lead::Handling;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The person.
    Person,
    /// The agent.
    Agent,
    /// Somebody of the business in the console: their place.
    Colleague(usize),
    /// Somebody of the business in the platform's app.
    App,
}

/// What is said.
#[derive(Clone, Debug)]
pub struct Line {
    /// By whom.
    pub who: Who,
    /// The words; empty: a picture.
    pub text: String,
    /// The field that it answers.
    pub answers: Option<&'static str>,
    /// Microseconds since the line before.
    pub after: i64,
}

/// How a conversation goes.
#[derive(Clone, Debug)]
pub struct Course {
    /// Questions that were answered.
    pub answered: usize,
    /// Who looks after it in the end.
    pub handling: Handling,
    /// The colleague who has taken it over, some time.
    pub colleague: Option<usize>,
    /// Pairs of lines after that.
    pub pairs: u64,
    /// Whether the person said the last word, to somebody who has taken over.
    pub is_open: bool,
    /// What the person came for.
    pub intent: Option<&'static str>,
}

/// What the form asks for besides the number, in its order.
pub const ASKED: [&str; 4] = ["name", "service", "preferred_day", "email"];
/// People who answer in the console: two of them are members.
const ANSWERING: [usize; 3] = [0, 2, 3];

impl Course {
    /// Draws one. `age` is how long ago it began.
    pub fn new(draw: &mut Draw, age: i64) -> Self {
        let answered = match draw.below(20) {
            0..=8 => ASKED.len(),
            9..=11 => 0,
            drawn => (drawn % 4) as usize,
        };
        let drawn = draw.below(10_000);
        let is_recent = age < 36 * HOUR;
        let handling = match drawn {
            0..=79 => Handling::Stopped,
            // Who waits is looked after within days.
            80..=479 if is_recent => Handling::Waiting,
            480..=1_279 if is_recent => Handling::With,
            80..=89 => Handling::Waiting,
            480..=499 => Handling::With,
            _ => Handling::Agent,
        };
        let was_helped = matches!(handling, Handling::With) || drawn >= 9_500;
        Self {
            answered: if handling == Handling::Stopped { answered.min(2) } else { answered },
            handling,
            colleague: was_helped.then(|| ANSWERING[draw.below(ANSWERING.len() as u64) as usize]),
            pairs: match draw.below(1000) {
                0 if was_helped => 150,
                1..=30 if was_helped => 12,
                _ => 1,
            },
            is_open: handling == Handling::With && draw.is_one_of_thousand(500),
            intent: draw.is_one_of_thousand(600).then(|| *draw.pick(&INTENTS)),
        }
    }

    /// The whole conversation. `opener` is what the widget prefilled.
    pub fn lines(&self, draw: &mut Draw, form: &Form, person: &Person, opener: Option<String>) -> Vec<Line> {
        let mut lines = vec![said(draw, Who::Person, opener.unwrap_or_else(|| "Hi! Are you open today?".to_owned()))];
        if let Some(intent) = self.intent {
            lines.push(said(draw, Who::Person, intent.to_owned()));
        }
        for asked in 0..=self.answered {
            let key = ASKED.get(asked).copied();
            let question = match key {
                Some(key) => form.field(key).map(|field| field.question.clone()).unwrap_or_default(),
                None => form.closing.clone(),
            };
            let question = if asked == 0 { format!("{}\n\n{question}", form.greeting) } else { question };
            lines.push(said(draw, Who::Agent, question));
            if asked < self.answered {
                let text = answer(draw, asked, person);
                lines.push(Line { answers: key, ..said(draw, Who::Person, text) });
            }
        }
        if self.handling == Handling::Stopped {
            lines.push(said(draw, Who::Person, "stop".to_owned()));
        }
        if self.handling == Handling::Waiting || self.colleague.is_some() {
            lines.push(said(draw, Who::Person, "Can I talk to a person, please?".to_owned()));
            lines.push(said(draw, Who::Agent, "Of course. Somebody of us writes to you here.".to_owned()));
        }
        if let Some(colleague) = self.colleague {
            self.help(draw, colleague, &mut lines);
        }
        lines
    }

    /// What follows once a colleague has taken over.
    fn help(&self, draw: &mut Draw, colleague: usize, lines: &mut Vec<Line>) {
        let is_in_app = draw.is_one_of_thousand(150);
        let who = if is_in_app { Who::App } else { Who::Colleague(colleague) };
        lines.push(said(draw, who, "Hello, this is Mei from the workshop. How can I help?".to_owned()));
        for _ in 0..self.pairs {
            let (theirs, ours) = draw.pick(&CHAT);
            let is_picture = draw.is_one_of_thousand(60);
            lines.push(said(draw, Who::Person, if is_picture { String::new() } else { (*theirs).to_owned() }));
            lines.push(said(draw, who, (*ours).to_owned()));
        }
        if self.is_open {
            lines.push(said(draw, Who::Person, CHAT[0].0.to_owned()));
        }
    }
}

fn said(draw: &mut Draw, who: Who, text: String) -> Line {
    let seconds = match who {
        Who::Person => draw.between(6, 120),
        Who::Agent => draw.between(2, 4),
        Who::Colleague(_) | Who::App => draw.between(40, 900),
    };
    // To the millisecond, as platforms tell it.
    Line { who, text, answers: None, after: seconds * SECOND + draw.between(0, 999) * 1_000 }
}

fn answer(draw: &mut Draw, asked: usize, person: &Person) -> String {
    match ASKED[asked] {
        "name" => match draw.below(3) {
            0 => format!("It's {}", person.name),
            _ => person.name.clone(),
        },
        "service" => (*draw.pick(&["Tune-up", "Wheel truing", "Bike fitting"])).to_owned(),
        "preferred_day" => format!("2026-12-{:02}", draw.between(1, 28)),
        _ => person.email.clone(),
    }
}
