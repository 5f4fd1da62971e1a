//! All packs' words in one table: what a word or phrase can mean, in which languages.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::class::Class;
use super::fold::{Folded, Raw, fold, split};
use super::pack::{Languages, packs};

/// Letters of the shortest beginning that `*` may follow.
const STEM_CHARS_MIN: usize = 2;

/// Classes that say what a sentence is about.
const SUBJECTS: [Class; 5] = [Class::Booking, Class::Business, Class::Event, Class::Complaint, Class::SideMatter];

/// One meaning of a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sense {
    pub(super) class: Class,
    pub(super) value: i16,
    pub(super) languages: Languages,
}

/// All packs' words.
pub(super) struct Lexicon {
    whole: HashMap<Box<str>, Vec<Sense>>,
    /// Beginnings of words.
    stems: HashMap<Box<str>, Vec<Sense>>,
    stem_chars_max: usize,
    /// By first part: how many parts the longest phrase has.
    parts: HashMap<Box<str>, usize>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

/// The lexicon, which is built with the first message.
pub(super) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

impl Lexicon {
    fn build() -> Self {
        let mut lexicon =
            Self { whole: HashMap::new(), stems: HashMap::new(), stem_chars_max: 0, parts: HashMap::new() };
        for (place, pack) in packs().iter().enumerate() {
            for (class, value, word) in pack.words() {
                lexicon.add(word, Sense { class, value, languages: Languages::one(place) });
            }
        }
        lexicon.pass_subjects_on();
        lexicon
    }

    /// A phrase is about what its words are about: "have a booking" is about a booking.
    fn pass_subjects_on(&mut self) {
        let mut more: Vec<(Box<str>, Sense)> = Vec::new();
        for (phrase, own) in self.whole.iter().filter(|(phrase, _)| phrase.contains(' ')) {
            for word in phrase.split(' ') {
                let stem = (STEM_CHARS_MIN..=word.chars().count()).rev().find_map(|chars| {
                    self.stems.get(word.char_indices().nth(chars).map_or(word, |(end, _)| &word[..end]))
                });
                let senses = self.whole.get(word).into_iter().chain(stem).flatten();
                let subjects = senses.filter(|sense| SUBJECTS.contains(&sense.class));
                let ours = subjects.filter(|sense| own.iter().any(|other| other.languages.shares(sense.languages)));
                more.extend(ours.map(|sense| (phrase.clone(), *sense)));
            }
        }
        for (phrase, sense) in more {
            merge(self.whole.entry(phrase).or_default(), sense);
        }
    }

    fn add(&mut self, word: &str, sense: Sense) {
        let folded = fold(&word.replace('_', " "));
        if let Some(stem) = folded.text.strip_suffix('*') {
            let chars = stem.chars().count().max(STEM_CHARS_MIN);
            self.stem_chars_max = self.stem_chars_max.max(chars);
            merge(self.stems.entry(stem.into()).or_default(), sense);
            return;
        }
        let parts = split(&folded);
        let Some(first) = parts.first() else { return };
        let longest = self.parts.entry(first.text(&folded).into()).or_default();
        *longest = (*longest).max(parts.len());
        merge(self.whole.entry(key(&folded, &parts).into()).or_default(), sense);
    }

    /// The longest phrase that begins with the first part: how many parts it has, and what it can mean in those languages.
    pub(super) fn longest(
        &'static self,
        folded: &Folded,
        parts: &[Raw],
        among: Languages,
    ) -> Option<(usize, &'static [Sense])> {
        let first = parts.first()?.text(folded);
        let most = self.parts.get(first).copied().unwrap_or(0);
        // "p.m." is "pm" in three parts.
        let dotted = parts.get(1).is_some_and(|part| part.glued && part.text(folded) == ".");
        let most = if dotted { most + 1 } else { most }.min(parts.len());
        (1..=most).rev().find_map(|count| {
            let ends = parts[count - 1].is_word();
            let senses = self.whole.get(key(folded, &parts[..count]).as_str()).filter(|_| ends)?;
            senses.iter().any(|sense| among.overlaps(sense.languages)).then_some((count, senses.as_slice()))
        })
    }

    /// What a word can mean by its beginning.
    pub(super) fn by_stem(&'static self, word: &str, among: Languages) -> Option<&'static [Sense]> {
        let ends: Vec<usize> =
            word.char_indices().map(|(at, _)| at).skip(STEM_CHARS_MIN).take(self.stem_chars_max).collect();
        let whole = (word.chars().count() >= STEM_CHARS_MIN).then_some(word.len());
        whole.into_iter().chain(ends.into_iter().rev()).find_map(|end| {
            let senses = self.stems.get(&word[..end])?;
            senses.iter().any(|sense| among.overlaps(sense.languages)).then_some(senses.as_slice())
        })
    }

    /// What a whole word can mean in any language.
    pub(super) fn word(&'static self, word: &str) -> &'static [Sense] {
        self.whole.get(word).map_or(&[], Vec::as_slice)
    }
}

fn merge(senses: &mut Vec<Sense>, new: Sense) {
    match senses.iter_mut().find(|sense| (sense.class, sense.value) == (new.class, new.value)) {
        Some(sense) => sense.languages = sense.languages.with(new.languages),
        None => senses.push(new),
    }
}

/// Parts as one key: a hyphen between words is a space, a full stop is nothing.
fn key(folded: &Folded, parts: &[Raw]) -> String {
    let mut key = String::new();
    for part in parts {
        let text = part.text(folded);
        match text {
            "-" => key.push(' '),
            "." => {}
            _ => {
                if !key.is_empty() && !part.glued && !key.ends_with(' ') {
                    key.push(' ');
                }
                key.push_str(text);
            }
        }
    }
    key
}
