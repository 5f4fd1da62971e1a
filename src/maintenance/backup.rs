//! A backup of SQLite's file by command, encrypted where a passphrase is given, and when the last one was made.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use secrecy::{ExposeSecret as _, SecretString};

use super::encryption;
use crate::config::Config;
use crate::core::Core;
use crate::db::Location;
use crate::db::copy::{Draft, Maker};
use crate::domain::random::Random;
use crate::store::disks;

/// Characters that a passphrase has at least.
pub const PASSPHRASE_CHARS_MIN: usize = 12;
/// The plain copy that is encrypted, in the data folder.
const PLAIN: &str = "aurix.db.copy";
/// Bytes that are read and written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Copies the database to a new file, verifies it, gives its size in bytes, and notes that it was made: from then on Aurix says when
/// the newest backup is too old.
pub async fn backup(core: &Core, to: PathBuf, made_by: &str, passphrase: Option<SecretString>) -> anyhow::Result<u64> {
    let maker = Maker {
        made_at: core.clock.now().as_microsecond(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        made_by: made_by.to_owned(),
    };
    let bytes = match passphrase {
        None => core.db.backup(to, maker).await?,
        Some(passphrase) => encrypted(core, to, maker, passphrase).await?,
    };
    let now = core.clock.now();
    let noted = core.db.write(async move |tx| Ok(disks::note_backup(tx, now).await?)).await;
    if let Err(error) = noted {
        // The copy is there all the same.
        tracing::warn!(error = %format!("{error:#}"), "backup not noted");
    }
    Ok(bytes)
}

/// What to do where the database is PostgreSQL.
pub fn how_on_postgres(database: &Location, file: &Path) -> String {
    let (url, file) = (database.shown(), file.display());
    format!(
        "the database is PostgreSQL, which has its own: pg_dump --format=custom --file='{file}' '{url}' writes a backup, and \
         pg_restore --no-owner --exit-on-error --dbname='{url}' '{file}' restores it into an empty database (PGPASSWORD or ~/.pgpass has the \
         password)"
    )
}

async fn encrypted(core: &Core, to: PathBuf, maker: Maker, passphrase: SecretString) -> anyhow::Result<u64> {
    let length = passphrase.expose_secret().chars().count();
    ensure!(length >= PASSPHRASE_CHARS_MIN, "a passphrase has {PASSPHRASE_CHARS_MIN} characters at least");
    ensure!(!to.exists(), "{} exists: name a new file", to.display());
    // Beside the database, where all of it can be read already; not where backups go.
    let plain = plain_copy(&core.config);
    let _ = std::fs::remove_file(&plain);
    let copied = core.db.backup(plain.clone(), maker).await;
    let random = core.random.clone();
    let written = match copied {
        Ok(bytes) => {
            let from = plain.clone();
            tokio::task::spawn_blocking(move || encrypt(&from, bytes, &to, &passphrase, &random)).await?
        }
        Err(error) => Err(error),
    };
    // Gone already where it was not made.
    let _ = std::fs::remove_file(plain);
    written
}

fn plain_copy(config: &Config) -> PathBuf {
    config.data_dir.join(PLAIN)
}

/// Encrypts a file, and reads the result once more.
fn encrypt(from: &Path, bytes: u64, to: &Path, passphrase: &SecretString, random: &Random) -> anyhow::Result<u64> {
    let passphrase = passphrase.expose_secret();
    let draft = Draft::new(to, ".part")?;
    let mut plain = BufReader::with_capacity(BUFFER_BYTES, File::open(from)?);
    let mut sealed = BufWriter::with_capacity(BUFFER_BYTES, File::options().write(true).open(&draft.path)?);
    encryption::encrypt(&mut plain, bytes, &mut sealed, passphrase, random)?;
    sealed.flush().context("writing the encrypted backup")?;
    drop(sealed);
    let mut written = BufReader::with_capacity(BUFFER_BYTES, File::open(&draft.path)?);
    encryption::decrypt(&mut written, &mut std::io::sink(), passphrase)
        .context("reading the encrypted backup again")?;
    draft.put_into_place(to)
}
