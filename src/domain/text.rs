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

    proptest! {
        #[test]
        fn cut_gives_the_first_characters(text in "\\PC{0,12}", chars_max in 0_usize..14) {
            prop_assert_eq!(cut(&text, chars_max), text.chars().take(chars_max).collect::<String>());
        }
    }
}
