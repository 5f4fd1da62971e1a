//! Events, as they are stored and read to be sent.

use std::collections::{HashMap, HashSet};

use crate::db::{Conn, Result, Sql, Tx, Value};
use crate::domain::event::{Event, EventType};
use crate::domain::ids::{EventId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;
use crate::store::window::Position;

/// Stores events of some projects.
pub async fn insert(tx: &Tx, events: &[(ProjectId, EventId, &Event)]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite:
            "INSERT INTO events (id, project_id, event_id, event_type, conversation_id, body, body_external, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        postgres:
            "INSERT INTO events (id, project_id, event_id, event_type, conversation_id, body, body_external, created_at)
                   SELECT *
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[],
                               $8::bigint[])",
    };
    let rows: Vec<_> = events.iter().map(|(project, id, event)| values(*project, *id, event)).collect();
    tx.execute_rows(INSERT, &rows).await
}

fn values(project: ProjectId, id: EventId, event: &Event) -> [Value<'_>; 8] {
    [
        id.into(),
        project.into(),
        (&event.event_id).into(),
        event.event_type.as_str().into(),
        event.conversation_id.into(),
        (&event.body).into(),
        event.body_external.as_deref().into(),
        event.created_at.into(),
    ]
}

/// Which events are stored, of some named by project, time and id: the ids of these.
pub async fn stored(conn: &Conn, events: &[(ProjectId, Timestamp, &str)]) -> Result<HashSet<String>> {
    const STORED: Sql = Sql {
        sqlite: "SELECT event_id FROM events WHERE project_id = $1 AND created_at = $2 AND event_id = $3",
        postgres: "SELECT named.event_id
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS named (project_id, created_at, event_id)
                   WHERE EXISTS (
                       SELECT 1 FROM events
                       WHERE project_id = named.project_id AND created_at = named.created_at AND event_id = named.event_id
                   )",
    };
    let rows: Vec<_> = events.iter().map(|(project, at, id)| [(*project).into(), (*at).into(), (*id).into()]).collect();
    Ok(conn.query_rows(STORED, &rows, |row| row.get(0)).await?.into_iter().collect())
}

/// How many events of a type leads had since `since`, counted up to `most`. Clicks have no lead.
pub async fn count_of_leads(
    conn: &Conn,
    project: ProjectId,
    event: EventType,
    since: Timestamp,
    most: i64,
) -> Result<i64> {
    conn.get(
        "SELECT COUNT(*)
         FROM (
             SELECT 1
             FROM events
             WHERE project_id = $1 AND event_type = $2 AND conversation_id IS NOT NULL AND created_at >= $3
             LIMIT $4
         ) AS counted",
        params![project, event.as_str(), since, most],
        |row| row.get(0),
    )
    .await
}

/// An event as it is listed.
#[derive(Clone, Debug)]
pub struct ListedEvent {
    /// Row key.
    pub id: EventId,
    /// `evt_…`
    pub event_id: String,
    /// `widget.click`, …
    pub event_type: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// The body for webhooks that want E.164.
    pub body: String,
}

/// The events of a project before a position, newest first, at most `most`.
pub async fn page(conn: &Conn, project: ProjectId, before: Position, most: u32) -> Result<Vec<ListedEvent>> {
    conn.query(
        "SELECT id, event_id, event_type, created_at, body
         FROM events
         WHERE project_id = $1 AND (created_at, id) < ($2, $3)
         ORDER BY created_at DESC, id DESC
         LIMIT $4",
        params![project, before.created_at, before.id, most],
        |row| {
            Ok(ListedEvent {
                id: row.get(0)?,
                event_id: row.get(1)?,
                event_type: row.get(2)?,
                created_at: row.get(3)?,
                body: row.get(4)?,
            })
        },
    )
    .await
}

/// What is sent of an event.
#[derive(Clone, Debug)]
pub struct Content {
    /// `evt_…`
    pub event_id: String,
    /// The body for webhooks that want E.164.
    pub body: String,
    /// The body for service `external`, where it differs.
    pub body_external: Option<String>,
}

impl Content {
    /// What the body says that it is.
    pub fn event_type(&self) -> Option<EventType> {
        #[derive(serde::Deserialize)]
        struct Named<'a> {
            #[serde(alias = "event", borrow)]
            event_type: std::borrow::Cow<'a, str>,
        }
        let named: Named<'_> = serde_json::from_str(&self.body).ok()?;
        EventType::parse(&named.event_type)
    }
}

impl From<Event> for Content {
    fn from(event: Event) -> Self {
        Self { event_id: event.event_id, body: event.body, body_external: event.body_external }
    }
}

/// Names an event as PostgreSQL finds it: its part of the table follows from the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKey {
    /// Its project.
    pub project: ProjectId,
    /// When it happened.
    pub created_at: Timestamp,
    /// Its row key.
    pub id: EventId,
}

/// The contents of events, by row key.
pub async fn contents(conn: &Conn, events: &[EventKey]) -> Result<HashMap<EventId, Content>> {
    const CONTENTS: Sql = Sql {
        // The key alone would do.
        sqlite: "SELECT id, event_id, body, body_external
                 FROM events
                 WHERE project_id = $1 AND created_at = $2 AND id = $3",
        postgres: "SELECT events.id, event_id, body, body_external
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS wanted (project_id, created_at, id)
                   JOIN events ON events.project_id = wanted.project_id AND events.created_at = wanted.created_at
                              AND events.id = wanted.id",
    };
    let values = |event: &EventKey| [event.project.into(), event.created_at.into(), event.id.into()];
    let rows: Vec<_> = events.iter().map(values).collect();
    let contents = conn.query_rows(CONTENTS, &rows, |row| {
        Ok((row.get(0)?, Content { event_id: row.get(1)?, body: row.get(2)?, body_external: row.get(3)? }))
    });
    Ok(contents.await?.into_iter().collect())
}
