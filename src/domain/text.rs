//! Texts that strangers send may be of any length.

/// The first `chars_max` characters of a text.
pub fn cut(text: &str, chars_max: usize) -> &str {
    // No text has more characters than bytes.
    if text.len() <= chars_max {
        return text;
    }
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_cut_are_the_first_characters(text in "\\PC{0,12}", chars_max in 0_usize..14) {
            prop_assert_eq!(cut(&text, chars_max), text.chars().take(chars_max).collect::<String>());
        }
    }
}
