//! The words of a name: where one ends, and whether a word alone can be a name.

use super::lexicon::{is_common, is_everyday};
use super::span::Span;
use super::word_lists::FAMILY_NAMES;

/// Words of a name at most.
pub(super) const NAME_WORDS_MAX: usize = 5;
/// Characters of one word of a name at most.
const WORD_CHARS_MAX: usize = 30;

/// Whether a word alone is not a name.
pub(super) fn is_plain(word: &str) -> bool {
    is_common(word) || is_everyday(word) && !is_name_like(word)
}

/// Everyday words that are also names, written with a capital.
const NAME_LIKE: &str = " Ah An Do Ha He Ho She So April May June August September Will Mark Art Long See Love Young Price Best Friend Hope Guy Chance ";

/// Whether a capitalised everyday word is also a name: people are called April, Will and Ah Kow.
pub(super) fn is_name_like(word: &str) -> bool {
    NAME_LIKE.contains(&format!(" {word} "))
}

/// Whether a capitalised everyday word is a family name as well, as in Anna Day.
pub(super) fn is_family_name(word: &str) -> bool {
    FAMILY_NAMES.split_whitespace().any(|name| name == word)
}

#[cfg(test)]
thread_local! {
    static LETTERS_READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many letters [`word_at`] looked at on this thread: the work of reading names.
#[cfg(test)]
pub(super) fn letters_read() -> usize {
    LETTERS_READ.get()
}

/// The word that begins at `start`, if one does: letters with inner apostrophes, hyphens and full stops.
pub(super) fn word_at(text: &str, start: usize) -> Option<Span> {
    let rest = text.get(start..)?;
    let (mut end, mut chars) = (0, 0);
    let mut letters = rest.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        // Every place of a text is tried: a long word must not be read to its end from each.
        if chars > WORD_CHARS_MAX {
            return None;
        }
        #[cfg(test)]
        LETTERS_READ.set(LETTERS_READ.get() + 1);
        let next_is_letter = letters.peek().is_some_and(|(_, next)| next.is_alphabetic());
        let joins = matches!(letter, '\'' | '’' | '-' | '/') && next_is_letter && at > 0;
        let is_initial = letter == '.' && at > 0 && at <= 2 && rest.starts_with(char::is_uppercase);
        if !(letter.is_alphabetic() || joins || is_initial || is_mark(letter)) {
            if letter.is_alphanumeric() || letter == '@' || letter == '_' {
                return None;
            }
            break;
        }
        end = at + letter.len_utf8();
        chars += 1;
    }
    let word = &rest[..end];
    (chars > 0 && chars <= WORD_CHARS_MAX && word.starts_with(char::is_alphabetic))
        .then(|| Span::new(start, start + end))
}

/// Combining marks, as in decomposed é.
pub(super) fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

pub(super) fn is_capitalised(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_uppercase() || !letter.is_lowercase() && letter.is_alphabetic())
        || word.starts_with("d'")
}
