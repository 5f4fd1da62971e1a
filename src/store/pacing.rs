//! Limits of webhooks that hold over all nodes: what is set, when the next delivery may begin, how many are in flight.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::pace::Limits;
use crate::domain::time::Timestamp;
use crate::params;

/// Sets the limits of a webhook; `false` where there is none.
pub async fn set_limits(tx: &Tx, project: ProjectId, webhook: i64, limits: Limits) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE webhooks
             SET rate_per_second = $3, concurrency = $4
             WHERE project_id = $1 AND id = $2 AND removed_at IS NULL",
            params![project.0, webhook, limits.rate_per_second, limits.concurrency],
        )
        .await?;
    Ok(changed == 1)
}

/// The first moment that no delivery of a webhook has yet. Locked until the end of the transaction: of several nodes one
/// claims after the other.
pub async fn lock(tx: &Tx, webhook: i64) -> Result<Timestamp> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT next_at FROM webhooks WHERE id = $1",
        postgres: "SELECT next_at FROM webhooks WHERE id = $1 FOR NO KEY UPDATE",
    };
    tx.get(LOCK, params![webhook], |row| row.get(0)).await
}

/// Sets that moment.
pub async fn set_next(tx: &Tx, webhook: i64, next_at: Timestamp) -> Result<u64> {
    tx.execute("UPDATE webhooks SET next_at = $2 WHERE id = $1", params![webhook, next_at]).await
}

/// How many deliveries of a webhook are claimed, by whichever node. One whose lease ran out does not count.
pub async fn in_flight(conn: &Conn, webhook: i64, now: Timestamp) -> Result<u32> {
    conn.get(
        "SELECT COUNT(*) FROM deliveries WHERE webhook_id = $1 AND status = 'pending' AND takes_place AND due_at > $2",
        params![webhook, now],
        |row| row.get(0),
    )
    .await
}
