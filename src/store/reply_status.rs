//! What platforms tell of replies: how far each came, and what it costs.

use crate::db::{Result, Sql, Tx};
use crate::domain::channel::MessageStatus;
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// [`MessageStatus::rank`] of a reply.
macro_rules! rank {
    () => {
        "CASE status
             WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 2 WHEN 'delivered' THEN 3 ELSE 4
         END"
    };
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

/// What a platform says of a reply.
#[derive(Clone, Copy)]
pub struct ToldStatus<'a> {
    /// The step that it took.
    pub status: MessageStatus,
    /// Why it failed, in words.
    pub error: Option<&'a str>,
    /// As what it is counted, and whether it is charged for.
    pub price: Option<(&'a str, bool)>,
}

/// Moves a reply's status forward, never back: see [`MessageStatus::rank`]; what it costs counts with any step. Our own id finds a
/// reply whose sending is not settled yet.
pub async fn advance(tx: &Tx, reply: &NamedReply<'_>, told: ToldStatus<'_>) -> Result<u64> {
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
    let ToldStatus { status, error, price } = told;
    if let Some((category, is_billable)) = price {
        return tx
            .execute(
                concat!(
                    "UPDATE messages
                     SET price_category = $7, is_billable = $8,
                         status = CASE WHEN ",
                    rank!(),
                    " < $6 THEN $4 ELSE status END,
                         error = CASE WHEN ",
                    rank!(),
                    " < $6 THEN COALESCE($5, error) ELSE error END,
                         due_at = CASE WHEN ",
                    rank!(),
                    " < $6 THEN NULL ELSE due_at END
                     WHERE project_id = $1 AND channel = $2 AND external_id = $3 AND direction = 'out'
                       AND (",
                    rank!(),
                    " < $6 OR price_category IS NULL OR price_category <> $7 OR is_billable <> $8)"
                ),
                params![project, channel, external_id, status.as_str(), error, status.rank(), category, is_billable],
            )
            .await;
    }
    tx.execute(
        concat!(
            "UPDATE messages
             SET status = $4, error = COALESCE($5, error), due_at = NULL
             WHERE project_id = $1 AND channel = $2 AND external_id = $3 AND direction = 'out' AND ",
            rank!(),
            " < $6"
        ),
        params![project, channel, external_id, status.as_str(), error, status.rank()],
    )
    .await
}

/// Queues a reply again that the platform took and then refused with `code`, where it has not done so before: once, at `due_at`. `true`
/// as well where it waits for that already: the platform may tell twice.
pub async fn retry_once(
    tx: &Tx,
    reply: &NamedReply<'_>,
    (code, error): (i64, Option<&str>),
    due_at: Timestamp,
) -> Result<bool> {
    let NamedReply { project, channel, external_id, .. } = *reply;
    tx.execute_one(
        "UPDATE messages
         SET status = 'queued', refusal_code = $4, refusals = 1, error = $5,
             due_at = CASE WHEN status = 'sent' THEN $6 ELSE due_at END
         WHERE project_id = $1 AND channel = $2 AND external_id = $3 AND direction = 'out'
           AND (status = 'sent' AND (refusal_code IS NULL OR refusal_code <> $4)
                OR status = 'queued' AND refusal_code = $4 AND due_at IS NOT NULL)",
        params![project, channel, external_id, code, error, due_at],
    )
    .await
}
