//! The canary of the operator's key: a known text, sealed when the database was first opened.

use crate::db::{Conn, Result, Tx};
use crate::params;

/// The sealed canary; `None` in a new database.
pub async fn canary(conn: &Conn) -> Result<Option<String>> {
    conn.find("SELECT canary FROM secret_key WHERE id = 1", &[], |row| row.get(0)).await
}

/// Stores the canary of a new database. Where another process was first, its canary stays.
pub async fn insert(tx: &Tx, canary: &str) -> Result<u64> {
    tx.execute("INSERT INTO secret_key (id, canary) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", params![canary]).await
}

/// Replaces the canary; `false` where it is not `before` any more.
pub async fn replace(tx: &Tx, before: &str, canary: &str) -> Result<bool> {
    let changed =
        tx.execute("UPDATE secret_key SET canary = $2 WHERE id = 1 AND canary = $1", params![before, canary]).await?;
    Ok(changed == 1)
}
