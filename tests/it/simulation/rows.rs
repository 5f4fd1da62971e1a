//! What stands in the database, and clearing it away between two runs.

use std::collections::BTreeMap;

use aurix::core::Core;
use aurix::db::Row as DbRow;
use aurix::domain::delivery::DeliveryStatus;
use aurix::domain::ids::{DeliveryId, WebhookId};
use aurix::domain::time::Timestamp;

/// A delivery as it is stored.
pub struct Row {
    pub webhook: WebhookId,
    pub event_id: String,
    pub status: DeliveryStatus,
    pub attempts: u32,
    pub tried: bool,
    pub holds_slot: bool,
    pub due_at: Option<Timestamp>,
}

pub struct Rows {
    /// By row key.
    pub deliveries: BTreeMap<DeliveryId, Row>,
    /// Webhooks that are on.
    pub on: Vec<WebhookId>,
}

pub async fn read(app: &Core) -> Rows {
    let read = app.db.read(async |conn| {
        let deliveries = conn.query(
            "SELECT d.id, d.webhook_id, e.event_id, d.status, d.attempts, d.tried, d.holds_slot, d.due_at
             FROM deliveries AS d
             JOIN webhooks AS w ON w.id = d.webhook_id
             JOIN events AS e ON e.project_id = w.project_id AND e.created_at = d.created_at AND e.id = d.event_id",
            &[],
            row,
        );
        let deliveries = deliveries.await?.into_iter().collect();
        let on = conn.query("SELECT id FROM webhooks WHERE is_active ORDER BY id", &[], |row| row.get(0)).await?;
        Ok(Rows { deliveries, on })
    });
    read.await.expect("rows")
}

fn row(row: &DbRow<'_>) -> aurix::db::Result<(DeliveryId, Row)> {
    let read = Row {
        webhook: row.get(1)?,
        event_id: row.get(2)?,
        status: DeliveryStatus::parse(&row.get::<String>(3)?).expect("a status"),
        attempts: row.get(4)?,
        tried: row.get(5)?,
        holds_slot: row.get(6)?,
        due_at: row.get(7)?,
    };
    Ok((row.get(0)?, read))
}

/// The row keys of all webhooks, oldest first.
pub async fn webhooks(app: &Core) -> Vec<WebhookId> {
    let read = async |conn: &aurix::db::Conn| {
        Ok(conn.query("SELECT id FROM webhooks ORDER BY id", &[], |row| row.get(0)).await?)
    };
    app.db.read(read).await.expect("webhooks")
}

/// Which attempts of which deliveries are in the log, sorted.
pub async fn logged(app: &Core) -> Vec<(DeliveryId, u32)> {
    let read = async |conn: &aurix::db::Conn| {
        let text = "SELECT delivery_id, number FROM attempts ORDER BY delivery_id, number";
        Ok(conn.query(text, &[], |row| Ok((row.get(0)?, row.get(1)?))).await?)
    };
    app.db.read(read).await.expect("attempts")
}

/// Leaves a project without webhooks and events.
pub async fn clear(app: &Core) {
    let clear = app.db.write(async |tx| {
        for text in ["DELETE FROM attempts", "DELETE FROM deliveries", "DELETE FROM events", "DELETE FROM webhooks"] {
            tx.execute(text, &[]).await?;
        }
        Ok(())
    });
    clear.await.expect("cleared");
}
