//! The opaque text that says where the next page of a list begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::store::window::Position;

/// What every cursor looks like, as a regular expression: 16 bytes leave two bits for the last character.
pub const PATTERN: &str = "^[A-Za-z0-9_-]{21}[AQgw]$";

/// base64url of the time and the row key of the last row shown, 8 bytes each.
pub fn encode(position: Position) -> String {
    URL_SAFE_NO_PAD.encode([position.created_at.to_be_bytes(), position.id.to_be_bytes()].concat())
}

/// Reads what [`encode`] wrote; anything else is `None`.
pub fn decode(text: &str) -> Option<Position> {
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (created_at, id) = bytes.split_at(8);
    Some(Position {
        created_at: i64::from_be_bytes(created_at.try_into().ok()?),
        id: i64::from_be_bytes(id.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_not_made_here_is_refused() {
        for text in
            ["", "a", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA+A", "null"]
        {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_row(created_at: i64, id: i64) {
            let position = Position { created_at, id };
            let text = encode(position);
            prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{}", text);
            prop_assert!(text.len() == 22 && text.ends_with(['A', 'Q', 'g', 'w']), "{}: {}", PATTERN, text);
            prop_assert_eq!(decode(&text), Some(position));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = decode(&text);
        }
    }
}
