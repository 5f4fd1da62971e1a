//! How long people who ask for a person wait until one answers.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ConversationId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// Since when the person of a conversation waits for an answer of a person; `None` where they do not.
pub async fn asked_at(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Option<Timestamp>> {
    conn.get(
        "SELECT asked_at FROM conversations WHERE project_id = $1 AND id = $2",
        params![project, conversation],
        |row| row.get(0),
    )
    .await
}

/// A person's message is the answer to somebody who had waited since `asked_at`, if anybody had.
pub async fn note(
    tx: &Tx,
    project: ProjectId,
    message: MessageId,
    asked_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<u64> {
    let Some(asked_at) = asked_at else { return Ok(0) };
    let waited = i64::try_from(now.duration_since(asked_at).as_micros().max(0)).unwrap_or(i64::MAX);
    tx.execute("UPDATE messages SET waited = $3 WHERE project_id = $1 AND id = $2", params![project, message, waited])
        .await
}

/// How long people had waited for the answers that they got in that time, in seconds: of the newest `most` of them.
pub async fn waits(conn: &Conn, project: ProjectId, (from, to): (Timestamp, Timestamp), most: u32) -> Result<Vec<i64>> {
    conn.query(
        "SELECT waited
         FROM messages
         WHERE project_id = $1 AND waited IS NOT NULL AND created_at >= $2 AND created_at < $3
         ORDER BY created_at DESC
         LIMIT $4",
        params![project, from, to, most],
        |row| Ok(row.get::<i64>(0)? / 1_000_000),
    )
    .await
}
