//! Recognises days and times that are not what the person books: of a call back, a complaint, the past, the opening hours, a
//! farewell.

use super::class::Class;
use super::lexer::Token;

/// Tokens of its sentence before and after a value at most.
const SENTENCE_TOKENS_MAX: usize = 48;

/// The words around a value.
pub(super) struct Around<'a> {
    tokens: &'a [Token],
    from: usize,
    to: usize,
    /// The sentence: its first token, and the one after its last.
    start: usize,
    end: usize,
}

impl<'a> Around<'a> {
    /// The sentence around the tokens `from..to`.
    pub(super) fn of(tokens: &'a [Token], from: usize, to: usize) -> Self {
        let ends = |at: &usize| {
            let token = &tokens[*at];
            // A full stop in "6 p.m. on Friday" ends nothing.
            let is_stop = !token.is_mark('.') || tokens.get(at + 1).is_none_or(|next| next.capital && !next.glued);
            token.is_break() && is_stop && !token.is_mark('(') && !token.is_mark(')')
        };
        let first = from.saturating_sub(SENTENCE_TOKENS_MAX);
        let last = (to + SENTENCE_TOKENS_MAX).min(tokens.len());
        let start = (first..from).rev().find(ends).map_or(first, |at| at + 1);
        let end = (to..last).find(ends).map_or(last, |at| at);
        Self { tokens, from, to, start, end }
    }

    fn sentence(&self) -> &'a [Token] {
        &self.tokens[self.start..self.end]
    }

    fn says(&self, class: Class) -> bool {
        self.sentence().iter().any(|token| token.is(class))
    }

    fn asks(&self) -> bool {
        self.tokens.get(self.end).is_some_and(|mark| mark.is_mark('?')) || is_question(self.sentence())
    }

    /// The nearest token before the value that is not only a joint.
    fn before(&self, joints: &[Class]) -> Option<&'a Token> {
        self.tokens[self.start..self.from]
            .iter()
            .rev()
            .find(|token| !token.is_any(joints) || token.is_any(&[Class::Callback, Class::Farewell, Class::Recurring]))
    }

    /// Whether the value belongs to something else than the booking. After a question for it, a time for a call counts.
    pub(super) fn is_aside(&self, asked: bool) -> bool {
        let near = self.before(&[Class::DayOn, Class::ClockAt, Class::PartIn, Class::Article, Class::The]);
        if near.is_some_and(|token| token.is_any(&[Class::Recurring, Class::Wish]) || token.is(Class::Last)) {
            return true;
        }
        let joints = [
            Class::Light,
            Class::DayOn,
            Class::ClockAt,
            Class::Article,
            Class::Relative,
            Class::DayPart,
            Class::Weekday,
            Class::Filler,
            Class::Kin,
            Class::Possessive,
        ];
        if !asked && self.before(&joints).is_some_and(|token| token.is(Class::Callback)) {
            return true;
        }
        let at_once = self.to == self.from + 1 && self.tokens[self.from].is_any(&[Class::Now, Class::Relative]);
        if at_once && self.tokens[self.from].value(Class::Relative).unwrap_or(0) == 0 && self.does_it_now(near) {
            return true;
        }
        if self.is_farewell() {
            return true;
        }
        let wants = self.says(Class::Proposal) || self.says(Class::Change);
        if self.says(Class::Complaint) && !wants {
            return true;
        }
        if !asked && self.says(Class::Policy) {
            return true;
        }
        if self.says(Class::Booking) {
            return false;
        }
        if self.says(Class::PastEvent) || self.reports() {
            return true;
        }
        if self.says(Class::Visit) {
            return false;
        }
        let about_us = self
            .before(&[Class::Light, Class::DayOn, Class::ClockAt, Class::Article, Class::The])
            .is_some_and(|token| token.is(Class::Event));
        let books = self.tokens.iter().any(|token| token.is(Class::Booking));
        let asks = !asked
            && self.asks()
            && (self.says(Class::Business) || self.says(Class::Event))
            && !self.says(Class::Proposal)
            && !books;
        self.tokens.get(self.to).is_some_and(|next| next.is(Class::Occasion)) || about_us && !asked && !books || asks
    }

    /// "Book it today", "not now": when to do something, not the day of it.
    fn does_it_now(&self, near: Option<&Token>) -> bool {
        let before = self.tokens[self.start..self.from]
            .iter()
            .rev()
            .find(|token| !token.is(Class::Filler) || token.is_any(&[Class::DoIt, Class::DayOn]));
        before.is_some_and(|token| token.is(Class::DoIt)) || near.is_some_and(|token| token.is(Class::Negation))
    }

    /// "The waiter was rude": how something was.
    fn reports(&self) -> bool {
        let words = self.sentence();
        words.iter().zip(words.iter().skip(1)).any(|(was, how)| {
            let says_how = how.is(Class::Common) || !how.is_known();
            was.is(Class::Was) && how.is_word() && says_how && !how.is_any(&[Class::Visit, Class::Num])
        })
    }

    /// "See you tomorrow" is a farewell; "see you at 8" gives a time.
    fn is_farewell(&self) -> bool {
        let near = self.before(&[Class::Light, Class::DayOn, Class::Article, Class::Next, Class::This]);
        let has_digits = self.tokens[self.from..self.end].iter().any(|token| token.digits().is_some());
        near.is_some_and(|token| token.is(Class::Farewell)) && !has_digits
    }

    /// Whether anything says that the value is what the person wants: words of booking, or hardly a word besides values.
    /// `is_value` tells the tokens of values; `rest_max` words may be left over.
    pub(super) fn is_wanted(&self, rest_max: usize, is_value: impl Fn(usize) -> bool) -> bool {
        let signs = [
            Class::Booking,
            Class::Visit,
            Class::Proposal,
            Class::Change,
            Class::People,
            Class::SizeAfter,
            Class::SizeLabel,
        ];
        let has_clock = |at: usize| {
            let token = &self.tokens[at];
            token.is(Class::Meridiem) || token.is_mark(':') && self.tokens.get(at + 1).is_some_and(|next| next.glued)
        };
        if self.sentence().iter().any(|token| token.is_any(&signs)) || (self.start..self.end).any(has_clock) {
            return true;
        }
        let carries = [
            Class::Carrier,
            Class::Light,
            Class::Negation,
            Class::OrdinalMark,
            Class::Quarter,
            Class::Half,
            Class::Num,
            Class::Oclock,
            Class::PartIn,
            Class::NameIntroWeak,
            Class::Filler,
            Class::Greeting,
            Class::Thanks,
            Class::Yes,
            Class::No,
            Class::Correction,
            Class::DayOn,
            Class::ClockAt,
            Class::Article,
            Class::The,
            Class::And,
            Class::DayPart,
            Class::Approx,
            Class::Of,
        ];
        let rest = (self.start..self.end).filter(|at| {
            let token = &self.tokens[*at];
            token.is_word() && !is_value(*at) && !token.is_any(&carries)
        });
        rest.count() <= rest_max
    }
}

/// Whether a sentence opens as a question does, after greetings.
pub(super) fn is_question(tokens: &[Token]) -> bool {
    let opens = |token: &&Token| {
        let skips = token.is_any(&[Class::Greeting, Class::And, Class::Correction])
            || token.is(Class::Filler) && !token.is(Class::Light);
        token.is_word() && !skips
    };
    tokens.iter().any(|token| token.is_mark('?'))
        || tokens.iter().find(opens).is_some_and(|token| token.is_any(&[Class::Question, Class::Why]))
        || tokens.iter().any(|token| token.is(Class::Enquiry))
}
