//! Whether a number is one as it stands, or whether what stands beside it leaves open which is meant: "2-3", "4 or more", "5+", "4x2".

use super::class::Class;
use super::expressions::{is_joint, is_number};
use super::lexer::Token;
use super::numbers::is_torn;
use super::reader::Reader;

/// Whether a text changes what was said: of "change it from 7 to 9 people" the second counts.
pub(super) fn is_change(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is_any(&[Class::Change, Class::Correction]))
}

/// The whole of what a number at `from..to` is a part of, where that leaves it open: the other end of a range, an alternative. `changes`
/// is that of the whole text.
pub(super) fn open_around(reader: &Reader<'_>, from: usize, to: usize, changes: bool) -> Option<(usize, usize)> {
    let tokens = &reader.tokens;
    let is_free = |at: usize| reader.is_free_token(at);
    let skip = |mut at: usize| {
        while tokens.get(at).is_some_and(|token| token.is(Class::Approx)) {
            at += 1;
        }
        at
    };
    let number = |at: usize| tokens.get(at).is_some_and(|token| is_number(token) && is_free(at));
    if is_torn(tokens, from, to) {
        return Some((from, to));
    }
    let before = (2..=3).find_map(|back| from.checked_sub(back).filter(|at| number(*at) && skip(at + 2) == from));
    if let Some(at) =
        before.filter(|_| !changes).filter(|at| is_joint(tokens, at + 1, at + 2, *at) || is_plus(&tokens[at + 1]))
    {
        return Some((at, to));
    }
    let joint = tokens.get(to)?;
    let other = skip(to + 1);
    // "6 no 7", "a couple, maybe 3"
    let replaces = joint.is(Class::No);
    let joins = is_joint(tokens, to, to + 1, from) || joint.is_mark(',') && other > to + 1;
    if (replaces || joins && !changes) && number(other) {
        return Some((from, other + 1));
    }
    // "十几", "thirty or so"
    if joint.is(Class::Few) && tokens[from].is_word() {
        return Some((from, to + 1));
    }
    let is_last = |at: usize| tokens.get(at).is_none_or(|token| token.is_break() || token.is_mark(','));
    // "4 or more", "4 or so"
    if joint.is(Class::Or) && !is_last(to + 1) && is_last(to + 2) {
        return Some((from, to + 2));
    }
    let times = joint.glued && matches!(joint.text.as_str(), "x" | "×" | "*");
    if is_plus(joint) && (joint.glued || number(to + 1)) || times && number(to + 1) {
        return Some((from, if number(to + 1) { to + 2 } else { to + 1 }));
    }
    None
}

fn is_plus(token: &Token) -> bool {
    token.is_mark('+')
}
