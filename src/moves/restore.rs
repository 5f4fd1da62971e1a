//! A backup of SQLite put back into its data folder: checked before anything is touched, and put into place in one step.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::Config;
use crate::db::copy::{self, Contents, Draft, Replaced};
use crate::db::{Db, Location};
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::maintenance::backup::how_on_postgres;
use crate::maintenance::encryption;
use crate::projects::secret_key::{KeyFit, fit};

/// Tables in which somebody put something.
const TABLES_OF_PEOPLE: &[&str] = &["projects", "users"];

/// What is wanted of a restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Whether a database with data may be replaced; it is kept under another name.
    pub replaces: bool,
    /// Whether the file is checked alone.
    pub checks_only: bool,
}

/// What was found, and done.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What is in the backup.
    pub contents: Contents,
    /// Whether the file was encrypted.
    pub is_encrypted: bool,
    /// Whether the settings' key opens it.
    pub key: KeyFit,
    /// Where the database is; `None` where the file was checked alone.
    pub file: Option<PathBuf>,
    /// Where the one that was there is kept.
    pub kept: Option<PathBuf>,
}

/// Restores the backup `from` as the database of the settings.
pub async fn restore(
    config: &Config,
    from: &Path,
    passphrase: Option<SecretString>,
    wanted: Wanted,
    now: Timestamp,
) -> anyhow::Result<Restored> {
    let Location::Sqlite(to) = &config.database else { bail!(how_on_postgres(&config.database, from)) };
    ensure!(from.exists(), "there is no file {}", from.display());
    config.make_data_dir()?;
    // Held until it is replaced: no server starts on it meanwhile.
    let replaced = if wanted.checks_only { None } else { Some(Replaced::hold(to)?) };
    let has_data = replaced.as_ref().is_some_and(|replaced| replaced.has_data(TABLES_OF_PEOPLE));
    ensure!(
        !has_data || wanted.replaces,
        "{} has data: with --replace it is kept beside, under another name",
        to.display()
    );
    let draft = Draft::new(to, ".restore")?;
    let (source, plain) = (from.to_owned(), draft.path.clone());
    let read = move || {
        let is_encrypted = read_into(&source, &plain, passphrase.as_ref())?;
        let contents = copy::look_at(&plain)?;
        copy::forget_maker(&plain)?;
        anyhow::Ok((is_encrypted, contents))
    };
    let read = tokio::task::spawn_blocking(read).await?;
    let (is_encrypted, contents) = read.with_context(|| format!("{} is no backup", from.display()))?;
    let db = Db::open_as_it_is(&draft.path)?;
    let key = fit(config, &db, &Random::from_system()).await;
    db.close().await;
    let mut restored = Restored { contents, is_encrypted, key: key?, file: None, kept: None };
    if let Some(replaced) = replaced {
        restored.kept = has_data.then(|| kept_as(to, now));
        replaced.replace_with(draft, restored.kept.as_deref())?;
        restored.file = Some(to.clone());
    }
    Ok(restored)
}

/// The name of a database that was replaced: `aurix.db.2026-01-31T10-00-00Z`.
fn kept_as(file: &Path, now: Timestamp) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(now.strftime(".%Y-%m-%dT%H-%M-%SZ").to_string());
    PathBuf::from(name)
}

/// Writes what is in a backup to a file, a piece at a time; whether it was encrypted.
fn read_into(from: &Path, to: &Path, passphrase: Option<&SecretString>) -> anyhow::Result<bool> {
    let mut source = BufReader::new(File::open(from).with_context(|| format!("cannot read {}", from.display()))?);
    let mut head = Vec::new();
    source.by_ref().take(encryption::MAGIC.len() as u64).read_to_end(&mut head)?;
    let mut target = BufWriter::new(File::options().write(true).open(to)?);
    let mut source = head.as_slice().chain(source);
    let is_encrypted = head == encryption::MAGIC;
    if is_encrypted {
        let Some(passphrase) = passphrase else {
            bail!("it is encrypted: give its passphrase as AURIX_BACKUP_PASSPHRASE, or with --passphrase-file");
        };
        encryption::decrypt(&mut source, &mut target, passphrase.expose_secret())?;
    } else {
        std::io::copy(&mut source, &mut target).context("copying the backup")?;
    }
    target.flush().context("writing the copy")?;
    Ok(is_encrypted)
}
