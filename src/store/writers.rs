//! Who writes an answer at the moment, and to whom: for colleagues who look at the same conversation.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ConversationId, ProjectId, UserId};
use crate::domain::time::Timestamp;
use crate::params;

/// Names that are given.
const NAMES_MAX: u32 = 5;

/// Somebody writes in a conversation, until then at least. What is over in the project goes.
pub async fn put(
    tx: &Tx,
    project: ProjectId,
    (conversation, user): (ConversationId, UserId),
    now: Timestamp,
    until: Timestamp,
) -> Result<u64> {
    tx.execute("DELETE FROM writers WHERE project_id = $1 AND until <= $2", params![project, now]).await?;
    tx.execute(
        "INSERT INTO writers (conversation_id, user_id, project_id, until)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (conversation_id, user_id) DO UPDATE SET until = excluded.until",
        params![conversation, user, project, until],
    )
    .await
}

/// Somebody writes there no more: their answer is sent.
pub async fn remove(tx: &Tx, project: ProjectId, conversation: ConversationId, user: UserId) -> Result<u64> {
    tx.execute(
        "DELETE FROM writers WHERE project_id = $1 AND conversation_id = $2 AND user_id = $3",
        params![project, conversation, user],
    )
    .await
}

/// The names of those but `user` who write in a conversation of the project.
pub async fn others(
    conn: &Conn,
    project: ProjectId,
    (conversation, user): (ConversationId, UserId),
    now: Timestamp,
) -> Result<Vec<String>> {
    conn.query(
        "SELECT users.name
         FROM writers JOIN users ON users.id = writers.user_id
         WHERE writers.conversation_id = $2 AND writers.project_id = $1 AND writers.user_id <> $3 AND writers.until > $4
         ORDER BY users.name
         LIMIT $5",
        params![project, conversation, user, now, NAMES_MAX],
        |row| row.get(0),
    )
    .await
}
