//! Stores an event together with a delivery for every webhook that wants it, in the transaction of what caused it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::db::{Result, Tx};
use crate::domain::event::{Event, EventType};
use crate::domain::ids::ProjectId;
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::store::events::{self, NewDelivery};
use crate::store::webhooks;

/// A new event's id: `evt_` and a UUID that sorts by time, without hyphens.
pub fn event_id(random: &Random, now: Timestamp) -> String {
    format!("evt_{}", random.uuid_at(now).simple())
}

/// Stores the event and its deliveries. Ring `app.wake` for deliveries after the commit.
pub async fn emit(tx: &Tx, project: ProjectId, event: &Event) -> Result<()> {
    emit_all(tx, &[(project, event)]).await
}

/// [`emit`] for many at once.
pub async fn emit_all(tx: &Tx, events: &[(ProjectId, &Event)]) -> Result<()> {
    let mut wanting: HashMap<(ProjectId, EventType), Vec<i64>> = HashMap::new();
    let keys = events::insert(tx, events).await?;
    let mut deliveries = Vec::with_capacity(events.len());
    for (&(project, event), key) in events.iter().zip(keys) {
        let webhooks = match wanting.entry((project, event.event_type)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(webhooks::subscribed(tx, project, event.event_type.as_str()).await?)
            }
        };
        let (conversation, created_at) = (event.conversation_id, event.created_at);
        deliveries.extend(webhooks.iter().map(|&webhook| NewDelivery {
            webhook,
            event: key,
            conversation,
            created_at,
        }));
    }
    events::deliver(tx, &deliveries).await?;
    Ok(())
}
