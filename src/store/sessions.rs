//! Sessions: a device's clicks within 12 hours of the first.

use std::collections::HashSet;

use crate::db::{Conn, Result, Row, Sql, Tx, Value};
use crate::domain::ids::{AdId, ConversationId, ProjectId, SessionId, SourceId};
use crate::domain::time::Timestamp;
use crate::params;

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Row key.
    pub id: SessionId,
    /// `O-aB3dE9z`
    pub correlation_id: String,
    /// The conversation that it is linked to.
    pub conversation_id: Option<ConversationId>,
    /// When its first click came.
    pub started_at: Timestamp,
    /// Where it came from; `None` of what is older than counts, until that is found out.
    pub source: Option<SourceId>,
    /// The ad that it came by.
    pub ad: Option<AdId>,
    /// Whether it is of the business's own people: nothing of it is counted.
    pub is_internal: bool,
    /// Whether this transaction started it.
    pub is_new: bool,
}

fn read(row: &Row<'_>) -> Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        correlation_id: row.get(1)?,
        conversation_id: row.get(2)?,
        started_at: row.get(3)?,
        source: row.get(4)?,
        ad: row.get(5)?,
        is_internal: row.get(6)?,
        is_new: false,
    })
}

/// A device of a project's visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device<'a> {
    /// Its project.
    pub project: ProjectId,
    /// The browser's UUID.
    pub id: &'a str,
}

/// The last session of a device.
pub struct LastSession {
    /// Its project.
    pub project: ProjectId,
    /// The browser's UUID.
    pub device_id: String,
    /// The session.
    pub session: Session,
}

/// The last session of each device that began after `after`, where there is one. Until the end of the transaction nobody
/// links them, so that new clicks get the right mark.
pub async fn last_of_devices(tx: &Tx, devices: &[Device<'_>], after: Timestamp) -> Result<Vec<LastSession>> {
    const LAST: Sql = Sql {
        sqlite: "SELECT id, correlation_id, conversation_id, started_at, source_id, ad, is_internal, project_id, device_id
                 FROM sessions
                 WHERE project_id = $1 AND device_id = $2 AND started_at > $3
                 ORDER BY started_at DESC
                 LIMIT 1",
        postgres: "SELECT last.*
                   FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS devices (project_id, device_id, after)
                   CROSS JOIN LATERAL (
                       SELECT id, correlation_id, conversation_id, started_at, source_id, ad, is_internal, project_id,
                              device_id
                       FROM sessions
                       WHERE project_id = devices.project_id AND device_id = devices.device_id AND started_at > devices.after
                       ORDER BY started_at DESC
                       LIMIT 1
                       FOR KEY SHARE
                   ) AS last",
    };
    let rows: Vec<_> = devices.iter().map(|device| [device.project.into(), device.id.into(), after.into()]).collect();
    tx.query_rows(LAST, &rows, |row| {
        Ok(LastSession { session: read(row)?, project: row.get(7)?, device_id: row.get(8)? })
    })
    .await
}

/// A session to store.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its row key.
    pub id: SessionId,
    /// Its project.
    pub project: ProjectId,
    /// The browser's UUID, if it has one.
    pub device_id: Option<&'a str>,
    /// `O-aB3dE9z`
    pub correlation_id: &'a str,
    /// The same with look-alikes made one.
    pub folded_id: &'a str,
    /// When the first click came.
    pub started_at: Timestamp,
    /// Where it came from.
    pub source: SourceId,
    /// The ad that it came by.
    pub ad: Option<AdId>,
    /// Whether it is of the business's own people.
    pub is_internal: bool,
}

impl<'a> NewSession<'a> {
    fn values(&self) -> [Value<'a>; 9] {
        [
            self.id.into(),
            self.correlation_id.into(),
            self.folded_id.into(),
            self.project.into(),
            self.device_id.into(),
            self.started_at.into(),
            self.source.into(),
            self.ad.into(),
            self.is_internal.into(),
        ]
    }
}

/// Stores sessions, except those whose correlation id is taken; gives the row keys of the stored ones.
pub async fn insert(tx: &Tx, sessions: &[NewSession<'_>]) -> Result<HashSet<SessionId>> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO sessions (id, correlation_id, folded_id, project_id, device_id, started_at, source_id, ad, is_internal)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (folded_id, correlation_id) DO NOTHING",
        postgres: "INSERT INTO sessions (id, correlation_id, folded_id, project_id, device_id, started_at, source_id, ad,
                                         is_internal)
                   SELECT *
                   FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[],
                               $8::bigint[], $9::boolean[])
                   ON CONFLICT (folded_id, correlation_id) DO NOTHING",
    };
    let rows: Vec<_> = sessions.iter().map(NewSession::values).collect();
    if tx.execute_rows(INSERT, &rows).await? == rows.len() as u64 {
        return Ok(sessions.iter().map(|session| session.id).collect());
    }
    // Asked only now: with `RETURNING`, SQLite would make a table of every row that it gives.
    const STORED: Sql = Sql {
        sqlite: "SELECT id FROM sessions WHERE project_id = $1 AND id = $2",
        postgres: "SELECT sessions.id
                   FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, id)
                   JOIN sessions ON sessions.project_id = wanted.project_id AND sessions.id = wanted.id",
    };
    let keys: Vec<_> = sessions.iter().map(|session| [session.project.into(), session.id.into()]).collect();
    Ok(tx.query_rows(STORED, &keys, |row| row.get(0)).await?.into_iter().collect())
}

/// The session that this project gave `correlation_id` to. Locked until the end of the transaction, so that two people who
/// send the same id are linked one after the other.
pub async fn find_for_link(
    tx: &Tx,
    project: ProjectId,
    correlation_id: &str,
    folded_id: &str,
) -> Result<Option<Session>> {
    const FIND: Sql = Sql {
        sqlite: "SELECT id, correlation_id, conversation_id, started_at, source_id, ad, is_internal
                 FROM sessions
                 WHERE folded_id = $3 AND correlation_id = $2 AND project_id = $1",
        postgres: "SELECT id, correlation_id, conversation_id, started_at, source_id, ad, is_internal
                   FROM sessions
                   WHERE folded_id = $3 AND correlation_id = $2 AND project_id = $1
                   FOR UPDATE",
    };
    tx.find(FIND, params![project, correlation_id, folded_id], read).await
}

/// The correlation ids issued since `since` that look like `folded_id`: at most two, which are ambiguous already.
pub async fn look_alikes(conn: &Conn, project: ProjectId, folded_id: &str, since: Timestamp) -> Result<Vec<String>> {
    conn.query(
        "SELECT correlation_id
         FROM sessions
         WHERE project_id = $1 AND folded_id = $2 AND started_at > $3
         LIMIT 2",
        params![project, folded_id, since],
        |row| row.get(0),
    )
    .await
}

/// Links a session to a conversation.
pub async fn link(
    tx: &Tx,
    project: ProjectId,
    session: SessionId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE sessions SET conversation_id = $3, correlated_at = $4 WHERE project_id = $1 AND id = $2",
        params![project, session, conversation, now],
    )
    .await
}

/// The correlation ids of sessions, each with its session.
pub async fn correlation_ids(conn: &Conn, sessions: &[(ProjectId, SessionId)]) -> Result<Vec<(SessionId, String)>> {
    const IDS: Sql = Sql {
        sqlite: "SELECT id, correlation_id FROM sessions WHERE project_id = $1 AND id = $2",
        postgres: "SELECT sessions.id, correlation_id
                   FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, id)
                   JOIN sessions ON sessions.id = wanted.id AND sessions.project_id = wanted.project_id",
    };
    let rows: Vec<_> = sessions.iter().map(|(project, session)| [(*project).into(), (*session).into()]).collect();
    conn.query_rows(IDS, &rows, |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// Correlation ids that one conversation is linked to, at most.
const OF_CONVERSATION_MAX: i64 = 50;

/// The correlation ids of the sessions that a conversation is linked to.
pub async fn of_conversation(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Vec<String>> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    conn.query(
        "SELECT correlation_id FROM sessions WHERE +project_id = $1 AND conversation_id = $2 LIMIT $3",
        params![project, conversation, OF_CONVERSATION_MAX],
        |row| row.get(0),
    )
    .await
}
