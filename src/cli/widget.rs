//! `aurix widget`

use clap::Subcommand;
use serde_json::json;

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::http::api::query::Page;
use crate::http::api::widgets::{ChooseWidget, WidgetBody};
use crate::net::Method;

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

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Create { project, channel, origins, greeting } => {
            let new =
                ChooseWidget { channel_id: Some(channel), origins: Some(origins), greeting, ..ChooseWidget::default() };
            let created = api.send(Method::POST, &format!("{}/widgets", of_project(&project)), &new).await;
            let created: WidgetBody = created.map_err(|refused| {
                refused.hint("channel_id", "`aurix channel list --project ID` lists its channels")
            })?;
            output.print(&json!({"widget_id": created.widget_id, "snippet": created.snippet}), || {
                let hint = api.base_url_hint();
                format!("Paste this into your site, just before </body>:\n\n{}\n{hint}", created.snippet)
            })
        }
        Command::List { project } => {
            let page: Page<WidgetBody> = api.get(&format!("{}/widgets", of_project(&project))).await?;
            let rows = page.data;
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"widget_id": row.widget_id, "origins": row.origins, "greeting": row.greeting,
                           "snippet": row.snippet})
                })
                .collect();
            output.print(&json!({"widgets": list}), || {
                let to_text = |row: &WidgetBody| {
                    let origins = if row.origins.is_empty() { "any site".to_owned() } else { row.origins.join(" ") };
                    format!("{}  {}  {origins}", row.widget_id, row.greeting)
                };
                output::rows(&rows, to_text, "There is no widget yet: aurix widget create --project ID --channel ID")
            })
        }
    }
}
