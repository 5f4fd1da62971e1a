//! The dialogue: what a burst of messages changes, and the one reply to it.

use super::burst::{Burst, read_burst};
use super::judge::{Judged, act_word, judge};
use super::model::Act;
use super::open_fields::OpenFields;
use super::pack::{Languages, packs};
use super::phrases::Phrases;
use super::state::{Input, Outcome, Paused, Pending, State, Turn};
use super::words::Command;
use crate::domain::form::{FieldKind, Form};
use crate::domain::generated_by::GeneratedBy;

/// Times a required field is asked for; then the conversation goes to a person.
pub const ASKS_MAX: u32 = 5;
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
    let phrases = Phrases::of(burst.language, input.form);
    let judged = input.help.map(|help| judge(input, help, &burst, asked.as_deref())).unwrap_or_default();
    let (state, by) = (input.state.clone(), GeneratedBy::BuiltIn);
    let (said, list) = (Vec::new(), String::new());
    let mut builder = TurnBuilder { input, state, phrases, said, list, judged, by, unanswered: None };
    builder.state.version = 1;
    builder.state.offered = None;
    builder.state.reviewing = false;
    builder.settle_confirmation(&burst);
    builder.keep_language(burst.language);
    builder.keep_intent(&mut burst);
    let outcome = builder.decide(&burst, asked.as_deref());
    builder.note_doubt(&burst);
    if [input.state.paused, builder.state.paused] == [Some(Paused::Stopped); 2] {
        burst.changes.retain(|_, taken| !is_said(taken));
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
    Turn {
        changes,
        intent: builder.state.intent.clone(),
        by: if reply.is_some() { builder.by } else { GeneratedBy::BuiltIn },
        unanswered: builder.unanswered,
        dropped: builder.judged.dropped,
        state: builder.state,
        reply,
        list_begins,
        outcome,
    }
}

/// Whether the person said a value themselves.
fn is_said(taken: &super::Taken) -> bool {
    matches!(taken.source, super::Source::Words | super::Source::Model)
}

/// The turn being decided.
pub(super) struct TurnBuilder<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) state: State,
    pub(super) phrases: Phrases<'a>,
    said: Vec<String>,
    /// The options of the question at the end.
    pub(super) list: String,
    /// What counts of a model's proposal.
    pub(super) judged: Judged,
    by: GeneratedBy,
    unanswered: Option<String>,
}

impl<'a> TurnBuilder<'a> {
    pub(super) fn form(&self) -> &'a Form {
        self.input.form
    }

    pub(super) fn say(&mut self, words: &str) {
        if !words.is_empty() {
            self.said.push(words.to_owned());
        }
    }

    /// What the person was asked to confirm is settled by whatever they say next. What they did not confirm is not shown again.
    fn settle_confirmation(&mut self, burst: &Burst) {
        if !burst.spoken {
            return;
        }
        let pending = std::mem::take(&mut self.state.pending);
        self.state.asked_act = None;
        if !pending.is_empty() && burst.confirms != Some(true) {
            self.state.refuted_times += 1;
            self.state.refuted.extend(pending.into_iter().map(|pending| pending.key));
        }
    }

    /// Answers the person's question, with what a model found for it in the project's own words; else says that a person will.
    pub(super) fn answer(&mut self, burst: &Burst, sentence: &str) {
        match self.judged.answer.take() {
            Some(answer) => {
                self.by = GeneratedBy::Model;
                self.say(&answer);
            }
            None => {
                if burst.asks || self.judged.asks {
                    self.unanswered = Some(burst.rest.clone()).filter(|question| !question.is_empty());
                }
                self.say(self.phrases.say(sentence));
            }
        }
    }

    /// Asks the person whether they want what a model took them to want, or whether what it found is right; `None` where there is
    /// nothing of that.
    pub(super) fn ask_to_confirm(&mut self) -> Option<()> {
        if let Some(act) = self.judged.act.take() {
            let word = act_word(act);
            self.say(self.phrases.say(if act == Act::Stop { "offer_stop" } else { "offer_human" }));
            self.state.acts_asked.push(word.clone());
            self.state.asked_act = Some(word);
            self.by = GeneratedBy::Model;
            return Some(());
        }
        let pending: Vec<Pending> = std::mem::take(&mut self.judged.pending);
        pending.first()?;
        let question = self.phrases.confirm(&pending);
        self.say(&question);
        self.state.pending = pending;
        self.by = GeneratedBy::Model;
        Some(())
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
            (_, Some(Command::Stop)) => return self.stop(burst),
            (Some(Paused::Stopped), Some(Command::Start)) => {
                self.state.paused = None;
                self.state.asked_counts.clear();
                self.say(self.phrases.say("welcome_back"));
            }
            (Some(Paused::Stopped), _) => return Outcome::None,
            (Some(Paused::HandedOver), _) => return self.complete_silently(burst),
            (None, Some(Command::Human)) => return self.hand_over("handed_over", burst),
            (None, _) if !self.input.may_reply => return self.complete_silently(burst),
            (None, _) if self.state.is_in_review() && (!burst.anything || !burst.changes.is_empty()) => {}
            (None, _) if !burst.spoken && !answers(burst, asked) => return self.complete_silently(burst),
            (None, _) => {}
        }
        if self.state.closed {
            self.after_closing(burst);
            return Outcome::None;
        }
        self.greet();
        if self.open(burst).missing().is_empty() && self.open(burst).offer().is_none() {
            return self.review_or_close(burst);
        }
        if !burst.anything {
            return Outcome::None;
        }
        self.react(burst, asked);
        self.ask_next(burst)
    }

    fn stop(&mut self, burst: &Burst) -> Outcome {
        if self.state.paused == Some(Paused::Stopped) {
            return Outcome::None;
        }
        self.state.paused = Some(Paused::Stopped);
        self.state.no_nudge = true;
        self.say(self.phrases.say("stopped"));
        if self.completes(burst) { Outcome::Completed } else { Outcome::Stopped }
    }

    /// Gives the conversation to a person, and names what the person has said, so that they know that nobody will ask again.
    fn hand_over(&mut self, sentence: &str, burst: &Burst) -> Outcome {
        self.state.paused = Some(Paused::HandedOver);
        self.state.no_nudge = true;
        self.said.clear();
        self.say(self.phrases.say(sentence));
        let said = burst.known.iter().filter(|(_, known)| known.at.is_some());
        let said = said.map(|(key, known)| (key.clone(), known.clone())).collect();
        let list: Vec<String> = self.phrases.lines(&said).take(NOTED_MAX).collect();
        if !list.is_empty() {
            let noted = self.phrases.say("noted").replace("{list}", &list.join(", "));
            self.say(&noted);
        }
        if self.completes(burst) { Outcome::Completed } else { Outcome::HandedOver }
    }

    /// There is no reply, but the lead can still become complete.
    fn complete_silently(&mut self, burst: &Burst) -> Outcome {
        if self.completes(burst) { Outcome::Completed } else { Outcome::None }
    }

    /// Whether the lead becomes complete, although it is not said: all that is required is known, for the first time.
    fn completes(&mut self, burst: &Burst) -> bool {
        let is_news = burst.anything || self.state.reviews > 0;
        let completes = is_news && !self.state.closed && self.open(burst).missing().is_empty();
        self.state.closed |= completes;
        completes
    }

    pub(super) fn close(&mut self, burst: &Burst) -> Outcome {
        self.state.closed = true;
        self.state.asked = None;
        self.say_changed(burst);
        self.answer_aside(burst);
        self.say(self.phrases.closing());
        Outcome::Completed
    }

    /// Answers what the person asks besides.
    pub(super) fn answer_aside(&mut self, burst: &Burst) {
        if burst.has_substance() && (burst.asks || self.judged.answer.is_some()) {
            self.answer(burst, "person_answers");
        }
    }

    /// Corrections are still taken; anything else gets one reply.
    fn after_closing(&mut self, burst: &Burst) {
        if !burst.replaced.is_empty() {
            self.say_changed(burst);
        } else if burst.changes.values().any(is_said) {
            self.say(self.phrases.say("changed"));
        } else if self.ask_to_confirm().is_some() {
        } else if burst.has_substance() && (self.judged.answer.is_some() || !self.state.returned) {
            self.state.returned = true;
            self.answer(burst, "will_return");
        }
    }

    fn greet(&mut self) {
        if !self.state.greeted {
            self.state.greeted = true;
            let greeting = self.phrases.greeting();
            self.say(greeting);
            if self.input.discloses {
                self.say(self.phrases.say("automated"));
            }
            if !greeting.is_empty() || self.input.discloses {
                self.say("\n");
            }
        }
    }

    /// Reacts to the last answer: thanks, confirms a change, or says what is wrong.
    fn react(&mut self, burst: &Burst, asked: Option<&str>) {
        let answered = answers(burst, asked);
        // "No email, my number is …": the question has its answer.
        self.state.declined.extend(asked.filter(|_| burst.instead).map(str::to_owned));
        let field = asked.and_then(|key| self.input.form.field(key)).filter(|_| !answered);
        if !burst.replaced.is_empty() {
            self.say_changed(burst);
        } else if answered
            || asked.is_some() && burst.changes.values().any(|taken| taken.source != super::Source::Channel)
        {
            self.say(self.phrases.say("thanks"));
        }
        if burst.wordless && !burst.has_substance() && burst.changes.is_empty() && asked.is_some() {
            return self.say(self.phrases.say("text_only"));
        }
        if self.judged.answer.is_some() && (self.judged.asks || burst.asks) {
            return self.answer(burst, "person_answers");
        }
        if !burst.has_substance() {
            return;
        }
        let finds = !self.judged.pending.is_empty() || self.judged.act.is_some();
        if let Some(field) = field.filter(|_| burst.changes.is_empty() && !burst.asks && !finds) {
            return self.explain(field, burst);
        }
        if burst.asks && field.is_some_and(|field| self.justify(field, burst)) {
            return;
        }
        if burst.asks || asked.is_some() && !answered && burst.changes.is_empty() && !finds {
            self.answer(burst, "person_answers");
        }
    }

    pub(super) fn open<'b>(&'b self, burst: &'b Burst) -> OpenFields<'b> {
        OpenFields { form: self.input.form, state: &self.state, burst }
    }

    fn ask_next(&mut self, burst: &Burst) -> Outcome {
        let offer = self.open(burst).offer().map(|(field, doubt)| (field.clone(), doubt.clone()));
        let next = self.open(burst).next().cloned();
        let Some(field) = offer.as_ref().map(|(field, _)| field.clone()).or(next) else {
            // What is missing was refused: nothing is left to ask for.
            return self.hand_over("handed_over", burst);
        };
        if offer.is_none() && self.ask_to_confirm().is_some() {
            // Whatever they say besides yes or no is read as if the next question had been asked: nothing changes but that.
            self.state.asked = Some(field.key);
            return Outcome::None;
        }
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
}

/// Whether the burst holds the value that was asked for.
fn answers(burst: &Burst, asked: Option<&str>) -> bool {
    asked.is_some_and(|key| burst.changes.contains_key(key))
}
