//! Finds correlation ids in what people write: exact ones, and mistyped ones that may be repaired.

use super::{CODE_CHARS, CorrelationId, PREFIX, fold};

/// Characters of a message that are searched; platforms allow far less.
pub const TEXT_CHARS_MAX: usize = 65_536;

/// Candidates per message. Of more, the most likely ones are kept, half of them from the end of the message, so that neither
/// chatter nor a list of invented ids hides a real one.
pub const CANDIDATES_MAX: usize = 16;

/// Characters between the `O` and the code: ` - ` is the longest gap that people write.
const GAP_CHARS_MAX: usize = 3;

/// A part of a message that may be a correlation id. An id that the project never issued is plain text: look up `exact`
/// first, and repair by `folded` only where that finds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The id as written; `None` where the first letter only resembles an `O`.
    pub exact: Option<CorrelationId>,
    /// Its fold: see [`fold`].
    pub folded: String,
}

/// How likely a candidate is a correlation id, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    ExactWithHyphen,
    SlipWithHyphen,
    ExactWithSpace,
    SlipWithSpace,
}

/// The candidates in `text`, in order, each once, at most [`CANDIDATES_MAX`].
///
/// An id counts anywhere but inside a longer word of Latin letters or digits. Invisible characters are ignored,
/// full-width forms count as their plain ones, and any dash or a space counts as the hyphen.
pub fn find_correlation_ids(text: &str) -> Vec<Candidate> {
    let letters: Vec<char> = text.chars().take(TEXT_CHARS_MAX).map(plain).collect();
    let mut found: Vec<(Likeness, Candidate)> = Vec::new();
    for start in 0..letters.len() {
        if let Some((likeness, candidate)) = read_at(&letters, start) {
            add(&mut found, likeness, candidate);
        }
    }
    keep_the_likeliest(found)
}

/// Parses the candidate that begins at `start`, if one does.
fn read_at(letters: &[char], start: usize) -> Option<(Likeness, Candidate)> {
    let exact = match letters[start] {
        'O' => true,
        // The others are Greek and Cyrillic: keyboards of those languages have them on the key of `O`.
        'o' | '0' | 'Ο' | 'ο' | 'О' | 'о' => false,
        _ => return None,
    };
    if !begins_a_word(letters, start) {
        return None;
    }
    let (hyphen, code_start) = read_gap(letters, start + 1)?;
    let code = read_code(letters, code_start)?;
    let written = format!("{PREFIX}{code}");
    let likeness = match (exact, hyphen) {
        (true, true) => Likeness::ExactWithHyphen,
        (false, true) => Likeness::SlipWithHyphen,
        (true, false) => Likeness::ExactWithSpace,
        (false, false) => Likeness::SlipWithSpace,
    };
    let folded = fold(&written);
    Some((likeness, Candidate { exact: exact.then(|| CorrelationId::parse(&written).ok()).flatten(), folded }))
}

/// Whether there is a hyphen between the `O` and the code, and where the code begins.
fn read_gap(letters: &[char], start: usize) -> Option<(bool, usize)> {
    let (mut hyphen, mut soft, mut width) = (false, false, 0);
    for (at, &letter) in letters.iter().enumerate().skip(start) {
        if is_hyphen(letter) {
            hyphen = true;
            width += 1;
        } else if letter == '\u{ad}' {
            soft = true;
        } else if letter.is_whitespace() {
            width += 1;
        } else if !is_invisible(letter) {
            return (width > 0 || soft).then_some((hyphen || soft, at));
        }
        if width > GAP_CHARS_MAX {
            return None;
        }
    }
    None
}

/// The seven characters of the code, without invisible ones between them.
fn read_code(letters: &[char], start: usize) -> Option<String> {
    let mut code = String::with_capacity(CODE_CHARS);
    for (at, &letter) in letters.iter().enumerate().skip(start) {
        if letter.is_ascii_alphanumeric() {
            code.push(letter);
        } else if !is_invisible(letter) && !is_fixed_space(letter) {
            return None;
        }
        if code.len() == CODE_CHARS {
            let goes_on = letters.get(at + 1).is_some_and(|&next| is_word(next));
            return (!goes_on).then_some(code);
        }
    }
    None
}

/// Whether a word may begin at `start`. A percent-encoded character before it, as in a pasted link, is not part of a word.
fn begins_a_word(letters: &[char], start: usize) -> bool {
    match letters[..start] {
        [.., '%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., before] => !is_word(before),
        [] => true,
    }
}

fn add(found: &mut Vec<(Likeness, Candidate)>, likeness: Likeness, candidate: Candidate) {
    let known = found.iter_mut().rev().take(KNOWN_MAX).find(|(_, other)| match candidate.exact {
        Some(_) => other.exact == candidate.exact,
        None => other.folded == candidate.folded,
    });
    match known {
        Some((other, _)) => *other = (*other).min(likeness),
        None => found.push((likeness, candidate)),
    }
}

/// Candidates that a further one is compared with: a hostile text must not take quadratic time.
const KNOWN_MAX: usize = 256;

fn keep_the_likeliest(mut found: Vec<(Likeness, Candidate)>) -> Vec<Candidate> {
    let mut excess = found.len().saturating_sub(CANDIDATES_MAX);
    for likeness in [Likeness::SlipWithSpace, Likeness::ExactWithSpace, Likeness::SlipWithHyphen] {
        excess -= drop_from_the_middle(&mut found, likeness, excess);
    }
    drop_from_the_middle(&mut found, Likeness::ExactWithHyphen, excess);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Drops up to `excess` candidates of a likeness, the middle ones first. Returns how many.
fn drop_from_the_middle(found: &mut Vec<(Likeness, Candidate)>, likeness: Likeness, excess: usize) -> usize {
    let alike = found.iter().filter(|(other, _)| *other == likeness).count();
    let dropped = alike.min(excess);
    let first = (alike - dropped).div_ceil(2);
    let mut nth = 0;
    found.retain(|(other, _)| {
        if *other != likeness {
            return true;
        }
        nth += 1;
        !(first..first + dropped).contains(&(nth - 1))
    });
    dropped
}

/// Full-width forms as their plain characters.
fn plain(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        _ => letter,
    }
}

/// Letters and digits that continue a word. Scripts that are written without spaces end it.
fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || (matches!(letter, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && letter.is_alphabetic())
}

/// Hyphens, dashes and minus signs of all keyboards; the Japanese long-vowel mark shares a key with the hyphen.
fn is_hyphen(letter: char) -> bool {
    matches!(
        letter,
        '-' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{2043}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{fe31}'
                | '\u{fe32}'
                | '\u{207b}'
                | '\u{208b}'
                | '\u{2d7}'
                | '\u{58a}'
                | '\u{5be}'
                | '\u{1806}'
                | '\u{30fc}'
                | '\u{ff70}'
    )
}

/// Invisible characters: joiners, marks of direction, soft hyphens, variation selectors, byte-order marks.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Spaces that do not break a line: a pasted id may have them inside.
fn is_fixed_space(letter: char) -> bool {
    matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

#[cfg(test)]
mod tests;
