//! Deliveries as rows of the console's log, and what its searches are resolved by.

use super::window::Position;
use crate::db::{Conn, Error, Result, Row, Sql};
use crate::domain::attempt_result::AttemptResult;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::{ConversationId, DeliveryId, EventId, ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::params;

/// A delivery as a row of the log.
#[derive(Clone, Debug)]
pub struct ListedDelivery {
    /// Row key.
    pub id: DeliveryId,
    /// Its webhook.
    pub webhook: WebhookId,
    /// `evt_…`
    pub event_id: String,
    /// `widget.click`, …
    pub event_type: String,
    /// What is sent, JSON.
    pub body: String,
    /// Where it is in its life.
    pub status: DeliveryStatus,
    /// Attempts that were begun.
    pub attempts: u32,
    /// When the next attempt is due, or the lease of the one that runs ends.
    pub due_at: Option<Timestamp>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// What the last attempt came to that has ended.
    pub result: Option<AttemptResult>,
    /// How long the last one took that was begun; `None` while it runs.
    pub duration_ms: Option<i64>,
    /// The reference of the lead's session.
    pub correlation_id: Option<String>,
    /// What is known of the person, JSON.
    pub lead_fields: Option<String>,
}

impl ListedDelivery {
    /// Where it stands.
    pub fn position(&self) -> Position {
        Position::of(self.created_at, self.id)
    }
}

macro_rules! columns {
    () => {
        "d.id, d.webhook_id, e.event_id, e.event_type, e.body, d.status, d.attempts, d.due_at, d.created_at, d.result,
         a.duration_ms, s.correlation_id, l.fields"
    };
}

fn read(row: &Row<'_>) -> Result<ListedDelivery> {
    let status: String = row.get(5)?;
    Ok(ListedDelivery {
        id: row.get(0)?,
        webhook: row.get(1)?,
        event_id: row.get(2)?,
        event_type: row.get(3)?,
        body: row.get(4)?,
        status: DeliveryStatus::parse(&status).ok_or(Error::Column(5))?,
        attempts: row.get(6)?,
        due_at: row.get(7)?,
        created_at: row.get(8)?,
        result: AttemptResult::from_code(row.get(9)?),
        duration_ms: row.get(10)?,
        correlation_id: row.get(11)?,
        lead_fields: row.get(12)?,
    })
}

/// The rows of deliveries of the project that were found, newest first.
pub async fn rows(conn: &Conn, project: ProjectId, found: &[Position]) -> Result<Vec<ListedDelivery>> {
    const ROWS: Sql = Sql {
        sqlite: concat!("SELECT ", columns!(), "
                 FROM deliveries AS d
                 JOIN webhooks AS w ON w.id = d.webhook_id AND w.project_id = $1
                 JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
                 LEFT JOIN attempts AS a ON a.delivery_id = d.id AND a.number = d.attempts
                 LEFT JOIN leads AS l ON l.conversation_id = d.conversation_id
                 LEFT JOIN sessions AS s ON s.id = l.session_id
                 WHERE d.id = $2 AND d.created_at = $3"),
        postgres: concat!("SELECT found.*
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (project_id, id, created_at)
                   CROSS JOIN LATERAL (
                       SELECT ", columns!(), "
                       FROM deliveries AS d
                       JOIN webhooks AS w ON w.id = d.webhook_id AND w.project_id = wanted.project_id
                       JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
                       LEFT JOIN LATERAL (
                           SELECT duration_ms FROM attempts WHERE delivery_id = d.id AND number = d.attempts LIMIT 1
                       ) AS a ON TRUE
                       LEFT JOIN leads AS l ON l.conversation_id = d.conversation_id
                       LEFT JOIN sessions AS s ON s.id = l.session_id
                       WHERE d.id = wanted.id AND d.created_at = wanted.created_at
                   ) AS found"),
    };
    let wanted: Vec<_> = found.iter().map(|at| [project.into(), at.id.into(), at.created_at.into()]).collect();
    let mut rows = conn.query_rows(ROWS, &wanted, read).await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.position()));
    Ok(rows)
}

/// Where the newest delivery of the project stands, of events from `since` on.
pub async fn newest(conn: &Conn, project: ProjectId, since: Timestamp) -> Result<Option<Position>> {
    const NEWEST: Sql = Sql {
        sqlite: "SELECT d.created_at, d.id
                 FROM webhooks AS w
                 JOIN deliveries AS d ON d.id = (
                     SELECT id
                     FROM deliveries
                     WHERE webhook_id = w.id AND created_at >= $2
                     ORDER BY created_at DESC, id DESC
                     LIMIT 1
                 )
                 WHERE w.project_id = $1 AND w.removed_at IS NULL",
        postgres: "SELECT newest.created_at, newest.id
                   FROM webhooks AS w
                   CROSS JOIN LATERAL (
                       SELECT created_at, id
                       FROM deliveries
                       WHERE webhook_id = w.id AND created_at >= $2
                       ORDER BY created_at DESC, id DESC
                       LIMIT 1
                   ) AS newest
                   WHERE w.project_id = $1 AND w.removed_at IS NULL",
    };
    Ok(conn
        .query(NEWEST, params![project, since], |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }))
        .await?
        .into_iter()
        .max())
}

/// A delivery, as far as it is said of its webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastDelivery {
    /// Where it is in its life.
    pub status: DeliveryStatus,
    /// When its event happened.
    pub created_at: Timestamp,
}

/// The newest delivery to a webhook of the project, of events from `since` on.
pub async fn last_of(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    since: Timestamp,
) -> Result<Option<LastDelivery>> {
    conn.find(
        "SELECT status, created_at
         FROM deliveries
         WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2) AND created_at >= $3
         ORDER BY created_at DESC, id DESC
         LIMIT 1",
        params![project, webhook, since],
        |row| {
            let status = DeliveryStatus::parse(&row.get::<String>(0)?).ok_or(Error::Column(0))?;
            Ok(LastDelivery { status, created_at: row.get(1)? })
        },
    )
    .await
}

/// An event of the project by its id, which tells its time to the millisecond.
pub async fn find_event(
    conn: &Conn,
    project: ProjectId,
    event_id: &str,
    ms: i64,
) -> Result<Option<(EventId, Timestamp)>> {
    conn.find(
        "SELECT id, created_at
         FROM events
         WHERE project_id = $1 AND created_at >= $2 AND created_at < $3 AND event_id = $4
         LIMIT 1",
        params![project, ms * 1_000, (ms + 1) * 1_000, event_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// The session of the project with that reference: its conversation, where somebody has written.
pub async fn find_session(
    conn: &Conn,
    project: ProjectId,
    folded_id: &str,
    correlation_id: &str,
) -> Result<Option<Option<ConversationId>>> {
    conn.find(
        "SELECT conversation_id
         FROM sessions
         WHERE folded_id = $2 AND correlation_id = $3 AND project_id = $1",
        params![project, folded_id, correlation_id],
        |row| row.get(0),
    )
    .await
}

/// The events of the clicks of the project's session with that reference, to which nobody has written, at most `most`: each by its
/// time and row key. An event has the time of its click.
pub async fn events_of_clicks(
    conn: &Conn,
    project: ProjectId,
    (folded_id, correlation_id): (&str, &str),
    most: u32,
) -> Result<Vec<Position>> {
    let like = format!("%\"correlation_id\":\"{correlation_id}\"%");
    // `+`: SQLite is to find the clicks by their session.
    conn.query(
        "SELECT e.created_at, e.id
         FROM sessions AS s
         JOIN clicks AS k ON k.session_id = s.id AND NOT k.linked
         JOIN events AS e ON e.project_id = k.project_id AND e.created_at = k.created_at AND e.event_type = 'widget.click'
         WHERE s.folded_id = $2 AND s.correlation_id = $3 AND +s.project_id = $1 AND e.body LIKE $4
         LIMIT $5",
        params![project, folded_id, correlation_id, &like, most],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}

/// The newest event of a type among the project's newest `most` events from `since` on: its row key and its time.
pub async fn newest_event(
    conn: &Conn,
    project: ProjectId,
    event_type: EventType,
    since: Timestamp,
    most: u32,
) -> Result<Option<(EventId, Timestamp)>> {
    conn.find(
        "SELECT id, created_at
         FROM (
             SELECT id, created_at, event_type
             FROM events
             WHERE project_id = $1 AND created_at >= $2
             ORDER BY created_at DESC, id DESC
             LIMIT $4
         ) AS newest
         WHERE event_type = $3
         ORDER BY created_at DESC, id DESC
         LIMIT 1",
        params![project, since, event_type.as_str(), most],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}
