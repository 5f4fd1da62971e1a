//! `/p/{project}/overview/rows`: the clicks or leads that a number of the overview counts.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::panels::Tables;
use super::query::OverviewQuery;
use super::reasons::reason;
use super::{Chip, chips, names, period_text, zone_of};
use crate::counts::ask::{Ask, Dimension};
use crate::counts::report::admitted;
use crate::db::Conn;
use crate::domain::attributed::Attributed;
use crate::domain::counts::LeadSteps;
use crate::domain::ids::{LeadId, ProjectId, SourceId};
use crate::domain::source::Source;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::console::frame::Frame;
use crate::http::console::leads::rows::Row;
use crate::http::console::view::page;
use crate::http::console::who::Member;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::partner::cursor;
use crate::store::clicks::{self, SourcedClick};
use crate::store::lead_pages::{self, Filters, View};
use crate::store::lead_steps::{self, By};
use crate::store::window::Position;

/// Rows of a page.
const ROWS: usize = 50;
/// Rows that one page looks at, at most.
const WALK_MAX: usize = 20_000;
/// Rows of one read.
const READ: u32 = 1_000;

/// The steps whose rows are shown, by their word in the address, with their title.
const STEPS: [(&str, &str); 7] = [
    ("clicks", "Clicks"),
    ("conversations", "Conversations"),
    ("leads", "Leads"),
    ("complete", "Complete leads"),
    ("qualified", "Qualified leads"),
    ("won", "Won leads"),
    ("good", "Good leads"),
];

#[derive(Template)]
#[template(path = "overview/rows.html")]
struct RowsPage {
    frame: Frame,
    title: &'static str,
    /// The page that it is a part of: its name and address.
    back: (&'static str, String),
    period: String,
    by: &'static str,
    chips: Vec<Chip>,
    clicks: Vec<ClickRow>,
    leads: Vec<LeadRow>,
    is_clicks: bool,
    older: Option<String>,
    is_cut: bool,
}

/// A click.
struct ClickRow {
    at: Timestamp,
    source: String,
    campaign: String,
    page: String,
    correlation_id: String,
    lead: Option<LeadId>,
}

/// A lead.
struct LeadRow {
    row: Row,
    source: String,
    campaign: String,
    at: Timestamp,
}

pub async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let core = &engines.core;
    let one = |name: &str| query.one(name).map_err(|invalid| ApiError::Invalid(vec![invalid]));
    let step = one("step")?.unwrap_or_default();
    let (word, title) = STEPS.into_iter().find(|(known, _)| *known == step).unwrap_or(STEPS[2]);
    let attributed = one("attributed")?.and_then(Attributed::parse);
    let after = one("after")?.and_then(cursor::decode);
    let query = OverviewQuery::parse(&query)?;
    let (project, masked) = (member.project.id, member.sees_masked());
    let ask = query.ask(core.clock.now(), &zone_of(&member));
    let (from, to) = ask.period.times(&ask.zone)?;
    let before = after.unwrap_or(Position { created_at: to.as_microsecond(), id: i64::MIN });
    let asked = (ask.clone(), (from, before));
    let read = core.db.read(async move |conn| match word {
        "clicks" => clicks_of(conn, project, &asked.0, asked.1).await,
        word => leads_of(conn, project, (&asked.0, word, attributed), asked.1, masked).await,
    });
    let found = read.await?;
    let base = format!("{}/overview", member.path());
    let names = names(core, project).await?;
    let tables = Tables { base: &base, query: &query, names: &names, is_alone: false };
    let older = found.next.map(|next| {
        let after = cursor::encode(next);
        let reason = attributed.map(|one| ("attributed", one.as_str()));
        let own = [("step", word), ("after", after.as_str())];
        format!("{base}/rows{}", query.with(&own.into_iter().chain(reason).collect::<Vec<_>>()))
    });
    let back = match attributed {
        Some(_) => ("Attribution", format!("{}/attribution{}", member.path(), query.with(&[]))),
        None => ("Overview", format!("{base}{}", query.with(&[]))),
    };
    let mut chips = chips(&tables);
    chips.extend(attributed.map(|one| Chip {
        text: reason(one).title.to_owned(),
        href: format!("{base}/rows{}", query.with(&[("step", word)])),
    }));
    page(&RowsPage {
        frame: Frame::of_member(core, &member, "overview").await?,
        title,
        back,
        period: period_text(&ask.period),
        by: if ask.by_click { "by click date" } else { "by event date" },
        chips,
        clicks: found.clicks,
        leads: found.leads,
        is_clicks: word == "clicks",
        older,
        is_cut: found.is_cut,
    })
}

#[derive(Default)]
struct Found {
    clicks: Vec<ClickRow>,
    leads: Vec<LeadRow>,
    /// Where the next page begins, where there may be one.
    next: Option<Position>,
    /// Whether it was given up before the page was full.
    is_cut: bool,
}

fn came_from(source: &Source) -> (String, String) {
    (Dimension::Source.value_of(source), source.campaign.clone())
}

async fn clicks_of(
    conn: &Conn,
    project: ProjectId,
    ask: &Ask,
    (from, mut before): (Timestamp, Position),
) -> anyhow::Result<Found> {
    let sources = admitted(conn, project, &ask.filter).await?;
    let mut found = Found::default();
    for _ in 0..WALK_MAX / READ as usize {
        let rows = clicks::sourced(conn, project, (from, before), READ).await?;
        let is_last = rows.len() < READ as usize;
        for click in rows {
            if found.clicks.len() == ROWS {
                found.next = Some(before);
                return Ok(found);
            }
            before = Position::of(click.created_at, click.id);
            let source = click.source.filter(|_| click.is_counted).and_then(|source| sources.get(&source));
            found.clicks.extend(source.map(|source| click_row(click, source)));
        }
        if is_last {
            return Ok(found);
        }
    }
    Ok(Found { next: Some(before), is_cut: true, ..found })
}

fn click_row(click: SourcedClick, source: &Source) -> ClickRow {
    let (from, campaign) = came_from(source);
    let page = click.click_url.as_deref().map(|url| url.split(['?', '#']).next().unwrap_or(url));
    ClickRow {
        at: click.created_at,
        source: from,
        campaign,
        page: page.unwrap_or_default().to_owned(),
        correlation_id: click.correlation_id,
        lead: click.lead,
    }
}

/// When a lead reached a step; `None` where it did not.
fn reached(step: &str, steps: &LeadSteps) -> Option<Timestamp> {
    match step {
        "conversations" => Some(steps.began_at),
        "complete" => steps.complete_at,
        "qualified" => steps.qualified_at,
        "won" => steps.won_at,
        "good" => steps.lead_at.filter(|_| steps.is_good),
        _ => steps.lead_at,
    }
}

fn order_of(step: &str) -> By {
    match step {
        "conversations" => By::Beginning,
        "complete" => By::Completion,
        "qualified" => By::Qualification,
        "won" => By::Sale,
        _ => By::Lead,
    }
}

async fn leads_of(
    conn: &Conn,
    project: ProjectId,
    (ask, step, attributed): (&Ask, &str, Option<Attributed>),
    (from, mut before): (Timestamp, Position),
    masked: bool,
) -> anyhow::Result<Found> {
    let sources = admitted(conn, project, &ask.filter).await?;
    let by = if ask.by_click { By::Click } else { order_of(step) };
    let mut picked: Vec<(LeadId, SourceId, Timestamp)> = Vec::new();
    let (mut next, mut is_cut) = (None, true);
    'walk: for _ in 0..WALK_MAX / READ as usize {
        let rows = lead_steps::page(conn, project, by, (from, before), READ).await?;
        let is_last = rows.len() < READ as usize;
        for one in rows {
            if picked.len() == ROWS {
                (next, is_cut) = (Some(before), false);
                break 'walk;
            }
            before = one.position;
            let is_wanted = sources.contains_key(&one.steps.source)
                && attributed.is_none_or(|attributed| one.steps.attributed == attributed);
            if let Some(reached) = reached(step, &one.steps).filter(|_| is_wanted) {
                picked.push((one.lead, one.steps.source, reached));
            }
        }
        if is_last {
            is_cut = false;
            break;
        }
    }
    if is_cut {
        next = Some(before);
    }
    let leads = picked.iter().map(|(lead, ..)| *lead).collect();
    let chosen = (&View::Chosen(leads), &Filters::default());
    let most = u32::try_from(ROWS).unwrap_or(u32::MAX);
    let rows = lead_pages::page(conn, project, chosen, Position::NEWEST, most).await?.rows;
    let mut rows: HashMap<LeadId, Row> = rows.into_iter().map(|lead| (lead.id, Row::new(lead, masked))).collect();
    let row = |(lead, source, at): (LeadId, SourceId, Timestamp)| {
        let (source, campaign) = came_from(sources.get(&source)?);
        Some(LeadRow { row: rows.remove(&lead)?, source, campaign, at })
    };
    Ok(Found { leads: picked.into_iter().filter_map(row).collect(), next, is_cut, ..Found::default() })
}
