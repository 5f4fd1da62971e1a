//! Which languages a text is read in: by its script and the packs' own words, and what the conversation was in so far.

use super::fold::{Folded, Kind, Raw};
use super::lexicon::lexicon;
use super::pack::{Languages, Script, packs};
use super::state::State;
use crate::domain::form::Form;

/// How much more a language has to know than the one before it, to be the only one.
const CLEAR_LEAD: f32 = 1.5;
/// Words that have to speak for a language, to be the only one.
const CLEAR_WORDS: f32 = 1.8;
/// Share of the best language's votes with which another one is read as well.
const CLOSE_SHARE: f32 = 0.45;
/// Words of a clause that changes the language of a conversation, at least.
const CLAUSE_WORDS: usize = 3;

/// The languages to read a text in, after `prior`.
pub(super) fn of_text(folded: &Folded, parts: &[Raw], prior: &str) -> Languages {
    let prior = Languages::of_tag(prior).unwrap_or(0);
    let votes = votes(folded, parts);
    let Some((place, score, runner_up)) = best(&votes).filter(|(place, ..)| *place != prior) else {
        return family(prior);
    };
    if score >= CLEAR_WORDS && score >= CLEAR_LEAD * runner_up.max(votes[prior]) {
        return family(place);
    }
    let close = votes.iter().enumerate().filter(|(_, vote)| **vote >= score * CLOSE_SHARE);
    close.fold(family(prior), |all, (place, _)| all.with(family(place)))
}

/// The language that a whole clause changes the conversation to; `None` for a name, a number, or words of several languages.
pub(super) fn change(folded: &Folded, parts: &[Raw], current: usize) -> Option<usize> {
    let words = parts.iter().filter(|part| part.kind == Kind::Word).count()
        + parts.iter().filter(|part| part.kind == Kind::Ideograph).count() / 2;
    let votes = votes(folded, parts);
    let (place, score, runner_up) = best(&votes)?;
    let same_family =
        packs()[place].about.family == packs()[current].about.family && !packs()[current].about.family.is_empty();
    let is_clear = score >= CLEAR_WORDS && score >= CLEAR_LEAD * runner_up.max(votes[current]);
    (words >= CLAUSE_WORDS && is_clear && place != current && !same_family).then_some(place)
}

/// The language that a conversation is in: what it changed to, where the form follows, else the form's.
pub(super) fn of_conversation(form: &Form, state: &State) -> usize {
    let changed = state.language.as_deref().filter(|_| form.follow_language).and_then(Languages::of_tag);
    changed.or_else(|| Languages::of_tag(&form.language)).unwrap_or(0)
}

/// A language with those that count as one with it.
pub(super) fn relatives(place: usize) -> Languages {
    family(place)
}

fn family(place: usize) -> Languages {
    let name = &packs()[place].about.family;
    let of_family = packs().iter().enumerate().filter(|(_, pack)| !name.is_empty() && pack.about.family == *name);
    of_family.fold(Languages::one(place), |all, (place, _)| all.with(Languages::one(place)))
}

/// How much speaks for each language: its words, more where few others have them.
fn votes(folded: &Folded, parts: &[Raw]) -> Vec<f32> {
    let count = packs().len() - 1;
    let mut votes = vec![0.0; count];
    let mut at = 0;
    while at < parts.len() {
        let part = parts[at];
        if !part.is_word() || part.kind == Kind::Digits {
            at += 1;
            continue;
        }
        let found = lexicon().longest(folded, &parts[at..], Languages::all());
        let senses = found.map_or_else(
            || lexicon().by_stem(part.text(folded), Languages::all()).unwrap_or(&[]),
            |(_, senses)| senses,
        );
        let all = senses.iter().fold(Languages::default(), |all, sense| all.with(sense.languages));
        let owners: Vec<usize> = all.places().collect();
        let parts_taken = found.map_or(1, |(count, _)| count);
        for owner in &owners {
            votes[*owner] += if owners.len() == 1 { 1.0 } else { 0.6 / owners.len() as f32 };
        }
        if owners.is_empty() {
            by_script(part.text(folded), &mut votes);
        }
        at += parts_taken;
    }
    votes
}

fn by_script(word: &str, votes: &mut [f32]) {
    let script = match word.chars().next() {
        Some('\u{400}'..='\u{4ff}') => Script::Cyrillic,
        Some('\u{600}'..='\u{6ff}') => Script::Arabic,
        Some('\u{4e00}'..='\u{9fff}') => Script::Han,
        _ => return,
    };
    for (vote, pack) in votes.iter_mut().zip(packs()) {
        if pack.about.script == script {
            *vote += 0.6;
        }
    }
}

/// The language that most speaks for: its votes, and those of the next one outside of its family.
fn best(votes: &[f32]) -> Option<(usize, f32, f32)> {
    let (place, score) = votes.iter().copied().enumerate().max_by(|left, right| left.1.total_cmp(&right.1))?;
    let relatives = family(place);
    let others = votes.iter().enumerate().filter(|(other, _)| !relatives.contains(*other)).map(|(_, vote)| *vote);
    (score > 0.0).then(|| (place, score, others.fold(0.0, f32::max)))
}
