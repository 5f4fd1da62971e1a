//! `aurix secret-key`

use anyhow::{anyhow, ensure};
use clap::Subcommand;
use serde_json::json;

use super::actor;
use super::output::Output;
use crate::config::{Config, credential};
use crate::projects::secret_key::rotate_secret_key;

/// Characters that a new key has at least.
const KEY_CHARS_MIN: usize = 12;

#[derive(Subcommand)]
pub enum Command {
    /// Seals every webhook secret, channel credential and header with a new key.
    ///
    /// Stop every server first, and start them with the new key: a running one has the old key. Without --new-key the key in
    /// the data folder is replaced by a new random one; keep a copy of it apart from the backups of the database. With
    /// AURIX_SECRET_KEY set, give the new one and set the variable to it afterwards.
    #[command(
        after_help = "Examples:\n  aurix secret-key rotate\n  AURIX_SECRET_KEY=@old.key aurix secret-key rotate --new-key @new.key"
    )]
    Rotate {
        /// The new key: `@FILE`, or `@-` for standard input.
        #[arg(long, value_name = "KEY")]
        new_key: Option<String>,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let Command::Rotate { new_key } = command;
    let is_in_file = config.secret_key.is_none();
    let core = crate::serve::open(config).await?;
    let new = match new_key {
        Some(key) => credential(&key).map_err(|why| anyhow!("--new-key: {why}"))?.trim().to_owned(),
        None => {
            ensure!(is_in_file, "AURIX_SECRET_KEY is set: give the new key with --new-key @FILE");
            Config::new_secret(&core.random)
        }
    };
    ensure!(new.chars().count() >= KEY_CHARS_MIN, "--new-key: a key has {KEY_CHARS_MIN} characters at least");
    if is_in_file {
        core.config.write_next_secret(&new)?;
    }
    let sealed = rotate_secret_key(&core, &actor(), &new).await?;
    core.config.adopt_next_secret()?;
    output.print(&json!({"sealed": sealed, "is_in_file": is_in_file}), || {
        let next = if is_in_file {
            format!("The new key is in {}. Start the servers again.", core.config.secret_file().display())
        } else {
            "Set AURIX_SECRET_KEY to the new key, and start the servers again.".to_owned()
        };
        format!("{sealed} webhooks and channels are sealed with the new key. {next}")
    })
}
