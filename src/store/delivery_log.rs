//! Deliveries for people: what was sent where, what came back, and sending it again.

use std::cmp::Reverse;

use super::window::Position;
use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{DeliveryId, ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::params;

/// Webhooks whose row keys are read at once.
const WEBHOOKS_READ: i64 = 500;

/// A delivery as the log shows it.
#[derive(Clone, Debug)]
pub struct LoggedDelivery {
    /// Row key.
    pub id: DeliveryId,
    /// The webhook's UUID.
    pub webhook: String,
    /// Where it goes.
    pub url: String,
    /// Whether the webhook is on: what is due waits until it is.
    pub is_webhook_active: bool,
    /// `evt_…`
    pub event_id: String,
    /// `widget.click`, …
    pub event_type: String,
    /// Where it is in its life.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due.
    pub due_at: Option<Timestamp>,
    /// When the event happened.
    pub created_at: Timestamp,
}

fn read(row: &Row<'_>) -> Result<LoggedDelivery> {
    let status: String = row.get(6)?;
    Ok(LoggedDelivery {
        id: row.get(0)?,
        webhook: row.get(1)?,
        url: row.get(2)?,
        is_webhook_active: row.get(3)?,
        event_id: row.get(4)?,
        event_type: row.get(5)?,
        status: DeliveryStatus::parse(&status).ok_or(Error::Column(6))?,
        attempts: row.get(7)?,
        due_at: row.get(8)?,
        created_at: row.get(9)?,
    })
}

/// Which deliveries to show.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The webhook's UUID.
    pub webhook: Option<String>,
    /// Only those with this status.
    pub status: Option<DeliveryStatus>,
    /// Events from this time on.
    pub since: Option<Timestamp>,
}

/// The columns of a delivery in the log, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "d.id, w.public_id, w.url, w.is_active, e.event_id, e.event_type, d.status, d.attempts, d.due_at, d.created_at"
    };
}

/// The webhook and the event of a delivery `d`.
macro_rules! joined {
    () => {
        "JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id"
    };
}

/// The start of a search among the deliveries `d` of a webhook.
macro_rules! of_webhook {
    () => {
        " FROM (SELECT * FROM deliveries WHERE webhook_id = $2 AND created_at >= $3"
    };
}

/// The end of one for the newest.
macro_rules! newest_first {
    () => {
        " ORDER BY created_at DESC, id DESC LIMIT $4) AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         WHERE w.project_id = $1
         ORDER BY d.created_at DESC, d.id DESC"
    };
}

/// Deliveries of every project, newest first, at most `most`: the newest of each webhook, brought together. For the operator's
/// command.
pub async fn list(conn: &Conn, filter: &Filter, most: u32) -> Result<Vec<LoggedDelivery>> {
    let keep = usize::try_from(most).unwrap_or(usize::MAX);
    let (mut newest, mut after) = (Vec::new(), WebhookId(0));
    loop {
        let keys = match &filter.webhook {
            Some(public_id) => any_webhook_key(conn, public_id, after).await?,
            None => any_webhook_keys(conn, after).await?,
        };
        let Some((_, last)) = keys.last() else { return Ok(newest) };
        after = *last;
        for (project, webhook) in keys {
            newest.extend(of_webhook(conn, project, webhook, filter, most).await?);
            newest.sort_by_key(|row| Reverse((row.created_at, row.id)));
            newest.truncate(keep);
        }
    }
}

async fn any_webhook_key(conn: &Conn, public_id: &str, after: WebhookId) -> Result<Vec<(ProjectId, WebhookId)>> {
    conn.query(
        "SELECT project_id, id FROM webhooks WHERE public_id = $1 AND id > $2",
        params![public_id, after],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

async fn any_webhook_keys(conn: &Conn, after: WebhookId) -> Result<Vec<(ProjectId, WebhookId)>> {
    conn.query(
        "SELECT project_id, id FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2",
        params![after, WEBHOOKS_READ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// The newest of one webhook. What failed and what is pending is little among much: each has an index of its own. They are
/// found first and joined then: a planner takes key and time of an event for independent, and would count on next to none.
async fn of_webhook(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    filter: &Filter,
    most: u32,
) -> Result<Vec<LoggedDelivery>> {
    const ALL: &str = concat!("SELECT ", columns!(), of_webhook!(), newest_first!());
    const FAILED: &str = concat!("SELECT ", columns!(), of_webhook!(), " AND status = 'failed' ", newest_first!());
    const OTHERS: &str = concat!("SELECT ", columns!(), of_webhook!(), " AND status = $5 ", newest_first!());
    const PENDING: &str = concat!(
        "SELECT ",
        columns!(),
        of_webhook!(),
        " AND status = 'pending' ORDER BY due_at DESC LIMIT $4) AS d ",
        joined!(),
        " WHERE w.project_id = $1 ORDER BY d.due_at DESC"
    );
    let since = filter.since.unwrap_or(Timestamp::UNIX_EPOCH);
    let statement = match filter.status {
        None => ALL,
        Some(DeliveryStatus::Failed) => FAILED,
        Some(DeliveryStatus::Pending) => PENDING,
        Some(status) => {
            return conn.query(OTHERS, params![project, webhook, since, most, status.as_str()], read).await;
        }
    };
    conn.query(statement, params![project, webhook, since, most], read).await
}

/// The project's delivery of that row key.
pub async fn find(conn: &Conn, project: ProjectId, delivery: DeliveryId) -> Result<Option<LoggedDelivery>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM deliveries AS d ", joined!(), " WHERE w.project_id = $1 AND d.id = $2"),
        params![project, delivery],
        read,
    )
    .await
}

/// The body that a delivery of the project carries.
pub async fn body(conn: &Conn, project: ProjectId, delivery: DeliveryId) -> Result<String> {
    conn.get(
        concat!(
            "SELECT CASE w.service_name WHEN 'external' THEN COALESCE(e.body_external, e.body) ELSE e.body END
             FROM deliveries AS d ",
            joined!(),
            " WHERE w.project_id = $1 AND d.id = $2"
        ),
        params![project, delivery],
        |row| row.get(0),
    )
    .await
}

/// What was told of a conversation before.
#[derive(Clone, Debug)]
pub struct EarlierEvent {
    /// `lead.correlated`, …
    pub event_type: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// What it said.
    pub body: String,
}

/// The event of the same conversation before that of a delivery of the project.
pub async fn event_before(conn: &Conn, project: ProjectId, delivery: DeliveryId) -> Result<Option<EarlierEvent>> {
    conn.find(
        "SELECT before.event_type, before.created_at, before.body
         FROM deliveries AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS before ON before.conversation_id = d.conversation_id AND before.id < d.event_id
         WHERE w.project_id = $1 AND d.id = $2 AND before.project_id = $1
         ORDER BY before.id DESC
         LIMIT 1",
        params![project, delivery],
        |row| Ok(EarlierEvent { event_type: row.get(0)?, created_at: row.get(1)?, body: row.get(2)? }),
    )
    .await
}

/// An attempt as the log keeps it.
#[derive(Clone, Debug)]
pub struct LoggedAttempt {
    /// From 1.
    pub number: u32,
    /// When the request began.
    pub started_at: Timestamp,
    /// Until its end.
    pub duration_ms: i64,
    /// The status of the response, where there was one.
    pub status_code: Option<i64>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// The headers of the request, as the log has them.
    pub sent: String,
    /// JSON: a list of names and values.
    pub response_headers: Option<String>,
    /// At most 16 KiB.
    pub response_body: Option<String>,
}

/// The attempts of a delivery of the project, oldest first.
pub async fn attempts(conn: &Conn, project: ProjectId, delivery: DeliveryId) -> Result<Vec<LoggedAttempt>> {
    conn.query(
        "SELECT number, started_at, duration_ms, status_code, error, sent, response_headers, response_body
         FROM attempts
         WHERE delivery_id = $2 AND EXISTS (
             SELECT 1
             FROM deliveries AS d
             JOIN webhooks AS w ON w.id = d.webhook_id
             WHERE d.id = $2 AND w.project_id = $1
         )
         ORDER BY number",
        params![project, delivery],
        |row| {
            Ok(LoggedAttempt {
                number: row.get(0)?,
                started_at: row.get(1)?,
                duration_ms: row.get(2)?,
                status_code: row.get(3)?,
                error: row.get(4)?,
                sent: row.get(5)?,
                response_headers: row.get(6)?,
                response_body: row.get(7)?,
            })
        },
    )
    .await
}

/// The project that a delivery belongs to: for the operator's commands, which name no project.
pub async fn project_of(conn: &Conn, delivery: DeliveryId) -> Result<Option<ProjectId>> {
    conn.find(
        "SELECT w.project_id
         FROM deliveries AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         WHERE d.id = $1",
        params![delivery],
        |row| row.get(0),
    )
    .await
}

/// Makes one delivery of the project due again, with its retry schedule from the start; `false` where the project has no such
/// delivery. What was cancelled, or belongs to a webhook that was removed, stays as it is.
pub async fn resend(tx: &Tx, project: ProjectId, delivery: DeliveryId, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE deliveries
             SET status = 'pending', due_at = $3, retries_from = attempts
             WHERE id = $2 AND status <> 'cancelled'
               AND webhook_id IN (SELECT id FROM webhooks WHERE project_id = $1 AND removed_at IS NULL)",
        params![project, delivery, now],
    )
    .await
}

/// Makes one delivery of the project due again as [`resend`] does, if it is a failed one still.
pub async fn resend_if_failed(tx: &Tx, project: ProjectId, delivery: DeliveryId, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE deliveries
             SET status = 'pending', due_at = $3, retries_from = attempts
             WHERE id = $2 AND status = 'failed' AND webhook_id IN (SELECT id FROM webhooks WHERE project_id = $1)",
        params![project, delivery, now],
    )
    .await
}

/// Failed deliveries of the project's webhook behind `after`, oldest first, at most `most`: where each stands in its log.
pub async fn failed(
    conn: &Conn,
    project: ProjectId,
    webhook: WebhookId,
    after: Position,
    most: u32,
) -> Result<Vec<Position>> {
    conn.query(
        "SELECT created_at, id
         FROM deliveries
         WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2) AND status = 'failed'
           AND (created_at, id) > ($3, $4)
         ORDER BY created_at, id
         LIMIT $5",
        params![project, webhook, after.created_at, after.id, most],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}

/// Webhooks of all projects that were not removed, with row keys above `after`, at most `most`: for the operator's commands,
/// which name no project.
pub async fn webhook_keys(conn: &Conn, after: WebhookId, most: u32) -> Result<Vec<(ProjectId, WebhookId)>> {
    conn.query(
        "SELECT project_id, id FROM webhooks WHERE id > $1 AND removed_at IS NULL ORDER BY id LIMIT $2",
        params![after, most],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// The project and row key of the webhook with that UUID, whichever project it is of: for the operator's commands.
pub async fn webhook_key(conn: &Conn, public_id: &str) -> Result<Option<(ProjectId, WebhookId)>> {
    conn.find(
        "SELECT project_id, id FROM webhooks WHERE public_id = $1 AND removed_at IS NULL",
        params![public_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}
