//! `/p/{project}/overview`: what came of clicks, by where they came from, compared with another period; and the rows behind each number.

mod attribution;
mod export;
mod figures;
mod panels;
mod query;
pub mod reasons;
mod rows;

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;

use self::figures::{Chart, change, day, duration, number, ribbon, share};
use self::panels::{COLUMNS, Names, Panel, Tables, channel_name};
use self::query::{CLOCKS, COMPARED, OverviewQuery, PERIODS};
use super::frame::Frame;
use super::leads::rows::Row;
use super::setup::{StepRow, steps_of_project};
use super::view::{Html, page};
use super::who::Member;
use super::widgets::name as widgets_name;
use crate::core::Core;
use crate::counts::answers::{Answers, answers};
use crate::counts::ask::{DAILY_MAX, Dimension, Period, link_value};
use crate::counts::recount;
use crate::counts::report::{Report, report};
use crate::domain::counts::Step;
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::store::lead_pages::{self, Filters, ListedLead, View};
use crate::store::{channels, clicks, lead_counts, links, messages, widgets};

/// Channels, widgets and links whose names are read, of each.
const NAMED_MAX: u32 = 500;
/// Sales without a value are counted up to here.
const WITHOUT_VALUE_MAX: i64 = 100;
/// Leads in "Who came last", and people in "Who waits".
const LAST: u32 = 5;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/overview", show)
        .get("/p/{project}/overview/rows", rows::show)
        .get("/p/{project}/overview/export.csv", export::export)
        .get("/p/{project}/attribution", attribution::show)
        .get("/p/{project}/attribution/export.csv", attribution::export)
}

#[derive(Template)]
#[template(path = "overview/overview.html")]
struct OverviewPage {
    frame: Frame,
    query: OverviewQuery,
    /// What the address says, for links with other words.
    base: String,
    period: String,
    compared: Option<String>,
    zone: String,
    chips: Vec<Chip>,
    steps: Vec<FunnelStep>,
    took: Vec<(&'static str, String)>,
    chart: Option<Chart>,
    series: Vec<SeriesRow>,
    tables: Vec<Panel>,
    waiting: Vec<Waits>,
    /// How fast people answered today.
    answered: Option<String>,
    /// Sales of which nobody said what they were worth.
    without_value: Option<String>,
    last: Vec<Row>,
    not_counted: Option<String>,
    last_click: Option<Timestamp>,
    last_message: Option<Timestamp>,
    /// What is still being counted, and how much of that is done.
    counting: Option<(&'static str, u8)>,
    is_empty: bool,
    /// Steps of setting up that were not seen yet, and how many there are.
    set_up: (Vec<StepRow>, usize),
}

/// A filter that is put on.
struct Chip {
    text: String,
    href: String,
}

/// A step of the funnel.
struct FunnelStep {
    title: &'static str,
    href: String,
    value: String,
    change: Option<(String, &'static str)>,
    note: String,
    ribbon: Html,
}

/// A day, or a month, of the series.
struct SeriesRow {
    day: String,
    clicks: String,
    conversations: String,
    leads: String,
    before: Option<String>,
}

/// Somebody who waits for a person.
struct Waits {
    href: String,
    row: Row,
    since: Option<Timestamp>,
}

async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let core = &engines.core;
    let alone = query.one("panel").map_err(|invalid| ApiError::Invalid(vec![invalid]))?.map(str::to_owned);
    let query = OverviewQuery::parse(&query)?;
    let (project, now) = (member.project.id, core.clock.now());
    let zone = zone_of(&member);
    let ask = query.ask(now, &zone);
    let asked = ask.clone();
    let report = core.db.read(async move |conn| report(conn, project, &asked).await).await?;
    let names = names(core, project).await?;
    let base = format!("{}/overview", member.path());
    let tables = Tables { base: &base, query: &query, names: &names, is_alone: alone.is_some() };
    let mut panels = tables.of(&report);
    let frame = Frame::of_member(core, &member, "overview").await?;
    let chips = chips(&tables);
    if let Some(word) = alone {
        panels.retain(|panel| panel.word == word);
        return page(&AlonePage { period: period_text(&ask.period), chips, tables: panels, frame, base, query });
    }
    let today = now.to_zoned(zone.clone()).date();
    let beside = beside(core, project, &ask.period, (today, zone.clone())).await?;
    let steps = steps_of_project(&engines, &member).await?;
    let of = steps.len();
    let set_up = (steps.into_iter().filter(|step| step.seen.is_none()).collect(), of);
    let is_daily = ask.period.days() <= DAILY_MAX;
    page(&OverviewPage {
        period: period_text(&ask.period),
        compared: ask.compared.as_ref().map(period_text),
        zone: member.project.time_zone.clone(),
        steps: funnel(&base, &query, &report),
        took: took(&report),
        chart: Chart::new(&report.series, &report.compared_series, today, is_daily),
        series: series(&report, is_daily),
        waiting: beside.waiting.into_iter().map(|lead| waits(&member, lead)).collect(),
        last: beside.last.into_iter().map(|lead| Row::new(lead, member.sees_masked())).collect(),
        answered: beside.answers.map(answered),
        without_value: without_value(beside.without_value),
        not_counted: not_counted(&beside.automated),
        last_click: beside.last_click,
        last_message: beside.last_message,
        counting: beside.counting,
        set_up,
        is_empty: beside.last_click.is_none() && report.total == [0; 8],
        tables: panels,
        chips,
        frame,
        query,
        base,
    })
}

#[derive(Template)]
#[template(path = "overview/alone.html")]
struct AlonePage {
    frame: Frame,
    query: OverviewQuery,
    base: String,
    period: String,
    chips: Vec<Chip>,
    tables: Vec<Panel>,
}

/// The zone of the project: its days are those of its business, whoever looks.
fn zone_of(member: &Member) -> TimeZone {
    member.project.zone()
}

/// The names of channels, widgets and links by their row keys.
async fn names(core: &Core, project: ProjectId) -> Result<Names> {
    let read = core.db.read(async move |conn| {
        let channels = channels::list(conn, project, NAMED_MAX).await?;
        let widgets = widgets::details(conn, project, NAMED_MAX).await?;
        Ok((channels, widgets, links::slugs(conn, project, NAMED_MAX).await?))
    });
    let (channels, widgets, links) = read.await?;
    let channels = channels.into_iter().map(|one| (one.id.to_string(), channel_name(one.kind, &one.label())));
    let widgets =
        widgets.into_iter().map(|one| (one.widget.id.to_string(), widgets_name(&one.look.name, &one.widget.public_id)));
    let links = links.into_iter().map(|(id, slug)| (link_value(id), format!("/l/{slug}")));
    Ok(Names { channels: channels.collect(), widgets: widgets.chain(links).collect::<HashMap<_, _>>() })
}

/// What stands on the page beside the counts.
struct Beside {
    last_click: Option<Timestamp>,
    last_message: Option<Timestamp>,
    waiting: Vec<ListedLead>,
    answers: Option<Answers>,
    without_value: i64,
    last: Vec<ListedLead>,
    automated: Vec<(String, i64)>,
    counting: Option<(&'static str, u8)>,
}

async fn beside(
    core: &Core,
    project: ProjectId,
    period: &Period,
    (today, zone): (jiff::civil::Date, TimeZone),
) -> Result<Beside> {
    let (from, to, now) = (period.first.to_string(), period.last.to_string(), core.clock.now());
    let read = core.db.read(async move |conn| {
        let none = Filters::default();
        let waiting = (&View::Waiting, &none);
        let waiting = lead_pages::page(conn, project, waiting, lead_pages::start(&View::Waiting), LAST).await?.rows;
        let last = (&View::All, &none);
        let last = lead_pages::page(conn, project, last, lead_pages::start(&View::All), LAST).await?.rows;
        let counting = recount::progress(conn, project).await?.map(|(step, hundredths)| {
            let what = match step {
                Step::Sessions => "where earlier visits came from",
                Step::Leads => "earlier leads",
                Step::Days => "day by day",
                Step::Months => "month by month",
            };
            (what, hundredths)
        });
        Ok(Beside {
            last_click: clicks::newest(conn, project, now).await?,
            last_message: messages::newest(conn, project, now).await?,
            waiting,
            answers: answers(conn, project, today, &zone).await?,
            without_value: lead_counts::without_value(conn, project, WITHOUT_VALUE_MAX + 1).await?,
            last,
            automated: clicks::automated_requests(conn, project, (&from, &to)).await?,
            counting,
        })
    });
    Ok(read.await?)
}

/// How fast people answered.
fn answered(answers: Answers) -> String {
    let Answers { count, median, p90 } = answers;
    let (count_text, median, p90) = (number(count_of(count)), duration(median), duration(p90));
    match count {
        1 => format!("One answer today, after {median}."),
        // Nine tenths of fewer than ten are all of them.
        2..10 => format!("{count_text} answers today: half within {median}, all within {p90}."),
        _ => format!("{count_text} answers today: half within {median}, nine of ten within {p90}."),
    }
}

fn count_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn without_value(sales: i64) -> Option<String> {
    match sales {
        0 => None,
        1 => Some("One sale has no value".to_owned()),
        2..=WITHOUT_VALUE_MAX => Some(format!("{sales} sales have no value")),
        _ => Some(format!("More than {WITHOUT_VALUE_MAX} sales have no value")),
    }
}

fn waits(member: &Member, lead: ListedLead) -> Waits {
    let since = lead.handling_since;
    let row = Row::new(lead, member.sees_masked());
    Waits { href: format!("{}/inbox/{}", member.path(), row.id), row, since }
}

/// The days of a period as people write them.
fn period_text(period: &Period) -> String {
    let year = |date: jiff::civil::Date| date.strftime("%-d %b %Y").to_string();
    match (period.first, period.last) {
        (first, last) if first == last => year(last),
        (first, last) if first.year() == last.year() => format!("{} – {}", day(first, true), year(last)),
        (first, last) => format!("{} – {}", year(first), year(last)),
    }
}

fn chips(tables: &Tables<'_>) -> Vec<Chip> {
    let chip = |(dimension, value): (Dimension, &String)| Chip {
        text: format!("{}: {}", dimension_title(dimension), tables.label(dimension, value)),
        href: format!("{}{}", tables.base, tables.query.pressed(dimension, value).with(&[])),
    };
    let filter = &tables.query.filter.0;
    filter.iter().flat_map(|(dimension, values)| values.iter().map(|value| (*dimension, value))).map(chip).collect()
}

fn dimension_title(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Source => "Source",
        Dimension::Campaign => "Campaign",
        Dimension::Landing => "Landing page",
        Dimension::Referrer => "Site before",
        Dimension::Channel => "Channel",
        Dimension::Device => "Device",
        Dimension::Widget => "Widget or link",
    }
}

fn funnel(base: &str, query: &OverviewQuery, report: &Report) -> Vec<FunnelStep> {
    let [clicks, visits, conversations, leads, complete, qualified, won, _] = report.total;
    let of = |share: Option<String>, whole: &str| match share {
        Some(share) => format!("{share} of {whole}"),
        None => "\u{2014}".to_owned(),
    };
    let steps = [
        ("clicks", "Clicks", 0, clicks, format!("from {} visits", number(visits))),
        ("conversations", "Conversations", 2, conversations, of(share(conversations, visits), "visits")),
        ("leads", "Leads", 3, leads, of(share(leads, conversations), "conversations")),
        ("complete", "Complete", 4, complete, of(share(complete, leads), "leads")),
        ("qualified", "Qualified", 5, qualified, of(share(qualified, leads), "leads")),
        ("won", "Won", 6, won, of(share(won, qualified), "qualified")),
    ];
    let first = clicks.max(conversations);
    let drawn = |nth: usize| {
        let next = steps.get(nth + 1).map(|(_, _, _, next, _)| *next);
        ribbon(nth + 1, steps[nth].3, next, first)
    };
    let step =
        |(nth, (word, title, place, value, note)): (usize, &(&str, &'static str, usize, i64, String))| FunnelStep {
            title,
            href: format!("{base}/rows{}", query.with(&[("step", word)])),
            value: number(*value),
            change: report.compared.and_then(|before| change(*value, before[*place])),
            note: note.clone(),
            ribbon: drawn(nth),
        };
    steps.iter().enumerate().map(step).collect()
}

fn took(report: &Report) -> Vec<(&'static str, String)> {
    let took = report.took;
    let steps = [
        ("From click to conversation", took.to_conversation),
        ("From click to lead", took.to_lead),
        ("From lead to complete", took.to_complete),
    ];
    let text = |(median, p90)| format!("median {}, p90 {}", duration(median), duration(p90));
    steps.into_iter().filter_map(|(title, took)| Some((title, text(took?)))).collect()
}

fn series(report: &Report, is_daily: bool) -> Vec<SeriesRow> {
    let row = |(nth, (date, sums)): (usize, &(jiff::civil::Date, [i64; 8]))| SeriesRow {
        day: if is_daily { date.strftime("%a %-d %b").to_string() } else { day(*date, false) },
        clicks: number(sums[0]),
        conversations: number(sums[2]),
        leads: number(sums[3]),
        before: report.compared_series.get(nth).map(|(_, sums)| number(sums[0])),
    };
    let mut rows: Vec<SeriesRow> = report.series.iter().enumerate().map(row).collect();
    rows.reverse();
    rows
}

/// What was not counted, and why.
fn not_counted(automated: &[(String, i64)]) -> Option<String> {
    let parts = automated.iter().map(|(kind, requests)| {
        let what = match kind.as_str() {
            "crawler" => "visits of crawlers and link previews",
            "prefetch" => "prefetches",
            "head" => "requests for headers alone",
            "paused" => "visits by links that are paused or deleted",
            _ => "clicks over the rate limit",
        };
        format!("{} {what}", number(*requests))
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("Not counted: {}.", parts.join(", ")))
}
