//! The text of a chat link that a site has on its own pages, as the start of the prefilled text.

use super::correlation::{REFERENCE_LABEL, REFERENCE_NOTE, find_correlation_ids};
use super::link::TEXT_CHARS_MAX;
use super::text::cut;

/// Whether a character neither shows nor means anything, or turns the text around that stands behind it. Joiners stay: emoji and some
/// scripts are written with them.
fn is_unseen(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    (letter.is_control() && letter != '\n') || turns || matches!(letter, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// The text without what a person would not see, and without a reference of somebody else's that was copied with it; at most
/// [`TEXT_CHARS_MAX`] characters. Empty where nothing is left.
pub fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\t', " ");
    // What is cut off is not looked through.
    let seen: String = text.chars().filter(|letter| !is_unseen(*letter)).take(2 * TEXT_CHARS_MAX).collect();
    let mut text = seen;
    for id in find_correlation_ids(&text).into_iter().filter_map(|candidate| candidate.exact) {
        let whole = format!("{REFERENCE_LABEL}{id}{REFERENCE_NOTE}");
        text = text.replace(&whole, "").replace(id.as_str(), "");
    }
    cut(text.trim(), TEXT_CHARS_MAX).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pages_text_is_kept_as_a_person_sees_it() {
        for (text, expected) in [
            (
                "Hi, is the *Red Bike* still there?\r\nhttps://shop.example/?p=1&q=2",
                "Hi, is the *Red Bike* still there?\nhttps://shop.example/?p=1&q=2",
            ),
            ("  Hola\t¿qué tal?\u{0}\u{1b} ", "Hola ¿qué tal?"),
            ("👩\u{200d}🔧 مرحبا", "👩\u{200d}🔧 مرحبا"),
            ("pay\u{202e}moc.live\u{202c} \u{feff}now\u{200b}", "paymoc.live now"),
            ("O Captain, my Captain", "O Captain, my Captain"),
            (" \u{200b} \r\n", ""),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_reference_that_was_copied_with_the_link_is_left_out() {
        let copied = format!("Hello!\n{REFERENCE_LABEL}O-aB3dE9z{REFERENCE_NOTE}");
        assert_eq!(clean(&copied), "Hello!");
        assert_eq!(clean("My code is O-aB3dE9z, thanks"), "My code is , thanks");
    }

    #[test]
    fn a_pages_text_has_at_most_500_characters() {
        assert_eq!(clean(&"é".repeat(10_000)), "é".repeat(TEXT_CHARS_MAX));
    }
}
