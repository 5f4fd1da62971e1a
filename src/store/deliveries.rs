//! Deliveries as work: which are due, claiming and settling them. Their log for people is `delivery_log`.

use crate::db::{Conn, Result, Row, Sql, Tx, Value};
use crate::domain::time::Timestamp;

/// A claimed delivery.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Row key.
    pub id: i64,
    /// Row key of the webhook.
    pub webhook_id: i64,
    /// Row key of the event.
    pub event: i64,
    /// When the event happened.
    pub created_at: Timestamp,
    /// The number of this attempt, from 1. Settling is fenced by it.
    pub attempt: u32,
    /// The attempt that its retry schedule counts from: 0, or the last one before somebody resent it.
    pub retries_from: u32,
    /// It belongs to a conversation: the next one of that waits for it.
    pub in_order: bool,
}

/// The webhooks that are on and have deliveries before them, each with the time at which its earliest falls due. Costs a few
/// searches of an index for each of them, however many deliveries wait.
pub async fn waiting(conn: &Conn) -> Result<Vec<(i64, Timestamp)>> {
    conn.query(
        "WITH RECURSIVE waiting (webhook_id) AS (
             SELECT MIN(webhook_id) FROM deliveries WHERE status = 'pending'
             UNION ALL
             SELECT (
                 SELECT MIN(deliveries.webhook_id)
                 FROM deliveries
                 WHERE deliveries.status = 'pending' AND deliveries.webhook_id > waiting.webhook_id
             )
             FROM waiting
             WHERE waiting.webhook_id IS NOT NULL
         )
         SELECT webhooks.id, (
             SELECT deliveries.due_at
             FROM deliveries
             WHERE deliveries.webhook_id = webhooks.id AND deliveries.status = 'pending'
             ORDER BY deliveries.due_at
             LIMIT 1
         )
         FROM waiting JOIN webhooks ON webhooks.id = waiting.webhook_id
         WHERE webhooks.is_active AND webhooks.removed_at IS NULL",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// Claims due deliveries of webhooks until `lease_until`, up to so many of each, in the order in which they fell due. Of one
/// conversation, none is claimed before the first attempt of the one before it has ended. `takes_place`: they count
/// against the concurrency of the webhook.
pub async fn claim(
    tx: &Tx,
    wanted: &[(i64, u32)],
    now: Timestamp,
    lease_until: Timestamp,
    takes_place: bool,
) -> Result<Vec<Claimed>> {
    const DUE: Sql = Sql {
        sqlite: "SELECT d.id, d.webhook_id, d.event_id, d.attempts, d.retries_from, d.created_at,
                        d.conversation_id IS NOT NULL
                 FROM deliveries AS d
                 WHERE d.webhook_id = $1 AND d.due_at <= $3 AND d.status = 'pending'
                   AND (d.conversation_id IS NULL OR d.tried OR NOT EXISTS (
                     SELECT 1
                     FROM deliveries AS before
                     WHERE before.webhook_id = d.webhook_id AND before.conversation_id = d.conversation_id
                       AND before.status = 'pending' AND NOT before.tried AND before.id < d.id
                   ))
                 ORDER BY d.due_at, d.id
                 LIMIT $2",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "SELECT due.*
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (webhook_id, most, now)
                   CROSS JOIN LATERAL (
                       SELECT d.id, d.webhook_id, d.event_id, d.attempts, d.retries_from, d.created_at,
                              d.conversation_id IS NOT NULL
                       FROM deliveries AS d
                       WHERE d.webhook_id = wanted.webhook_id AND d.due_at <= wanted.now AND d.status = 'pending'
                         AND (d.conversation_id IS NULL OR d.tried OR NOT EXISTS (
                             SELECT 1
                             FROM deliveries AS before
                             WHERE before.webhook_id = d.webhook_id AND before.conversation_id = d.conversation_id
                               AND before.status = 'pending' AND NOT before.tried AND before.id < d.id
                         ))
                       ORDER BY d.due_at, d.id
                       LIMIT wanted.most
                       FOR UPDATE SKIP LOCKED
                   ) AS due",
    };
    const LEASE: Sql = Sql {
        sqlite: "UPDATE deliveries SET due_at = $2, takes_place = $3, attempts = attempts + 1 WHERE id = $1",
        postgres: "UPDATE deliveries
                   SET due_at = claimed.due_at, takes_place = claimed.takes_place, attempts = deliveries.attempts + 1
                   FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS claimed (id, due_at, takes_place)
                   WHERE deliveries.id = claimed.id AND deliveries.status = 'pending'",
    };
    let read = |row: &Row<'_>| {
        Ok(Claimed {
            id: row.get(0)?,
            webhook_id: row.get(1)?,
            event: row.get(2)?,
            attempt: row.get::<u32>(3)? + 1,
            retries_from: row.get(4)?,
            created_at: row.get(5)?,
            in_order: row.get(6)?,
        })
    };
    let rows: Vec<_> = wanted.iter().map(|&(webhook, most)| [webhook.into(), most.into(), now.into()]).collect();
    let due = tx.query_rows(DUE, &rows, read).await?;
    let rows: Vec<_> = due.iter().map(|one| [one.id.into(), lease_until.into(), takes_place.into()]).collect();
    tx.execute_rows(LEASE, &rows).await?;
    Ok(due)
}

/// How an attempt left its delivery.
#[derive(Clone, Debug)]
pub struct Settled<'a> {
    /// Row key of the delivery.
    pub id: i64,
    /// The attempt's number.
    pub attempt: u32,
    /// `pending`, `delivered` or `failed`.
    pub status: &'a str,
    /// When the next attempt is due, where there is one.
    pub due_at: Option<Timestamp>,
}

impl<'a> Settled<'a> {
    fn values(&self) -> [Value<'a>; 4] {
        [self.id.into(), self.attempt.into(), self.status.into(), self.due_at.into()]
    }
}

/// Ends attempts. One whose lease ran out is left alone: another worker may have the delivery. So is one that somebody
/// resent meanwhile: it is due.
pub async fn settle(tx: &Tx, settled: &[Settled<'_>]) -> Result<u64> {
    const SETTLE: Sql = Sql {
        sqlite: "UPDATE deliveries
                 SET status = $3, due_at = $4, tried = TRUE, takes_place = FALSE
                 WHERE id = $1 AND attempts = $2 AND retries_from < $2 AND status = 'pending'",
        postgres: "UPDATE deliveries
                   SET status = settled.status, due_at = settled.due_at, tried = TRUE, takes_place = FALSE
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])
                       AS settled (id, attempt, status, due_at)
                   WHERE deliveries.id = settled.id AND deliveries.attempts = settled.attempt
                     AND deliveries.retries_from < settled.attempt AND deliveries.status = 'pending'",
    };
    let rows: Vec<_> = settled.iter().map(Settled::values).collect();
    tx.execute_rows(SETTLE, &rows).await
}

/// Gives claimed deliveries back that no attempt was made of: due at `now`, as if they had not been claimed. The retry
/// schedule of one that was resent meanwhile counts from the attempt before.
pub async fn give_back(tx: &Tx, claimed: &[Claimed], now: Timestamp) -> Result<u64> {
    const GIVE_BACK: Sql = Sql {
        sqlite: "UPDATE deliveries
                 SET due_at = $3, takes_place = FALSE, attempts = attempts - 1,
                     retries_from = MIN(retries_from, attempts - 1)
                 WHERE id = $1 AND attempts = $2 AND status = 'pending'",
        postgres: "UPDATE deliveries
                   SET due_at = given.due_at, takes_place = FALSE, attempts = attempts - 1,
                       retries_from = LEAST(retries_from, attempts - 1)
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (id, attempt, due_at)
                   WHERE deliveries.id = given.id AND deliveries.attempts = given.attempt
                     AND deliveries.status = 'pending'",
    };
    let rows: Vec<_> = claimed.iter().map(|one| [one.id.into(), one.attempt.into(), now.into()]).collect();
    tx.execute_rows(GIVE_BACK, &rows).await
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
    /// The headers of the request, as the log has them.
    pub sent: &'a str,
    /// JSON: a list of names and values.
    pub answer_headers: Option<&'a str>,
    /// At most 16 KiB.
    pub answer_body: Option<&'a str>,
}

impl<'a> AttemptRow<'a> {
    fn values(&self) -> [Value<'a>; 9] {
        [
            self.delivery_id.into(),
            self.number.into(),
            self.started_at.into(),
            self.duration_ms.into(),
            self.status_code.into(),
            self.problem.into(),
            self.sent.into(),
            self.answer_headers.into(),
            self.answer_body.into(),
        ]
    }
}

/// Logs attempts. One that is logged already, by a write of which it was not known whether it was done, is left as it is.
pub async fn log_attempts(tx: &Tx, attempts: &[AttemptRow<'_>]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, problem,
                                       sent, answer_headers, answer_body)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (delivery_id, number, started_at) DO NOTHING",
        postgres: "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, problem,
                                         sent, answer_headers, answer_body)
                   SELECT *
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                               $8::text[], $9::text[])
                   ON CONFLICT (delivery_id, number, started_at) DO NOTHING",
    };
    let rows: Vec<_> = attempts.iter().map(AttemptRow::values).collect();
    tx.execute_rows(INSERT, &rows).await
}
