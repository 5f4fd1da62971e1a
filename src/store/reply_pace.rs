//! How fast replies may go over a channel, over all nodes: a token bucket in the channel's row that holds a second's worth.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A channel's pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Replies a second at most, where its owner set that.
    pub rate_per_second: Option<u32>,
    /// Whether its number is used in the platform's own app as well.
    pub is_in_app: bool,
    /// When the next one may be sent, were they evenly spaced.
    pub next_at: Timestamp,
}

/// The pace of the project's channel. Locked until the end of the transaction: of several nodes one claims after the other.
pub async fn lock(tx: &Tx, project: ProjectId, channel: ChannelId) -> Result<Option<Pace>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT rate_per_second, in_app_since IS NOT NULL, next_at FROM channels WHERE project_id = $1 AND id = $2",
        postgres: "SELECT rate_per_second, in_app_since IS NOT NULL, next_at
                   FROM channels
                   WHERE project_id = $1 AND id = $2
                   FOR NO KEY UPDATE",
    };
    tx.find(LOCK, params![project, channel], |row| {
        Ok(Pace { rate_per_second: row.get(0)?, is_in_app: row.get(1)?, next_at: row.get(2)? })
    })
    .await
}

/// Notes that a channel's number is used in the platform's own app as well.
pub async fn note_in_app(tx: &Tx, project: ProjectId, channel: ChannelId, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE channels SET in_app_since = $3 WHERE project_id = $1 AND id = $2 AND in_app_since IS NULL",
        params![project, channel, now],
    )
    .await
}

/// Replies were claimed: the next one may be sent at `next_at`. With `held_until`, nothing is claimed before.
pub async fn advance(
    tx: &Tx,
    project: ProjectId,
    channel: ChannelId,
    next_at: Timestamp,
    held_until: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE channels
         SET next_at = $3, held_until = CASE WHEN held_until > $4 OR $4 IS NULL THEN held_until ELSE $4 END
         WHERE project_id = $1 AND id = $2",
        params![project, channel, next_at, held_until],
    )
    .await
}

/// Nothing is sent over a channel until `until`; with `quiet_until`, its platform gets nothing else until then either.
pub async fn hold(
    tx: &Tx,
    project: ProjectId,
    channel: ChannelId,
    until: Timestamp,
    quiet_until: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE channels
         SET held_until = CASE WHEN held_until > $3 THEN held_until ELSE $3 END,
             quiet_until = COALESCE($4, quiet_until)
         WHERE project_id = $1 AND id = $2",
        params![project, channel, until, quiet_until],
    )
    .await
}

/// Sets how many replies a second go over a channel at most; `None` for what its platform allows by default. `false` where there is none.
pub async fn set_rate(tx: &Tx, project: ProjectId, channel: ChannelId, rate_per_second: Option<u32>) -> Result<bool> {
    tx.execute_one(
        "UPDATE channels SET rate_per_second = $3 WHERE project_id = $1 AND id = $2",
        params![project, channel, rate_per_second],
    )
    .await
}

/// How many replies a second its owner allows.
pub async fn rate(conn: &Conn, project: ProjectId, channel: ChannelId) -> Result<Option<u32>> {
    conn.get(
        "SELECT rate_per_second FROM channels WHERE project_id = $1 AND id = $2",
        params![project, channel],
        |row| row.get(0),
    )
    .await
}
