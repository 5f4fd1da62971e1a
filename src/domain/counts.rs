//! What is counted of clicks and leads, and under which days, months and quarters of an hour.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::attributed::Attributed;
use super::ids::{AdId, ProjectId, SourceId};
use super::time::Timestamp;

/// Microseconds of a quarter of an hour.
pub const QUARTER_US: i64 = 15 * 60 * 1_000_000;

/// Counts of a row: [`Count::ALL`].
pub const COUNTS: usize = Count::ALL.len();

/// The counts of a row, in the order of [`Count::ALL`].
pub type Numbers = [i64; COUNTS];

/// What is counted. Up to `Good` when it happened; from `OfConversations` on by when the session began that it came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Clicks on buttons.
    Clicks,
    /// Visits with a click: a device's clicks within 12 hours.
    Sessions,
    /// People who wrote.
    Conversations,
    /// People who left their details.
    Leads,
    /// Leads with all that the form requires.
    Complete,
    /// Leads that are worth the time of the business.
    Qualified,
    /// Leads that bought.
    Won,
    /// Leads that people of the business call good.
    Good,
    /// As above.
    OfConversations,
    /// As above.
    OfLeads,
    /// As above.
    OfComplete,
    /// As above.
    OfQualified,
    /// As above.
    OfWon,
    /// As above.
    OfGood,
}

impl Count {
    /// All of them, in the order of a row.
    pub const ALL: [Self; 14] = [
        Self::Clicks,
        Self::Sessions,
        Self::Conversations,
        Self::Leads,
        Self::Complete,
        Self::Qualified,
        Self::Won,
        Self::Good,
        Self::OfConversations,
        Self::OfLeads,
        Self::OfComplete,
        Self::OfQualified,
        Self::OfWon,
        Self::OfGood,
    ];
}

/// The six steps of a lead, each with the count of when it happened and the one by its click.
const STEPS: [(Count, Count); 6] = [
    (Count::Conversations, Count::OfConversations),
    (Count::Leads, Count::OfLeads),
    (Count::Complete, Count::OfComplete),
    (Count::Qualified, Count::OfQualified),
    (Count::Won, Count::OfWon),
    (Count::Good, Count::OfGood),
];

/// Of what, and how long, a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// A source on a local day.
    SourceDay = 1,
    /// A source in a local month.
    SourceMonth = 2,
    /// An ad on a local day.
    AdDay = 3,
    /// An ad in a local month.
    AdMonth = 4,
    /// The whole project in a quarter of an hour.
    Quarter = 5,
    /// What it is known by where conversations came from, or why not, on a local day. No clicks.
    AttributedDay = 6,
}

impl Series {
    /// As the database has it.
    pub fn as_i64(self) -> i64 {
        self as i64
    }
}

/// Whose row it is: the project, the series, its day, month or quarter, and the source or ad (0 for the whole project), or
/// the code of [`Attributed`].
pub type Row = (ProjectId, Series, i64, i64);

/// When something happened, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Local days since 1970.
    pub day: i64,
    /// Local months since the year 0.
    pub month: i64,
    /// Quarters of an hour since 1970, in UTC.
    pub quarter: i64,
}

impl At {
    /// The day, month and quarter of a time in a zone.
    pub fn of(time: Timestamp, zone: &TimeZone) -> Self {
        let date = time.to_zoned(zone.clone()).date();
        Self { day: day_of(date), month: month_of(date), quarter: quarter_of(time) }
    }
}

/// Days from 1970-01-01 to a date.
pub fn day_of(date: jiff::civil::Date) -> i64 {
    i64::from(date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).map_or(0, |span| span.get_days()))
}

/// The date that many days after 1970-01-01.
pub fn date_of(day: i64) -> jiff::civil::Date {
    let span = jiff::Span::new().try_days(day).unwrap_or_default();
    jiff::civil::date(1970, 1, 1).saturating_add(span)
}

/// Months from the year 0 to the month of a date.
pub fn month_of(date: jiff::civil::Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// The first day of a month.
pub fn first_of_month(month: i64) -> jiff::civil::Date {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let year = i16::try_from(year).unwrap_or(i16::MAX).clamp(-9999, 9999);
    jiff::civil::date(year, i8::try_from(month).unwrap_or(1), 1)
}

/// The quarter of an hour of a time: quarters since 1970, in UTC.
pub fn quarter_of(time: Timestamp) -> i64 {
    time.as_microsecond().div_euclid(QUARTER_US)
}

/// What is counted of a lead: where it came from, and when it reached each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadSteps {
    /// Where it came from.
    pub source: SourceId,
    /// The ad that it came by.
    pub ad: Option<AdId>,
    /// When its session began, or itself where there is none.
    pub clicked_at: Timestamp,
    /// When the person first wrote.
    pub began_at: Timestamp,
    /// When they had left their details.
    pub lead_at: Option<Timestamp>,
    /// When all was known that the form requires.
    pub complete_at: Option<Timestamp>,
    /// When it was first called worth the time.
    pub qualified_at: Option<Timestamp>,
    /// When it was called won.
    pub won_at: Option<Timestamp>,
    /// Whether it is called good: counted with its details.
    pub is_good: bool,
    /// By what it is known where it came from, or why not.
    pub attributed: Attributed,
}

/// What something is counted of.
#[derive(Clone, Copy)]
struct Of {
    source: SourceId,
    ad: Option<AdId>,
    attributed: Option<Attributed>,
}

impl Of {
    fn lead(steps: &LeadSteps) -> Self {
        Self { source: steps.source, ad: steps.ad, attributed: Some(steps.attributed) }
    }
}

impl LeadSteps {
    /// When each of the six steps was reached.
    fn times(&self) -> [Option<Timestamp>; 6] {
        let good_at = if self.is_good { self.lead_at } else { None };
        [Some(self.began_at), self.lead_at, self.complete_at, self.qualified_at, self.won_at, good_at]
    }
}

/// What is done to make the counts of a project, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Finding out where sessions came from that are older than counts.
    Sessions,
    /// Counting leads.
    Leads,
    /// Comparing each day with its rows.
    Days,
    /// Comparing each month with its days.
    Months,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Sessions, Self::Leads, Self::Days, Self::Months];

    /// As the database has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Leads => "leads",
            Self::Days => "days",
            Self::Months => "months",
        }
    }

    /// The step of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

/// What is to be added to counts, in the order in which their rows are locked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deltas(BTreeMap<Row, Numbers>);

impl Deltas {
    /// Adds clicks of a source, some of which began a session.
    pub fn add_clicks(
        &mut self,
        project: ProjectId,
        (source, ad): (SourceId, Option<AdId>),
        at: At,
        (clicks, sessions): (i64, i64),
    ) {
        let of = Of { source, ad, attributed: None };
        self.add(project, of, at, Count::Clicks, clicks);
        self.add(project, of, at, Count::Sessions, sessions);
    }

    /// Adds what a lead counts, `times` once or minus once.
    pub fn add_lead(&mut self, project: ProjectId, steps: &LeadSteps, zone: &TimeZone, times: i64) {
        let of = Of::lead(steps);
        let clicked = At::of(steps.clicked_at, zone);
        for ((count, of_click), reached) in STEPS.into_iter().zip(steps.times()) {
            if let Some(reached) = reached {
                self.add(project, of, At::of(reached, zone), count, times);
                self.add(project, of, clicked, of_click, times);
            }
        }
    }

    /// Adds the steps of a lead that were reached between two times, the second excluded, and all of them by its click where that was.
    pub fn add_lead_of(&mut self, project: ProjectId, steps: &LeadSteps, zone: &TimeZone, within: &Range<Timestamp>) {
        let of = Of::lead(steps);
        for ((count, of_click), reached) in STEPS.into_iter().zip(steps.times()) {
            let Some(reached) = reached else { continue };
            if within.contains(&reached) {
                self.add(project, of, At::of(reached, zone), count, 1);
            }
            if within.contains(&steps.clicked_at) {
                self.add(project, of, At::of(steps.clicked_at, zone), of_click, 1);
            }
        }
    }

    /// Takes away what is counted of a row.
    pub fn subtract(&mut self, row: Row, numbers: &Numbers) {
        self.0.entry(row).or_default().iter_mut().zip(numbers).for_each(|(number, less)| *number -= less);
    }

    /// Leaves clicks and sessions as they are.
    pub fn keep_clicks(&mut self) {
        self.0.values_mut().for_each(|numbers| numbers[..Count::Conversations as usize].fill(0));
    }

    /// Forgets what is added to other rows.
    pub fn retain(&mut self, keep: impl Fn(&Row) -> bool) {
        self.0.retain(|row, _| keep(row));
    }

    /// Adds a row.
    pub fn add_row(&mut self, row: Row, numbers: &Numbers) {
        self.0.entry(row).or_default().iter_mut().zip(numbers).for_each(|(number, more)| *number += more);
    }

    fn add(&mut self, project: ProjectId, of: Of, at: At, count: Count, by: i64) {
        let rows = [(Series::SourceDay, at.day, of.source.0), (Series::SourceMonth, at.month, of.source.0)];
        let of_ad = of.ad.map(|ad| [(Series::AdDay, at.day, ad.0), (Series::AdMonth, at.month, ad.0)]);
        let attributed = of.attributed.map(|attributed| (Series::AttributedDay, at.day, attributed.code()));
        let all = rows.into_iter().chain(of_ad.into_iter().flatten()).chain([(Series::Quarter, at.quarter, 0)]);
        for (series, at, subject) in all.chain(attributed) {
            self.0.entry((project, series, at, subject)).or_default()[count as usize] += by;
        }
    }

    /// What is added to each row that changes.
    pub fn rows(&self) -> impl Iterator<Item = (&Row, &Numbers)> {
        self.0.iter().filter(|(_, numbers)| numbers.iter().any(|number| *number != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    #[test]
    fn a_time_belongs_to_the_day_of_its_zone() {
        let zone = TimeZone::get("Asia/Kathmandu").expect("a zone");
        let at = At::of(time("2025-12-31T18:20:00Z"), &zone);
        assert_eq!(date_of(at.day), jiff::civil::date(2026, 1, 1), "a quarter to six hours ahead");
        assert_eq!(first_of_month(at.month), jiff::civil::date(2026, 1, 1));
        assert_eq!(at.quarter * QUARTER_US, time("2025-12-31T18:15:00Z").as_microsecond());
        assert_eq!(At::of(Timestamp::UNIX_EPOCH, &TimeZone::UTC).day, 0);
        assert_eq!(date_of(-1), jiff::civil::date(1969, 12, 31));
    }

    #[test]
    fn what_a_lead_adds_is_taken_away_again() {
        let steps = LeadSteps {
            source: SourceId(7),
            ad: Some(AdId(9)),
            clicked_at: time("2026-01-31T10:00:00Z"),
            began_at: time("2026-02-01T10:00:00Z"),
            lead_at: Some(time("2026-02-01T10:05:00Z")),
            complete_at: None,
            qualified_at: None,
            won_at: None,
            is_good: true,
            attributed: Attributed::Reference,
        };
        let mut deltas = Deltas::default();
        deltas.add_lead(ProjectId(1), &steps, &TimeZone::UTC, 1);
        let on = |deltas: &Deltas, series, day: jiff::civil::Date, subject| {
            deltas.0.get(&(ProjectId(1), series, day_of(day), subject)).copied().unwrap_or_default()
        };
        let by_click = on(&deltas, Series::SourceDay, jiff::civil::date(2026, 1, 31), 7);
        assert_eq!(by_click, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1]);
        let by_event = on(&deltas, Series::AdDay, jiff::civil::date(2026, 2, 1), 9);
        assert_eq!(by_event, [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        deltas.add_lead(ProjectId(1), &steps, &TimeZone::UTC, -1);
        assert_eq!(deltas.rows().count(), 0);
    }
}
