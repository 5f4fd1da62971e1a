//! Deliveries as work: which are due, claiming and settling them. Their log for people is `delivery_log`.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// A claimed delivery: what an attempt needs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Row key.
    pub id: i64,
    /// Row key of the webhook.
    pub webhook_id: i64,
    /// The number of this attempt, from 1. Settling is fenced by it.
    pub attempt: u32,
    /// The attempt that its retry schedule counts from: 0, or the last one before somebody resent it.
    pub retries_from: u32,
    /// `evt_…`
    pub event_id: String,
    /// The body for webhooks that want E.164.
    pub body: String,
    /// The body for service `external`, where it differs.
    pub body_external: Option<String>,
}

/// The webhooks that are on and have a delivery due.
pub async fn due_webhooks(conn: &Conn, now: Timestamp) -> Result<Vec<i64>> {
    conn.query(
        "SELECT webhooks.id
         FROM webhooks
         WHERE webhooks.is_active AND webhooks.removed_at IS NULL AND EXISTS (
             SELECT 1 FROM deliveries WHERE deliveries.webhook_id = webhooks.id AND deliveries.due_at <= $1
         )",
        params![now],
        |row| row.get(0),
    )
    .await
}

/// When the next delivery falls due, after `now`, of a webhook that is on.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.get(
        "SELECT MIN((
             SELECT MIN(deliveries.due_at) FROM deliveries WHERE deliveries.webhook_id = webhooks.id AND deliveries.due_at > $1
         ))
         FROM webhooks
         WHERE webhooks.is_active AND webhooks.removed_at IS NULL",
        params![now],
        |row| row.get(0),
    )
    .await
}

/// Claims up to `most` due deliveries of a webhook until `lease_until`. Of one conversation, none is claimed before the
/// first attempt of the one before it has ended.
pub async fn claim(tx: &Tx, webhook: i64, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<Claimed>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE deliveries
                 SET due_at = $3, attempts = attempts + 1
                 WHERE id IN (
                     SELECT d.id
                     FROM deliveries AS d
                     WHERE d.webhook_id = $1 AND d.due_at <= $2 AND (d.conversation_id IS NULL OR d.tried OR NOT EXISTS (
                         SELECT 1
                         FROM deliveries AS before
                         WHERE before.webhook_id = d.webhook_id AND before.conversation_id = d.conversation_id
                           AND NOT before.tried AND before.id < d.id
                     ))
                     ORDER BY d.due_at, d.id
                     LIMIT $4
                 )
                 RETURNING id, webhook_id, attempts, retries_from,
                           (SELECT event_id FROM events WHERE events.id = deliveries.event_id),
                           (SELECT body FROM events WHERE events.id = deliveries.event_id),
                           (SELECT body_external FROM events WHERE events.id = deliveries.event_id)",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE deliveries
                   SET due_at = $3, attempts = deliveries.attempts + 1
                   FROM (
                       SELECT d.id, e.event_id, e.body, e.body_external
                       FROM deliveries AS d JOIN events AS e ON e.id = d.event_id
                       WHERE d.webhook_id = $1 AND d.due_at <= $2 AND (d.conversation_id IS NULL OR d.tried OR NOT EXISTS (
                           SELECT 1
                           FROM deliveries AS before
                           WHERE before.webhook_id = d.webhook_id AND before.conversation_id = d.conversation_id
                             AND NOT before.tried AND before.id < d.id
                       ))
                       ORDER BY d.due_at, d.id
                       LIMIT $4
                       FOR UPDATE OF d SKIP LOCKED
                   ) AS due
                   WHERE deliveries.id = due.id
                   RETURNING deliveries.id, deliveries.webhook_id, deliveries.attempts, deliveries.retries_from,
                             due.event_id, due.body, due.body_external",
    };
    tx.query(CLAIM, params![webhook, now, lease_until, most], |row| {
        Ok(Claimed {
            id: row.get(0)?,
            webhook_id: row.get(1)?,
            attempt: row.get(2)?,
            retries_from: row.get(3)?,
            event_id: row.get(4)?,
            body: row.get(5)?,
            body_external: row.get(6)?,
        })
    })
    .await
}

/// Ends the attempt `attempt`: `due_at` is the next one's time, none where there is no next. Tells whether it was still ours:
/// a lease that ran out may have given the delivery to another worker.
pub async fn settle(tx: &Tx, id: i64, attempt: u32, status: &str, due_at: Option<Timestamp>) -> Result<bool> {
    let touched = tx
        .execute(
            "UPDATE deliveries
             SET status = $3, due_at = $4, tried = TRUE
             WHERE id = $1 AND attempts = $2 AND status = 'pending'",
            params![id, attempt, status, due_at],
        )
        .await?;
    Ok(touched == 1)
}

/// What the log keeps of an attempt.
pub struct AttemptRow<'a> {
    /// Row key of the delivery.
    pub delivery_id: i64,
    /// From 1.
    pub number: u32,
    /// When the request began.
    pub started_at: Timestamp,
    /// Until its end.
    pub duration_ms: i64,
    /// The answer's status, where there was an answer.
    pub status_code: Option<i64>,
    /// Why it failed, in words.
    pub problem: Option<&'a str>,
    /// A JSON object.
    pub request_headers: &'a str,
    /// A JSON object.
    pub answer_headers: Option<&'a str>,
    /// At most 16 KiB.
    pub answer_body: Option<&'a str>,
}

/// Logs an attempt.
pub async fn log_attempt(tx: &Tx, attempt: &AttemptRow<'_>) -> Result<u64> {
    tx.execute(
        "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, problem, request_headers,
                               answer_headers, answer_body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            attempt.delivery_id,
            attempt.number,
            attempt.started_at,
            attempt.duration_ms,
            attempt.status_code,
            attempt.problem,
            attempt.request_headers,
            attempt.answer_headers,
            attempt.answer_body
        ],
    )
    .await
}
