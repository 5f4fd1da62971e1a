//! Words by which people look for a lead: parts of names and addresses, phone numbers from either end, correlation ids. A word of
//! the index begins with a character for its project.

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::ids::ProjectId;

/// Words of one text that are indexed.
const WORDS_MAX: usize = 24;
/// Characters of a word that count.
const WORD_CHARS_MAX: usize = 40;
/// Digits that are taken for a number.
const DIGITS_MIN: usize = 3;
/// Stands before digits that were turned round, so that the last ones become a prefix. A letter that nobody types.
const REVERSED: char = 'ǁ';
/// Projects have the characters from here on: CJK ideographs, which both engines take for letters.
const PROJECTS_FROM: u32 = 0x4E00;
const PROJECTS: i64 = 20_000;

/// The character of a project. Two projects may share one: whoever searches also looks at the project of what was found.
fn mark(project: ProjectId) -> char {
    let place = u32::try_from(project.0.rem_euclid(PROJECTS)).unwrap_or_default();
    char::from_u32(PROJECTS_FROM + place).unwrap_or('一')
}

/// What is known of a person, as words of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadWords(Vec<String>);

impl LeadWords {
    /// Adds a name or an e-mail address.
    pub fn add_text(&mut self, text: &str) {
        for word in words(text).take(WORDS_MAX) {
            // Where words are not set apart, a part of a name is a word, too.
            let starts = word.char_indices().filter(|(at, c)| *at > 0 && is_ideograph(*c)).map(|(at, _)| at);
            let parts: Vec<_> = starts.map(|at| word[at..].to_owned()).collect();
            self.0.push(word);
            self.0.extend(parts);
        }
    }

    /// Adds a phone number.
    pub fn add_phone(&mut self, phone: &str) {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            self.0.push(reversed(&digits));
            self.0.push(digits);
        }
    }

    /// Adds a correlation id.
    pub fn add_correlation_id(&mut self, id: &str) {
        let bare: String = id.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_lowercase();
        self.0.extend(bare.strip_prefix('o').map(str::to_owned));
        self.0.push(bare);
    }

    /// The words as the index stores them, with spaces between.
    pub fn of(self, project: ProjectId) -> String {
        let mark = mark(project);
        let mut words: Vec<String> = self.0.into_iter().map(|word| format!("{mark}{word}")).collect();
        words.sort();
        words.dedup();
        words.join(" ")
    }
}

/// What somebody looks for: all of the parts, of each either form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadQuery(Vec<Vec<Form>>);

/// A word as it may be in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Form {
    word: String,
    /// Whether the word ends there: more may not follow.
    is_whole: bool,
}

impl Form {
    fn begins(word: String) -> Self {
        Self { word, is_whole: false }
    }
}

impl LeadQuery {
    /// Reads what was typed; `None` where there is nothing to look for.
    pub fn parse(text: &str, project: ProjectId) -> Option<Self> {
        let mark = mark(project);
        let mut parts: Vec<Vec<Form>> = match digits_of(text) {
            Some(digits) => vec![number(&digits)],
            None => words_of_query(text).take(WORDS_MAX).map(one).collect(),
        };
        for form in parts.iter_mut().flatten() {
            form.word.insert(0, mark);
        }
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// For SQLite: `("a"* OR "b"*) AND ("c")`.
    pub fn fts5(&self) -> String {
        self.joined(" AND ", " OR ", |form| format!("\"{}\"{}", form.word, if form.is_whole { "" } else { "*" }))
    }

    /// For PostgreSQL: `('a':* | 'b':*) & ('c')`.
    pub fn tsquery(&self) -> String {
        self.joined(" & ", " | ", |form| format!("'{}'{}", form.word, if form.is_whole { "" } else { ":*" }))
    }

    fn joined(&self, and: &str, or: &str, form: impl Fn(&Form) -> String) -> String {
        let part = |part: &Vec<Form>| format!("({})", part.iter().map(&form).collect::<Vec<_>>().join(or));
        self.0.iter().map(part).collect::<Vec<_>>().join(and)
    }
}

/// The digits of a text that is nothing but a number, in any spelling.
fn digits_of(text: &str) -> Option<String> {
    let is_of_number = |c: char| c.is_ascii_digit() || " +-()./\u{a0}\u{2011}\u{2013}".contains(c);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= DIGITS_MIN && text.chars().all(is_of_number)).then_some(digits)
}

/// A number may be given whole, with `00` for the `+`, without its country, or by its last digits.
fn number(digits: &str) -> Vec<Form> {
    let international = digits.strip_prefix("00").unwrap_or(digits);
    let last = digits.trim_start_matches('0');
    let mut forms = vec![Form::begins(international.to_owned())];
    if last.len() >= DIGITS_MIN {
        forms.push(Form::begins(reversed(last)));
    }
    forms
}

fn one(form: Form) -> Vec<Form> {
    let is_number = form.word.len() >= DIGITS_MIN && form.word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && !form.is_whole { number(&form.word) } else { vec![form] }
}

/// The words of what was typed. The parts of a correlation id are one; of an address, only the last word may go on: each provider's
/// name begins many.
fn words_of_query(text: &str) -> impl Iterator<Item = Form> {
    let pieces = text.split_whitespace().flat_map(|piece| {
        let bare: String = piece.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let is_id = bare.len() == 8 && piece.len() == 9 && bare.starts_with(['O', 'o']) && piece[1..].starts_with('-');
        let mut forms: Vec<_> = match is_id {
            true => vec![Form::begins(bare.to_lowercase())],
            false => words(piece).map(Form::begins).collect(),
        };
        if piece.contains('@') {
            let last = forms.len().saturating_sub(1);
            forms.iter_mut().take(last).for_each(|form| form.is_whole = true);
        }
        forms
    });
    pieces.collect::<Vec<_>>().into_iter()
}

fn reversed(digits: &str) -> String {
    std::iter::once(REVERSED).chain(digits.chars().rev()).collect()
}

/// The words of a text, in lower case and without marks on letters.
fn words(text: &str) -> impl Iterator<Item = String> {
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let is_mark = |c: &char| matches!(*c, '\u{300}'..='\u{36f}');
    let folded: String = decomposed.chars().filter(|c| !is_mark(c)).collect::<String>().to_lowercase();
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let cut = |word: &str| word.chars().take(WORD_CHARS_MAX).collect();
    words.map(cut).collect::<Vec<String>>().into_iter()
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: ProjectId = ProjectId(1);

    fn finds(query: &str, known: impl Fn(&mut LeadWords)) -> bool {
        let mut words = LeadWords::default();
        known(&mut words);
        let stored = words.of(PROJECT);
        let Some(LeadQuery(parts)) = LeadQuery::parse(query, PROJECT) else { return false };
        let is_there = |form: &Form| {
            stored.split(' ').any(|word| word == form.word || !form.is_whole && word.starts_with(&form.word))
        };
        parts.iter().all(|forms| forms.iter().any(is_there))
    }

    #[test]
    fn a_number_is_found_in_any_spelling_and_by_its_last_digits() {
        let phone = |words: &mut LeadWords| words.add_phone("+6591234567");
        for query in ["+65 9123 4567", "6591234567", "0065 9123-4567", "9123 4567", "(9123) 4567", "4567", "+65", "659"]
        {
            assert!(finds(query, phone), "{query}");
        }
        assert!(finds("0171 1234567", |words| words.add_phone("+491711234567")));
        assert!(!finds("1234", phone) && !finds("+6591234568", phone));
    }

    #[test]
    fn a_part_of_a_name_or_an_address_is_enough() {
        let mei = |words: &mut LeadWords| {
            words.add_text("Zoë Tan-Müller");
            words.add_text("mei.tan@example.com");
            words.add_text("陈美玲");
            words.add_phone("+6591234567");
        };
        for query in ["zoe", "Zoë", "tan mull", "MEI.TAN@EXAMPLE.COM", "tan@exam", "example", "美玲", "陈", "tan 4567"]
        {
            assert!(finds(query, mei), "{query}");
        }
        for query in ["", " ", "?", "tanx", "tan ben", "mei 9999", "me.tan@example.com", "mei.tan@exam.com"] {
            assert!(!finds(query, mei), "{query}");
        }
    }

    #[test]
    fn a_correlation_id_is_found_as_people_copy_it() {
        let id = |words: &mut LeadWords| words.add_correlation_id("O-aB3dE9z");
        for query in ["O-aB3dE9z", "o-ab3de9z", "aB3dE9z", "aB3d", "OaB3dE9z"] {
            assert!(finds(query, id), "{query}");
        }
        assert!(!finds("O-aB3dE9y", id));
    }

    #[test]
    fn what_was_typed_is_never_syntax() {
        let query = LeadQuery::parse("\"a\"* OR NEAR(b) 'c':* -d", PROJECT).expect("words");
        assert!(query.fts5().chars().all(|c| c.is_alphanumeric() || "\"* ()".contains(c)), "{}", query.fts5());
        assert!(query.tsquery().chars().all(|c| c.is_alphanumeric() || "':*&| ()".contains(c)), "{}", query.tsquery());
        assert_ne!(LeadQuery::parse("mei", PROJECT), LeadQuery::parse("mei", ProjectId(2)));
    }
}
