//! Cuts texts of any length, as strangers send them.

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
        fn cut_gives_the_first_characters(text in "\\PC{0,12}", chars_max in 0_usize..14) {
            prop_assert_eq!(cut(&text, chars_max), text.chars().take(chars_max).collect::<String>());
        }
    }
}
