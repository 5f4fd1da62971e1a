//! What a turn has learned, as it is kept besides the lead: each new value with where it came from, and the words by which the lead is
//! found.

use std::collections::BTreeMap;

use super::load_turn::Turn;
use crate::agent::{self, Known, Source, Taken};
use crate::domain::form::{EMAIL, NAME, PHONE};
use crate::domain::ids::{LeadId, MessageId, ProjectId};
use crate::domain::lead::FieldSource;
use crate::domain::lead_words::LeadWords;
use crate::store::lead_fields::NewValue;
use crate::store::messages::Unread;

/// The values that are new, of what was known before a turn and is after it.
pub(super) fn new_values(
    turn: &Turn,
    lead: LeadId,
    output: &agent::Turn,
    (before, after): (&BTreeMap<String, Known>, &BTreeMap<String, Known>),
) -> Vec<NewValue> {
    let is_new = |(key, known): &(&String, &Known)| before.get(*key).is_none_or(|old| old.value != known.value);
    let value = |(key, known): (&String, &Known)| {
        let taken = output.changes.iter().find(|taken| taken.key == *key);
        NewValue {
            project: turn.leased.lease.project,
            lead,
            key: key.clone(),
            value: known.value.clone(),
            words: known.words.clone(),
            source: taken.map_or(FieldSource::Channel, source),
            message: taken.and_then(|taken| message_of(taken, &turn.unread)),
            user: None,
        }
    };
    after.iter().filter(is_new).map(value).collect()
}

fn source(taken: &Taken) -> FieldSource {
    match taken.source {
        Source::Words => FieldSource::Words,
        Source::Channel => FieldSource::Channel,
        Source::Contact => FieldSource::Contact,
        Source::Composed => FieldSource::Composed,
        Source::Model => FieldSource::Model,
    }
}

/// The message that a value stood in: of those of its time, the one that has its words.
fn message_of(taken: &Taken, unread: &[Unread]) -> Option<MessageId> {
    let at = taken.at?;
    let mut of_time = unread.iter().filter(|one| one.original_written_at.unwrap_or(one.written_at) == at);
    let has_words = |one: &&Unread| one.text.as_deref().is_some_and(|text| text.contains(&taken.words));
    of_time.clone().rfind(has_words).or_else(|| of_time.next_back()).map(|one| one.id)
}

/// The words by which a lead is found, of what is known of it.
pub(super) fn words(project: ProjectId, known: &BTreeMap<String, Known>) -> String {
    let mut words = LeadWords::default();
    for (key, known) in known {
        match key.as_str() {
            PHONE => words.add_phone(&known.value),
            EMAIL => words.add_text(&known.value),
            key if key == NAME || key.ends_with("name") => words.add_text(&known.value),
            _ => {}
        }
    }
    words.of(project)
}
