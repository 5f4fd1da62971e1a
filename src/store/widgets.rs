//! Widgets: the buttons on sites, read together with what a click needs of their channel and project.

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ChannelId, ProjectId, WidgetId};
use crate::domain::origin::AllowedOrigin;
use crate::domain::time::Timestamp;
use crate::domain::visitor::IpPolicy;
use crate::domain::widget::{Look, Side};
use crate::params;

macro_rules! columns {
    () => {
        "w.id, w.public_id, w.project_id, p.ip_policy, w.channel, c.kind, c.number, c.link_base, w.greeting, w.origins,
         c.handle"
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
    /// Its platform.
    pub channel_kind: ChannelKind,
    /// The channel's number, digits.
    pub number: Option<String>,
    /// The channel's handle, without `@`.
    pub handle: Option<String>,
    /// Where the channel's links lead.
    pub link_base: String,
    /// The start of the prefilled text.
    pub greeting: String,
    /// The origins that may use the JSON endpoint; all where it is empty.
    pub origins: Vec<AllowedOrigin>,
}

impl Widget {
    /// What it opens, in words: `WhatsApp +6512345678`, `Telegram @shop_bot`, `Chat on the page`.
    pub fn opens(&self) -> String {
        if self.channel_kind.is_fetched() {
            return self.channel_kind.name().to_owned();
        }
        let label = super::channels::label(self.number.as_deref(), self.handle.as_deref(), "");
        format!("{} {label}", self.channel_kind.name())
    }
}

fn read(row: &Row<'_>) -> Result<Widget> {
    Ok(Widget {
        id: row.get(0)?,
        public_id: row.get(1)?,
        project: row.get(2)?,
        ip_policy: row.get::<String>(3)?.parse().map_err(|_| Error::Column(3))?,
        channel: row.get(4)?,
        channel_kind: ChannelKind::parse(&row.get::<String>(5)?).ok_or(Error::Column(5))?,
        number: row.get(6)?,
        link_base: row.get(7)?,
        greeting: row.get(8)?,
        origins: serde_json::from_str(&row.get::<String>(9)?).map_err(|_| Error::Column(9))?,
        handle: row.get(10)?,
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
    /// How people call it, and how its button looks.
    pub look: &'a Look,
}

/// Stores a widget.
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewWidget<'_>, now: Timestamp) -> Result<WidgetId> {
    tx.get(
        "INSERT INTO widgets (public_id, project_id, channel, greeting, origins, name, label, color, side, takes_links,
                              created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         RETURNING id",
        params![
            new.public_id,
            project,
            new.channel,
            new.greeting,
            new.origins,
            &new.look.name,
            &new.look.label,
            &new.look.color,
            new.look.side.as_str(),
            new.look.takes_links,
            now
        ],
        |row| row.get(0),
    )
    .await
}

/// The newest widget of the project's channel.
pub async fn newest_of_channel(conn: &Conn, project: ProjectId, channel: ChannelId) -> Result<Option<WidgetId>> {
    conn.find(
        "SELECT id FROM widgets WHERE project_id = $1 AND channel = $2 ORDER BY id DESC LIMIT 1",
        params![project, channel],
        |row| row.get(0),
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

/// The public id of the newest widget of a project.
pub async fn first_public_id(conn: &Conn, project: ProjectId) -> Result<Option<String>> {
    conn.find("SELECT public_id FROM widgets WHERE project_id = $1 ORDER BY id DESC LIMIT 1", params![project], |row| {
        row.get(0)
    })
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

/// A widget as its page shows it.
#[derive(Clone, Debug)]
pub struct WidgetDetails {
    /// What a click needs of it.
    pub widget: Widget,
    /// How people call it, and how its button looks.
    pub look: Look,
    /// The last click.
    pub clicked_at: Option<Timestamp>,
    /// Host and path of the page that it came from.
    pub clicked_page: Option<String>,
}

macro_rules! details {
    () => {
        "w.name, w.label, w.color, w.side, w.clicked_at, w.clicked_page, w.takes_links"
    };
}

fn read_details(row: &Row<'_>) -> Result<WidgetDetails> {
    Ok(WidgetDetails {
        widget: read(row)?,
        look: Look {
            name: row.get(11)?,
            label: row.get(12)?,
            color: row.get(13)?,
            side: Side::parse(&row.get::<String>(14)?).ok_or(Error::Column(14))?,
            takes_links: row.get(17)?,
        },
        clicked_at: row.get(15)?,
        clicked_page: row.get(16)?,
    })
}

/// The widgets of a project with all that is shown of them, oldest first, at most `most`.
pub async fn details(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<WidgetDetails>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            details!(),
            " FROM ",
            tables!(),
            " WHERE w.project_id = $1 ORDER BY w.id LIMIT $2"
        ),
        params![project, most],
        read_details,
    )
    .await
}

/// The project's widget with all that is shown of it.
pub async fn find_details(conn: &Conn, project: ProjectId, public_id: &str) -> Result<Option<WidgetDetails>> {
    conn.find(
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            details!(),
            " FROM ",
            tables!(),
            " WHERE w.project_id = $1 AND w.public_id = $2"
        ),
        params![project, public_id],
        read_details,
    )
    .await
}

/// Stores what can be changed of a project's widget; its public id stays.
pub async fn update(tx: &Tx, project: ProjectId, changed: &NewWidget<'_>) -> Result<bool> {
    tx.execute_one(
        "UPDATE widgets SET channel = $3, greeting = $4, origins = $5, name = $6, label = $7, color = $8, side = $9, takes_links = $10
         WHERE project_id = $1 AND public_id = $2",
        params![
            project,
            changed.public_id,
            changed.channel,
            changed.greeting,
            changed.origins,
            &changed.look.name,
            &changed.look.label,
            &changed.look.color,
            changed.look.side.as_str(),
            changed.look.takes_links
        ],
    )
    .await
}

/// Notes the last click of a widget.
pub async fn note_click(tx: &Tx, project: ProjectId, id: WidgetId, page: Option<&str>, at: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE widgets SET clicked_at = $3, clicked_page = COALESCE($4, clicked_page)
         WHERE project_id = $1 AND id = $2 AND (clicked_at IS NULL OR clicked_at < $3)",
        params![project, id, at, page],
    )
    .await
}

/// A site whose script a widget refused.
#[derive(Clone, Debug)]
pub struct RefusedOrigin {
    /// Its origin.
    pub origin: String,
    /// How often.
    pub requests: i64,
    /// The last time.
    pub last_at: Timestamp,
}

/// Counts requests of a site that a widget refused.
pub async fn count_refused(tx: &Tx, project: ProjectId, id: WidgetId, refused: &RefusedOrigin) -> Result<u64> {
    tx.execute(
        "INSERT INTO refused_origins (project_id, widget_id, origin, requests, last_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, widget_id, origin) DO UPDATE
         SET requests = refused_origins.requests + excluded.requests, last_at = excluded.last_at",
        params![project, id, &refused.origin, refused.requests, refused.last_at],
    )
    .await
}

/// The sites that a project's widget refused, at most `most`.
pub async fn refused_origins(conn: &Conn, project: ProjectId, id: WidgetId, most: u32) -> Result<Vec<RefusedOrigin>> {
    conn.query(
        "SELECT origin, requests, last_at FROM refused_origins
         WHERE project_id = $1 AND widget_id = $2 AND origin >= '' ORDER BY origin LIMIT $3",
        params![project, id, most],
        |row| Ok(RefusedOrigin { origin: row.get(0)?, requests: row.get(1)?, last_at: row.get(2)? }),
    )
    .await
}

/// Forgets a site that a widget refused.
pub async fn forget_refused(tx: &Tx, project: ProjectId, id: WidgetId, origin: &str) -> Result<u64> {
    tx.execute(
        "DELETE FROM refused_origins WHERE project_id = $1 AND widget_id = $2 AND origin = $3",
        params![project, id, origin],
    )
    .await
}
