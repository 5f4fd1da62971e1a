//! `aurix backup` and `aurix restore`

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use secrecy::SecretString;
use serde_json::json;

use super::actor;
use super::output::Output;
use super::progress::Progress;
use crate::config::Config;
use crate::db::Location;
use crate::db::copy::Contents;
use crate::domain::actor::Actor;
use crate::domain::time::{Clock, from_microseconds};
use crate::maintenance::backup::{backup, how_on_postgres};
use crate::moves::restore::{Restored, Wanted, restore};
use crate::projects::secret_key::KeyFit;

/// Holds the passphrase of a backup.
const PASSPHRASE: &str = "AURIX_BACKUP_PASSPHRASE";
/// What is told of a backup: a table, and what its rows are.
const TOLD: &[(&str, &str)] = &[
    ("projects", "projects"),
    ("users", "accounts"),
    ("clicks", "clicks"),
    ("leads", "leads"),
    ("messages", "messages"),
    ("deliveries", "deliveries"),
];

#[derive(Args)]
pub struct Backup {
    /// The file to write, which must not exist yet.
    file: PathBuf,
    /// Encrypts it with the passphrase of AURIX_BACKUP_PASSPHRASE or --passphrase-file.
    #[arg(long)]
    encrypt: bool,
    /// A file with the passphrase, instead of the passphrase itself [env: AURIX_BACKUP_PASSPHRASE].
    #[arg(long, value_name = "FILE", requires = "encrypt")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
pub struct Restore {
    /// A file that `aurix backup` wrote.
    file: PathBuf,
    /// Replaces a database that has data. It is kept beside, with the time in its name.
    #[arg(long)]
    replace: bool,
    /// Checks the file and says what is in it, and restores nothing.
    #[arg(long, conflicts_with = "replace")]
    check: bool,
    /// A file with the passphrase of an encrypted backup, instead of the passphrase itself [env: AURIX_BACKUP_PASSPHRASE].
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// The passphrase, where one is given.
#[expect(clippy::disallowed_methods, reason = "the passphrase of a backup is no setting of the server")]
fn passphrase(file: Option<&PathBuf>) -> anyhow::Result<Option<SecretString>> {
    let text = match file {
        Some(file) => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("--passphrase-file {}", file.display()))?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => std::env::var(PASSPHRASE).ok(),
    };
    Ok(text.filter(|text| !text.is_empty()).map(SecretString::from))
}

pub async fn make(arguments: Backup, config: Config, output: &Output) -> anyhow::Result<()> {
    let passphrase = if arguments.encrypt { passphrase(arguments.passphrase_file.as_ref())? } else { None };
    ensure!(
        passphrase.is_some() == arguments.encrypt,
        "--encrypt: set {PASSPHRASE}, or name a file with --passphrase-file"
    );
    ensure!(
        matches!(config.database, Location::Sqlite(_)),
        how_on_postgres(&config.database, &std::path::absolute(&arguments.file)?)
    );
    let core = crate::serve::open(config).await?;
    let progress = Progress::waiting("copying and verifying");
    let Actor::Command { user } = actor() else { unreachable!("whoever runs a command") };
    let bytes = backup(&core, arguments.file.clone(), &user.unwrap_or_default(), passphrase).await?;
    drop(progress);
    let file = arguments.file.display().to_string();
    let is_encrypted = arguments.encrypt;
    output.print(&json!({"file": file, "bytes": bytes, "verified": true, "encrypted": is_encrypted}), || {
        let how = if is_encrypted { "encrypted and verified" } else { "verified" };
        format!("{file} has the whole database, {bytes} bytes, {how}. The secret key is not in it.")
    })
}

pub async fn put_back(arguments: Restore, config: Config, output: &Output) -> anyhow::Result<()> {
    let passphrase = passphrase(arguments.passphrase_file.as_ref())?;
    let progress = Progress::waiting("reading and checking");
    let wanted = Wanted { replaces: arguments.replace, checks_only: arguments.check };
    let restored = restore(&config, &arguments.file, passphrase, wanted, Clock::System.now()).await?;
    drop(progress);
    let Restored { contents, is_encrypted, key, file, kept } = &restored;
    let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let maker = contents.maker.as_ref().map(|maker| {
        json!({"at": from_microseconds(maker.made_at).to_string(), "version": maker.program, "host": maker.host,
               "user": maker.made_by})
    });
    let rows = TOLD.iter().map(|(table, what)| ((*what).to_owned(), contents.rows.get(*table).copied().into()));
    let rows: serde_json::Map<String, serde_json::Value> = rows.collect();
    let object = json!({"backup": arguments.file.display().to_string(), "encrypted": is_encrypted, "made": maker,
                        "schema": contents.version, "rows": rows, "file": shown(file), "kept": shown(kept),
                        "secret_key": key.as_str()});
    output.print(&object, || {
        let mut lines = vec![format!("{}: {}", arguments.file.display(), words(contents))];
        match shown(file) {
            Some(file) => lines.push(format!("It is now {file}.")),
            None => lines.push("It is undamaged and can be restored. Nothing was changed.".to_owned()),
        }
        lines.extend(shown(kept).map(|kept| format!("The database that was there is kept as {kept}.")));
        lines.push(about_key(*key, &config));
        lines.join("\n")
    })
}

/// Who made a backup, and what is in it.
fn words(contents: &Contents) -> String {
    let made = contents.maker.as_ref().map_or_else(
        || "made by no `aurix backup`".to_owned(),
        |maker| {
            let by = if maker.made_by.is_empty() { String::new() } else { format!(" by {}", maker.made_by) };
            format!("made{by} on {} with Aurix {} at {}", maker.host, maker.program, from_microseconds(maker.made_at))
        },
    );
    let rows = TOLD.iter().map(|(table, what)| format!("{} {what}", contents.rows.get(*table).copied().unwrap_or(0)));
    format!("{made}; schema {}; {}", contents.version, rows.collect::<Vec<_>>().join(", "))
}

fn about_key(key: KeyFit, config: &Config) -> String {
    let place = match &config.secret_key {
        Some(_) => "AURIX_SECRET_KEY".to_owned(),
        None => config.secret_file().display().to_string(),
    };
    match key {
        KeyFit::Fits => format!("The secret key {place} opens it."),
        KeyFit::Unsealed => "It was never served: it needs no secret key.".to_owned(),
        KeyFit::Missing => format!(
            "The secret key is missing: put the one of this backup back as {place}, or give it as AURIX_SECRET_KEY. Without it no server \
             starts on this database."
        ),
        KeyFit::Differs => format!(
            "{place} is not the key of this backup: put the one that belongs to it there, or no server starts on this database."
        ),
    }
}
