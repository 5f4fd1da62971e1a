//! What platforms say of channels themselves: in words, and what of it is wrong until they say otherwise.

use super::attention;
use super::attention_facts::{MendedItem, TroubledChannel, read_channel, read_mended};
use crate::db::{Conn, Result, Tx};
use crate::domain::attention::AttentionKind;
use crate::domain::ids::{ChannelId, ConversationId, LeadId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// What a platform says of a channel, as it is kept.
pub struct NewWords<'a> {
    /// The channel.
    pub channel: ChannelId,
    /// An id of it: the same one twice is kept once.
    pub external_id: &'a str,
    /// What it is: the platform's subscription.
    pub kind: &'a str,
    /// What happened and what to do.
    pub words: &'a str,
    /// As the platform sent it, JSON.
    pub raw: &'a str,
}

/// What a platform said of a channel.
#[derive(Clone, Debug)]
pub struct Words {
    /// What happened and what to do.
    pub words: String,
    /// When it came.
    pub at: Timestamp,
}

/// Keeps what a platform says of a channel; `false` where it came before.
pub async fn insert_words(tx: &Tx, project: ProjectId, new: &NewWords<'_>, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO notices (project_id, channel, kind, raw, created_at, external_id, words) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (channel, external_id) WHERE external_id IS NOT NULL DO NOTHING",
        params![project, new.channel, new.kind, new.raw, now, new.external_id, new.words],
    )
    .await
}

/// What the platform of the project's channel said of it after `after`, newest first, at most `most`.
pub async fn words_of(
    conn: &Conn,
    project: ProjectId,
    channel: ChannelId,
    after: Timestamp,
    most: u32,
) -> Result<Vec<Words>> {
    // `+`: SQLite is to find the rows by their channel.
    conn.query(
        "SELECT words, created_at
         FROM notices
         WHERE +project_id = $1 AND channel = $2 AND created_at > $3 AND words IS NOT NULL
         ORDER BY created_at DESC, id DESC
         LIMIT $4",
        params![project, channel, after, most],
        |row| Ok(Words { words: row.get(0)?, at: row.get(1)? }),
    )
    .await
}

/// Something is wrong with a channel from `since` on. What was known of the subject is what it is about no more.
pub async fn begin(
    tx: &Tx,
    project: ProjectId,
    channel: ChannelId,
    (subject, words): (&str, &str),
    (since, until): (Timestamp, Option<Timestamp>),
) -> Result<u64> {
    tx.execute(
        "INSERT INTO channel_troubles (channel, subject, project_id, words, since, until) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (channel, subject) DO UPDATE
         SET words = excluded.words, until = excluded.until
         WHERE channel_troubles.project_id = excluded.project_id",
        params![channel, subject, project, words, since, until],
    )
    .await
}

/// What was wrong with a channel is not any more.
pub async fn end(tx: &Tx, project: ProjectId, channel: ChannelId, subject: &str) -> Result<u64> {
    tx.execute(
        "DELETE FROM channel_troubles WHERE project_id = $1 AND channel = $2 AND subject = $3",
        params![project, channel, subject],
    )
    .await
}

/// Channels with which something is wrong, each with the first of it, at most `most`: for the loop that looks after them.
pub async fn unopened(conn: &Conn, now: Timestamp, most: u32) -> Result<Vec<TroubledChannel>> {
    conn.query(
        "SELECT x.project_id, x.id, x.kind, x.external_id, x.number, x.handle, t.words, t.since
         FROM channel_troubles AS t JOIN channels AS x ON x.id = t.channel
         WHERE t.since <= $1 AND (t.until IS NULL OR t.until > $1)
           AND NOT EXISTS (
               SELECT 1
               FROM channel_troubles AS before
               WHERE before.channel = t.channel AND before.subject < t.subject AND (before.until IS NULL OR before.until > $1)
           ) AND NOT EXISTS (
               SELECT 1
               FROM attention AS a
               WHERE a.project_id = x.project_id AND a.kind = $2 AND a.subject_id = x.id AND a.closed_at IS NULL
           )
         ORDER BY x.id
         LIMIT $3",
        params![now, AttentionKind::ChannelTrouble.as_str(), most],
        read_channel,
    )
    .await
}

/// Open items of channels with which nothing is wrong any more.
pub async fn mended(conn: &Conn, now: Timestamp, most: u32) -> Result<Vec<MendedItem>> {
    conn.query(
        concat!(
            "SELECT ",
            attention::columns!(),
            ", FALSE
             FROM attention AS a
             WHERE a.kind = $2 AND a.closed_at IS NULL AND NOT EXISTS (
                 SELECT 1
                 FROM channel_troubles AS t
                 WHERE t.project_id = a.project_id AND t.channel = a.subject_id AND (t.until IS NULL OR t.until > $1)
             )
             ORDER BY a.id LIMIT $3"
        ),
        params![now, AttentionKind::ChannelTrouble.as_str(), most],
        read_mended,
    )
    .await
}

/// Notes since when a person wants no marketing messages, or that they want them.
pub async fn set_no_marketing(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    since: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations SET no_marketing_since = $3 WHERE project_id = $1 AND id = $2",
        params![project, conversation, since],
    )
    .await
}

/// Since when the person of a lead wants no marketing messages.
pub async fn no_marketing_since(conn: &Conn, project: ProjectId, lead: LeadId) -> Result<Option<Timestamp>> {
    let found: Option<Option<Timestamp>> = conn
        .find(
            "SELECT c.no_marketing_since
             FROM leads JOIN conversations AS c ON c.id = leads.conversation_id
             WHERE leads.project_id = $1 AND leads.id = $2",
            params![project, lead],
            |row| row.get(0),
        )
        .await?;
    Ok(found.flatten())
}
