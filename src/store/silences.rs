//! Conversations whose person stays silent: when the agent asks once more, and when the lead counts as abandoned. Turns set both times
//! (`turns::settle`); whoever finds one due locks the conversation and settles it in the same transaction. One that waits for the
//! agent, or has its turn, is left to the turn, which sets both times anew.

use crate::db::{Error, Result, Row, Sql, Tx};
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ChannelId, ConversationId, LeadId, MessageId, ProjectId};
use crate::domain::lead::Handling;
use crate::domain::time::Timestamp;
use crate::params;

/// A conversation whose nudge is due.
#[derive(Clone, Debug)]
pub struct DueNudge {
    /// Its project.
    pub project: ProjectId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its lead.
    pub lead: LeadId,
    /// Its channel.
    pub channel: ChannelId,
    /// The channel's platform.
    pub kind: ChannelKind,
    /// Who looks after the conversation.
    pub handling: Handling,
    /// What the agent remembers, JSON.
    pub agent_state: String,
    /// What is known of the lead, JSON: `{key: {value, words}}`.
    pub fields: String,
    /// When the person last wrote, by the platform's clock.
    pub heard_at: Option<Timestamp>,
    /// The newest message, in either direction.
    pub newest_message: Option<MessageId>,
    /// Whether a message reaches the person now: they have not blocked the channel, the channel works, nothing waits to be sent.
    pub is_reachable: bool,
    /// The number that the platform vouches for, E.164.
    pub phone: Option<String>,
}

/// What is selected of conversations whose nudge is due.
macro_rules! due_nudges {
    () => {
        "c.project_id, c.id, leads.id, c.channel, channels.kind, c.handling, c.agent_state, leads.fields,
         (SELECT MAX(CASE WHEN m.sent_at < m.created_at THEN m.sent_at ELSE m.created_at END)
          FROM messages AS m
          WHERE m.conversation_id = c.id AND m.direction = 'in'),
         (SELECT MAX(m.id) FROM messages AS m WHERE m.conversation_id = c.id),
         c.unreachable_at IS NULL AND channels.fault IS NULL
           AND (c.external_user_id IS NOT NULL OR c.external_phone_id IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = c.id AND m.due_at IS NOT NULL),
         c.phone
         FROM conversations AS c
         JOIN leads ON leads.conversation_id = c.id
         JOIN channels ON channels.id = c.channel
         WHERE c.nudge_at <= $1 AND c.due_at IS NULL
         ORDER BY c.nudge_at
         LIMIT $2"
    };
}

/// Up to `most` conversations whose nudge is due, of all projects: it is the worker's entry point. They are locked until the end of
/// the transaction.
pub async fn lock_due_nudges(tx: &Tx, now: Timestamp, most: u32) -> Result<Vec<DueNudge>> {
    const DUE: Sql = Sql {
        sqlite: concat!("SELECT ", due_nudges!()),
        // `SKIP LOCKED`: several nodes look at once, and whoever stores a message comes first.
        postgres: concat!("SELECT ", due_nudges!(), " FOR UPDATE OF c SKIP LOCKED"),
    };
    tx.query(DUE, params![now, most], read_nudge).await
}

fn read_nudge(row: &Row<'_>) -> Result<DueNudge> {
    Ok(DueNudge {
        project: row.get(0)?,
        conversation: row.get(1)?,
        lead: row.get(2)?,
        channel: row.get(3)?,
        kind: ChannelKind::parse(&row.get::<String>(4)?).ok_or(Error::Column(4))?,
        handling: Handling::parse(&row.get::<String>(5)?).ok_or(Error::Column(5))?,
        agent_state: row.get(6)?,
        fields: row.get(7)?,
        heard_at: row.get(8)?,
        newest_message: row.get(9)?,
        is_reachable: row.get(10)?,
        phone: row.get(11)?,
    })
}

/// When a conversation is nudged next, of which the transaction has the lock.
pub async fn set_nudge(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    nudge_at: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations SET nudge_at = $3 WHERE project_id = $1 AND id = $2",
        params![project, conversation, nudge_at],
    )
    .await
}

/// A conversation whose lead is about to count as abandoned.
#[derive(Clone, Debug)]
pub struct DueAbandoned {
    /// Its project.
    pub project: ProjectId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Who looks after the conversation.
    pub handling: Handling,
    /// Whether the lead is complete.
    pub is_complete: bool,
    /// What is known of the lead, JSON: `{key: {value, words}}`.
    pub fields: String,
    /// What the person came for.
    pub intent: Option<String>,
}

/// What is selected of conversations whose lead is about to count as abandoned.
macro_rules! due_abandoned {
    () => {
        "c.project_id, c.id, c.handling, leads.completed_at IS NOT NULL, leads.fields, leads.intent
         FROM conversations AS c
         JOIN leads ON leads.conversation_id = c.id
         WHERE c.abandon_at <= $1 AND c.due_at IS NULL
         ORDER BY c.abandon_at
         LIMIT $2"
    };
}

/// Up to `most` conversations whose lead is about to count as abandoned, of all projects: it is the worker's entry point. They are
/// locked until the end of the transaction.
pub async fn lock_due_abandoned(tx: &Tx, now: Timestamp, most: u32) -> Result<Vec<DueAbandoned>> {
    const DUE: Sql = Sql {
        sqlite: concat!("SELECT ", due_abandoned!()),
        // `SKIP LOCKED`: several nodes look at once, and whoever stores a message comes first.
        postgres: concat!("SELECT ", due_abandoned!(), " FOR UPDATE OF c SKIP LOCKED"),
    };
    tx.query(DUE, params![now, most], |row| {
        Ok(DueAbandoned {
            project: row.get(0)?,
            conversation: row.get(1)?,
            handling: Handling::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
            is_complete: row.get(3)?,
            fields: row.get(4)?,
            intent: row.get(5)?,
        })
    })
    .await
}

/// Notes that a conversation was looked at, of which the transaction has the lock, and when its lead was abandoned, if it was.
pub async fn settle_abandoned(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    abandoned_at: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET abandon_at = NULL, abandoned_at = COALESCE(abandoned_at, $3)
         WHERE project_id = $1 AND id = $2",
        params![project, conversation, abandoned_at],
    )
    .await
}
