//! Turns of the agent: which conversation waits for one, who has claimed it, and how it ended.
//!
//! A conversation waits where `due_at` is set. A claim pushes `due_at` to the end of a lease, counts `turn_number` up, which
//! never goes back, and `turn_attempts`, which a turn that is settled sets to 0. Whoever settles must hold the number: after
//! another claim, or a merge, it holds no more. A message that arrives during a turn moves `due_at` away from the end of the
//! lease: settling leaves it there then, so that the next turn reads the message.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId};
use crate::domain::lead::Handling;
use crate::domain::time::Timestamp;
use crate::params;

/// A claim on a conversation's turn: what it takes to settle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnLease {
    /// Its project.
    pub project: ProjectId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The number of the claim.
    pub number: i64,
    /// When others may claim the turn.
    pub until: Timestamp,
}

/// A conversation whose turn was claimed.
#[derive(Clone, Debug)]
pub struct LeasedTurn {
    /// The claim.
    pub lease: TurnLease,
    /// The number of the attempt at this turn, from 1.
    pub attempt: u32,
    /// The UUID of `lead.created`.
    pub public_id: String,
    /// The conversation's channel.
    pub channel: ChannelId,
    /// The number that the platform vouches for, E.164.
    pub phone: Option<String>,
    /// What the agent remembers, JSON.
    pub agent_state: String,
    /// The newest message that the agent has read; 0 before the first.
    pub answered_up_to: MessageId,
    /// The conversation's newest message, in either direction.
    pub newest_message: Option<MessageId>,
    /// What happens if the person stays silent.
    pub silence: Silence,
    /// Whether webhooks were told that the lead is abandoned.
    pub is_abandoned: bool,
}

/// What happens to a conversation whose person stays silent; `None` for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// When the agent asks once more.
    pub nudge_at: Option<Timestamp>,
    /// When the lead counts as abandoned.
    pub abandon_at: Option<Timestamp>,
}

/// The conversation waits for the agent at `due_at`, and for whoever has taken it over since `burst_started_at`.
pub async fn call_agent(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    burst_started_at: Timestamp,
    due_at: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET burst_started_at = $3, due_at = $4,
             unanswered_since = CASE WHEN handling = 'with' THEN COALESCE(unanswered_since, $3) ELSE unanswered_since END,
             asked_at = CASE WHEN handling = 'with' THEN COALESCE(asked_at, $3) ELSE asked_at END
         WHERE project_id = $1 AND id = $2",
        params![project, conversation, burst_started_at, due_at],
    )
    .await
}

/// Takes the claim away from a turn that may be under way, and calls the agent for `due_at`. What the agent remembers, JSON: it
/// stays so until the end of the transaction, unless [`set_agent_state`] changes it.
pub async fn interrupt(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    due_at: Option<Timestamp>,
) -> Result<String> {
    tx.get(
        "UPDATE conversations
         SET turn_number = turn_number + 1, due_at = $3
         WHERE project_id = $1 AND id = $2
         RETURNING agent_state",
        params![project, conversation, due_at],
        |row| row.get(0),
    )
    .await
}

/// Changes what the agent remembers, where [`interrupt`] keeps everybody else from it.
pub async fn set_agent_state(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    agent_state: &str,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations SET agent_state = $3 WHERE project_id = $1 AND id = $2",
        params![project, conversation, agent_state],
    )
    .await
}

/// Claims up to `most` turns that are due, until `lease_until`. Of all projects: it is the worker's entry point.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<LeasedTurn>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE conversations
                 SET due_at = $2, turn_number = turn_number + 1, turn_attempts = turn_attempts + 1
                 WHERE id IN (SELECT id FROM conversations WHERE due_at <= $1 ORDER BY due_at LIMIT $3)
                 RETURNING project_id, id, turn_number, turn_attempts, public_id, channel, phone, agent_state, answered_up_to,
                           (SELECT MAX(messages.id) FROM messages WHERE messages.conversation_id = conversations.id),
                           nudge_at, abandon_at, abandoned_at IS NOT NULL",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE conversations
                   SET due_at = $2, turn_number = turn_number + 1, turn_attempts = turn_attempts + 1
                   WHERE id IN (
                       SELECT id FROM conversations WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
                   )
                   RETURNING project_id, id, turn_number, turn_attempts, public_id, channel, phone, agent_state, answered_up_to,
                             (SELECT MAX(messages.id) FROM messages WHERE messages.conversation_id = conversations.id),
                             nudge_at, abandon_at, abandoned_at IS NOT NULL",
    };
    tx.query(CLAIM, params![now, lease_until, most], |row| {
        Ok(LeasedTurn {
            lease: TurnLease {
                project: row.get(0)?,
                conversation: row.get(1)?,
                number: row.get(2)?,
                until: lease_until,
            },
            attempt: row.get(3)?,
            public_id: row.get(4)?,
            channel: row.get(5)?,
            phone: row.get(6)?,
            agent_state: row.get(7)?,
            answered_up_to: row.get(8)?,
            newest_message: row.get(9)?,
            silence: Silence { nudge_at: row.get(10)?, abandon_at: row.get(11)? },
            is_abandoned: row.get(12)?,
        })
    })
    .await
}

/// When the next turn of any project falls due after `now`.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.get("SELECT MIN(due_at) FROM conversations WHERE due_at > $1", params![now], |row| row.get(0)).await
}

/// Of `leases` those that still hold and whose conversation nobody else has locked, locked until the end of the transaction.
/// Of several leases on one conversation at most the last claim's is among them.
pub async fn lock_free(tx: &Tx, leases: &[TurnLease]) -> Result<Vec<TurnLease>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT id, turn_number
                 FROM conversations
                 WHERE project_id = $1 AND id = $2 AND turn_number = $3",
        // In no order: whoever waits for none of several rows cannot be part of a deadlock.
        postgres: "SELECT c.id, c.turn_number
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS lease (project_id, id, number)
                   JOIN conversations AS c
                     ON c.project_id = lease.project_id AND c.id = lease.id AND c.turn_number = lease.number
                   FOR UPDATE OF c SKIP LOCKED",
    };
    let rows: Vec<_> =
        leases.iter().map(|one| [one.project.into(), one.conversation.into(), one.number.into()]).collect();
    let locked: Vec<(ConversationId, i64)> = tx.query_rows(LOCK, &rows, |row| Ok((row.get(0)?, row.get(1)?))).await?;
    Ok(leases.iter().copied().filter(|one| locked.contains(&(one.conversation, one.number))).collect())
}

/// Whether the lease still holds, with the conversation locked until the end of the transaction as soon as nobody else has it.
pub async fn lock(tx: &Tx, lease: TurnLease) -> Result<bool> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT 1
                 FROM conversations
                 WHERE project_id = $1 AND id = $2 AND turn_number = $3",
        postgres: "SELECT 1
                   FROM conversations
                   WHERE project_id = $1 AND id = $2 AND turn_number = $3
                   FOR UPDATE",
    };
    tx.exists(LOCK, params![lease.project, lease.conversation, lease.number]).await
}

/// Whether a lease holds and no message has called for another turn since.
pub async fn is_undisturbed(conn: &Conn, lease: TurnLease) -> Result<bool> {
    conn.exists(
        "SELECT 1 FROM conversations WHERE project_id = $1 AND id = $2 AND turn_number = $3 AND due_at = $4",
        params![lease.project, lease.conversation, lease.number, lease.until],
    )
    .await
}

/// How a turn leaves its conversation.
pub struct SettledTurn<'a> {
    /// The claim, which [`lock_free`] or [`lock`] found to hold.
    pub lease: TurnLease,
    /// What the agent remembers, JSON.
    pub agent_state: &'a str,
    /// Who looks after the conversation, as far as the agent knows: `Waiting` also where somebody has taken it over, which stays so.
    pub handling: Handling,
    /// When that began, if it is new.
    pub now: Timestamp,
    /// The newest message that it has read.
    pub answered_up_to: MessageId,
    /// When the agent goes on with what it has not read, where the turn left some.
    pub goes_on_at: Option<Timestamp>,
    /// What happens if the person stays silent.
    pub silence: Silence,
}

/// Stores how turns ended.
pub async fn settle(tx: &Tx, turns: &[SettledTurn<'_>]) -> Result<u64> {
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE conversations
                 SET agent_state = $4, answered_up_to = $5, turn_attempts = 0,
                     handling = CASE WHEN $7 = 'waiting' AND handling = 'with' THEN handling ELSE $7 END,
                     handling_since = CASE WHEN handling = $7 OR $7 = 'waiting' AND handling = 'with' THEN handling_since
                                           ELSE $8 END,
                     asked_at = CASE WHEN $7 <> 'waiting' THEN NULL WHEN handling = 'with' THEN asked_at
                                     ELSE COALESCE(asked_at, $8) END,
                     nudge_at = $9, abandon_at = $10,
                     burst_started_at = CASE WHEN due_at = $3 THEN $6 ELSE burst_started_at END,
                     due_at = CASE WHEN due_at = $3 THEN $6 ELSE due_at END
                 WHERE project_id = $1 AND id = $2",
        postgres: "UPDATE conversations
                   SET agent_state = turn.agent_state, answered_up_to = turn.up_to, turn_attempts = 0,
                       handling = CASE WHEN turn.handling = 'waiting' AND conversations.handling = 'with' THEN 'with'
                                       ELSE turn.handling END,
                       handling_since = CASE WHEN conversations.handling = turn.handling
                                               OR turn.handling = 'waiting' AND conversations.handling = 'with'
                                             THEN handling_since ELSE turn.now END,
                       asked_at = CASE WHEN turn.handling <> 'waiting' THEN NULL
                                       WHEN conversations.handling = 'with' THEN asked_at
                                       ELSE COALESCE(asked_at, turn.now) END,
                       nudge_at = turn.nudge_at, abandon_at = turn.abandon_at,
                       burst_started_at = CASE WHEN due_at = turn.lease_until THEN turn.goes_on_at ELSE burst_started_at END,
                       due_at = CASE WHEN due_at = turn.lease_until THEN turn.goes_on_at ELSE due_at END
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
                               $8::bigint[], $9::bigint[], $10::bigint[])
                       AS turn (project_id, id, lease_until, agent_state, up_to, goes_on_at, handling, now, nudge_at, abandon_at)
                   WHERE conversations.project_id = turn.project_id AND conversations.id = turn.id",
    };
    let rows: Vec<_> = turns
        .iter()
        .map(|one| {
            let TurnLease { project, conversation, until, .. } = one.lease;
            [
                project.into(),
                conversation.into(),
                until.into(),
                one.agent_state.into(),
                one.answered_up_to.into(),
                one.goes_on_at.into(),
                one.handling.as_str().into(),
                one.now.into(),
                one.silence.nudge_at.into(),
                one.silence.abandon_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(UPDATE, &rows).await
}

/// Postpones a turn that failed until `due_at`, unless the lease holds no more or a message calls the agent anyway.
pub async fn retry(tx: &Tx, lease: TurnLease, due_at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET due_at = $5
         WHERE project_id = $1 AND id = $2 AND turn_number = $3 AND due_at = $4",
        params![lease.project, lease.conversation, lease.number, lease.until, due_at],
    )
    .await
}

/// Gives a turn up, unless the lease holds no more: what it read up to `answered_up_to` stays unanswered, and the next message
/// begins a new turn. Until then the person waits for somebody.
pub async fn give_up(tx: &Tx, lease: TurnLease, answered_up_to: MessageId, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET answered_up_to = $5, turn_attempts = 0,
             handling_since = CASE WHEN handling = 'agent' THEN $6 ELSE handling_since END,
             asked_at = CASE WHEN handling = 'agent' THEN COALESCE(asked_at, $6) ELSE asked_at END,
             handling = CASE WHEN handling = 'agent' THEN 'waiting' ELSE handling END,
             burst_started_at = CASE WHEN due_at = $4 THEN NULL ELSE burst_started_at END,
             due_at = CASE WHEN due_at = $4 THEN NULL ELSE due_at END
         WHERE project_id = $1 AND id = $2 AND turn_number = $3",
        params![lease.project, lease.conversation, lease.number, lease.until, answered_up_to, now],
    )
    .await
}
