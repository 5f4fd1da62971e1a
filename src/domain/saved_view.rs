//! Filters of a list that somebody keeps under a name.

use super::closed_set::closed_set;

closed_set! {
    /// The lists whose filters can be kept.
    pub enum SavedPage {
        /// The leads.
        Leads = "leads",
        /// The log of deliveries.
        Log = "log",
    }
}

/// Characters of a name.
const NAME_CHARS_MAX: usize = 40;

/// What a view is called: 1 to 40 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewName(String);

/// A name that no view can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a name of 1 to {NAME_CHARS_MAX} characters")]
pub struct InvalidViewName;

impl ViewName {
    /// Reads what somebody typed. Runs of spaces count as one.
    pub fn parse(text: &str) -> Result<Self, InvalidViewName> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_valid = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if is_valid { Ok(Self(name)) } else { Err(InvalidViewName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(ViewName::parse("  Won in \n spring ").expect("a name").as_str(), "Won in spring");
        assert!(ViewName::parse(&"ä".repeat(40)).is_ok());
        for text in ["", "  ", &"a".repeat(41), "a\u{7}b"] {
            assert_eq!(ViewName::parse(text), Err(InvalidViewName), "{text:?}");
        }
    }
}
