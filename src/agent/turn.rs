//! The dialogue: what a burst of messages changes, and the one reply to it.

use super::burst::{Burst, is_part, read_burst};
use super::commands::Command;
use super::lexicon;
use super::numbers::digit;
use super::phrases::{self, Phrases};
use super::state::{Input, Outcome, Paused, State, Turn};
use crate::domain::form::{Field, FieldKind, NAME};

/// Times a required field is asked for; then the conversation goes to a person.
pub const ASKS_MAX: u32 = 5;
/// Times an optional field is asked for.
const OPTIONAL_ASKS_MAX: u32 = 1;
/// The key of the field that the intent fills, where a form has it.
const INTENT: &str = "intent";

/// Decides a turn. Pure: the same input gives the same turn.
///
/// After "stop" or a handover there is no reply, nor after the channel's window, nor to corrected words that answer no open question.
/// Values are still taken, but after "stop", so that the lead can become complete.
pub fn turn(input: &Input<'_>) -> Turn {
    let mut builder =
        TurnBuilder { input, state: input.state.clone(), phrases: phrases::of(&input.form.language), said: Vec::new() };
    builder.state.version = 1;
    let asked = input.state.asked.clone().filter(|_| input.state.paused.is_none());
    let mut burst = read_burst(input, asked.as_deref());
    builder.keep_intent(&mut burst);
    let outcome = builder.decide(&burst, asked.as_deref());
    if builder.state.paused == Some(Paused::Stopped) {
        burst.changes.retain(|_, taken| taken.source != super::Source::Words || outcome == Outcome::Stopped);
    }
    let place = |key: &str| input.form.fields.iter().position(|field| field.key == key);
    let mut changes: Vec<_> = burst.changes.into_values().collect();
    changes.sort_by_key(|taken| place(&taken.key));
    let says = input.may_reply && !builder.said.is_empty();
    let reply = says.then(|| builder.said.join(" ").replace(" \n", "\n").replace("\n ", "\n"));
    Turn { changes, intent: builder.state.intent.clone(), state: builder.state, reply, outcome }
}

/// The turn being decided.
struct TurnBuilder<'a> {
    input: &'a Input<'a>,
    state: State,
    phrases: &'static Phrases,
    said: Vec<String>,
}

impl TurnBuilder<'_> {
    fn say(&mut self, words: &str) {
        if !words.is_empty() {
            self.said.push(words.to_owned());
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
                self.say(self.phrases.welcome_back);
            }
            (Some(Paused::Stopped), _) => return Outcome::None,
            (Some(Paused::HandedOver), _) => return self.complete_silently(burst),
            (None, Some(Command::Human)) => return self.hand_over(self.phrases.handed_over),
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
        if self.missing(burst).is_empty() {
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
        self.say(self.phrases.stopped);
        Outcome::Stopped
    }

    fn hand_over(&mut self, words: &str) -> Outcome {
        self.state.paused = Some(Paused::HandedOver);
        self.said.clear();
        self.say(words);
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
            self.say(self.phrases.person_answers);
        }
        let closing = self.input.form.closing.clone();
        self.say(&closing);
        Outcome::Completed
    }

    /// Corrections are still taken; anything else gets one reply.
    fn after_closing(&mut self, burst: &Burst) {
        if burst.replaced || burst.changes.values().any(|taken| taken.source == super::Source::Words) {
            self.say(self.phrases.changed);
        } else if burst.has_substance() && !self.state.returned {
            self.state.returned = true;
            self.say(self.phrases.will_return);
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
            self.say(self.phrases.changed);
        } else if answered
            || asked.is_some() && burst.changes.values().any(|taken| taken.source != super::Source::Channel)
        {
            self.say(self.phrases.thanks);
        }
        if burst.wordless && !burst.has_substance() && burst.changes.is_empty() && asked.is_some() {
            return self.say(self.phrases.text_only);
        }
        if !burst.has_substance() {
            return;
        }
        if let Some(field) = field.filter(|_| burst.changes.is_empty() && !burst.asks) {
            return self.explain(field, &burst.rest);
        }
        if burst.asks || asked.is_some() && !answered && burst.changes.is_empty() {
            self.say(self.phrases.person_answers);
        }
    }

    /// Reacts to a message that did not answer the question: declined, invalid, or about something else.
    fn explain(&mut self, field: &Field, rest: &str) {
        if lexicon::is_refusal(rest) || !field.required && lexicon::yes_no(rest).is_some_and(|(_, yes)| !yes) {
            if field.required {
                self.say(self.phrases.needed);
            } else {
                self.state.declined.push(field.key.clone());
            }
        } else if !is_attempt(field.kind, rest) {
            self.say(self.phrases.person_answers);
        } else if !self.state.explained.contains(&field.key) {
            self.state.explained.push(field.key.clone());
            self.say(self.phrases.wrong(field.kind));
        }
    }

    /// Required fields without a value, in the form's order. A name whose parts are asked for is not asked for itself.
    fn missing(&self, burst: &Burst) -> Vec<&Field> {
        let fields = &self.input.form.fields;
        let has_parts =
            fields.iter().any(|field| field.kind == FieldKind::Name && field.required && is_part(&field.key));
        let is_missing = |field: &&Field| {
            field.required && !burst.known.contains_key(&field.key) && !(has_parts && field.key == NAME)
        };
        fields.iter().filter(is_missing).collect()
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
        let required = *missing.first()?;
        let optional = fields.iter().find(is_open);
        let optional_first = optional.filter(|optional| missing.len() == 1 || place(optional) < place(required));
        // An open question is repeated before an optional one is asked.
        let open = self.state.asked.as_deref() == Some(required.key.as_str());
        if open { Some(required) } else { optional_first.or(Some(required)) }
    }

    fn ask_next(&mut self, burst: &Burst) -> Outcome {
        let missing = self.missing(burst);
        let fields = &self.input.form.fields;
        let Some(field) = self.next(&missing, fields, burst).cloned() else { return Outcome::None };
        let asks = self.state.asked_counts.entry(field.key.clone()).or_insert(0);
        *asks += 1;
        if *asks > ASKS_MAX {
            return self.hand_over(self.phrases.given_up);
        }
        let question = self.phrases.question(&field);
        self.say(&question);
        self.state.asked = Some(field.key);
        Outcome::None
    }
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
        FieldKind::Phone => {
            digits >= 3 || words <= 2 || rest.split(' ').filter(|word| digit(word).is_some()).count() >= 3
        }
        FieldKind::Name => words <= 4,
        FieldKind::Number | FieldKind::Date | FieldKind::Datetime | FieldKind::Time => words <= 5 || digits > 0,
        FieldKind::Choice | FieldKind::YesNo => words <= 6,
        FieldKind::Text => false,
    }
}
