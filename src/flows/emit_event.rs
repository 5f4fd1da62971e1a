//! Stores an event together with a delivery for every webhook that wants it, in the transaction of what caused it.

use crate::db::{Result, Tx};
use crate::domain::event::Event;
use crate::domain::ids::ProjectId;
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::store::{events, webhooks};

/// A new event's id: `evt_` and a UUID that sorts by time, without hyphens.
pub fn event_id(random: &Random, now: Timestamp) -> String {
    format!("evt_{}", random.uuid_at(now).simple())
}

/// Stores the event and its deliveries. Ring `app.wake` for deliveries after the commit.
pub async fn emit(tx: &Tx, project: ProjectId, event: &Event) -> Result<()> {
    let id = events::insert(tx, project, event).await?;
    for webhook in webhooks::subscribed(tx, project, event.event_type.as_str()).await? {
        events::deliver_to(tx, webhook, id, event.conversation_id, event.created_at).await?;
    }
    Ok(())
}
