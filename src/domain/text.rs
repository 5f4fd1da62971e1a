//! Texts as strangers send them: of any length, and sometimes what a program writes where it has no value.

use uuid::Uuid;

/// What scripts send in place of a value that they do not have.
const PLACEHOLDERS: [&str; 4] = ["undefined", "null", "NaN", "[object Object]"];

/// The first `chars_max` characters of a text.
pub fn cut(text: &str, chars_max: usize) -> &str {
    // No text has more characters than bytes.
    if text.len() <= chars_max {
        return text;
    }
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

/// A text in parts of at most `units_max` UTF-16 units: cut behind a sentence, else behind a line or a word, else anywhere. Parts lose
/// the whitespace around them; a text without words has none.
pub fn split(text: &str, units_max: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let end = end_of_part(rest, units_max);
        let (part, after) = rest.split_at(end);
        parts.push(part.trim_end());
        rest = after.trim_start();
    }
    parts
}

/// Where the first part of a text ends.
fn end_of_part(text: &str, units_max: usize) -> usize {
    let (mut units, mut hard) = (0, text.len());
    for (at, letter) in text.char_indices() {
        units += letter.len_utf16();
        if units > units_max {
            // One character at least, however little room there is.
            hard = at.max(text.chars().next().map_or(0, char::len_utf8));
            break;
        }
    }
    if hard == text.len() {
        return hard;
    }
    let room = &text[..hard];
    let is_end = |letter: char| matches!(letter, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।');
    let behind = |at: usize, letter: char| at + letter.len_utf8();
    let sentence = room.char_indices().rev().find(|(at, letter)| {
        let next = text[behind(*at, *letter)..].chars().next();
        is_end(*letter) && (!letter.is_ascii() || next.is_none_or(char::is_whitespace))
    });
    let line = || room.char_indices().rev().find(|(_, letter)| *letter == '\n');
    let word = || room.char_indices().rev().find(|(_, letter)| letter.is_whitespace());
    sentence.or_else(line).or_else(word).map_or(hard, |(at, letter)| behind(at, letter))
}

/// Whether a text stands where a script had no value: `undefined`, `null`, `NaN`, `[object Object]`, or the nil UUID. Many
/// visitors have the same, so it is no id of anything.
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    PLACEHOLDERS.iter().any(|placeholder| text.eq_ignore_ascii_case(placeholder))
        || Uuid::try_parse(text).is_ok_and(|id| id.is_nil())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_script_sends_without_a_value_is_a_placeholder() {
        for text in ["undefined", "null", " NULL ", "NaN", "[object Object]"] {
            assert!(is_placeholder(text), "{text:?}");
        }
        for text in ["00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"] {
            assert!(is_placeholder(text), "{text:?}");
        }
        for text in ["", "0", "nullable", "Nan Li", "object", "550e8400-e29b-41d4-a716-446655440000"] {
            assert!(!is_placeholder(text), "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_sentences() {
        assert_eq!(split("One. Two is 2.5 long. Three", 22), ["One. Two is 2.5 long.", "Three"]);
        assert_eq!(split("一。二。三", 4), ["一。二。", "三"]);
        assert_eq!(split("a line\nanother line", 10), ["a line", "another", "line"]);
        assert_eq!(split("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(split("😀😀", 2), ["😀", "😀"], "an emoji counts twice");
        assert_eq!(split(" ", 4), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn parts_fit_and_lose_no_word(text in "[a-c😀。. \\n]{0,60}", units_max in 2_usize..12) {
            let parts = split(&text, units_max);
            let solid = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert!(parts.iter().all(|part| part.encode_utf16().count() <= units_max && !part.is_empty()));
            prop_assert_eq!(solid(&parts.concat()), solid(&text));
        }

        #[test]
        fn cut_gives_the_first_characters(text in "\\PC{0,12}", chars_max in 0_usize..14) {
            prop_assert_eq!(cut(&text, chars_max), text.chars().take(chars_max).collect::<String>());
        }
    }
}
