//! The business's own people: leads that are none, and the browsers that they clicked with. What they do is not counted.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{AdId, ClickId, ConversationId, LeadId, ProjectId, SessionId, SourceId};
use crate::domain::time::Timestamp;
use crate::params;
use crate::store::clicks::CLOCK_SKEW_MAX;

/// Browsers of the business's own people that are kept for a project, at most.
pub const DEVICES_MAX: u32 = 1_000;
/// Own people that are listed.
const LISTED_MAX: u32 = 200;
/// Browsers of one person, and sessions of one browser, that are looked at: the newest.
const OF_PERSON_MAX: u32 = 50;
const OF_DEVICE_MAX: u32 = 500;

/// The browsers of a project's own people.
pub async fn devices(conn: &Conn, project: ProjectId) -> Result<Vec<String>> {
    conn.query(
        "SELECT device_id FROM internal_devices WHERE project_id = $1 LIMIT $2",
        params![project, DEVICES_MAX],
        |row| row.get(0),
    )
    .await
}

/// Whether a lead is one of the business's own people.
pub async fn is_internal(conn: &Conn, project: ProjectId, lead: LeadId) -> Result<bool> {
    let sql = "SELECT is_internal FROM leads WHERE project_id = $1 AND id = $2";
    let found = conn.find(sql, params![project, lead], |row| row.get(0)).await?;
    Ok(found.unwrap_or(false))
}

/// The newest leads of a project that are its own people.
pub async fn leads(conn: &Conn, project: ProjectId) -> Result<Vec<LeadId>> {
    conn.query(
        "SELECT id FROM leads WHERE project_id = $1 AND is_internal AND id < $2 ORDER BY id DESC LIMIT $3",
        params![project, LeadId(i64::MAX), LISTED_MAX],
        |row| row.get(0),
    )
    .await
}

/// Says whether a lead is one of the business's own people.
pub async fn set_lead(tx: &Tx, project: ProjectId, lead: LeadId, is_internal: bool, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE leads SET is_internal = $3, updated_at = $4 WHERE project_id = $1 AND id = $2",
        params![project, lead, is_internal, now],
    )
    .await
}

/// The browsers that a person clicked with, the newest first.
pub async fn devices_of(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Vec<String>> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    let all: Vec<String> = conn
        .query(
            "SELECT device_id
             FROM sessions
             WHERE +project_id = $1 AND conversation_id = $2 AND device_id IS NOT NULL
             ORDER BY started_at DESC
             LIMIT $3",
            params![project, conversation, OF_PERSON_MAX],
            |row| row.get(0),
        )
        .await?;
    let mut seen = std::collections::HashSet::new();
    Ok(all.into_iter().filter(|device| seen.insert(device.clone())).collect())
}

/// Keeps a browser as one of the business's own, or no more. `false` where there is no room for another.
pub async fn set_device(tx: &Tx, project: ProjectId, device: &str, is_internal: bool, now: Timestamp) -> Result<bool> {
    if !is_internal {
        tx.execute("DELETE FROM internal_devices WHERE project_id = $1 AND device_id = $2", params![project, device])
            .await?;
        return Ok(true);
    }
    let kept = tx
        .get(
            "SELECT COUNT(*) FROM (SELECT device_id FROM internal_devices WHERE project_id = $1 LIMIT $2) AS kept",
            params![project, DEVICES_MAX],
            |row| row.get::<i64>(0),
        )
        .await?;
    if kept >= i64::from(DEVICES_MAX) {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO internal_devices (project_id, device_id, created_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (project_id, device_id) DO NOTHING",
        params![project, device, now],
    )
    .await?;
    Ok(true)
}

/// A session whose clicks are to be counted, or no more.
#[derive(Clone, Debug)]
pub struct ChangedSession {
    /// Row key.
    pub id: SessionId,
    /// The conversation that it is linked to.
    pub conversation: Option<ConversationId>,
    /// When it began.
    pub started_at: Timestamp,
    /// Where it came from; `None` while that was not found out.
    pub source: Option<SourceId>,
    /// The ad that it came by.
    pub ad: Option<AdId>,
}

/// Says of the newest sessions of a browser whether they are the business's own, and gives those of which something else was said
/// before. Whoever stores a click of them has committed by then.
pub async fn set_sessions(tx: &Tx, project: ProjectId, device: &str, is_internal: bool) -> Result<Vec<ChangedSession>> {
    const SESSIONS: Sql = Sql {
        sqlite: "SELECT id, conversation_id, started_at, source_id, ad
                 FROM sessions
                 WHERE project_id = $1 AND device_id = $2 AND is_internal <> $3
                 ORDER BY started_at DESC
                 LIMIT $4",
        postgres: "SELECT id, conversation_id, started_at, source_id, ad
                   FROM sessions
                   WHERE project_id = $1 AND device_id = $2 AND is_internal <> $3
                   ORDER BY started_at DESC
                   LIMIT $4
                   FOR UPDATE",
    };
    let changed = tx
        .query(SESSIONS, params![project, device, is_internal, OF_DEVICE_MAX], |row| {
            Ok(ChangedSession {
                id: row.get(0)?,
                conversation: row.get(1)?,
                started_at: row.get(2)?,
                source: row.get(3)?,
                ad: row.get(4)?,
            })
        })
        .await?;
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE sessions SET is_internal = $3 WHERE project_id = $1 AND id = $2",
        postgres: "UPDATE sessions
                   SET is_internal = new.is_internal
                   FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS new (project_id, id, is_internal)
                   WHERE sessions.project_id = new.project_id AND sessions.id = new.id",
    };
    let rows: Vec<_> = changed.iter().map(|session| [project.into(), session.id.into(), is_internal.into()]).collect();
    tx.execute_rows(UPDATE, &rows).await?;
    Ok(changed)
}

/// The clicks of a session that began and ended between two times, each with when it was.
pub async fn clicks_of(
    conn: &Conn,
    project: ProjectId,
    session: SessionId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(ClickId, Timestamp)>> {
    // `+`: SQLite is to find the clicks by their session, which has far fewer than the project.
    conn.query(
        "SELECT id, created_at
         FROM clicks
         WHERE +project_id = $1 AND session_id = $2 AND created_at >= $3 AND created_at <= $4",
        params![project, session, from - CLOCK_SKEW_MAX, to + CLOCK_SKEW_MAX],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}
