//! Retention: how long each kind of rows is kept, in days or forever.

use super::closed_set::closed_set;

/// The longest period in days: a hundred years.
pub const DAYS_MAX: u16 = 36_500;

closed_set! {
    /// Rows that are removed together.
    pub enum Kind {
        /// Sessions without a conversation, with their clicks. Linked ones stay as long as the lead.
        Clicks = "clicks",
        /// Events with their deliveries and attempts. Pending ones stay.
        Events = "events",
        /// Messages of people and the agent, and what else a platform sent.
        Messages = "messages",
        /// The log of attempts: headers and responses. Set for the server, not per project.
        Attempts = "attempts",
    }
}

impl Kind {
    /// The kinds that are set per project.
    pub const OF_PROJECT: [Self; 3] = [Self::Clicks, Self::Events, Self::Messages];

    /// The shortest period. A platform repeats a message for up to 7 days, and a removed one would count as new.
    fn days_min(self) -> u16 {
        match self {
            Self::Messages => 8,
            Self::Clicks | Self::Events | Self::Attempts => 1,
        }
    }
}

/// How long a kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Nothing is removed.
    Forever,
    /// Older rows are removed.
    Days(u16),
}

impl Period {
    /// Parses `90d` or `forever`.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, InvalidRetention> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let days = text.strip_suffix('d').unwrap_or(text);
        let days = days.parse().map_err(|_| InvalidRetention::Period(text.to_owned()))?;
        let least = kind.days_min();
        if (least..=DAYS_MAX).contains(&days) {
            Ok(Self::Days(days))
        } else {
            Err(InvalidRetention::Range { kind: kind.as_str(), least })
        }
    }

    /// The number of days; `None` is forever.
    pub fn days(self) -> Option<u16> {
        match self {
            Self::Forever => None,
            Self::Days(days) => Some(days),
        }
    }

    /// From a number of days; `None` is forever.
    pub fn of_days(days: Option<u16>) -> Self {
        days.map_or(Self::Forever, Self::Days)
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

/// Why a text is not a retention.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetention {
    /// Not a number of days.
    #[error("{0:?} is not a period: write a number of days such as 90d, or forever")]
    Period(String),
    /// Too short or too long.
    #[error("{kind} are kept for {least} to {DAYS_MAX} days, or forever")]
    Range {
        /// The kind's name.
        kind: &'static str,
        /// Its shortest period in days.
        least: u16,
    },
    /// No such kind, or no period.
    #[error("{0:?} is not a kind of data: write clicks, events, messages or attempts, =, and a period")]
    Kind(String),
}

/// The period of every kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention([Period; Kind::ALL.len()]);

impl Default for Retention {
    /// Everything is kept forever, except the log of attempts: 30 days, since retries end after two.
    fn default() -> Self {
        Self([Period::Forever, Period::Forever, Period::Forever, Period::Days(30)])
    }
}

impl Retention {
    /// Parses `clicks=400d,attempts=7d` (`AURIX_RETENTION`). Other kinds have their defaults.
    pub fn parse(text: &str) -> Result<Self, InvalidRetention> {
        let mut retention = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let unknown = || InvalidRetention::Kind(part.to_owned());
            let (name, period) = part.split_once('=').ok_or_else(unknown)?;
            let kind = Kind::parse(name.trim()).ok_or_else(unknown)?;
            retention.set(kind, Period::parse(kind, period.trim())?);
        }
        Ok(retention)
    }

    /// How long the kind is kept.
    pub fn of(&self, kind: Kind) -> Period {
        self.0[kind as usize]
    }

    /// Sets how long the kind is kept.
    pub fn set(&mut self, kind: Kind, period: Period) {
        self.0[kind as usize] = period;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_not_named_has_its_default() {
        let retention = Retention::parse(" clicks = 400d, events=7 ,").unwrap();
        let periods: Vec<_> = Kind::ALL.iter().map(|kind| retention.of(*kind).to_string()).collect();
        assert_eq!(periods, ["400d", "7d", "forever", "30d"]);
        assert_eq!(Retention::parse("attempts=forever").unwrap().of(Kind::Attempts), Period::Forever);
        assert_eq!(Retention::parse("").unwrap(), Retention::default());
    }

    #[test]
    fn an_invalid_retention_is_refused_with_what_to_write() {
        let check = |text: &str, part: &str| {
            let said = Retention::parse(text).unwrap_err().to_string();
            assert!(said.contains(part), "{text}: {said}");
        };
        check("clicks", "clicks, events, messages or attempts");
        check("leads=7d", "is not a kind of data");
        check("clicks=soon", "90d");
        check("clicks=0d", "1 to 36500 days");
        check("messages=7d", "8 to 36500 days");
        check("events=99999d", "is not a period");
        check("events=40000d", "1 to 36500 days");
    }
}
