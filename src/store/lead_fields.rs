//! Every value that a field of a lead ever had, and where it came from.

use crate::db::{Conn, Error, Result, Sql, Tx};
use crate::domain::ids::{LeadId, MessageId, ProjectId, UserId};
use crate::domain::lead::FieldSource;
use crate::domain::time::Timestamp;
use crate::params;

/// A value to be kept.
#[derive(Clone, Debug)]
pub struct NewValue {
    /// The project of the lead.
    pub project: ProjectId,
    /// The lead.
    pub lead: LeadId,
    /// The field.
    pub key: String,
    /// Normalised.
    pub value: String,
    /// As it was said.
    pub words: String,
    /// Where it came from.
    pub source: FieldSource,
    /// The message that it stood in.
    pub message: Option<MessageId>,
    /// Who typed it.
    pub user: Option<UserId>,
}

/// Keeps values.
pub async fn insert(tx: &Tx, values: &[NewValue], now: Timestamp) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO lead_field_values (project_id, lead_id, key, value, words, source, message_id, user_id, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        postgres: "INSERT INTO lead_field_values (project_id, lead_id, key, value, words, source, message_id, user_id, created_at)
                   SELECT *
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                               $8::bigint[], $9::bigint[])",
    };
    let rows: Vec<_> = values
        .iter()
        .map(|one| {
            [
                one.project.into(),
                one.lead.into(),
                one.key.as_str().into(),
                one.value.as_str().into(),
                one.words.as_str().into(),
                one.source.as_str().into(),
                one.message.into(),
                one.user.into(),
                now.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &rows).await
}

/// A value that was kept.
#[derive(Clone, Debug)]
pub struct FieldValue {
    /// The field.
    pub key: String,
    /// Normalised.
    pub value: String,
    /// As it was said.
    pub words: String,
    /// Where it came from.
    pub source: FieldSource,
    /// The message that it stood in.
    pub message: Option<MessageId>,
    /// Who typed it.
    pub user: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// The values of a lead of the project, newest first.
pub async fn of_lead(conn: &Conn, project: ProjectId, lead: LeadId, most: u32) -> Result<Vec<FieldValue>> {
    conn.query(
        "SELECT v.key, v.value, v.words, v.source, v.message_id, users.name, v.created_at
         FROM lead_field_values AS v LEFT JOIN users ON users.id = v.user_id
         WHERE v.project_id = $1 AND v.lead_id = $2
         ORDER BY v.id DESC
         LIMIT $3",
        params![project, lead, most],
        |row| {
            Ok(FieldValue {
                key: row.get(0)?,
                value: row.get(1)?,
                words: row.get(2)?,
                source: FieldSource::parse(&row.get::<String>(3)?).ok_or(Error::Column(3))?,
                message: row.get(4)?,
                user: row.get(5)?,
                at: row.get(6)?,
            })
        },
    )
    .await
}

/// What was kept of one lead is another one's: they turned out to be one person's.
pub async fn move_to(tx: &Tx, project: ProjectId, from: LeadId, into: LeadId) -> Result<()> {
    let both = params![project, from, into];
    tx.execute("UPDATE lead_field_values SET lead_id = $3 WHERE project_id = $1 AND lead_id = $2", both).await?;
    tx.execute("UPDATE lead_activity SET lead_id = $3 WHERE project_id = $1 AND lead_id = $2", both).await?;
    Ok(())
}
