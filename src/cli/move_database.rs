//! `aurix move`

use anyhow::{anyhow, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::output::Output;
use super::progress::Progress;
use crate::config::{Config, credential};
use crate::conversations::found_by::index_old_leads;
use crate::core::Core;
use crate::db::{Location, Moved, Step};
use crate::moves::to_postgres::move_to_postgres;

#[derive(Args)]
pub struct Arguments {
    /// The empty database to move into: `postgres://USER:PASSWORD@HOST/DATABASE`, or `@FILE` with that in it.
    #[arg(long, value_name = "WHERE")]
    to: String,
    /// Removes what an unfinished move has copied into it, and begins anew.
    #[arg(long)]
    start_over: bool,
}

pub async fn run(arguments: Arguments, config: Config, output: &Output) -> anyhow::Result<()> {
    let to = credential(&arguments.to).map_err(|why| anyhow!("--to: {why}"))?.trim().to_owned();
    let target = Location::parse(&to, &config.data_dir).map_err(|why| anyhow!("--to {why}"))?;
    ensure!(matches!(target, Location::Postgres(_)), "--to: only PostgreSQL can be moved into: postgres://…");
    config.database.ensure_unused()?;
    let core = crate::serve::open(config.clone()).await?;
    let progress = Progress::counting();
    let moved = move_to_postgres(&core, &to, arguments.start_over, |step| progress.set(words(step))).await?;
    let core = crate::serve::open(Config { database: target.clone(), ..config }).await?;
    make_words(&core, &progress).await?;
    drop(progress);
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    let tables: serde_json::Map<String, Value> =
        moved.iter().map(|table| (table.table.clone(), table.rows.into())).collect();
    let to = target.shown();
    let key = core.config.secret_file();
    let key = core.config.secret_key.is_none().then_some(key);
    let object = json!({"to": to, "rows": rows, "verified": true, "resumed": resumed(&moved), "tables": tables,
                        "secret_key": key.as_ref().map(|file| file.display().to_string())});
    output.print(&object, || {
        let keep = key.map_or_else(
            || "Give the servers the same AURIX_SECRET_KEY.".to_owned(),
            |file| format!("The secret key {} has to go along: keep the data folder, or copy the key.", file.display()),
        );
        format!(
            "{rows} rows of {} tables are in {to}, each compared with its row in SQLite.\n\
             Set AURIX_DATABASE to that address (with its password) and start the servers. {keep}\n\
             The SQLite database is as it was; keep it until all is well, and start no server on it.",
            moved.len()
        )
    })
}

/// Lets leads be found: their words have another form in each engine.
async fn make_words(core: &Core, progress: &Progress) -> anyhow::Result<()> {
    progress.set("making the words that leads are found by".to_owned());
    while index_old_leads(core).await? {
        progress.set("making the words that leads are found by".to_owned());
    }
    Ok(())
}

fn resumed(moved: &[Moved]) -> u64 {
    moved.iter().map(|table| table.rows_before).sum()
}

fn words(Step { is_comparing, table, rows, of }: Step<'_>) -> String {
    let what = if is_comparing { "comparing" } else { "copying" };
    format!("{what} {table}: {rows} of {of}")
}
