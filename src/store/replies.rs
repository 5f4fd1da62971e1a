//! Replies: messages to a person. Each is its own job: `due_at` says when it is sent.

use crate::db::{Conn, Error, Result, Sql, Tx};
use crate::domain::channel::{ChannelKind, MessageStatus, PersonIds, Route};
use crate::domain::generated_by::GeneratedBy;
use crate::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId, UserId};
use crate::domain::time::Timestamp;
use crate::params;
use crate::store::deliveries::DueBound;

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
    /// Who wrote it; `None` for the agent.
    pub user: Option<UserId>,
    /// What to answer it by, JSON.
    pub offers: Option<&'a str>,
    /// The approved template that it is, JSON.
    pub template: Option<&'a str>,
    /// Who worded it.
    pub by: GeneratedBy,
}

/// Queues replies.
pub async fn insert(tx: &Tx, replies: &[NewReply<'_>], now: Timestamp) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO messages (id, project_id, channel, conversation_id, direction, reply_id, kind, text, status,
                                       attempts, due_at, created_at, user_id, offers, template, generated_by)
                 VALUES ($1, $2, $3, $4, 'out', $5, 'text', $6, 'queued', 0, $7, $7, $8, $9, $10, $11)",
        postgres: "INSERT INTO messages (id, project_id, channel, conversation_id, direction, reply_id, kind, text, status,
                                         attempts, due_at, created_at, user_id, offers, template, generated_by)
                   SELECT id, project_id, channel, conversation_id, 'out', reply_id, 'text', text, 'queued', 0, now, now, user_id,
                          offers, template, generated_by
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
                               $8::bigint[], $9::text[], $10::text[], $11::text[])
                       AS reply (id, project_id, channel, conversation_id, reply_id, text, now, user_id, offers, template,
                                 generated_by)",
    };
    let rows: Vec<_> = replies
        .iter()
        .map(|one| {
            let NewReply { id, project, channel, conversation, reply_id, text, user, offers, template, by } = *one;
            [
                id.into(),
                project.into(),
                channel.into(),
                conversation.into(),
                reply_id.into(),
                text.into(),
                now.into(),
                user.into(),
                offers.into(),
                template.into(),
                by.as_str().into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &rows).await
}

/// Gives up the agent's replies of a conversation that wait, for the reason in `error`. What people wrote is still sent.
pub async fn cancel(tx: &Tx, project: ProjectId, conversation: ConversationId, error: &str) -> Result<u64> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    tx.execute(
        "UPDATE messages
         SET status = 'cancelled', error = $3, due_at = NULL
         WHERE +project_id = $1 AND conversation_id = $2 AND due_at IS NOT NULL AND user_id IS NULL",
        params![project, conversation, error],
    )
    .await
}

/// Gives up the replies of a conversation that wait, whoever wrote them, for the reason in `error`: they cannot arrive. Not `but`, which
/// whoever sends it settles.
pub async fn fail_waiting(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    but: Option<MessageId>,
    error: &str,
) -> Result<u64> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    tx.execute(
        "UPDATE messages
         SET status = 'failed', error = $3, due_at = NULL
         WHERE +project_id = $1 AND conversation_id = $2 AND due_at IS NOT NULL AND id <> $4",
        params![project, conversation, error, but.unwrap_or(MessageId(0))],
    )
    .await
}

/// Makes replies of all projects that are due after `after`, and later than their bound, due at the bound. For the worker.
pub async fn bring_forward(tx: &Tx, bounds: &[DueBound], after: Timestamp) -> Result<u64> {
    let mut changed = 0;
    for DueBound { attempts, attempts_max, due_max } in bounds {
        changed += tx
            .execute(
                "UPDATE messages
                 SET due_at = $2
                 WHERE due_at > $1 AND due_at > $2 AND attempts - retries_from BETWEEN $3 AND $4",
                params![after, *due_max, *attempts, *attempts_max],
            )
            .await?;
    }
    Ok(changed)
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
    /// Its conversation.
    pub conversation: ConversationId,
    /// Our id of it, given to the platform where it takes one.
    pub reply_id: String,
    /// What to say.
    pub text: String,
    /// The number of this attempt, from 1: whoever settles must hold it.
    pub attempt: u32,
    /// The attempt after which its retry schedule began.
    pub retries_from: u32,
    /// When others may claim the reply.
    pub lease_until: Timestamp,
    /// The platform's ids of the person.
    pub to: PersonIds,
    /// The part of the chat that they wrote in last.
    pub route: Route,
    /// What to answer it by, JSON.
    pub offers: Option<String>,
    /// The approved template that it is, JSON.
    pub template: Option<String>,
    /// Attempts before this one of which it is not known whether the platform has the message.
    pub unknown_attempts: u32,
    /// How the platform refused it last, where that counts.
    pub refused: Option<Refused>,
}

/// What a platform said of a message several times in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The platform's code.
    pub code: i64,
    /// How many times.
    pub times: u32,
}

/// The replies of which no earlier one of their conversation waits.
macro_rules! is_first {
    () => {
        "NOT EXISTS (
             SELECT 1 FROM messages AS before
             WHERE before.conversation_id = m.conversation_id AND before.id < m.id AND before.due_at IS NOT NULL
         )"
    };
}

/// A reply that is due.
#[derive(Clone, Copy, Debug)]
pub struct DueReply {
    /// Row key.
    pub id: MessageId,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// The channel's platform.
    pub kind: ChannelKind,
}

/// Replies that are due, at most `most`, the longest due first. Of one conversation, the first; of a channel that nothing is sent on for
/// a while, none. Of all projects: it is the worker's entry point.
pub async fn due(conn: &Conn, now: Timestamp, most: u32) -> Result<Vec<DueReply>> {
    conn.query(
        concat!(
            "SELECT m.id, m.project_id, m.channel, channels.kind
             FROM messages AS m JOIN channels ON channels.id = m.channel
             WHERE m.due_at <= $1 AND ",
            is_first!(),
            " AND (channels.held_until IS NULL OR channels.held_until <= $1)
             ORDER BY m.due_at
             LIMIT $2"
        ),
        params![now, most],
        |row| {
            let kind = ChannelKind::parse(&row.get::<String>(3)?).ok_or(Error::Column(3))?;
            Ok(DueReply { id: row.get(0)?, project: row.get(1)?, channel: row.get(2)?, kind })
        },
    )
    .await
}

/// Claims those of these replies that are still due, until `lease_until`.
pub async fn claim(tx: &Tx, due: &[DueReply], now: Timestamp, lease_until: Timestamp) -> Result<Vec<LeasedReply>> {
    const CLAIM: Sql = Sql {
        sqlite: concat!(
            "UPDATE messages AS m
             SET due_at = $3, attempts = attempts + 1, error = NULL,
                 unknown_attempts = CASE WHEN attempts <= retries_from THEN 0
                                         WHEN error IS NULL THEN unknown_attempts + 1 ELSE unknown_attempts END
             WHERE id = $1 AND due_at <= $2 AND ",
            is_first!(),
            " RETURNING id, project_id, channel, reply_id, text, attempts, retries_from,
                       (SELECT external_user_id FROM conversations WHERE conversations.id = conversation_id),
                       (SELECT external_phone_id FROM conversations WHERE conversations.id = conversation_id),
                       conversation_id, offers, unknown_attempts,
                       (SELECT thread FROM conversations WHERE conversations.id = conversation_id),
                       (SELECT account FROM conversations WHERE conversations.id = conversation_id),
                       template, refusal_code, refusals"
        ),
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: concat!(
            "UPDATE messages
             SET due_at = due.lease_until, attempts = messages.attempts + 1, error = NULL,
                 unknown_attempts = CASE WHEN messages.attempts <= messages.retries_from THEN 0
                                         WHEN messages.error IS NULL THEN messages.unknown_attempts + 1
                                         ELSE messages.unknown_attempts END
             FROM (
                 SELECT m.id, wanted.lease_until, c.external_user_id, c.external_phone_id, c.thread, c.account
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (id, now, lease_until)
                 JOIN messages AS m ON m.id = wanted.id
                 JOIN conversations AS c ON c.id = m.conversation_id
                 WHERE m.due_at <= wanted.now AND ",
            is_first!(),
            "    FOR UPDATE OF m SKIP LOCKED
             ) AS due
             WHERE messages.id = due.id
             RETURNING messages.id, messages.project_id, messages.channel, messages.reply_id, messages.text,
                       messages.attempts, messages.retries_from, due.external_user_id, due.external_phone_id,
                       messages.conversation_id, messages.offers, messages.unknown_attempts, due.thread, due.account,
                       messages.template, messages.refusal_code, messages.refusals"
        ),
    };
    let rows: Vec<_> = due.iter().map(|one| [one.id.into(), now.into(), lease_until.into()]).collect();
    tx.query_rows(CLAIM, &rows, |row| {
        let code: Option<i64> = row.get(15)?;
        let times: u32 = row.get(16)?;
        Ok(LeasedReply {
            id: row.get(0)?,
            project: row.get(1)?,
            channel: row.get(2)?,
            reply_id: row.get(3)?,
            text: row.get(4)?,
            attempt: row.get(5)?,
            retries_from: row.get(6)?,
            lease_until,
            to: PersonIds { external_user_id: row.get(7)?, external_phone_id: row.get(8)? },
            conversation: row.get(9)?,
            offers: row.get(10)?,
            unknown_attempts: row.get(11)?,
            route: Route { thread: row.get(12)?, account: row.get(13)? },
            template: row.get(14)?,
            refused: code.map(|code| Refused { code, times }),
        })
    })
    .await
}

/// What an attempt says of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelHealth {
    /// Nothing new.
    Unchanged,
    /// Something is wrong that its operator can mend, in words.
    Faulty(String),
    /// What was wrong is mended.
    Mended,
}

/// What an attempt says of the person and of the pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Nothing new.
    Unchanged,
    /// They cannot be written to any more.
    Gone,
    /// They want no marketing messages.
    Unwanted,
    /// The platform wants fewer messages until then, and does not tell whether of the chat or of the channel.
    TooFast(Timestamp),
    /// The platform takes nothing from the channel until then.
    Held(Timestamp),
    /// The platform wants fewer calls: it takes no reply until the first time, and gets nothing else until the second.
    FewerCalls(Timestamp, Timestamp),
}

/// How an attempt left its reply.
#[derive(Clone, Debug)]
pub struct SettledReply {
    /// Row key.
    pub id: MessageId,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// What the attempt says of the channel.
    pub health: ChannelHealth,
    /// What it says of the person and of the pace.
    pub reached: Reached,
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
    /// How often in a row the platform has refused it this way, where that counts.
    pub refused: Option<Refused>,
}

/// Ends attempts: the replies are sent, to be tried again, or given up. Nothing changes where another attempt was claimed since,
/// or the platform has reported a status already. One that was given up while it was under way, and has arrived, counts as sent:
/// the customer has read it. In the order of their keys, as `reply_status::lock` has them.
pub async fn settle(tx: &Tx, settled: &[SettledReply]) -> Result<u64> {
    const SETTLE: Sql = Sql {
        sqlite: "UPDATE messages
                 SET status = $4, external_id = COALESCE($5, external_id), error = $6, due_at = $7,
                     refusal_code = $8, refusals = $9
                 WHERE project_id = $1 AND id = $2 AND attempts = $3
                   AND (status = 'queued' OR status = 'cancelled' AND $4 = 'sent')",
        postgres: "UPDATE messages
                   SET status = settled.status, external_id = COALESCE(settled.external_id, messages.external_id),
                       error = settled.error, due_at = settled.due_at, refusal_code = settled.refusal_code,
                       refusals = settled.refusals
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                               $8::bigint[], $9::bigint[])
                       AS settled (project_id, id, attempt, status, external_id, error, due_at, refusal_code, refusals)
                   WHERE messages.project_id = settled.project_id AND messages.id = settled.id
                     AND messages.attempts = settled.attempt
                     AND (messages.status = 'queued' OR messages.status = 'cancelled' AND settled.status = 'sent')",
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
                one.refused.map(|refused| refused.code).into(),
                one.refused.map_or(0, |refused| refused.times).into(),
            ]
        })
        .collect();
    tx.execute_rows(SETTLE, &rows).await
}

/// Makes the replies due that wait on a channel for another attempt, with their retry schedule from the start. One that is being sent
/// has no error: it stays with whoever sends it.
pub async fn release(tx: &Tx, project: ProjectId, channel: ChannelId, now: Timestamp) -> Result<u64> {
    // `+`: SQLite is to find the rows by their time, since few are due.
    tx.execute(
        "UPDATE messages
         SET due_at = $3, retries_from = attempts
         WHERE +project_id = $1 AND channel = $2 AND due_at > $3 AND status = 'queued' AND error IS NOT NULL",
        params![project, channel, now],
    )
    .await
}

/// When the next reply of any project falls due after `now`.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.get("SELECT MIN(due_at) FROM messages WHERE due_at > $1", params![now], |row| row.get(0)).await
}
