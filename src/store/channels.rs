//! Channels: where people write.

use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ChannelId, ConversationId, ProjectId};
use crate::domain::seal::Place;
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "id, project_id, kind, external_id, number, link_base, api_base, sealed_credentials, fault, fault_since, handle,
         inbound_fault, inbound_fault_since, title, quiet_until, leaves_groups"
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
    /// The platform's id of it. WhatsApp: the `phone_number_id`. Telegram: the bot's id. The chat on the page: one that we made.
    pub external_id: String,
    /// As links name it, where that is no number: a bot's username, without `@`.
    pub handle: Option<String>,
    /// What its panel calls the business by: of a chat on the page.
    pub title: Option<String>,
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
    /// What keeps messages from arriving here.
    pub inbound_fault: Option<Fault>,
    /// Until when the platform gets nothing but replies: it wants fewer calls.
    pub quiet_until: Option<Timestamp>,
    /// Whether it leaves groups that it is added to.
    pub leaves_groups: bool,
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

    /// What people call it by: its title, its number, or its handle.
    pub fn label(&self) -> String {
        if let Some(title) = &self.title {
            return title.clone();
        }
        label(self.number.as_deref(), self.handle.as_deref(), &self.external_id)
    }
}

/// A channel's number with `+`, else its handle with `@`, else the platform's id of it.
pub fn label(number: Option<&str>, handle: Option<&str>, external_id: &str) -> String {
    let number = number.map(|number| format!("+{number}"));
    number.or_else(|| handle.map(|handle| format!("@{handle}"))).unwrap_or_else(|| external_id.to_owned())
}

fn read(row: &Row<'_>) -> Result<Channel> {
    let fault = |reason: Option<String>, since: Option<Timestamp>| {
        reason.zip(since).map(|(reason, since)| Fault { reason, since })
    };
    Ok(Channel {
        id: row.get(0)?,
        project: row.get(1)?,
        kind: ChannelKind::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        external_id: row.get(3)?,
        number: row.get(4)?,
        link_base: row.get(5)?,
        api_base: row.get(6)?,
        sealed_credentials: row.get(7)?,
        fault: fault(row.get(8)?, row.get(9)?),
        handle: row.get(10)?,
        inbound_fault: fault(row.get(11)?, row.get(12)?),
        title: row.get(13)?,
        quiet_until: row.get(14)?,
        leaves_groups: row.get(15)?,
    })
}

/// Adds a channel; `id` of `channel` does not count. One of this project that has the same `kind` and `external_id`
/// already gets the new values; `None` where it is another project's. Its platform is asked at `check_due_at` whether messages arrive.
pub async fn upsert(
    tx: &Tx,
    project: ProjectId,
    channel: &Channel,
    check_due_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Channel>> {
    tx.find(
        concat!(
            "INSERT INTO channels (project_id, kind, external_id, number, link_base, api_base, sealed_credentials,
                                   created_at, handle, check_due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (kind, external_id) DO UPDATE
             SET number = excluded.number, link_base = excluded.link_base, api_base = excluded.api_base,
                 sealed_credentials = excluded.sealed_credentials, fault = NULL, fault_since = NULL,
                 handle = excluded.handle, check_due_at = excluded.check_due_at, held_until = NULL, limited_until = NULL,
                 quiet_until = NULL, token_expires_at = NULL
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
            now,
            &channel.handle,
            check_due_at
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

/// Sets whether the project's channel leaves groups that it is added to.
pub async fn set_leaves_groups(tx: &Tx, project: ProjectId, id: ChannelId, leaves_groups: bool) -> Result<bool> {
    tx.execute_one(
        "UPDATE channels SET leaves_groups = $3 WHERE project_id = $1 AND id = $2",
        params![project, id, leaves_groups],
    )
    .await
}

/// Notes what keeps messages from arriving at a channel, or that nothing does.
pub async fn set_inbound_fault(
    tx: &Tx,
    project: ProjectId,
    id: ChannelId,
    fault: Option<&str>,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE channels
         SET inbound_fault = $3, inbound_fault_since = CASE WHEN $3 IS NULL THEN NULL ELSE COALESCE(inbound_fault_since, $4) END
         WHERE project_id = $1 AND id = $2 AND COALESCE(inbound_fault, '') <> COALESCE($3, '')",
        params![project, id, fault, now],
    )
    .await
}

/// Notes when the platform takes the credentials of the project's channel no longer; `None`: they have no end.
pub async fn set_token_expiry(
    tx: &Tx,
    project: ProjectId,
    id: ChannelId,
    expires_at: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE channels SET token_expires_at = $3 WHERE project_id = $1 AND id = $2",
        params![project, id, expires_at],
    )
    .await
}

/// Channels of one platform, of all projects, that it is to be asked about, at most `most`; they are due again at `again_at`. For the
/// worker.
pub async fn claim_checks(
    tx: &Tx,
    kind: ChannelKind,
    (now, again_at): (Timestamp, Timestamp),
    most: u32,
) -> Result<Vec<Channel>> {
    const CLAIM: Sql = Sql {
        sqlite: concat!(
            "UPDATE channels SET check_due_at = $2
             WHERE id IN (
                 SELECT id FROM channels WHERE check_due_at <= $1 AND kind = $4 ORDER BY check_due_at LIMIT $3
             )
             RETURNING ",
            columns!()
        ),
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: concat!(
            "UPDATE channels SET check_due_at = $2
             WHERE id IN (
                 SELECT id
                 FROM channels
                 WHERE check_due_at <= $1 AND kind = $4
                 ORDER BY check_due_at
                 LIMIT $3
                 FOR UPDATE SKIP LOCKED
             )
             RETURNING ",
            columns!()
        ),
    };
    tx.query(CLAIM, params![now, again_at, most, kind.as_str()], read).await
}

/// The platform wants fewer messages until `until`, and said so of `conversation`. Where it has just said so of another one as well,
/// it means the whole channel: nothing is sent on it until then.
pub async fn slow_down(
    tx: &Tx,
    project: ProjectId,
    id: ChannelId,
    (conversation, until): (ConversationId, Timestamp),
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE channels
         SET held_until = CASE
                 WHEN limited_until > $5 AND limited_conversation <> $3
                 THEN CASE WHEN limited_until > $4 THEN limited_until ELSE $4 END
                 ELSE held_until
             END,
             limited_conversation = $3, limited_until = $4
         WHERE project_id = $1 AND id = $2",
        params![project, id, conversation, until, now],
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
