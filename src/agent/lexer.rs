//! Turns a text into tokens: words, numbers and marks, with what they can mean. Widths, cases, accents and native digits are
//! folded; spans are those of the text as written.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

use super::class::Class;
use super::lexicon::{Sense, lexicon};
use super::pack::Languages;
use super::span::Span;

/// Characters of one word at most; a longer one is cut into several, so that no word is read to its end twice.
const WORD_CHARS_MAX: usize = 40;

/// What a word that no language in use knows may mean in another: people mix languages where they speak of days.
const BORROWED: [Class; 4] = [Class::Relative, Class::Weekday, Class::Tonight, Class::NameIntro];

/// Bytes of such a word, at least: short ones are names and slips as well.
const BORROWED_BYTES_MIN: usize = 4;

/// A text with its letters folded, and where each came from.
pub(super) struct Folded {
    pub(super) text: String,
    /// By byte of the folded text: the byte of the text as written. One more than there are bytes.
    origin: Vec<usize>,
}

/// A part of a folded text: a word, digits, or one mark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    start: usize,
    end: usize,
    pub(super) kind: Kind,
    /// Whether it follows the part before without a space.
    pub(super) glued: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// One letter of a script that sets no spaces.
    Ideograph,
    Digits,
    Mark,
}

impl Raw {
    pub(super) fn text(self, folded: &Folded) -> &str {
        &folded.text[self.start..self.end]
    }

    pub(super) fn is_word(self) -> bool {
        self.kind != Kind::Mark
    }
}

#[cfg(test)]
thread_local! {
    static LETTERS_READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many letters were folded on this thread: the work of reading.
#[cfg(test)]
pub(super) fn letters_read() -> usize {
    LETTERS_READ.get()
}

/// Folds a text: compatibility forms, lower case, no accents, plain digits, quotes and dashes; nothing invisible.
pub(super) fn fold(text: &str) -> Folded {
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let classes = CanonicalCombiningClassMapBorrowed::new();
    #[cfg(test)]
    LETTERS_READ.set(LETTERS_READ.get() + text.len());
    let mut folded = Folded { text: String::with_capacity(text.len()), origin: Vec::with_capacity(text.len() + 1) };
    let mut push = |letter: char, at: usize| {
        folded.text.push(letter);
        folded.origin.resize(folded.text.len(), at);
    };
    for (at, letter) in text.char_indices() {
        if letter.is_ascii() {
            push(letter.to_ascii_lowercase(), at);
            continue;
        }
        if is_invisible(letter) {
            continue;
        }
        let mut single = [0; 4];
        for part in normalizer.normalize(letter.encode_utf8(&mut single)).chars().flat_map(char::to_lowercase) {
            if is_accent(part, classes.get_u8(part)) {
                continue;
            }
            push(plain(part), at);
        }
    }
    folded.origin.push(text.len());
    folded
}

/// Marks that are dropped: accents on letters of alphabets, and what Arabic and Hebrew write above letters. Vowel signs of other
/// scripts stay: without them words would be other words.
fn is_accent(letter: char, combining_class: u8) -> bool {
    combining_class != 0
        && matches!(letter, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}')
}

fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{640}' | '\u{fe0f}')
}

fn plain(letter: char) -> char {
    match letter {
        '’' | '‘' | '´' | '`' | 'ʼ' | '′' => '\'',
        '‐'..='―' | '−' | '～' | '〜' => '-',
        '،' | '、' => ',',
        '؟' => '?',
        '؛' => ';',
        '。' => '.',
        '“' | '”' | '„' | '«' | '»' => '"',
        'ى' | 'ی' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        'ß' => 's',
        'ø' => 'o',
        'ł' => 'l',
        'ı' => 'i',
        _ => native_digit(letter).unwrap_or(letter),
    }
}

/// The first digits of the scripts whose digits people type.
const ZEROS: [char; 12] = ['٠', '۰', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '๐', '၀'];

fn native_digit(letter: char) -> Option<char> {
    let value = ZEROS.iter().find_map(|zero| (letter as u32).checked_sub(*zero as u32).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

/// Whether a letter belongs to a script that sets no spaces between words.
pub(super) fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{e00}'..='\u{e7f}' | '〇')
}

/// Whether a character continues a word: letters, and the marks that Indic scripts write on them.
pub(super) fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() || !letter.is_ascii() && CanonicalCombiningClassMapBorrowed::new().get_u8(letter) != 0
}

/// Cuts a folded text into its parts.
pub(super) fn split(folded: &Folded) -> Vec<Raw> {
    let mut parts: Vec<Raw> = Vec::new();
    let mut letters = folded.text.char_indices().peekable();
    let mut glued = false;
    while let Some((start, letter)) = letters.next() {
        if letter.is_whitespace() && letter != '\n' || letter == '\r' {
            glued = false;
            continue;
        }
        let kind = match letter {
            _ if letter.is_ascii_digit() => Kind::Digits,
            _ if is_ideograph(letter) => Kind::Ideograph,
            _ if is_letter(letter) => Kind::Word,
            _ => Kind::Mark,
        };
        let mut end = start + letter.len_utf8();
        let mut chars = 1;
        while let Some((at, next)) = letters.peek().copied() {
            let inner = next == '\'' && folded.text[at + 1..].starts_with(is_letter);
            let fits = match kind {
                Kind::Word => (is_letter(next) && !is_ideograph(next) || inner) && chars < WORD_CHARS_MAX,
                Kind::Digits => next.is_ascii_digit(),
                Kind::Ideograph | Kind::Mark => false,
            };
            if !fits {
                break;
            }
            letters.next();
            end = at + next.len_utf8();
            chars += 1;
        }
        parts.push(Raw { start, end, kind, glued });
        glued = letter != '\n';
    }
    parts
}

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
