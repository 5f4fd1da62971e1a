//! How full the disks of the nodes are, and when the last backup was made.

use crate::db::{Conn, Result, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// Disks that are listed.
const LISTED_MAX: u32 = 1_000;

/// A disk, as its node said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The node's name.
    pub host: String,
    /// A folder on it.
    pub path: String,
    /// Its size.
    pub total_bytes: i64,
    /// What of it can be written.
    pub free_bytes: i64,
    /// When that was so.
    pub seen_at: Timestamp,
}

/// Stores what a node says of a disk.
pub async fn put(tx: &Tx, disk: &Disk) -> Result<u64> {
    tx.execute(
        "INSERT INTO disks (host, path, total_bytes, free_bytes, seen_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (host, path) DO UPDATE
         SET total_bytes = excluded.total_bytes, free_bytes = excluded.free_bytes, seen_at = excluded.seen_at",
        params![&disk.host, &disk.path, disk.total_bytes, disk.free_bytes, disk.seen_at],
    )
    .await
}

/// The disks that a node said something of after `since`.
pub async fn list(conn: &Conn, since: Timestamp) -> Result<Vec<Disk>> {
    conn.query(
        "SELECT host, path, total_bytes, free_bytes, seen_at FROM disks WHERE seen_at > $1 ORDER BY host, path LIMIT $2",
        params![since, LISTED_MAX],
        |row| {
            Ok(Disk {
                host: row.get(0)?,
                path: row.get(1)?,
                total_bytes: row.get(2)?,
                free_bytes: row.get(3)?,
                seen_at: row.get(4)?,
            })
        },
    )
    .await
}

/// Forgets disks that no node has said anything of since then.
pub async fn forget(tx: &Tx, before: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM disks WHERE seen_at < $1", params![before]).await
}

/// When the last backup was made by command; `None` where none ever was.
pub async fn backed_up_at(conn: &Conn) -> Result<Option<Timestamp>> {
    conn.find("SELECT value FROM counters WHERE name = 'backed_up_at'", &[], |row| row.get(0)).await
}

/// Notes that a backup was made.
pub async fn note_backup(tx: &Tx, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO counters (name, value)
         VALUES ('backed_up_at', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![now],
    )
    .await
}
