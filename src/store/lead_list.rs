//! The lists of leads of the partner API: reads only, newest first.

use jiff::Timestamp;

use super::window::{Position, Window};
use crate::db::{Conn, Result, Sql};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::params;

/// The first click of a lead's session.
macro_rules! first_click_sqlite {
    () => {
        " LEFT JOIN clicks ON clicks.linked AND clicks.id = (
             SELECT MIN(first.id) FROM clicks AS first WHERE first.linked AND first.session_id = leads.session_id
         )"
    };
}

/// The same with one search for each lead, not two.
macro_rules! first_click_postgres {
    () => {
        " LEFT JOIN LATERAL (
             SELECT * FROM clicks WHERE clicks.linked AND clicks.session_id = leads.session_id ORDER BY id LIMIT 1
         ) AS clicks ON TRUE"
    };
}

/// A part of a list, in its order.
macro_rules! window {
    () => {
        " WHERE leads.project_id = $1 AND leads.created_at >= $2 AND (leads.created_at, leads.id) < ($3, $4)
         ORDER BY leads.created_at DESC, leads.id DESC
         LIMIT $5 OFFSET $6"
    };
}

macro_rules! external_columns {
    () => {
        "leads.id, leads.status, leads.fields, leads.created_at, leads.updated_at,
         clicks.click_url, clicks.parsed_params, clicks.ip_address, clicks.user_agent, leads.stage, leads.quality,
         (SELECT k.attributed FROM lead_steps AS k WHERE k.lead_id = leads.id)"
    };
}

macro_rules! service_columns {
    () => {
        "leads.id, sessions.correlation_id, leads.conversation_id, leads.created_at, sessions.correlated_at,
         clicks.click_url, clicks.parsed_params
         FROM leads LEFT JOIN sessions ON sessions.id = leads.session_id"
    };
}

/// A lead as partners of the service `external` see it, with the first click of its first session.
#[derive(Clone, Debug)]
pub struct ExternalLead {
    /// Row key: the `lead_id`.
    pub id: LeadId,
    /// `active`, `correlated` or `complete`.
    pub status: String,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// When the conversation began.
    pub created_at: Timestamp,
    /// When something last became known.
    pub updated_at: Timestamp,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The click's campaign parameters, a JSON object; `None` where there was no click.
    pub parsed_params: Option<String>,
    /// Where the click came from, as the project's policy allows.
    pub ip_address: Option<String>,
    /// As the browser sent it.
    pub user_agent: Option<String>,
    /// `qualified`, `won` or `lost`, once a person set it.
    pub stage: Option<String>,
    /// `unknown` until a person says `good`, `poor` or `not_a_lead`.
    pub quality: String,
    /// By what its origin is known, or why it is not; `None` while it is not counted yet.
    pub attributed: Option<String>,
}

/// A part of the list for `external`.
pub async fn external(conn: &Conn, project: ProjectId, window: &Window) -> Result<Vec<ExternalLead>> {
    const LIST: Sql = Sql {
        sqlite: concat!("SELECT ", external_columns!(), " FROM leads", first_click_sqlite!(), window!()),
        postgres: concat!("SELECT ", external_columns!(), " FROM leads", first_click_postgres!(), window!()),
    };
    conn.query(
        LIST,
        params![project, window.from, window.before.created_at, window.before.id, window.rows, window.skip],
        |row| {
            Ok(ExternalLead {
                id: row.get(0)?,
                status: row.get(1)?,
                fields: row.get(2)?,
                created_at: row.get(3)?,
                updated_at: row.get(4)?,
                click_url: row.get(5)?,
                parsed_params: row.get(6)?,
                ip_address: row.get(7)?,
                user_agent: row.get(8)?,
                stage: row.get(9)?,
                quality: row.get(10)?,
                attributed: row.get(11)?,
            })
        },
    )
    .await
}

/// A lead as partners of every other service see it.
#[derive(Clone, Debug)]
pub struct ServiceLead {
    /// Row key.
    pub id: LeadId,
    /// The reference of its first session; `None` where there was no click.
    pub correlation_id: Option<String>,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// When the conversation began.
    pub created_at: Timestamp,
    /// When it was linked to the session.
    pub correlated_at: Option<Timestamp>,
    /// The page of the session's first click.
    pub click_url: Option<String>,
    /// That click's campaign parameters, a JSON object.
    pub parsed_params: Option<String>,
}

/// A part of the list for services other than `external`.
pub async fn service(conn: &Conn, project: ProjectId, window: &Window) -> Result<Vec<ServiceLead>> {
    const LIST: Sql = Sql {
        sqlite: concat!("SELECT ", service_columns!(), first_click_sqlite!(), window!()),
        postgres: concat!("SELECT ", service_columns!(), first_click_postgres!(), window!()),
    };
    conn.query(
        LIST,
        params![project, window.from, window.before.created_at, window.before.id, window.rows, window.skip],
        |row| {
            Ok(ServiceLead {
                id: row.get(0)?,
                correlation_id: row.get(1)?,
                conversation_id: row.get(2)?,
                created_at: row.get(3)?,
                correlated_at: row.get(4)?,
                click_url: row.get(5)?,
                parsed_params: row.get(6)?,
            })
        },
    )
    .await
}

/// Where the last row of a part of either list stands; `None` where there are fewer rows.
pub async fn end(conn: &Conn, project: ProjectId, window: &Window) -> Result<Option<Position>> {
    conn.find(
        "SELECT created_at, id
         FROM leads
         WHERE project_id = $1 AND created_at >= $2 AND (created_at, id) < ($3, $4)
         ORDER BY created_at DESC, id DESC
         LIMIT 1 OFFSET $5",
        params![project, window.from, window.before.created_at, window.before.id, window.skip_to_last()],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}
