//! What a widget's tag says: how its button looks, and which of the site's own links it takes over.

use super::closed_set::closed_set;

/// Characters of a name or a label.
pub const TEXT_CHARS_MAX: usize = 60;

closed_set! {
    /// The side of the page that the button floats on.
    pub enum Side {
        /// Left.
        Left = "left",
        /// Right.
        Right = "right",
    }
}

/// How people call a widget, and how its button looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// As people call it; visitors do not see it.
    pub name: String,
    /// What stands on the button; empty for the icon alone.
    pub label: String,
    /// `#12813f`
    pub color: String,
    /// Where it floats.
    pub side: Side,
    /// Whether the site's own links to the widget's number or bot are taken over.
    pub takes_links: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            name: String::new(),
            label: "Chat with us".to_owned(),
            color: "#12813f".to_owned(),
            side: Side::Right,
            takes_links: false,
        }
    }
}

/// Why a button cannot look like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLook {
    /// The name is too long.
    #[error("use {TEXT_CHARS_MAX} characters at most")]
    Name,
    /// The label is too long.
    #[error("use {TEXT_CHARS_MAX} characters at most: the button has one line")]
    Label,
    /// No color.
    #[error("write a color as # and six digits of 0-9 and a-f, for example #12813f")]
    Color,
    /// White on it cannot be read.
    #[error("white on this color cannot be read: take a darker one")]
    TooLight,
}

/// The least contrast of white on the button (WCAG 2.2, 1.4.11 for large text).
const CONTRAST_MIN: f64 = 3.0;

impl Look {
    /// Checks it.
    pub fn check(&self) -> Result<(), InvalidLook> {
        let is_text = |text: &str| text.chars().count() <= TEXT_CHARS_MAX && !text.contains(char::is_control);
        if !is_text(&self.name) {
            return Err(InvalidLook::Name);
        }
        if !is_text(&self.label) {
            return Err(InvalidLook::Label);
        }
        let contrast = contrast_of_white(&self.color).ok_or(InvalidLook::Color)?;
        if contrast < CONTRAST_MIN { Err(InvalidLook::TooLight) } else { Ok(()) }
    }
}

/// The contrast of white on a color (WCAG 2.2).
fn contrast_of_white(color: &str) -> Option<f64> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?) / 255.0;
        Some(if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
    };
    let luminance = 0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?;
    Some(1.05 / (luminance + 0.05))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_can_be_read() {
        let check = |color: &str, expected| {
            assert_eq!(Look { color: color.to_owned(), ..Look::default() }.check(), expected, "{color}");
        };
        assert_eq!(Look::default().check(), Ok(()));
        check("#000000", Ok(()));
        check("#FF4500", Ok(()));
        check("#25d366", Err(InvalidLook::TooLight));
        check("#ffffff", Err(InvalidLook::TooLight));
        for color in ["", "green", "#12813", "#12813g", "12813f0", "#12813f;"] {
            check(color, Err(InvalidLook::Color));
        }
        let long = Look { label: "a".repeat(61), ..Look::default() };
        assert_eq!(long.check(), Err(InvalidLook::Label));
    }
}
