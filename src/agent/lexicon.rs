//! Classifies words and answers: everyday words (not names), yes and no, questions, refusals.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::word_lists;

/// Words that are never part of a name, though a sentence may have them where a name could be.
static EVERYDAY: LazyLock<HashSet<&str>> = LazyLock::new(|| word_lists::EVERYDAY.split_whitespace().collect());
/// Words that are a name only beside a rarer word, or after "my name is".
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| word_lists::COMMON.split_whitespace().collect());

/// Particles inside names: lower-case, never last.
const PARTICLES: &[&str] = &[
    "de", "da", "di", "del", "della", "der", "den", "du", "dos", "das", "van", "von", "zu", "zur", "ter", "ten", "la",
    "le", "el", "al", "bin", "binte", "binti", "ibn", "s/o", "d/o", "a/l", "a/p",
];

/// Whether a word is an everyday one; case does not matter.
pub(super) fn is_everyday(word: &str) -> bool {
    let lower = word.to_lowercase().replace('’', "'");
    EVERYDAY.contains(lower.as_str()) || lower.ends_with("n't") || lower.ends_with("'re") || lower.ends_with("'ll")
}

/// Whether a word is a name only beside a rarer word; case does not matter.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.contains(word.to_lowercase().replace('’', "'").as_str())
}

/// Whether a word can be inside a name in lower case.
pub(super) fn is_particle(word: &str) -> bool {
    PARTICLES.contains(&word.to_lowercase().as_str())
}

const YES: &[&str] = &[
    "yes",
    "yeah",
    "yea",
    "yep",
    "yup",
    "ya",
    "yah",
    "sure",
    "ok",
    "okay",
    "of course",
    "certainly",
    "absolutely",
    "definitely",
    "correct",
    "right",
    "that's right",
    "affirmative",
    "please do",
    "yes please",
    "i do",
    "i am",
    "i would",
    "i have",
    "we do",
    "we are",
    "we have",
    "can",
    "y",
    "true",
    "ja",
    "jawohl",
    "klar",
    "natürlich",
    "oui",
    "bien sûr",
    "d'accord",
    "sí",
    "si",
    "claro",
    "ya betul",
    "betul",
    "boleh",
    "是",
    "是的",
    "好",
    "好的",
    "对",
    "可以",
    "有",
    "要",
    "行",
    "indeed",
];
const NO: &[&str] = &[
    "no",
    "nope",
    "nah",
    "not really",
    "no thanks",
    "no thank you",
    "never",
    "not yet",
    "negative",
    "i don't",
    "i dont",
    "i'm not",
    "im not",
    "we don't",
    "i haven't",
    "i do not",
    "i am not",
    "not at all",
    "of course not",
    "n",
    "false",
    "nein",
    "nee",
    "non",
    "pas du tout",
    "tidak",
    "tak",
    "bukan",
    "不",
    "不是",
    "没有",
    "不要",
    "不用",
    "不行",
    "否",
    "没",
    "no gracias",
    "non merci",
    "nein danke",
    "incorrect",
    "wrong",
    "not",
    "nay",
];

/// Finds a yes (`true`) or no (`false`) at the start of an answer: its words in the text.
pub(super) fn yes_no(text: &str) -> Option<(&str, bool)> {
    let start = text.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let mut best: Option<(usize, bool)> = None;
    for (words, answer) in YES.iter().map(|word| (word, true)).chain(NO.iter().map(|word| (word, false))) {
        let Some(head) = head_of(start, words) else { continue };
        let is_whole = words.chars().all(|letter| !letter.is_ascii())
            || !start[head..].starts_with(|letter: char| letter.is_alphanumeric() || letter == '\'');
        if is_whole && best.is_none_or(|(length, _)| length < head) {
            best = Some((head, answer));
        }
    }
    best.map(|(length, answer)| (&start[..length], answer))
}

/// The length of `words` at the start of `text`, ignoring case and the kind of apostrophes.
fn head_of(text: &str, words: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    for wanted in words.chars() {
        let (_, letter) = letters.next()?;
        let letter = if letter == '’' { '\'' } else { letter };
        if !letter.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(letters.next().map_or(text.len(), |(at, _)| at))
}

/// Whether a text is a question.
pub(super) fn is_question(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let opens =
        ["hi", "hello", "hey", "there", "good", "morning", "afternoon", "evening", "so", "and", "but", "ok", "sorry"];
    let mut words =
        lower.split(|letter: char| !(letter.is_alphanumeric() || letter == '\'')).filter(|word| !word.is_empty());
    let first = words.find(|word| !opens.contains(word)).unwrap_or_default();
    lower.ends_with(['?', '？'])
        || matches!(
            first,
            "why"
                | "what"
                | "what's"
                | "whats"
                | "how"
                | "when"
                | "where"
                | "which"
                | "who"
                | "whose"
                | "can"
                | "could"
                | "do"
                | "does"
                | "is"
                | "are"
                | "will"
                | "would"
                | "may"
                | "should"
                | "warum"
                | "wieso"
                | "wie"
                | "was"
                | "pourquoi"
                | "comment"
                | "qué"
                | "cómo"
                | "kenapa"
                | "bagaimana"
                | "apa"
        )
        || lower.contains("为什么")
}

/// Whether a text declines to answer, or says that the person does not know.
pub(super) fn is_refusal(text: &str) -> bool {
    let lower = text.trim().to_lowercase().replace('’', "'");
    if matches!(lower.trim_end_matches('.'), "none" | "nil" | "n/a" | "na" | "nothing" | "-" | "no" | "nope") {
        return true;
    }
    [
        "i don't know",
        "i dont know",
        "don't know",
        "dont know",
        "idk",
        "no idea",
        "not sure",
        "i'd rather not",
        "rather not",
        "prefer not",
        "none of your",
        "not telling",
        "won't tell",
        "i don't want",
        "i dont want",
        "i refuse",
        "skip",
        "no comment",
        "that's private",
        "thats private",
        "my business",
        "don't have",
        "dont have",
        "do not have",
        "i forgot",
        "can't remember",
        "later",
        "weiß nicht",
        "keine ahnung",
        "je ne sais pas",
        "no sé",
        "no lo sé",
        "tak tahu",
        "tidak tahu",
        "不知道",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_recognised_in_several_languages() {
        for (text, expected) in [
            ("Yes please!", Some(("Yes please", true))),
            ("no, thanks", Some(("no", false))),
            ("Nope", Some(("Nope", false))),
            ("I don’t", Some(("I don’t", false))),
            ("是的", Some(("是的", true))),
            ("不是", Some(("不是", false))),
            ("oui", Some(("oui", true))),
            ("tidak", Some(("tidak", false))),
            ("Nothing", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(yes_no(text), expected, "{text:?}");
        }
    }

    #[test]
    fn questions_and_refusals_are_distinguished_from_answers() {
        assert!(is_question("why do you need it") && is_question("Is it free?") && !is_question("Vashti"));
        assert!(is_refusal("I don’t know") && is_refusal("I'd rather not say") && !is_refusal("Knowles"));
    }
}
