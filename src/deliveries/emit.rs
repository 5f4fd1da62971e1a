//! Stores an event together with a delivery for every webhook that wants it, in the transaction of what caused it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::db::{Result, Tx};
use crate::deliveries::local_dispatch::{ClaimedLocally, LocalDispatch, Permit};
use crate::domain::event::{Event, EventType};
use crate::domain::ids::ProjectId;
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::store::deliveries::Claimed;
use crate::store::events::{self, Content, NewDelivery};
use crate::store::webhooks::{self, Webhook};

/// A new event's id: `evt_` and a UUID that sorts by time, without hyphens.
pub fn event_id(random: &Random, now: Timestamp) -> String {
    format!("evt_{}", random.uuid_at(now).simple())
}

/// Stores the event and its deliveries. Ring the notifier for deliveries after the commit.
pub async fn emit(tx: &Tx, project: ProjectId, event: &Event) -> Result<()> {
    emit_all(tx, &[(project, event)]).await
}

/// [`emit`] for many at once.
pub async fn emit_all(tx: &Tx, events: &[(ProjectId, &Event)]) -> Result<()> {
    let kinds = events.iter().map(|(project, event)| (*project, event.event_type));
    let (wanting, keys) = tokio::join!(biased; Wanting::find(tx, kinds), events::insert(tx, events));
    events::deliver(tx, &wanting?.deliveries(events, &keys?)).await?;
    Ok(())
}

/// Which webhooks want an event.
#[derive(Default)]
pub struct Wanting(HashMap<(ProjectId, EventType), Vec<Arc<Webhook>>>);

impl Wanting {
    /// Reads those of some projects, each for a type of event.
    pub async fn find(tx: &Tx, kinds: impl IntoIterator<Item = (ProjectId, EventType)>) -> Result<Self> {
        let kinds: HashSet<_> = kinds.into_iter().collect();
        let wanted: Vec<_> = kinds.iter().map(|(project, kind)| (*project, kind.as_str())).collect();
        let mut wanting: HashMap<_, Vec<_>> = HashMap::new();
        for webhook in webhooks::subscribed(tx, &wanted).await?.into_iter().map(Arc::new) {
            for kind in kinds.iter().filter(|(project, _)| *project == webhook.project) {
                let of_kind = wanting.entry(*kind).or_default();
                // One that wants two of these types was read for each of them.
                if webhook.events.iter().any(|listed| listed == kind.1.as_str())
                    && of_kind.iter().all(|known: &Arc<Webhook>| known.id != webhook.id)
                {
                    of_kind.push(webhook.clone());
                }
            }
        }
        Ok(Self(wanting))
    }

    fn of(&self, project: ProjectId, event: &Event) -> &[Arc<Webhook>] {
        self.0.get(&(project, event.event_type)).map_or(&[], Vec::as_slice)
    }

    fn deliveries(&self, events: &[(ProjectId, &Event)], keys: &[i64]) -> Vec<NewDelivery> {
        let of_event = |(&(project, event), &key): (&(ProjectId, &Event), &i64)| {
            self.of(project, event).iter().map(|webhook| new_delivery(webhook, event, key)).collect::<Vec<_>>()
        };
        events.iter().zip(keys).flat_map(of_event).collect()
    }
}

fn new_delivery(webhook: &Webhook, event: &Event, key: i64) -> NewDelivery {
    NewDelivery { webhook: webhook.id, event: key, conversation: event.conversation_id, created_at: event.created_at }
}

/// What became of the deliveries of an event.
#[derive(Default)]
pub struct Emitted {
    /// Claimed by this node, to be handed over to its lane after the commit.
    pub taken: Vec<ClaimedLocally>,
    /// Some wait for whoever claims them: ring the notifier for deliveries after the commit.
    pub waits: bool,
}

/// Who takes deliveries, from when until when.
pub struct Taker<'a> {
    /// Where they go.
    pub local_dispatch: &'a LocalDispatch,
    /// When they are claimed.
    pub now: Timestamp,
    /// Up to when.
    pub lease_until: Timestamp,
}

/// [`emit`] for many events that belong to no conversation, in the last statements of the transaction. As many of their
/// deliveries as the taker has permits for are claimed by it: of webhooks without limits, which only a claim can keep.
pub async fn emit_last(
    tx: &Tx,
    events: Vec<(ProjectId, Event)>,
    keys: &[i64],
    wanting: &Wanting,
    taker: &Taker<'_>,
) -> Result<Vec<Emitted>> {
    let (mut emitted, mut waiting, mut claimed, mut permits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, (project, event)) in events.iter().enumerate() {
        let mut of_event = Emitted::default();
        for webhook in wanting.of(*project, event) {
            let new = new_delivery(webhook, event, keys[at]);
            let permit = if webhook.limits.any() { None } else { taker.local_dispatch.try_acquire(webhook.id) };
            match permit {
                Some(permit) => {
                    claimed.push(new);
                    permits.push((at, webhook.clone(), permit));
                }
                None => {
                    waiting.push(new);
                    of_event.waits = true;
                }
            }
        }
        emitted.push(of_event);
    }
    let stored = async {
        let (waiting, ids) = tokio::join!(
            biased;
            events::deliver(tx, &waiting),
            events::deliver_claimed(tx, &claimed, taker.lease_until)
        );
        waiting?;
        ids
    };
    let ids = tx.last(stored).await?;
    let contents: Vec<Arc<Content>> = events.into_iter().map(|(_, event)| Arc::new(content(event))).collect();
    for ((id, (at, webhook, permit)), new) in ids.into_iter().zip(permits).zip(claimed) {
        emitted[at].taken.push(taken(id, webhook, permit, new, contents[at].clone(), taker.now));
    }
    Ok(emitted)
}

fn content(event: Event) -> Content {
    Content { event_id: event.event_id, body: event.body, body_external: event.body_external }
}

fn taken(
    id: i64,
    webhook: Arc<Webhook>,
    permit: Permit,
    new: NewDelivery,
    content: Arc<Content>,
    claimed_at: Timestamp,
) -> ClaimedLocally {
    let claimed = Claimed {
        id,
        webhook_id: new.webhook,
        event: new.event,
        created_at: new.created_at,
        attempt: 1,
        retries_from: 0,
        in_order: false,
    };
    ClaimedLocally { webhook, claimed, content, claimed_at, permit }
}
