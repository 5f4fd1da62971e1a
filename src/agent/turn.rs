//! The dialogue: what a burst of messages changes, and the one reply to it.

use super::burst::{Burst, is_part, read_burst};
use super::pack::{Languages, packs};
use super::phrases::{Phrases, list};
use super::reader::Doubt;
use super::state::{Input, Outcome, Paused, State, Turn};
use super::when::is_clock;
use super::words::{Command, Words};
use crate::domain::form::{Field, FieldKind, NAME};

/// Times a required field is asked for; then the conversation goes to a person.
pub const ASKS_MAX: u32 = 5;
/// Times that a question comes in the same words.
const SAME_WORDS_MAX: u32 = 2;
/// Times an optional field is asked for.
const OPTIONAL_ASKS_MAX: u32 = 1;
/// The key of the field that the intent fills, where a form has it.
const INTENT: &str = "intent";
/// Values that a hand-over names at most.
const NOTED_MAX: usize = 12;

/// Decides a turn. Pure: the same input gives the same turn.
///
/// After "stop" or a handover there is no reply, nor after the channel's window, nor to corrected words that answer no open question.
/// Values are still taken, but after "stop", so that the lead can become complete.
pub fn turn(input: &Input<'_>) -> Turn {
    let asked = input.state.asked.clone().filter(|_| input.state.paused.is_none());
    let mut burst = read_burst(input, asked.as_deref());
    let phrases = Phrases::of(burst.language);
    let mut builder = TurnBuilder { input, state: input.state.clone(), phrases, said: Vec::new(), list: String::new() };
    builder.state.version = 1;
    builder.state.offered = None;
    builder.keep_language(burst.language);
    builder.keep_intent(&mut burst);
    let outcome = builder.decide(&burst, asked.as_deref());
    if builder.state.paused == Some(Paused::Stopped) {
        burst.changes.retain(|_, taken| taken.source != super::Source::Words || outcome == Outcome::Stopped);
    }
    let place = |key: &str| input.form.fields.iter().position(|field| field.key == key);
    let mut changes: Vec<_> = burst.changes.into_values().collect();
    changes.sort_by_key(|taken| place(&taken.key));
    let says = input.may_reply && !builder.said.is_empty();
    let mut reply = says.then(|| builder.said.join(" ").replace(" \n", "\n").replace("\n ", "\n"));
    let list_begins = reply.as_mut().filter(|_| !builder.list.is_empty()).map(|reply| {
        let begins = reply.len();
        reply.push_str(&builder.list);
        begins
    });
    Turn { changes, intent: builder.state.intent.clone(), state: builder.state, reply, list_begins, outcome }
}

/// The turn being decided.
struct TurnBuilder<'a> {
    input: &'a Input<'a>,
    state: State,
    phrases: Phrases,
    said: Vec<String>,
    /// The options of the question at the end.
    list: String,
}

impl TurnBuilder<'_> {
    fn say(&mut self, words: &str) {
        if !words.is_empty() {
            self.said.push(words.to_owned());
        }
    }

    /// Stores the language of the conversation where it is not the form's.
    fn keep_language(&mut self, place: usize) {
        let of_form = Languages::of_tag(&self.input.form.language);
        self.state.language = (of_form != Some(place)).then(|| packs()[place].about.code.clone());
        if of_form.is_none() && place == 0 {
            self.state.language = None;
        }
    }

    /// Stores the intent, and fills the field of that name.
    fn keep_intent(&mut self, burst: &mut Burst) {
        if self.state.paused.is_some() {
            return;
        }
        if let Some(intent) = burst.intent.take() {
            let is_field = self.input.form.field(INTENT).is_some_and(|field| field.kind == FieldKind::Text);
            if is_field && !burst.known.contains_key(INTENT) {
                let taken = super::Taken {
                    key: INTENT.to_owned(),
                    words: intent.clone(),
                    value: intent.clone(),
                    source: super::Source::Words,
                    at: self.input.messages.last().map(|newest| newest.at),
                };
                burst.known.insert(INTENT.to_owned(), super::Known::from(&taken));
                burst.changes.insert(INTENT.to_owned(), taken);
            }
            self.state.intent = Some(intent);
        }
        if let Some(answer) = burst.changes.get(INTENT) {
            self.state.intent = Some(answer.value.clone());
        }
    }

    fn decide(&mut self, burst: &Burst, asked: Option<&str>) -> Outcome {
        match (self.state.paused, burst.command) {
            (_, Some(Command::Stop)) => return self.stop(),
            (Some(Paused::Stopped), Some(Command::Start)) => {
                self.state.paused = None;
                self.state.asked_counts.clear();
                self.say(self.phrases.say("welcome_back"));
            }
            (Some(Paused::Stopped), _) => return Outcome::None,
            (Some(Paused::HandedOver), _) => return self.complete_silently(burst),
            (None, Some(Command::Human)) => return self.hand_over("handed_over", burst),
            (None, _) if !self.input.may_reply || !burst.spoken && !answers(burst, asked) => {
                return self.complete_silently(burst);
            }
            (None, _) => {}
        }
        if !burst.anything {
            return Outcome::None;
        }
        if self.state.closed {
            self.after_closing(burst);
            return Outcome::None;
        }
        self.greet();
        if self.missing(burst).is_empty() && self.offer(burst).is_none() {
            return self.close(burst);
        }
        self.react(burst, asked);
        self.ask_next(burst)
    }

    fn stop(&mut self) -> Outcome {
        if self.state.paused == Some(Paused::Stopped) {
            return Outcome::None;
        }
        self.state.paused = Some(Paused::Stopped);
        self.say(self.phrases.say("stopped"));
        Outcome::Stopped
    }

    /// Gives the conversation to a person. Giving up names what is known, so that nobody has to ask again.
    fn hand_over(&mut self, sentence: &str, burst: &Burst) -> Outcome {
        self.state.paused = Some(Paused::HandedOver);
        self.said.clear();
        self.say(self.phrases.say(sentence));
        let of_words = |field: &&Field| burst.known.get(&field.key).is_some_and(|known| known.at.is_some());
        let known = self.input.form.fields.iter().filter(of_words).take(NOTED_MAX);
        let list: Vec<&str> = known.filter_map(|field| Some(burst.known.get(&field.key)?.value.as_str())).collect();
        if sentence == "given_up" && !list.is_empty() {
            let noted = self.phrases.fill("noted", "{list}", &list.join(", "));
            self.say(&noted);
        }
        Outcome::HandedOver
    }

    /// There is no reply, but the lead can still become complete.
    fn complete_silently(&mut self, burst: &Burst) -> Outcome {
        if self.state.closed || !self.missing(burst).is_empty() || !burst.anything {
            return Outcome::None;
        }
        self.state.closed = true;
        Outcome::Completed
    }

    fn close(&mut self, burst: &Burst) -> Outcome {
        self.state.closed = true;
        self.state.asked = None;
        if burst.asks && burst.has_substance() {
            self.say(self.phrases.say("person_answers"));
        }
        let closing = self.input.form.closing.clone();
        self.say(&closing);
        Outcome::Completed
    }

    /// Corrections are still taken; anything else gets one reply.
    fn after_closing(&mut self, burst: &Burst) {
        if burst.replaced || burst.changes.values().any(|taken| taken.source == super::Source::Words) {
            self.say(self.phrases.say("changed"));
        } else if burst.has_substance() && !self.state.returned {
            self.state.returned = true;
            self.say(self.phrases.say("will_return"));
        }
    }

    fn greet(&mut self) {
        if !self.state.greeted {
            self.state.greeted = true;
            let greeting = self.input.form.greeting.clone();
            self.say(&greeting);
            if !greeting.is_empty() {
                self.say("\n");
            }
        }
    }

    /// Reacts to the last answer: thanks, confirms a change, or says what is wrong.
    fn react(&mut self, burst: &Burst, asked: Option<&str>) {
        let answered = answers(burst, asked);
        let field = asked.and_then(|key| self.input.form.field(key)).filter(|_| !answered);
        if burst.replaced {
            self.say(self.phrases.say("changed"));
        } else if answered
            || asked.is_some() && burst.changes.values().any(|taken| taken.source != super::Source::Channel)
        {
            self.say(self.phrases.say("thanks"));
        }
        if burst.wordless && !burst.has_substance() && burst.changes.is_empty() && asked.is_some() {
            return self.say(self.phrases.say("text_only"));
        }
        if !burst.has_substance() {
            return;
        }
        if let Some(field) = field.filter(|_| burst.changes.is_empty() && !burst.asks) {
            return self.explain(field, &burst.rest());
        }
        if burst.asks || asked.is_some() && !answered && burst.changes.is_empty() {
            self.say(self.phrases.say("person_answers"));
        }
    }

    /// Reacts to a message that did not answer the question: declined, invalid, or about something else.
    fn explain(&mut self, field: &Field, rest: &Words<'_>) {
        let refuses = rest.is_refusal() || !field.required && rest.yes_no().is_some_and(|(_, yes)| !yes);
        let is_repeated = self.state.explained.contains(&refused_mark(&field.key));
        if refuses && field.required && !is_repeated && !rest.has_none() {
            self.state.explained.push(refused_mark(&field.key));
            self.say(self.phrases.say("needed"));
        } else if refuses {
            self.state.declined.push(field.key.clone());
            if field.required {
                self.say(self.phrases.say("ask_instead"));
            }
        } else if !is_attempt(field.kind, rest.text) {
            self.say(self.phrases.say("person_answers"));
        } else if !self.state.explained.contains(&field.key) {
            self.state.explained.push(field.key.clone());
            self.say(self.phrases.of_kind("wrong", field.kind));
        }
    }

    /// Required fields without a value, in the form's order. A name whose parts are asked for is not asked for itself.
    fn missing(&self, burst: &Burst) -> Vec<&Field> {
        let fields = &self.input.form.fields;
        let has_parts =
            fields.iter().any(|field| field.kind == FieldKind::Name && field.required && is_part(&field.key));
        let is_missing = |field: &&Field| {
            let is_open = match burst.known.get(&field.key) {
                Some(known) => self.half_missing(field, &known.value).is_some(),
                None => true,
            };
            field.required && is_open && !(has_parts && field.key == NAME)
        };
        fields.iter().filter(is_missing).collect()
    }

    /// What a day without a time, or a time without a day, still lacks: the name of the question for it.
    fn half_missing(&self, field: &Field, value: &str) -> Option<&'static str> {
        let has_days = self.input.form.fields.iter().any(|other| other.kind == FieldKind::Date);
        if field.kind != FieldKind::Datetime || has_days && is_clock(field) {
            return None;
        }
        let is_day = value.parse::<jiff::civil::Date>().is_ok() && !value.contains('T');
        let is_time = value.len() == 5 && value.as_bytes()[2] == b':';
        if is_day { Some("which_time") } else { is_time.then_some("which_day") }
    }

    /// The next field to ask for: required ones in the form's order; optional ones with a question of their own once, in the
    /// form's order, at the latest before the last required one, since that completes the lead.
    fn next<'a>(&self, missing: &[&'a Field], fields: &'a [Field], burst: &Burst) -> Option<&'a Field> {
        let asks = |field: &Field| self.state.asked_counts.get(&field.key).copied().unwrap_or(0);
        let is_open = |field: &&Field| {
            !field.required
                && field.has_own_question()
                && asks(field) < OPTIONAL_ASKS_MAX
                && !burst.known.contains_key(&field.key)
                && !self.state.declined.contains(&field.key)
        };
        let place = |field: &Field| fields.iter().position(|other| other.key == field.key);
        let required = *missing.iter().find(|field| !self.state.declined.contains(&field.key))?;
        let optional = fields.iter().find(is_open);
        let optional_first = optional.filter(|optional| missing.len() == 1 || place(optional) < place(required));
        // An open question is repeated before an optional one is asked.
        let open = self.state.asked.as_deref() == Some(required.key.as_str());
        if open { Some(required) } else { optional_first.or(Some(required)) }
    }

    /// Words that gave no value, for a field that is still open: the one that was asked for, else the first one.
    fn offer<'b>(&self, burst: &'b Burst) -> Option<(&Field, &'b Doubt)> {
        let asked = burst.doubts.iter().find(|doubt| Some(doubt.key.as_str()) == self.state.asked.as_deref());
        let doubt = asked.or(burst.doubts.first())?;
        let field = self.input.form.field(&doubt.key)?;
        let is_open = !burst.changes.contains_key(&doubt.key) && !self.state.declined.contains(&doubt.key);
        is_open.then_some((field, doubt))
    }

    fn ask_next(&mut self, burst: &Burst) -> Outcome {
        let offer = self.offer(burst).map(|(field, doubt)| (field.clone(), doubt.clone()));
        let missing = self.missing(burst);
        let next = self.next(&missing, &self.input.form.fields, burst).cloned();
        let Some(field) = offer.as_ref().map(|(field, _)| field.clone()).or(next) else {
            return self.hand_over("given_up", burst);
        };
        let asks = self.state.asked_counts.entry(field.key.clone()).or_insert(0);
        *asks += 1;
        let asks = *asks;
        if asks > ASKS_MAX {
            return self.hand_over("given_up", burst);
        }
        match offer {
            Some((field, doubt)) => self.ask_about(&field, doubt, asks),
            None => self.ask(&field, burst, asks),
        }
        self.state.asked = Some(field.key);
        Outcome::None
    }

    /// Asks for a field; after two times in other words.
    fn ask(&mut self, field: &Field, burst: &Burst, asks: u32) {
        let known = burst.known.get(&field.key);
        if let Some(half) = known.and_then(|known| self.half_missing(field, &known.value)) {
            return self.say(self.phrases.say(half));
        }
        self.question(field, asks > SAME_WORDS_MAX);
    }

    fn question(&mut self, field: &Field, again: bool) {
        let question = self.phrases.question(field, again);
        self.say(&question);
        self.list = list(field);
    }

    /// Offers back what was understood of words that gave no value, or asks what they mean.
    fn ask_about(&mut self, field: &Field, doubt: Doubt, asks: u32) {
        if let Some(offer) = &doubt.offer {
            let question = self.phrases.fill("meant", "{value}", offer);
            self.say(&question);
            self.state.offered = Some(doubt);
            return;
        }
        let sentence = match field.kind {
            FieldKind::Date | FieldKind::Datetime => "unclear_date",
            FieldKind::Time => "unclear_time",
            FieldKind::Email | FieldKind::Phone => {
                if !self.state.explained.contains(&field.key) {
                    self.state.explained.push(field.key.clone());
                    self.say(self.phrases.of_kind("wrong", field.kind));
                }
                return self.question(field, asks > SAME_WORDS_MAX);
            }
            _ => "unclear",
        };
        let question = self.phrases.fill(sentence, "{words}", &doubt.words);
        self.say(&question);
        if sentence == "unclear" {
            self.question(field, true);
        }
    }
}

/// How a refusal that was answered with a reason is noted among the explained keys.
fn refused_mark(key: &str) -> String {
    format!("{key}?")
}

/// Whether the burst holds the value that was asked for.
fn answers(burst: &Burst, asked: Option<&str>) -> bool {
    asked.is_some_and(|key| burst.changes.contains_key(key))
}

/// Whether a text looks like an attempt to answer a question of that type.
fn is_attempt(kind: FieldKind, rest: &str) -> bool {
    let words = rest.split_whitespace().count();
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    match kind {
        FieldKind::Email => rest.contains(['@', '＠']) || words <= 2 || rest.contains(" dot ") || rest.contains(".com"),
        FieldKind::Phone => digits >= 3 || words <= 2,
        FieldKind::Name => words <= 4,
        FieldKind::Number | FieldKind::Date | FieldKind::Datetime | FieldKind::Time => words <= 5 || digits > 0,
        FieldKind::Choice | FieldKind::YesNo => words <= 6,
        FieldKind::Text => false,
    }
}
