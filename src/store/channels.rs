//! Channels: where people write.

use crate::db::{Conn, Result, Row, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Row key.
    pub id: i64,
    /// Its project.
    pub project: ProjectId,
    /// `whatsapp`, `telegram` or `web`.
    pub kind: String,
    /// WhatsApp: the `phone_number_id`.
    pub channel_id: String,
    /// Digits of the number that people write to.
    pub number: Option<String>,
    /// Where the link behind a widget leads: `https://wa.me`.
    pub link_base: String,
    /// Where the platform's API is.
    pub api_base: String,
    /// `Credentials` as JSON, sealed.
    pub sealed_credentials: String,
}

fn read(row: &Row<'_>) -> Result<Channel> {
    Ok(Channel {
        id: row.get(0)?,
        project: ProjectId(row.get(1)?),
        kind: row.get(2)?,
        channel_id: row.get(3)?,
        number: row.get(4)?,
        link_base: row.get(5)?,
        api_base: row.get(6)?,
        sealed_credentials: row.get(7)?,
    })
}

/// Adds a channel; `id` of `channel` does not count. One of this project that has the same `kind` and `channel_id`
/// already gets the new values; `None` where it is another project's.
pub async fn upsert(tx: &Tx, project: ProjectId, channel: &Channel, now: Timestamp) -> Result<Option<Channel>> {
    tx.find(
        "INSERT INTO channels (project_id, kind, channel_id, number, link_base, api_base, sealed_credentials, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (kind, channel_id) DO UPDATE
         SET number = excluded.number, link_base = excluded.link_base, api_base = excluded.api_base,
             sealed_credentials = excluded.sealed_credentials
         WHERE channels.project_id = excluded.project_id
         RETURNING id, project_id, kind, channel_id, number, link_base, api_base, sealed_credentials",
        params![
            project.0,
            &channel.kind,
            &channel.channel_id,
            &channel.number,
            &channel.link_base,
            &channel.api_base,
            &channel.sealed_credentials,
            now
        ],
        read,
    )
    .await
}

/// The channel that the platform knows by `channel_id`.
pub async fn find(conn: &Conn, kind: &str, channel_id: &str) -> Result<Option<Channel>> {
    conn.find(
        "SELECT id, project_id, kind, channel_id, number, link_base, api_base, sealed_credentials
         FROM channels
         WHERE kind = $1 AND channel_id = $2",
        params![kind, channel_id],
        read,
    )
    .await
}

/// The project's channel that the platform knows by `channel_id`.
pub async fn find_in(conn: &Conn, project: ProjectId, channel_id: &str) -> Result<Option<Channel>> {
    conn.find(
        "SELECT id, project_id, kind, channel_id, number, link_base, api_base, sealed_credentials
         FROM channels
         WHERE project_id = $1 AND channel_id = $2
         ORDER BY id
         LIMIT 1",
        params![project.0, channel_id],
        read,
    )
    .await
}

/// The channel of that row key.
pub async fn get(conn: &Conn, id: i64) -> Result<Channel> {
    conn.get(
        "SELECT id, project_id, kind, channel_id, number, link_base, api_base, sealed_credentials
         FROM channels
         WHERE id = $1",
        params![id],
        read,
    )
    .await
}

/// The channels of a project, oldest first, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<Channel>> {
    conn.query(
        "SELECT id, project_id, kind, channel_id, number, link_base, api_base, sealed_credentials
         FROM channels
         WHERE project_id = $1
         ORDER BY id
         LIMIT $2",
        params![project.0, most],
        read,
    )
    .await
}
