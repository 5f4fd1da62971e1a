//! `aurix widget`

use clap::Subcommand;
use serde_json::json;

use super::output::{self, Output};
use super::{actor, base_url_hint, open_project};
use crate::config::Config;
use crate::domain::origin::AllowedOrigin;
use crate::domain::widget::Look;
use crate::projects::create_widget::{NewWidget, create_widget, snippet};
use crate::store::widgets;

/// Widgets that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Creates a widget and prints the tag for your site.
    ///
    /// The tag shows the button, which opens the channel with the greeting and a reference filled in.
    #[command(
        after_help = "Example:\n  aurix widget create --project ID --channel 1234 --origin https://www.example.com --greeting \"Hello!\""
    )]
    Create {
        /// The project.
        #[arg(long)]
        project: String,
        /// The id of the channel that it opens, as `channel list` shows it.
        #[arg(long)]
        channel: String,
        /// An origin whose scripts may use the widget's JSON endpoint; repeat it for several. `https://*.example.com` is every
        /// subdomain of example.com. Without it, any origin may.
        #[arg(long = "origin", value_name = "URL")]
        origins: Vec<String>,
        /// The start of the prefilled message.
        #[arg(long)]
        greeting: Option<String>,
    },
    /// Lists the widgets of a project.
    ///
    /// With --json, each with its tag.
    #[command(after_help = "Example:\n  aurix widget list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Create { project, channel, origins, greeting } => {
            let (core, project) = open_project(config, &project).await?;
            let new = NewWidget { channel_id: channel, origins, greeting, look: Look::default() };
            let created = create_widget(&core, &actor(), project.id, new).await?;
            output.print(&json!({"widget_id": created.public_id, "snippet": created.snippet}), || {
                let hint = base_url_hint(&core.config);
                format!("Paste this into your site, just before </body>:\n\n{}\n{hint}", created.snippet)
            })
        }
        Command::List { project } => {
            let (core, project) = open_project(config, &project).await?;
            let rows =
                core.db.read(async move |conn| Ok(widgets::details(conn, project.id, LISTED_MAX).await?)).await?;
            let base = &core.config.base_url;
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"widget_id": row.widget.public_id, "origins": row.widget.origins, "greeting": row.widget.greeting,
                           "snippet": snippet(base, &row.widget.public_id, &row.look, row.widget.channel_kind)})
                })
                .collect();
            output.print(&json!({"widgets": list}), || {
                let to_text = |row: &widgets::WidgetDetails| {
                    let origins: Vec<_> = row.widget.origins.iter().map(AllowedOrigin::as_str).collect();
                    let origins = if origins.is_empty() { "any site".to_owned() } else { origins.join(" ") };
                    format!("{}  {}  {origins}", row.widget.public_id, row.widget.greeting)
                };
                output::rows(&rows, to_text, "There is no widget yet: aurix widget create --project ID --channel ID")
            })
        }
    }
}
