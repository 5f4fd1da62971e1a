//! What a page of the overview asks for: the days, what they are compared with, and which rows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::counts::{date_of, day_of, first_of_month, month_of};
use crate::domain::ids::LinkId;
use crate::domain::source::Source;
use crate::domain::time::Timestamp;

/// Periods up to so many days are drawn day by day, longer ones month by month.
pub const DAILY_MAX: i64 = 100;

/// Days of a project's zone, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first.
    pub first: Date,
    /// The last.
    pub last: Date,
}

impl Period {
    /// How many days it has.
    pub fn days(&self) -> i64 {
        day_of(self.last) - day_of(self.first) + 1
    }

    /// The period of the same length before it.
    #[must_use]
    pub fn before(&self) -> Self {
        let first = day_of(self.first);
        Self { first: date_of(first - self.days()), last: date_of(first - 1) }
    }

    /// The same days a year before; the last of February stands for the 29th.
    #[must_use]
    pub fn year_before(&self) -> Self {
        let earlier = |date: Date| date.saturating_sub(jiff::Span::new().years(1));
        Self { first: earlier(self.first), last: earlier(self.last) }
    }

    /// When it begins and ends in a zone; the end is excluded.
    pub fn times(&self, zone: &TimeZone) -> anyhow::Result<(Timestamp, Timestamp)> {
        let starts = |date: Date| anyhow::Ok(date.to_zoned(zone.clone())?.timestamp());
        Ok((starts(self.first)?, starts(date_of(day_of(self.last) + 1))?))
    }

    /// The parts to sum: whole months, and days at the ends.
    pub(super) fn parts(&self) -> Vec<(bool, (i64, i64))> {
        let (first, last) = (day_of(self.first), day_of(self.last));
        let begins = |month: i64| day_of(first_of_month(month));
        // The first month that begins in the period, and the first that does not end in it.
        let from = month_of(self.first) + i64::from(begins(month_of(self.first)) < first);
        let to = month_of(date_of(last + 1));
        if from >= to {
            return vec![(false, (first, last))];
        }
        let ends = [(false, (first, begins(from) - 1)), (true, (from, to - 1)), (false, (begins(to), last))];
        ends.into_iter().filter(|(_, (from, to))| from <= to).collect()
    }
}

/// What rows are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Source and medium.
    Source,
    /// Campaign.
    Campaign,
    /// Host and path of the first page.
    Landing,
    /// The site before.
    Referrer,
    /// Where the button led.
    Channel,
    /// The kind of device.
    Device,
    /// The link without a site, or else the button.
    Widget,
}

impl Dimension {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 7] =
        [Self::Source, Self::Campaign, Self::Landing, Self::Referrer, Self::Channel, Self::Device, Self::Widget];

    /// Its word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Campaign => "campaign",
            Self::Landing => "landing",
            Self::Referrer => "referrer",
            Self::Channel => "channel",
            Self::Device => "device",
            Self::Widget => "widget",
        }
    }

    /// What a source has there, as addresses say it. Empty: nothing.
    pub fn value_of(self, source: &Source) -> String {
        let number = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        match self {
            Self::Source if source.medium.is_empty() => source.source.clone(),
            Self::Source => format!("{} / {}", source.source, source.medium),
            Self::Campaign => source.campaign.clone(),
            Self::Landing => source.landing.clone(),
            Self::Referrer => source.referrer.clone(),
            Self::Channel => number(source.channel.map(|id| id.0)),
            Self::Device => source.device.to_owned(),
            Self::Widget => match source.link {
                Some(link) => link_value(link),
                None => number(source.widget.map(|id| id.0)),
            },
        }
    }
}

/// A link as a value of [`Dimension::Widget`]: `l7`. Buttons are their numbers alone.
pub fn link_value(link: LinkId) -> String {
    format!("l{link}")
}

/// Which rows are summed: of each dimension that is named, one of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(pub BTreeMap<Dimension, BTreeSet<String>>);

impl Filter {
    /// Whether a source is summed.
    pub fn admits(&self, source: &Source) -> bool {
        self.0.iter().all(|(dimension, values)| values.contains(&dimension.value_of(source)))
    }

    /// Whether everything is summed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The days.
    pub period: Period,
    /// The days that these are compared with.
    pub compared: Option<Period>,
    /// Whether steps count on the day of the click, or on their own.
    pub by_click: bool,
    /// Which rows.
    pub filter: Filter,
    /// The project's zone.
    pub zone: TimeZone,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn period(first: Date, last: Date) -> Period {
        Period { first, last }
    }

    #[test]
    fn a_period_is_whole_months_and_days_at_its_ends() {
        let parts = |first, last| {
            let shown = |(is_months, (from, to)): (bool, (i64, i64))| match is_months {
                true => format!("{} to {}", first_of_month(from), first_of_month(to)),
                false => format!("{}..{}", date_of(from), date_of(to)),
            };
            period(first, last).parts().into_iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(parts(date(2026, 2, 3), date(2026, 2, 20)), ["2026-02-03..2026-02-20"]);
        assert_eq!(parts(date(2026, 2, 1), date(2026, 2, 28)), ["2026-02-01 to 2026-02-01"]);
        assert_eq!(
            parts(date(2025, 11, 30), date(2026, 2, 1)),
            ["2025-11-30..2025-11-30", "2025-12-01 to 2026-01-01", "2026-02-01..2026-02-01"]
        );
        assert_eq!(parts(date(2026, 1, 31), date(2026, 2, 1)), ["2026-01-31..2026-02-01"]);
    }

    #[test]
    fn a_period_is_compared_with_the_one_before_and_with_last_year() {
        let february = period(date(2024, 2, 1), date(2024, 2, 29));
        assert_eq!(february.before(), period(date(2024, 1, 3), date(2024, 1, 31)));
        assert_eq!(february.year_before(), period(date(2023, 2, 1), date(2023, 2, 28)));
    }
}
