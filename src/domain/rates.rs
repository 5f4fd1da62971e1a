//! How many requests of one kind a minute may bring from one source.

use super::closed_set::closed_set;

/// The largest rate that can be set.
const PER_MINUTE_MAX: u32 = 10_000_000;

closed_set! {
    /// What is limited, and for whom.
    pub enum Kind {
        /// Clicks of one address on one widget.
        Clicks = "clicks",
        /// Wrong API keys of one address, and wrong verify tokens of one address for one channel.
        Guesses = "guesses",
        /// Calls of the partner API with one key.
        Calls = "calls",
        /// Tests of a webhook with one key: each sends three requests.
        Tests = "tests",
        /// Chats that one address opens by one widget.
        Chats = "chats",
        /// Messages of one chat.
        Messages = "messages",
        /// Calls of the management API with one token.
        Tokens = "tokens",
    }
}

/// The rate of every kind, a minute; `None` for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates([Option<u32>; Kind::ALL.len()]);

/// Why a text is not a list of rates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRates {
    /// No such kind, or no rate.
    #[error(
        "{0:?} is not a rate: write clicks, guesses, calls, tests, chats, messages or tokens, =, and a number per minute or off"
    )]
    Kind(String),
    /// Not a number, or out of range.
    #[error("{0:?} is not a number per minute: write 1 to {PER_MINUTE_MAX}, or off")]
    Number(String),
}

impl Default for Rates {
    /// Offices and mobile networks share addresses: an honest one stays far below.
    fn default() -> Self {
        Self([Some(1_200), Some(60), Some(3_000), Some(10), Some(120), Some(20), Some(1_200)])
    }
}

impl Rates {
    /// Nothing is limited.
    pub const OFF: Self = Self([None; Kind::ALL.len()]);

    /// Parses `clicks=600,calls=off`; other kinds have their defaults. `off` stands for all.
    pub fn parse(text: &str) -> Result<Self, InvalidRates> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let mut rates = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let unknown = || InvalidRates::Kind(part.to_owned());
            let (name, rate) = part.split_once('=').ok_or_else(unknown)?;
            let kind = Kind::parse(name.trim()).ok_or_else(unknown)?;
            rates.0[kind as usize] = number(rate.trim())?;
        }
        Ok(rates)
    }

    /// Requests a minute.
    pub fn of(&self, kind: Kind) -> Option<u32> {
        self.0[kind as usize]
    }
}

fn number(text: &str) -> Result<Option<u32>, InvalidRates> {
    if text == "off" {
        return Ok(None);
    }
    let rate = text.parse().ok().filter(|rate| (1..=PER_MINUTE_MAX).contains(rate));
    rate.map(Some).ok_or_else(|| InvalidRates::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_set_by_kind() {
        let rates = Rates::parse("clicks=600, tests=off").unwrap();
        let set = [Some(600), Some(60), Some(3_000), None, Some(120), Some(20), Some(1_200)];
        assert_eq!(Kind::ALL.map(|kind| rates.of(kind)), set);
        assert_eq!(Rates::parse("off"), Ok(Rates::OFF));
        assert!(Rates::default().of(Kind::Clicks) >= Some(600));
        for wrong in ["clicks", "visits=1", "clicks=0", "clicks=-1", "clicks=many"] {
            assert!(Rates::parse(wrong).is_err(), "{wrong}");
        }
    }
}
