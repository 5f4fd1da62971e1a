//! `aurix doctor --recount`

use serde_json::{Value, json};

use super::open_project;
use super::output::Output;
use super::progress::Progress;
use crate::config::Config;
use crate::core::Core;
use crate::counts::recount::{self, Compared};
use crate::domain::attributed::Attributed;
use crate::domain::counts::{Series, date_of, first_of_month};
use crate::domain::ids::ProjectId;
use crate::store::retention;

/// Projects that are listed at once.
const LISTED: u32 = 200;

/// Of one project, or of all; mends what differs where that is wanted.
pub(super) async fn run((project, mend): (Option<&str>, bool), config: Config, output: &Output) -> anyhow::Result<()> {
    let (core, projects) = match project {
        Some(project) => {
            let (core, project) = open_project(config, project).await?;
            (core, vec![(project.id, project.public_id)])
        }
        None => {
            let core = crate::serve::open(config).await?;
            let projects = all(&core).await?;
            (core, projects)
        }
    };
    let mut found = Vec::new();
    for (project, public_id) in projects {
        let progress = Progress::counting();
        let told = |what: &'static str, done: u64, of: u64| progress.set(format!("{public_id}: {what} {done} of {of}"));
        let compared = recount::compare(&core, project, mend, told).await?;
        drop(progress);
        found.push((public_id, compared));
    }
    let differ = found.iter().any(|(_, compared)| !compared.is_equal());
    let list: Vec<Value> = found.iter().map(|(project, compared)| to_json(project, compared)).collect();
    output.print(&json!({"projects": list, "equal": !differ, "mended": differ && mend}), || {
        let texts = found.iter().map(|(project, compared)| to_text(project, compared, mend));
        texts.collect::<Vec<_>>().join("\n")
    })?;
    anyhow::ensure!(
        !differ || mend,
        "counts differ from their rows: `aurix doctor --recount --mend` mends them. Please report it, with what stands above."
    );
    Ok(())
}

async fn all(core: &Core) -> anyhow::Result<Vec<(ProjectId, String)>> {
    core.db
        .read(async |conn| {
            let mut projects = Vec::new();
            let mut after = ProjectId(0);
            loop {
                let ids = retention::projects(conn, after, LISTED).await?;
                let Some(last) = ids.last() else { return Ok(projects) };
                after = *last;
                for id in ids {
                    projects.push((id, crate::store::projects::get(conn, id).await?.public_id));
                }
            }
        })
        .await
}

fn to_json(project: &str, compared: &Compared) -> Value {
    let part = |(looked_at, differ): (u64, u64)| json!({"compared": looked_at, "different": differ});
    json!({"project_id": project, "leads": part(compared.leads), "days": part(compared.days),
           "months": part(compared.months), "differences": differences(compared)})
}

fn differences(compared: &Compared) -> Vec<String> {
    let lines = compared.rows.iter().map(|((_, series, at, subject), numbers)| {
        let (of, when) = match series {
            Series::SourceDay => (format!("source {subject}"), date_of(*at).to_string()),
            Series::SourceMonth => (format!("source {subject}"), first_of_month(*at).strftime("%Y-%m").to_string()),
            Series::AdDay => (format!("ad {subject}"), date_of(*at).to_string()),
            Series::AdMonth => (format!("ad {subject}"), first_of_month(*at).strftime("%Y-%m").to_string()),
            Series::AttributedDay => {
                let reason = Attributed::of_code(*subject).map_or("unknown", Attributed::as_str);
                (format!("origin {reason}"), date_of(*at).to_string())
            }
            Series::Quarter => ("all".to_owned(), format!("quarter {at}")),
        };
        format!("{of}, {when}: {numbers:?}")
    });
    lines.collect()
}

fn to_text(project: &str, compared: &Compared, mended: bool) -> String {
    let (leads, days, months) = (compared.leads, compared.days, compared.months);
    let mut text = format!(
        "{project}: {} leads, {} days and {} months compared: {} leads, {} days and {} months differed",
        leads.0, days.0, months.0, leads.1, days.1, months.1
    );
    if compared.is_equal() {
        return format!("{project}: {} leads, {} days and {} months compared, all equal", leads.0, days.0, months.0);
    }
    text.push_str(if mended { "; mended" } else { "; nothing was changed" });
    for line in differences(compared) {
        text.push_str("\n  ");
        text.push_str(&line);
    }
    text
}
