//! The operator's key: the one that was given, or one that is made once and kept in the data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use secrecy::ExposeSecret as _;

use super::Config;
use crate::domain::random::Random;

/// The file of a generated key, in the data folder.
const FILE: &str = "secret.key";
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

    /// The operator's key, or the one in the data folder, which is made at the first call.
    pub fn secret(&self, random: &Random) -> anyhow::Result<String> {
        self.make_data_dir()?;
        if let Some(key) = &self.secret_key {
            return Ok(key.expose_secret().to_owned());
        }
        let path = self.data_dir.join(FILE);
        if !path.exists() {
            make(&self.data_dir, random).with_context(|| format!("making the secret key {}", path.display()))?;
        }
        let key =
            std::fs::read_to_string(&path).with_context(|| format!("reading the secret key {}", path.display()))?;
        let key = key.trim();
        ensure!(
            !key.is_empty(),
            "{} is empty: put the key back from a backup, or give AURIX_SECRET_KEY",
            path.display()
        );
        Ok(key.to_owned())
    }
}

/// Puts a new key into place whole and on disk: of two processes that start at once, one makes it and both read it.
fn make(folder: &Path, random: &Random) -> std::io::Result<()> {
    let draft = folder.join(random.token("secret.key.", 12));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(random.token("", KEY_CHARS).as_bytes())?;
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
