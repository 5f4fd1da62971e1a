//! Deliveries for people: what was sent where, what was answered, and sending it again.

use std::cmp::Reverse;

use super::window::Position;
use crate::db::{Conn, Result, Row, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// Webhooks whose row keys are read at once.
const WEBHOOKS_READ: i64 = 500;

/// A delivery as the log shows it.
#[derive(Clone, Debug)]
pub struct LoggedDelivery {
    /// Row key.
    pub id: i64,
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
    /// `pending`, `delivered`, `failed` or `cancelled`.
    pub status: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due.
    pub due_at: Option<Timestamp>,
    /// When the event happened.
    pub created_at: Timestamp,
}

fn read(row: &Row<'_>) -> Result<LoggedDelivery> {
    Ok(LoggedDelivery {
        id: row.get(0)?,
        webhook: row.get(1)?,
        url: row.get(2)?,
        is_webhook_active: row.get(3)?,
        event_id: row.get(4)?,
        event_type: row.get(5)?,
        status: row.get(6)?,
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
    /// `pending`, `delivered`, `failed` or `cancelled`.
    pub status: Option<String>,
    /// Events from this time on.
    pub since: Option<Timestamp>,
}

/// Deliveries, newest first, at most `most`: the newest of each webhook, brought together.
pub async fn list(conn: &Conn, filter: &Filter, most: u32) -> Result<Vec<LoggedDelivery>> {
    let keep = usize::try_from(most).unwrap_or(usize::MAX);
    let (mut newest, mut after) = (Vec::new(), 0);
    loop {
        let keys = match &filter.webhook {
            Some(public_id) => any_webhook_key(conn, public_id, after).await?,
            None => any_webhook_keys(conn, after).await?,
        };
        let Some(last) = keys.last() else { return Ok(newest) };
        after = *last;
        for webhook in keys {
            newest.extend(of_webhook(conn, webhook, filter, most).await?);
            newest.sort_by_key(|row| Reverse((row.created_at, row.id)));
            newest.truncate(keep);
        }
    }
}

async fn any_webhook_key(conn: &Conn, public_id: &str, after: i64) -> Result<Vec<i64>> {
    conn.query("SELECT id FROM webhooks WHERE public_id = $1 AND id > $2", params![public_id, after], |row| row.get(0))
        .await
}

async fn any_webhook_keys(conn: &Conn, after: i64) -> Result<Vec<i64>> {
    conn.query("SELECT id FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2", params![after, WEBHOOKS_READ], |row| {
        row.get(0)
    })
    .await
}

/// The newest of one webhook. What failed and what is pending is little among much: each has an index of its own. They are
/// found first and joined then: a planner takes key and time of an event for independent, and would count on next to none.
async fn of_webhook(conn: &Conn, webhook: i64, filter: &Filter, most: u32) -> Result<Vec<LoggedDelivery>> {
    const ALL: &str =
        "SELECT d.id, w.public_id, w.url, w.is_active, e.event_id, e.event_type, d.status, d.attempts, d.due_at, d.created_at
         FROM (
             SELECT * FROM deliveries
             WHERE webhook_id = $1 AND created_at >= $2
             ORDER BY created_at DESC, id DESC
             LIMIT $3
         ) AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         ORDER BY d.created_at DESC, d.id DESC";
    const FAILED: &str =
        "SELECT d.id, w.public_id, w.url, w.is_active, e.event_id, e.event_type, d.status, d.attempts, d.due_at, d.created_at
         FROM (
             SELECT * FROM deliveries
             WHERE webhook_id = $1 AND created_at >= $2 AND status = 'failed'
             ORDER BY created_at DESC, id DESC
             LIMIT $3
         ) AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         ORDER BY d.created_at DESC, d.id DESC";
    const PENDING: &str =
        "SELECT d.id, w.public_id, w.url, w.is_active, e.event_id, e.event_type, d.status, d.attempts, d.due_at, d.created_at
         FROM (
             SELECT * FROM deliveries
             WHERE webhook_id = $1 AND created_at >= $2 AND status = 'pending'
             ORDER BY due_at DESC
             LIMIT $3
         ) AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         ORDER BY d.due_at DESC";
    let since = filter.since.unwrap_or(Timestamp::UNIX_EPOCH);
    let statement = match filter.status.as_deref() {
        None => ALL,
        Some("failed") => FAILED,
        Some("pending") => PENDING,
        Some(status) => return of_status(conn, webhook, since, status, most).await,
    };
    conn.query(statement, params![webhook, since, most], read).await
}

/// The newest of one webhook that were delivered, or cancelled.
async fn of_status(
    conn: &Conn,
    webhook: i64,
    since: Timestamp,
    status: &str,
    most: u32,
) -> Result<Vec<LoggedDelivery>> {
    conn.query(
        "SELECT d.id, w.public_id, w.url, w.is_active, e.event_id, e.event_type, d.status, d.attempts, d.due_at, d.created_at
         FROM (
             SELECT * FROM deliveries
             WHERE webhook_id = $1 AND created_at >= $2 AND status = $3
             ORDER BY created_at DESC, id DESC
             LIMIT $4
         ) AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         ORDER BY d.created_at DESC, d.id DESC",
        params![webhook, since, status, most],
        read,
    )
    .await
}

/// The delivery of that row key.
pub async fn find(conn: &Conn, delivery: i64) -> Result<Option<LoggedDelivery>> {
    conn.find(
        "SELECT d.id, w.public_id, w.url, w.is_active, e.event_id, e.event_type, d.status, d.attempts, d.due_at, d.created_at
         FROM deliveries AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         WHERE d.id = $1",
        params![delivery],
        read,
    )
    .await
}

/// The body that a delivery carries.
pub async fn body(conn: &Conn, delivery: i64) -> Result<String> {
    conn.get(
        "SELECT CASE w.service_name WHEN 'external' THEN COALESCE(e.body_external, e.body) ELSE e.body END
         FROM deliveries AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id
         WHERE d.id = $1",
        params![delivery],
        |row| row.get(0),
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
    /// The answer's status, where there was an answer.
    pub status_code: Option<i64>,
    /// Why it failed, in words.
    pub problem: Option<String>,
    /// The headers of the request, as the log has them.
    pub sent: String,
    /// JSON: a list of names and values.
    pub answer_headers: Option<String>,
    /// At most 16 KiB.
    pub answer_body: Option<String>,
}

/// The attempts of a delivery, oldest first.
pub async fn attempts(conn: &Conn, delivery: i64) -> Result<Vec<LoggedAttempt>> {
    conn.query(
        "SELECT number, started_at, duration_ms, status_code, problem, sent, answer_headers, answer_body
         FROM attempts
         WHERE delivery_id = $1
         ORDER BY number",
        params![delivery],
        |row| {
            Ok(LoggedAttempt {
                number: row.get(0)?,
                started_at: row.get(1)?,
                duration_ms: row.get(2)?,
                status_code: row.get(3)?,
                problem: row.get(4)?,
                sent: row.get(5)?,
                answer_headers: row.get(6)?,
                answer_body: row.get(7)?,
            })
        },
    )
    .await
}

/// The project that a delivery belongs to: for the operator's commands, which name no project.
pub async fn project_of(conn: &Conn, delivery: i64) -> Result<Option<ProjectId>> {
    conn.find(
        "SELECT w.project_id
         FROM deliveries AS d
         JOIN webhooks AS w ON w.id = d.webhook_id
         WHERE d.id = $1",
        params![delivery],
        |row| Ok(ProjectId(row.get(0)?)),
    )
    .await
}

/// Makes one delivery of the project due again, with its retry schedule from the start; `false` where the project has no such
/// delivery. What was cancelled, or belongs to a webhook that was removed, stays as it is.
pub async fn resend(tx: &Tx, project: ProjectId, delivery: i64, now: Timestamp) -> Result<bool> {
    let touched = tx
        .execute(
            "UPDATE deliveries
             SET status = 'pending', due_at = $3, retries_from = attempts
             WHERE id = $2 AND status <> 'cancelled'
               AND webhook_id IN (SELECT id FROM webhooks WHERE project_id = $1 AND removed_at IS NULL)",
            params![project.0, delivery, now],
        )
        .await?;
    Ok(touched == 1)
}

/// Makes one delivery due again as [`resend`] does, if it is a failed one still.
pub async fn resend_if_failed(tx: &Tx, delivery: i64, now: Timestamp) -> Result<bool> {
    let touched = tx
        .execute(
            "UPDATE deliveries
             SET status = 'pending', due_at = $2, retries_from = attempts
             WHERE id = $1 AND status = 'failed'",
            params![delivery, now],
        )
        .await?;
    Ok(touched == 1)
}

/// Failed deliveries of a webhook behind `after`, oldest first, at most `most`: where each stands in its log.
pub async fn failed(conn: &Conn, webhook: i64, after: Position, most: u32) -> Result<Vec<Position>> {
    conn.query(
        "SELECT created_at, id
         FROM deliveries
         WHERE webhook_id = $1 AND status = 'failed' AND (created_at, id) > ($2, $3)
         ORDER BY created_at, id
         LIMIT $4",
        params![webhook, after.created_at, after.id, most],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}

/// Row keys above `after` of webhooks of all projects that were not removed: at most `most`.
pub async fn webhook_keys(conn: &Conn, after: i64, most: u32) -> Result<Vec<i64>> {
    conn.query(
        "SELECT id FROM webhooks WHERE id > $1 AND removed_at IS NULL ORDER BY id LIMIT $2",
        params![after, most],
        |row| row.get(0),
    )
    .await
}

/// The project and row key of the webhook with that UUID, whichever project it is of: for the operator's commands.
pub async fn webhook_key(conn: &Conn, public_id: &str) -> Result<Option<(ProjectId, i64)>> {
    conn.find(
        "SELECT project_id, id FROM webhooks WHERE public_id = $1 AND removed_at IS NULL",
        params![public_id],
        |row| Ok((ProjectId(row.get(0)?), row.get(1)?)),
    )
    .await
}
