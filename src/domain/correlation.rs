//! The correlation id: generated, parsed, folded for repair, and put into a chat's prefilled text.

mod find;

pub use find::{CANDIDATES_MAX, Candidate, TEXT_CHARS_MAX, find_correlation_ids};

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Prefix of every correlation id.
pub const PREFIX: &str = "O-";

/// Characters after the prefix.
pub const CODE_CHARS: usize = 7;

/// Text before the id in the prefilled text: people read the id as a reference.
pub const REFERENCE_LABEL: &str = "Reference: ";

/// Text after the id in the prefilled text.
pub const REFERENCE_NOTE: &str = " (Please send this reference number so that we can help you faster)";

/// Base of links that open a chat with a WhatsApp number, unless configured otherwise.
pub const WHATSAPP_LINK_BASE: &str = "https://wa.me";

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Draws from the random source after which [`CorrelationId::generate`] accepts a biased id. A working source needs a
/// second draw once in a hundred thousand ids; only a broken one reaches this.
const DRAWS_MAX: usize = 64;

/// The id of a session: `O-` and seven of `[0-9A-Za-z]`. Letter case is significant.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CorrelationId(String);

/// The text is not a correlation id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a correlation id is `O-` and seven letters or digits")]
pub struct InvalidCorrelationId;

impl CorrelationId {
    /// Generates an id, each equally likely. `random` fills the slice it is given and must be cryptographic. Two calls may
    /// give the same id; the database enforces uniqueness.
    pub fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut id = String::from(PREFIX);
        let mut bytes = [0u8; 16];
        for _ in 0..DRAWS_MAX {
            random(&mut bytes);
            let fair = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 0b11_1111)));
            let missing = PREFIX.len() + CODE_CHARS - id.len();
            id.extend(fair.take(missing).map(|&letter| char::from(letter)));
            if id.len() == PREFIX.len() + CODE_CHARS {
                return Self(id);
            }
        }
        let missing = PREFIX.len() + CODE_CHARS - id.len();
        id.extend(bytes.iter().take(missing).map(|&byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])));
        Self(id)
    }

    /// Parses the exact form, with nothing before or after it.
    pub fn parse(text: &str) -> Result<Self, InvalidCorrelationId> {
        let code = text.strip_prefix(PREFIX).ok_or(InvalidCorrelationId)?;
        if code.len() == CODE_CHARS && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCorrelationId)
        }
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is the same for all ids that people confuse: see [`fold`].
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for CorrelationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl serde::Serialize for CorrelationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Folds an id: lower case, with the look-alikes `0 O o` and `1 l I i` made one each. Ids that differ only by letter case or
/// look-alikes have the same fold, so a repair is one lookup of an indexed column. It is valid where exactly one id of the
/// project's last 30 days has the fold.
pub fn fold(text: &str) -> String {
    text.chars()
        .map(|letter| match letter.to_ascii_lowercase() {
            '0' => 'o',
            '1' | 'i' => 'l',
            other => other,
        })
        .collect()
}

/// The prefilled text of a chat: the widget's greeting on its own line, then the id.
pub fn prefilled_text(greeting: &str, id: &CorrelationId) -> String {
    let greeting = greeting.trim();
    let line_break = if greeting.is_empty() { "" } else { "\n" };
    format!("{greeting}{line_break}{REFERENCE_LABEL}{id}{REFERENCE_NOTE}")
}

/// Everything but the unreserved characters of RFC 3986: a space is `%20`, a line break `%0A`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `{base}/{number}?text={text}`, the text percent-encoded as UTF-8. Only the digits of `number` are used.
pub fn whatsapp_link(base: &str, number: &str, text: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("{}/{digits}?text={}", base.trim_end_matches('/'), utf8_percent_encode(text, RESERVED))
}

/// Base of links that open a chat with a Telegram bot, unless configured otherwise.
pub const TELEGRAM_LINK_BASE: &str = "https://t.me";

/// `{base}/{bot}?start={id}`; without an id the chat alone.
pub fn telegram_link(base: &str, bot: &str, id: Option<&CorrelationId>) -> String {
    let chat = format!("{}/{bot}", base.trim_end_matches('/'));
    id.map_or_else(|| chat.clone(), |id| format!("{chat}?start={id}"))
}

/// The same for the app itself, as browsers hand it over: `tg://resolve?domain={bot}&start={id}`.
pub fn telegram_app_link(bot: &str, id: &CorrelationId) -> String {
    format!("tg://resolve?domain={bot}&start={id}")
}

/// `{base}/chat/{widget}#{id}`: the page that has nothing but a widget's chat.
pub fn chat_link(base: &str, widget: &str, id: Option<&CorrelationId>) -> String {
    let chat = format!("{}/chat/{widget}", base.trim_end_matches('/'));
    id.map_or_else(|| chat.clone(), |id| format!("{chat}#{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biased_bytes_are_skipped() {
        let mut next = 0u8;
        let id = CorrelationId::generate(&mut |bytes: &mut [u8]| bytes.fill_with(|| (next, next += 1).0));
        assert_eq!(id.as_str(), "O-0123456");

        let mut state = 1u32;
        let mut scattered = |bytes: &mut [u8]| {
            bytes.fill_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            });
        };
        let mut times = [0usize; ALPHABET.len()];
        for _ in 0..6200 {
            let id = CorrelationId::generate(&mut scattered);
            assert_eq!(CorrelationId::parse(id.as_str()).as_ref(), Ok(&id));
            for letter in id.as_str()[PREFIX.len()..].bytes() {
                times[ALPHABET.iter().position(|&known| known == letter).unwrap()] += 1;
            }
        }
        assert!(times.iter().all(|times| (560..840).contains(times)), "700 of each are to be expected: {times:?}");
    }

    #[test]
    fn missing_characters_are_drawn_again() {
        let mut draws = 0;
        let mut late = |bytes: &mut [u8]| {
            draws += 1;
            bytes.fill(if draws < 3 { 0xff } else { 61 });
        };
        assert_eq!(CorrelationId::generate(&mut late).as_str(), "O-zzzzzzz");
        assert_eq!(draws, 3);
    }

    #[test]
    fn a_broken_random_source_still_gives_an_id() {
        let id = CorrelationId::generate(&mut |bytes: &mut [u8]| bytes.fill(0xff));
        assert!(CorrelationId::parse(id.as_str()).is_ok());
    }

    #[test]
    fn only_the_exact_form_parses() {
        assert!(CorrelationId::parse("O-aB3dE9z").is_ok());
        for wrong in ["", "O-", "O-12", "o-aB3dE9z", "O-aB3dE9zz", " O-aB3dE9z", "O–aB3dE9z", "O-aB3dE9é", "0-aB3dE9z"]
        {
            assert_eq!(CorrelationId::parse(wrong), Err(InvalidCorrelationId), "{wrong:?}");
        }
    }

    #[test]
    fn look_alikes_have_the_same_fold() {
        assert_eq!(fold("O-aB3dE9z"), "o-ab3de9z");
        assert_eq!(fold("O-0OolI1i"), fold("0-OOOIIll"));
        assert_ne!(fold("O-aB3dE9z"), fold("O-aB3dE9y"));
    }

    #[test]
    fn the_link_has_the_prefilled_text() {
        let id = CorrelationId::parse("O-aB3dE9z").unwrap();
        assert_eq!(
            prefilled_text("Hello!", &id),
            "Hello!\nReference: O-aB3dE9z (Please send this reference number so that we can help you faster)"
        );
        assert!(prefilled_text("  ", &id).starts_with("Reference: O-aB3dE9z"));
        assert_eq!(
            whatsapp_link(WHATSAPP_LINK_BASE, "+65 1234-5678", "Hé ~&\nO-aB3dE9z"),
            "https://wa.me/6512345678?text=H%C3%A9%20~%26%0AO-aB3dE9z"
        );
        assert_eq!(telegram_link(TELEGRAM_LINK_BASE, "shop_bot", Some(&id)), "https://t.me/shop_bot?start=O-aB3dE9z");
        assert_eq!(telegram_link("http://localhost:1/", "shop_bot", None), "http://localhost:1/shop_bot");
        assert_eq!(telegram_app_link("shop_bot", &id), "tg://resolve?domain=shop_bot&start=O-aB3dE9z");
        assert_eq!(whatsapp_link("http://localhost:1/", "65", "你"), "http://localhost:1/65?text=%E4%BD%A0");
    }
}
