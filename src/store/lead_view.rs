//! One lead with all that happened to it, as its page shows it.

use super::window::Position;
use crate::db::{Conn, Error, Result, Sql};
use crate::domain::attributed::Attributed;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{ConversationId, DeliveryId, EventId, LeadId, ProjectId};
use crate::domain::lead::{Handling, LeadStatus, Quality};
use crate::domain::time::Timestamp;
use crate::params;

/// A lead as its page shows it.
#[derive(Clone, Debug)]
pub struct ViewedLead {
    /// Row key.
    pub id: LeadId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// How far it came.
    pub status: LeadStatus,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// What the person came for.
    pub intent: Option<String>,
    /// `qualified`, `won` or `lost`.
    pub stage: Option<String>,
    /// In hundredths.
    pub stage_value: Option<i64>,
    /// Of the value.
    pub currency: Option<String>,
    /// What people say of it.
    pub quality: Quality,
    /// Why.
    pub quality_reason: Option<String>,
    /// Who looks after the conversation.
    pub handling: Handling,
    /// Who has taken it over.
    pub handler: Option<String>,
    /// Since when.
    pub handling_since: Option<Timestamp>,
    /// The reference of its first session.
    pub correlation_id: Option<String>,
    /// The name that the person chose at the platform.
    pub profile_name: Option<String>,
    /// The name that the business saved in the platform's own app.
    pub saved_name: Option<String>,
    /// The number that the platform vouches for.
    pub phone: Option<String>,
    /// The platform.
    pub channel: String,
    /// When something was last said.
    pub last_message_at: Timestamp,
    /// When the conversation began.
    pub created_at: Timestamp,
    /// When the person was erased.
    pub erased_at: Option<Timestamp>,
    /// Whether the person is one of the business's own.
    pub is_internal: bool,
    /// By what it is known where they came from, or why not; `None` where they are not counted.
    pub attributed: Option<Attributed>,
}

/// The project's lead of that row key.
pub async fn find(conn: &Conn, project: ProjectId, lead: LeadId) -> Result<Option<ViewedLead>> {
    conn.find(
        "SELECT leads.id, leads.conversation_id, leads.status, leads.fields, leads.intent, leads.stage, leads.stage_value,
                leads.currency, leads.quality, leads.quality_reason, c.handling, users.name, c.handling_since,
                (SELECT s.correlation_id FROM sessions AS s WHERE s.id = leads.session_id), c.profile_name, c.phone,
                channels.kind, leads.last_message_at, leads.created_at, leads.erased_at, leads.is_internal,
                (SELECT k.attributed FROM lead_steps AS k WHERE k.lead_id = leads.id),
                (
                    SELECT a.name
                    FROM address_book AS a
                    WHERE +a.project_id = leads.project_id AND a.channel = c.channel
                      AND a.external_id IN (c.external_phone_id, c.external_user_id) AND a.name IS NOT NULL
                    ORDER BY a.told_at DESC
                    LIMIT 1
                )
         FROM leads
         JOIN conversations AS c ON c.id = leads.conversation_id
         JOIN channels ON channels.id = c.channel
         LEFT JOIN users ON users.id = c.handler
         WHERE leads.project_id = $1 AND leads.id = $2",
        params![project, lead],
        |row| {
            Ok(ViewedLead {
                id: row.get(0)?,
                conversation: row.get(1)?,
                status: LeadStatus::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
                fields: row.get(3)?,
                intent: row.get(4)?,
                stage: row.get(5)?,
                stage_value: row.get(6)?,
                currency: row.get(7)?,
                quality: Quality::parse(&row.get::<String>(8)?).ok_or(Error::Column(8))?,
                quality_reason: row.get(9)?,
                handling: Handling::parse(&row.get::<String>(10)?).ok_or(Error::Column(10))?,
                handler: row.get(11)?,
                handling_since: row.get(12)?,
                correlation_id: row.get(13)?,
                profile_name: row.get(14)?,
                phone: row.get(15)?,
                channel: row.get(16)?,
                last_message_at: row.get(17)?,
                created_at: row.get(18)?,
                erased_at: row.get(19)?,
                is_internal: row.get(20)?,
                attributed: row.get::<Option<String>>(21)?.as_deref().and_then(Attributed::parse),
                saved_name: row.get(22)?,
            })
        },
    )
    .await
}

/// The lead of a conversation of the project.
pub async fn of_conversation(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Option<LeadId>> {
    // `+`: SQLite is to find the lead by its conversation.
    conn.find(
        "SELECT id FROM leads WHERE +project_id = $1 AND conversation_id = $2",
        params![project, conversation],
        |row| row.get(0),
    )
    .await
}

/// A click that led to a conversation.
#[derive(Clone, Debug)]
pub struct LeadClick {
    /// The correlation id of its session.
    pub correlation_id: String,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Where the visit came from.
    pub referrer: Option<String>,
    /// Campaign parameters, a JSON object.
    pub parsed_params: String,
    /// As the browser sent it.
    pub user_agent: Option<String>,
    /// When the widget was clicked.
    pub at: Timestamp,
    /// When the session was linked to the conversation.
    pub linked_at: Option<Timestamp>,
}

/// The clicks of a conversation's sessions, oldest first.
pub async fn clicks(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    most: u32,
) -> Result<Vec<LeadClick>> {
    // `+`: SQLite is to find the sessions by their conversation, and PostgreSQL to sort the few clicks of these.
    conn.query(
        "SELECT s.correlation_id, k.click_url, k.first_raw_url, k.referrer, k.parsed_params, k.user_agent, k.created_at,
                s.correlated_at
         FROM sessions AS s JOIN clicks AS k ON k.session_id = s.id AND k.linked
         WHERE +s.project_id = $1 AND s.conversation_id = $2
         ORDER BY k.id + 0
         LIMIT $3",
        params![project, conversation, most],
        |row| {
            Ok(LeadClick {
                correlation_id: row.get(0)?,
                click_url: row.get(1)?,
                first_raw_url: row.get(2)?,
                referrer: row.get(3)?,
                parsed_params: row.get(4)?,
                user_agent: row.get(5)?,
                at: row.get(6)?,
                linked_at: row.get(7)?,
            })
        },
    )
    .await
}

/// When ads that open the chat led to a conversation, and the ad platform's id of each click.
pub async fn referrals(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    most: u32,
) -> Result<Vec<(Timestamp, Option<String>)>> {
    conn.query(
        "SELECT seen_at, ad_click_id
         FROM referrals
         WHERE project_id = $1 AND conversation_id = $2
         ORDER BY id
         LIMIT $3",
        params![project, conversation, most],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// An event of a conversation.
#[derive(Clone, Debug)]
pub struct LeadEvent {
    /// Row key.
    pub id: EventId,
    /// `lead.created`, …
    pub event_type: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The events of a conversation, newest first.
pub async fn events(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    most: u32,
) -> Result<Vec<LeadEvent>> {
    // `+`: SQLite is to find the rows by their conversation.
    conn.query(
        "SELECT id, event_type, created_at
         FROM events
         WHERE +project_id = $1 AND conversation_id = $2
         ORDER BY id DESC
         LIMIT $3",
        params![project, conversation, most],
        |row| Ok(LeadEvent { id: row.get(0)?, event_type: row.get(1)?, at: row.get(2)? }),
    )
    .await
}

/// A delivery of an event.
#[derive(Clone, Debug)]
pub struct LeadDelivery {
    /// Row key.
    pub id: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// Where it goes.
    pub url: String,
    /// Where it is in its life.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempts: u32,
    /// When the event happened.
    pub at: Timestamp,
}

/// The deliveries of events of a project, each event by its time and row key.
pub async fn deliveries(conn: &Conn, project: ProjectId, events: &[Position]) -> Result<Vec<LeadDelivery>> {
    const DELIVERIES: Sql = Sql {
        sqlite: "SELECT d.id, d.event_id, w.url, d.status, d.attempts, d.created_at
                 FROM webhooks AS w JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = $2
                 WHERE w.project_id = $1 AND d.event_id = $3",
        postgres: "SELECT d.id, d.event_id, w.url, d.status, d.attempts, d.created_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS e (project_id, created_at, id)
                   JOIN webhooks AS w ON w.project_id = e.project_id
                   JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = e.created_at AND d.event_id = e.id",
    };
    let rows: Vec<_> = events.iter().map(|event| [project.into(), event.created_at.into(), event.id.into()]).collect();
    conn.query_rows(DELIVERIES, &rows, |row| {
        Ok(LeadDelivery {
            id: row.get(0)?,
            event: row.get(1)?,
            url: row.get(2)?,
            status: DeliveryStatus::parse(&row.get::<String>(3)?).ok_or(Error::Column(3))?,
            attempts: row.get(4)?,
            at: row.get(5)?,
        })
    })
    .await
}
