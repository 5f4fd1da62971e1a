//! Conversations: one person on one channel, known by `wa_id` and/or `user_id`.

use super::locks::lock_names;
use crate::db::{Conn, Result, Row, Sql, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Row key: the `conversation_id` of Aurix events.
    pub id: i64,
    /// The UUID of `lead.created`.
    pub public_id: String,
    /// Its project.
    pub project: ProjectId,
    /// Row key of the channel.
    pub channel: i64,
    /// The platform's id that is a phone number.
    pub wa_id: Option<String>,
    /// The platform's id that is none.
    pub user_id: Option<String>,
    /// The number that the platform tells, E.164.
    pub phone: Option<String>,
    /// What the agent keeps, JSON.
    pub agent_state: String,
    /// Row key of the newest message that the agent has dealt with; 0 before the first.
    pub answered_up_to: i64,
    /// When the messages began that the agent has not dealt with.
    pub burst_started_at: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> Result<Conversation> {
    Ok(Conversation {
        id: row.get(0)?,
        public_id: row.get(1)?,
        project: ProjectId(row.get(2)?),
        channel: row.get(3)?,
        wa_id: row.get(4)?,
        user_id: row.get(5)?,
        phone: row.get(6)?,
        agent_state: row.get(7)?,
        answered_up_to: row.get(8)?,
        burst_started_at: row.get(9)?,
    })
}

/// Keeps first messages of a person apart until the end of the transaction: each person by a channel and an id there.
pub async fn lock_people(tx: &Tx, people: &[(i64, &str)]) -> Result<()> {
    lock_names(tx, people).await
}

/// The person's conversation by either id, oldest first: two where the ids came apart so far.
pub async fn of_person(
    conn: &Conn,
    channel: i64,
    wa_id: Option<&str>,
    user_id: Option<&str>,
) -> Result<Vec<Conversation>> {
    conn.query(
        "SELECT id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at
         FROM conversations
         WHERE channel = $1 AND wa_id = $2
         UNION
         SELECT id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at
         FROM conversations
         WHERE channel = $1 AND user_id = $3
         ORDER BY id",
        params![channel, wa_id, user_id],
        read,
    )
    .await
}

/// What a new conversation starts with.
pub struct NewConversation<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// Row key of the channel.
    pub channel: i64,
    /// The platform's id that is a phone number.
    pub wa_id: Option<&'a str>,
    /// The platform's id that is none.
    pub user_id: Option<&'a str>,
    /// The name that the person gave to the platform.
    pub profile_name: Option<&'a str>,
    /// E.164, where the platform tells it.
    pub phone: Option<&'a str>,
}

/// Starts a conversation.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewConversation<'_>, now: Timestamp) -> Result<Conversation> {
    tx.get(
        "INSERT INTO conversations (public_id, project_id, channel, wa_id, user_id, profile_name, phone, agent_state,
                                    answered_up_to, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', 0, $8)
         RETURNING id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at",
        params![new.public_id, project.0, new.channel, new.wa_id, new.user_id, new.profile_name, new.phone, now],
        read,
    )
    .await
}

/// Adds what a later message told of the person: ids, the number and the name are filled in, never taken away.
pub async fn learn(
    tx: &Tx,
    conversation: i64,
    wa_id: Option<&str>,
    user_id: Option<&str>,
    profile_name: Option<&str>,
    phone: Option<&str>,
) -> Result<Conversation> {
    tx.get(
        "UPDATE conversations
         SET wa_id = COALESCE(wa_id, $2), user_id = COALESCE(user_id, $3), profile_name = COALESCE($4, profile_name),
             phone = COALESCE(phone, $5)
         WHERE id = $1
         RETURNING id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at",
        params![conversation, wa_id, user_id, profile_name, phone],
        read,
    )
    .await
}

/// Gives up the ids of a conversation that turned out to be another one's person, and says whose.
pub async fn merge_into(tx: &Tx, from: i64, into: i64) -> Result<()> {
    tx.execute(
        "UPDATE conversations SET wa_id = NULL, user_id = NULL, due_at = NULL, merged_into = $2 WHERE id = $1",
        params![from, into],
    )
    .await?;
    tx.execute("UPDATE messages SET conversation_id = $2 WHERE conversation_id = $1", params![from, into]).await?;
    tx.execute("UPDATE sessions SET conversation_id = $2 WHERE conversation_id = $1", params![from, into]).await?;
    tx.execute("UPDATE referrals SET conversation_id = $2 WHERE conversation_id = $1", params![from, into]).await?;
    Ok(())
}

/// The person goes on under other ids; those that are not told stay.
pub async fn change_ids(
    tx: &Tx,
    conversation: i64,
    wa_id: Option<&str>,
    user_id: Option<&str>,
    phone: Option<&str>,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET wa_id = COALESCE($2, wa_id), user_id = COALESCE($3, user_id), phone = COALESCE($4, phone)
         WHERE id = $1",
        params![conversation, wa_id, user_id, phone],
    )
    .await
}

/// Calls the agent for `due_at`.
pub async fn call_agent(tx: &Tx, conversation: i64, burst_started_at: Timestamp, due_at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE conversations SET burst_started_at = $2, due_at = $3 WHERE id = $1",
        params![conversation, burst_started_at, due_at],
    )
    .await
}

/// Claims up to `most` conversations that wait for the agent, until `lease_until`.
pub async fn claim(tx: &Tx, now: Timestamp, lease_until: Timestamp, most: u32) -> Result<Vec<i64>> {
    const CLAIM: Sql = Sql {
        sqlite: "UPDATE conversations SET due_at = $2
                 WHERE id IN (SELECT id FROM conversations WHERE due_at <= $1 ORDER BY due_at LIMIT $3)
                 RETURNING id",
        // `SKIP LOCKED`: several nodes claim at once.
        postgres: "UPDATE conversations SET due_at = $2
                   WHERE id IN (
                       SELECT id FROM conversations WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
                   )
                   RETURNING id",
    };
    tx.query(CLAIM, params![now, lease_until, most], |row| row.get(0)).await
}

/// Of `conversations` those that nobody else holds, locked until the end of the transaction. One that was merged into another
/// is none.
pub async fn lock_free(tx: &Tx, conversations: &[i64]) -> Result<Vec<Conversation>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at
                 FROM conversations
                 WHERE id = $1 AND merged_into IS NULL",
        postgres: "SELECT c.id, c.public_id, c.project_id, c.channel, c.wa_id, c.user_id, c.phone, c.agent_state,
                          c.answered_up_to, c.burst_started_at
                   FROM unnest($1::bigint[]) AS wanted (id) JOIN conversations AS c ON c.id = wanted.id
                   WHERE c.merged_into IS NULL
                   FOR UPDATE OF c SKIP LOCKED",
    };
    let rows: Vec<_> = conversations.iter().map(|id| [(*id).into()]).collect();
    tx.query_rows(LOCK, &rows, read).await
}

/// The conversation, locked until the end of the transaction, as soon as nobody else holds it; `None` where it was merged into
/// another.
pub async fn lock(tx: &Tx, conversation: i64) -> Result<Option<Conversation>> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at
                 FROM conversations
                 WHERE id = $1 AND merged_into IS NULL",
        postgres: "SELECT id, public_id, project_id, channel, wa_id, user_id, phone, agent_state, answered_up_to, burst_started_at
                   FROM conversations
                   WHERE id = $1 AND merged_into IS NULL
                   FOR UPDATE",
    };
    tx.find(LOCK, params![conversation], read).await
}

/// How a turn of the agent leaves a conversation.
pub struct Answered<'a> {
    /// Row key.
    pub conversation: i64,
    /// What the agent keeps, JSON.
    pub agent_state: &'a str,
    /// Row key of the newest message that it has dealt with.
    pub answered_up_to: i64,
    /// When the agent goes on with what it has not dealt with, where there is more.
    pub goes_on_at: Option<Timestamp>,
}

/// Keeps what the agent knows now.
pub async fn answered(tx: &Tx, answered: &[Answered<'_>]) -> Result<u64> {
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE conversations
                 SET agent_state = $2, answered_up_to = $3, burst_started_at = $4, due_at = $4
                 WHERE id = $1",
        postgres: "UPDATE conversations
                   SET agent_state = answered.agent_state, answered_up_to = answered.up_to,
                       burst_started_at = answered.goes_on_at, due_at = answered.goes_on_at
                   FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
                       AS answered (id, agent_state, up_to, goes_on_at)
                   WHERE conversations.id = answered.id",
    };
    let rows: Vec<_> = answered
        .iter()
        .map(|one| [one.conversation.into(), one.agent_state.into(), one.answered_up_to.into(), one.goes_on_at.into()])
        .collect();
    tx.execute_rows(UPDATE, &rows).await
}

/// When the next conversation falls due after `now`.
pub async fn next_due(conn: &Conn, now: Timestamp) -> Result<Option<Timestamp>> {
    conn.get("SELECT MIN(due_at) FROM conversations WHERE due_at > $1", params![now], |row| row.get(0)).await
}

/// Records a reference that was read and not linked.
pub async fn refuse_reference(
    tx: &Tx,
    project: ProjectId,
    conversation: i64,
    correlation_id: &str,
    reason: &str,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO refused_references (project_id, conversation_id, correlation_id, reason, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        params![project.0, conversation, correlation_id, reason, now],
    )
    .await
}

/// Keeps an ad that led to the conversation, with the time it was seen.
pub async fn insert_referral(
    tx: &Tx,
    project: ProjectId,
    conversation: i64,
    message: i64,
    ctwa_clid: Option<&str>,
    raw: &str,
    seen_at: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO referrals (project_id, conversation_id, message_id, ctwa_clid, raw, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![project.0, conversation, message, ctwa_clid, raw, seen_at],
    )
    .await
}
