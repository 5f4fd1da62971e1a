//! Sign-ins that failed, counted by whom they are held against: they hold over nodes and restarts.

use crate::db::{Result, Sql, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// Failures in a row.
#[derive(Clone, Copy, Debug)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// The last one.
    pub last_at: Timestamp,
}

/// The failures that are held against a source. Nobody else counts one before the transaction ends.
pub async fn lock(tx: &Tx, source: &str, now: Timestamp) -> Result<Failures> {
    // SQLite has one writer.
    const LOCK: Sql = Sql {
        sqlite: "SELECT failures, last_at FROM sign_in_failures WHERE source = $1",
        postgres: "SELECT failures, last_at FROM sign_in_failures WHERE source = $1 FOR UPDATE",
    };
    tx.execute(
        "INSERT INTO sign_in_failures (source, failures, last_at) VALUES ($1, 0, $2) ON CONFLICT (source) DO NOTHING",
        params![source, now],
    )
    .await?;
    tx.get(LOCK, params![source], |row| Ok(Failures { count: row.get(0)?, last_at: row.get(1)? })).await
}

/// Stores the failures of a source.
pub async fn set(tx: &Tx, source: &str, failures: Failures) -> Result<u64> {
    tx.execute(
        "UPDATE sign_in_failures SET failures = $2, last_at = $3 WHERE source = $1",
        params![source, failures.count, failures.last_at],
    )
    .await
}

/// Takes one failure back.
pub async fn take_back(tx: &Tx, source: &str) -> Result<u64> {
    tx.execute(
        "UPDATE sign_in_failures SET failures = failures - 1 WHERE source = $1 AND failures > 0",
        params![source],
    )
    .await
}

/// Forgets the failures of a source.
pub async fn forget(tx: &Tx, source: &str) -> Result<u64> {
    tx.execute("DELETE FROM sign_in_failures WHERE source = $1", params![source]).await
}

/// Forgets all that was before `since`.
pub async fn remove_expired(tx: &Tx, since: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM sign_in_failures WHERE last_at < $1", params![since]).await
}
