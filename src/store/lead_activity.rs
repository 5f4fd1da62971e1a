//! What people of the business did with a lead: notes, taking over, stages. Its timeline shows it.

use crate::db::{Conn, Error, Result, Tx};
use crate::domain::ids::{LeadId, ProjectId, UserId};
use crate::domain::lead::Activity;
use crate::domain::time::Timestamp;
use crate::params;

/// Adds to the timeline of a lead.
pub async fn insert(
    tx: &Tx,
    project: ProjectId,
    lead: LeadId,
    (activity, text, user): (Activity, &str, Option<UserId>),
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO lead_activity (project_id, lead_id, kind, text, user_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        params![project, lead, activity.as_str(), text, user, now],
    )
    .await
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// What.
    pub activity: Activity,
    /// The note, the stage, or the name of the field.
    pub text: String,
    /// By whom, where their account is still there.
    pub user: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What was done with a lead of the project, newest first.
pub async fn of_lead(conn: &Conn, project: ProjectId, lead: LeadId, most: u32) -> Result<Vec<Done>> {
    conn.query(
        "SELECT a.kind, a.text, users.name, a.created_at
         FROM lead_activity AS a LEFT JOIN users ON users.id = a.user_id
         WHERE a.project_id = $1 AND a.lead_id = $2
         ORDER BY a.id DESC
         LIMIT $3",
        params![project, lead, most],
        |row| {
            Ok(Done {
                activity: Activity::parse(&row.get::<String>(0)?).ok_or(Error::Column(0))?,
                text: row.get(1)?,
                user: row.get(2)?,
                at: row.get(3)?,
            })
        },
    )
    .await
}
