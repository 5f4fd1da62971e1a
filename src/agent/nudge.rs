//! The nudge: the question that is open, once more, to somebody who went silent. Once in a conversation.

use std::collections::BTreeMap;

use super::asking::SAME_WORDS_MAX;
use super::language;
use super::open_fields::half_missing;
use super::phrases::Phrases;
use super::state::{Known, State};
use super::turn::ASKS_MAX;
use crate::domain::form::Form;

/// What is said to somebody who went silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nudge {
    /// The state afterwards: there is no other nudge.
    pub state: State,
    /// The words.
    pub text: String,
    /// Where in the words the list of the question's options begins, in bytes: what shows them otherwise leaves it out.
    pub list_begins: Option<usize>,
}

/// The nudge of a conversation; `None` where none is due: nothing was asked, it is complete, a person looks after it, the person
/// refused or wrote "stop", the question came as often as it may, or there was a nudge before.
pub fn nudge(form: &Form, known: &BTreeMap<String, Known>, state: &State) -> Option<Nudge> {
    let is_open = state.paused.is_none() && !state.closed && !state.no_nudge && state.asked_act.is_none();
    let field = state.asked.as_deref().filter(|_| is_open).and_then(|key| form.field(key))?;
    let mut state = State { no_nudge: true, ..state.clone() };
    let phrases = Phrases::of(language::of_conversation(form, &state), form);
    let asks = state.asked_counts.entry(field.key.clone()).or_insert(0);
    *asks += 1;
    let asks = *asks;
    if asks > ASKS_MAX {
        return None;
    }
    let half = known.get(&field.key).and_then(|known| half_missing(form, field, &known.value));
    let offer = state.offered.as_ref().and_then(|doubt| doubt.offer.as_deref());
    let (question, options) = match (offer, half) {
        _ if !state.pending.is_empty() => (phrases.confirm(&state.pending), String::new()),
        (Some(offer), _) => (phrases.fill("meant", &[("{value}", offer)]), String::new()),
        (None, Some(half)) => (phrases.say(half).to_owned(), String::new()),
        (None, None) => (phrases.question(field, asks > SAME_WORDS_MAX), phrases.list(field)),
    };
    let mut text = format!("{} {question}", phrases.say("nudge"));
    let list_begins = (!options.is_empty()).then_some(text.len());
    text.push_str(&options);
    Some(Nudge { state, text, list_begins })
}
