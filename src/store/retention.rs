//! The retention periods that projects set themselves, and the progress of the retention job.

use crate::db::{Conn, Error, Result, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::retention::{Kind, Period};
use crate::params;

/// Sets the retention period of a kind; `None`: the server's setting counts.
pub async fn set(tx: &Tx, project: ProjectId, kind: Kind, period: Option<Period>) -> Result<u64> {
    let Some(period) = period else {
        let delete = "DELETE FROM retention WHERE project_id = $1 AND kind = $2";
        return tx.execute(delete, params![project, kind.as_str()]).await;
    };
    tx.execute(
        "INSERT INTO retention (project_id, kind, days)
         VALUES ($1, $2, $3)
         ON CONFLICT (project_id, kind) DO UPDATE SET days = excluded.days",
        params![project, kind.as_str(), period.days().map(u32::from)],
    )
    .await
}

/// The periods that a project sets itself.
pub async fn of_project(conn: &Conn, project: ProjectId) -> Result<Vec<(Kind, Period)>> {
    conn.query("SELECT kind, days FROM retention WHERE project_id = $1", params![project], |row| {
        let kind = row.get::<String>(0)?;
        let kind = Kind::OF_PROJECT.into_iter().find(|known| known.as_str() == kind).ok_or(Error::Column(0))?;
        let days = row.get::<Option<i64>>(1)?.map(u16::try_from).transpose().map_err(|_| Error::Column(1))?;
        Ok((kind, Period::of_days(days)))
    })
    .await
}

/// Projects whose row keys are above `after`, at most `most`.
pub async fn projects(conn: &Conn, after: ProjectId, most: u32) -> Result<Vec<ProjectId>> {
    conn.query("SELECT id FROM projects WHERE id > $1 ORDER BY id LIMIT $2", params![after, most], |row| row.get(0))
        .await
}

/// Up to when (microseconds since 1970) the retention job has handled all rows of a kind; 0 before its first run.
pub async fn removed_to(conn: &Conn, project: ProjectId, kind: Kind) -> Result<i64> {
    let found = conn
        .find(
            "SELECT removed_to FROM retention_progress WHERE project_id = $1 AND kind = $2",
            params![project, kind.as_str()],
            |row| row.get(0),
        )
        .await?;
    Ok(found.unwrap_or(0))
}

/// Stores that progress: the next run starts there.
pub async fn set_removed_to(tx: &Tx, project: ProjectId, kind: Kind, removed_to: i64) -> Result<u64> {
    tx.execute(
        "INSERT INTO retention_progress (project_id, kind, removed_to)
         VALUES ($1, $2, $3)
         ON CONFLICT (project_id, kind) DO UPDATE SET removed_to = excluded.removed_to",
        params![project, kind.as_str(), removed_to],
    )
    .await
}
