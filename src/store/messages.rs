//! Messages that platforms bring: what people wrote, and what is no message. Those that go out are `replies`.

use crate::db::{Conn, Error, Result, Sql, Tx};
use crate::domain::channel::{MessageKind, MessageStatus};
use crate::domain::generated_by::GeneratedBy;
use crate::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// Which way a message goes, and where it stands when it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person wrote it.
    Person,
    /// A person of the business wrote it, in an app of the platform's.
    Business,
}

/// A message that a platform brings.
pub struct NewMessage<'a> {
    /// Its row key, above those of the conversation's other messages.
    pub id: MessageId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub origin: Origin,
    /// The platform's id of it.
    pub external_id: &'a str,
    /// The platform's id of the message that it corrects or takes back.
    pub original_id: Option<&'a str>,
    /// What it consists of.
    pub kind: MessageKind,
    /// What the person said.
    pub text: Option<&'a str>,
    /// The sender's own card, JSON, where they shared it.
    pub contact: Option<&'a str>,
    /// The key of the field that the person answered by a press.
    pub answers: Option<&'a str>,
    /// The message as the platform sent it, JSON.
    pub raw: &'a str,
    /// When the platform says that it was sent.
    pub sent_at: Option<Timestamp>,
}

/// Whether a message of that id is stored.
pub async fn exists(conn: &Conn, project: ProjectId, channel: ChannelId, external_id: &str) -> Result<bool> {
    conn.exists(
        "SELECT 1 FROM messages WHERE project_id = $1 AND channel = $2 AND external_id = $3",
        params![project, channel, external_id],
    )
    .await
}

/// Stores a message; `false` where the platform's id was seen before.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewMessage<'_>, now: Timestamp) -> Result<bool> {
    let (direction, status, by) = match new.origin {
        Origin::Person => ("in", MessageStatus::Received, None),
        Origin::Business => ("out", MessageStatus::Sent, Some(GeneratedBy::Person.as_str())),
    };
    tx.execute_one(
        "INSERT INTO messages (id, project_id, channel, conversation_id, direction, status, external_id, original_id, kind,
                               text, contact, answers, raw, attempts, sent_at, created_at, generated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16)
         ON CONFLICT (channel, external_id) WHERE external_id IS NOT NULL DO NOTHING",
        params![
            new.id,
            project,
            new.channel,
            new.conversation,
            direction,
            status.as_str(),
            new.external_id,
            new.original_id,
            new.kind.as_str(),
            new.text,
            new.contact,
            new.answers,
            new.raw,
            new.sent_at,
            now,
            by
        ],
    )
        .await
}

/// Marks a message of a conversation as taken back by its sender.
pub async fn revoke(
    tx: &Tx,
    project: ProjectId,
    channel: ChannelId,
    conversation: ConversationId,
    external_id: &str,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE messages
         SET revoked_at = $5
         WHERE project_id = $1 AND channel = $2 AND conversation_id = $3 AND external_id = $4 AND revoked_at IS NULL",
        params![project, channel, conversation, external_id, now],
    )
    .await
}

/// The newest message of the person in a conversation. Row keys grow with time.
pub async fn last_of_person(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
) -> Result<Option<MessageId>> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    conn.get(
        "SELECT MAX(id) FROM messages WHERE +project_id = $1 AND conversation_id = $2 AND direction = 'in'",
        params![project, conversation],
        |row| row.get(0),
    )
    .await
}

/// The oldest message of the person in a conversation.
pub async fn first_of_person(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
) -> Result<Option<MessageId>> {
    conn.get(
        "SELECT MIN(id) FROM messages WHERE +project_id = $1 AND conversation_id = $2 AND direction = 'in'",
        params![project, conversation],
        |row| row.get(0),
    )
    .await
}

/// A message that the agent has not read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Row key.
    pub id: MessageId,
    /// The platform's id of it.
    pub external_id: Option<String>,
    /// The platform's id of the message that it corrects or takes back.
    pub original_id: Option<String>,
    /// When that message was written, where it is stored.
    pub original_written_at: Option<Timestamp>,
    /// When it was written, by the platform's clock; at the latest when it arrived.
    pub written_at: Timestamp,
    /// Whether its sender took it back.
    pub is_revoked: bool,
    /// What it consists of.
    pub kind: MessageKind,
    /// What the person said.
    pub text: Option<String>,
    /// The sender's own card, JSON, where they shared it.
    pub contact: Option<String>,
    /// The key of the field that the person answered by a press.
    pub answers: Option<String>,
}

/// The messages of a conversation that are looked for: those after one of them.
#[derive(Clone, Copy, Debug)]
pub struct After {
    /// Its project.
    pub project: ProjectId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageId,
}

/// When a message was written is the platform's to say; its clock may be ahead, so at the latest when it arrived.
macro_rules! unread_columns {
    () => {
        "messages.id, messages.kind, messages.text, messages.contact, messages.conversation_id, messages.external_id,
         messages.original_id,
         CASE WHEN messages.sent_at < messages.created_at THEN messages.sent_at ELSE messages.created_at END AS written_at,
         (SELECT CASE WHEN original.sent_at < original.created_at THEN original.sent_at ELSE original.created_at END
          FROM messages AS original
          WHERE original.project_id = messages.project_id AND original.channel = messages.channel
            AND original.external_id = messages.original_id AND original.conversation_id = messages.conversation_id
         ) AS original_written_at,
         messages.revoked_at IS NOT NULL AS is_revoked, messages.answers"
    };
}

/// What people wrote in conversations after a message of each, oldest first, at most `most` of each. With the conversation.
pub async fn unread(conn: &Conn, after: &[After], most: u32) -> Result<Vec<(ConversationId, Unread)>> {
    const UNREAD: Sql = Sql {
        sqlite: concat!(
            "SELECT ",
            unread_columns!(),
            " FROM messages
                 WHERE project_id = $1 AND conversation_id = $2 AND id > $3 AND direction = 'in'
                 ORDER BY id
                 LIMIT $4"
        ),
        postgres: concat!(
            "SELECT unread.*
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                       AS wanted (project_id, conversation_id, after, most)
                   CROSS JOIN LATERAL (
                       SELECT ",
            unread_columns!(),
            " FROM messages
                       WHERE messages.project_id = wanted.project_id AND messages.conversation_id = wanted.conversation_id
                         AND id > wanted.after AND direction = 'in'
                       ORDER BY id
                       LIMIT wanted.most
                   ) AS unread"
        ),
    };
    let rows: Vec<_> = after
        .iter()
        .map(|one| [one.project.into(), one.conversation.into(), one.message.into(), most.into()])
        .collect();
    conn.query_rows(UNREAD, &rows, |row| {
        let unread = Unread {
            id: row.get(0)?,
            kind: MessageKind::parse(&row.get::<String>(1)?).ok_or(Error::Column(1))?,
            text: row.get(2)?,
            contact: row.get(3)?,
            external_id: row.get(5)?,
            original_id: row.get(6)?,
            written_at: row.get(7)?,
            original_written_at: row.get(8)?,
            is_revoked: row.get(9)?,
            answers: row.get(10)?,
        };
        Ok((row.get(4)?, unread))
    })
    .await
}

/// What a platform sent that is no message and no status.
pub struct NewNotice<'a> {
    /// The channel that it came on.
    pub channel: ChannelId,
    /// The platform's id of it, where it has one.
    pub external_id: Option<&'a str>,
    /// What it is.
    pub kind: &'a str,
    /// As the platform sent it, JSON.
    pub raw: &'a str,
}

/// Stores a notice; `false` where the platform's id was seen before.
pub async fn insert_notice(tx: &Tx, project: ProjectId, new: &NewNotice<'_>, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO notices (project_id, channel, kind, raw, created_at, external_id) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (channel, external_id) WHERE external_id IS NOT NULL DO NOTHING",
        params![project, new.channel, new.kind, new.raw, now, new.external_id],
    )
    .await
}

/// When somebody, or the business, last wrote, until now.
pub async fn newest(conn: &Conn, project: ProjectId, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.find(
        "SELECT created_at
         FROM messages
         WHERE project_id = $1 AND created_at <= $2
         ORDER BY created_at DESC, id DESC
         LIMIT 1",
        params![project, now],
        |row| row.get(0),
    )
    .await
}
