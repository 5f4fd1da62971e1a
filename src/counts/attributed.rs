//! By what it is known where the conversations of a period came from, and why not.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::counts::ask::Period;
use crate::db::Conn;
use crate::domain::attributed::Attributed;
use crate::domain::counts::{Series, date_of, day_of};
use crate::domain::ids::ProjectId;
use crate::store::counts::{self, Sums};

/// Conversations, and how many of them have a known origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// All of them.
    pub all: i64,
    /// Those with a known origin.
    pub known: i64,
}

impl Known {
    fn add(&mut self, attributed: Attributed, conversations: i64) {
        self.all += conversations;
        self.known += if attributed.is_known() { conversations } else { 0 };
    }
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct AttributedReport {
    /// Of each reason, its sums; by when people wrote.
    pub sums: BTreeMap<i64, Sums>,
    /// The same of the compared period.
    pub compared: BTreeMap<i64, Sums>,
    /// All of the period.
    pub total: Known,
    /// All of the compared period.
    pub total_compared: Known,
    /// Each week from Monday on, the first and the last may be cut by the period.
    pub weeks: Vec<(Date, Known)>,
}

/// Reads what the page shows.
pub async fn attributed(
    conn: &Conn,
    project: ProjectId,
    period: &Period,
    compared: Option<&Period>,
) -> anyhow::Result<AttributedReport> {
    let mut report = AttributedReport::default();
    let days = |period: &Period| (day_of(period.first), day_of(period.last));
    let series = (Series::AttributedDay, false);
    let mut weeks: BTreeMap<i64, Known> = BTreeMap::new();
    for week in week_of(day_of(period.first))..=week_of(day_of(period.last)) {
        weeks.insert(week, Known::default());
    }
    for ((day, code), sums) in counts::by_time_and_subject(conn, project, series, days(period)).await? {
        let Some(attributed) = Attributed::of_code(code) else { continue };
        let all = report.sums.entry(code).or_default();
        all.iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
        report.total.add(attributed, sums[CONVERSATIONS]);
        weeks.entry(week_of(day)).or_default().add(attributed, sums[CONVERSATIONS]);
    }
    if let Some(compared) = compared {
        for (code, sums) in counts::by_subject(conn, project, series, days(compared)).await? {
            let Some(attributed) = Attributed::of_code(code) else { continue };
            report.compared.insert(code, sums);
            report.total_compared.add(attributed, sums[CONVERSATIONS]);
        }
    }
    report.weeks = weeks.into_iter().map(|(week, known)| (date_of(week * 7 - 3), known)).collect();
    Ok(report)
}

/// Where [`Sums`] have conversations.
const CONVERSATIONS: usize = 2;

/// Weeks from Monday on: the first day of 1970 was a Thursday.
fn week_of(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        let monday = |date: Date| date_of(week_of(day_of(date)) * 7 - 3);
        assert_eq!(monday(date(2026, 11, 30)), date(2026, 11, 30));
        assert_eq!(monday(date(2026, 12, 6)), date(2026, 11, 30));
        assert_eq!(monday(date(1969, 12, 30)).weekday(), Weekday::Monday);
    }
}
