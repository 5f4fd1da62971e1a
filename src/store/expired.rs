//! What the retention job reads and removes. It is found page by page, oldest first, by reading; removed by row keys, a few at a
//! time, each statement looking once more whether it may.

use super::window::Position;
use crate::db::{Conn, Result, Row, Sql, Tx, Value};
use crate::domain::ids::{ChannelId, ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::params;

/// Locks out the retention job of every other node until the end of the transaction; `false` where one holds the lock.
pub async fn begin(tx: &Tx) -> Result<bool> {
    const LOCK: Sql = Sql {
        // One process works on the file, with one writer.
        sqlite: "SELECT TRUE",
        postgres: "SELECT pg_try_advisory_xact_lock(4702111234474983746)",
    };
    tx.get(LOCK, &[], |row| row.get(0)).await
}

/// A row of a page: where it stands, and whether it may go.
#[derive(Clone, Copy, Debug)]
pub struct Old {
    /// Its time and row key.
    pub position: Position,
    /// Nothing needs it any more.
    pub may_go: bool,
}

/// Clicks of a project that are not linked, behind `after` and older than `before`. One stays while its session began at
/// `begun_before` or later.
pub async fn clicks(
    conn: &Conn,
    project: ProjectId,
    after: Position,
    before: Timestamp,
    begun_before: Timestamp,
    most: u32,
) -> Result<Vec<Old>> {
    conn.query(
        "SELECT c.created_at, c.id, s.id IS NULL OR (s.conversation_id IS NULL AND s.started_at < $5)
         FROM clicks AS c LEFT JOIN sessions AS s ON s.id = c.session_id
         WHERE c.project_id = $1 AND NOT c.linked
           AND c.created_at >= $2 AND (c.created_at, c.id) > ($2, $3) AND c.created_at < $4
         ORDER BY c.created_at, c.id
         LIMIT $6",
        params![project, after.created_at, after.id, before, begun_before, most],
        old,
    )
    .await
}

/// Removes the sessions of a project's clicks, unless they are linked to a conversation by now.
pub async fn remove_sessions(tx: &Tx, project: ProjectId, clicks: &[Position]) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM sessions
                 WHERE conversation_id IS NULL AND id = (
                     SELECT session_id FROM clicks WHERE project_id = $1 AND created_at = $2 AND id = $3 AND NOT linked
                 )",
        postgres: "DELETE FROM sessions
                   USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS old (project_id, created_at, id)
                   JOIN clicks ON clicks.project_id = old.project_id AND clicks.created_at = old.created_at
                              AND clicks.id = old.id AND NOT clicks.linked
                   WHERE sessions.id = clicks.session_id AND sessions.conversation_id IS NULL",
    };
    tx.execute_rows(REMOVE, &positions_of(project, clicks)).await
}

/// Removes clicks of a project whose session is gone.
pub async fn remove_clicks(tx: &Tx, project: ProjectId, clicks: &[Position]) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM clicks
                 WHERE project_id = $1 AND created_at = $2 AND id = $3 AND NOT linked
                   AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = clicks.session_id)",
        postgres: "DELETE FROM clicks
                   USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS old (project_id, created_at, id)
                   WHERE clicks.project_id = old.project_id AND clicks.created_at = old.created_at
                     AND clicks.id = old.id AND NOT clicks.linked
                     AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = clicks.session_id)",
    };
    tx.execute_rows(REMOVE, &positions_of(project, clicks)).await
}

/// Row keys of all webhooks of a project, removed ones too, above `after`.
pub async fn webhooks(conn: &Conn, project: ProjectId, after: WebhookId, most: u32) -> Result<Vec<WebhookId>> {
    conn.query(
        "SELECT id FROM webhooks WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        params![project, after, most],
        |row| row.get(0),
    )
    .await
}

/// Deliveries of a webhook behind `after` and of events older than `before`. One that is due stays.
pub async fn deliveries(
    conn: &Conn,
    webhook: WebhookId,
    after: Position,
    before: Timestamp,
    most: u32,
) -> Result<Vec<Old>> {
    conn.query(
        "SELECT created_at, id, status <> 'pending'
         FROM deliveries
         WHERE webhook_id = $1 AND created_at >= $2 AND (created_at, id) > ($2, $3) AND created_at < $4
         ORDER BY created_at, id
         LIMIT $5",
        params![webhook, after.created_at, after.id, before, most],
        old,
    )
    .await
}

/// Removes deliveries that are not due, and their attempts.
pub async fn remove_deliveries(tx: &Tx, old: &[Position]) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM deliveries WHERE created_at = $1 AND id = $2 AND status <> 'pending'",
        postgres: "DELETE FROM deliveries USING unnest($1::bigint[], $2::bigint[]) AS old (created_at, id)
                   WHERE deliveries.created_at = old.created_at AND deliveries.id = old.id
                     AND deliveries.status <> 'pending'",
    };
    // None is older than its event by more than clocks may differ: PostgreSQL need not look further.
    const REMOVE_ATTEMPTS: Sql = Sql {
        sqlite: "DELETE FROM attempts
                 WHERE started_at >= $1 - 86400000000 AND delivery_id = $2
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.id = attempts.delivery_id)",
        postgres: "DELETE FROM attempts USING unnest($1::bigint[], $2::bigint[]) AS old (created_at, id)
                   WHERE attempts.started_at >= old.created_at - 86400000000 AND attempts.delivery_id = old.id
                     AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.id = attempts.delivery_id)",
    };
    let removed = tx.execute_rows(REMOVE, &positions(old)).await?;
    tx.execute_rows(REMOVE_ATTEMPTS, &positions(old)).await?;
    Ok(removed)
}

/// Events of a project behind `after` and older than `before`. One with a delivery stays: it is at the same time as its
/// deliveries, by which these are found.
pub async fn events(
    conn: &Conn,
    project: ProjectId,
    after: Position,
    before: Timestamp,
    most: u32,
) -> Result<Vec<Old>> {
    conn.query(
        "SELECT e.created_at, e.id, NOT EXISTS (
             SELECT 1
             FROM webhooks AS w JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = e.created_at
             WHERE w.project_id = $1 AND d.event_id = e.id
         )
         FROM events AS e
         WHERE e.project_id = $1 AND e.created_at >= $2 AND (e.created_at, e.id) > ($2, $3) AND e.created_at < $4
         ORDER BY e.created_at, e.id
         LIMIT $5",
        params![project, after.created_at, after.id, before, most],
        old,
    )
    .await
}

/// Removes events of a project.
pub async fn remove_events(tx: &Tx, project: ProjectId, events: &[Position]) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM events WHERE project_id = $1 AND created_at = $2 AND id = $3",
        postgres: "DELETE FROM events
                   USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS old (project_id, created_at, id)
                   WHERE events.project_id = old.project_id AND events.created_at = old.created_at AND events.id = old.id",
    };
    tx.execute_rows(REMOVE, &positions_of(project, events)).await
}

/// Messages of a project behind `after` and older than `before`. What waits to be sent stays, and what the agent has
/// still to read.
pub async fn messages(
    conn: &Conn,
    project: ProjectId,
    after: Position,
    before: Timestamp,
    most: u32,
) -> Result<Vec<Old>> {
    conn.query(
        "SELECT m.created_at, m.id, m.due_at IS NULL AND (c.due_at IS NULL OR m.id <= c.answered_up_to)
         FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
         WHERE m.project_id = $1 AND (m.created_at, m.id) > ($2, $3) AND m.created_at < $4
         ORDER BY m.created_at, m.id
         LIMIT $5",
        params![project, after.created_at, after.id, before, most],
        old,
    )
    .await
}

/// Removes messages that do not wait to be sent, and what was fetched of them.
pub async fn remove_messages(tx: &Tx, old: &[Position]) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM messages WHERE id = $1 AND due_at IS NULL",
        postgres: "DELETE FROM messages USING unnest($1::bigint[]) AS old (id)
                   WHERE messages.id = old.id AND messages.due_at IS NULL",
    };
    const REMOVE_MEDIA: Sql = Sql {
        sqlite: "DELETE FROM media
                 WHERE message_id = $1 AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = media.message_id)",
        postgres: "DELETE FROM media USING unnest($1::bigint[]) AS old (id)
                   WHERE media.message_id = old.id
                     AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = media.message_id)",
    };
    const REMOVE_CONTENT: Sql = Sql {
        sqlite: "DELETE FROM media_content
                 WHERE message_id = $1
                   AND NOT EXISTS (SELECT 1 FROM media WHERE media.message_id = media_content.message_id)",
        postgres: "DELETE FROM media_content USING unnest($1::bigint[]) AS old (id)
                   WHERE media_content.message_id = old.id
                     AND NOT EXISTS (SELECT 1 FROM media WHERE media.message_id = media_content.message_id)",
    };
    let removed = tx.execute_rows(REMOVE, &keys(old)).await?;
    tx.execute_rows(REMOVE_MEDIA, &keys(old)).await?;
    tx.execute_rows(REMOVE_CONTENT, &keys(old)).await?;
    Ok(removed)
}

/// Row keys of the channels of a project above `after`.
pub async fn channels(conn: &Conn, project: ProjectId, after: ChannelId, most: u32) -> Result<Vec<ChannelId>> {
    conn.query(
        "SELECT id FROM channels WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        params![project, after, most],
        |row| row.get(0),
    )
    .await
}

/// Whether a channel has notices that are older than `before`.
pub async fn has_notices(conn: &Conn, channel: ChannelId, before: Timestamp) -> Result<bool> {
    conn.exists("SELECT 1 FROM notices WHERE channel = $1 AND created_at < $2 LIMIT 1", params![channel, before]).await
}

/// Removes up to `most` notices of a channel that are older than `before`.
pub async fn remove_notices(tx: &Tx, channel: ChannelId, before: Timestamp, most: u32) -> Result<u64> {
    tx.execute(
        "DELETE FROM notices
         WHERE id IN (SELECT id FROM notices WHERE channel = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)",
        params![channel, before, most],
    )
    .await
}

/// The attempts with the lowest row keys above `after`, as far as they are older than `before`. Row keys are as good as
/// sorted by time, since an attempt is stored when it ends. PostgreSQL drops a week of them at a time instead.
pub async fn attempts(conn: &Conn, after: i64, before: Timestamp, most: u32) -> Result<Vec<Old>> {
    const LOWEST: Sql = Sql {
        sqlite: "SELECT started_at, rowid, TRUE FROM attempts WHERE rowid > $1 ORDER BY rowid LIMIT $2",
        postgres: "",
    };
    let lowest = conn.query(LOWEST, params![after, most], old).await?;
    let before = before.as_microsecond();
    Ok(lowest.into_iter().take_while(|old| old.position.created_at < before).collect())
}

/// Removes attempts from the log.
pub async fn remove_attempts(tx: &Tx, attempts: &[Position]) -> Result<u64> {
    const REMOVE: Sql = Sql { sqlite: "DELETE FROM attempts WHERE started_at = $1 AND rowid = $2", postgres: "" };
    tx.execute_rows(REMOVE, &positions(attempts)).await
}

fn old(row: &Row<'_>) -> Result<Old> {
    Ok(Old { position: Position { created_at: row.get(0)?, id: row.get(1)? }, may_go: row.get(2)? })
}

fn keys(old: &[Position]) -> Vec<[Value<'static>; 1]> {
    old.iter().map(|one| [Value::Int(one.id)]).collect()
}

fn positions_of(project: ProjectId, positions: &[Position]) -> Vec<[Value<'static>; 3]> {
    positions.iter().map(|one| [project.into(), Value::Int(one.created_at), Value::Int(one.id)]).collect()
}

fn positions(positions: &[Position]) -> Vec<[Value<'static>; 2]> {
    positions.iter().map(|one| [Value::Int(one.created_at), Value::Int(one.id)]).collect()
}
