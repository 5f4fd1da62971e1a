//! Events and the deliveries that are made with them.

use crate::db::{Conn, Result, Tx};
use crate::domain::event::Event;
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::params;

/// Stores an event and gives its row key.
pub async fn insert(tx: &Tx, project: ProjectId, event: &Event) -> Result<i64> {
    tx.get(
        "INSERT INTO events (event_id, project_id, event_type, conversation_id, body, body_external, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id",
        params![
            &event.event_id,
            project.0,
            event.event_type.as_str(),
            event.conversation_id,
            &event.body,
            &event.body_external,
            event.created_at
        ],
        |row| row.get(0),
    )
    .await
}

/// Whether an event of that id is stored.
pub async fn exists(conn: &Conn, event_id: &str) -> Result<bool> {
    Ok(conn.find("SELECT 1 FROM events WHERE event_id = $1", params![event_id], |_| Ok(())).await?.is_some())
}

/// Makes a delivery of an event to a webhook, due at once.
pub async fn deliver_to(tx: &Tx, webhook: i64, event: i64, conversation: Option<i64>, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO deliveries (webhook_id, event_id, conversation_id, status, attempts, retries_from, tried, due_at, created_at)
         VALUES ($1, $2, $3, 'pending', 0, 0, FALSE, $4, $4)",
        params![webhook, event, conversation, now],
    )
    .await
}
