//! `aurix audit`

use clap::Subcommand;
use serde_json::{Value, json};

use super::open_project;
use super::output::{self, Output};
use crate::config::Config;
use crate::core::Core;
use crate::domain::ids::{AuditId, ProjectId};
use crate::domain::time::with_microseconds;
use crate::store::audit::{self, Entry};

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

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let Command::List { project, limit } = command;
    let (core, project) = match project {
        Some(project) => {
            let (core, project) = open_project(config, &project).await?;
            (core, Some(project.id))
        }
        None => (crate::serve::open(config).await?, None),
    };
    let entries = newest(&core, project, limit).await?;
    let list: Vec<_> = entries.iter().map(to_json).collect();
    output.print(&json!({"changes": list}), || to_table(&entries, project.is_none()))
}

async fn newest(core: &Core, project: Option<ProjectId>, most: u32) -> anyhow::Result<Vec<Entry>> {
    let page = core.db.read(async move |conn| match project {
        Some(project) => Ok(audit::page(conn, project, AuditId(i64::MAX), most).await?),
        None => Ok(audit::page_of_all(conn, AuditId(i64::MAX), most).await?),
    });
    page.await
}

fn to_json(entry: &Entry) -> Value {
    json!({"at": with_microseconds(entry.at), "project_id": entry.project,
           "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "name": entry.actor_name},
           "action": entry.action, "object": {"kind": entry.object_kind, "id": entry.object_id},
           "detail": serde_json::from_str::<Value>(&entry.detail).unwrap_or_default()})
}

/// A line for each change, in columns.
fn to_table(entries: &[Entry], with_project: bool) -> String {
    let rows: Vec<[String; 4]> = entries.iter().map(|entry| cells(entry, with_project)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (actor, action) = (width(1), width(2));
    let line = |row: &[String; 4]| format!("{}  {:actor$}  {:action$}  {}", row[0], row[1], row[2], row[3]);
    output::rows(&rows, line, "No change is recorded yet.")
}

fn cells(entry: &Entry, with_project: bool) -> [String; 4] {
    let actor = match (&entry.actor_name, &entry.actor_id) {
        (Some(name), Some(id)) => format!("{name} ({} {id})", entry.actor_kind),
        (Some(name), None) => format!("{name} ({})", entry.actor_kind),
        (None, _) => entry.actor_kind.clone(),
    };
    let is_project_shown = with_project && entry.object_kind != "project";
    let project = if is_project_shown { format!("  project {}", entry.project) } else { String::new() };
    let object = format!("{} {}{project}", entry.object_kind, entry.object_id);
    [format!("{:.0}", entry.at), actor, entry.action.clone(), object]
}
