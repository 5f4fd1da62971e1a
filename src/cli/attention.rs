//! `aurix attention`

use clap::Subcommand;
use serde_json::json;

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::http::api::log::ItemBody;
use crate::http::api::query::Page;

#[derive(Subcommand)]
pub enum Command {
    /// Lists what needs attention, newest first: of all projects and of the instance.
    ///
    /// A running server opens an item for each thing that is wrong, and closes it once it is mended.
    #[command(after_help = "Examples:\n  aurix attention list\n  aurix attention list --project ID --closed --json")]
    List {
        /// Only items of this project.
        #[arg(long)]
        project: Option<String>,
        /// Lists what was closed within the last 30 days, too.
        #[arg(long)]
        closed: bool,
    },
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let Command::List { project, closed } = command;
    let api = Api::at(place).await?;
    let of = project.as_deref().map(of_project).unwrap_or_default();
    let items: Page<ItemBody> = api.get(&format!("{of}/attention?closed={closed}")).await?;
    output.print(&json!({"attention": items.data}), || output::rows(&items.data, to_text, "Nothing needs attention."))
}

fn to_text(item: &ItemBody) -> String {
    let place = item.project_id.as_ref().map_or_else(|| "instance".to_owned(), |project| format!("project {project}"));
    let state = item.closed_at.map_or_else(|| "open".to_owned(), |at| format!("closed {:.0}", at.0));
    format!("{:.0}  {state}  {}  {place}\n  {}", item.since.0, item.title, item.message)
}
