//! Whole numbers and ordinals, in digits and in words.

use super::class::Class;
use super::lexer::{Kind, Token};
use super::lexicon::Sense;

/// Digits of a number at most.
const DIGITS_MAX: usize = 15;

/// Tokens of one number in words at most.
const TOKENS_MAX: usize = 12;

/// The last part of a number in words.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Start,
    Ones,
    Teens,
    Tens,
    Hundreds,
}

/// A number being added up.
#[derive(Default)]
struct Sum {
    thousands: u32,
    hundreds: u32,
    section: u32,
    last: Part,
}

impl Sum {
    /// Takes the next word, `false` where it does not belong to the number; `joined` to it by "and".
    fn take(&mut self, token: &Token, is_joined: bool) -> bool {
        // Arabic writes its "and" with the word that follows.
        let is_joined = is_joined || self.last != Part::Start && token.text.starts_with('و');
        if token.is(Class::Teen) && self.last == Part::Ones {
            self.section += 10;
            self.last = Part::Teens;
            return true;
        }
        match (value(token, Class::Num), value(token, Class::Times)) {
            (Some(value), _) => self.add(value, is_joined),
            (None, Some(factor)) => (!is_joined || token.text.starts_with('و')) && self.times(factor).is_some(),
            (None, None) => false,
        }
    }

    fn total(&self) -> Option<u32> {
        self.thousands.checked_add(self.hundreds)?.checked_add(self.section)
    }

    /// Adds a number that one word is, where it may follow; `joined` by "and".
    fn add(&mut self, value: u32, joined: bool) -> bool {
        if value >= 100 {
            return self.add_round(value);
        }
        // "一百零一"
        if value == 0 && self.last == Part::Hundreds {
            return true;
        }
        let part = match value {
            0..=9 => Part::Ones,
            10..=19 => Part::Teens,
            _ => Part::Tens,
        };
        let fits = match self.last {
            Part::Start | Part::Hundreds => true,
            // "soixante-douze", "quatre-vingt-onze"
            Part::Tens => value < 10 || value < 20 && matches!(self.section, 60 | 80),
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

    /// Adds hundreds or thousands that are one word: "doscientos", "ألفين".
    fn add_round(&mut self, value: u32) -> bool {
        let fits = self.hundreds == 0 && self.section == 0 && (value < 1000 || self.last == Part::Start);
        if fits {
            *(if value < 1000 { &mut self.hundreds } else { &mut self.thousands }) = value;
            self.last = Part::Hundreds;
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

/// A number in digits, with those behind marks of thousands and of a fraction: 1,500 and 3.5.
pub(super) struct Digits {
    pub(super) whole: String,
    pub(super) decimals: Option<String>,
    /// Behind its last token.
    pub(super) to: usize,
}

/// The number in digits that begins at a token; `None` where more than [`DIGITS_MAX`] of them do.
pub(super) fn digits_at(tokens: &[Token], at: usize) -> Option<Digits> {
    let first = tokens.get(at).filter(|token| token.kind == Kind::Digits)?;
    let mut found = Digits { whole: first.text.clone(), decimals: None, to: at + 1 };
    while found.decimals.is_none() && found.whole.len() <= DIGITS_MAX {
        let (Some(mark), Some(digits)) = (tokens.get(found.to), tokens.get(found.to + 1)) else { break };
        if !(mark.glued && digits.glued && digits.kind == Kind::Digits && (mark.is_mark(',') || mark.is_mark('.'))) {
            break;
        }
        match digits.text.len() {
            3 if found.whole.len() <= 12 => found.whole.push_str(&digits.text),
            _ => found.decimals = Some(digits.text.clone()),
        }
        found.to += 2;
    }
    (found.whole.len() <= DIGITS_MAX).then_some(found)
}

/// The whole number that begins at a token, with its thousands; `None` for 3.5 and 12:30, and in the middle of such.
pub(super) fn whole_at(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let is_inside = |at: usize| {
        let mark = tokens.get(at).filter(|mark| mark.glued && [',', '.', ':'].iter().any(|sign| mark.is_mark(*sign)));
        mark.is_some() && tokens.get(at + 1).is_some_and(|digits| digits.glued && digits.kind == Kind::Digits)
    };
    let Some(Digits { whole, decimals, to }) = digits_at(tokens, at) else { return number_at(tokens, at) };
    let continues = at >= 2 && is_inside(at - 1) && tokens[at - 2].kind == Kind::Digits;
    let is_whole = decimals.is_none() && !continues && !is_inside(to);
    is_whole.then(|| whole.parse().ok()).flatten().map(|value| (value, to))
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

/// 二〇二六: ideographs for single digits, three or more. Two of them are no number: 两三 is two or three.
fn digit_string(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let digit =
        |token: &&Token| token.kind == Kind::Ideograph && value(token, Class::Num).is_some_and(|value| value < 10);
    let count = tokens[at..].iter().take(9).take_while(digit).count();
    if count < 3 || tokens.get(at + count).is_some_and(|next| next.is(Class::Times)) {
        return None;
    }
    let total = tokens[at..at + count]
        .iter()
        .try_fold(0_u32, |total, token| total.checked_mul(10)?.checked_add(value(token, Class::Num)?))?;
    Some((total, at + count))
}

fn in_words(tokens: &[Token], start: usize) -> Option<(u32, usize)> {
    let mut sum = Sum::default();
    let mut end = start;
    while end < start + TOKENS_MAX {
        let (at, is_joined) = if sum.last == Part::Start { (end, false) } else { behind_joint(tokens, end) };
        let Some(token) = tokens.get(at) else { break };
        if !sum.take(token, is_joined) {
            break;
        }
        end = at + 1;
    }
    (end > start).then(|| sum.total()).flatten().map(|total| (total, end))
}

/// Where a number goes on behind its hyphens and "and", and whether there is an "and": "forty-one", "quarante-et-un".
fn behind_joint(tokens: &[Token], from: usize) -> (usize, bool) {
    let hyphen = |at: usize| usize::from(tokens.get(at).is_some_and(|token| token.is_mark('-') && token.glued));
    let at = from + hyphen(from);
    if tokens.get(at).is_some_and(|token| token.is(Class::And)) { (at + 1 + hyphen(at + 1), true) } else { (at, false) }
}

/// Whether words are one number to their last: what a compound has to be, such as "zweihundertfünfzig".
pub(super) fn is_one_number(words: &[&[Sense]]) -> bool {
    let mut sum = Sum::default();
    let mut is_joined = false;
    words.iter().all(|senses| {
        let of = |class: Class| {
            senses.iter().find(|sense| sense.class == class).and_then(|sense| u32::try_from(sense.value).ok())
        };
        let fits = match (of(Class::Num), of(Class::Times)) {
            (Some(value), _) => sum.add(value, is_joined),
            (None, Some(factor)) => !is_joined && sum.times(factor).is_some(),
            (None, None) => !is_joined && sum.last != Part::Start,
        };
        is_joined = of(Class::Num).is_none() && of(Class::Times).is_none();
        fits
    }) && !is_joined
}

/// Whether the words of a number stand beside another word of a number that they do not go with: what is meant is open then.
pub(super) fn is_torn(tokens: &[Token], from: usize, to: usize) -> bool {
    let in_words = |at: usize| {
        tokens.get(at).is_some_and(|token| token.is_word() && token.is_any(&[Class::Num, Class::Times, Class::Teen]))
    };
    in_words(from) && (in_words(to) || from.checked_sub(1).is_some_and(in_words))
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
