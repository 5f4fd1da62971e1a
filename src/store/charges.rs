//! What platforms charge for messages: as what each is counted, not how much.

use super::replies::NamedReply;
use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ConversationId, ProjectId};
use crate::params;

/// Stores as what the platform counts a reply, and whether it charges for it.
pub async fn set(tx: &Tx, reply: &NamedReply<'_>, (category, is_billable): (&str, bool)) -> Result<u64> {
    tx.execute(
        "UPDATE messages
         SET price_category = $4, is_billable = $5
         WHERE project_id = $1 AND channel = $2 AND external_id = $3 AND direction = 'out'
           AND (price_category IS NULL OR price_category <> $4 OR is_billable <> $5)",
        params![reply.project, reply.channel, reply.external_id, category, is_billable],
    )
    .await
}

/// What a platform charges for messages of one category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The category; `None` for those that are free.
    pub category: Option<String>,
    /// How many messages.
    pub messages: i64,
}

/// What the platform charges for a conversation's messages: each category that is charged, then those that are free.
pub async fn of_conversation(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Vec<Charge>> {
    let mut charges = conn
        .query(
            "SELECT CASE WHEN is_billable THEN price_category END AS category, COUNT(*)
             FROM messages
             WHERE project_id = $1 AND conversation_id = $2 AND is_billable IS NOT NULL
             GROUP BY 1
             ORDER BY 1",
            params![project, conversation],
            |row| Ok(Charge { category: row.get(0)?, messages: row.get(1)? }),
        )
        .await?;
    charges.sort_by_key(|charge| charge.category.is_none());
    Ok(charges)
}
