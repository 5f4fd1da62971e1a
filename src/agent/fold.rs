//! Folds a text and cuts it into parts: words, digits and marks. Widths, cases, accents and native digits do not matter.

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

/// Characters of one word at most; a longer one is cut into several, so that no word is read to its end twice.
const WORD_CHARS_MAX: usize = 40;

/// A text with its letters folded, and where each came from.
pub(super) struct Folded {
    pub(super) text: String,
    /// By byte of the folded text: the byte of the text as written. One more than there are bytes.
    pub(super) origin: Vec<usize>,
}

/// A part of a folded text: a word, digits, or one mark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    pub(super) start: usize,
    pub(super) end: usize,
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

/// Folds a text: compatibility forms, lower case, no accents, plain digits, quotes and dashes; nothing invisible.
pub(super) fn fold(text: &str) -> Folded {
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let classes = CanonicalCombiningClassMapBorrowed::new();
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
