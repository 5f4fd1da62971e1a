//! Deliveries as work: which are due, claiming and settling them. Their log for people is `delivery_log`.

use crate::db::{Conn, Result, Row, Sql, Tx, Value};
use crate::domain::attempt_result::AttemptResult;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{ConversationId, DeliveryId, EventId, WebhookId};
use crate::domain::time::Timestamp;
use crate::params;

/// A delivery that is stored with its event.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery {
    /// Row key.
    pub id: DeliveryId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// What is sent.
    pub event: EventId,
    /// The conversation whose order it keeps.
    pub conversation: Option<ConversationId>,
    /// When its event happened.
    pub created_at: Timestamp,
    /// Until when it is leased, for its first attempt, by the node that stores it; due at once where it is `None`.
    pub lease_until: Option<Timestamp>,
}

impl NewDelivery {
    fn values(&self) -> [Value<'static>; 7] {
        [
            self.id.into(),
            self.webhook.into(),
            self.event.into(),
            self.conversation.into(),
            i64::from(self.lease_until.is_some()).into(),
            self.lease_until.unwrap_or(self.created_at).into(),
            self.created_at.into(),
        ]
    }
}

/// Stores deliveries of events that were stored in this transaction, to webhooks that it has read by their projects.
pub async fn insert(tx: &Tx, deliveries: &[NewDelivery]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite:
            "INSERT INTO deliveries (id, webhook_id, event_id, conversation_id, attempts, due_at, created_at, status,
                                         retries_from, tried, holds_slot)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, FALSE, FALSE)",
        postgres:
            "INSERT INTO deliveries (id, webhook_id, event_id, conversation_id, attempts, due_at, created_at, status,
                                           retries_from, tried, holds_slot)
                   SELECT new.*, 'pending', 0, FALSE, FALSE
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                               $7::bigint[]) AS new",
    };
    let rows: Vec<_> = deliveries.iter().map(NewDelivery::values).collect();
    tx.execute_rows(INSERT, &rows).await
}

/// The newest delivery of each conversation to a webhook that no attempt was made of, where there is one. Webhooks are of
/// several projects, as the events of one transaction are: the caller has read each by its project.
pub async fn newest_untried(conn: &Conn, of: &[(WebhookId, ConversationId)]) -> Result<Vec<DeliveryId>> {
    const NEWEST: Sql = Sql {
        sqlite: "SELECT MAX(id)
                 FROM deliveries
                 WHERE webhook_id = $1 AND conversation_id = $2 AND status = 'pending' AND NOT tried",
        postgres: "SELECT newest.id
                   FROM unnest($1::bigint[], $2::bigint[]) AS wanted (webhook_id, conversation_id)
                   CROSS JOIN LATERAL (
                       SELECT MAX(id) AS id
                       FROM deliveries
                       WHERE webhook_id = wanted.webhook_id AND conversation_id = wanted.conversation_id
                         AND status = 'pending' AND NOT tried
                   ) AS newest",
    };
    let rows: Vec<_> = of.iter().map(|(webhook, conversation)| [(*webhook).into(), (*conversation).into()]).collect();
    let newest: Vec<Option<DeliveryId>> = conn.query_rows(NEWEST, &rows, |row| row.get(0)).await?;
    Ok(newest.into_iter().flatten().collect())
}

/// The lease of a delivery: what a claim returns, and settling is fenced by.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Row key of the delivery.
    pub id: DeliveryId,
    /// Row key of the webhook.
    pub webhook_id: WebhookId,
    /// Row key of the event.
    pub event: EventId,
    /// When the event happened.
    pub created_at: Timestamp,
    /// The number of this attempt, from 1. Settling is fenced by it.
    pub attempt: u32,
    /// The attempt that its retry schedule counts from: 0, or the last one before somebody resent it.
    pub retries_from: u32,
    /// It belongs to a conversation: the next one of that waits for it.
    pub in_order: bool,
}

/// The active webhooks of all projects, but for paused ones, that have pending deliveries, each with the time at which its earliest is due. For the
/// dispatcher, which works for every tenant. Costs a few searches of an index for each webhook, however many deliveries wait.
pub async fn waiting(conn: &Conn) -> Result<Vec<(WebhookId, Timestamp)>> {
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
         WHERE webhooks.is_active AND webhooks.paused_at IS NULL AND webhooks.removed_at IS NULL",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// Claims due deliveries of webhooks until `lease_until`, up to so many of each, in the order in which they fell due. Of one
/// conversation, none is claimed before the first attempt of the one before it has ended. `holds_slot`: they count against the
/// concurrency limit of the webhook. For the dispatcher, which works for every tenant and names webhooks that it has read.
pub async fn claim(
    tx: &Tx,
    wanted: &[(WebhookId, u32)],
    now: Timestamp,
    lease_until: Timestamp,
    holds_slot: bool,
) -> Result<Vec<Lease>> {
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
        sqlite: "UPDATE deliveries SET due_at = $2, holds_slot = $3, attempts = attempts + 1 WHERE id = $1",
        postgres: "UPDATE deliveries
                   SET due_at = claimed.due_at, holds_slot = claimed.holds_slot, attempts = deliveries.attempts + 1
                   FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS claimed (id, due_at, holds_slot)
                   WHERE deliveries.id = claimed.id AND deliveries.status = 'pending'",
    };
    let read = |row: &Row<'_>| {
        Ok(Lease {
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
    let rows: Vec<_> = due.iter().map(|one| [one.id.into(), lease_until.into(), holds_slot.into()]).collect();
    tx.execute_rows(LEASE, &rows).await?;
    Ok(due)
}

/// When a delivery is due at the latest after some attempts of its retry schedule.
#[derive(Clone, Copy, Debug)]
pub struct DueBound {
    /// After so many attempts.
    pub attempts: u32,
    /// Up to so many.
    pub attempts_max: u32,
    /// The latest time.
    pub due_max: Timestamp,
}

/// The webhooks of all projects that have deliveries which are due after a time. For the worker, which works for every tenant.
pub async fn webhooks_due_after(conn: &Conn, after: Timestamp) -> Result<Vec<WebhookId>> {
    conn.query(
        "SELECT webhooks.id
         FROM webhooks
         WHERE EXISTS (
             SELECT 1
             FROM deliveries
             WHERE deliveries.webhook_id = webhooks.id AND deliveries.status = 'pending' AND deliveries.due_at > $1
         )",
        params![after],
        |row| row.get(0),
    )
    .await
}

/// Up to `most` deliveries of a webhook that are due later than the bound. For the worker, as [`webhooks_due_after`] is.
pub async fn find_late(conn: &Conn, webhook: WebhookId, bound: DueBound, most: u32) -> Result<Vec<DeliveryId>> {
    conn.query(
        "SELECT id
         FROM deliveries
         WHERE webhook_id = $1 AND status = 'pending' AND due_at > $2 AND attempts - retries_from BETWEEN $3 AND $4
         LIMIT $5",
        params![webhook, bound.due_max, bound.attempts, bound.attempts_max, most],
        |row| row.get(0),
    )
    .await
}

/// Makes deliveries that were found late due at `due_max`, unless they are by now. For the worker, as [`webhooks_due_after`] is.
pub async fn bring_forward(tx: &Tx, late: &[DeliveryId], due_max: Timestamp) -> Result<u64> {
    const BRING: Sql = Sql {
        sqlite: "UPDATE deliveries SET due_at = $2 WHERE id = $1 AND status = 'pending' AND due_at > $2",
        postgres:
            "UPDATE deliveries
                   SET due_at = late.due_max
                   FROM unnest($1::bigint[], $2::bigint[]) AS late (id, due_max)
                   WHERE deliveries.id = late.id AND deliveries.status = 'pending' AND deliveries.due_at > late.due_max",
    };
    let rows: Vec<_> = late.iter().map(|id| [(*id).into(), due_max.into()]).collect();
    tx.execute_rows(BRING, &rows).await
}

/// What an attempt makes of its delivery.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Row key of the delivery.
    pub id: DeliveryId,
    /// The attempt's number.
    pub attempt: u32,
    /// What it is now.
    pub status: DeliveryStatus,
    /// When the next attempt is due, where there is one.
    pub due_at: Option<Timestamp>,
    /// What the attempt came to.
    pub result: AttemptResult,
}

impl Settlement {
    fn values(&self) -> [Value<'static>; 5] {
        let result = self.result.code();
        [self.id.into(), self.attempt.into(), self.status.as_str().into(), self.due_at.into(), result.into()]
    }
}

/// Ends attempts. A delivery that was claimed again, or resent, since the attempt began is left alone. For the dispatcher: the
/// lease that it holds is the fence, whichever project the delivery is of.
pub async fn settle(tx: &Tx, settlements: &[Settlement]) -> Result<u64> {
    const SETTLE: Sql = Sql {
        sqlite: "UPDATE deliveries
                 SET status = $3, due_at = $4, result = $5, tried = TRUE, holds_slot = FALSE
                 WHERE id = $1 AND attempts = $2 AND retries_from < $2 AND status = 'pending'",
        postgres: "UPDATE deliveries
                   SET status = settled.status, due_at = settled.due_at, result = settled.result, tried = TRUE,
                       holds_slot = FALSE
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
                       AS settled (id, attempt, status, due_at, result)
                   WHERE deliveries.id = settled.id AND deliveries.attempts = settled.attempt
                     AND deliveries.retries_from < settled.attempt AND deliveries.status = 'pending'",
    };
    let rows: Vec<_> = settlements.iter().map(Settlement::values).collect();
    tx.execute_rows(SETTLE, &rows).await
}

/// Gives leases back that no attempt was made under: the deliveries are due at `now`, as if they had not been claimed. The retry
/// schedule of one that was resent meanwhile counts from the attempt before. For the dispatcher, as [`settle`] is.
pub async fn give_back(tx: &Tx, leases: &[Lease], now: Timestamp) -> Result<u64> {
    const GIVE_BACK: Sql = Sql {
        sqlite: "UPDATE deliveries
                 SET due_at = $3, holds_slot = FALSE, attempts = attempts - 1,
                     retries_from = MIN(retries_from, attempts - 1)
                 WHERE id = $1 AND attempts = $2 AND status = 'pending'",
        postgres: "UPDATE deliveries
                   SET due_at = given.due_at, holds_slot = FALSE, attempts = attempts - 1,
                       retries_from = LEAST(retries_from, attempts - 1)
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS given (id, attempt, due_at)
                   WHERE deliveries.id = given.id AND deliveries.attempts = given.attempt
                     AND deliveries.status = 'pending'",
    };
    let rows: Vec<_> = leases.iter().map(|one| [one.id.into(), one.attempt.into(), now.into()]).collect();
    tx.execute_rows(GIVE_BACK, &rows).await
}
