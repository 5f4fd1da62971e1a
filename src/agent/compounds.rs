//! Numbers that are one word in some languages, cut into the words that they are made of: "zweihundertfünfzig".

use std::sync::LazyLock;

use super::class::Class;
use super::fold::{Folded, Kind, Raw};
use super::lexicon::{Sense, lexicon};
use super::numbers::is_one_number;
use super::pack::{Languages, packs};

/// Words of one number at most.
const WORDS_MAX: usize = 12;
/// Bytes of the shortest of them.
const WORD_BYTES_MIN: usize = 3;

/// The languages that write numbers as one word.
static JOINING: LazyLock<Languages> = LazyLock::new(|| {
    let joins = packs().iter().enumerate().filter(|(_, pack)| pack.about.joins_numbers);
    joins.fold(Languages::default(), |all, (place, _)| all.with(Languages::one(place)))
});

/// The parts of a text, each compound number in as many as it has words. A word that means anything as it is stays one.
pub(super) fn split_numbers(folded: &Folded, parts: Vec<Raw>) -> Vec<Raw> {
    let mut split = Vec::with_capacity(parts.len());
    for part in parts {
        match (part.kind == Kind::Word).then(|| words_of(part.text(folded))).flatten() {
            None => split.push(part),
            Some(words) => {
                let mut start = part.start;
                for word in words {
                    let end = start + word;
                    split.push(Raw { start, end, kind: Kind::Word, glued: part.glued || start > part.start });
                    start = end;
                }
            }
        }
    }
    split
}

/// The bytes of each word of a compound; `None` for any other word.
fn words_of(text: &str) -> Option<Vec<usize>> {
    if !lexicon().word(text).is_empty() {
        return None;
    }
    let mut found: Vec<(usize, &'static [Sense])> = Vec::new();
    extend(text, &mut found).then(|| found.into_iter().map(|(bytes, _)| bytes).collect())
}

/// Finds words of numbers that the rest of a compound is made of, the longest first.
fn extend(rest: &str, found: &mut Vec<(usize, &'static [Sense])>) -> bool {
    if rest.is_empty() {
        let senses: Vec<&[Sense]> = found.iter().map(|(_, senses)| *senses).collect();
        return found.len() > 1 && is_one_number(&senses);
    }
    if found.len() == WORDS_MAX {
        return false;
    }
    let ends = rest.char_indices().rev().map(|(at, letter)| at + letter.len_utf8());
    let mut ends = ends.take_while(|end| *end >= WORD_BYTES_MIN);
    ends.any(|end| {
        let senses = lexicon().word(&rest[..end]);
        let counts = senses.iter().any(|sense| {
            matches!(sense.class, Class::Num | Class::Times | Class::And) && JOINING.shares(sense.languages)
        });
        if !counts {
            return false;
        }
        found.push((end, senses));
        let whole = extend(&rest[end..], found);
        if !whole {
            found.pop();
        }
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::super::fold::{fold, split};
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let folded = fold(text);
        let parts = split_numbers(&folded, split(&folded));
        parts.into_iter().map(|part| part.text(&folded).to_owned()).collect()
    }

    #[test]
    fn a_compound_is_cut_where_all_of_it_is_one_number() {
        assert_eq!(cut("Zweihundertfünfunddreißig Gäste"), ["zwei", "hundert", "funf", "und", "dreisig", "gaste"]);
        for whole in ["einsieben", "undzwanzig", "hundertund", "dreieinhalb", "zweimal", "achtung", "tausender"] {
            assert_eq!(cut(whole).len(), 1, "{whole}");
        }
    }
}
