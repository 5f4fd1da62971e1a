//! Compares counts with the rows that they count, and mends what differs: for rows that are older than counts, after another time
//! zone, and for an operator who asks (`aurix doctor --recount`).
//!
//! Actors: the worker goes through the steps of each project (`domain::counts::Step`), a slice in each transaction, and stores how
//! far it is; it may be stopped anywhere. Days before the first click that retention left keep their clicks.

use anyhow::Context as _;
use jiff::tz::TimeZone;

use crate::core::Core;
use crate::counts::clicks::slot;
use crate::counts::leads::{count, differing};
use crate::counts::sources::{Wanted, find_or_make, wanted};
use crate::db::{Conn, Tx};
use crate::domain::attribution::Params;
use crate::domain::counts::{At, Deltas, Row, Series, Step, date_of, day_of, first_of_month, month_of, quarter_of};
use crate::domain::ids::{LeadId, ProjectId, SessionId};
use crate::domain::retention::Kind;
use crate::domain::source::{OTHER, Source, Visit};
use crate::domain::time::{SignedDuration, from_microseconds};
use crate::store::counts::{self, Recount};
use crate::store::uncounted::{self, FirstClick};
use crate::store::{lead_steps, projects, retention};

/// Sessions of one transaction.
const SESSIONS: u32 = 200;
/// Leads of one transaction.
const LEADS: u32 = 100;

/// Goes on with what is still to be counted; `false` where nothing is.
pub async fn go_on(core: &Core) -> anyhow::Result<bool> {
    let next = core.db.read(async |conn| Ok(counts::first_recount(conn).await?)).await?;
    let Some(next) = next else { return Ok(false) };
    let inside = core.clone();
    core.db.write(async move |tx| step(tx, &inside, next.project).await).await?;
    Ok(true)
}

/// Counts the days of a project anew in the transaction that gives it another time zone.
pub async fn begin_with_days(tx: &Tx, project: ProjectId) -> anyhow::Result<()> {
    counts::zone_alone(tx, project).await?;
    let step = counts::recount(tx, project).await?.and_then(|recount| Step::parse(&recount.step));
    match step {
        // The days are to come.
        Some(Step::Sessions | Step::Leads) => Ok(()),
        _ => begin(tx, project, Step::Days, (0, 0)).await,
    }
}

async fn begin(tx: &Tx, project: ProjectId, step: Step, (before, last): (i64, i64)) -> anyhow::Result<()> {
    let recount = Recount { project, step: step.as_str().to_owned(), done: before, first: before, last };
    counts::set_recount(tx, &recount).await?;
    Ok(())
}

/// One slice of what is to be done for a project.
async fn step(tx: &Tx, core: &Core, project: ProjectId) -> anyhow::Result<()> {
    let zone = counts::zone_alone(tx, project).await?.context("a project that went")?;
    let zone = TimeZone::get(&zone)?;
    let Some(mut recount) = counts::recount(tx, project).await? else { return Ok(()) };
    let step = Step::parse(&recount.step).with_context(|| format!("{:?} is no step of a recount", recount.step))?;
    let is_new = recount.last == 0;
    let done = match step {
        Step::Sessions => {
            if is_new {
                recount.last = uncounted::last_session(tx).await?;
            }
            find_sources(tx, core, project, recount.done).await?
        }
        Step::Leads => {
            if is_new {
                recount.last = uncounted::last_lead(tx).await?;
            }
            count_old_leads(tx, core, project, recount.done).await?
        }
        Step::Days | Step::Months => {
            if is_new {
                let Some((first, last)) = days(tx, core, project, &zone).await? else {
                    counts::end_recount(tx, project).await?;
                    return Ok(());
                };
                let (first, last) = match step {
                    Step::Days => (first, last),
                    _ => (month_of(date_of(first)), month_of(date_of(last))),
                };
                (recount.done, recount.first, recount.last) = (first - 1, first - 1, last);
            }
            let at = recount.done + 1;
            match step {
                Step::Days => mend(tx, core, &day_differences(tx, project, at, &zone).await?).await?,
                _ => mend(tx, core, &month_differences(tx, project, at).await?).await?,
            };
            (at < recount.last).then_some(at)
        }
    };
    match (done, step) {
        (Some(done), _) => drop(counts::set_recount(tx, &Recount { done, ..recount }).await?),
        (None, Step::Sessions) => begin(tx, project, Step::Leads, (0, 0)).await?,
        (None, Step::Leads) => begin(tx, project, Step::Days, (0, 0)).await?,
        (None, Step::Days) => begin(tx, project, Step::Months, (0, 0)).await?,
        (None, Step::Months) => {
            counts::end_recount(tx, project).await?;
            tracing::info!(%project, "clicks and leads counted");
        }
    }
    Ok(())
}

/// Finds out where some sessions came from, and gives the last one; `None` behind the last of all.
async fn find_sources(tx: &Tx, core: &Core, project: ProjectId, after: i64) -> anyhow::Result<Option<i64>> {
    let sessions = uncounted::sessions(tx, project, SessionId(after), SESSIONS).await?;
    let Some(last) = sessions.last().map(|session| session.id.0) else { return Ok(None) };
    // In the order of their time, day by day: the bound of new sources is one of days.
    let mut by_day: Vec<(i64, Vec<&uncounted::UncountedSession>)> = Vec::new();
    for session in &sessions {
        let day = day_of(session.started_at.to_zoned(TimeZone::UTC).date());
        match by_day.last_mut() {
            Some((known, of_day)) if *known == day => of_day.push(session),
            _ => by_day.push((day, vec![session])),
        }
    }
    for (_, of_day) in by_day {
        let wanted = of_day.iter().map(|session| Ok((project, came_from(session.click.as_ref())?)));
        let wanted = wanted.collect::<anyhow::Result<Vec<_>>>()?;
        let found = find_or_make(tx, core, &wanted, of_day[0].started_at).await?;
        let ids: Vec<_> = of_day.iter().zip(found).map(|(session, (source, ad))| (session.id, source, ad)).collect();
        uncounted::set_sources(tx, project, &ids).await?;
    }
    Ok(Some(last))
}

/// Where a session came from, by its first click; its clicks may be gone.
fn came_from(click: Option<&FirstClick>) -> anyhow::Result<Wanted> {
    let Some(click) = click else {
        return Ok((Source { source: OTHER.to_owned(), device: "unknown", ..Source::default() }, None));
    };
    let params = Params::of_json(&click.parsed_params)?;
    Ok(wanted(&Visit {
        params: &params,
        click_url: click.click_url.as_deref(),
        first_raw_url: click.first_raw_url.as_deref(),
        referrer: click.referrer.as_deref(),
        user_agent: click.user_agent.as_deref(),
        channel: click.channel,
        widget: click.widget,
        // Links are younger than counts.
        link: None,
    }))
}

/// Counts some leads, and gives the last one; `None` behind the last of all.
async fn count_old_leads(tx: &Tx, core: &Core, project: ProjectId, after: i64) -> anyhow::Result<Option<i64>> {
    let facts = lead_steps::of_project(tx, project, LeadId(after), LEADS).await?;
    count(tx, core, &facts, Vec::new(), core.clock.now()).await?;
    Ok(facts.last().map(|facts| facts.lead.0))
}

/// The first and the last day of which something is counted, as far as rows tell; `None` where there is nothing.
async fn days(conn: &Conn, core: &Core, project: ProjectId, zone: &TimeZone) -> anyhow::Result<Option<(i64, i64)>> {
    let clicked = uncounted::earliest_click(conn, project).await?;
    let began = lead_steps::earliest(conn, project).await?;
    let Some(first) = clicked.into_iter().chain(began).min() else { return Ok(None) };
    // The clocks of nodes may differ: a person may even write before their click.
    let skew = SignedDuration::from_hours(24);
    Ok(Some((At::of(first - skew, zone).day, At::of(core.clock.now() + skew, zone).day)))
}

/// What has to be added to the counts of a local day, its ads and its quarters of an hour.
async fn day_differences(conn: &Conn, project: ProjectId, day: i64, zone: &TimeZone) -> anyhow::Result<Deltas> {
    let starts = |day: i64| anyhow::Ok(date_of(day).to_zoned(zone.clone())?.timestamp());
    let within = starts(day)?..starts(day + 1)?;
    let mut deltas = Deltas::default();
    for clicks in uncounted::clicks(conn, project, &within).await? {
        let at = At { day, month: 0, quarter: clicks.quarter };
        deltas.add_clicks(project, (clicks.source, clicks.ad), at, (clicks.clicks, clicks.sessions));
    }
    for steps in lead_steps::between(conn, project, &within).await? {
        deltas.add_lead_of(project, &steps, zone, &within);
    }
    deltas.retain(|(_, series, ..)| !matches!(series, Series::SourceMonth | Series::AdMonth));
    let quarters = (quarter_of(within.start), quarter_of(within.end - SignedDuration::from_micros(1)));
    let of_day = [Series::SourceDay, Series::AdDay, Series::AttributedDay].map(|series| (series, (day, day)));
    for (series, between) in of_day.into_iter().chain([(Series::Quarter, quarters)]) {
        for ((at, subject), numbers) in counts::rows(conn, project, series, between).await? {
            deltas.subtract((project, series, at, subject), &numbers);
        }
    }
    let removed_to = from_microseconds(retention::removed_to(conn, project, Kind::Clicks).await?);
    if within.start < removed_to {
        deltas.keep_clicks();
    }
    Ok(deltas)
}

/// What has to be added to the counts of a local month to be the sum of its days.
async fn month_differences(conn: &Conn, project: ProjectId, month: i64) -> anyhow::Result<Deltas> {
    let days = (day_of(first_of_month(month)), day_of(first_of_month(month + 1)) - 1);
    let mut deltas = Deltas::default();
    for (of_days, of_months) in [(Series::SourceDay, Series::SourceMonth), (Series::AdDay, Series::AdMonth)] {
        for ((_, subject), numbers) in counts::rows(conn, project, of_days, days).await? {
            deltas.add_row((project, of_months, month, subject), &numbers);
        }
        for ((at, subject), numbers) in counts::rows(conn, project, of_months, (month, month)).await? {
            deltas.subtract((project, of_months, at, subject), &numbers);
        }
    }
    Ok(deltas)
}

async fn mend(tx: &Tx, core: &Core, deltas: &Deltas) -> anyhow::Result<()> {
    Ok(counts::add(tx, deltas, slot(tx, core)).await?)
}

/// What a comparison of a project's counts with its rows found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Leads that were looked at, and of how many other steps were counted than they reached.
    pub leads: (u64, u64),
    /// Days that were looked at, and how many of them differ.
    pub days: (u64, u64),
    /// Months that were looked at, and how many of them differ from their days.
    pub months: (u64, u64),
    /// Rows of counts that differ, the first few of them: of what, when, and by how much.
    pub rows: Vec<(Row, [i64; crate::domain::counts::COUNTS])>,
}

/// Rows that are named.
const NAMED_MAX: usize = 20;

impl Compared {
    /// Whether all counts are equal to their rows.
    pub fn is_equal(&self) -> bool {
        (self.leads.1, self.days.1, self.months.1) == (0, 0, 0)
    }

    fn note(&mut self, deltas: &Deltas) -> bool {
        let room = NAMED_MAX.saturating_sub(self.rows.len());
        self.rows.extend(deltas.rows().take(room).map(|(row, numbers)| (*row, *numbers)));
        deltas.rows().next().is_some()
    }
}

/// Compares all counts of a project with its rows, a slice in each transaction, and mends what differs where `mends`. `progress` gets
/// what is done and of how much.
pub async fn compare(
    core: &Core,
    project: ProjectId,
    mends: bool,
    mut progress: impl FnMut(&'static str, u64, u64),
) -> anyhow::Result<Compared> {
    let mut found = Compared::default();
    let mut after = LeadId(0);
    let all = core.db.read(async |conn| Ok(uncounted::last_lead(conn).await?)).await?;
    loop {
        let inside = core.clone();
        let slice = core.db.write(async move |tx| {
            counts::zone_alone(tx, project).await?;
            let facts = lead_steps::of_project(tx, project, after, LEADS).await?;
            let now = inside.clock.now();
            let differ = match mends {
                true => count(tx, &inside, &facts, Vec::new(), now).await?,
                false => differing(tx, &inside, &facts, now).await?,
            };
            Ok((facts.len(), differ, facts.last().map(|facts| facts.lead)))
        });
        let (looked_at, differ, last) = slice.await?;
        found.leads = (found.leads.0 + looked_at as u64, found.leads.1 + differ as u64);
        let Some(last) = last else { break };
        after = last;
        progress("leads", u64::try_from(last.0).unwrap_or(0), u64::try_from(all).unwrap_or(0));
    }
    let zone = core.db.read(async move |conn| Ok(projects::get(conn, project).await?.time_zone)).await?;
    let zone = TimeZone::get(&zone)?;
    let inside = (core.clone(), zone.clone());
    let days = core.db.read(async move |conn| days(conn, &inside.0, project, &inside.1).await).await?;
    let Some((first, last)) = days else { return Ok(found) };
    for day in first..=last {
        let inside = (core.clone(), zone.clone());
        let deltas = core.db.write(async move |tx| {
            counts::zone_alone(tx, project).await?;
            let deltas = day_differences(tx, project, day, &inside.1).await?;
            if mends {
                mend(tx, &inside.0, &deltas).await?;
            }
            Ok(deltas)
        });
        let differs = found.note(&deltas.await?);
        found.days = (found.days.0 + 1, found.days.1 + u64::from(differs));
        progress("days", u64::try_from(day - first + 1).unwrap_or(0), u64::try_from(last - first + 1).unwrap_or(0));
    }
    for month in month_of(date_of(first))..=month_of(date_of(last)) {
        let inside = core.clone();
        let deltas = core.db.write(async move |tx| {
            counts::zone_alone(tx, project).await?;
            let deltas = month_differences(tx, project, month).await?;
            if mends {
                mend(tx, &inside, &deltas).await?;
            }
            Ok(deltas)
        });
        let differs = found.note(&deltas.await?);
        found.months = (found.months.0 + 1, found.months.1 + u64::from(differs));
    }
    Ok(found)
}

/// How far the counts of a project are made: what is done, and how much of it, in hundredths; `None` where all are.
pub async fn progress(conn: &Conn, project: ProjectId) -> anyhow::Result<Option<(Step, u8)>> {
    let Some(recount) = counts::recount(conn, project).await? else { return Ok(None) };
    let Some(step) = Step::parse(&recount.step) else { return Ok(None) };
    let (done, all) = (recount.done - recount.first, recount.last - recount.first);
    let hundredths = if all > 0 { (i128::from(done) * 100 / i128::from(all)).clamp(0, 100) } else { 0 };
    Ok(Some((step, u8::try_from(hundredths).unwrap_or(0))))
}
