//! `aurix retention`

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::Output;
use crate::domain::retention::{Kind, Period};
use crate::http::api::projects::{PutRetention, RetentionBody};
use crate::net::Method;

#[derive(Subcommand)]
pub enum Command {
    /// Shows the retention periods of a project.
    ///
    /// A period that the project does not set follows AURIX_RETENTION.
    #[command(after_help = "Example:\n  aurix retention show --project ID")]
    Show {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Sets retention periods of a project: days such as 90d, `forever`, or `default` for AURIX_RETENTION's.
    ///
    /// A running server removes older rows for good. Pending deliveries and replies and unread messages stay, and so does a
    /// session that is linked to a conversation, with its clicks.
    #[command(
        after_help = "Example:\n  aurix retention set --project ID --clicks 400d --events 90d --messages forever"
    )]
    Set {
        /// The project.
        #[arg(long)]
        project: String,
        /// Sessions that are not linked to a conversation, with their clicks.
        #[arg(long, value_name = "PERIOD")]
        clicks: Option<String>,
        /// Events with their deliveries and attempts. They cannot be resent afterwards.
        #[arg(long, value_name = "PERIOD")]
        events: Option<String>,
        /// Messages of people and of the agent: at least 8d. The lead keeps what was extracted.
        #[arg(long, value_name = "PERIOD")]
        messages: Option<String>,
    },
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Show { project } => {
            let api = Api::at(place).await?;
            let periods = api.get(&format!("{}/retention", of_project(&project))).await?;
            show(&project, &periods, output)
        }
        Command::Set { project, clicks, events, messages } => {
            let given = [(Kind::Clicks, clicks), (Kind::Events, events), (Kind::Messages, messages)];
            let periods = given.into_iter().filter_map(|(kind, text)| Some(period(kind, &text?)));
            let periods = periods.collect::<anyhow::Result<Vec<_>>>()?;
            ensure!(!periods.is_empty(), "name at least one period: --clicks, --events or --messages");
            let api = Api::at(place).await?;
            let path = format!("{}/retention", of_project(&project));
            let before: RetentionBody = api.get(&path).await?;
            let mut all = PutRetention { clicks: before.clicks, events: before.events, messages: before.messages };
            for (kind, period) in periods {
                let text = period.map(|period| period.to_string());
                match kind {
                    Kind::Clicks => all.clicks = text,
                    Kind::Events => all.events = text,
                    Kind::Messages => all.messages = text,
                    Kind::Attempts => {}
                }
            }
            let periods = api.send(Method::PUT, &path, &all).await?;
            show(&project, &periods, output)
        }
    }
}

fn period(kind: Kind, text: &str) -> anyhow::Result<(Kind, Option<Period>)> {
    let period = match text {
        "default" => None,
        _ => Some(Period::parse(kind, text).with_context(|| format!("--{}", kind.as_str()))?),
    };
    Ok((kind, period))
}

fn show(project: &str, periods: &RetentionBody, output: &Output) -> anyhow::Result<()> {
    let own = |kind: &str| match kind {
        "clicks" => periods.clicks.is_some(),
        "events" => periods.events.is_some(),
        "messages" => periods.messages.is_some(),
        _ => false,
    };
    let rows =
        Kind::OF_PROJECT.into_iter().map(Kind::as_str).filter_map(|kind| Some((kind, periods.effective.get(kind)?)));
    let rows: Vec<_> = rows.collect();
    let object: Map<String, Value> =
        rows.iter().map(|(kind, keep)| ((*kind).to_owned(), json!({"keep": keep, "is_default": !own(kind)}))).collect();
    output.print(&json!({"project_id": project, "retention": object}), || {
        let to_text = |(kind, keep): &(&str, &String)| {
            let origin = if own(kind) { "" } else { "  (default)" };
            format!("{kind:8}  {keep}{origin}")
        };
        rows.iter().map(to_text).collect::<Vec<_>>().join("\n")
    })
}
