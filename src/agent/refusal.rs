//! What is said to whoever does not answer a question: the reason for it, then another way, then that a person takes over; or what is
//! wrong with their words.

use super::attempt::is_attempt;
use super::burst::Burst;
use super::turn::TurnBuilder;
use super::words::Words;
use crate::domain::form::Field;

impl TurnBuilder<'_> {
    /// Reacts to a message that did not answer the question: declined, invalid, or about something else.
    pub(super) fn explain(&mut self, field: &Field, burst: &Burst) {
        let rest: &Words<'_> = &burst.rest();
        let refuses = rest.is_refusal() || !field.required && rest.yes_no().is_some_and(|(_, yes)| !yes);
        let is_alternative = self.open(burst).alternative().is_some_and(|other| other.key == field.key);
        let knows_reason = is_alternative || self.state.explained.contains(&refused_mark(&field.key));
        self.state.no_nudge |= field.required && (refuses || self.judged.refuses);
        if (refuses || self.judged.refuses) && field.required && !knows_reason && !rest.has_none() {
            self.state.explained.push(refused_mark(&field.key));
            self.say(self.phrases.reason(field).unwrap_or_else(|| self.phrases.say("needed")));
        } else if refuses {
            self.decline(field, burst);
        } else if !is_attempt(field.kind, rest.text) {
            self.answer(burst, "person_answers");
        } else if !self.state.explained.contains(&field.key) {
            self.state.explained.push(field.key.clone());
            self.say(self.phrases.of_kind("wrong", field.kind));
        }
    }

    /// Says why a field is asked for to whoever asks that, where the form has a reason of its own.
    pub(super) fn justify(&mut self, field: &Field, burst: &Burst) -> bool {
        let Some(reason) = self.phrases.reason(field).filter(|_| burst.rest().asks_why()) else { return false };
        let mark = refused_mark(&field.key);
        if !self.state.explained.contains(&mark) {
            self.state.explained.push(mark);
            // An optional field is asked once; now they know what it is for.
            self.state.asked_counts.retain(|key, _| field.required || *key != field.key);
        }
        self.say(reason);
        true
    }

    /// Leaves a field out, and says that the other way to reach the person will do, where that is not known.
    fn decline(&mut self, field: &Field, burst: &Burst) {
        self.state.declined.push(field.key.clone());
        if !field.required {
            return;
        }
        let other = self.open(burst).alternative().map(|other| other.kind);
        self.say(other.map_or_else(|| self.phrases.say("ask_instead"), |kind| self.phrases.of_kind("instead", kind)));
    }
}

/// How a refusal that was answered with a reason is noted among the explained keys.
fn refused_mark(key: &str) -> String {
    format!("{key}?")
}
