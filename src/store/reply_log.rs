//! Replies as their operator sees them: listed, and made due again.

use super::window::Position;
use crate::db::{Conn, Error, Result, Tx};
use crate::domain::channel::MessageStatus;
use crate::domain::generated_by::GeneratedBy;
use crate::domain::ids::{ConversationId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A reply.
#[derive(Clone, Debug)]
pub struct LoggedReply {
    /// Row key of its message.
    pub id: MessageId,
    /// A UUID.
    pub reply_id: String,
    /// The platform's id of its channel.
    pub channel: String,
    /// Its conversation.
    pub conversation: ConversationId,
    /// How far it came.
    pub status: MessageStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next one is due.
    pub due_at: Option<Timestamp>,
    /// Why it was not sent.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who worded it; `None` of one that is older than that.
    pub generated_by: Option<GeneratedBy>,
}

/// The replies of a project that are not older than `since` and stand before a position, newest first; where `status` is given, only
/// those.
pub async fn list(
    conn: &Conn,
    project: ProjectId,
    status: Option<MessageStatus>,
    (since, before): (Timestamp, Position),
    most: u32,
) -> Result<Vec<LoggedReply>> {
    conn.query(
        "SELECT m.reply_id, channels.external_id, m.conversation_id, m.status, m.attempts, m.due_at, m.error, m.created_at,
                m.generated_by, m.id
         FROM messages AS m JOIN channels ON channels.id = m.channel
         WHERE m.project_id = $1 AND m.created_at >= $2 AND m.reply_id IS NOT NULL AND m.status = COALESCE($3, m.status)
             AND (m.created_at, m.id) < ($5, $6)
         ORDER BY m.created_at DESC, m.id DESC
         LIMIT $4",
        params![project, since, status.map(MessageStatus::as_str), most, before.created_at, before.id],
        |row| {
            Ok(LoggedReply {
                id: row.get(9)?,
                reply_id: row.get(0)?,
                channel: row.get(1)?,
                conversation: row.get(2)?,
                status: MessageStatus::parse(&row.get::<String>(3)?).ok_or(Error::Column(3))?,
                attempts: row.get(4)?,
                due_at: row.get(5)?,
                error: row.get(6)?,
                created_at: row.get(7)?,
                generated_by: row.get::<Option<String>>(8)?.as_deref().and_then(GeneratedBy::parse),
            })
        },
    )
    .await
}

/// Makes a failed reply of the project due, with its retry schedule from the start; `false` where there is none.
pub async fn resend(tx: &Tx, project: ProjectId, reply_id: &str, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE messages
         SET status = 'queued', due_at = $3, retries_from = attempts
         WHERE project_id = $1 AND reply_id = $2 AND status = 'failed'",
        params![project, reply_id, now],
    )
    .await
}

/// Makes failed replies of the project due that are not older than `since`, oldest first, at most `most`; how many there were.
pub async fn resend_failed(tx: &Tx, project: ProjectId, since: Timestamp, now: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "UPDATE messages
         SET status = 'queued', due_at = $3, retries_from = attempts
         WHERE id IN (
             SELECT id
             FROM messages
             WHERE project_id = $1 AND created_at >= $2 AND reply_id IS NOT NULL AND status = 'failed'
             ORDER BY created_at, id
             LIMIT $4
         )",
        params![project, since, now, most],
    )
    .await
}
