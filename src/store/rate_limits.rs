//! Rate and concurrency limits of webhooks, which hold over all nodes. Those for the dispatcher work for every tenant: it names
//! webhooks that it has read.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::rate_limit::Limits;
use crate::domain::time::Timestamp;
use crate::params;

/// Sets the limits of a webhook; `false` where there is none.
pub async fn set_limits(tx: &Tx, project: ProjectId, webhook: WebhookId, limits: Limits) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
             SET rate_per_second = $3, concurrency = $4
             WHERE project_id = $1 AND id = $2 AND removed_at IS NULL",
        params![project, webhook, limits.rate_per_second, limits.concurrency],
    )
    .await
}

/// When the next delivery of a webhook may begin. Locked until the end of the transaction: of several nodes one
/// claims after the other.
pub async fn lock(tx: &Tx, webhook: WebhookId) -> Result<Timestamp> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT next_at FROM webhooks WHERE id = $1",
        postgres: "SELECT next_at FROM webhooks WHERE id = $1 FOR NO KEY UPDATE",
    };
    tx.get(LOCK, params![webhook], |row| row.get(0)).await
}

/// Sets when the next delivery of a webhook may begin.
pub async fn set_next(tx: &Tx, webhook: WebhookId, next_at: Timestamp) -> Result<u64> {
    tx.execute("UPDATE webhooks SET next_at = $2 WHERE id = $1", params![webhook, next_at]).await
}

/// How many deliveries of a webhook hold a slot of its concurrency limit, by whichever node. An expired lease does not count.
pub async fn in_flight(conn: &Conn, webhook: WebhookId, now: Timestamp) -> Result<u32> {
    conn.get(
        "SELECT COUNT(*) FROM deliveries WHERE webhook_id = $1 AND status = 'pending' AND holds_slot AND due_at > $2",
        params![webhook, now],
        |row| row.get(0),
    )
    .await
}
