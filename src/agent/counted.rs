//! What a number in a text counts: people, things, or nothing.

use super::class::Class;
use super::lexer::{Kind, ReadsTokens, Token};
use super::numbers::is_pronoun;
use super::reader::Reader;

/// Tokens between a denial and the number that replaces the denied one, with both.
const DENIAL_TOKENS_MAX: usize = 5;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Nothing: it stands alone, or before a word that is not a counted noun.
    Alone,
    People,
    /// Minutes, stars, dollars; or it is part of a name, as in "table 5".
    Thing,
    /// An unknown word follows.
    Unknown,
}

/// A run of members, or a number of people.
pub(super) struct Party {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) members: usize,
    pub(super) has_self: bool,
    pub(super) has_number: bool,
    /// Whether it says more than one number, and not which one counts.
    pub(super) is_open: bool,
    /// How many; `None` where words such as "my kids" leave it open.
    pub(super) count: Option<u32>,
}

/// A text in which a party is looked for.
pub(super) struct Search<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) tokens: &'a [Token],
    pub(super) asked: bool,
    /// Whether the text is about what only some of the party need.
    pub(super) side: bool,
}

impl ReadsTokens for Search<'_> {
    fn tokens(&self) -> &[Token] {
        self.tokens
    }
}

impl Search<'_> {
    /// "not 18 people, 8": a number that replaces a denied one.
    pub(super) fn follows_denial(&self, at: usize) -> bool {
        let before = &self.tokens[at.saturating_sub(DENIAL_TOKENS_MAX)..at];
        let denied = before.iter().rposition(|token| token.is(Class::Negation));
        denied.is_some_and(|place| {
            before[place + 1..].iter().any(|token| token.kind == Kind::Digits || token.is(Class::Num))
        })
    }

    pub(super) fn is_count(&self, party: &Party, led: bool) -> bool {
        let (words, after) = (&self.tokens[party.from], self.tokens.get(party.to));
        let is_one = party.count == Some(1) && words.kind != Kind::Digits;
        let with_article = words.is_any(&[Class::Article, Class::The]) && !words.is(Class::Num);
        let is_some = self.side && (self.is_subset(party) || is_one) && !with_article;
        let fits = match self.counts(party.from, party.to) {
            Counts::Thing => false,
            Counts::Alone | Counts::People => true,
            Counts::Unknown => {
                with_article
                    || led
                        && self.tokens[..party.from].iter().any(|token| token.is_any(&[Class::Booking, Class::Visit]))
            }
        };
        let one_of_us = is_one && self.is(party.to, Class::SizeAfter);
        let graded = self.tokens[..party.from].iter().any(|token| token.is(Class::NumberLabel))
            && self.tokens[..party.from]
                .iter()
                .any(|token| matches!(token.text.as_str(), "rating" | "stars" | "price" | "budget"));
        fits && !graded && !is_some && !one_of_us && !is_pronoun(self.tokens, party.from) && !self.is_other_thing(after)
    }

    /// A time or a part of the party after a number.
    pub(super) fn is_other_thing(&self, after: Option<&Token>) -> bool {
        after.is_some_and(|next| {
            next.is_any(&[Class::Meridiem, Class::Oclock, Class::Child])
                || next.text == "ish"
                || next.is(Class::Of) && !next.is(Class::SizeAfter)
        })
    }

    /// People who are or need something, as a part of the party.
    pub(super) fn is_subset(&self, party: &Party) -> bool {
        let next = party.to
            + usize::from(self.is(party.to, Class::SizeAfter) || self.tokens.get(party.to).is_some_and(Token::is_word));
        self.tokens[party.to.min(self.tokens.len())..].iter().take(8).any(|token| token.is(Class::SideMatter))
            && self.tokens.get(next).is_some_and(|token| token.is(Class::Verb))
    }

    pub(super) fn counts(&self, from: usize, to: usize) -> Counts {
        let before = from.checked_sub(1).map(|at| &self.tokens[at]);
        let labelled = before.is_some_and(|before| {
            before.is(Class::NumberLabel)
                || matches!(before.text.as_str(), "$" | "€" | "£" | "¥" | "#" | "/" | "+")
                || before.is_mark(':') && before.glued && self.tokens[from].glued
                || before.is_mark('.') && self.tokens[from].glued
        });
        let shared = from >= 2 && self.is(from - 1, Class::SizeBefore) && self.tokens[from - 2].is(Class::SideMatter);
        if labelled || shared || self.is_age(from) {
            return Counts::Thing;
        }
        let Some(next) = self.tokens.get(to) else { return Counts::Alone };
        let digits = self.tokens.get(to + 1).is_some_and(|token| token.glued && token.kind == Kind::Digits);
        let joined = next.glued
            && (matches!(next.text.as_str(), "%" | "#" | "/")
                || next.kind == Kind::Mark && digits
                || next.is(Class::OrdinalMark) && !next.is(Class::People)
                || next.text.starts_with('\''));
        if joined {
            return Counts::Thing;
        }
        let noun = if next.is_mark('-') && next.glued { self.tokens.get(to + 1).unwrap_or(next) } else { next };
        match noun {
            _ if noun.is(Class::People) || noun.is(Class::Kin) || noun.is(Class::SizeAfter) => Counts::People,
            _ if noun.is_any(&[Class::Thing, Class::Unit, Class::SideMatter])
                && !noun.is_any(&[Class::ClockAt, Class::DayOn]) =>
            {
                Counts::Thing
            }
            _ if !noun.is_word()
                || noun.is_known() && !noun.is_any(&[Class::Common, Class::Organisation])
                || noun.is(Class::Everyday) =>
            {
                Counts::Alone
            }
            _ => Counts::Unknown,
        }
    }

    /// "my kids are only 4"
    pub(super) fn is_age(&self, at: usize) -> bool {
        let skips =
            |token: &Token| token.is_any(&[Class::Approx, Class::And, Class::Num]) || token.kind == Kind::Digits;
        let verb = self.tokens[..at].iter().rposition(|token| !skips(token));
        verb.is_some_and(|verb| {
            verb > 0 && self.is(verb, Class::Verb) && self.tokens[verb - 1].is_any(&[Class::Child, Class::Kin])
        })
    }
}
