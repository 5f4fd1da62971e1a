//! Asks: for a field, about words that gave no value, in other words the third time.

use super::burst::Burst;
use super::open_fields::half_missing;
use super::reader::Doubt;
use super::turn::TurnBuilder;
use crate::domain::form::{Field, FieldKind};

/// Times that a question comes in the same words.
pub(super) const SAME_WORDS_MAX: u32 = 2;

impl TurnBuilder<'_> {
    /// Asks for a field; after two times in other words.
    pub(super) fn ask(&mut self, field: &Field, burst: &Burst, asks: u32) {
        let known = burst.known.get(&field.key);
        if let Some(half) = known.and_then(|known| half_missing(self.form(), field, &known.value)) {
            return self.say(self.phrases.say(half));
        }
        self.question(field, asks > SAME_WORDS_MAX);
    }

    pub(super) fn question(&mut self, field: &Field, again: bool) {
        let question = self.phrases.question(field, again);
        self.say(&question);
        self.list = self.phrases.list(field);
    }

    /// Offers back what was understood of words that gave no value, or asks what they mean.
    pub(super) fn ask_about(&mut self, field: &Field, doubt: Doubt, asks: u32) {
        if let Some(offer) = &doubt.offer {
            let question = self.phrases.fill("meant", &[("{value}", offer)]);
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
        let question = self.phrases.fill(sentence, &[("{words}", &doubt.words)]);
        self.say(&question);
        if sentence == "unclear" {
            self.question(field, true);
        }
    }
}
