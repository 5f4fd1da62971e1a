//! Sign-ins that failed, counted by whom they are held against: they hold over nodes and restarts.

use crate::db::{Conn, Result, Tx};
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

/// The failures that are held against a source.
pub async fn find(conn: &Conn, source: &str) -> Result<Option<Failures>> {
    conn.find("SELECT failures, last_at FROM sign_in_failures WHERE source = $1", params![source], |row| {
        Ok(Failures { count: row.get(0)?, last_at: row.get(1)? })
    })
    .await
}

/// Adds a failure; those before `since` are forgotten.
pub async fn add(tx: &Tx, source: &str, since: Timestamp, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO sign_in_failures (source, failures, last_at) VALUES ($1, 1, $3)
         ON CONFLICT (source) DO UPDATE SET
             failures = CASE WHEN sign_in_failures.last_at < $2 THEN 1 ELSE sign_in_failures.failures + 1 END,
             last_at = excluded.last_at",
        params![source, since, now],
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
