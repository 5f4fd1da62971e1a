//! What the panels of chats on pages say of the business: columns of their channels.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ChannelId, ProjectId};
use crate::params;

/// What a channel's panel says of the business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panel {
    /// What it is called.
    pub title: Option<String>,
    /// Its first words; those of the visitor's language where there are none.
    pub greeting: Option<String>,
}

/// What the panel of a project's channel says.
pub async fn of_channel(conn: &Conn, project: ProjectId, channel: ChannelId) -> Result<Panel> {
    let panel = conn
        .find(
            "SELECT title, greeting FROM channels WHERE project_id = $1 AND id = $2",
            params![project, channel],
            |row| Ok(Panel { title: row.get(0)?, greeting: row.get(1)? }),
        )
        .await?;
    Ok(panel.unwrap_or_default())
}

/// Stores what the panel of a project's channel says.
pub async fn set(tx: &Tx, project: ProjectId, channel: ChannelId, panel: &Panel) -> Result<bool> {
    tx.execute_one(
        "UPDATE channels SET title = $3, greeting = $4 WHERE project_id = $1 AND id = $2",
        params![project, channel, &panel.title, &panel.greeting],
    )
    .await
}
