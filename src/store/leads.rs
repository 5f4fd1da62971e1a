//! Leads: what is known of the person in a conversation. Their list for partners is `lead_list`.

use crate::db::{Conn, Result, Row, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A lead.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Row key: the `lead_id` of the list.
    pub id: i64,
    /// Row key of the first session that it was linked to.
    pub session_id: Option<i64>,
    /// `active`, `correlated` or `complete`.
    pub status: String,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// What the person came for.
    pub intent: Option<String>,
    /// When `lead.created` went out.
    pub contacted_at: Option<Timestamp>,
    /// When `lead.complete` went out.
    pub completed_at: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> Result<Lead> {
    Ok(Lead {
        id: row.get(0)?,
        session_id: row.get(1)?,
        status: row.get(2)?,
        fields: row.get(3)?,
        intent: row.get(4)?,
        contacted_at: row.get(5)?,
        completed_at: row.get(6)?,
    })
}

/// The lead of a new conversation: `active`, nothing known.
pub async fn insert(tx: &Tx, project: ProjectId, conversation: i64, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO leads (project_id, conversation_id, status, fields, created_at, updated_at)
         VALUES ($1, $2, 'active', '{}', $3, $3)",
        params![project.0, conversation, now],
    )
    .await
}

/// The lead of a conversation.
pub async fn of_conversation(conn: &Conn, project: ProjectId, conversation: i64) -> Result<Lead> {
    conn.get(
        "SELECT id, session_id, status, fields, intent, contacted_at, completed_at
         FROM leads
         WHERE project_id = $1 AND conversation_id = $2",
        params![project.0, conversation],
        read,
    )
    .await
}

/// The conversation was linked to a session: the first one is the lead's own for good.
pub async fn correlate(tx: &Tx, project: ProjectId, conversation: i64, session: i64, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE leads
         SET session_id = COALESCE(session_id, $3), updated_at = $4,
             status = CASE status WHEN 'active' THEN 'correlated' ELSE status END
         WHERE project_id = $1 AND conversation_id = $2",
        params![project.0, conversation, session, now],
    )
    .await
}

/// Stores a lead as the agent left it.
pub async fn update(tx: &Tx, project: ProjectId, lead: &Lead, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE leads
         SET status = $3, fields = $4, intent = $5, contacted_at = $6, completed_at = $7, updated_at = $8, session_id = $9
         WHERE project_id = $1 AND id = $2",
        params![
            project.0,
            lead.id,
            &lead.status,
            &lead.fields,
            &lead.intent,
            lead.contacted_at,
            lead.completed_at,
            now,
            lead.session_id
        ],
    )
    .await
}

/// Removes the lead of a conversation whose person turned out to be another conversation's.
pub async fn remove(tx: &Tx, project: ProjectId, conversation: i64) -> Result<u64> {
    tx.execute("DELETE FROM leads WHERE project_id = $1 AND conversation_id = $2", params![project.0, conversation])
        .await
}
