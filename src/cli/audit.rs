//! `aurix audit`

use clap::Subcommand;
use serde_json::{Value, json};

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::http::api::log::{ActorBody, ChangeBody};

/// Changes that are listed.
const LISTED_MAX: i64 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Lists changes, newest first: when, by whom, what.
    ///
    /// A change by a command names the user who ran it, one with an API key names the key. With --json each has its details.
    /// Clicks, messages and deliveries are not changes: they have lists of their own.
    #[command(after_help = "Examples:\n  aurix audit list --project ID\n  aurix audit list --limit 1000 --json")]
    List {
        /// Only changes of this project.
        #[arg(long)]
        project: Option<String>,
        /// The number of changes to list.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
        limit: u32,
    },
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let Command::List { project, limit } = command;
    let api = Api::at(place).await?;
    let path = project.as_deref().map_or_else(|| "/audit".to_owned(), |id| format!("{}/audit", of_project(id)));
    let entries: Vec<ChangeBody> = api.all(&path, usize::try_from(limit)?).await?;
    let list: Vec<_> = entries.iter().map(to_json).collect();
    output.print(&json!({"changes": list}), || to_table(&entries, project.is_none()))
}

fn to_json(entry: &ChangeBody) -> Value {
    json!({"at": entry.at, "project_id": entry.project_id,
           "actor": {"kind": entry.actor.kind, "id": entry.actor.id, "name": entry.actor.name},
           "action": entry.action, "object": {"kind": entry.object.kind, "id": entry.object.id},
           "detail": serde_json::from_str::<Value>(entry.detail.get()).unwrap_or_default()})
}

/// A line for each change, in columns.
fn to_table(entries: &[ChangeBody], with_project: bool) -> String {
    let rows: Vec<[String; 4]> = entries.iter().map(|entry| cells(entry, with_project)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (actor, action) = (width(1), width(2));
    let line = |row: &[String; 4]| format!("{}  {:actor$}  {:action$}  {}", row[0], row[1], row[2], row[3]);
    output::rows(&rows, line, "No change is recorded yet.")
}

fn cells(entry: &ChangeBody, with_project: bool) -> [String; 4] {
    let ActorBody { kind, id, name } = &entry.actor;
    let actor = match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({kind} {id})"),
        (Some(name), None) => format!("{name} ({kind})"),
        (None, _) => kind.clone(),
    };
    let object = &entry.object;
    let is_project_shown = with_project && object.kind != "project";
    let project = if is_project_shown { format!("  project {}", entry.project_id) } else { String::new() };
    let object = format!("{} {}{project}", object.kind, object.id);
    [format!("{:.0}", entry.at.0), actor, entry.action.clone(), object]
}
