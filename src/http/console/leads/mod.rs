//! `/p/{project}/leads`: who wrote, in views, with filters and a search that stand in the address.

pub mod export;
mod fresh;
pub mod query;
pub mod rows;
pub mod selected;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use self::query::{LeadsQuery, PERIODS, QUALITIES, STAGE_FILTERS, VIEWS};
use self::rows::Row;
use super::frame::Frame;
use super::saved_bar::SavedViews;
use super::view::page;
use super::who::Member;
use crate::domain::account::Permission;
use crate::domain::saved_view::SavedPage;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::partner::cursor;
use crate::http::routes::Routes;
use crate::store::lead_counts::{self, COUNT_MAX};
use crate::store::lead_pages::{self, LeadPage, ListedLead, View, WALK_MAX};
use crate::store::lead_search::FOUND_MAX;
use crate::store::widgets;

/// Leads of a page.
const ROWS: u32 = 50;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/leads", list)
        .get("/p/{project}/leads/fresh", fresh::fresh)
        .get("/p/{project}/leads/selected", selected::show)
        .post("/p/{project}/leads/selected", selected::rate)
        .post("/p/{project}/leads/quality", selected::rate_one)
        .get("/p/{project}/leads/export.csv", export::export)
}

#[derive(Template)]
#[template(path = "leads/list.html")]
struct ListPage {
    frame: Frame,
    query: LeadsQuery,
    saved: SavedViews,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    /// What tells how many came since: only at the beginning of a list with the newest first.
    fresh: Option<String>,
    /// How many there are, where that is known.
    count: Option<String>,
    /// Of the next page and of the first one.
    older: Option<String>,
    newest: Option<String>,
    export: String,
    /// The address of this page, for what comes back to it.
    back: String,
    /// Links that take a filter off.
    chips: Vec<Chip>,
    /// A widget to try, where nobody wrote yet.
    try_link: Option<String>,
    is_searched: bool,
    /// Leads that filters look at.
    looked_at: String,
    is_cut: bool,
}

struct Tab {
    title: &'static str,
    href: String,
    count: String,
    is_open: bool,
}

struct Chip {
    text: String,
    href: String,
}

async fn list(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let core = &engines.core;
    let query = LeadsQuery::parse(&query)?;
    let (project, user) = (member.project.id, member.who.user.id);
    let view = query.view(project, user);
    let filters = query.filters(core.clock.now());
    let position = query.position(&view);
    let inside = view.clone();
    let (counts, shown, widget) = core
        .db
        .read(async move |conn| {
            let mut counts = Vec::new();
            for (word, _) in VIEWS {
                let of_word = LeadsQuery { view: word.to_owned(), ..LeadsQuery::default() }.view(project, user);
                counts.push(lead_counts::count(conn, project, &of_word).await?);
            }
            let shown = lead_pages::page(conn, project, (&inside, &filters), position, ROWS).await?;
            let widget = if counts[0] == 0 { widgets::first_public_id(conn, project).await? } else { None };
            Ok((counts, shown, widget))
        })
        .await?;
    let LeadPage { rows, next, found } = shown;
    let own = query.with(&[]);
    // A view of the program has its tab.
    let filter = if query.is_filtered() || !query.q.is_empty() { own.trim_start_matches('?') } else { "" };
    let saved = SavedViews::load(core, &member, SavedPage::Leads, filter).await?;
    let base = format!("{}/leads", member.path());
    let is_searched = matches!(view, View::Found(_));
    let open = VIEWS.iter().position(|(word, _)| *word == query.view).unwrap_or_default();
    let count = if is_searched { found } else { counts[open] };
    page(&ListPage {
        frame: Frame::of_member(core, &member, "leads").await?,
        tabs: tabs(&base, &query, &counts, is_searched),
        fresh: fresh_link(&base, &query, rows.first()),
        rows: rows.into_iter().map(|lead| Row::new(lead, member.sees_masked())).collect(),
        count: (!query.is_filtered()).then(|| counted(count)),
        older: next.map(|next| format!("{base}{}", query.with(&[("after", &cursor::encode(next))]))),
        newest: (!query.after.is_empty()).then(|| format!("{base}{}", query.with(&[]))),
        export: format!("{base}/export.csv{}", query.with(&[])),
        back: query.here().trim_start_matches('?').to_owned(),
        chips: chips(&base, &query),
        try_link: widget.map(|widget| format!("{}/c/{widget}", core.config.base_url)),
        saved,
        is_searched,
        looked_at: counted(i64::from(WALK_MAX)),
        is_cut: is_searched && count >= i64::from(FOUND_MAX),
        query,
    })
}

fn fresh_link(base: &str, query: &LeadsQuery, first: Option<&ListedLead>) -> Option<String> {
    let is_newest_first = query.after.is_empty() && query.view != "waiting";
    let first = first.filter(|_| is_newest_first)?;
    let own = query.with(&[]);
    let joint = if own.is_empty() { "?" } else { "&" };
    Some(format!("{base}/fresh{own}{joint}top={}", cursor::encode(first.position())))
}

fn tabs(base: &str, query: &LeadsQuery, counts: &[i64], is_searched: bool) -> Vec<Tab> {
    let tab = |((word, title), count): (&(&str, &'static str), &i64)| Tab {
        title,
        href: format!("{base}{}", query.with(&[("view", word), ("q", "")])),
        count: counted(*count),
        is_open: *word == query.view && !is_searched,
    };
    VIEWS.iter().zip(counts).map(tab).collect()
}

/// Exact up to ten thousand.
fn counted(count: i64) -> String {
    if count > COUNT_MAX {
        return "10,000+".to_owned();
    }
    if count < 1_000 { count.to_string() } else { format!("{},{:03}", count / 1_000, count % 1_000) }
}

fn chips(base: &str, query: &LeadsQuery) -> Vec<Chip> {
    let title = |choices: &[(&str, &str)], value: &str| {
        choices.iter().find(|(word, _)| *word == value).map(|(_, title)| (*title).to_owned())
    };
    let chip = |name: &str, text: Option<String>| {
        text.map(|text| Chip { text, href: format!("{base}{}", query.with(&[(name, "")])) })
    };
    let campaign = (!query.campaign.is_empty()).then(|| format!("Campaign: {}", query.campaign));
    [
        chip("days", title(&PERIODS, &query.days).map(|text| format!("Last message: {text}"))),
        chip("stage", title(&STAGE_FILTERS, &query.stage).map(|text| format!("Stage: {text}"))),
        chip("quality", title(&QUALITIES, &query.quality).map(|text| format!("Quality: {text}"))),
        chip("campaign", campaign),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_exact_up_to_ten_thousand() {
        assert_eq!(
            [0, 999, 1_000, 8_214, 10_000, 10_001].map(counted),
            ["0", "999", "1,000", "8,214", "10,000", "10,000+"]
        );
    }
}
