//! Pictures, sounds and files that people sent. Each is its own job: `due_at` says when it is fetched, or when the lease of who
//! fetches it ends.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{ChannelId, ConversationId, LeadId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A medium of a message.
pub struct NewMedium<'a> {
    /// Its message.
    pub message: MessageId,
    /// The message's channel.
    pub channel: ChannelId,
    /// The message's conversation.
    pub conversation: ConversationId,
    /// The platform's id of it.
    pub external_id: &'a str,
    /// The platform's SHA-256 of it.
    pub sha256: Option<&'a str>,
    /// Its name.
    pub filename: Option<&'a str>,
}

/// Stores that a medium is to be fetched.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewMedium<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO media (message_id, project_id, channel, conversation_id, external_id, sha256, filename, due_at, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
        params![new.message, project, new.channel, new.conversation, new.external_id, new.sha256, new.filename, now],
    )
    .await
}

/// A medium that was claimed to be fetched.
#[derive(Clone, Debug)]
pub struct LeasedMedium {
    /// Its message.
    pub message: MessageId,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// The platform's id of it.
    pub external_id: String,
    /// The platform's SHA-256 of it.
    pub sha256: Option<String>,
    /// The number of this attempt, from 1: whoever settles must hold it.
    pub attempt: u32,
}

/// Claims up to `most` media until `lease_until`.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<LeasedMedium>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE media
                 SET due_at = $2, attempts = attempts + 1
                 WHERE message_id IN (SELECT message_id FROM media WHERE due_at <= $1 ORDER BY due_at LIMIT $3)
                 RETURNING message_id, project_id, channel, external_id, sha256, attempts",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE media
                   SET due_at = $2, attempts = attempts + 1
                   WHERE message_id IN (
                       SELECT message_id FROM media WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
                   )
                   RETURNING message_id, project_id, channel, external_id, sha256, attempts",
    };
    tx.query(CLAIM, params![now, lease_until, most], |row| {
        Ok(LeasedMedium {
            message: row.get(0)?,
            project: row.get(1)?,
            channel: row.get(2)?,
            external_id: row.get(3)?,
            sha256: row.get(4)?,
            attempt: row.get(5)?,
        })
    })
    .await
}

/// Whether a medium is due.
pub async fn has_due(conn: &Conn, now: Timestamp) -> Result<bool> {
    conn.exists("SELECT 1 FROM media WHERE due_at <= $1 LIMIT 1", params![now]).await
}

/// When the next medium falls due that is not due now.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.find("SELECT due_at FROM media WHERE due_at > $1 ORDER BY due_at LIMIT 1", params![now], |row| row.get(0))
        .await
}

/// How an attempt to fetch ended.
#[derive(Clone, Copy, Debug)]
pub struct Settlement<'a> {
    /// The message.
    pub message: MessageId,
    /// The attempt.
    pub attempt: u32,
    /// What it is and its bytes, where they came.
    pub content: Option<(&'static str, &'a [u8])>,
    /// When it is fetched again.
    pub due_at: Option<Timestamp>,
    /// Why it was not fetched.
    pub error: Option<&'a str>,
}

/// Stores how an attempt ended, unless the medium was claimed again meanwhile, or is gone.
pub async fn settle(tx: &Tx, settled: &Settlement<'_>) -> Result<()> {
    let bytes = settled.content.map(|(_, content)| i64::try_from(content.len()).unwrap_or(i64::MAX));
    let changed = tx
        .execute(
            "UPDATE media
             SET due_at = $3, error = $4, media_type = $5, bytes = $6
             WHERE message_id = $1 AND attempts = $2 AND due_at IS NOT NULL",
            params![
                settled.message,
                settled.attempt,
                settled.due_at,
                settled.error,
                settled.content.map(|(media_type, _)| media_type),
                bytes
            ],
        )
        .await?;
    let Some((_, content)) = settled.content.filter(|_| changed > 0) else { return Ok(()) };
    tx.execute("INSERT INTO media_content (message_id, content) VALUES ($1, $2)", params![settled.message, content])
        .await?;
    Ok(())
}

/// A medium as it is given out.
pub struct Medium {
    /// What it is by its own bytes.
    pub media_type: String,
    /// Its name.
    pub filename: Option<String>,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// The medium of a message in a lead's conversation, where it was fetched.
pub async fn find(conn: &Conn, project: ProjectId, lead: LeadId, message: MessageId) -> Result<Option<Medium>> {
    conn.find(
        "SELECT media.media_type, media.filename, media_content.content
         FROM media
         JOIN leads ON leads.conversation_id = media.conversation_id AND leads.project_id = $1 AND leads.id = $2
         JOIN media_content ON media_content.message_id = media.message_id
         WHERE media.message_id = $3 AND media.project_id = $1 AND media.media_type IS NOT NULL",
        params![project, lead, message],
        |row| Ok(Medium { media_type: row.get(0)?, filename: row.get(1)?, content: row.get(2)? }),
    )
    .await
}

/// Removes all media of a conversation.
pub async fn remove_of_conversation(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    let both = params![project, conversation];
    tx.execute(
        "DELETE FROM media_content
         WHERE message_id IN (SELECT message_id FROM media WHERE project_id = $1 AND conversation_id = $2)",
        both,
    )
    .await?;
    tx.execute("DELETE FROM media WHERE project_id = $1 AND conversation_id = $2", both).await
}
