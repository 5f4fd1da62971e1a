//! `/p/{project}/attribution`: of which share of conversations the origin is known, by week, and why it is not of the others.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;

use super::figures::{change, day, meter, number, share};
use super::query::{COMPARED, OverviewQuery, PERIODS};
use super::reasons::{Reason, reason};
use super::{period_text, zone_of};
use crate::counts::attributed::{AttributedReport, Known, attributed};
use crate::domain::attention::AttentionKind;
use crate::domain::attributed::Attributed;
use crate::engines::Engines;
use crate::http::console::csv::{self, Made};
use crate::http::console::frame::Frame;
use crate::http::console::leads::rows::Row as LeadRow;
use crate::http::console::view::{Html, page};
use crate::http::console::who::Member;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::store::attention::{self, AttentionItem};
use crate::store::counts::Sums;
use crate::store::lead_pages::{self, Filters, View};
use crate::store::own_people;
use crate::store::window::Position;

/// Open items that are looked through for those of this page.
const ITEMS_MAX: u32 = 200;
/// Own people that are named.
const OWN_SHOWN: u32 = 50;
/// Weeks of the table; a longer period shows its last ones.
const WEEKS_MAX: usize = 26;
/// Where [`Sums`] have conversations, leads and complete leads.
const PLACES: [usize; 3] = [2, 3, 4];

/// What is looked at every few minutes, by the kind of its item: what is wrong, and what is said where it is not.
const CHECKS: [(AttentionKind, &str); 7] = [
    (AttentionKind::AddressMacro, "Ad platforms fill in their placeholders"),
    (AttentionKind::AddressLost, "Visits begin on pages with the tag"),
    (AttentionKind::WidgetSilent, "Widgets that had clicks still have them"),
    (AttentionKind::LinkPaused, "Nobody follows a link that was paused"),
    (AttentionKind::ChannelInbound, "What people write arrives"),
    (AttentionKind::ChannelFault, "Tokens and permissions work"),
    (AttentionKind::TokenAgeing, "No token expires within two weeks"),
];

#[derive(Template)]
#[template(path = "overview/attribution.html")]
struct AttributionPage {
    frame: Frame,
    query: OverviewQuery,
    base: String,
    period: String,
    compared: Option<String>,
    zone: String,
    all: String,
    /// The share with a known origin, and its change in points.
    share: Option<String>,
    points: Option<(String, &'static str)>,
    /// The reason that costs the most stands first.
    unknown: Vec<Row>,
    known: Vec<Row>,
    weeks: Vec<Week>,
    checks: Vec<Check>,
    /// The business's own people, who are not counted.
    own_people: Vec<LeadRow>,
}

/// A reason.
struct Row {
    reason: Reason,
    meter: Html,
    conversations: String,
    href: String,
    share: String,
    change: Option<(String, &'static str)>,
    leads: String,
    complete: String,
}

/// A week.
struct Week {
    begins: String,
    all: String,
    known: String,
    share: Option<String>,
    bar: Html,
    href: String,
}

/// Something that is looked at.
struct Check {
    fine: &'static str,
    items: Vec<AttentionItem>,
}

pub async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let core = &engines.core;
    let query = OverviewQuery::parse(&query)?;
    let (project, now) = (member.project.id, core.clock.now());
    let ask = query.ask(now, &zone_of(&member));
    let asked = ask.clone();
    let read = core.db.read(async move |conn| {
        let report = attributed(conn, project, &asked.period, asked.compared.as_ref()).await?;
        let own = View::Chosen(own_people::leads(conn, project).await?);
        let own = lead_pages::page(conn, project, (&own, &Filters::default()), Position::NEWEST, OWN_SHOWN).await?;
        Ok((report, attention::list_open(conn, project, ITEMS_MAX).await?, own.rows))
    });
    let (report, items, own) = read.await?;
    let base = format!("{}/attribution", member.path());
    let overview = format!("{}/overview", member.path());
    let rows = |is_known: bool| rows(&report, (&overview, &query), is_known);
    let total = report.total;
    page(&AttributionPage {
        period: period_text(&ask.period),
        compared: ask.compared.as_ref().map(period_text),
        zone: member.project.time_zone.clone(),
        all: number(total.all),
        share: share(total.known, total.all),
        points: points(total, report.total_compared),
        known: rows(true),
        unknown: rows(false),
        weeks: weeks(&report, (&overview, &query), (ask.period.first, ask.period.last)),
        checks: checks(&items),
        own_people: own.into_iter().map(|lead| LeadRow::new(lead, member.sees_masked())).collect(),
        frame: Frame::of_member(core, &member, "attribution").await?,
        query,
        base,
    })
}

/// How the known share changed, in points of a percent.
fn points(now: Known, before: Known) -> Option<(String, &'static str)> {
    if now.all == 0 || before.all == 0 {
        return None;
    }
    let tenths = |known: Known| (i128::from(known.known) * 1_000 + i128::from(known.all) / 2) / i128::from(known.all);
    let change = tenths(now) - tenths(before);
    let (sign, tone) = match change {
        0 => ("±", "muted"),
        1.. => ("+", "good"),
        _ => ("−", "bad"),
    };
    Some((format!("{sign}{}.{} points", change.abs() / 10, change.abs() % 10), tone))
}

/// The reasons with conversations, the most first.
fn rows(report: &AttributedReport, (overview, query): (&str, &OverviewQuery), is_known: bool) -> Vec<Row> {
    let of = |attributed: Attributed| report.sums.get(&attributed.code()).copied().unwrap_or_default();
    let mut reasons: Vec<(Attributed, Sums)> =
        Attributed::ALL.into_iter().filter(|one| one.is_known() == is_known).map(|one| (one, of(one))).collect();
    reasons.retain(|(_, sums)| sums[PLACES[0]] > 0);
    reasons.sort_by_key(|(one, sums)| (-sums[PLACES[0]], one.code()));
    let row = |(attributed, sums): (Attributed, Sums)| {
        let [conversations, leads, complete] = PLACES.map(|place| sums[place]);
        let before = report.compared.get(&attributed.code()).map_or(0, |sums| sums[PLACES[0]]);
        let tone = |(text, tone)| (text, if is_known || tone == "muted" { tone } else { opposite(tone) });
        Row {
            reason: reason(attributed),
            meter: meter(conversations, report.total.all),
            conversations: number(conversations),
            href: rows_of(overview, query, &[("attributed", attributed.as_str())]),
            share: share(conversations, report.total.all).unwrap_or_default(),
            change: change(conversations, before).map(tone),
            leads: number(leads),
            complete: number(complete),
        }
    };
    reasons.into_iter().map(row).collect()
}

/// More of what is bad is bad.
fn opposite(tone: &'static str) -> &'static str {
    if tone == "good" { "bad" } else { "good" }
}

/// The conversations of the period, by the day on which people wrote.
fn rows_of(overview: &str, query: &OverviewQuery, more: &[(&str, &str)]) -> String {
    let own = [("step", "conversations"), ("by", "event")];
    format!("{overview}/rows{}", query.with(&own.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()))
}

fn weeks(report: &AttributedReport, (overview, query): (&str, &OverviewQuery), of: (Date, Date)) -> Vec<Week> {
    let week = |(begins, known): &(Date, Known)| {
        let (first, last) = (*begins.max(&of.0), begins.saturating_add(jiff::Span::new().days(6)).min(of.1));
        let (first, last) = (first.to_string(), last.to_string());
        Week {
            begins: day(*begins, true),
            all: number(known.all),
            known: number(known.known),
            share: share(known.known, known.all),
            bar: meter(known.known, known.all),
            href: rows_of(overview, query, &[("from", &first), ("to", &last)]),
        }
    };
    let begun = report.weeks.iter().skip_while(|(_, known)| known.all == 0).collect::<Vec<_>>();
    begun.into_iter().rev().take(WEEKS_MAX).map(week).collect()
}

fn checks(items: &[AttentionItem]) -> Vec<Check> {
    let check = |(kind, fine): (AttentionKind, &'static str)| Check {
        fine,
        items: items.iter().filter(|item| item.kind == kind).cloned().collect(),
    };
    CHECKS.into_iter().map(check).collect()
}

/// `/p/{project}/attribution/export.csv`: the reasons, or the weeks.
pub async fn export(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let core = &engines.core;
    let is_weeks = query.one("panel").is_ok_and(|panel| panel == Some("weeks"));
    let query = OverviewQuery::parse(&query)?;
    let ask = query.ask(core.clock.now(), &zone_of(&member));
    let (project, period) = (member.project.id, ask.period);
    let report = core.db.read(async move |conn| attributed(conn, project, &period, None).await).await?;
    let (head, lines): (&[&str], Vec<Vec<String>>) = if is_weeks {
        let week =
            |(begins, known): &(Date, Known)| vec![begins.to_string(), known.all.to_string(), known.known.to_string()];
        (&["week_from", "conversations", "known"], report.weeks.iter().map(week).collect())
    } else {
        let line = |attributed: Attributed| {
            let sums = report.sums.get(&attributed.code()).copied().unwrap_or_default();
            let is_known = if attributed.is_known() { "yes" } else { "no" };
            let words = [attributed.as_str(), reason(attributed).title, is_known].map(str::to_owned);
            words.into_iter().chain(PLACES.map(|place| sums[place].to_string())).collect()
        };
        let head = &["reason", "title", "is_known", "conversations", "leads", "complete"];
        (head, Attributed::ALL.into_iter().map(line).collect())
    };
    let text: String = lines.iter().map(csv::row).collect();
    let period = format!("{}_{}", ask.period.first, ask.period.last);
    let name =
        csv::file_name(["attribution", &member.project.name, if is_weeks { "weeks" } else { "reasons" }, &period]);
    Ok(csv::streamed(&name, &csv::row(head), Made::new(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_changes_by_points() {
        let known = |known, all| Known { known, all };
        assert_eq!(points(known(94, 100), known(90, 100)), Some(("+4.0 points".to_owned(), "good")));
        assert_eq!(points(known(1, 3), known(1, 2)), Some(("−16.7 points".to_owned(), "bad")));
        assert_eq!(points(known(1, 3), known(0, 0)), None);
    }
}
