//! What was written in a platform's own app before the channel was here. It is found by the person's ids until it belongs to a
//! conversation for good, which it does once these ids are to be another's.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::channel::{MessageKind, PersonIds};
use crate::domain::ids::{ChannelId, ConversationId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A past message to store.
pub struct NewPastMessage<'a> {
    /// Its channel.
    pub channel: ChannelId,
    /// The platform's id of it.
    pub external_id: &'a str,
    /// The person, whoever wrote.
    pub person: &'a PersonIds,
    /// Whether the business wrote it.
    pub is_ours: bool,
    /// What it consists of.
    pub kind: MessageKind,
    /// Its words.
    pub text: Option<&'a str>,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// Stores a past message. One that is there gets the words that it lacks: those of a picture may come later.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewPastMessage<'_>) -> Result<u64> {
    tx.execute(
        "INSERT INTO past_messages (project_id, channel, external_id, external_user_id, external_phone_id, is_ours, kind, text, sent_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (channel, external_id) DO UPDATE
         SET kind = excluded.kind, text = excluded.text
         WHERE past_messages.project_id = excluded.project_id AND past_messages.text IS NULL AND excluded.text IS NOT NULL",
        params![
            project,
            new.channel,
            new.external_id,
            &new.person.external_user_id,
            &new.person.external_phone_id,
            new.is_ours,
            new.kind.as_str(),
            new.text,
            new.sent_at
        ],
    )
    .await
}

/// A past message as it is shown.
#[derive(Clone, Debug)]
pub struct PastMessage {
    /// Row key.
    pub id: i64,
    /// Whether the business wrote it.
    pub is_ours: bool,
    /// What it consists of.
    pub kind: MessageKind,
    /// Its words.
    pub text: Option<String>,
    /// When it was sent.
    pub sent_at: Timestamp,
}

fn read(row: &Row<'_>) -> Result<PastMessage> {
    Ok(PastMessage {
        id: row.get(0)?,
        is_ours: row.get(1)?,
        kind: MessageKind::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        text: row.get(3)?,
        sent_at: row.get(4)?,
    })
}

/// The channel of a conversation, and the ids by which its person is found there now.
async fn identity(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
) -> Result<Option<(ChannelId, PersonIds)>> {
    conn.find(
        "SELECT channel, external_user_id, external_phone_id FROM conversations WHERE project_id = $1 AND id = $2",
        params![project, conversation],
        |row| Ok((row.get(0)?, PersonIds { external_user_id: row.get(1)?, external_phone_id: row.get(2)? })),
    )
    .await
}

// The past messages of a conversation's person: its own, and those that the person's ids find. What came as a message as well is not
// among them.
macro_rules! of_person {
    () => {
        " FROM (
              SELECT p.id
              FROM past_messages AS p
              WHERE +p.project_id = $1 AND p.conversation_id = $2
              UNION
              SELECT p.id
              FROM past_messages AS p
              WHERE +p.project_id = $1 AND p.channel = $3 AND p.external_phone_id = $4 AND p.conversation_id IS NULL
              UNION
              SELECT p.id
              FROM past_messages AS p
              WHERE +p.project_id = $1 AND p.channel = $3 AND p.external_user_id = $5 AND p.conversation_id IS NULL
          ) AS found
          JOIN past_messages AS m ON m.id = found.id
          WHERE NOT EXISTS (
              SELECT 1
              FROM messages AS live
              WHERE live.channel = m.channel AND live.external_id = m.external_id
          )"
    };
}

/// The newest past messages of a conversation's person, newest first.
pub async fn newest(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    most: u32,
) -> Result<Vec<PastMessage>> {
    let Some((channel, ids)) = identity(conn, project, conversation).await? else { return Ok(Vec::new()) };
    conn.query(
        concat!(
            "SELECT m.id, m.is_ours, m.kind, m.text, m.sent_at",
            of_person!(),
            " ORDER BY m.sent_at DESC, m.id DESC LIMIT $6"
        ),
        params![project, conversation, channel, &ids.external_phone_id, &ids.external_user_id, most],
        read,
    )
    .await
}

/// How many past messages a conversation's person has.
pub async fn count(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<i64> {
    let Some((channel, ids)) = identity(conn, project, conversation).await? else { return Ok(0) };
    conn.get(
        concat!("SELECT COUNT(*)", of_person!()),
        params![project, conversation, channel, &ids.external_phone_id, &ids.external_user_id],
        |row| row.get(0),
    )
    .await
}

macro_rules! bind {
    () => {
        "UPDATE past_messages
         SET conversation_id = $2
         WHERE +project_id = $1 AND channel = $3 AND conversation_id IS NULL AND "
    };
}

/// What the ids of a conversation's person find is its own from now on: before these ids are another's.
pub async fn bind(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    const BY_PHONE: &str = concat!(bind!(), "external_phone_id = $4");
    const BY_USER: &str = concat!(bind!(), "external_user_id = $4");
    let Some((channel, ids)) = identity(tx, project, conversation).await? else { return Ok(0) };
    let phones = tx.execute(BY_PHONE, params![project, conversation, channel, &ids.external_phone_id]).await?;
    Ok(phones + tx.execute(BY_USER, params![project, conversation, channel, &ids.external_user_id]).await?)
}

/// What is a conversation's is another one's of the same person from now on: before the ids of `from` are given up.
pub async fn move_to(tx: &Tx, project: ProjectId, from: ConversationId, into: ConversationId) -> Result<u64> {
    bind(tx, project, from).await?;
    tx.execute(
        "UPDATE past_messages SET conversation_id = $3 WHERE +project_id = $1 AND conversation_id = $2",
        params![project, from, into],
    )
    .await
}

/// Removes the past messages of a conversation's person, and what the address book says of them: before its ids are emptied.
pub async fn erase(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    let Some((channel, ids)) = identity(tx, project, conversation).await? else { return Ok(0) };
    bind(tx, project, conversation).await?;
    tx.execute(
        "DELETE FROM address_book WHERE +project_id = $1 AND channel = $2 AND external_id IN ($3, $4)",
        params![project, channel, &ids.external_phone_id, &ids.external_user_id],
    )
    .await?;
    tx.execute(
        "DELETE FROM past_messages WHERE +project_id = $1 AND conversation_id = $2",
        params![project, conversation],
    )
    .await
}

/// Whether a project has past messages that are older than `before`, or entries of an address book.
pub async fn has_expired(conn: &Conn, project: ProjectId, before: Timestamp) -> Result<bool> {
    conn.exists(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM past_messages WHERE project_id = $1 AND sent_at < $2)
                     OR EXISTS (SELECT 1 FROM address_book WHERE project_id = $1 AND told_at < $2)",
        params![project, before],
    )
    .await
}

/// Removes up to `most` of each that are older than `before`. Gives how many went.
pub async fn remove_expired(tx: &Tx, project: ProjectId, before: Timestamp, most: u32) -> Result<u64> {
    let old = params![project, before, most];
    let entries = tx
        .execute(
            "DELETE FROM address_book
             WHERE (channel, external_id) IN (
                 SELECT channel, external_id FROM address_book WHERE project_id = $1 AND told_at < $2 ORDER BY told_at LIMIT $3
             )",
            old,
        )
        .await?;
    let messages = tx
        .execute(
            "DELETE FROM past_messages
             WHERE id IN (SELECT id FROM past_messages WHERE project_id = $1 AND sent_at < $2 ORDER BY sent_at LIMIT $3)",
            old,
        )
        .await?;
    Ok(entries + messages)
}

/// Stores what the address book says of somebody at `told_at`; what it said later counts. Without a name nothing is shown.
pub async fn put_entry(
    tx: &Tx,
    project: ProjectId,
    (channel, external_id): (ChannelId, &str),
    name: Option<&str>,
    told_at: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO address_book (channel, external_id, project_id, name, told_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (channel, external_id) DO UPDATE
         SET name = excluded.name, told_at = excluded.told_at
         WHERE address_book.project_id = excluded.project_id AND address_book.told_at <= excluded.told_at",
        params![channel, external_id, project, name, told_at],
    )
    .await
}
