//! How many leads a view has.

use super::lead_pages::{FOUND_MAX, View};
use crate::db::{Conn, Result, Row, Sql};
use crate::domain::ids::ProjectId;
use crate::domain::lead::LeadStatus;
use crate::params;

/// Leads are counted up to here.
pub const COUNT_MAX: i64 = 10_000;

/// How many leads a view has, counted up to [`COUNT_MAX`] and one more.
pub async fn count(conn: &Conn, project: ProjectId, view: &View) -> Result<i64> {
    const STATUS: &str =
        "SELECT COUNT(*) FROM (SELECT 1 FROM leads WHERE project_id = $1 AND status = $2 LIMIT $3) AS counted";
    const WAITING: &str = "SELECT COUNT(*)
         FROM (
             SELECT 1
             FROM conversations AS c JOIN leads AS l ON l.conversation_id = c.id
             WHERE c.project_id = $1 AND c.handling = 'waiting'
             LIMIT $2
         ) AS counted";
    const MINE: &str = "SELECT COUNT(*)
         FROM (
             SELECT 1
             FROM conversations AS c JOIN leads AS l ON l.conversation_id = c.id
             WHERE c.project_id = $1 AND c.handling = 'with' AND c.handler = $2
             LIMIT $3
         ) AS counted";
    const OTHERS: &str = "SELECT COUNT(*)
         FROM (
             SELECT 1
             FROM conversations AS c JOIN leads AS l ON l.conversation_id = c.id
             WHERE c.project_id = $1 AND c.handling = 'with' AND COALESCE(c.handler, 0) <> $2
             LIMIT $3
         ) AS counted";
    const FOUND: Sql = Sql {
        sqlite: "SELECT COUNT(DISTINCT f.id)
                 FROM (SELECT rowid / 4 AS lead_id FROM lead_search WHERE lead_search MATCH $2 ORDER BY rowid DESC LIMIT $3) AS found
                 JOIN leads AS f ON f.id = found.lead_id
                 WHERE f.project_id = $1",
        postgres: "SELECT COUNT(DISTINCT f.id)
                   FROM (
                       SELECT lead_id
                       FROM lead_search
                       WHERE words @@ CAST(CAST($2 AS TEXT) AS TSQUERY)
                       ORDER BY lead_id + 0 DESC
                       LIMIT $3
                   ) AS found
                   JOIN leads AS f ON f.id = found.lead_id
                   WHERE f.project_id = $1",
    };
    let most = COUNT_MAX + 1;
    let read = |row: &Row<'_>| row.get(0);
    match view {
        View::All => {
            let mut all = 0;
            for status in LeadStatus::ALL {
                all += conn.get(STATUS, params![project, status.as_str(), most], read).await?;
            }
            Ok(all)
        }
        View::Status(status) => conn.get(STATUS, params![project, status.as_str(), most], read).await,
        View::Waiting => conn.get(WAITING, params![project, most], read).await,
        View::Mine(user) => conn.get(MINE, params![project, *user, most], read).await,
        View::Others(user) => conn.get(OTHERS, params![project, *user, most], read).await,
        View::Found(query) => {
            let text = if conn.is_postgres() { query.tsquery() } else { query.fts5() };
            conn.get(FOUND, params![project, &text, FOUND_MAX], read).await
        }
    }
}
