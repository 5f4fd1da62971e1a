//! `aurix retention`

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::output::Output;
use super::{actor, open_project};
use crate::config::Config;
use crate::core::Core;
use crate::domain::retention::{Kind, Period};
use crate::projects::set_retention::{ProjectPeriod, retention_of, set_retention};
use crate::store::projects::Project;

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

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Show { project } => {
            let (core, project) = open_project(config, &project).await?;
            show(&core, &project, output).await
        }
        Command::Set { project, clicks, events, messages } => {
            let given = [(Kind::Clicks, clicks), (Kind::Events, events), (Kind::Messages, messages)];
            let periods = given.into_iter().filter_map(|(kind, text)| Some(period(kind, &text?)));
            let periods = periods.collect::<anyhow::Result<Vec<_>>>()?;
            ensure!(!periods.is_empty(), "name at least one period: --clicks, --events or --messages");
            let (core, project) = open_project(config, &project).await?;
            set_retention(&core, &actor(), project.id, periods).await?;
            show(&core, &project, output).await
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

async fn show(core: &Core, project: &Project, output: &Output) -> anyhow::Result<()> {
    let periods = retention_of(core, project.id).await?;
    let to_json = |row: &ProjectPeriod| json!({"keep": row.period.to_string(), "is_default": !row.is_own});
    let object: Map<String, Value> = periods.iter().map(|row| (row.kind.as_str().to_owned(), to_json(row))).collect();
    output.print(&json!({"project_id": project.public_id, "retention": object}), || {
        let to_text = |row: &ProjectPeriod| {
            let origin = if row.is_own { "" } else { "  (default)" };
            format!("{:8}  {}{origin}", row.kind.as_str(), row.period)
        };
        periods.iter().map(to_text).collect::<Vec<_>>().join("\n")
    })
}
