//! The file of a SQLite database: whether it is still the one that was opened, and verified copies of it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, OpenFlags};

/// What a check lists at most.
const FINDINGS_MAX: usize = 10;

/// The file as it was when it was opened.
pub(super) struct OpenedFile {
    path: PathBuf,
    /// Device and inode.
    id: (u64, u64),
    /// Said so in the log.
    is_lost: bool,
}

impl OpenedFile {
    /// Makes the file, readable by its owner alone, where there is none.
    pub fn make(path: &Path) -> anyhow::Result<Self> {
        let made = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = made.with_context(|| format!("cannot open the SQLite database {}", path.display()))?;
        let found = file.metadata()?;
        Ok(Self { path: path.to_owned(), id: (found.dev(), found.ino()), is_lost: false })
    }

    /// Whether the path still leads to it. What is written to one that was removed or replaced is lost.
    pub fn is_there(&mut self) -> bool {
        let is_there = std::fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.id);
        if !is_there && !self.is_lost {
            tracing::error!(path = %self.path.display(), "the database file was removed or replaced; nothing is written");
        } else if is_there && self.is_lost {
            tracing::warn!(path = %self.path.display(), "the database file is back");
        }
        self.is_lost = !is_there;
        is_there
    }
}

/// Whether a log of writes lies beside the file that a clean stop would have copied into it.
pub(super) fn has_leftover_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|found| found.len() > 0)
}

/// Copies the database of one moment to a new file, verifies the copy, and gives its size in bytes.
pub(super) fn backup(from: &Path, to: &Path) -> anyhow::Result<u64> {
    ensure!(!to.exists(), "{} exists: name a new file", to.display());
    let mut draft = to.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let written = write(from, &draft);
    if written.is_err() {
        // Of no use to anyone.
        let _ = std::fs::remove_file(&draft);
    }
    let bytes = written?;
    std::fs::rename(&draft, to).with_context(|| format!("putting {} into place", to.display()))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(bytes)
}

fn write(from: &Path, draft: &Path) -> anyhow::Result<u64> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft);
    made.with_context(|| format!("cannot write {}", draft.display()))?;
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // A copy of one moment, whatever is written meanwhile; into an empty file, so that its mode stays.
    source.execute("VACUUM INTO ?1", [draft.to_string_lossy()]).context("copying the database")?;
    let file = File::open(draft)?;
    file.sync_all()?;
    let copy = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = copy.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let findings = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    if findings != ["ok"] {
        bail!("the copy is damaged: {}", findings.join("; "));
    }
    Ok(file.metadata()?.len())
}
