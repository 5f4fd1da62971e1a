//! What platforms charge for messages: as what each is counted, not how much.

use crate::db::{Conn, Result};
use crate::domain::ids::{ConversationId, ProjectId};
use crate::params;

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
