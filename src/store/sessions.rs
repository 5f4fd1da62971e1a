//! Sessions: a device's clicks within 12 hours of the first.

use crate::db::{Conn, Result, Row, Sql, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Row key.
    pub id: i64,
    /// `O-aB3dE9z`
    pub correlation_id: String,
    /// The conversation that it is linked to.
    pub conversation_id: Option<i64>,
}

fn read(row: &Row<'_>) -> Result<Session> {
    Ok(Session { id: row.get(0)?, correlation_id: row.get(1)?, conversation_id: row.get(2)? })
}

/// Keeps two first clicks of one device apart until the end of the transaction: the second sees the first's session.
pub async fn lock_device(tx: &Tx, project: ProjectId, device_id: &str) -> Result<()> {
    const LOCK: Sql = Sql {
        // There is one writer.
        sqlite: "",
        postgres: "SELECT 1 FROM pg_advisory_xact_lock(hashtextextended($2, $1))",
    };
    tx.query(LOCK, params![project.0, device_id], |_| Ok(())).await.map(|_| ())
}

/// The device's session that began after `after`.
pub async fn current(conn: &Conn, project: ProjectId, device_id: &str, after: Timestamp) -> Result<Option<Session>> {
    conn.find(
        "SELECT id, correlation_id, conversation_id
         FROM sessions
         WHERE project_id = $1 AND device_id = $2 AND started_at > $3
         ORDER BY started_at DESC
         LIMIT 1",
        params![project.0, device_id, after],
        read,
    )
    .await
}

/// Starts a session; `None` where its correlation id is taken.
pub async fn insert(
    tx: &Tx,
    project: ProjectId,
    device_id: Option<&str>,
    correlation_id: &str,
    folded_id: &str,
    now: Timestamp,
) -> Result<Option<Session>> {
    tx.find(
        "INSERT INTO sessions (project_id, device_id, correlation_id, folded_id, started_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (correlation_id) DO NOTHING
         RETURNING id, correlation_id, conversation_id",
        params![project.0, device_id, correlation_id, folded_id, now],
        read,
    )
    .await
}

/// The session that this project gave `correlation_id` to. Locked until the end of the transaction, so that two people who
/// send the same reference are linked one after the other.
pub async fn find_for_link(tx: &Tx, project: ProjectId, correlation_id: &str) -> Result<Option<Session>> {
    const FIND: Sql = Sql {
        sqlite: "SELECT id, correlation_id, conversation_id
                 FROM sessions
                 WHERE correlation_id = $2 AND project_id = $1",
        postgres: "SELECT id, correlation_id, conversation_id
                   FROM sessions
                   WHERE correlation_id = $2 AND project_id = $1
                   FOR UPDATE",
    };
    tx.find(FIND, params![project.0, correlation_id], read).await
}

/// The ids issued since `since` that look like `folded_id`: at most two, for one is an answer and two are none.
pub async fn look_alikes(conn: &Conn, project: ProjectId, folded_id: &str, since: Timestamp) -> Result<Vec<String>> {
    conn.query(
        "SELECT correlation_id
         FROM sessions
         WHERE project_id = $1 AND folded_id = $2 AND started_at > $3
         LIMIT 2",
        params![project.0, folded_id, since],
        |row| row.get(0),
    )
    .await
}

/// Links a session to a conversation.
pub async fn link(tx: &Tx, project: ProjectId, session: i64, conversation: i64, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE sessions SET conversation_id = $3, correlated_at = $4 WHERE project_id = $1 AND id = $2",
        params![project.0, session, conversation, now],
    )
    .await
}

/// The reference of a session.
pub async fn correlation_id(conn: &Conn, project: ProjectId, session: i64) -> Result<Option<String>> {
    conn.find(
        "SELECT correlation_id FROM sessions WHERE project_id = $1 AND id = $2",
        params![project.0, session],
        |row| row.get(0),
    )
    .await
}
