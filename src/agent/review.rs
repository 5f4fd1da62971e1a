//! What is known, shown to the person: what they have changed, and, where there is reason to, all of it before the lead is complete.

use super::burst::Burst;
use super::reader::Source;
use super::state::Outcome;
use super::turn::TurnBuilder;
use crate::domain::form::{Field, FieldKind};

/// Changes that are confirmed one by one at most.
const CHANGED_MAX: usize = 3;
/// Times that a person is asked whether all is right.
const REVIEWS_MAX: u32 = 2;

impl TurnBuilder<'_> {
    /// Confirms what the person has changed, whether a model found it or not: with what it was and what it is.
    pub(super) fn say_changed(&mut self, burst: &Burst) {
        if burst.replaced.len() > CHANGED_MAX {
            return self.say(self.phrases.say("changed"));
        }
        for (key, old) in &burst.replaced {
            if let Some(taken) = burst.changes.get(key) {
                let changed = self.phrases.changed((key, old, &taken.value));
                self.say(&changed);
            }
        }
    }

    /// All that is required is known: completes the lead, or first asks whether it is right. Who was shown all of it agrees by a yes, by
    /// silence, and by changing something, which they are told; anything else is asked about once more, and then counts as well.
    pub(super) fn review_or_close(&mut self, burst: &Burst) -> Outcome {
        let (was_shown, is_open) = (self.state.reviews > 0, self.input.state.reviewing);
        let is_settled = burst.confirms == Some(true) || !burst.changes.is_empty() || !burst.anything;
        if was_shown && !is_settled && self.ask_what_to_change(burst).is_some() {
            return Outcome::None;
        }
        let is_due = if is_open { !is_settled } else { !was_shown && self.is_doubtful(burst) };
        if !is_due || self.state.reviews >= REVIEWS_MAX {
            return self.close(burst);
        }
        self.state.reviews += 1;
        self.state.asked = None;
        if burst.confirms == Some(false) {
            self.say(self.phrases.say("review_wrong"));
            return Outcome::None;
        }
        self.state.reviewing = true;
        self.say_changed(burst);
        self.answer_aside(burst);
        let lines: Vec<String> = self.phrases.lines(&burst.known).collect();
        let (shown, question) = (self.phrases.say("review"), self.phrases.say("review_right"));
        self.say(&format!("{shown}\n{}\n{question}", lines.join("\n")));
        Outcome::None
    }

    /// Asks about the change that a model found, or for the field that the person names.
    fn ask_what_to_change(&mut self, burst: &Burst) -> Option<()> {
        if self.ask_to_confirm().is_some() {
            return Some(());
        }
        let said = burst.rest.to_lowercase();
        let is_named = |field: &&Field| said.contains(&self.phrases.label(field).to_lowercase());
        let is_first = self.input.state.asked.is_none();
        let field = self.form().fields.iter().filter(|field| burst.known.contains_key(&field.key)).find(is_named);
        let field = field.filter(|_| is_first)?;
        self.question(field, false);
        self.state.asked = Some(field.key.clone());
        Some(())
    }

    /// Whether there is reason to show all: a value was corrected, found by a model, or kept in the person's words. What they have
    /// just said yes to is none.
    fn is_doubtful(&self, burst: &Burst) -> bool {
        let in_words = |field: &Field| burst.known.get(&field.key).is_some_and(|known| is_worded(field, &known.value));
        self.state.doubtful || !burst.replaced.is_empty() || self.form().fields.iter().any(in_words)
    }

    /// Notes for later turns that there is reason to show all.
    pub(super) fn note_doubt(&mut self, burst: &Burst) {
        let by_model = burst.changes.values().any(|taken| taken.source == Source::Model);
        self.state.doubtful |= by_model || !burst.replaced.is_empty();
    }
}

/// Whether a value is kept in the person's words, since nobody can be sure of what they mean.
fn is_worded(field: &Field, value: &str) -> bool {
    use jiff::civil::{Date, DateTime, Time};
    let is_time = || value.len() == 5 && value.parse::<Time>().is_ok();
    match field.kind {
        FieldKind::Date => value.parse::<Date>().is_err(),
        FieldKind::Time => !is_time(),
        // Where the form asks for the day in another field, it is a time.
        FieldKind::Datetime => value.parse::<DateTime>().is_err() && !is_time(),
        FieldKind::Number => value.parse::<f64>().is_err(),
        _ => false,
    }
}
