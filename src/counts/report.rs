//! What the overview shows of a period: sums by where visits came from, compared with another period. Read once for the whole page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::counts::ask::{Ask, DAILY_MAX, Dimension, Filter, Period};
use crate::db::Conn;
use crate::domain::counts::{QUARTER_US, Series, date_of, day_of, first_of_month, month_of, quarter_of};
use crate::domain::ids::{ProjectId, SourceId};
use crate::domain::source::{Ad, Source};
use crate::domain::time::{SignedDuration, Timestamp, from_microseconds};
use crate::store::counts::{self, Sums};
use crate::store::lead_steps::{self, By, ListedSteps};
use crate::store::sources::{self, StoredAd};
use crate::store::window::Position;

/// Leads of which the time between steps is read: the newest of the period.
const TIMED_MAX: u32 = 5_000;

/// One line of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As [`Dimension::value_of`] says it.
    pub value: String,
    /// Its sums.
    pub sums: Sums,
    /// The same of the compared period.
    pub before: Option<Sums>,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Report {
    /// All that the filter admits.
    pub total: Sums,
    /// The same of the compared period.
    pub compared: Option<Sums>,
    /// The lines of each dimension, the most clicks first.
    pub panels: BTreeMap<Dimension, Vec<Line>>,
    /// The campaigns of each source, for the first panel.
    pub campaigns: BTreeMap<String, Vec<Line>>,
    /// Each ad, the most clicks first. Filters of sources count; others do not reach here.
    pub ads: Vec<(StoredAd, Sums)>,
    /// By day, or by month where the period is long: the first day, and the sums.
    pub series: Vec<(Date, Sums)>,
    /// The same of the compared period.
    pub compared_series: Vec<(Date, Sums)>,
    /// How long people took from step to step.
    pub took: Took,
}

/// Seconds between steps, as far as the newest leads of the period tell: the median, and what nine of ten did not exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// From the click to the first message.
    pub to_conversation: Option<(i64, i64)>,
    /// From the click to the details.
    pub to_lead: Option<(i64, i64)>,
    /// From the details to all that the form requires.
    pub to_complete: Option<(i64, i64)>,
}

/// Reads what the page shows.
pub async fn report(conn: &Conn, project: ProjectId, ask: &Ask) -> anyhow::Result<Report> {
    let stored = sources::of_project(conn, project).await?;
    let sources: HashMap<i64, &Source> = stored.iter().map(|one| (one.id.0, &one.source)).collect();
    let admitted: HashMap<i64, &Source> =
        sources.iter().filter(|(_, source)| ask.filter.admits(source)).map(|(id, source)| (*id, *source)).collect();
    let folded = Folded::read(conn, project, ask, &ask.period, &admitted).await?;
    let before = match &ask.compared {
        Some(period) => Some(Folded::read(conn, project, ask, period, &admitted).await?),
        None => None,
    };
    let compared_series = match &ask.compared {
        Some(period) => series(conn, project, ask, period, &admitted).await?,
        None => Vec::new(),
    };
    Ok(Report {
        total: folded.total,
        compared: before.as_ref().map(|before| before.total),
        panels: folded.panels(before.as_ref()),
        campaigns: folded.campaigns(before.as_ref()),
        ads: ads(conn, project, ask).await?,
        series: series(conn, project, ask, &ask.period, &admitted).await?,
        compared_series,
        took: took(conn, project, ask, &admitted).await?,
    })
}

fn add(sums: &mut Sums, more: &Sums) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// What sources have in a period, by each dimension, and the campaigns of each source.
#[derive(Default)]
struct Folded {
    total: Sums,
    panels: BTreeMap<Dimension, HashMap<String, Sums>>,
    campaigns: HashMap<(String, String), Sums>,
}

impl Folded {
    async fn read(
        conn: &Conn,
        project: ProjectId,
        ask: &Ask,
        period: &Period,
        admitted: &HashMap<i64, &Source>,
    ) -> anyhow::Result<Self> {
        let mut folded = Self::default();
        let all = sums_of(conn, project, (Series::SourceDay, Series::SourceMonth), ask.by_click, period).await?;
        for (id, sums) in &all {
            let Some(source) = admitted.get(id) else { continue };
            add(&mut folded.total, sums);
            for dimension in Dimension::ALL {
                let lines = folded.panels.entry(dimension).or_default();
                add(lines.entry(dimension.value_of(source)).or_default(), sums);
            }
            if !source.campaign.is_empty() {
                let key = (Dimension::Source.value_of(source), source.campaign.clone());
                add(folded.campaigns.entry(key).or_default(), sums);
            }
        }
        Ok(folded)
    }

    fn panels(&self, before: Option<&Self>) -> BTreeMap<Dimension, Vec<Line>> {
        let lines = |(dimension, lines): (&Dimension, &HashMap<String, Sums>)| {
            let was = |value: &String| before.map(|before| before.panels.get(dimension)?.get(value).copied());
            let line = |(value, sums): (&String, &Sums)| Line {
                value: value.clone(),
                sums: *sums,
                before: was(value).map(Option::unwrap_or_default),
            };
            let mut lines: Vec<Line> = lines.iter().map(line).filter(|line| line.sums != Sums::default()).collect();
            sort(&mut lines);
            (*dimension, lines)
        };
        self.panels.iter().map(lines).collect()
    }

    fn campaigns(&self, before: Option<&Self>) -> BTreeMap<String, Vec<Line>> {
        let mut of_sources: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        for (key, sums) in &self.campaigns {
            let was = before.map(|before| before.campaigns.get(key).copied().unwrap_or_default());
            let line = Line { value: key.1.clone(), sums: *sums, before: was };
            of_sources.entry(key.0.clone()).or_default().push(line);
        }
        of_sources.values_mut().for_each(|lines| sort(lines));
        of_sources
    }
}

/// The most clicks first, then the most conversations, then by name.
fn sort(lines: &mut [Line]) {
    lines.sort_by(|one, other| (other.sums, &one.value).cmp(&(one.sums, &other.value)));
}

/// The sums of each source or ad in a period.
async fn sums_of(
    conn: &Conn,
    project: ProjectId,
    (days, months): (Series, Series),
    by_click: bool,
    period: &Period,
) -> anyhow::Result<HashMap<i64, Sums>> {
    let mut all: HashMap<i64, Sums> = HashMap::new();
    for (is_months, between) in period.parts() {
        let series = if is_months { months } else { days };
        for (subject, sums) in counts::by_subject(conn, project, (series, by_click), between).await? {
            add(all.entry(subject).or_default(), &sums);
        }
    }
    Ok(all)
}

fn quarters_of(period: &Period, zone: &TimeZone) -> anyhow::Result<(i64, i64)> {
    let (from, to) = period.times(zone)?;
    Ok((quarter_of(from), quarter_of(to - SignedDuration::from_micros(1))))
}

/// The sums of each day of a period, or of each month where it is long; none is left out.
async fn series(
    conn: &Conn,
    project: ProjectId,
    ask: &Ask,
    period: &Period,
    admitted: &HashMap<i64, &Source>,
) -> anyhow::Result<Vec<(Date, Sums)>> {
    let is_daily = ask.period.days() <= DAILY_MAX;
    let (first, last) = match is_daily {
        true => (day_of(period.first), day_of(period.last)),
        false => (month_of(period.first), month_of(period.last)),
    };
    let mut all: BTreeMap<i64, Sums> = (first..=last).map(|at| (at, Sums::default())).collect();
    if is_daily && ask.filter.is_empty() {
        let quarters = quarters_of(period, &ask.zone)?;
        for (quarter, sums) in counts::by_time(conn, project, (Series::Quarter, ask.by_click), quarters).await? {
            let day = day_of(from_microseconds(quarter * QUARTER_US).to_zoned(ask.zone.clone()).date());
            all.entry(day).and_modify(|all| add(all, &sums));
        }
    } else {
        let kind = if is_daily { Series::SourceDay } else { Series::SourceMonth };
        let keys = admitted.keys().copied();
        for (at, sums) in counts::by_time_of(conn, project, (kind, ask.by_click), (first, last), keys).await? {
            all.entry(at).and_modify(|all| add(all, &sums));
        }
    }
    let date = |at: i64| if is_daily { date_of(at) } else { first_of_month(at) };
    Ok(all.into_iter().map(|(at, sums)| (date(at), sums)).collect())
}

async fn ads(conn: &Conn, project: ProjectId, ask: &Ask) -> anyhow::Result<Vec<(StoredAd, Sums)>> {
    let platforms: Option<BTreeSet<&str>> = ask.filter.0.get(&Dimension::Source).map(|values| {
        values.iter().map(|value| value.split_once(" / ").map_or(value.as_str(), |(source, _)| source)).collect()
    });
    let mut sums = sums_of(conn, project, (Series::AdDay, Series::AdMonth), ask.by_click, &ask.period).await?;
    if sums.is_empty() {
        return Ok(Vec::new());
    }
    let is_wanted = |ad: &Ad| platforms.as_ref().is_none_or(|platforms| platforms.contains(ad.platform.as_str()));
    let stored = sources::ads_of_project(conn, project).await?;
    let with_sums = stored.into_iter().filter_map(|one| {
        let sums = sums.remove(&one.id.0)?;
        (is_wanted(&one.ad) && sums != Sums::default()).then_some((one, sums))
    });
    let mut ads: Vec<_> = with_sums.collect();
    ads.sort_by(|(one, of_one), (other, of_other)| of_other.cmp(of_one).then(one.id.0.cmp(&other.id.0)));
    Ok(ads)
}

/// How long people took from step to step.
async fn took(conn: &Conn, project: ProjectId, ask: &Ask, admitted: &HashMap<i64, &Source>) -> anyhow::Result<Took> {
    let (from, to) = ask.period.times(&ask.zone)?;
    let before = Position { created_at: to.as_microsecond(), id: i64::MIN };
    let leads = lead_steps::page(conn, project, By::Click, (from, before), TIMED_MAX).await?;
    let leads: Vec<ListedSteps> = leads.into_iter().filter(|one| admitted.contains_key(&one.steps.source.0)).collect();
    let between = |times: &dyn Fn(&ListedSteps) -> Option<(Timestamp, Timestamp)>| {
        let seconds = leads.iter().filter_map(times).map(|(from, to)| to.duration_since(from).as_secs().max(0));
        median_and_p90(seconds.collect())
    };
    // Without a click there is nothing to count from.
    let has_click = |one: &ListedSteps| admitted.get(&one.steps.source.0).is_some_and(|source| source.widget.is_some());
    Ok(Took {
        to_conversation: between(&|one| has_click(one).then_some((one.steps.clicked_at, one.steps.began_at))),
        to_lead: between(&|one| has_click(one).then_some((one.steps.clicked_at, one.steps.lead_at?))),
        to_complete: between(&|one| Some((one.steps.lead_at?, one.steps.complete_at?))),
    })
}

/// Of durations in seconds, those that half and nine tenths of them do not exceed.
pub(super) fn median_and_p90(mut seconds: Vec<i64>) -> Option<(i64, i64)> {
    seconds.sort_unstable();
    let at = |hundredths: usize| seconds.get((seconds.len() * hundredths).div_ceil(100).checked_sub(1)?).copied();
    Some((at(50)?, at(90)?))
}

/// The sources that a filter admits.
pub async fn admitted(conn: &Conn, project: ProjectId, filter: &Filter) -> anyhow::Result<HashMap<SourceId, Source>> {
    let stored = sources::of_project(conn, project).await?;
    Ok(stored.into_iter().filter(|one| filter.admits(&one.source)).map(|one| (one.id, one.source)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_slow_tail_are_told() {
        assert_eq!(median_and_p90(Vec::new()), None);
        assert_eq!(median_and_p90(vec![7]), Some((7, 7)));
        assert_eq!(median_and_p90(vec![11, 4, 6]), Some((6, 11)), "two of three are not nine of ten");
        assert_eq!(median_and_p90((1..=101).rev().collect()), Some((51, 91)));
    }
}
