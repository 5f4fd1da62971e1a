//! Leads: what is known of the person in a conversation. Their list for partners is `lead_list`.

use crate::db::{Conn, Result, Row, Sql, Tx};
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

/// The leads of conversations, each with the row key of its conversation.
pub async fn of_conversations(conn: &Conn, conversations: &[(ProjectId, i64)]) -> Result<Vec<(i64, Lead)>> {
    const LEADS: Sql = Sql {
        sqlite: "SELECT id, session_id, status, fields, intent, contacted_at, completed_at, conversation_id
                 FROM leads
                 WHERE project_id = $1 AND conversation_id = $2",
        postgres: "SELECT leads.id, session_id, status, fields, intent, contacted_at, completed_at, leads.conversation_id
                   FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, conversation_id)
                   JOIN leads ON leads.project_id = wanted.project_id AND leads.conversation_id = wanted.conversation_id",
    };
    let rows: Vec<_> =
        conversations.iter().map(|(project, conversation)| [project.0.into(), (*conversation).into()]).collect();
    conn.query_rows(LEADS, &rows, |row| Ok((row.get(7)?, read(row)?))).await
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

/// Stores leads as they are now.
pub async fn update(tx: &Tx, leads: &[(ProjectId, &Lead)], now: Timestamp) -> Result<u64> {
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE leads
                 SET status = $3, fields = $4, intent = $5, contacted_at = $6, completed_at = $7, session_id = $8,
                     updated_at = $9
                 WHERE project_id = $1 AND id = $2",
        postgres: "UPDATE leads
                   SET status = new.status, fields = new.fields, intent = new.intent, contacted_at = new.contacted_at,
                       completed_at = new.completed_at, session_id = new.session_id, updated_at = new.updated_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                               $8::bigint[], $9::bigint[])
                       AS new (project_id, id, status, fields, intent, contacted_at, completed_at, session_id, updated_at)
                   WHERE leads.project_id = new.project_id AND leads.id = new.id",
    };
    let rows: Vec<_> = leads
        .iter()
        .map(|(project, lead)| {
            [
                project.0.into(),
                lead.id.into(),
                lead.status.as_str().into(),
                lead.fields.as_str().into(),
                lead.intent.as_deref().into(),
                lead.contacted_at.into(),
                lead.completed_at.into(),
                lead.session_id.into(),
                now.into(),
            ]
        })
        .collect();
    tx.execute_rows(UPDATE, &rows).await
}

/// Removes the lead of a conversation whose person turned out to be another conversation's.
pub async fn remove(tx: &Tx, project: ProjectId, conversation: i64) -> Result<u64> {
    tx.execute("DELETE FROM leads WHERE project_id = $1 AND conversation_id = $2", params![project.0, conversation])
        .await
}
