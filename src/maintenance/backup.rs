//! A backup of SQLite's file by command, and when the last one was made.

use std::path::PathBuf;

use crate::core::Core;
use crate::store::disks;

/// Copies the database to a new file, verifies it, gives its size in bytes, and notes that it was made: from then on Aurix says when
/// the newest backup is too old.
pub async fn backup(core: &Core, to: PathBuf) -> anyhow::Result<u64> {
    let bytes = core.db.backup(to).await?;
    let now = core.clock.now();
    let noted = core.db.write(async move |tx| Ok(disks::note_backup(tx, now).await?)).await;
    if let Err(error) = noted {
        // The copy is there all the same.
        tracing::warn!(error = %format!("{error:#}"), "backup not noted");
    }
    Ok(bytes)
}
