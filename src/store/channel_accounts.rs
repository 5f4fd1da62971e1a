//! Accounts of the business's own that a channel works for, and groups that it was found in.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// An account that a channel is connected to.
pub struct NewAccount<'a> {
    /// The channel.
    pub channel: ChannelId,
    /// The platform's id of the connection.
    pub external_id: &'a str,
    /// The account's handle, without `@`.
    pub username: Option<&'a str>,
    /// Whether replies may be sent in its name.
    pub may_reply: bool,
}

/// Stores what the platform says of an account.
pub async fn put(tx: &Tx, project: ProjectId, new: &NewAccount<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO channel_accounts (channel, external_id, project_id, username, may_reply, told_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (channel, external_id) DO UPDATE
         SET username = excluded.username, may_reply = excluded.may_reply, told_at = excluded.told_at
         WHERE channel_accounts.project_id = excluded.project_id",
        params![new.channel, new.external_id, project, new.username, new.may_reply, now],
    )
    .await
}

/// Whether replies may be sent in the name of an account; `None` where the platform has not said.
pub async fn may_reply(conn: &Conn, project: ProjectId, channel: ChannelId, external_id: &str) -> Result<Option<bool>> {
    conn.find(
        "SELECT may_reply FROM channel_accounts WHERE project_id = $1 AND channel = $2 AND external_id = $3",
        params![project, channel, external_id],
        |row| row.get(0),
    )
    .await
}

/// An account as a channel's page shows it.
#[derive(Clone, Debug)]
pub struct ConnectedAccount {
    /// Its handle, without `@`.
    pub username: Option<String>,
    /// Whether replies may be sent in its name.
    pub may_reply: bool,
    /// Since when.
    pub told_at: Timestamp,
}

/// The accounts that a channel is connected to, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, channel: ChannelId, most: u32) -> Result<Vec<ConnectedAccount>> {
    conn.query(
        "SELECT username, may_reply, told_at
         FROM channel_accounts
         WHERE project_id = $1 AND channel = $2
         ORDER BY external_id
         LIMIT $3",
        params![project, channel, most],
        |row| Ok(ConnectedAccount { username: row.get(0)?, may_reply: row.get(1)?, told_at: row.get(2)? }),
    )
    .await
}

/// Notes that a group is told that the channel talks in private only; `false` where it was told before.
pub async fn tell_group(
    tx: &Tx,
    project: ProjectId,
    channel: ChannelId,
    external_id: &str,
    now: Timestamp,
) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO channel_groups (channel, external_id, project_id, told_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (channel, external_id) DO NOTHING",
        params![channel, external_id, project, now],
    )
    .await
}
