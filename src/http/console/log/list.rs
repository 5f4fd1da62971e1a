//! The list of the log: newest first, by a filter that stands in the address.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::event_names::{self, EventName, name_of};
use super::super::frame::Frame;
use super::super::fresh::{FRESH_MAX, fresh_part};
use super::super::saved_bar::SavedViews;
use super::super::view::page;
use super::super::webhook::cause::short_text;
use super::super::webhook::health::count;
use super::super::who::Member;
use super::resend::{Jobs, jobs_of};
use super::row::Row;
use super::{log_path, read_filter, sees_masked};
use crate::db::Conn;
use crate::deliveries::log_filter::{LogFilter, PEOPLE_MAX, Period};
use crate::deliveries::resend_matching::count_matching_up_to;
use crate::domain::account::Permission;
use crate::domain::attempt_result::AttemptResult;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::saved_view::SavedPage;
use crate::domain::time::{Timestamp, from_microseconds};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::store::delivery_counts::COUNTED_MAX;
use crate::store::delivery_filter::Filter;
use crate::store::delivery_list::{self, LogWebhook, Page};
use crate::store::delivery_rows::{self, ListedDelivery};
use crate::store::window::Position;

/// Rows of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "log/log.html")]
struct LogPage {
    frame: Frame,
    filter: LogFilter,
    saved: SavedViews,
    chips: Vec<Chip>,
    webhooks: Vec<LogWebhook>,
    events: Vec<EventName>,
    rows: Vec<Row>,
    jobs: Jobs,
    /// Failed deliveries that the filter matches; empty where there are none.
    failed: Option<String>,
    /// The address of older ones, and whether there may be some or they have to be searched.
    older: Option<(String, bool)>,
    /// The list as a file.
    export: String,
    /// Whether this is the beginning of the list.
    is_first: bool,
    /// Where the list began: newer ones are fresh.
    newest: String,
    /// How many people a search looks at, where more may match.
    newest_people: Option<u32>,
    is_filtered: bool,
    has_any: bool,
}

/// A part of the filter that can be taken off.
struct Chip {
    name: &'static str,
    value: String,
    /// The address without it.
    without: String,
}

/// What a page is made of.
pub(super) struct Found {
    /// All of the project.
    pub webhooks: Vec<LogWebhook>,
    /// Newest first.
    pub rows: Vec<ListedDelivery>,
    /// Whether a search found so many people that only the newest are looked at.
    pub is_of_newest_people: bool,
    /// Behind which row the next page begins; whether a search ended before it had seen everything.
    pub next: Option<(Position, bool)>,
}

pub async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let filter = read_filter(&query);
    let before = query.one("before").ok().flatten().and_then(parse_position);
    let (project, now, wanted) = (member.project.id, engines.core.clock.now(), filter.clone());
    let start = before.unwrap_or(Position::NEWEST);
    let found = engines.core.db.read(async move |conn| find(conn, project, &wanted, now, (start, ROWS)).await).await?;
    let failed = what_failed(&engines, project, &filter).await?;
    let frame = Frame::of_member(&engines.core, &member, "log").await?;
    let saved = SavedViews::load(&engines.core, &member, SavedPage::Log, &filter.query()).await?;
    let path = log_path(&member);
    let names: HashMap<WebhookId, String> =
        found.webhooks.iter().map(|webhook| (webhook.id, webhook.title.clone())).collect();
    let newest = found.rows.first().map_or(Position::before(now), ListedDelivery::position);
    let is_masked = sees_masked(&member);
    let row = |delivery: ListedDelivery| {
        let webhook = names.get(&delivery.webhook).cloned().unwrap_or_default();
        Row::new(&frame, delivery, webhook, is_masked)
    };
    let rows: Vec<Row> = found.rows.into_iter().map(row).collect();
    page(&LogPage {
        chips: chips(&filter, &found.webhooks, &path),
        older: found.next.map(|(at, is_cut)| (address(&path, &filter, Some(at)), is_cut)),
        export: format!("{path}/export.csv?{}", filter.query()),
        newest_people: found.is_of_newest_people.then_some(PEOPLE_MAX),
        is_filtered: filter != LogFilter::default(),
        has_any: !found.webhooks.is_empty(),
        webhooks: found.webhooks,
        events: event_names::all(),
        jobs: jobs_of(&engines, &member).await?,
        is_first: before.is_none(),
        newest: position_text(newest),
        rows,
        failed,
        saved,
        filter,
        frame,
    })
}

/// What can be resent, in words. To count what failed of one type of event, all that failed would be looked at: the next page does it.
async fn what_failed(engines: &Engines, project: ProjectId, filter: &LogFilter) -> anyhow::Result<Option<String>> {
    if filter.event.is_some() && filter.search.is_none() {
        let of_any_type = LogFilter { event: None, ..filter.clone() };
        let some = count_matching_up_to(&engines.core, project, &of_any_type, 1).await?;
        return Ok((some > 0).then(|| "what failed".to_owned()));
    }
    let failed = count_matching_up_to(&engines.core, project, filter, COUNTED_MAX + 1).await?;
    Ok((failed > 0).then(|| format!("{} failed", count(failed))))
}

/// The deliveries that the filter matches at `now`, before a position, at most `most`.
pub(super) async fn find(
    conn: &Conn,
    project: ProjectId,
    filter: &LogFilter,
    now: Timestamp,
    (before, most): (Position, usize),
) -> anyhow::Result<Found> {
    let webhooks = delivery_list::webhooks(conn, project).await?;
    let Some(wanted) = filter.resolve(conn, project, now).await? else {
        return Ok(Found { webhooks, rows: Vec::new(), is_of_newest_people: false, next: None });
    };
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id).collect();
    let Page { positions, next } = delivery_list::page(conn, project, &ids, &wanted, (before, most)).await?;
    let rows = delivery_rows::rows(conn, project, &positions).await?;
    let is_of_newest_people = wanted.conversations.len() == PEOPLE_MAX as usize;
    Ok(Found { webhooks, rows, is_of_newest_people, next })
}

/// What came since the page was made.
pub async fn fresh(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let filter = read_filter(&query);
    let after = query.one("after").ok().flatten().and_then(parse_position).unwrap_or(Position::NEWEST);
    let (project, now, wanted) = (member.project.id, engines.core.clock.now(), filter.clone());
    let count = engines.core.db.read(async move |conn| {
        let Some(resolved) = wanted.resolve(conn, project, now).await? else { return Ok(0) };
        let from = resolved.from.max(from_microseconds(after.created_at));
        let newer = Filter { from, ..resolved };
        let ids: Vec<_> = delivery_list::webhooks(conn, project).await?.iter().map(|webhook| webhook.id).collect();
        let page = delivery_list::page(conn, project, &ids, &newer, (Position::NEWEST, FRESH_MAX as usize)).await?;
        Ok(page.positions.into_iter().filter(|at| *at > after).count())
    });
    fresh_part(log_path(&member), filter.query(), count.await?)
}

fn chips(filter: &LogFilter, webhooks: &[LogWebhook], path: &str) -> Vec<Chip> {
    let chip = |(name, value): (&'static str, String)| {
        let (title, shown) = match name {
            "webhook" => {
                let known = webhooks.iter().find(|webhook| webhook.public_id == value);
                ("Webhook", known.map_or("unknown".to_owned(), |webhook| webhook.title.clone()))
            }
            "state" => ("State", state_name(DeliveryStatus::parse(&value)).to_owned()),
            "event" => ("Event", name_of(&value)),
            "answer" => ("Answer", answer_name(&value)),
            "period" => ("Period", period_name(Period::parse(&value)).to_owned()),
            _ => ("Search", value),
        };
        let query = filter.query_without(name);
        let without = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        Chip { name: title, value: shown, without }
    };
    filter.pairs().into_iter().map(chip).collect()
}

pub(super) fn state_name(status: Option<DeliveryStatus>) -> &'static str {
    match status {
        Some(DeliveryStatus::Pending) => "Waiting or retrying",
        Some(DeliveryStatus::Delivered) => "Delivered",
        Some(DeliveryStatus::Failed) => "Failed",
        Some(DeliveryStatus::Cancelled) => "Cancelled",
        None => "Any",
    }
}

pub(super) fn period_name(period: Option<Period>) -> &'static str {
    match period {
        Some(Period::Hour) => "Last hour",
        Some(Period::Day) => "Last 24 hours",
        Some(Period::Week) => "Last 7 days",
        Some(Period::Month) => "Last 30 days",
        None => "All",
    }
}

fn answer_name(word: &str) -> String {
    let result = word.parse().ok().and_then(AttemptResult::from_code);
    match result {
        Some(result) => short_text(result),
        None if word == "none" => "No answer".to_owned(),
        None => word.to_owned(),
    }
}

impl LogPage {
    fn states(&self) -> [(&'static str, &'static str); 4] {
        DeliveryStatus::ALL.map(|status| (status.as_str(), state_name(Some(status))))
    }

    fn periods(&self) -> [(&'static str, &'static str); 4] {
        Period::ALL.map(|period| (period.as_str(), period_name(Some(period))))
    }

    /// Classes of answers, and the one that is chosen where it is none of these.
    fn answers(&self) -> Vec<(String, String)> {
        let classes = ["2xx", "3xx", "4xx", "5xx", "none"];
        let own = self.filter.answer.as_deref().filter(|answer| !classes.contains(answer));
        classes.into_iter().chain(own).map(|word| (word.to_owned(), answer_name(word))).collect()
    }

    fn is_chosen(&self, name: &str, value: &str) -> bool {
        self.filter.pairs().iter().any(|(key, chosen)| *key == name && chosen == value)
    }

    fn search(&self) -> &str {
        self.filter.search.as_deref().unwrap_or_default()
    }
}

/// The address of a part of the list.
fn address(path: &str, filter: &LogFilter, before: Option<Position>) -> String {
    let before = before.map(|at| ("before", position_text(at)));
    let pairs = filter.pairs().into_iter().chain(before);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

fn position_text(at: Position) -> String {
    format!("{}.{}", at.created_at, at.id)
}

fn parse_position(text: &str) -> Option<Position> {
    let (created_at, id) = text.split_once('.')?;
    Some(Position { created_at: created_at.parse().ok()?, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_where_a_page_begins() {
        let at = Position { created_at: 1_767_779_544_744_651, id: 17 };
        assert_eq!(parse_position(&position_text(at)), Some(at));
        assert_eq!(["", "1", "a.b", "1."].map(parse_position), [None; 4]);
        assert_eq!(address("/log", &LogFilter::default(), Some(at)), "/log?before=1767779544744651.17");
    }
}
