//! The operator's key: the one that was given, or one that is made once and kept in the data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, anyhow, ensure};
use secrecy::ExposeSecret as _;

use super::Config;
use crate::domain::random::Random;

/// The file of a generated key, in the data folder.
const FILE: &str = "secret.key";
/// The key that a rotation makes, until everything is sealed with it.
const NEXT_FILE: &str = "secret.key.next";
/// Characters that a key has at least.
const KEY_CHARS_MIN: usize = 12;
/// Bytes of a credential that are read from standard input.
const CREDENTIAL_BYTES_MAX: u64 = 64 * 1024;
/// Files whose modes are looked at.
const FILES_MAX: usize = 1_000;
/// Characters of a generated key: about 256 bits.
const KEY_CHARS: usize = 43;

impl Config {
    /// Makes the data folder, readable by nobody else, where there is none.
    pub fn make_data_dir(&self) -> anyhow::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.data_dir)
            .with_context(|| format!("AURIX_DATA_DIR: cannot make the folder {}", self.data_dir.display()))
    }

    /// The operator's key, or the one in the data folder, which is made at the first call. For a database that knows no key
    /// yet; for one that does, see [`Config::known_secrets`].
    pub fn secret(&self, random: &Random) -> anyhow::Result<String> {
        self.make_data_dir()?;
        if let Some(key) = &self.secret_key {
            return Ok(key.expose_secret().to_owned());
        }
        if !self.secret_file().exists() {
            let key = Self::new_secret(random);
            make(&self.data_dir, random, &key)
                .with_context(|| format!("making the secret key {}", self.secret_file().display()))?;
        }
        read(&self.secret_file())
    }

    /// The keys that the database may have been sealed with: the operator's, else the one in the data folder and the one
    /// that a rotation which was cut off left beside it. None where it was lost.
    pub fn known_secrets(&self) -> anyhow::Result<Vec<String>> {
        if let Some(key) = &self.secret_key {
            return Ok(vec![key.expose_secret().to_owned()]);
        }
        let files = [self.secret_file(), self.next_secret_file()];
        files.iter().filter(|file| file.exists()).map(|file| read(file)).collect()
    }

    /// Where a generated key is.
    pub fn secret_file(&self) -> PathBuf {
        self.data_dir.join(FILE)
    }

    fn next_secret_file(&self) -> PathBuf {
        self.data_dir.join(NEXT_FILE)
    }

    /// A new random key.
    pub fn new_secret(random: &Random) -> String {
        random.token("", KEY_CHARS)
    }

    /// Puts the next key on disk, before anything is sealed with it.
    pub fn write_next_secret(&self, key: &str) -> anyhow::Result<()> {
        let path = self.next_secret_file();
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(key.as_bytes())?;
        file.sync_all()?;
        File::open(&self.data_dir)?.sync_all().with_context(|| format!("writing the secret key {}", path.display()))
    }

    /// Makes the next key the key, once everything is sealed with it. Does nothing where there is none.
    pub fn adopt_next_secret(&self) -> anyhow::Result<()> {
        if !self.next_secret_file().exists() {
            return Ok(());
        }
        std::fs::rename(self.next_secret_file(), self.secret_file())
            .context("putting the new secret key into place")?;
        Ok(File::open(&self.data_dir)?.sync_all()?)
    }

    /// Warns of what others on this machine may read in the data folder, and of the folder itself.
    pub fn warn_of_wide_modes(&self) {
        let files = std::fs::read_dir(&self.data_dir).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in std::iter::once(self.data_dir.clone()).chain(files.take(FILES_MAX)) {
            let Ok(mode) = std::fs::metadata(&path).map(|found| found.permissions().mode() & 0o777) else { continue };
            if mode & 0o077 != 0 {
                tracing::warn!(path = %path.display(), mode = %format!("{mode:03o}"), "data can be read by others");
            }
        }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let key = std::fs::read_to_string(path).with_context(|| format!("reading the secret key {}", path.display()))?;
    let key = key.trim();
    ensure!(!key.is_empty(), "{} is empty: put the key back from a backup, or give AURIX_SECRET_KEY", path.display());
    check(key).map_err(|why| anyhow!("{} {why}", path.display()))?;
    Ok(key.to_owned())
}

/// Whether a key is long enough not to be guessed.
pub(super) fn check(key: &str) -> Result<(), String> {
    let length = key.chars().count();
    if length >= KEY_CHARS_MIN {
        return Ok(());
    }
    Err(format!("has {length} characters: {KEY_CHARS_MIN} are the least, and 40 random ones are better"))
}

/// A credential as it was given: the text itself, the content of a file (`@FILE`), or standard input (`@-`). `@@…` is the
/// text `@…`.
pub fn credential(text: &str) -> Result<String, String> {
    let Some(source) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    if source.starts_with('@') {
        return Ok(source.to_owned());
    }
    let content = if source == "-" { read_stdin() } else { std::fs::read_to_string(source) };
    let content = content.map_err(|error| format!("cannot read {text}: {error}"))?;
    Ok(content.trim_end_matches(['\r', '\n']).to_owned())
}

/// Standard input, which has one credential.
fn read_stdin() -> std::io::Result<String> {
    static IS_READ: AtomicBool = AtomicBool::new(false);
    if IS_READ.swap(true, Ordering::Relaxed) {
        return Err(std::io::Error::other("standard input was read already: it has one credential"));
    }
    let mut text = String::new();
    std::io::stdin().lock().take(CREDENTIAL_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Puts a new key into place whole and on disk: of two processes that start at once, one makes it and both read it.
fn make(folder: &Path, random: &Random, key: &str) -> std::io::Result<()> {
    let draft = folder.join(random.token("secret.key.", 12));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    let linked = match std::fs::hard_link(&draft, folder.join(FILE)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => std::fs::rename(&draft, folder.join(FILE)),
        Ok(()) => Ok(()),
    };
    // Gone already where it was renamed.
    let _ = std::fs::remove_file(&draft);
    linked?;
    File::open(folder)?.sync_all()
}
