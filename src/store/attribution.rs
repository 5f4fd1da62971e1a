//! The list of clicks of the partner API, with what became of each: reads only, newest first.

use jiff::Timestamp;

use super::window::{Position, Window};
use crate::db::{Conn, Result};
use crate::domain::ids::{ClickId, ProjectId};
use crate::params;

/// A click, its session, and the channel of the lead that it led to.
#[derive(Clone, Debug)]
pub struct AttributedClick {
    /// Row key.
    pub id: ClickId,
    /// The reference of its session.
    pub correlation_id: String,
    /// The browser, if it sent one.
    pub device_id: Option<String>,
    /// When the widget was clicked.
    pub created_at: Timestamp,
    /// When its session was linked to a conversation.
    pub correlated_at: Option<Timestamp>,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Campaign parameters, a JSON object.
    pub parsed_params: String,
    /// As the project's policy allows.
    pub ip_address: Option<String>,
    /// As the browser sent it.
    pub user_agent: Option<String>,
    /// The kind of channel that the lead writes on; `None` until there is a lead.
    pub lead_type: Option<String>,
}

/// A part of the list.
pub async fn page(conn: &Conn, project: ProjectId, window: &Window) -> Result<Vec<AttributedClick>> {
    conn.query(
        "SELECT clicks.id, sessions.correlation_id, sessions.device_id, clicks.created_at, sessions.correlated_at,
                clicks.click_url, clicks.first_raw_url, clicks.parsed_params, clicks.ip_address, clicks.user_agent,
                channels.kind
         FROM clicks
         JOIN sessions ON sessions.id = clicks.session_id
         LEFT JOIN leads ON leads.conversation_id = sessions.conversation_id
         LEFT JOIN conversations ON conversations.id = leads.conversation_id
         LEFT JOIN channels ON channels.id = conversations.channel
         WHERE clicks.project_id = $1 AND clicks.created_at >= $2 AND clicks.created_at <= $3
           AND (clicks.created_at, clicks.id) < ($3, $4)
         ORDER BY clicks.created_at DESC, clicks.id DESC
         LIMIT $5 OFFSET $6",
        params![project, window.from, window.before.created_at, window.before.id, window.rows, window.skip],
        |row| {
            Ok(AttributedClick {
                id: row.get(0)?,
                correlation_id: row.get(1)?,
                device_id: row.get(2)?,
                created_at: row.get(3)?,
                correlated_at: row.get(4)?,
                click_url: row.get(5)?,
                first_raw_url: row.get(6)?,
                parsed_params: row.get(7)?,
                ip_address: row.get(8)?,
                user_agent: row.get(9)?,
                lead_type: row.get(10)?,
            })
        },
    )
    .await
}

/// Where the last row of a part of the list stands; `None` where there are fewer clicks.
pub async fn end(conn: &Conn, project: ProjectId, window: &Window) -> Result<Option<Position>> {
    conn.find(
        "SELECT created_at, id
         FROM clicks
         WHERE project_id = $1 AND created_at >= $2 AND created_at <= $3 AND (created_at, id) < ($3, $4)
         ORDER BY created_at DESC, id DESC
         LIMIT 1 OFFSET $5",
        params![project, window.from, window.before.created_at, window.before.id, window.skip_to_last()],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}
