//! Turns a text into tokens: words, numbers and marks, with what they can mean. Widths, cases, accents and native digits are
//! folded; spans are those of the text as written.

use super::class::Class;
pub(super) use super::fold::Kind;
use super::fold::{Folded, Raw};
use super::lexicon::{Sense, lexicon};
use super::pack::Languages;
use super::span::Span;

/// What a word that no language in use knows may mean in another: people mix languages where they speak of days.
const BORROWED: [Class; 4] = [Class::Relative, Class::Weekday, Class::Tonight, Class::NameIntro];

/// Bytes of such a word, at least: short ones are names and slips as well.
const BORROWED_BYTES_MIN: usize = 4;

/// A word or phrase, digits, or a mark, with what it can mean.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) span: Span,
    pub(super) kind: Kind,
    pub(super) glued: bool,
    /// Folded; of a phrase the first part.
    pub(super) text: String,
    /// Whether it begins with a capital, or with a letter of a script without capitals.
    pub(super) capital: bool,
    senses: &'static [Sense],
    /// What its beginning can mean.
    stem: &'static [Sense],
    among: Languages,
}

/// What reads tokens by their places: behind the last one there is none.
pub(super) trait ReadsTokens {
    fn tokens(&self) -> &[Token];

    fn is(&self, at: usize, class: Class) -> bool {
        self.tokens().get(at).is_some_and(|token| token.is(class))
    }

    fn is_mark(&self, at: usize, mark: char) -> bool {
        self.tokens().get(at).is_some_and(|token| token.is_mark(mark))
    }

    fn value(&self, at: usize, class: Class) -> Option<i16> {
        self.tokens().get(at)?.value(class)
    }
}

#[cfg(test)]
thread_local! {
    static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How often a token was looked at on this thread: the work of reading.
#[cfg(test)]
pub(super) fn looks() -> usize {
    LOOKS.get()
}

impl Token {
    /// Whether it can be of that class.
    pub(super) fn is(&self, class: Class) -> bool {
        self.value(class).is_some()
    }

    pub(super) fn is_any(&self, classes: &[Class]) -> bool {
        classes.iter().any(|class| self.is(*class))
    }

    /// The value of that class.
    pub(super) fn value(&self, class: Class) -> Option<i16> {
        self.sense(class).map(|sense| sense.value)
    }

    /// The meaning of that class.
    pub(super) fn sense(&self, class: Class) -> Option<&'static Sense> {
        #[cfg(test)]
        LOOKS.set(LOOKS.get() + 1);
        if self.among == Languages::all() && !BORROWED.contains(&class) {
            return None;
        }
        self.senses.iter().chain(self.stem).find(|sense| sense.class == class && self.among.overlaps(sense.languages))
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(mark)
    }

    /// Whether any pack in use knows it.
    pub(super) fn is_known(&self) -> bool {
        self.among != Languages::all()
            && self.senses.iter().chain(self.stem).any(|sense| self.among.overlaps(sense.languages))
    }

    /// Whether it has letters.
    pub(super) fn is_word(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Ideograph)
    }

    /// The number that its digits are, up to nine of them.
    pub(super) fn digits(&self) -> Option<u32> {
        (self.kind == Kind::Digits && self.text.len() <= 9).then(|| self.text.parse().ok()).flatten()
    }

    /// Whether it ends a clause or sentence.
    pub(super) fn is_break(&self) -> bool {
        self.kind == Kind::Mark && matches!(self.text.as_str(), "." | "!" | "?" | ";" | "\n" | "(" | ")")
    }
}

/// The tokens of a text, as words of those languages. A word that none of them knows counts as what it is elsewhere.
pub(super) fn tokens(text: &str, folded: &Folded, parts: &[Raw], among: Languages) -> Vec<Token> {
    let lexicon = lexicon();
    let mut tokens = Vec::with_capacity(parts.len());
    let mut at = 0;
    while at < parts.len() {
        let part = parts[at];
        let word = part.text(folded);
        let found = part.is_word().then(|| lexicon.longest(folded, &parts[at..], among)).flatten();
        let (count, senses, among) = match found {
            Some((count, senses)) => (count, senses, among),
            None if part.kind == Kind::Word => {
                let (senses, among) = single(word, among);
                (1, senses, among)
            }
            None => (1, &[][..], among),
        };
        let last = parts[at + count - 1];
        let (start, end) = (folded.origin[part.start], folded.origin[last.end]);
        let span = Span::new(start, end.max(start)).trimmed(text);
        let first = text[start..].chars().next().unwrap_or(' ');
        tokens.push(Token {
            span: if part.kind == Kind::Mark { Span::new(start, end.max(start)) } else { span },
            kind: part.kind,
            glued: part.glued,
            text: word.to_owned(),
            capital: first.is_uppercase() || !first.is_lowercase() && first.is_alphabetic(),
            senses,
            stem: if count == 1 && part.kind == Kind::Word { lexicon.by_stem(word, among).unwrap_or(&[]) } else { &[] },
            among,
        });
        at += count;
    }
    tokens
}

/// What a single word can mean: by its beginning, without a possessive or an elided article, with Arabic's joined words, and last as
/// a word of another language.
fn single(word: &str, among: Languages) -> (&'static [Sense], Languages) {
    let lexicon = lexicon();
    if lexicon.by_stem(word, among).is_some() {
        return (&[], among);
    }
    let known = |word: &str| {
        let senses = lexicon.word(word);
        senses.iter().any(|sense| among.overlaps(sense.languages)).then_some(senses)
    };
    if let Some((head, tail)) = word.split_once('\'') {
        let senses = if head.chars().count() <= 2 { known(tail) } else { known(head).filter(|_| tail == "s") };
        if let Some(senses) = senses {
            return (senses, among);
        }
    }
    for joined in ["وال", "بال", "لل", "ال", "و", "ب", "ل", "ف"] {
        let Some(rest) = word.strip_prefix(joined).filter(|rest| rest.chars().count() >= 2) else { continue };
        if let Some(senses) = known(rest).or_else(|| known(&format!("ال{rest}"))) {
            return (senses, among);
        }
    }
    let elsewhere = if word.len() >= BORROWED_BYTES_MIN { lexicon.word(word) } else { &[] };
    (elsewhere, if elsewhere.is_empty() { among } else { Languages::all() })
}
