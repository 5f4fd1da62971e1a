//! `aurix event`

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{Api, of_project, part};
use super::delivery::time;
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::domain::event::EventType;
use crate::domain::time::Timestamp;
use crate::http::api::query::{LIMIT_MAX, Page};

/// Events that are listed.
const LISTED_MAX: i64 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Lists the events of a project, newest first: when, what, and the event's id.
    ///
    /// With --json each has its body, as webhooks get it without a template.
    #[command(
        after_help = "Examples:\n  aurix event list --project ID\n  aurix event list --project ID --event lead.created --since 2026-01-31"
    )]
    List(List),
    /// Shows an event, as webhooks get it.
    #[command(after_help = "Example:\n  aurix event show --project ID evt_…")]
    Show {
        /// The project.
        #[arg(long)]
        project: String,
        /// The event's id, as `event list` shows it.
        event: String,
    },
}

#[derive(Args)]
pub struct List {
    /// The project.
    #[arg(long)]
    project: String,
    /// Only such events; repeat it for several.
    #[arg(long = "event", value_name = "EVENT", value_parser = event_type)]
    events: Vec<EventType>,
    /// Only events from this time on (ISO 8601).
    #[arg(long)]
    since: Option<String>,
    /// The number of events to list.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
    limit: u32,
}

fn event_type(text: &str) -> Result<EventType, String> {
    EventType::parse(text).ok_or_else(|| format!("use one of {}", EventType::ALL.map(EventType::as_str).join(" ")))
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::List(List { project, events, since, limit }) => {
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::MIN);
            let rows = list(&project, (&events, since), usize::try_from(limit)?, &api).await?;
            output.print(&json!({"events": rows}), || output::rows(&rows, line, "There is no such event."))
        }
        Command::Show { project, event } => {
            let none =
                || format!("the project has no event {event:?}: `aurix event list --project ID` lists its events");
            let found = api.get(&format!("{}/events/{}", of_project(&project), part(&event))).await;
            let body: Value = found.map_err(|refused| refused.missing(none))?;
            let text = serde_json::to_string_pretty(&body)?;
            output.print(&body, || text)
        }
    }
}

/// The newest events of some types since a time, page by page, at most `most`.
async fn list(
    project: &str,
    (types, since): (&[EventType], Timestamp),
    most: usize,
    api: &Api,
) -> anyhow::Result<Vec<Value>> {
    let (path, mut rows, mut cursor) = (format!("{}/events", of_project(project)), Vec::new(), String::new());
    loop {
        let page: Page<Value> = api.get(&format!("{path}?limit={LIMIT_MAX}{cursor}")).await?;
        for row in page.data {
            let at: Timestamp = text(&row, "created_at").parse().context("the time of an event")?;
            if at < since || rows.len() == most {
                return Ok(rows);
            }
            if types.is_empty() || types.iter().any(|event| event.as_str() == text(&row, "event_type")) {
                rows.push(row);
            }
        }
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(rows),
        }
    }
}

fn text<'a>(event: &'a Value, name: &str) -> &'a str {
    event[name].as_str().unwrap_or_default()
}

fn line(event: &Value) -> String {
    ["created_at", "event_type", "event_id"].map(|name| text(event, name)).join("  ")
}
