//! Leads: what is known of the person in a conversation. Their list for partners is `lead_list`.

use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::attributed::Reference;
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ConversationId, LeadId, ProjectId, SessionId};
use crate::domain::lead::LeadStatus;
use crate::domain::time::Timestamp;
use crate::params;

/// A lead.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Row key: the `lead_id` of the list.
    pub id: LeadId,
    /// The first session that it was linked to.
    pub session: Option<SessionId>,
    /// How far it came.
    pub status: LeadStatus,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// What the person came for.
    pub intent: Option<String>,
    /// What webhooks were told of it.
    pub announcement: Announcement,
    /// When `lead.complete` was emitted.
    pub completed_at: Option<Timestamp>,
    /// When something was last said.
    pub last_message_at: Timestamp,
    /// What the first message said of the correlation id; `None` for what is older than that.
    pub reference: Option<Reference>,
}

/// What webhooks were told of a lead.
#[derive(Clone, Debug, Default)]
pub struct Announcement {
    /// When `lead.created` was emitted.
    pub at: Option<Timestamp>,
    /// The details in the newest event, JSON.
    pub details: Option<String>,
    /// When the lead is looked at again: it was silent for long enough, or its details stopped changing.
    pub due_at: Option<Timestamp>,
}

/// The columns that [`read`] reads.
macro_rules! columns {
    () => {
        "leads.id, session_id, status, fields, intent, announced_at, announced_details, announce_due_at, completed_at,
         last_message_at, reference"
    };
}

/// What is selected of leads whose announcement is due.
macro_rules! due_announcements {
    () => {
        "leads.project_id, projects.public_id, leads.conversation_id, conversations.public_id, channels.kind,
         leads.fields, leads.intent, leads.announced_at, leads.announced_details, leads.announce_due_at
         FROM leads
         JOIN conversations ON conversations.id = leads.conversation_id
         JOIN channels ON channels.id = conversations.channel
         JOIN projects ON projects.id = leads.project_id
         WHERE leads.announce_due_at <= $1 AND conversations.due_at IS NULL
         ORDER BY leads.announce_due_at
         LIMIT $2"
    };
}

fn read(row: &Row<'_>) -> Result<Lead> {
    Ok(Lead {
        id: row.get(0)?,
        session: row.get(1)?,
        status: LeadStatus::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        fields: row.get(3)?,
        intent: row.get(4)?,
        announcement: Announcement { at: row.get(5)?, details: row.get(6)?, due_at: row.get(7)? },
        completed_at: row.get(8)?,
        last_message_at: row.get(9)?,
        reference: row.get::<Option<String>>(10)?.as_deref().and_then(Reference::parse),
    })
}

/// The lead of a new conversation: `active`, nothing known, no correlation id.
pub async fn insert(tx: &Tx, project: ProjectId, conversation: ConversationId, now: Timestamp) -> Result<LeadId> {
    tx.get(
        "INSERT INTO leads (project_id, conversation_id, status, fields, created_at, updated_at, last_message_at, reference)
         VALUES ($1, $2, 'active', '{}', $3, $3, $3, 'none')
         RETURNING id",
        params![project, conversation, now],
        |row| row.get(0),
    )
    .await
}

/// The leads of conversations, each with its conversation.
pub async fn of_conversations(
    conn: &Conn,
    conversations: &[(ProjectId, ConversationId)],
) -> Result<Vec<(ConversationId, Lead)>> {
    const LEADS: Sql = Sql {
        sqlite: concat!(
            "SELECT ",
            columns!(),
            ", conversation_id
             FROM leads
             WHERE project_id = $1 AND conversation_id = $2"
        ),
        postgres: concat!(
            "SELECT ",
            columns!(),
            ", leads.conversation_id
             FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, conversation_id)
             JOIN leads ON leads.project_id = wanted.project_id AND leads.conversation_id = wanted.conversation_id"
        ),
    };
    let rows: Vec<_> =
        conversations.iter().map(|(project, conversation)| [(*project).into(), (*conversation).into()]).collect();
    conn.query_rows(LEADS, &rows, |row| Ok((row.get(11)?, read(row)?))).await
}

/// The correlation ids of the sessions that the leads of conversations are linked to, each with its conversation.
pub async fn correlation_ids(
    conn: &Conn,
    conversations: &[(ProjectId, ConversationId)],
) -> Result<Vec<(ConversationId, String)>> {
    const CORRELATION_IDS: Sql = Sql {
        sqlite: "SELECT leads.conversation_id, sessions.correlation_id
                 FROM leads JOIN sessions ON sessions.id = leads.session_id AND sessions.project_id = leads.project_id
                 WHERE leads.project_id = $1 AND leads.conversation_id = $2",
        postgres: "SELECT leads.conversation_id, sessions.correlation_id
                   FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, conversation_id)
                   JOIN leads ON leads.project_id = wanted.project_id AND leads.conversation_id = wanted.conversation_id
                   JOIN sessions ON sessions.id = leads.session_id AND sessions.project_id = leads.project_id",
    };
    let rows: Vec<_> =
        conversations.iter().map(|(project, conversation)| [(*project).into(), (*conversation).into()]).collect();
    conn.query_rows(CORRELATION_IDS, &rows, |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// The conversation was linked to a session, by a message that said so: the first one is the lead's own for good. Gives the lead.
pub async fn correlate(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    (session, reference): (SessionId, Reference),
    now: Timestamp,
) -> Result<Option<LeadId>> {
    tx.find(
        "UPDATE leads
         SET session_id = COALESCE(session_id, $3), updated_at = $4,
             reference = CASE WHEN session_id IS NULL THEN $5 ELSE reference END,
             status = CASE status WHEN 'active' THEN 'correlated' ELSE status END
         WHERE project_id = $1 AND conversation_id = $2
         RETURNING id",
        params![project, conversation, session, now, reference.as_str()],
        |row| row.get(0),
    )
    .await
}

/// The first message of a conversation named no click, and said so: why.
pub async fn note_reference(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    reference: Reference,
) -> Result<u64> {
    tx.execute(
        "UPDATE leads SET reference = $3 WHERE project_id = $1 AND conversation_id = $2 AND session_id IS NULL",
        params![project, conversation, reference.as_str()],
    )
    .await
}

/// Stores what turns of the agent found out. Session and status are left alone, but for a lead that is complete now: a
/// message may have linked the lead while the turn was decided.
pub async fn settle(tx: &Tx, leads: &[(ProjectId, &Lead)], now: Timestamp) -> Result<u64> {
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE leads
                 SET fields = $3, intent = $4, announced_at = $5, announced_details = $6, announce_due_at = $7,
                     completed_at = $8, updated_at = $9, last_message_at = $10,
                     status = CASE WHEN $8 IS NULL THEN status ELSE 'complete' END
                 WHERE project_id = $1 AND id = $2",
        postgres: "UPDATE leads
                   SET fields = new.fields, intent = new.intent, announced_at = new.announced_at,
                       announced_details = new.announced_details, announce_due_at = new.announce_due_at,
                       completed_at = new.completed_at, updated_at = new.updated_at, last_message_at = new.last_message_at,
                       status = CASE WHEN new.completed_at IS NULL THEN leads.status ELSE 'complete' END
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                               $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
                       AS new (project_id, id, fields, intent, announced_at, announced_details, announce_due_at,
                               completed_at, updated_at, last_message_at)
                   WHERE leads.project_id = new.project_id AND leads.id = new.id",
    };
    let rows: Vec<_> = leads
        .iter()
        .map(|(project, lead)| {
            [
                (*project).into(),
                lead.id.into(),
                lead.fields.as_str().into(),
                lead.intent.as_deref().into(),
                lead.announcement.at.into(),
                lead.announcement.details.as_deref().into(),
                lead.announcement.due_at.into(),
                lead.completed_at.into(),
                now.into(),
                lead.last_message_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(UPDATE, &rows).await
}

/// A lead whose announcement is due, with what the event says of it.
pub struct DueAnnouncement {
    /// Its project.
    pub project: ProjectId,
    /// The project's UUID.
    pub project_public_id: String,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The conversation's UUID.
    pub conversation_public_id: String,
    /// The conversation's platform.
    pub channel: ChannelKind,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// What the person came for.
    pub intent: Option<String>,
    /// What webhooks were told before.
    pub announcement: Announcement,
}

/// Up to `most` leads whose announcement is due, of all projects: it is the worker's entry point. Their conversations are locked
/// until the end of the transaction. One that waits for the agent, or has its turn, is left to the turn.
pub async fn lock_due_announcements(tx: &Tx, now: Timestamp, most: u32) -> Result<Vec<DueAnnouncement>> {
    const DUE: Sql = Sql {
        sqlite: concat!("SELECT ", due_announcements!()),
        // `SKIP LOCKED`: several nodes look at once.
        postgres: concat!("SELECT ", due_announcements!(), " FOR UPDATE OF conversations SKIP LOCKED"),
    };
    tx.query(DUE, params![now, most], |row| {
        Ok(DueAnnouncement {
            project: row.get(0)?,
            project_public_id: row.get(1)?,
            conversation: row.get(2)?,
            conversation_public_id: row.get(3)?,
            channel: ChannelKind::parse(&row.get::<String>(4)?).ok_or(Error::Column(4))?,
            fields: row.get(5)?,
            intent: row.get(6)?,
            announcement: Announcement { at: row.get(7)?, details: row.get(8)?, due_at: row.get(9)? },
        })
    })
    .await
}

/// Stores what webhooks were told of leads, each named by its conversation.
pub async fn set_announcements(tx: &Tx, announced: &[(ProjectId, ConversationId, Announcement)]) -> Result<u64> {
    const UPDATE: Sql = Sql {
        sqlite: "UPDATE leads
                 SET announced_at = $3, announced_details = $4, announce_due_at = $5
                 WHERE project_id = $1 AND conversation_id = $2",
        postgres: "UPDATE leads
                   SET announced_at = new.announced_at, announced_details = new.details, announce_due_at = new.due_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
                       AS new (project_id, conversation_id, announced_at, details, due_at)
                   WHERE leads.project_id = new.project_id AND leads.conversation_id = new.conversation_id",
    };
    let rows: Vec<_> = announced
        .iter()
        .map(|(project, conversation, told)| {
            [
                (*project).into(),
                (*conversation).into(),
                told.at.into(),
                told.details.as_deref().into(),
                told.due_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(UPDATE, &rows).await
}

/// Stores the lead that two became.
pub async fn update_merged(tx: &Tx, project: ProjectId, lead: &Lead, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE leads
         SET session_id = $3, status = $4, fields = $5, intent = $6, completed_at = $7, updated_at = $8, last_message_at = $9,
             reference = $10
         WHERE project_id = $1 AND id = $2",
        params![
            project,
            lead.id,
            lead.session,
            lead.status.as_str(),
            &lead.fields,
            &lead.intent,
            lead.completed_at,
            now,
            lead.last_message_at,
            lead.reference.map(Reference::as_str)
        ],
    )
    .await
}

/// Removes the lead of a conversation whose person turned out to be another conversation's.
pub async fn remove(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    tx.execute("DELETE FROM leads WHERE project_id = $1 AND conversation_id = $2", params![project, conversation]).await
}

/// Something was said to the person of a lead.
pub async fn touch(tx: &Tx, project: ProjectId, lead: LeadId, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE leads SET last_message_at = $3 WHERE project_id = $1 AND id = $2 AND last_message_at < $3",
        params![project, lead, now],
    )
    .await
}
