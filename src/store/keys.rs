//! API keys of partners. Only a hash of a key is stored.

use crate::db::{Conn, Result, Row, Sql, Tx};
use crate::domain::ids::{KeyId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "id, public_id, project_id, service_name, prefix, created_at, revoked_at, last_used_at"
    };
}

/// What is stored of a key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Row key.
    pub id: KeyId,
    /// The UUID that people see.
    pub public_id: String,
    /// Its project.
    pub project: ProjectId,
    /// `external`, or the partner's name.
    pub service_name: String,
    /// The start of the key, to tell keys apart.
    pub prefix: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to a few minutes.
    pub last_used_at: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> Result<Key> {
    Ok(Key {
        id: row.get(0)?,
        public_id: row.get(1)?,
        project: row.get(2)?,
        service_name: row.get(3)?,
        prefix: row.get(4)?,
        created_at: row.get(5)?,
        revoked_at: row.get(6)?,
        last_used_at: row.get(7)?,
    })
}

/// What is stored of a new key.
pub struct NewKey<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// `external`, or the partner's name.
    pub service_name: &'a str,
    /// The start of the key.
    pub prefix: &'a str,
    /// The key's SHA-256 in hex.
    pub hash: &'a str,
}

/// Stores a key.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewKey<'_>, now: Timestamp) -> Result<Key> {
    tx.get(
        concat!(
            "INSERT INTO api_keys (public_id, project_id, service_name, prefix, hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             RETURNING ",
            columns!()
        ),
        params![new.public_id, project, new.service_name, new.prefix, new.hash, now],
        read,
    )
    .await
}

/// The key of that SHA-256, unless it was revoked.
pub async fn find_by_hash(conn: &Conn, hash: &str) -> Result<Option<Key>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM api_keys WHERE hash = $1 AND revoked_at IS NULL"),
        params![hash],
        read,
    )
    .await
}

/// The keys of a project, oldest first, revoked ones too, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<Key>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM api_keys WHERE project_id = $1 ORDER BY id LIMIT $2"),
        params![project, most],
        read,
    )
    .await
}

/// The project of a key: for the operator's commands, which name no project.
pub async fn project_of(conn: &Conn, public_id: &str) -> Result<Option<ProjectId>> {
    conn.find("SELECT project_id FROM api_keys WHERE public_id = $1", params![public_id], |row| row.get(0)).await
}

/// Whether the project's key is valid. It cannot be revoked before the transaction ends.
pub async fn is_valid(tx: &Tx, project: ProjectId, id: KeyId) -> Result<bool> {
    // SQLite has one writer.
    const VALID: Sql = Sql {
        sqlite: "SELECT 1 FROM api_keys WHERE project_id = $1 AND id = $2 AND revoked_at IS NULL",
        postgres: "SELECT 1 FROM api_keys WHERE project_id = $1 AND id = $2 AND revoked_at IS NULL FOR SHARE",
    };
    Ok(tx.find(VALID, params![project, id], |_| Ok(())).await?.is_some())
}

/// Says that a key was used.
pub async fn touch(tx: &Tx, project: ProjectId, id: KeyId, now: Timestamp) -> Result<u64> {
    tx.execute("UPDATE api_keys SET last_used_at = $3 WHERE project_id = $1 AND id = $2", params![project, id, now])
        .await
}

/// Revokes a key of the project and gives its row key; `None` where it has no such key, or revoked it before.
pub async fn revoke(tx: &Tx, project: ProjectId, public_id: &str, now: Timestamp) -> Result<Option<KeyId>> {
    tx.find(
        "UPDATE api_keys
         SET revoked_at = $3
         WHERE project_id = $1 AND public_id = $2 AND revoked_at IS NULL
         RETURNING id",
        params![project, public_id, now],
        |row| row.get(0),
    )
    .await
}
