//! `aurix attention`

use clap::Subcommand;
use serde_json::{Value, json};

use super::open_project;
use super::output::{self, Output};
use crate::config::Config;
use crate::core::Core;
use crate::domain::ids::{AttentionId, ProjectId};
use crate::domain::time::with_microseconds;
use crate::store::attention::{self, AttentionItem};
use crate::store::projects;

/// Items that are listed.
const LISTED_MAX: u32 = 10_000;

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

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let Command::List { project, closed } = command;
    let (core, project) = match project {
        Some(project) => {
            let (core, project) = open_project(config, &project).await?;
            (core, Some(project.id))
        }
        None => (crate::serve::open(config).await?, None),
    };
    let items = items(&core, project, closed).await?;
    let base_url = &core.config.base_url;
    let list: Vec<_> = items.iter().map(|listed| to_json(listed, base_url)).collect();
    output.print(&json!({"attention": list}), || output::rows(&items, to_text, "Nothing needs attention."))
}

/// An item, and the UUID of its project.
type Listed = (AttentionItem, Option<String>);

async fn items(core: &Core, project: Option<ProjectId>, closed: bool) -> anyhow::Result<Vec<Listed>> {
    let list = core.db.read(async move |conn| {
        let of = match project {
            Some(project) => vec![(project, Some(projects::get(conn, project).await?.public_id))],
            None => {
                let all = projects::list(conn, u32::MAX).await?;
                let all = all.into_iter().map(|project| (project.id, Some(project.public_id)));
                all.chain([(ProjectId::INSTANCE, None)]).collect()
            }
        };
        let mut items: Vec<Listed> = Vec::new();
        for (project, public_id) in of {
            let found = if closed {
                attention::page(conn, project, AttentionId(i64::MAX), LISTED_MAX).await?
            } else {
                attention::list_open(conn, project, LISTED_MAX).await?
            };
            items.extend(found.into_iter().map(|item| (item, public_id.clone())));
        }
        Ok(items)
    });
    let mut items = list.await?;
    items.sort_by_key(|(item, _)| std::cmp::Reverse(item.id));
    items.truncate(LISTED_MAX as usize);
    Ok(items)
}

fn to_json((item, project): &Listed, base_url: &str) -> Value {
    let page = item.kind.page(&item.subject);
    let url = match project {
        Some(project) => format!("{base_url}/p/{project}/{page}"),
        None => format!("{base_url}/{page}"),
    };
    json!({"id": item.id, "project_id": project, "kind": item.kind.as_str(),
           "subject": {"type": item.kind.subject_kind(), "id": item.subject},
           "title": item.title, "message": item.message, "since": with_microseconds(item.since),
           "opened_at": with_microseconds(item.opened_at), "closed_at": item.closed_at.map(with_microseconds), "url": url})
}

fn to_text((item, project): &Listed) -> String {
    let place = project.as_ref().map_or_else(|| "instance".to_owned(), |project| format!("project {project}"));
    let state = item.closed_at.map_or_else(|| "open".to_owned(), |at| format!("closed {at:.0}"));
    format!("{:.0}  {state}  {}  {place}\n  {}", item.since, item.title, item.message)
}
