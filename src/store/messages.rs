//! Messages, in and out. One that goes out is its own job: `due_at` says when it is sent.

use crate::db::{Conn, Error, Result, Sql, Tx};
use crate::domain::channel::{MessageKind, MessageStatus, PersonIds};
use crate::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A message from a person.
pub struct NewMessage<'a> {
    /// Its row key, above those of the conversation's other messages.
    pub id: MessageId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The platform's id of it.
    pub external_id: &'a str,
    /// What it consists of.
    pub kind: MessageKind,
    /// What the person said.
    pub text: Option<&'a str>,
    /// The sender's own card, JSON, where they shared it.
    pub contact: Option<&'a str>,
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

/// Stores a message from a person; `false` where the platform's id was seen before.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewMessage<'_>, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "INSERT INTO messages (id, project_id, channel, conversation_id, direction, external_id, kind, text, contact, raw,
                               status, attempts, sent_at, created_at)
         VALUES ($1, $2, $3, $4, 'in', $5, $6, $7, $8, $9, 'received', 0, $10, $11)
         ON CONFLICT (channel, external_id) WHERE external_id IS NOT NULL DO NOTHING",
        params![
            new.id,
            project,
            new.channel,
            new.conversation,
            new.external_id,
            new.kind.as_str(),
            new.text,
            new.contact,
            new.raw,
            new.sent_at,
            now
        ],
    )
        .await
}

/// A message that the agent has not read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Row key.
    pub id: MessageId,
    /// What it consists of.
    pub kind: MessageKind,
    /// What the person said.
    pub text: Option<String>,
    /// The sender's own card, JSON, where they shared it.
    pub contact: Option<String>,
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

/// What people wrote in conversations after a message of each, oldest first, at most `most` of each. With the conversation.
pub async fn unread(conn: &Conn, after: &[After], most: u32) -> Result<Vec<(ConversationId, Unread)>> {
    const UNREAD: Sql = Sql {
        sqlite: "SELECT id, kind, text, contact, conversation_id
                 FROM messages
                 WHERE project_id = $1 AND conversation_id = $2 AND id > $3 AND direction = 'in'
                 ORDER BY id
                 LIMIT $4",
        postgres: "SELECT unread.*
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                       AS wanted (project_id, conversation_id, after, most)
                   CROSS JOIN LATERAL (
                       SELECT id, kind, text, contact, conversation_id
                       FROM messages
                       WHERE messages.project_id = wanted.project_id AND messages.conversation_id = wanted.conversation_id
                         AND id > wanted.after AND direction = 'in'
                       ORDER BY id
                       LIMIT wanted.most
                   ) AS unread",
    };
    let rows: Vec<_> = after
        .iter()
        .map(|one| [one.project.into(), one.conversation.into(), one.message.into(), most.into()])
        .collect();
    conn.query_rows(UNREAD, &rows, |row| {
        let kind = MessageKind::parse(&row.get::<String>(1)?).ok_or(Error::Column(1))?;
        Ok((row.get(4)?, Unread { id: row.get(0)?, kind, text: row.get(2)?, contact: row.get(3)? }))
    })
    .await
}

/// A message to a person.
pub struct NewReply<'a> {
    /// Its row key, above those of the conversation's other messages: replies are sent in this order.
    pub id: MessageId,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// A UUID.
    pub reply_id: &'a str,
    /// What to say.
    pub text: &'a str,
}

/// Queues replies.
pub async fn insert_replies(tx: &Tx, replies: &[NewReply<'_>], now: Timestamp) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO messages (id, project_id, channel, conversation_id, direction, reply_id, kind, text, status,
                                       attempts, due_at, created_at)
                 VALUES ($1, $2, $3, $4, 'out', $5, 'text', $6, 'queued', 0, $7, $7)",
        postgres: "INSERT INTO messages (id, project_id, channel, conversation_id, direction, reply_id, kind, text, status,
                                         attempts, due_at, created_at)
                   SELECT id, project_id, channel, conversation_id, 'out', reply_id, 'text', text, 'queued', 0, now, now
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
                       AS reply (id, project_id, channel, conversation_id, reply_id, text, now)",
    };
    let rows: Vec<_> = replies
        .iter()
        .map(|one| {
            let NewReply { id, project, channel, conversation, reply_id, text } = *one;
            [id.into(), project.into(), channel.into(), conversation.into(), reply_id.into(), text.into(), now.into()]
        })
        .collect();
    tx.execute_rows(INSERT, &rows).await
}

/// A reply that was claimed for sending.
#[derive(Clone, Debug)]
pub struct LeasedReply {
    /// Row key.
    pub id: MessageId,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// Our id of it, given to the platform where it takes one.
    pub reply_id: String,
    /// What to say.
    pub text: String,
    /// The number of this attempt, from 1: whoever settles must hold it.
    pub attempt: u32,
    /// When others may claim the reply.
    pub lease_until: Timestamp,
    /// The platform's ids of the person.
    pub to: PersonIds,
}

/// Claims up to `most` replies until `lease_until`. Of one conversation, one at a time and in order. Of all projects: it is the
/// worker's entry point.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<LeasedReply>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE messages
                 SET due_at = $2, attempts = attempts + 1
                 WHERE id IN (
                     SELECT m.id
                     FROM messages AS m
                     WHERE m.due_at <= $1 AND NOT EXISTS (
                         SELECT 1 FROM messages AS before
                         WHERE before.conversation_id = m.conversation_id AND before.id < m.id AND before.due_at IS NOT NULL
                     )
                     ORDER BY m.due_at
                     LIMIT $3
                 )
                 RETURNING id, project_id, channel, reply_id, text, attempts,
                           (SELECT external_user_id FROM conversations WHERE conversations.id = messages.conversation_id),
                           (SELECT external_phone_id FROM conversations WHERE conversations.id = messages.conversation_id)",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE messages
                   SET due_at = $2, attempts = messages.attempts + 1
                   FROM (
                       SELECT m.id, c.external_user_id, c.external_phone_id
                       FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
                       WHERE m.due_at <= $1 AND NOT EXISTS (
                           SELECT 1 FROM messages AS before
                           WHERE before.conversation_id = m.conversation_id AND before.id < m.id
                             AND before.due_at IS NOT NULL
                       )
                       ORDER BY m.due_at
                       LIMIT $3
                       FOR UPDATE OF m SKIP LOCKED
                   ) AS due
                   WHERE messages.id = due.id
                   RETURNING messages.id, messages.project_id, messages.channel, messages.reply_id, messages.text,
                             messages.attempts, due.external_user_id, due.external_phone_id",
    };
    tx.query(CLAIM, params![now, lease_until, most], |row| {
        Ok(LeasedReply {
            id: row.get(0)?,
            project: row.get(1)?,
            channel: row.get(2)?,
            reply_id: row.get(3)?,
            text: row.get(4)?,
            attempt: row.get(5)?,
            lease_until,
            to: PersonIds { external_user_id: row.get(6)?, external_phone_id: row.get(7)? },
        })
    })
    .await
}

/// How an attempt left its reply.
#[derive(Clone, Debug)]
pub struct SettledReply {
    /// Row key.
    pub id: MessageId,
    /// Its project.
    pub project: ProjectId,
    /// The attempt's number.
    pub attempt: u32,
    /// `Sent`, `Queued` or `Failed`.
    pub status: MessageStatus,
    /// The platform's id of it, where it gave one.
    pub external_id: Option<String>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// When the next attempt is due, where there is one.
    pub due_at: Option<Timestamp>,
}

/// Ends attempts: the replies are sent, to be tried again, or given up. Nothing changes where another attempt was claimed since,
/// or the platform has reported a status already. In the order of their keys, as [`lock`] has them.
pub async fn settle(tx: &Tx, settled: &[SettledReply]) -> Result<u64> {
    const SETTLE: Sql = Sql {
        sqlite: "UPDATE messages
                 SET status = $4, external_id = COALESCE($5, external_id), error = $6, due_at = $7
                 WHERE project_id = $1 AND id = $2 AND attempts = $3 AND status = 'queued'",
        postgres: "UPDATE messages
                   SET status = settled.status, external_id = COALESCE(settled.external_id, messages.external_id),
                       error = settled.error, due_at = settled.due_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[])
                       AS settled (project_id, id, attempt, status, external_id, error, due_at)
                   WHERE messages.project_id = settled.project_id AND messages.id = settled.id
                     AND messages.attempts = settled.attempt AND messages.status = 'queued'",
    };
    let mut settled: Vec<&SettledReply> = settled.iter().collect();
    settled.sort_unstable_by_key(|one| one.id);
    let rows: Vec<_> = settled
        .iter()
        .map(|one| {
            [
                one.project.into(),
                one.id.into(),
                one.attempt.into(),
                one.status.as_str().into(),
                one.external_id.as_deref().into(),
                one.error.as_deref().into(),
                one.due_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(SETTLE, &rows).await
}

/// A reply as a platform names it.
pub struct NamedReply<'a> {
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// The platform's id of it.
    pub external_id: &'a str,
    /// Ours, where the platform returns it.
    pub reply_id: Option<&'a str>,
}

/// Locks replies until the end of the transaction, in the order of their keys, so that two batches never wait for each other:
/// a platform reports what became of a reply at the moment at which its sending is settled.
pub async fn lock(tx: &Tx, replies: &[NamedReply<'_>]) -> Result<()> {
    const LOCK: Sql = Sql {
        // There is one writer.
        sqlite: "",
        postgres: "SELECT messages.id
                   FROM (
                       SELECT m.id
                       FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
                           AS named (project_id, channel, external_id, reply_id)
                       JOIN messages AS m
                         ON m.project_id = named.project_id AND m.channel = named.channel
                           AND m.external_id = named.external_id
                       UNION
                       SELECT m.id
                       FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
                           AS named (project_id, channel, external_id, reply_id)
                       JOIN messages AS m ON m.project_id = named.project_id AND m.reply_id = named.reply_id
                       ORDER BY id
                   ) AS named
                   JOIN messages ON messages.id = named.id
                   FOR UPDATE OF messages",
    };
    let rows: Vec<_> = replies
        .iter()
        .map(|one| [one.project.into(), one.channel.into(), one.external_id.into(), one.reply_id.into()])
        .collect();
    tx.query_rows(LOCK, &rows, |_| Ok(())).await.map(|_| ())
}

/// Moves a reply's status forward, never back: see [`MessageStatus::rank`]. Our own id finds a reply whose sending is not
/// settled yet.
pub async fn advance_status(
    tx: &Tx,
    reply: &NamedReply<'_>,
    status: MessageStatus,
    error: Option<&str>,
) -> Result<u64> {
    let NamedReply { project, channel, external_id, reply_id } = *reply;
    if let Some(reply_id) = reply_id {
        tx.execute(
            "UPDATE messages
             SET external_id = $4
             WHERE project_id = $1 AND reply_id = $3 AND channel = $2 AND external_id IS NULL",
            params![project, channel, reply_id, external_id],
        )
        .await?;
    }
    tx.execute(
        "UPDATE messages
         SET status = $4, error = COALESCE($5, error), due_at = NULL
         WHERE project_id = $1 AND channel = $2 AND external_id = $3 AND direction = 'out'
           AND CASE status WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 WHEN 'failed' THEN 2 WHEN 'delivered' THEN 3 ELSE 4 END
             < $6",
        params![project, channel, external_id, status.as_str(), error, status.rank()],
    )
    .await
}

/// What a platform sent that is no message and no status.
pub struct NewNotice<'a> {
    /// The channel that it came on.
    pub channel: ChannelId,
    /// What it is.
    pub kind: &'a str,
    /// As the platform sent it, JSON.
    pub raw: &'a str,
}

/// Stores a notice.
pub async fn insert_notice(tx: &Tx, project: ProjectId, new: &NewNotice<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO notices (project_id, channel, kind, raw, created_at) VALUES ($1, $2, $3, $4, $5)",
        params![project, new.channel, new.kind, new.raw, now],
    )
    .await
}

/// When the next reply of any project falls due after `now`.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.get("SELECT MIN(due_at) FROM messages WHERE due_at > $1", params![now], |row| row.get(0)).await
}
