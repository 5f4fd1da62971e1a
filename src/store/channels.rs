//! Channels: where people write.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::seal::Place;
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "id, project_id, kind, external_id, number, link_base, api_base, sealed_credentials, fault, fault_since"
    };
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Row key.
    pub id: ChannelId,
    /// Its project.
    pub project: ProjectId,
    /// The platform.
    pub kind: ChannelKind,
    /// The platform's id of it. WhatsApp: the `phone_number_id`.
    pub external_id: String,
    /// Digits of the number that people write to.
    pub number: Option<String>,
    /// Where the link behind a widget leads: `https://wa.me`.
    pub link_base: String,
    /// Where the platform's API is.
    pub api_base: String,
    /// `Credentials` as JSON, sealed.
    pub sealed_credentials: String,
    /// What keeps replies from being sent.
    pub fault: Option<Fault>,
}

/// What is wrong with a channel until its operator mends it.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What it is and what to do, in words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Channel {
    /// Where its credentials are sealed for.
    pub fn place(&self) -> Place<'_> {
        Place::ChannelCredentials(self.project, self.kind, &self.external_id)
    }
}

fn read(row: &Row<'_>) -> Result<Channel> {
    Ok(Channel {
        id: row.get(0)?,
        project: row.get(1)?,
        kind: ChannelKind::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        external_id: row.get(3)?,
        number: row.get(4)?,
        link_base: row.get(5)?,
        api_base: row.get(6)?,
        sealed_credentials: row.get(7)?,
        fault: row.get::<Option<String>>(8)?.zip(row.get(9)?).map(|(reason, since)| Fault { reason, since }),
    })
}

/// Adds a channel; `id` of `channel` does not count. One of this project that has the same `kind` and `external_id`
/// already gets the new values; `None` where it is another project's.
pub async fn upsert(tx: &Tx, project: ProjectId, channel: &Channel, now: Timestamp) -> Result<Option<Channel>> {
    tx.find(
        concat!(
            "INSERT INTO channels (project_id, kind, external_id, number, link_base, api_base, sealed_credentials,
                                   created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (kind, external_id) DO UPDATE
             SET number = excluded.number, link_base = excluded.link_base, api_base = excluded.api_base,
                 sealed_credentials = excluded.sealed_credentials, fault = NULL, fault_since = NULL
             WHERE channels.project_id = excluded.project_id
             RETURNING ",
            columns!()
        ),
        params![
            project,
            channel.kind.as_str(),
            &channel.external_id,
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

/// The channel that the platform knows by `external_id`. Not scoped to a project: the platform names the channel, and the
/// channel the project.
pub async fn find(conn: &Conn, kind: ChannelKind, external_id: &str) -> Result<Option<Channel>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM channels WHERE kind = $1 AND external_id = $2"),
        params![kind.as_str(), external_id],
        read,
    )
    .await
}

/// Notes what is wrong with a channel, or that nothing is.
pub async fn set_fault(tx: &Tx, project: ProjectId, id: ChannelId, fault: Option<&str>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE channels
         SET fault = $3, fault_since = CASE WHEN $3 IS NULL THEN NULL ELSE COALESCE(fault_since, $4) END
         WHERE project_id = $1 AND id = $2 AND COALESCE(fault, '') <> COALESCE($3, '')",
        params![project, id, fault, now],
    )
    .await
}

/// The project's channel that its platform knows by `external_id`.
pub async fn find_in(conn: &Conn, project: ProjectId, external_id: &str) -> Result<Option<Channel>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM channels WHERE project_id = $1 AND external_id = $2 ORDER BY id LIMIT 1"),
        params![project, external_id],
        read,
    )
    .await
}

/// The project's channel of that row key.
pub async fn find_by_id(conn: &Conn, project: ProjectId, id: ChannelId) -> Result<Option<Channel>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM channels WHERE project_id = $1 AND id = $2"),
        params![project, id],
        read,
    )
    .await
}

/// The channels of a project, oldest first, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<Channel>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM channels WHERE project_id = $1 ORDER BY id LIMIT $2"),
        params![project, most],
        read,
    )
    .await
}

/// Those of every project with a row key above `after`, at most `most`: for sealing them anew.
pub async fn page_of_all(conn: &Conn, after: ChannelId, most: u32) -> Result<Vec<Channel>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM channels WHERE id > $1 ORDER BY id LIMIT $2"),
        params![after, most],
        read,
    )
    .await
}

/// Stores the sealed credentials of the project's channel.
pub async fn set_sealed(tx: &Tx, project: ProjectId, id: ChannelId, sealed_credentials: &str) -> Result<()> {
    tx.execute(
        "UPDATE channels SET sealed_credentials = $3 WHERE project_id = $1 AND id = $2",
        params![project, id, sealed_credentials],
    )
    .await
    .map(|_| ())
}

/// When a channel's platform was last seen, to a minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sightings {
    /// It asked for the challenge, and got it.
    pub verified_at: Option<Timestamp>,
    /// It sent something.
    pub received_at: Option<Timestamp>,
    /// It sent something with a wrong signature: the app secret is not the one of the channel.
    pub refused_at: Option<Timestamp>,
}

/// How a platform was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sighting {
    /// It asked for the challenge, and got it.
    Verified,
    /// It sent something.
    Received,
    /// It sent something with a wrong signature.
    Refused,
}

/// When the project's channel was last seen.
pub async fn sightings(conn: &Conn, project: ProjectId, id: ChannelId) -> Result<Sightings> {
    conn.get(
        "SELECT verified_at, received_at, refused_at FROM channels WHERE project_id = $1 AND id = $2",
        params![project, id],
        |row| Ok(Sightings { verified_at: row.get(0)?, received_at: row.get(1)?, refused_at: row.get(2)? }),
    )
    .await
}

/// Notes that the platform of the project's channel was seen.
pub async fn note(tx: &Tx, project: ProjectId, id: ChannelId, sighting: Sighting, now: Timestamp) -> Result<u64> {
    let sql = match sighting {
        Sighting::Verified => "UPDATE channels SET verified_at = $3 WHERE project_id = $1 AND id = $2",
        Sighting::Received => "UPDATE channels SET received_at = $3 WHERE project_id = $1 AND id = $2",
        Sighting::Refused => "UPDATE channels SET refused_at = $3 WHERE project_id = $1 AND id = $2",
    };
    tx.execute(sql, params![project, id, now]).await
}
