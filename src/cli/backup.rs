//! `aurix backup`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::progress::Progress;
use crate::config::Config;
use crate::maintenance::backup::backup;

#[derive(Args)]
pub struct Arguments {
    /// The file to write, which must not exist yet.
    file: PathBuf,
}

pub async fn run(arguments: Arguments, config: Config, output: &Output) -> anyhow::Result<()> {
    let core = crate::serve::open(config).await?;
    let progress = Progress::waiting("copying and verifying");
    let bytes = backup(&core, arguments.file.clone()).await?;
    drop(progress);
    let file = arguments.file.display().to_string();
    output.print(&json!({"file": file, "bytes": bytes, "verified": true}), || {
        format!("{file} has the whole database, {bytes} bytes, verified. The secret key is not in it.")
    })
}
