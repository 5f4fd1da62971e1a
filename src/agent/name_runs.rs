//! The words of a name: where a name begins and ends.

use super::class::Class;
use super::fields::Part;
use super::lexer::{Kind, ReadsTokens, Token};
use super::reader::Reader;
use super::span::Span;

/// Words of a name at most. What is longer is no name that could be told from the words around it.
const NAME_WORDS_MAX: usize = 6;
/// Han letters of a name at most.
const HAN_CHARS_MAX: usize = 4;
/// Letters of a name in another script without spaces at most.
const IDEOGRAPHS_MAX: usize = 30;

/// A name in a text.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) span: Span,
    pub(super) part: Part,
    /// Its words.
    pub(super) words: Vec<Span>,
    /// Where the family name begins, if it has one.
    pub(super) family: Option<usize>,
    /// Whether it goes on beyond what can be a name.
    pub(super) is_open: bool,
}

/// The words of a name: ranges of tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub(super) words: Vec<(usize, usize)>,
    /// The token after the name.
    pub(super) end: usize,
    pub(super) is_open: bool,
}

pub(super) struct Search<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) tokens: &'a [Token],
    pub(super) asked: bool,
    /// Whether the text has no lower-case letters: then a capital says nothing.
    pub(super) shouts: bool,
}

impl ReadsTokens for Search<'_> {
    fn tokens(&self) -> &[Token] {
        self.tokens
    }
}

impl Search<'_> {
    pub(super) fn text(&self, at: usize) -> &str {
        self.tokens[at].span.words(self.reader.text)
    }

    /// The token after marks that may stand between an introduction and its name.
    pub(super) fn skip_marks(&self, mut at: usize) -> usize {
        while self.tokens.get(at).is_some_and(|token| {
            matches!(token.text.as_str(), ":" | "-" | "\"" | "'" | "(" | "=") && token.kind == Kind::Mark
        }) {
            at += 1;
        }
        at
    }

    /// The words of a name from a token on. Titles before it are no part of it.
    pub(super) fn run(&self, at: usize, any_case: bool) -> Run {
        let mut start = at;
        while self.is(start, Class::Honorific) {
            start += 1 + usize::from(self.tokens.get(start + 1).is_some_and(|dot| dot.is_mark('.') && dot.glued));
        }
        if self.tokens.get(start).is_some_and(|token| token.kind == Kind::Ideograph) {
            return self.ideographs(start);
        }
        let mut run = Run { end: start, ..Run::default() };
        while let Some((end, fits)) = self.word(run.end, &run, any_case) {
            if !fits {
                break;
            }
            if run.words.len() == NAME_WORDS_MAX {
                run.is_open = true;
                break;
            }
            run.words.push((run.end, end));
            run.end = end;
        }
        while run.words.len() > 1
            && run.words.last().is_some_and(|(from, _)| self.is(*from, Class::Particle) && !self.tokens[*from].capital)
        {
            run.end = run.words.pop().map_or(run.end, |(from, _)| from);
        }
        run
    }

    /// A word of a name at a token: where it ends, and whether it can be one.
    pub(super) fn word(&self, at: usize, run: &Run, any_case: bool) -> Option<(usize, bool)> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word && self.reader.is_free_token(at))?;
        let is_first = run.words.is_empty();
        let mut end = at + 1;
        // An initial with its full stop, and the parts of a name with hyphens.
        let letters = self.text(at).chars().count();
        let dot = self.tokens.get(end).is_some_and(|next| next.is_mark('.') && next.glued);
        if letters <= 2 && token.capital && dot {
            end += 1;
        }
        while self.tokens.get(end).is_some_and(|next| next.is_mark('-') && next.glued)
            && self.tokens.get(end + 1).is_some_and(|next| next.glued && next.kind == Kind::Word)
        {
            end += 2;
        }
        let joins = self
            .tokens
            .get(end)
            .is_some_and(|next| next.glued && (next.kind == Kind::Digits || matches!(next.text.as_str(), "@" | "_")));
        if joins || token.text.chars().count() > 30 {
            return Some((end, false));
        }
        let led_by_capital = run.words.first().is_some_and(|(first, _)| self.tokens[*first].capital);
        let particle = token.is(Class::Particle) && !is_first;
        let fits_case = token.capital || particle || any_case && !led_by_capital;
        let plain_common = token.is(Class::Common) && !token.capital;
        let also = token.is(Class::AlsoName) && token.capital;
        let everyday = end == at + 1 && self.is_everyday(token) && !particle && !also;
        Some((end, fits_case && !plain_common && !everyday))
    }

    pub(super) fn is_everyday(&self, token: &Token) -> bool {
        let initial = token.capital
            && token.span.end - token.span.start == 1
            && !token.is(Class::Myself)
            && !token.is(Class::Article);
        (token.is(Class::Everyday)
            || token.is_any(&[
                Class::Weekday,
                Class::Greeting,
                Class::Thanks,
                Class::NameIntro,
                Class::NameIntroWeak,
                Class::Relative,
                Class::And,
                Class::Yes,
                Class::No,
                Class::Honorific,
                Class::Light,
                Class::Filler,
                Class::DayOn,
                Class::ClockAt,
                Class::NameTail,
                Class::Enquiry,
                Class::Refuse,
                Class::None,
            ]))
            && !initial
            && !(token.is(Class::AlsoName) && token.capital)
    }

    /// A name in a script without spaces.
    pub(super) fn ideographs(&self, start: usize) -> Run {
        let is_part = |at: &usize| {
            let Some(token) =
                self.tokens.get(*at).filter(|token| token.kind == Kind::Ideograph && self.reader.is_free_token(*at))
            else {
                return false;
            };
            let chars = token.span.words(self.reader.text).chars().count();
            (*at == start || token.glued)
                && !token.is_any(&[Class::NameTail, Class::Greeting, Class::NameIntro, Class::Honorific])
                && (chars == 1 || !token.is_known())
        };
        let end = (start..self.tokens.len()).take_while(is_part).last().map_or(start, |last| last + 1);
        let han = self.text(start).chars().all(|letter| matches!(letter, '\u{4e00}'..='\u{9fff}'));
        let most = if han { HAN_CHARS_MAX } else { IDEOGRAPHS_MAX };
        let is_open = end - start > most;
        let words = if end > start { vec![(start, end)] } else { vec![] };
        Run { words, end, is_open }
    }

    pub(super) fn found(&self, run: &Run, part: Part) -> Option<Found> {
        let (first, last) = (run.words.first()?, run.words.last()?);
        let words: Vec<Span> = run.words.iter().map(|(from, to)| self.reader.span(*from, *to)).collect();
        let particle = run.words.iter().skip(1).position(|(from, _)| self.is(*from, Class::Particle));
        let family = (run.words.len() > 1).then(|| particle.map_or(1, |at| at + 1));
        Some(Found { span: self.reader.span(first.0, last.1), part, words, family, is_open: run.is_open })
    }

    /// Whether a word alone is not a name.
    pub(super) fn is_plain(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        token.is_any(&[Class::Common, Class::SideMatter]) || self.is_everyday(token)
    }

    pub(super) fn all_plain(&self, run: &Run) -> bool {
        run.words.iter().all(|(from, _)| self.is_plain(*from))
    }

    pub(super) fn names_organisation(&self, run: &Run) -> bool {
        run.words.len() > 1 && run.words.iter().any(|(from, _)| self.is(*from, Class::Organisation))
    }

    /// Whether a word is written as a name, though it is another word too: "Will", "May".
    pub(super) fn is_written_name(&self, at: usize) -> bool {
        self.tokens[at].capital && self.is(at, Class::AlsoName)
    }

    /// "Will Smith": everyday words with capitals that are names too.
    pub(super) fn run_of_capitals(&self, start: usize) -> Run {
        let is_part = |at: &usize| {
            self.tokens.get(*at).is_some_and(|token| {
                token.capital && token.kind == Kind::Word && (self.is_written_name(*at) || !self.is_everyday(token))
            })
        };
        let end = (start..self.tokens.len()).take_while(is_part).last().map_or(start, |last| last + 1);
        Run { words: (start..end).map(|at| (at, at + 1)).collect(), end, is_open: end - start > NAME_WORDS_MAX }
    }
}
