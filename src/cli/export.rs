//! `aurix export`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;

use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};

#[derive(Subcommand)]
pub enum Command {
    /// Writes the leads of a project as CSV, the same file as the console's: to standard output, or to a file.
    ///
    /// Times are in the time zone of the project.
    #[command(
        after_help = "Examples:\n  aurix export leads --project ID --out leads.csv\n  aurix export leads --project ID --stage won > won.csv"
    )]
    Leads(Leads),
}

#[derive(Args)]
pub struct Leads {
    /// The project.
    #[arg(long)]
    project: String,
    /// Only leads with this status.
    #[arg(long, value_parser = ["active", "correlated", "complete"])]
    status: Option<String>,
    /// Only leads at this stage.
    #[arg(long, value_parser = ["open", "qualified", "won", "lost"])]
    stage: Option<String>,
    /// Only leads of this quality.
    #[arg(long, value_parser = ["unknown", "good", "poor", "not_a_lead"])]
    quality: Option<String>,
    /// A name, an e-mail address, a number in any spelling, or a reference: all leads are looked through.
    #[arg(long, value_name = "TEXT", conflicts_with = "status")]
    search: Option<String>,
    /// The file that is written; one that is there is replaced.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let Command::Leads(Leads { project, status, stage, quality, search, out }) = command;
    let api = Api::at(place).await?;
    let query: Vec<String> = [("status", status), ("stage", stage), ("quality", quality), ("q", search)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", part(&value?))))
        .collect();
    // Nothing is written of a file that is not whole.
    let csv = api.file(&format!("{}/exports/leads.csv?{}", of_project(&project), query.join("&"))).await?;
    match out {
        Some(file) => {
            let shown = file.display().to_string();
            std::fs::write(&file, &csv).with_context(|| format!("cannot write {shown}"))?;
            output.print(&json!({"file": shown, "bytes": csv.len()}), || format!("The leads are in {shown}."))
        }
        None if output.is_json() => output.print(&json!({"csv": std::str::from_utf8(&csv)?}), String::new),
        None => output::bytes(&csv),
    }
}
