//! How many leads a view has.

use super::lead_pages::View;
use super::lead_search;
use crate::db::{Conn, Result, Row};
use crate::domain::ids::ProjectId;
use crate::domain::lead::LeadStatus;
use crate::params;

/// Leads are counted up to here.
pub const COUNT_MAX: i64 = 10_000;

/// How many sales of a project have no value, up to `most`.
pub async fn without_value(conn: &Conn, project: ProjectId, most: i64) -> Result<i64> {
    conn.get(
        "SELECT COUNT(*)
         FROM (SELECT 1 FROM leads WHERE project_id = $1 AND stage = 'won' AND stage_value IS NULL AND id > 0 LIMIT $2) AS counted",
        params![project, most],
        |row| row.get(0),
    )
    .await
}

/// How many leads a view has, counted up to [`COUNT_MAX`] and one more.
pub async fn count(conn: &Conn, project: ProjectId, view: &View) -> Result<i64> {
    const STATUS: &str =
        "SELECT COUNT(*) FROM (SELECT 1 FROM leads WHERE project_id = $1 AND status = $2 LIMIT $3) AS counted";
    // Who waits, or is looked after by a person of the business, is a lead. Only a person with whom somebody talks who is not known
    // here, in the app of the platform, may have said nothing yet.
    const WAITING: &str = "SELECT COUNT(*)
         FROM (
             SELECT 1 FROM conversations WHERE project_id = $1 AND handling = 'waiting' AND handling_since >= 0 LIMIT $2
         ) AS counted";
    const MINE: &str = "SELECT COUNT(*)
         FROM (
             SELECT 1
             FROM conversations
             WHERE project_id = $1 AND handling = 'with' AND handling_since >= 0 AND handler = $2
             LIMIT $3
         ) AS counted";
    const OTHERS: &str = "SELECT COUNT(*)
         FROM (
             SELECT 1
             FROM conversations
             WHERE project_id = $1 AND handling = 'with' AND handling_since >= 0 AND COALESCE(handler, 0) <> $2
               AND (handler IS NOT NULL OR EXISTS (SELECT 1 FROM leads WHERE conversation_id = conversations.id))
             LIMIT $3
         ) AS counted";
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
        View::Chosen(leads) => Ok(i64::try_from(leads.len()).unwrap_or(i64::MAX)),
        View::Found(query) => {
            Ok(i64::try_from(lead_search::found(conn, project, query).await?.len()).unwrap_or(i64::MAX))
        }
    }
}
