//! What tells that conversations of a project changed: two readings that are equal have nothing between them that lists would show.

use crate::db::{Conn, Result};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When something was last said to anybody or by anybody: of active leads, correlated ones and complete ones.
    said_at: (i64, i64, i64),
    /// Who waits for a person, up to a hundred, and the last of them.
    waiting: (i64, i64),
    /// Who is with somebody, up to a hundred, and the last of them.
    with: (i64, i64),
    /// How many people write, and until when.
    writing: (i64, i64),
}

/// Reads where the project stands at `now`. What was said before `since` is not looked at.
pub async fn read(conn: &Conn, project: ProjectId, since: Timestamp, now: Timestamp) -> Result<Reading> {
    conn.get(
        "SELECT COALESCE((SELECT MAX(last_message_at) FROM leads
                          WHERE project_id = $1 AND status = 'active' AND last_message_at >= $3), 0),
                COALESCE((SELECT MAX(last_message_at) FROM leads
                          WHERE project_id = $1 AND status = 'correlated' AND last_message_at >= $3), 0),
                COALESCE((SELECT MAX(last_message_at) FROM leads
                          WHERE project_id = $1 AND status = 'complete' AND last_message_at >= $3), 0),
                (SELECT COUNT(*) FROM (SELECT 1 FROM conversations WHERE project_id = $1 AND handling = 'waiting'
                                       AND handling_since >= 0 LIMIT 100) AS w),
                COALESCE((SELECT MAX(handling_since) FROM conversations
                          WHERE project_id = $1 AND handling = 'waiting'), 0),
                (SELECT COUNT(*) FROM (SELECT 1 FROM conversations WHERE project_id = $1 AND handling = 'with'
                                       AND handling_since >= 0 LIMIT 100) AS w),
                COALESCE((SELECT MAX(handling_since) FROM conversations
                          WHERE project_id = $1 AND handling = 'with'), 0),
                (SELECT COUNT(*) FROM writers WHERE project_id = $1 AND until > $2),
                COALESCE((SELECT MAX(until) FROM writers WHERE project_id = $1 AND until > $2), 0)",
        params![project, now, since],
        |row| {
            Ok(Reading {
                said_at: (row.get(0)?, row.get(1)?, row.get(2)?),
                waiting: (row.get(3)?, row.get(4)?),
                with: (row.get(5)?, row.get(6)?),
                writing: (row.get(7)?, row.get(8)?),
            })
        },
    )
    .await
}
