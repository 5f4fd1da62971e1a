//! How long each project keeps what grows, where it says so itself, and how far the clean-up has come.

use crate::db::{Conn, Error, Result, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::retention::{Kind, Period};
use crate::params;

/// Sets how long a project keeps a kind; `None`: as long as the server's setting says.
pub async fn set(tx: &Tx, project: ProjectId, kind: Kind, period: Option<Period>) -> Result<u64> {
    let Some(period) = period else {
        let forget = "DELETE FROM retention WHERE project_id = $1 AND kind = $2";
        return tx.execute(forget, params![project.0, kind.as_str()]).await;
    };
    tx.execute(
        "INSERT INTO retention (project_id, kind, days)
         VALUES ($1, $2, $3)
         ON CONFLICT (project_id, kind) DO UPDATE SET days = excluded.days",
        params![project.0, kind.as_str(), period.days().map(u32::from)],
    )
    .await
}

/// What a project set for itself.
pub async fn of_project(conn: &Conn, project: ProjectId) -> Result<Vec<(Kind, Period)>> {
    conn.query("SELECT kind, days FROM retention WHERE project_id = $1", params![project.0], |row| {
        let kind = row.get::<String>(0)?;
        let kind = Kind::OF_PROJECT.into_iter().find(|known| known.as_str() == kind).ok_or(Error::Column(0))?;
        let days = row.get::<Option<i64>>(1)?.map(u16::try_from).transpose().map_err(|_| Error::Column(1))?;
        Ok((kind, Period::of_days(days)))
    })
    .await
}

/// Projects whose row keys are above `after`, at most `most`.
pub async fn projects(conn: &Conn, after: i64, most: u32) -> Result<Vec<ProjectId>> {
    conn.query("SELECT id FROM projects WHERE id > $1 ORDER BY id LIMIT $2", params![after, most], |row| {
        Ok(ProjectId(row.get(0)?))
    })
    .await
}

/// Up to when (microseconds since 1970) the clean-up has dealt with all of a kind; 0 where it never has.
pub async fn cleaned_to(conn: &Conn, project: ProjectId, kind: Kind) -> Result<i64> {
    let found = conn
        .find(
            "SELECT cleaned_to FROM clean_ups WHERE project_id = $1 AND kind = $2",
            params![project.0, kind.as_str()],
            |row| row.get(0),
        )
        .await?;
    Ok(found.unwrap_or(0))
}

/// Keeps how far the clean-up has come: the next one begins there.
pub async fn set_cleaned_to(tx: &Tx, project: ProjectId, kind: Kind, cleaned_to: i64) -> Result<u64> {
    tx.execute(
        "INSERT INTO clean_ups (project_id, kind, cleaned_to)
         VALUES ($1, $2, $3)
         ON CONFLICT (project_id, kind) DO UPDATE SET cleaned_to = excluded.cleaned_to",
        params![project.0, kind.as_str(), cleaned_to],
    )
    .await
}
