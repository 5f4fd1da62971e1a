//! Projects whose addresses tell less than they could: clicks of the last days by what is wrong with them.

use crate::db::{Conn, Result};
use crate::domain::counts::{QUARTER_US, Series};
use crate::domain::ids::ProjectId;
use crate::domain::source::Trouble;
use crate::params;

/// A project with such clicks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressTrouble {
    /// The project.
    pub project: ProjectId,
    /// Clicks of the days.
    pub clicks: i64,
    /// One of the pages, host and path; may be empty.
    pub landing: String,
}

/// Projects that are looked at, at most.
const PROJECTS_MAX: u32 = 1_000;

/// The projects with clicks that have a trouble, on three local days: `day`, the one before and the one after it, since zones differ.
pub async fn in_trouble(conn: &Conn, trouble: Trouble, day: i64) -> Result<Vec<AddressTrouble>> {
    conn.query(
        "SELECT s.project_id, CAST(SUM(c.clicks) AS BIGINT), MAX(s.landing)
         FROM sources AS s
         JOIN counts AS c
             ON c.project_id = s.project_id AND c.series = $2 AND c.at IN ($3, $4, $5) AND c.subject = s.id
         WHERE s.trouble = $1 AND s.trouble <> ''
         GROUP BY s.project_id
         ORDER BY s.project_id
         LIMIT $6",
        params![trouble.as_str(), Series::SourceDay.as_i64(), day - 1, day, day + 1, PROJECTS_MAX],
        |row| Ok(AddressTrouble { project: row.get(0)?, clicks: row.get(1)?, landing: row.get(2)? }),
    )
    .await
}

/// All clicks of a project since the beginning of a day (UTC).
pub async fn clicks_since(conn: &Conn, project: ProjectId, day: i64) -> Result<i64> {
    const QUARTERS_OF_DAY: i64 = 24 * 3_600 * 1_000_000 / QUARTER_US;
    conn.get(
        "SELECT CAST(COALESCE(SUM(clicks), 0) AS BIGINT)
         FROM counts
         WHERE project_id = $1 AND series = $2 AND at >= $3",
        params![project, Series::Quarter.as_i64(), day * QUARTERS_OF_DAY],
        |row| row.get(0),
    )
    .await
}
