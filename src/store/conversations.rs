//! Conversations: one person on one channel, known by the platform's ids. What the agent does with one is `turns`.

use super::locks::lock_names;
use crate::db::{Conn, Result, Row, Tx};
use crate::domain::channel::{Person, PersonIds, Route};
use crate::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId, RowKey as _};
use crate::domain::phone::PhoneNumber;
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "id, public_id, project_id, channel, external_user_id, external_phone_id, phone, burst_started_at,
         (SELECT MAX(messages.id) FROM messages WHERE messages.conversation_id = conversations.id),
         EXISTS (SELECT 1 FROM leads WHERE leads.conversation_id = conversations.id), handling = 'agent'"
    };
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Row key: the `conversation_id` of Aurix events.
    pub id: ConversationId,
    /// The UUID of `lead.created`.
    pub public_id: String,
    /// Its project.
    pub project: ProjectId,
    /// Its channel.
    pub channel: ChannelId,
    /// The platform's ids of the person.
    pub ids: PersonIds,
    /// The number that the platform vouches for, E.164.
    pub phone: Option<String>,
    /// When the messages began that the agent has not read.
    pub burst_started_at: Option<Timestamp>,
    /// Its newest message, in either direction.
    pub newest_message: Option<MessageId>,
    /// Whether the person is a lead: one that only the business wrote to is not.
    pub has_lead: bool,
    /// Whether the agent looks after it.
    pub is_agents: bool,
}

fn read(row: &Row<'_>) -> Result<Conversation> {
    Ok(Conversation {
        id: row.get(0)?,
        public_id: row.get(1)?,
        project: row.get(2)?,
        channel: row.get(3)?,
        ids: PersonIds { external_user_id: row.get(4)?, external_phone_id: row.get(5)? },
        phone: row.get(6)?,
        burst_started_at: row.get(7)?,
        newest_message: row.get(8)?,
        has_lead: row.get(9)?,
        is_agents: row.get(10)?,
    })
}

/// Serializes what concerns a person until the end of the transaction, also their very first messages: each person by a channel
/// and an id there.
pub async fn lock_people(tx: &Tx, people: &[(ChannelId, &str)]) -> Result<()> {
    let names: Vec<_> = people.iter().map(|(channel, id)| (channel.as_i64(), *id)).collect();
    lock_names(tx, &names).await
}

/// The person's conversations by either id, oldest first: two where the ids came apart so far.
pub async fn of_person(
    conn: &Conn,
    project: ProjectId,
    channel: ChannelId,
    ids: &PersonIds,
) -> Result<Vec<Conversation>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM conversations
              WHERE project_id = $1 AND channel = $2 AND external_phone_id = $3
              UNION
              SELECT ",
            columns!(),
            " FROM conversations
              WHERE project_id = $1 AND channel = $2 AND external_user_id = $4
              ORDER BY id"
        ),
        params![project, channel, &ids.external_phone_id, &ids.external_user_id],
        read,
    )
    .await
}

/// What a new conversation starts with.
pub struct NewConversation<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// Its channel.
    pub channel: ChannelId,
    /// Who it is with.
    pub person: &'a Person,
    /// The part of the chat that they wrote in.
    pub route: &'a Route,
    /// What the agent remembers, JSON.
    pub agent_state: &'a str,
    /// When the person's ids were told.
    pub told_at: Timestamp,
}

/// Starts a conversation.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewConversation<'_>, now: Timestamp) -> Result<Conversation> {
    let Person { ids, phone, profile_name, username, language } = new.person;
    tx.get(
        concat!(
            "INSERT INTO conversations (public_id, project_id, channel, external_user_id, external_phone_id, phone,
                                        profile_name, username, agent_state, ids_told_at, answered_up_to, created_at,
                                        language, thread, account)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $14)
             RETURNING ",
            columns!()
        ),
        params![
            new.public_id,
            project,
            new.channel,
            &ids.external_user_id,
            &ids.external_phone_id,
            phone.as_ref().map(PhoneNumber::as_e164),
            profile_name,
            username,
            new.agent_state,
            new.told_at,
            now,
            language,
            &new.route.thread,
            &new.route.account
        ],
        read,
    )
    .await
}

/// Adds what a message, written at `told_at`, says of the person. Ids, number and names are never taken away; the newest message's
/// count, and replies go the way that it came. Whoever writes can be written to.
pub async fn learn(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    (person, route): (&Person, &Route),
    told_at: Timestamp,
) -> Result<Conversation> {
    let Person { ids, phone, profile_name, username, language } = person;
    tx.get(
        concat!(
            "UPDATE conversations
             SET external_user_id = CASE WHEN ids_told_at > $8 THEN COALESCE(external_user_id, $3)
                                         ELSE COALESCE($3, external_user_id) END,
                 external_phone_id = CASE WHEN ids_told_at > $8 THEN COALESCE(external_phone_id, $4)
                                          ELSE COALESCE($4, external_phone_id) END,
                 phone = CASE WHEN ids_told_at > $8 THEN COALESCE(phone, $5) ELSE COALESCE($5, phone) END,
                 ids_told_at = CASE WHEN ids_told_at > $8 THEN ids_told_at ELSE $8 END,
                 profile_name = COALESCE($6, profile_name), username = COALESCE($7, username),
                 language = COALESCE($9, language),
                 thread = CASE WHEN ids_told_at > $8 THEN thread ELSE $10 END,
                 account = CASE WHEN ids_told_at > $8 THEN account ELSE $11 END, unreachable_at = NULL
             WHERE project_id = $1 AND id = $2
             RETURNING ",
            columns!()
        ),
        params![
            project,
            conversation,
            &ids.external_user_id,
            &ids.external_phone_id,
            phone.as_ref().map(PhoneNumber::as_e164),
            profile_name,
            username,
            told_at,
            language,
            &route.thread,
            &route.account
        ],
        read,
    )
    .await
}

/// Gives up the ids of a conversation that turned out to be another one's person, and says whose. What belongs to it belongs to
/// the other one from then on. A turn that is under way can no longer be settled.
pub async fn merge_into(tx: &Tx, project: ProjectId, from: ConversationId, into: ConversationId) -> Result<()> {
    let both = params![project, from, into];
    tx.execute(
        "UPDATE conversations
         SET external_user_id = NULL, external_phone_id = NULL, due_at = NULL, nudge_at = NULL, abandon_at = NULL,
             turn_number = turn_number + 1, merged_into = $3
         WHERE project_id = $1 AND id = $2",
        both,
    )
    .await?;
    // The agent goes on with the oldest message that it has not read, of either. What it has read after that it reads again:
    // better than a message that is never read.
    tx.execute(
        "UPDATE conversations
         SET answered_up_to = COALESCE(
             (
                 SELECT MIN(m.id) - 1
                 FROM conversations AS c
                 JOIN messages AS m ON m.conversation_id = c.id AND m.id > c.answered_up_to AND m.direction = 'in'
                 WHERE c.id IN ($2, $3)
             ),
             (SELECT MAX(c.answered_up_to) FROM conversations AS c WHERE c.id IN ($2, $3))
         ),
             abandoned_at = COALESCE(abandoned_at, (SELECT c.abandoned_at FROM conversations AS c WHERE c.id = $2))
         WHERE project_id = $1 AND id = $3",
        both,
    )
    .await?;
    tx.execute(
        "UPDATE conversations
         SET no_marketing_since = COALESCE(
             no_marketing_since, (SELECT c.no_marketing_since FROM conversations AS c WHERE c.project_id = $1 AND c.id = $2)
         )
         WHERE project_id = $1 AND id = $3",
        both,
    )
    .await?;
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    tx.execute("UPDATE messages SET conversation_id = $3 WHERE +project_id = $1 AND conversation_id = $2", both)
        .await?;
    tx.execute("UPDATE sessions SET conversation_id = $3 WHERE +project_id = $1 AND conversation_id = $2", both)
        .await?;
    tx.execute("UPDATE referrals SET conversation_id = $3 WHERE +project_id = $1 AND conversation_id = $2", both)
        .await?;
    tx.execute("UPDATE media SET conversation_id = $3 WHERE project_id = $1 AND conversation_id = $2", both).await?;
    tx.execute("UPDATE model_calls SET conversation_id = $3 WHERE +project_id = $1 AND conversation_id = $2", both)
        .await?;
    tx.execute(
        "UPDATE unanswered_questions SET conversation_id = $3 WHERE +project_id = $1 AND conversation_id = $2",
        both,
    )
    .await?;
    Ok(())
}

/// The number belongs to somebody else now: the conversation is no longer found by it.
pub async fn release_phone_id(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    tx.execute(
        "UPDATE conversations SET external_phone_id = NULL WHERE project_id = $1 AND id = $2",
        params![project, conversation],
    )
    .await
}

/// The person goes on under other ids, as was told at `told_at`; those that are not named stay.
pub async fn change_ids(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    new: &Person,
    told_at: Timestamp,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET external_user_id = COALESCE($3, external_user_id), external_phone_id = COALESCE($4, external_phone_id),
             phone = COALESCE($5, phone), ids_told_at = $6
         WHERE project_id = $1 AND id = $2",
        params![
            project,
            conversation,
            &new.ids.external_user_id,
            &new.ids.external_phone_id,
            new.phone.as_ref().map(PhoneNumber::as_e164),
            told_at
        ],
    )
    .await
}

/// Notes that the person of a conversation cannot be written to, or can be again.
pub async fn set_unreachable(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    since: Option<Timestamp>,
) -> Result<u64> {
    tx.execute(
        "UPDATE conversations SET unreachable_at = $3 WHERE project_id = $1 AND id = $2",
        params![project, conversation, since],
    )
    .await
}

/// Notes that the platform refused a message since its person is gone; `false` where another attempt at it was claimed since.
pub async fn note_gone(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    (message, attempt): (MessageId, u32),
    now: Timestamp,
) -> Result<bool> {
    tx.execute_one(
        "UPDATE conversations
         SET unreachable_at = COALESCE(unreachable_at, $5)
         WHERE project_id = $1 AND id = $2
           AND EXISTS (SELECT 1 FROM messages AS m WHERE m.id = $3 AND m.conversation_id = $2 AND m.attempts = $4)",
        params![project, conversation, message, attempt, now],
    )
    .await
}

/// Records a correlation id that was read and not linked.
pub async fn refuse_correlation_id(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    correlation_id: &str,
    reason: &str,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO refused_correlation_ids (project_id, conversation_id, correlation_id, reason, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        params![project, conversation, correlation_id, reason, now],
    )
    .await
}

/// An ad that led to a conversation.
pub struct NewReferral<'a> {
    /// The conversation.
    pub conversation: ConversationId,
    /// The message that named it.
    pub message: MessageId,
    /// The ad platform's id of the click.
    pub ad_click_id: Option<&'a str>,
    /// The referral, JSON.
    pub raw: &'a str,
    /// When the message was sent.
    pub seen_at: Timestamp,
}

/// Stores an ad that led to a conversation.
pub async fn insert_referral(tx: &Tx, project: ProjectId, new: &NewReferral<'_>) -> Result<u64> {
    tx.execute(
        "INSERT INTO referrals (project_id, conversation_id, message_id, ad_click_id, raw, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![project, new.conversation, new.message, new.ad_click_id, new.raw, new.seen_at],
    )
    .await
}

/// The platform's ids of a conversation's person, and the part of the chat that they wrote in last.
pub async fn address(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
) -> Result<Option<(PersonIds, Route)>> {
    conn.find(
        "SELECT external_user_id, external_phone_id, thread, account FROM conversations WHERE project_id = $1 AND id = $2",
        params![project, conversation],
        |row| {
            let ids = PersonIds { external_user_id: row.get(0)?, external_phone_id: row.get(1)? };
            Ok((ids, Route { thread: row.get(2)?, account: row.get(3)? }))
        },
    )
    .await
}
