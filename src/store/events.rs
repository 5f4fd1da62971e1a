//! Events and the deliveries that are made with them.

use std::collections::{HashMap, HashSet};

use crate::db::{Conn, Error, Result, Sql, Tx, Value};
use crate::domain::event::Event;
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;

/// Stores events and gives their row keys, in their order.
pub async fn insert(tx: &Tx, events: &[(ProjectId, &Event)]) -> Result<Vec<i64>> {
    const INSERT: Sql = Sql {
        sqlite:
            "INSERT INTO events (event_id, project_id, event_type, conversation_id, body, body_external, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
        postgres:
            "INSERT INTO events (event_id, project_id, event_type, conversation_id, body, body_external, created_at)
                   SELECT *
                   FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
                   RETURNING id, event_id",
    };
    let rows: Vec<_> = events.iter().map(|(project, event)| values(*project, event)).collect();
    tx.insert_rows(INSERT, &rows).await?.into_iter().map(|key| key.ok_or(Error::NoRow)).collect()
}

fn values(project: ProjectId, event: &Event) -> [Value<'_>; 7] {
    [
        (&event.event_id).into(),
        project.0.into(),
        event.event_type.as_str().into(),
        event.conversation_id.into(),
        (&event.body).into(),
        event.body_external.as_deref().into(),
        event.created_at.into(),
    ]
}

/// Which events are stored, of some that are told by project, when they happened, and id: the ids of these.
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
    let rows: Vec<_> = events.iter().map(|(project, at, id)| [project.0.into(), (*at).into(), (*id).into()]).collect();
    Ok(conn.query_rows(STORED, &rows, |row| row.get(0)).await?.into_iter().collect())
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

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its project.
    pub project: ProjectId,
    /// When it happened.
    pub created_at: Timestamp,
    /// Its row key.
    pub id: i64,
}

/// The contents of events, by row key.
pub async fn contents(conn: &Conn, events: &[Place]) -> Result<HashMap<i64, Content>> {
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
    let values = |event: &Place| [event.project.0.into(), event.created_at.into(), event.id.into()];
    let rows: Vec<_> = events.iter().map(values).collect();
    let contents = conn.query_rows(CONTENTS, &rows, |row| {
        Ok((row.get(0)?, Content { event_id: row.get(1)?, body: row.get(2)?, body_external: row.get(3)? }))
    });
    Ok(contents.await?.into_iter().collect())
}

/// A delivery that begins.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery {
    /// Row key of the webhook.
    pub webhook: i64,
    /// Row key of the event.
    pub event: i64,
    /// The conversation whose order it keeps.
    pub conversation: Option<i64>,
    /// When it is due: at once.
    pub created_at: Timestamp,
}

/// Makes deliveries, due at once.
pub async fn deliver(tx: &Tx, deliveries: &[NewDelivery]) -> Result<u64> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO deliveries (webhook_id, event_id, conversation_id, status, attempts, retries_from, tried,
                                         takes_place, due_at, created_at)
                 VALUES ($1, $2, $3, 'pending', 0, 0, FALSE, FALSE, $4, $4)",
        postgres:
            "INSERT INTO deliveries (webhook_id, event_id, conversation_id, status, attempts, retries_from, tried,
                                           takes_place, due_at, created_at)
                   SELECT webhook_id, event_id, conversation_id, 'pending', 0, 0, FALSE, FALSE, created_at, created_at
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                       AS new (webhook_id, event_id, conversation_id, created_at)",
    };
    let values =
        |new: &NewDelivery| [new.webhook.into(), new.event.into(), new.conversation.into(), new.created_at.into()];
    let rows: Vec<_> = deliveries.iter().map(values).collect();
    tx.execute_rows(INSERT, &rows).await
}

/// Makes deliveries that belong to no conversation as if they were claimed at once until `lease_until`, for the first attempt;
/// gives their row keys, in their order.
pub async fn deliver_claimed(tx: &Tx, deliveries: &[NewDelivery], lease_until: Timestamp) -> Result<Vec<i64>> {
    const INSERT: Sql = Sql {
        // The name is PostgreSQL's only.
        sqlite: "INSERT INTO deliveries (webhook_id, event_id, conversation_id, status, attempts, retries_from, tried,
                                         takes_place, due_at, created_at)
                 VALUES ($2, $3, NULLIF($1, $1), 'pending', 1, 0, FALSE, FALSE, $4, $5)",
        postgres:
            "INSERT INTO deliveries (webhook_id, event_id, status, attempts, retries_from, tried, takes_place, due_at,
                                           created_at)
                   SELECT webhook_id, event_id, 'pending', 1, 0, FALSE, FALSE, due_at, created_at
                   FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                       AS new (name, webhook_id, event_id, due_at, created_at)
                   RETURNING id, webhook_id || '-' || event_id",
    };
    let names: Vec<_> = deliveries.iter().map(|new| format!("{}-{}", new.webhook, new.event)).collect();
    let rows: Vec<[Value<'_>; 5]> = deliveries
        .iter()
        .zip(&names)
        .map(|(new, name)| {
            [name.into(), new.webhook.into(), new.event.into(), lease_until.into(), new.created_at.into()]
        })
        .collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    tx.insert_rows(INSERT, &rows).await?.into_iter().map(|key| key.ok_or(Error::NoRow)).collect()
}
