//! Links without a site. Their addresses name no project: a slug is one of the whole instance, and stays taken when its link is removed.

use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::ids::{ChannelId, ConversationId, LinkId, ProjectId, WidgetId};
use crate::domain::link::{Campaign, LinkStatus, Slug, address};
use crate::domain::time::Timestamp;
use crate::params;

macro_rules! columns {
    () => {
        "l.id, l.project_id, l.slug, w.public_id, l.source, l.medium, l.campaign, l.text, l.status, l.created_at,
         p.links_domain"
    };
}

macro_rules! tables {
    () => {
        "links AS l JOIN widgets AS w ON w.id = l.widget_id JOIN projects AS p ON p.id = l.project_id"
    };
}

/// A link.
#[derive(Clone, Debug)]
pub struct Link {
    /// Row key.
    pub id: LinkId,
    /// Its project.
    pub project: ProjectId,
    /// The end of its address.
    pub slug: String,
    /// The id in the tag of the widget whose channel it leads to.
    pub widget: String,
    /// What it says.
    pub campaign: Campaign,
    /// Whether it records clicks.
    pub status: LinkStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// The host that its project's links have instead of the server's.
    pub domain: Option<String>,
}

impl Link {
    /// Its address, on a server with that base URL.
    pub fn address(&self, base_url: &str) -> String {
        address(base_url, self.domain.as_deref(), &self.slug)
    }
}

fn read(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        id: row.get(0)?,
        project: row.get(1)?,
        slug: row.get(2)?,
        widget: row.get(3)?,
        campaign: Campaign { source: row.get(4)?, medium: row.get(5)?, campaign: row.get(6)?, text: row.get(7)? },
        status: LinkStatus::parse(&row.get::<String>(8)?).ok_or(Error::Column(8))?,
        created_at: row.get(9)?,
        domain: row.get(10)?,
    })
}

/// Stores a link; `None` where the slug is taken. A slug that the project removed is not: its link is there again.
pub async fn insert(
    tx: &Tx,
    project: ProjectId,
    (slug, widget, said): (&Slug, WidgetId, &Campaign),
    now: Timestamp,
) -> Result<Option<LinkId>> {
    tx.find(
        "INSERT INTO links (project_id, widget_id, slug, source, medium, campaign, text, status, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8)
         ON CONFLICT (slug) DO UPDATE
         SET widget_id = excluded.widget_id, source = excluded.source, medium = excluded.medium,
             campaign = excluded.campaign, text = excluded.text, status = excluded.status
         WHERE links.project_id = excluded.project_id AND links.status = 'removed'
         RETURNING id",
        params![project, widget, slug.as_str(), &said.source, &said.medium, &said.campaign, &said.text, now],
        |row| row.get(0),
    )
    .await
}

/// The link of that slug, in whichever project, removed or not.
pub async fn find(conn: &Conn, slug: &Slug) -> Result<Option<Link>> {
    conn.find(concat!("SELECT ", columns!(), " FROM ", tables!(), " WHERE l.slug = $1"), params![slug.as_str()], read)
        .await
}

/// The newest links of all projects, at most `most`.
pub async fn first(conn: &Conn, most: u32) -> Result<Vec<Link>> {
    conn.query(concat!("SELECT ", columns!(), " FROM ", tables!(), " ORDER BY l.id DESC LIMIT $1"), params![most], read)
        .await
}

/// The links of a project before one, newest first, at most `most`; without those that were removed.
pub async fn page(conn: &Conn, project: ProjectId, before: LinkId, most: u32) -> Result<Vec<Link>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM ",
            tables!(),
            " WHERE l.project_id = $1 AND l.id < $2 AND l.status <> 'removed' ORDER BY l.id DESC LIMIT $3"
        ),
        params![project, before, most],
        read,
    )
    .await
}

/// The project's link, unless it was removed.
pub async fn find_in(conn: &Conn, project: ProjectId, id: LinkId) -> Result<Option<Link>> {
    conn.find(
        concat!(
            "SELECT ",
            columns!(),
            " FROM ",
            tables!(),
            " WHERE l.project_id = $1 AND l.id = $2 AND l.status <> 'removed'"
        ),
        params![project, id],
        read,
    )
    .await
}

/// The row keys and slugs of a project's links, newest first, at most `most`; those that were removed too: their visits are counted.
pub async fn slugs(conn: &Conn, project: ProjectId, most: u32) -> Result<Vec<(LinkId, String)>> {
    conn.query(
        "SELECT id, slug FROM links WHERE project_id = $1 ORDER BY id DESC LIMIT $2",
        params![project, most],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// The own texts of the links that lead to a channel, newest first, at most `most`.
pub async fn texts_of_channel(conn: &Conn, project: ProjectId, channel: ChannelId, most: u32) -> Result<Vec<String>> {
    conn.query(
        concat!(
            "SELECT l.text FROM ",
            tables!(),
            " WHERE l.project_id = $1 AND w.channel = $2 AND l.text <> '' ORDER BY l.id DESC LIMIT $3"
        ),
        params![project, channel, most],
        |row| row.get(0),
    )
    .await
}

/// Changes what the project's link says, and where it leads; its slug stays.
pub async fn update(tx: &Tx, project: ProjectId, id: LinkId, (widget, said): (WidgetId, &Campaign)) -> Result<bool> {
    tx.execute_one(
        "UPDATE links SET widget_id = $3, source = $4, medium = $5, campaign = $6, text = $7
         WHERE project_id = $1 AND id = $2 AND status <> 'removed'",
        params![project, id, widget, &said.source, &said.medium, &said.campaign, &said.text],
    )
    .await
}

/// Pauses, resumes or removes the project's link; `false` where it is so already, or was removed.
pub async fn set_status(tx: &Tx, project: ProjectId, id: LinkId, status: LinkStatus) -> Result<bool> {
    tx.execute_one(
        "UPDATE links
         SET status = $3, followed = 0, followed_at = NULL
         WHERE project_id = $1 AND id = $2 AND status <> $3 AND status <> 'removed'",
        params![project, id, status.as_str()],
    )
    .await
}

/// Counts people who followed the project's link though it was paused.
pub async fn count_followed(tx: &Tx, project: ProjectId, id: LinkId, people: i64, now: Timestamp) -> Result<u64> {
    tx.execute(
        "UPDATE links
         SET followed = followed + $3, followed_at = $4
         WHERE project_id = $1 AND id = $2 AND status = 'paused'",
        params![project, id, people, now],
    )
    .await
}

/// What the links prefilled by which conversations came about, where they have a text of their own.
pub async fn texts_of_conversations(
    conn: &Conn,
    conversations: &[(ProjectId, ConversationId)],
) -> Result<Vec<(ConversationId, String)>> {
    const TEXTS: Sql = Sql {
        // `+`: SQLite is to find the sessions by their conversation, which has far fewer than the project.
        sqlite: "SELECT s.conversation_id, l.text
                 FROM sessions AS s
                 JOIN sources AS o ON o.id = s.source_id
                 JOIN links AS l ON l.id = o.link_id AND l.project_id = +s.project_id
                 WHERE +s.project_id = $1 AND s.conversation_id = $2 AND l.text <> ''",
        postgres: "SELECT s.conversation_id, l.text
                   FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, conversation_id)
                   JOIN sessions AS s
                       ON s.conversation_id = wanted.conversation_id AND s.project_id = wanted.project_id
                   JOIN sources AS o ON o.id = s.source_id
                   JOIN links AS l ON l.id = o.link_id AND l.project_id = s.project_id
                   WHERE l.text <> ''",
    };
    let rows: Vec<_> =
        conversations.iter().map(|(project, conversation)| [(*project).into(), (*conversation).into()]).collect();
    conn.query_rows(TEXTS, &rows, |row| Ok((row.get(0)?, row.get(1)?))).await
}
