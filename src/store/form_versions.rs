//! Every lead form that a project had.

use crate::db::{Conn, Result, Row, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A lead form of a project, from the past or the present.
#[derive(Clone, Debug)]
pub struct FormVersion {
    /// Counted from 1.
    pub number: i64,
    /// JSON.
    pub form: String,
    /// Who set it.
    pub actor_name: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

fn read(row: &Row<'_>) -> Result<FormVersion> {
    Ok(FormVersion { number: row.get(0)?, form: row.get(1)?, actor_name: row.get(2)?, created_at: row.get(3)? })
}

/// Stores a form behind those before it.
pub async fn insert(tx: &Tx, project: ProjectId, form: &str, actor_name: Option<&str>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO form_versions (project_id, number, form, actor_name, created_at)
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM form_versions WHERE project_id = $1",
        params![project, form, actor_name, now],
    )
    .await
}

/// The forms that a project had, newest first, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<FormVersion>> {
    conn.query(
        "SELECT number, form, actor_name, created_at FROM form_versions
         WHERE project_id = $1 ORDER BY number DESC LIMIT $2",
        params![project, most],
        read,
    )
    .await
}

/// One of the forms that a project had.
pub async fn find(conn: &Conn, project: ProjectId, number: i64) -> Result<Option<FormVersion>> {
    conn.find(
        "SELECT number, form, actor_name, created_at FROM form_versions WHERE project_id = $1 AND number = $2",
        params![project, number],
        read,
    )
    .await
}
