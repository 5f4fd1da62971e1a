//! Messages, in and out. One that goes out is its own job.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A message from a person.
pub struct NewMessage<'a> {
    /// Row key of the channel.
    pub channel: i64,
    /// Row key of the conversation.
    pub conversation: i64,
    /// The platform's id of it.
    pub platform_id: &'a str,
    /// The platform's type: `text`, `image`, …
    pub kind: &'a str,
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
pub async fn exists(conn: &Conn, channel: i64, platform_id: &str) -> Result<bool> {
    conn.find("SELECT 1 FROM messages WHERE channel = $1 AND platform_id = $2", params![channel, platform_id], |_| {
        Ok(())
    })
    .await
    .map(|found| found.is_some())
}

/// Stores a message from a person and gives its row key; `None` where the platform's id was seen before.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewMessage<'_>, now: Timestamp) -> Result<Option<i64>> {
    tx.find(
        "INSERT INTO messages (project_id, channel, conversation_id, direction, platform_id, kind, text, contact, raw,
                               status, attempts, sent_at, created_at)
         VALUES ($1, $2, $3, 'in', $4, $5, $6, $7, $8, 'received', 0, $9, $10)
         ON CONFLICT (channel, platform_id) WHERE platform_id IS NOT NULL DO NOTHING
         RETURNING id",
        params![
            project.0,
            new.channel,
            new.conversation,
            new.platform_id,
            new.kind,
            new.text,
            new.contact,
            new.raw,
            new.sent_at,
            now
        ],
        |row| row.get(0),
    )
    .await
}

/// A message that the agent has not dealt with.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Row key.
    pub id: i64,
    /// The platform's type.
    pub kind: String,
    /// What the person said.
    pub text: Option<String>,
    /// The sender's own card, JSON, where they shared it.
    pub contact: Option<String>,
}

/// What people wrote in conversations after a message of each, oldest first, at most `most` of each. With the row key of the
/// conversation.
pub async fn unread(conn: &Conn, after: &[(i64, i64)], most: u32) -> Result<Vec<(i64, Unread)>> {
    const UNREAD: Sql = Sql {
        sqlite: "SELECT id, kind, text, contact, conversation_id
                 FROM messages
                 WHERE conversation_id = $1 AND id > $2 AND direction = 'in'
                 ORDER BY id
                 LIMIT $3",
        postgres: "SELECT unread.*
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (conversation_id, after, most)
                   CROSS JOIN LATERAL (
                       SELECT id, kind, text, contact, conversation_id
                       FROM messages
                       WHERE messages.conversation_id = wanted.conversation_id AND id > wanted.after AND direction = 'in'
                       ORDER BY id
                       LIMIT wanted.most
                   ) AS unread",
    };
    let rows: Vec<_> =
        after.iter().map(|(conversation, after)| [(*conversation).into(), (*after).into(), most.into()]).collect();
    conn.query_rows(UNREAD, &rows, |row| {
        let unread = Unread { id: row.get(0)?, kind: row.get(1)?, text: row.get(2)?, contact: row.get(3)? };
        Ok((row.get(4)?, unread))
    })
    .await
}

/// A message to a person.
pub struct NewReply<'a> {
    /// Its project.
    pub project: ProjectId,
    /// Row key of the channel.
    pub channel: i64,
    /// Row key of the conversation.
    pub conversation: i64,
    /// A UUID.
    pub reply_id: &'a str,
    /// What to say.
    pub text: &'a str,
}

/// Queues replies.
pub async fn insert_replies(tx: &Tx, replies: &[NewReply<'_>], now: Timestamp) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO messages (project_id, channel, conversation_id, direction, reply_id, kind, text, status,
                                       attempts, due_at, created_at)
                 VALUES ($1, $2, $3, 'out', $4, 'text', $5, 'queued', 0, $6, $6)",
        postgres: "INSERT INTO messages (project_id, channel, conversation_id, direction, reply_id, kind, text, status,
                                         attempts, due_at, created_at)
                   SELECT project_id, channel, conversation_id, 'out', reply_id, 'text', text, 'queued', 0, now, now
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])
                       AS reply (project_id, channel, conversation_id, reply_id, text, now)",
    };
    let rows: Vec<_> = replies
        .iter()
        .map(|one| {
            let NewReply { project, channel, conversation, reply_id, text } = *one;
            [project.0.into(), channel.into(), conversation.into(), reply_id.into(), text.into(), now.into()]
        })
        .collect();
    tx.execute_rows(INSERT, &rows).await
}

/// A reply that was claimed for sending.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Row key.
    pub id: i64,
    /// Row key of the channel.
    pub channel: i64,
    /// Our id of it, told to the platform where it takes one.
    pub reply_id: String,
    /// What to say.
    pub text: String,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The person's id that is a phone number.
    pub wa_id: Option<String>,
    /// The person's id that is none.
    pub user_id: Option<String>,
}

/// Claims up to `most` replies until `lease_until`. Of one conversation, one at a time and in order.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<Outgoing>> {
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
                 RETURNING id, channel, reply_id, text, attempts,
                           (SELECT wa_id FROM conversations WHERE conversations.id = messages.conversation_id),
                           (SELECT user_id FROM conversations WHERE conversations.id = messages.conversation_id)",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE messages
                   SET due_at = $2, attempts = messages.attempts + 1
                   FROM (
                       SELECT m.id, c.wa_id, c.user_id
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
                   RETURNING messages.id, messages.channel, messages.reply_id, messages.text, messages.attempts,
                             due.wa_id, due.user_id",
    };
    tx.query(CLAIM, params![now, lease_until, most], |row| {
        Ok(Outgoing {
            id: row.get(0)?,
            channel: row.get(1)?,
            reply_id: row.get(2)?,
            text: row.get(3)?,
            attempt: row.get(4)?,
            wa_id: row.get(5)?,
            user_id: row.get(6)?,
        })
    })
    .await
}

/// How an attempt left its reply.
#[derive(Clone, Debug)]
pub struct SettledReply {
    /// Row key.
    pub id: i64,
    /// The attempt's number.
    pub attempt: u32,
    /// `sent`, `queued` or `failed`.
    pub status: &'static str,
    /// The platform's id of it, where it told one.
    pub platform_id: Option<String>,
    /// Why it failed, in words.
    pub problem: Option<String>,
    /// When the next attempt is due, where there is one.
    pub due_at: Option<Timestamp>,
}

/// Ends attempts: the replies are sent, to be tried again, or given up. In the order of their keys, as [`lock`] has them.
pub async fn settle(tx: &Tx, settled: &[SettledReply]) -> Result<u64> {
    const SETTLE: Sql = Sql {
        sqlite: "UPDATE messages
                 SET status = $3, platform_id = COALESCE($4, platform_id), problem = $5, due_at = $6
                 WHERE id = $1 AND attempts = $2 AND status = 'queued'",
        postgres: "UPDATE messages
                   SET status = settled.status, platform_id = COALESCE(settled.platform_id, messages.platform_id),
                       problem = settled.problem, due_at = settled.due_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])
                       AS settled (id, attempt, status, platform_id, problem, due_at)
                   WHERE messages.id = settled.id AND messages.attempts = settled.attempt AND messages.status = 'queued'",
    };
    let mut settled: Vec<&SettledReply> = settled.iter().collect();
    settled.sort_unstable_by_key(|one| one.id);
    let rows: Vec<_> = settled
        .iter()
        .map(|one| {
            let (platform_id, problem) = (one.platform_id.as_deref(), one.problem.as_deref());
            [
                one.id.into(),
                one.attempt.into(),
                one.status.into(),
                platform_id.into(),
                problem.into(),
                one.due_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(SETTLE, &rows).await
}

/// A reply as a platform names it.
pub struct Named<'a> {
    /// Row key of the channel.
    pub channel: i64,
    /// The platform's id of it.
    pub platform_id: &'a str,
    /// Ours, where the platform tells it.
    pub reply_id: Option<&'a str>,
}

/// Locks replies until the end of the transaction, in the order of their keys, so that two groups never wait for each other:
/// a platform tells what became of a reply at the moment at which its sending is settled.
pub async fn lock(tx: &Tx, replies: &[Named<'_>]) -> Result<()> {
    const LOCK: Sql = Sql {
        // There is one writer.
        sqlite: "",
        postgres: "SELECT messages.id
                   FROM (
                       SELECT m.id
                       FROM unnest($1::bigint[], $2::text[], $3::text[]) AS named (channel, platform_id, reply_id)
                       JOIN messages AS m ON m.channel = named.channel AND m.platform_id = named.platform_id
                       UNION
                       SELECT m.id
                       FROM unnest($1::bigint[], $2::text[], $3::text[]) AS named (channel, platform_id, reply_id)
                       JOIN messages AS m ON m.reply_id = named.reply_id
                       ORDER BY id
                   ) AS told
                   JOIN messages ON messages.id = told.id
                   FOR UPDATE OF messages",
    };
    let rows: Vec<_> =
        replies.iter().map(|one| [one.channel.into(), one.platform_id.into(), one.reply_id.into()]).collect();
    tx.query_rows(LOCK, &rows, |_| Ok(())).await.map(|_| ())
}

/// Moves a reply's status forward: `sent`, `delivered`, `read`; `failed` only before it was delivered. It never goes back.
/// `reply_id` finds a reply whose sending is not settled yet.
pub async fn advance_status(
    tx: &Tx,
    channel: i64,
    platform_id: &str,
    reply_id: Option<&str>,
    status: &str,
    problem: Option<&str>,
) -> Result<u64> {
    if let Some(reply_id) = reply_id {
        tx.execute(
            "UPDATE messages SET platform_id = $3 WHERE reply_id = $2 AND channel = $1 AND platform_id IS NULL",
            params![channel, reply_id, platform_id],
        )
        .await?;
    }
    tx.execute(
        "UPDATE messages
         SET status = $3, problem = COALESCE($4, problem), due_at = NULL
         WHERE channel = $1 AND platform_id = $2 AND direction = 'out'
           AND CASE status WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 WHEN 'failed' THEN 2 WHEN 'delivered' THEN 3 ELSE 4 END
             < CASE $3 WHEN 'sent' THEN 1 WHEN 'failed' THEN 2 WHEN 'delivered' THEN 3 WHEN 'read' THEN 4 ELSE 0 END",
        params![channel, platform_id, status, problem],
    )
    .await
}

/// Keeps what a platform sent that is no message and no status.
pub async fn insert_notice(tx: &Tx, channel: i64, kind: &str, raw: &str, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO notices (channel, kind, raw, created_at) VALUES ($1, $2, $3, $4)",
        params![channel, kind, raw, now],
    )
    .await
}

/// When the next reply falls due after `now`.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.get("SELECT MIN(due_at) FROM messages WHERE due_at > $1", params![now], |row| row.get(0)).await
}
