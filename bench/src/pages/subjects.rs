//! What pages are about: leads, deliveries, events and clicks from all over the tables, so that no page is asked for twice.

use anyhow::{Context as _, ensure};

use crate::seed::draw::{Draw, For};
use crate::seed::history::CHANNEL;
use aurix::db::{Conn, Row};
use aurix::domain::channel::ChannelKind;
use aurix::domain::ids::ProjectId;
use aurix::params;
use aurix::store::window::Position;
use aurix::store::{channels, links, projects, webhooks, widgets};

/// Messages of a long conversation.
const LONG: i64 = 150;
/// Long conversations, and others of a list, that are read.
const LISTED: i64 = 200;

/// A lead.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Its row key.
    pub id: i64,
    /// When something was last said.
    pub last_message_at: i64,
    /// The reference of its first click.
    pub correlation_id: Option<String>,
    /// The name that is known.
    pub name: Option<String>,
    /// E.164.
    pub phone: String,
    /// The address that is known.
    pub email: Option<String>,
}

/// All of them.
pub struct Subjects {
    /// The project's UUID.
    pub project: String,
    /// Ids in the tags of widgets.
    pub widgets: Vec<String>,
    /// Row keys of links.
    pub links: Vec<i64>,
    /// UUIDs of webhooks.
    pub webhooks: Vec<String>,
    /// Leads from all over.
    pub leads: Vec<Lead>,
    /// Leads with a long conversation, each with a message in the middle of it.
    pub long: Vec<(i64, i64)>,
    /// Leads of the inbox.
    pub inbox: Vec<i64>,
    /// Where deliveries stand.
    pub deliveries: Vec<Position>,
    /// Ids of events.
    pub events: Vec<String>,
    /// References of clicks after which nobody wrote.
    pub clicks: Vec<String>,
    /// Rows of the audit log.
    pub audit: Vec<i64>,
    /// Where the oldest lead stands but a page.
    pub oldest_lead: Option<Position>,
    /// Where the oldest delivery stands but a page.
    pub oldest_delivery: Option<Position>,
}

impl Subjects {
    /// Draws `count` of each kind.
    pub async fn read(conn: &Conn, count: u64) -> anyhow::Result<Self> {
        let channel = channels::find(conn, ChannelKind::WhatsApp, CHANNEL).await?;
        let channel = channel.context("this database has no seed: fill it with `aurix-bench seed` first")?;
        let project = projects::get(conn, channel.project).await?;
        let webhooks = webhooks::list(conn, project.id).await?;
        ensure!(!webhooks.is_empty(), "the seed's project has no webhooks");
        let read = Reading { conn, project: project.id, count };
        Ok(Self {
            widgets: widgets::list(conn, project.id, 10).await?.into_iter().map(|widget| widget.public_id).collect(),
            links: links::slugs(conn, project.id, 100).await?.into_iter().map(|(id, _)| id.0).collect(),
            leads: read.leads().await?,
            long: read.long().await?,
            inbox: read.inbox().await?,
            deliveries: read.deliveries(webhooks.iter().map(|webhook| webhook.id.0).collect()).await?,
            events: read.events().await?,
            clicks: read.clicks().await?,
            audit: read.audit().await?,
            oldest_lead: read.oldest_lead().await?,
            oldest_delivery: read.oldest_delivery(webhooks[0].id.0).await?,
            webhooks: webhooks.into_iter().map(|webhook| webhook.public_id).collect(),
            project: project.public_id,
        })
    }
}

struct Reading<'a> {
    conn: &'a Conn,
    project: ProjectId,
    count: u64,
}

fn position(row: &Row<'_>) -> aurix::db::Result<Position> {
    Ok(Position { created_at: row.get(0)?, id: row.get(1)? })
}

impl Reading<'_> {
    /// Draws numbers between the two that a statement gives for the project.
    async fn drawn(&self, range: &'static str) -> anyhow::Result<Vec<i64>> {
        let read = |row: &Row<'_>| Ok((row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?));
        let (Some(least), Some(most)) = self.conn.get(range, params![self.project], read).await? else {
            return Ok(Vec::new());
        };
        Ok((0..self.count).map(|number| Draw::new(For::Page, number).between(least, most)).collect())
    }

    /// The first row behind each drawn number.
    async fn behind<T>(
        &self,
        range: &'static str,
        first: &'static str,
        read: impl Fn(&Row<'_>) -> aurix::db::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        let mut found = Vec::new();
        for drawn in self.drawn(range).await? {
            found.extend(self.conn.find(first, params![self.project, drawn], &read).await?);
        }
        Ok(found)
    }

    async fn leads(&self) -> anyhow::Result<Vec<Lead>> {
        let value = |fields: &serde_json::Value, key: &str| fields[key]["value"].as_str().map(str::to_owned);
        self.behind(
            "SELECT MIN(id), MAX(id) FROM leads WHERE project_id = $1",
            "SELECT l.id, l.last_message_at, s.correlation_id, l.fields, c.phone
             FROM leads AS l
             JOIN conversations AS c ON c.id = l.conversation_id
             LEFT JOIN sessions AS s ON s.id = l.session_id
             WHERE l.project_id = $1 AND l.id >= $2 AND l.erased_at IS NULL
             ORDER BY l.id
             LIMIT 1",
            |row| {
                let fields = serde_json::from_str(&row.get::<String>(3)?).unwrap_or_default();
                Ok(Lead {
                    id: row.get(0)?,
                    last_message_at: row.get(1)?,
                    correlation_id: row.get(2)?,
                    name: value(&fields, "name"),
                    phone: row.get(4)?,
                    email: value(&fields, "email"),
                })
            },
        )
        .await
    }

    async fn long(&self) -> anyhow::Result<Vec<(i64, i64)>> {
        let long = "SELECT l.id, long.middle
             FROM (
                 SELECT conversation_id, MIN(id) + (MAX(id) - MIN(id)) / 2 AS middle
                 FROM messages
                 GROUP BY conversation_id
                 HAVING COUNT(*) >= $2
                 LIMIT $3
             ) AS long
             JOIN leads AS l ON l.conversation_id = long.conversation_id
             WHERE l.project_id = $1 AND l.erased_at IS NULL";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        Ok(self.conn.query(long, params![self.project, LONG, LISTED], read).await?)
    }

    async fn inbox(&self) -> anyhow::Result<Vec<i64>> {
        let listed = "SELECT l.id
             FROM conversations AS c JOIN leads AS l ON l.conversation_id = c.id
             WHERE c.project_id = $1 AND c.handling = 'waiting'
             LIMIT $2";
        Ok(self.conn.query(listed, params![self.project, LISTED], |row| row.get(0)).await?)
    }

    async fn deliveries(&self, webhooks: Vec<i64>) -> anyhow::Result<Vec<Position>> {
        let mut found = Vec::new();
        let range = "SELECT MIN(created_at), MAX(created_at) FROM events WHERE project_id = $1";
        for (number, at) in self.drawn(range).await?.into_iter().enumerate() {
            let first = "SELECT created_at, id FROM deliveries WHERE webhook_id = $1 AND created_at >= $2
                         ORDER BY created_at, id LIMIT 1";
            let webhook = webhooks[number % webhooks.len()];
            found.extend(self.conn.find(first, params![webhook, at], position).await?);
        }
        Ok(found)
    }

    async fn events(&self) -> anyhow::Result<Vec<String>> {
        self.behind(
            "SELECT MIN(created_at), MAX(created_at) FROM events WHERE project_id = $1",
            "SELECT event_id FROM events WHERE project_id = $1 AND created_at >= $2 ORDER BY created_at, id LIMIT 1",
            |row| row.get(0),
        )
        .await
    }

    async fn clicks(&self) -> anyhow::Result<Vec<String>> {
        // Of the time of which there are events.
        self.behind(
            "SELECT MIN(created_at), MAX(created_at) FROM events WHERE project_id = $1",
            "SELECT s.correlation_id
             FROM (
                 SELECT session_id FROM clicks WHERE project_id = $1 AND created_at >= $2 ORDER BY created_at, id LIMIT 30
             ) AS k
             JOIN sessions AS s ON s.id = k.session_id
             WHERE s.conversation_id IS NULL
             LIMIT 1",
            |row| row.get(0),
        )
        .await
    }

    async fn audit(&self) -> anyhow::Result<Vec<i64>> {
        self.drawn("SELECT MIN(id), MAX(id) FROM audit WHERE project_id = $1").await
    }

    async fn oldest_lead(&self) -> anyhow::Result<Option<Position>> {
        let oldest = "SELECT last_message_at, id FROM leads WHERE project_id = $1 AND status = 'complete'
                      ORDER BY last_message_at, id LIMIT 1 OFFSET 10";
        Ok(self.conn.find(oldest, params![self.project], position).await?)
    }

    async fn oldest_delivery(&self, webhook: i64) -> anyhow::Result<Option<Position>> {
        let oldest =
            "SELECT created_at, id FROM deliveries WHERE webhook_id = $1 ORDER BY created_at, id LIMIT 1 OFFSET 10";
        Ok(self.conn.find(oldest, params![webhook], position).await?)
    }
}
