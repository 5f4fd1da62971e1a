//! What the address of the overview says: the period, what it is compared with, by which day steps count, and the filters.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::counts::ask::{Ask, Dimension, Filter, Period};
use crate::domain::counts::day_of;
use crate::domain::source::{LANDING_CHARS_MAX, WORD_CHARS_MAX};
use crate::domain::time::Timestamp;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;

/// The periods to choose, by their word in the address: days until today, or yesterday alone.
pub const PERIODS: [(&str, &str); 6] = [
    ("1", "Today"),
    ("yesterday", "Yesterday"),
    ("7", "Last 7 days"),
    ("30", "Last 30 days"),
    ("90", "Last 90 days"),
    ("365", "Last 365 days"),
];
/// What a period is compared with.
pub const COMPARED: [(&str, &str); 3] =
    [("before", "The period before"), ("year", "The year before"), ("none", "Nothing")];
/// By which day steps count.
pub const CLOCKS: [(&str, &str); 2] = [("click", "By click date"), ("event", "By event date")];

/// Where nothing is said.
const PERIOD: &str = "30";
/// Days of an own period.
const DAYS_MAX: i64 = 366 * 5;
/// Values of one dimension.
const VALUES_MAX: usize = 20;

/// What the address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverviewQuery {
    /// A word of [`PERIODS`], or empty for an own period.
    pub period: String,
    /// The first day of an own period, ISO 8601.
    pub from: String,
    /// The last.
    pub to: String,
    /// A word of [`COMPARED`].
    pub compare: String,
    /// A word of [`CLOCKS`].
    pub by: String,
    /// Which rows.
    pub filter: Filter,
}

impl OverviewQuery {
    /// Reads the address. What is not one of the choices counts as none: a link from yesterday still opens.
    pub fn parse(query: &Query) -> Result<Self> {
        let one = |name: &str| -> Result<String> {
            let value = query.one(name).map_err(|invalid| ApiError::Invalid(vec![invalid]))?;
            Ok(value.unwrap_or_default().trim().chars().take(20).collect())
        };
        let choice = |value: String, choices: &[(&str, &str)], default: &str| match choices
            .iter()
            .find(|(word, _)| *word == value)
        {
            Some(_) => value,
            None => default.to_owned(),
        };
        let (from, to) = (one("from")?, one("to")?);
        let is_own = days(&from, &to).is_some();
        let mut filter = Filter::default();
        for dimension in Dimension::ALL {
            let most = LANDING_CHARS_MAX.max(2 * WORD_CHARS_MAX + 3);
            let values = query.all(dimension.as_str()).take(VALUES_MAX);
            let values: BTreeSet<String> = values.map(|value| value.chars().take(most).collect()).collect();
            if !values.is_empty() {
                filter.0.insert(dimension, values);
            }
        }
        Ok(Self {
            period: if is_own { String::new() } else { choice(one("period")?, &PERIODS, PERIOD) },
            from: if is_own { from } else { String::new() },
            to: if is_own { to } else { String::new() },
            compare: choice(one("compare")?, &COMPARED, "before"),
            by: choice(one("by")?, &CLOCKS, "click"),
            filter,
        })
    }

    /// The days that are meant, at `now` in a zone.
    pub fn days(&self, now: Timestamp, zone: &TimeZone) -> Period {
        if let Some((first, last)) = days(&self.from, &self.to) {
            return Period { first, last };
        }
        let today = now.to_zoned(zone.clone()).date();
        let back = |days: i64| today.saturating_sub(Span::new().days(days));
        match self.period.as_str() {
            "yesterday" => Period { first: back(1), last: back(1) },
            days => Period { first: back(days.parse::<i64>().unwrap_or(30) - 1), last: today },
        }
    }

    /// What is asked of the counts.
    pub fn ask(&self, now: Timestamp, zone: &TimeZone) -> Ask {
        let period = self.days(now, zone);
        let compared = match self.compare.as_str() {
            "before" => Some(period.before()),
            "year" => Some(period.year_before()),
            _ => None,
        };
        Ask { period, compared, by_click: self.by == "click", filter: self.filter.clone(), zone: zone.clone() }
    }

    /// The address with other words: of a parameter that is named, the value; empty takes it off.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let own = [
            ("period", self.period.as_str(), PERIOD),
            ("from", &self.from, ""),
            ("to", &self.to, ""),
            ("compare", &self.compare, "before"),
            ("by", &self.by, "click"),
        ];
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for (name, value, default) in own {
            let value = changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| value);
            if !value.is_empty() && value != default {
                text.append_pair(name, value);
            }
        }
        for (dimension, values) in &self.filter.0 {
            for value in values {
                text.append_pair(dimension.as_str(), value);
            }
        }
        for (name, value) in changes.iter().filter(|(name, _)| !own.iter().any(|(own, ..)| own == name)) {
            text.append_pair(name, value);
        }
        let text = text.finish();
        if text.is_empty() { String::new() } else { format!("?{text}") }
    }

    /// The same with a value of a dimension put on or taken off.
    #[must_use]
    pub fn pressed(&self, dimension: Dimension, value: &str) -> Self {
        let mut pressed = self.clone();
        let values = pressed.filter.0.entry(dimension).or_default();
        if !values.remove(value) {
            values.insert(value.to_owned());
        }
        pressed.filter.0.retain(|_, values| !values.is_empty());
        pressed
    }

    /// Whether a value of a dimension is put on.
    pub fn has(&self, dimension: Dimension, value: &str) -> bool {
        self.filter.0.get(&dimension).is_some_and(|values| values.contains(value))
    }
}

/// An own period: its days, where both are told, in order, and not too many.
fn days(from: &str, to: &str) -> Option<(Date, Date)> {
    let (first, last): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
    let length = day_of(last) - day_of(first) + 1;
    let is_known = (1970..=2999).contains(&first.year());
    (is_known && (1..=DAYS_MAX).contains(&length)).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn parsed(text: &str) -> OverviewQuery {
        OverviewQuery::parse(&Query::parse(text).expect("a query")).expect("an address")
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for text in [
            "",
            "?period=7&compare=year&by=event",
            "?from=2026-01-01&to=2026-01-31&source=direct&source=google+%2F+cpc&device=phone",
        ] {
            assert_eq!(parsed(text.trim_start_matches('?')).with(&[]), text);
        }
        assert_eq!(parsed("period=8&compare=x&by=y&from=2026-02-31&to=2026-03-01").with(&[]), "");
        assert_eq!(parsed("from=2026-03-01&to=2026-02-01").with(&[]), "", "a period ends behind its beginning");
        assert_eq!(
            parsed("period=7").with(&[("compare", "none"), ("step", "leads")]),
            "?period=7&compare=none&step=leads"
        );
    }

    #[test]
    fn a_press_puts_a_value_on_and_takes_it_off() {
        let on = parsed("").pressed(Dimension::Device, "phone");
        assert_eq!(on.with(&[]), "?device=phone");
        assert_eq!(on.pressed(Dimension::Device, "tablet").with(&[]), "?device=phone&device=tablet");
        assert_eq!(on.pressed(Dimension::Device, "phone").with(&[]), "");
    }

    #[test]
    fn a_period_ends_today_in_the_zone_of_the_project() {
        let now = "2026-11-30T18:00:00Z".parse().expect("a time");
        let zone = TimeZone::get("Asia/Singapore").expect("a zone");
        assert_eq!(parsed("period=7").days(now, &zone), Period { first: date(2026, 11, 25), last: date(2026, 12, 1) });
        let yesterday = date(2026, 11, 30);
        assert_eq!(parsed("period=yesterday").days(now, &zone), Period { first: yesterday, last: yesterday });
    }
}
