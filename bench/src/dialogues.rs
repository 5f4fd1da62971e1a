//! Simulated people who talk with the agent, in memory, with a language model's help or without: each has a language, values, a style and perhaps a trouble, and talks with the agent until it is done. Their
//! wordings are their own, apart from the packs.

#[path = "dialogues/models.rs"]
pub mod models;
#[path = "dialogues/people.rs"]
mod people;

use std::collections::BTreeMap;

use aurix::agent::{Help, Incoming, Input, Known, Message, Outcome, Reason, Said, State, turn};
use aurix::domain::form::Form;
use aurix::domain::phone::Region;
use jiff::tz::TimeZone;

use people::{Person, next_words, now, person, wordings};

const FORM: &str = r#"{"language":"LANGUAGE","fields":[{"key":"name","type":"name"},{"key":"email","type":"email"},{"key":"phone","type":"phone"},
    {"key":"when","type":"datetime","required":true},{"key":"people","type":"number","required":true}]}"#;
/// Fields of the form.
pub const FIELDS: usize = 5;
/// Turns after which somebody gives up.
const TURNS_MAX: usize = 24;
/// What a model could know of a person: who reads it cheats.
pub struct Scene<'a> {
    /// What they say for each field.
    pub says: &'a BTreeMap<&'static str, String>,
    /// What that means.
    pub truth: &'a BTreeMap<&'static str, String>,
    /// What was said before.
    pub said: &'a [Said],
    /// How many turns there were before.
    pub turn: usize,
}

/// A language model, imaginary or not: its help with a turn.
pub trait Model {
    /// What it proposes, if anything.
    fn help(&mut self, input: &Input<'_>, scene: &Scene<'_>) -> Option<Help>;
}

/// The built-in agent alone.
pub struct NoModel;

impl Model for NoModel {
    fn help(&mut self, _: &Input<'_>, _: &Scene<'_>) -> Option<Help> {
        None
    }
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
    right: usize,
    invented: usize,
    dropped: BTreeMap<Reason, u32>,
}

/// The dialogue of a person with the agent.
fn talk(person: &mut Person, region: Region, model: &mut dyn Model) -> Course {
    let form = Form::parse(&FORM.replace("LANGUAGE", &person.language)).expect("a constant form is valid");
    let (mut state, mut known, mut course) = (State::default(), BTreeMap::<String, Known>::new(), Course::default());
    let (mut troubled, mut said) = (false, Vec::new());
    while course.turns < TURNS_MAX {
        let words = next_words(person, &state, course.turns, &mut troubled);
        let texts = words.iter().map(|text| Incoming::new(Message::Text(text.clone()), now())).collect::<Vec<_>>();
        let (form, timezone) = (&form, &TimeZone::UTC);
        let input = Input {
            form,
            known: &known,
            channel_phone: None,
            state: &state,
            messages: &texts,
            may_reply: true,
            region,
            timezone,
            prefilled_greeting: None,
            help: None,
            discloses: false,
        };
        let scene = Scene { says: &person.says, truth: &person.truth, said: &said, turn: course.turns };
        let help = model.help(&input, &scene);
        let decided = turn(&Input { help: help.as_ref(), ..input });
        course.turns += 1;
        decided.dropped.iter().for_each(|(reason, count)| *course.dropped.entry(*reason).or_insert(0) += count);
        let is_asking = decided.outcome != Outcome::None || decided.state.asked.is_some() || decided.state.reviewing;
        assert!(is_asking && decided.reply.is_some(), "no reply without the next question: {:?}", decided.reply);
        let spoken = words.iter().map(|text| Said { is_person: true, text: text.clone() });
        said.extend(spoken.chain(decided.reply.iter().map(|text| Said { is_person: false, text: text.clone() })));
        course.lines.extend(words.into_iter().map(|line| format!("> {line}")));
        course.lines.extend(decided.reply.map(|line| format!("< {line}")));
        for taken in &decided.changes {
            known.insert(taken.key.clone(), Known::from(taken));
        }
        state = decided.state;
        let asks = state.asked.as_deref().filter(|_| decided.outcome == Outcome::None);
        course.asked_although_known += usize::from(asks.is_some_and(|key| {
            key != "when" && known.contains_key(key) && state.offered.is_none() && state.pending.is_empty()
        }));
        if decided.outcome != Outcome::None {
            course.completed = decided.outcome == Outcome::Completed;
            break;
        }
    }
    course.stored = known.len();
    let spoken: String = said.iter().filter(|one| one.is_person).map(|one| one.text.to_lowercase() + "\n").collect();
    for (key, known) in known {
        course.invented += usize::from(!spoken.contains(&known.words.to_lowercase()));
        let is_right = person.truth.get(key.as_str()).is_some_and(|truth| *truth == known.value);
        course.right += usize::from(is_right);
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
    /// Values that are what the person said.
    pub right: usize,
    /// Values whose words the person never wrote.
    pub invented: usize,
    /// Turns of all people.
    pub all_turns: usize,
    /// What of the model's proposals did not count.
    pub dropped: BTreeMap<Reason, u32>,
    /// By language: people whose lead became complete, and all.
    pub by_language: BTreeMap<String, (usize, usize)>,
}

impl Figures {
    /// Share of the stored values that are wrong.
    pub fn wrong_share(&self) -> f64 {
        share(self.wrong.len(), self.stored)
    }

    /// The figures of a model beside those of the built-in agent alone.
    pub fn beside(&self, name: &str, alone: &Self) -> String {
        let dropped: Vec<_> =
            self.dropped.iter().map(|(reason, count)| format!("{} {count}", reason.as_str())).collect();
        format!(
            "agent, {} simulated people with the {name}: completed {:.3} (alone {:.3}), right values {} (alone {}), wrong {} (alone {}), \
             invented {}, turns {} (alone {}), dropped: {}",
            self.people,
            self.completed,
            alone.completed,
            self.right,
            alone.right,
            self.wrong.len(),
            alone.wrong.len(),
            self.invented,
            self.all_turns,
            alone.all_turns,
            if dropped.is_empty() { "none".to_owned() } else { dropped.join(", ") }
        )
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

/// Lets so many people talk with the built-in agent, each from a seed of its own.
pub fn simulate(count: u64) -> Figures {
    simulate_with(count, &mut NoModel)
}

/// Lets so many people talk with the agent and a model.
pub fn simulate_with(count: u64, model: &mut dyn Model) -> Figures {
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
        right: 0,
        invented: 0,
        all_turns: 0,
        dropped: BTreeMap::new(),
        by_language: BTreeMap::new(),
    };
    for seed in 0..count {
        let mut person = person(seed, &all);
        let region = Region::parse(&all[&person.language].region).expect("the wordings have regions");
        let course = talk(&mut person, region, model);
        turns.push(course.turns);
        figures.stored += course.stored;
        figures.right += course.right;
        figures.invented += course.invented;
        figures.all_turns += course.turns;
        course.dropped.iter().for_each(|(reason, count)| *figures.dropped.entry(*reason).or_insert(0) += count);
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
