//! The file of a SQLite database: whether it is still the one that was opened, and whether anything else has it open.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rusqlite::{Connection, ErrorCode, OpenFlags};

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

/// The database is open somewhere else.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use: stop the server, and every command, that works on it", .0.display())]
pub struct InUse(pub PathBuf);

/// Opens a database that nothing else has open. Nothing else can open it until the connection is closed.
pub(super) fn open_exclusively(path: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("cannot open the SQLite database {}", path.display()))?;
    // With a log of writes, each connection holds a shared lock of the file as long as it is open.
    let locked = connection
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT; SELECT COUNT(*) FROM sqlite_schema;");
    match locked.map_err(|error| (error.sqlite_error_code(), error)) {
        Ok(()) => Ok(connection),
        Err((Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _)) => Err(InUse(path.to_owned()).into()),
        Err((_, error)) => Err(error).with_context(|| format!("cannot open the SQLite database {}", path.display())),
    }
}
