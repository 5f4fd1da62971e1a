//! Widgets: the buttons on sites, read together with what a click needs of their channel and project.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::ids::{ChannelId, ProjectId, WidgetId};
use crate::domain::origin::AllowedOrigin;
use crate::domain::time::Timestamp;
use crate::domain::visitor::IpPolicy;
use crate::params;

macro_rules! columns {
    () => {
        "w.id, w.public_id, w.project_id, p.ip_policy, w.channel, c.kind, c.number, c.link_base, w.greeting, w.origins"
    };
}

macro_rules! tables {
    () => {
        "widgets AS w JOIN channels AS c ON c.id = w.channel JOIN projects AS p ON p.id = w.project_id"
    };
}

/// A widget.
#[derive(Clone, Debug)]
pub struct Widget {
    /// Row key.
    pub id: WidgetId,
    /// The id in the tag on the site; not secret.
    pub public_id: String,
    /// Its project.
    pub project: ProjectId,
    /// The project's policy for the IP addresses of visitors.
    pub ip_policy: IpPolicy,
    /// The channel that it leads to.
    pub channel: ChannelId,
    /// `whatsapp`, `telegram` or `web`.
    pub channel_kind: String,
    /// The channel's number, digits.
    pub number: Option<String>,
    /// Where the channel's links lead.
    pub link_base: String,
    /// The start of the prefilled text.
    pub greeting: String,
    /// The origins that may use the JSON endpoint; all where it is empty.
    pub origins: Vec<AllowedOrigin>,
}

fn read(row: &Row<'_>) -> Result<Widget> {
    Ok(Widget {
        id: row.get(0)?,
        public_id: row.get(1)?,
        project: row.get(2)?,
        ip_policy: row.get::<String>(3)?.parse().map_err(|_| Error::Column(3))?,
        channel: row.get(4)?,
        channel_kind: row.get(5)?,
        number: row.get(6)?,
        link_base: row.get(7)?,
        greeting: row.get(8)?,
        origins: serde_json::from_str(&row.get::<String>(9)?).map_err(|_| Error::Column(9))?,
    })
}

/// What a widget starts with.
pub struct NewWidget<'a> {
    /// The id in the tag.
    pub public_id: &'a str,
    /// Row key of a channel of the same project.
    pub channel: ChannelId,
    /// The start of the prefilled text.
    pub greeting: &'a str,
    /// The origins that may use the JSON endpoint, a JSON list.
    pub origins: &'a str,
}

/// Stores a widget.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewWidget<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO widgets (public_id, project_id, channel, greeting, origins, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![new.public_id, project, new.channel, new.greeting, new.origins, now],
    )
    .await
}

/// The widget of that public id.
pub async fn find(conn: &Conn, public_id: &str) -> Result<Option<Widget>> {
    conn.find(concat!("SELECT ", columns!(), " FROM ", tables!(), " WHERE w.public_id = $1"), params![public_id], read)
        .await
}

/// The newest widgets of all projects, at most `most`.
pub async fn first(conn: &Conn, most: u32) -> Result<Vec<Widget>> {
    conn.query(concat!("SELECT ", columns!(), " FROM ", tables!(), " ORDER BY w.id DESC LIMIT $1"), params![most], read)
        .await
}

/// The widgets of a project, oldest first, at most `most`.
pub async fn list(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<Widget>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM ", tables!(), " WHERE w.project_id = $1 ORDER BY w.id LIMIT $2"),
        params![project, most],
        read,
    )
    .await
}

/// The greetings of the project's widgets on a channel, newest first, at most `most`.
pub async fn greetings_of_channel(
    conn: &Conn,
    project: ProjectId,
    channel: ChannelId,
    most: u32,
) -> Result<Vec<String>> {
    conn.query(
        "SELECT greeting FROM widgets WHERE project_id = $1 AND channel = $2 ORDER BY id DESC LIMIT $3",
        params![project, channel, most],
        |row| row.get(0),
    )
    .await
}
