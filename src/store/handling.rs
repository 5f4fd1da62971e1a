//! Who looks after a conversation. The agent's turns change it in `turns::settle`; here people do, and time.

use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{AttentionId, ChannelId, ConversationId, LeadId, MessageId, ProjectId, UserId};
use crate::domain::lead::Handling;
use crate::domain::time::Timestamp;
use crate::params;

/// A lead's conversation, as whoever takes it over needs it.
#[derive(Clone, Debug)]
pub struct Handled {
    /// The lead.
    pub lead: LeadId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The conversation's channel.
    pub channel: ChannelId,
    /// The channel's platform.
    pub kind: ChannelKind,
    /// Who looks after it.
    pub handling: Handling,
    /// Who has taken it over.
    pub handler: Option<UserId>,
    /// Its newest message, in either direction.
    pub newest_message: Option<MessageId>,
    /// When the person last wrote, by the platform's clock.
    pub last_heard_at: Option<Timestamp>,
    /// Whether the platform knows the person: not after they were erased.
    pub is_reachable: bool,
    /// Whether they blocked the channel, or their account there is gone.
    pub is_gone: bool,
    /// Since when the person waits for an answer of a person.
    pub asked_at: Option<Timestamp>,
}

/// The conversation of a lead of the project, locked until the end of the transaction.
pub async fn lock(tx: &Tx, project: ProjectId, lead: LeadId) -> Result<Option<Handled>> {
    const LOCK: Sql = Sql {
        // There is one writer.
        sqlite: "",
        postgres: "SELECT 1
                   FROM conversations
                   WHERE id = (SELECT conversation_id FROM leads WHERE project_id = $1 AND id = $2)
                   FOR UPDATE",
    };
    tx.query(LOCK, params![project, lead], |_| Ok(())).await?;
    find(tx, project, lead).await
}

/// The conversation of a lead of the project.
pub async fn find(conn: &Conn, project: ProjectId, lead: LeadId) -> Result<Option<Handled>> {
    conn.find(
        "SELECT leads.id, c.id, c.channel, channels.kind, c.handling, c.handler,
                (SELECT MAX(m.id) FROM messages AS m WHERE m.conversation_id = c.id),
                (SELECT MAX(CASE WHEN m.sent_at < m.created_at THEN m.sent_at ELSE m.created_at END)
                 FROM messages AS m
                 WHERE m.conversation_id = c.id AND m.direction = 'in'),
                c.external_user_id IS NOT NULL OR c.external_phone_id IS NOT NULL, c.unreachable_at IS NOT NULL, c.asked_at
         FROM leads
         JOIN conversations AS c ON c.id = leads.conversation_id
         JOIN channels ON channels.id = c.channel
         WHERE leads.project_id = $1 AND leads.id = $2",
        params![project, lead],
        read,
    )
    .await
}

fn read(row: &Row<'_>) -> Result<Handled> {
    Ok(Handled {
        lead: row.get(0)?,
        conversation: row.get(1)?,
        channel: row.get(2)?,
        kind: ChannelKind::parse(&row.get::<String>(3)?).ok_or(Error::Column(3))?,
        handling: Handling::parse(&row.get::<String>(4)?).ok_or(Error::Column(4))?,
        handler: row.get(5)?,
        newest_message: row.get(6)?,
        last_heard_at: row.get(7)?,
        is_reachable: row.get(8)?,
        is_gone: row.get(9)?,
        asked_at: row.get(10)?,
    })
}

/// Whether somebody waits for an answer in a conversation: they asked for a person, or nothing was said after what they wrote.
async fn is_unanswered(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<bool> {
    conn.get(
        "SELECT c.asked_at IS NOT NULL OR COALESCE((
                    SELECT m.direction = 'in'
                    FROM messages AS m
                    WHERE m.conversation_id = c.id AND m.status <> 'cancelled'
                    ORDER BY m.id DESC
                    LIMIT 1
                ), FALSE)
         FROM conversations AS c
         WHERE c.project_id = $1 AND c.id = $2",
        params![project, conversation],
        |row| row.get(0),
    )
    .await
}

/// Somebody takes a conversation over. Whoever waits in it for an answer does so until they get one; how long that may last is counted
/// from now.
pub async fn take_over(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    handler: Option<UserId>,
    now: Timestamp,
) -> Result<u64> {
    let waits_since = is_unanswered(tx, project, conversation).await?.then_some(now);
    tx.execute(
        "UPDATE conversations
         SET handling = 'with', handler = $3, asked_at = COALESCE(asked_at, $5), unanswered_since = $5,
             handling_since = CASE WHEN handling = 'with' THEN handling_since ELSE $4 END
         WHERE project_id = $1 AND id = $2",
        params![project, conversation, handler, now, waits_since],
    )
    .await
}

/// Somebody looks after a conversation from now on, in which nobody waits for an answer.
pub async fn set(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    (handling, handler): (Handling, Option<UserId>),
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET handling = $3, handler = $4, unanswered_since = NULL, asked_at = NULL,
             handling_since = CASE WHEN handling = $3 THEN handling_since ELSE $5 END
         WHERE project_id = $1 AND id = $2",
        params![project, conversation, handling.as_str(), handler, now],
    )
    .await
}

/// The agent reads once more what the person wrote after the last message to them: nobody has answered it.
pub async fn unread_unanswered(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET answered_up_to = CASE WHEN answered_up_to > said.id THEN said.id ELSE answered_up_to END
         FROM (
             SELECT COALESCE(MAX(m.id), 0) AS id
             FROM messages AS m
             WHERE m.conversation_id = $2 AND m.direction = 'out' AND m.status <> 'cancelled'
         ) AS said
         WHERE project_id = $1 AND conversations.id = $2",
        params![project, conversation],
    )
    .await
}

/// A conversation in which a message to somebody stayed unanswered for too long.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// Its project.
    pub project: ProjectId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its lead.
    pub lead: LeadId,
    /// Since when the person waits.
    pub since: Timestamp,
    /// Whether the project wants the agent to go on.
    pub agent_resumes: bool,
}

/// What is selected of conversations in which a message has waited for too long.
macro_rules! unanswered {
    () => {
        "c.project_id, c.id, leads.id, c.unanswered_since, projects.agent_resumes
         FROM conversations AS c
         JOIN projects ON projects.id = c.project_id
         JOIN leads ON leads.conversation_id = c.id
         WHERE c.unanswered_since <= $1 AND c.unanswered_since + projects.unanswered_after <= $1 AND c.handling = 'with'
         ORDER BY c.unanswered_since
         LIMIT $2"
    };
}

/// Up to `most` conversations in which a message stayed unanswered, of all projects: it is the worker's entry point. They are locked
/// until the end of the transaction.
pub async fn lock_unanswered(tx: &Tx, now: Timestamp, most: u32) -> Result<Vec<Unanswered>> {
    const UNANSWERED: Sql = Sql {
        sqlite: concat!("SELECT ", unanswered!()),
        // `SKIP LOCKED`: several nodes look at once.
        postgres: concat!("SELECT ", unanswered!(), " FOR UPDATE OF c SKIP LOCKED"),
    };
    tx.query(UNANSWERED, params![now, most], |row| {
        Ok(Unanswered {
            project: row.get(0)?,
            conversation: row.get(1)?,
            lead: row.get(2)?,
            since: row.get(3)?,
            agent_resumes: row.get(4)?,
        })
    })
    .await
}

/// The person waits for somebody again, since `since` or since they asked for one.
pub async fn wait_again(tx: &Tx, project: ProjectId, conversation: ConversationId, since: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET handling = 'waiting', handler = NULL, handling_since = COALESCE(asked_at, $3), unanswered_since = NULL
         WHERE project_id = $1 AND id = $2",
        params![project, conversation, since],
    )
    .await
}

/// How long a message to somebody may stay unanswered, in microseconds, and whether the agent goes on then.
pub async fn rule(conn: &Conn, project: ProjectId) -> Result<(i64, bool)> {
    conn.get("SELECT unanswered_after, agent_resumes FROM projects WHERE id = $1", params![project], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .await
}

/// Sets [`rule`].
pub async fn set_rule(tx: &Tx, project: ProjectId, unanswered_after: i64, agent_resumes: bool) -> Result<u64> {
    tx.execute(
        "UPDATE projects SET unanswered_after = $2, agent_resumes = $3 WHERE id = $1",
        params![project, unanswered_after, agent_resumes],
    )
    .await
}

/// The UUID of a conversation.
pub async fn public_id(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<String> {
    conn.get(
        "SELECT public_id FROM conversations WHERE project_id = $1 AND id = $2",
        params![project, conversation],
        |row| row.get(0),
    )
    .await
}

/// What needs a hand in a project, as the sidebar shows it.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// People who wait for a person, up to a hundred.
    pub waiting: i64,
    /// Webhooks of which nothing arrives.
    pub failing: i64,
    /// Items that are open, up to a hundred.
    pub open: i64,
    /// The newest item that was ever opened; 0 for none.
    pub newest: AttentionId,
}

/// What needs a hand in a project.
pub async fn attention(conn: &Conn, project: ProjectId) -> Result<Attention> {
    conn.get(
        "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM conversations WHERE project_id = $1 AND handling = 'waiting'
                                       AND handling_since >= 0 LIMIT 100) AS w),
                (SELECT COUNT(*) FROM webhooks WHERE project_id = $1 AND removed_at IS NULL
                 AND is_active AND failing_since IS NOT NULL),
                (SELECT COUNT(*) FROM (SELECT 1 FROM attention WHERE project_id = $1 AND kind >= '' AND closed_at IS NULL
                                       LIMIT 100) AS o),
                COALESCE((SELECT id FROM attention WHERE project_id = $1 AND id > 0 ORDER BY id DESC LIMIT 1), 0)",
        params![project],
        |row| Ok(Attention { waiting: row.get(0)?, failing: row.get(1)?, open: row.get(2)?, newest: row.get(3)? }),
    )
    .await
}
