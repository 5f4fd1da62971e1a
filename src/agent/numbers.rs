//! Whole numbers and ordinals, in digits and in words.

use super::class::Class;
use super::lexer::{Kind, Token};

/// Tokens of one number in words at most.
const TOKENS_MAX: usize = 12;

/// The last part of a number in words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    Ones,
    Teens,
    Tens,
    Hundreds,
}

/// A number being added up.
struct Sum {
    thousands: u32,
    hundreds: u32,
    section: u32,
    last: Part,
}

impl Sum {
    fn total(&self) -> Option<u32> {
        self.thousands.checked_add(self.hundreds)?.checked_add(self.section)
    }

    /// Adds a number below a hundred, where one may follow.
    fn add(&mut self, value: u32, joined: bool) -> bool {
        let part = match value {
            0..=9 => Part::Ones,
            10..=19 => Part::Teens,
            _ => Part::Tens,
        };
        let fits = match self.last {
            Part::Start | Part::Hundreds => true,
            Part::Tens => value < 10,
            // "fünf und zwanzig"
            Part::Ones => joined && part == Part::Tens && value.is_multiple_of(10),
            Part::Teens => false,
        };
        if fits {
            self.section += value;
            self.last = if self.last == Part::Ones { Part::Teens } else { part };
        }
        fits
    }

    /// Multiplies what was said: 10, 100 or 1000 times.
    fn times(&mut self, factor: u32) -> Option<()> {
        match factor {
            10 if self.last == Part::Ones => (self.section, self.last) = (self.section.checked_mul(10)?, Part::Tens),
            10 if matches!(self.last, Part::Start | Part::Hundreds) => (self.section, self.last) = (10, Part::Tens),
            100 if self.hundreds == 0 => {
                self.hundreds = self.section.max(1).checked_mul(100)?;
                (self.section, self.last) = (0, Part::Hundreds);
            }
            1000.. if self.thousands == 0 => {
                self.thousands = self.hundreds.checked_add(self.section)?.max(1).checked_mul(factor)?;
                (self.hundreds, self.section, self.last) = (0, 0, Part::Hundreds);
            }
            _ => return None,
        }
        Some(())
    }
}

fn value(token: &Token, class: Class) -> Option<u32> {
    token.value(class).and_then(|value| u32::try_from(value).ok())
}

/// The whole number that begins at a token, and where it ends.
pub(super) fn number_at(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let first = tokens.get(at)?;
    if let Some(digits) = first.digits() {
        return Some((digits, at + 1));
    }
    digit_string(tokens, at).or_else(|| in_words(tokens, at))
}

/// 二〇二六: ideographs for single digits, two or more.
fn digit_string(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let digit =
        |token: &&Token| token.kind == Kind::Ideograph && value(token, Class::Num).is_some_and(|value| value < 10);
    let count = tokens[at..].iter().take(9).take_while(digit).count();
    if count < 2 || tokens.get(at + count).is_some_and(|next| next.is(Class::Times)) {
        return None;
    }
    let total = tokens[at..at + count]
        .iter()
        .try_fold(0_u32, |total, token| total.checked_mul(10)?.checked_add(value(token, Class::Num)?))?;
    Some((total, at + count))
}

fn in_words(tokens: &[Token], start: usize) -> Option<(u32, usize)> {
    let mut sum = Sum { thousands: 0, hundreds: 0, section: 0, last: Part::Start };
    let (mut at, mut end) = (start, start);
    while let Some(token) = tokens.get(at).filter(|_| at < start + TOKENS_MAX) {
        let joined = at > end;
        let by_word = joined && tokens[end].is(Class::And);
        if let Some(value) = value(token, Class::Num) {
            if !sum.add(value, by_word) {
                break;
            }
        } else if let Some(factor) = value(token, Class::Times).filter(|_| !joined) {
            if sum.times(factor).is_none() {
                break;
            }
        } else if token.is(Class::Teen) && sum.last == Part::Ones && !joined {
            sum.section += 10;
            sum.last = Part::Teens;
        } else if !joined && sum.last != Part::Start && (token.is(Class::And) || token.is_mark('-') && token.glued) {
            at += 1;
            continue;
        } else {
            break;
        }
        at += 1;
        end = at;
    }
    (end > start).then(|| sum.total()).flatten().map(|total| (total, end))
}

/// A number, or the article that counts one: "an hour".
pub(super) fn count_at(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    number_at(tokens, at).or_else(|| tokens.get(at)?.is(Class::Article).then_some((1, at + 1)))
}

/// The ordinal that begins at a token: "22nd", "twenty second".
pub(super) fn ordinal_at(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let first = tokens.get(at)?;
    if let Some(digits) = first.digits() {
        let mark =
            tokens.get(at + 1).filter(|mark| mark.is(Class::OrdinalMark) && (mark.glued || mark.text.len() > 1))?;
        return (mark.text != "e" || mark.glued).then_some((digits, at + 2));
    }
    let next = if tokens.get(at + 1)?.is_mark('-') { at + 2 } else { at + 1 };
    let tens = value(first, Class::Num).filter(|tens| *tens >= 20 && tens % 10 == 0);
    let ones = tokens.get(next).and_then(|token| value(token, Class::Ordinal)).filter(|ones| *ones < 10);
    tens.zip(ones).map(|(tens, ones)| (tens + ones, next + 1))
}

/// The ordinal at a token, also as a single word.
pub(super) fn any_ordinal_at(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    ordinal_at(tokens, at).or_else(|| Some((value(tokens.get(at)?, Class::Ordinal)?, at + 1)))
}

/// Whether a number is the "one" of "that one".
pub(super) fn is_pronoun(tokens: &[Token], at: usize) -> bool {
    let one = &tokens[at];
    let named = one.kind == Kind::Word && one.value(Class::Num) == Some(1);
    let points = [
        Class::This,
        Class::Next,
        Class::Last,
        Class::Question,
        Class::Every,
        Class::Ordinal,
        Class::Extra,
        Class::Common,
    ];
    let plain = [Class::SizeBefore, Class::Filler, Class::Yes, Class::Approx, Class::ClockAt, Class::DayOn, Class::The];
    named
        && at.checked_sub(1).map(|before| &tokens[before]).is_some_and(|before| {
            before.is_any(&points) && !before.is_any(&plain)
                || before.is_any(&[Class::Everyday, Class::Kin]) && !before.is_any(&plain)
        })
}

/// The digit that a token says, as in a spoken phone number.
pub(super) fn digit(token: &Token) -> Option<char> {
    let zero = token.is(Class::Zero).then_some(0);
    zero.or_else(|| value(token, Class::Num).filter(|value| *value < 10)).and_then(|value| char::from_digit(value, 10))
}
