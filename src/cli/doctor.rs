//! `aurix doctor`

use clap::Args;
use serde_json::{Value, json};

use super::doctor_recount;
use super::output::Output;
use super::progress::Progress;
use crate::channels::FindingState;
use crate::config::Config;
use crate::doctor::{Examined, examine};

#[derive(Args)]
pub struct Doctor {
    /// Compares every count of the overview with the rows that it counts, instead.
    #[arg(long)]
    recount: bool,
    /// Mends what differs.
    #[arg(long, requires = "recount")]
    mend: bool,
    /// Only this project.
    #[arg(long, requires = "recount")]
    project: Option<String>,
}

pub async fn run(doctor: Doctor, config: Config, output: &Output) -> anyhow::Result<()> {
    if doctor.recount {
        return doctor_recount::run((doctor.project.as_deref(), doctor.mend), config, output).await;
    }
    let core = crate::serve::open(config).await?;
    let progress = Progress::counting();
    let found = examine(&core, |what| progress.set(format!("looking at {what}"))).await?;
    drop(progress);
    let missing = found.iter().filter(|one| one.finding.state == FindingState::Missing).count();
    let list: Vec<Value> = found.iter().map(to_json).collect();
    output.print(&json!({"findings": list, "works": missing == 0}), || {
        let lines: Vec<String> = found.iter().map(to_text).collect();
        lines.join("\n")
    })?;
    anyhow::ensure!(missing == 0, "{missing} of these need a hand: the lines that begin with !!");
    Ok(())
}

fn to_json(Examined { about, finding }: &Examined) -> Value {
    json!({"about": about, "name": finding.name, "state": finding.state.as_str(), "said": finding.said})
}

fn to_text(Examined { about, finding }: &Examined) -> String {
    let mark = match finding.state {
        FindingState::Fine => "ok",
        FindingState::Attention => "! ",
        FindingState::Missing => "!!",
    };
    format!("{mark}  {about}: {}: {}", finding.name, finding.said)
}
