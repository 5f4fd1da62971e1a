//! Stores an event together with a delivery for every webhook that subscribes to it, in the transaction of what caused it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::LeasedDelivery;
use super::endpoint::Endpoint;
use super::local_dispatch::LocalDispatch;
use super::permits::Permit;
use crate::core::Core;
use crate::db::{Result, Tx, pipelined};
use crate::domain::event::{Event, EventType};
use crate::domain::ids::{DeliveryId, EventId, ProjectId, RowKeys, WebhookId};
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, Lease, NewDelivery};
use crate::store::events::{self, Content};
use crate::store::webhooks::{self, Webhook};

/// Below every row key of a delivery.
const NO_DELIVERY: DeliveryId = DeliveryId(0);

/// A new event's id: `evt_` and a UUID that sorts by time, without hyphens.
pub fn event_id(random: &Random, now: Timestamp) -> String {
    format!("evt_{}", random.uuid_at(now).simple())
}

/// Stores the event and its deliveries. Notify of deliveries after the commit.
pub async fn emit(tx: &Tx, row_keys: &RowKeys, project: ProjectId, event: &Event) -> Result<()> {
    emit_all(tx, row_keys, &[(project, event)]).await
}

/// [`emit`] for many at once.
pub async fn emit_all(tx: &Tx, row_keys: &RowKeys, events: &[(ProjectId, &Event)]) -> Result<()> {
    emit_but_to(tx, row_keys, events, None).await
}

/// [`emit_all`], but not to that webhook: what is wrong with one is not told to it.
pub async fn emit_but_to(
    tx: &Tx,
    row_keys: &RowKeys,
    events: &[(ProjectId, &Event)],
    but_to: Option<WebhookId>,
) -> Result<()> {
    let events: Vec<_> = with_row_keys(row_keys, events.iter().copied()).collect();
    let kinds = events.iter().map(|(project, _, event)| (*project, event.event_type));
    let (subscriptions, _) = pipelined(Subscriptions::find(tx, kinds), events::insert(tx, &events)).await?;
    let newest = subscriptions.newest_in_order(tx, &events).await?;
    let new = |(project, id, event): &(ProjectId, EventId, &Event)| {
        let webhooks = subscriptions.of(*project, event.event_type).iter().filter(|webhook| Some(webhook.id) != but_to);
        webhooks.map(|webhook| new_delivery(row_keys, newest, webhook, (*id, event))).collect::<Vec<_>>()
    };
    deliveries::insert(tx, &events.iter().flat_map(new).collect::<Vec<_>>()).await?;
    Ok(())
}

fn with_row_keys<'a>(
    row_keys: &RowKeys,
    events: impl Iterator<Item = (ProjectId, &'a Event)>,
) -> impl Iterator<Item = (ProjectId, EventId, &'a Event)> {
    events.map(|(project, event)| (project, row_keys.next(event.created_at), event))
}

/// Which webhooks subscribe to which events.
#[derive(Default)]
pub struct Subscriptions(HashMap<(ProjectId, EventType), Vec<Arc<Webhook>>>);

impl Subscriptions {
    /// Reads those of some projects, each for a type of event.
    pub async fn find(tx: &Tx, kinds: impl IntoIterator<Item = (ProjectId, EventType)>) -> Result<Self> {
        let kinds: HashSet<_> = kinds.into_iter().collect();
        let wanted: Vec<_> = kinds.iter().map(|(project, kind)| (*project, kind.as_str())).collect();
        let mut subscriptions: HashMap<_, Vec<_>> = HashMap::new();
        for webhook in webhooks::subscribed(tx, &wanted).await?.into_iter().map(Arc::new) {
            for kind in kinds.iter().filter(|(project, _)| *project == webhook.project) {
                let of_kind = subscriptions.entry(*kind).or_default();
                // One that subscribes to two of these types was read for each of them.
                if webhook.events.iter().any(|listed| listed == kind.1.as_str())
                    && of_kind.iter().all(|known: &Arc<Webhook>| known.id != webhook.id)
                {
                    of_kind.push(webhook.clone());
                }
            }
        }
        Ok(Self(subscriptions))
    }

    fn of(&self, project: ProjectId, event_type: EventType) -> &[Arc<Webhook>] {
        self.0.get(&(project, event_type)).map_or(&[], Vec::as_slice)
    }

    /// The newest delivery that those of `events` come after. Of a conversation they are made in the order of their row keys, so
    /// a new one has to be above it, also where a node whose clock is ahead of ours stored it.
    async fn newest_in_order(&self, tx: &Tx, events: &[(ProjectId, EventId, &Event)]) -> Result<DeliveryId> {
        let in_order = events.iter().flat_map(|(project, _, event)| {
            let webhooks = self.of(*project, event.event_type).iter();
            webhooks.filter_map(|webhook| Some((webhook.id, event.conversation_id?)))
        });
        let in_order: HashSet<_> = in_order.collect();
        let newest = deliveries::newest_untried(tx, &in_order.into_iter().collect::<Vec<_>>()).await?;
        Ok(newest.into_iter().max().unwrap_or(NO_DELIVERY))
    }
}

fn new_delivery(
    row_keys: &RowKeys,
    above: DeliveryId,
    webhook: &Webhook,
    (event, of): (EventId, &Event),
) -> NewDelivery {
    NewDelivery {
        id: row_keys.next_above(of.created_at, above),
        webhook: webhook.id,
        event,
        conversation: of.conversation_id,
        created_at: of.created_at,
        lease_until: None,
    }
}

/// The deliveries of an event that was stored by [`NewEvents::store`].
#[derive(Default)]
pub struct Emitted {
    /// Leased by this node, to be dispatched after the commit.
    pub leased: Vec<LeasedDelivery>,
    /// Whether others are due: notify of deliveries after the commit.
    pub has_due: bool,
}

/// Events that belong to no conversation, with their deliveries: as many as [`LocalDispatch`] has permits for are leased by this
/// node as they are stored.
pub struct NewEvents {
    events: Vec<(ProjectId, EventId, Event)>,
    deliveries: Vec<NewDelivery>,
    /// Of each leased delivery: its number in `deliveries`, that of its event, and where it goes.
    leased: Vec<(usize, usize, Arc<Endpoint>, Permit)>,
}

impl NewEvents {
    /// Makes deliveries of `events` for those who subscribe. Of a webhook with
    /// limits none is leased, since only a claim can keep those, and none of a paused one.
    pub fn new(
        core: &Core,
        local_dispatch: &LocalDispatch,
        events: Vec<(ProjectId, Event)>,
        subscriptions: &Subscriptions,
    ) -> Self {
        let lease_until = core.clock.now() + core.config.lease;
        let mut endpoints: HashMap<_, Option<Arc<Endpoint>>> = HashMap::new();
        let (mut deliveries, mut leased) = (Vec::new(), Vec::new());
        let key = |(project, event): (ProjectId, Event)| (project, core.row_keys.next(event.created_at), event);
        let events: Vec<(_, EventId, _)> = events.into_iter().map(key).collect();
        for (at, (project, id, event)) in events.iter().enumerate() {
            for webhook in subscriptions.of(*project, event.event_type) {
                let mut new = new_delivery(&core.row_keys, NO_DELIVERY, webhook, (*id, event));
                let waits = webhook.limits.any() || webhook.paused_at.is_some();
                let permit = if waits { None } else { local_dispatch.try_acquire(webhook.id) };
                let open = || Endpoint::open(core, Webhook::clone(webhook)).ok().map(Arc::new);
                if let Some(permit) = permit
                    && let Some(endpoint) = endpoints.entry(webhook.id).or_insert_with(open)
                {
                    new.lease_until = Some(lease_until);
                    leased.push((deliveries.len(), at, endpoint.clone(), permit));
                }
                deliveries.push(new);
            }
        }
        Self { events, deliveries, leased }
    }

    /// The events to store.
    pub fn events(&self) -> Vec<(ProjectId, EventId, &Event)> {
        self.events.iter().map(|(project, id, event)| (*project, *id, event)).collect()
    }

    /// Stores the deliveries, in the last statement of the transaction. Gives what is leased and what is due of each event.
    pub async fn store(self, tx: &Tx, now: Timestamp) -> Result<Vec<Emitted>> {
        tx.last(deliveries::insert(tx, &self.deliveries)).await?;
        let due: HashSet<EventId> =
            self.deliveries.iter().filter(|new| new.lease_until.is_none()).map(|new| new.event).collect();
        let has_due = |id: &EventId| Emitted { leased: Vec::new(), has_due: due.contains(id) };
        let mut emitted: Vec<_> = self.events.iter().map(|(_, id, _)| has_due(id)).collect();
        let contents: Vec<_> = self.events.into_iter().map(|(_, _, event)| Arc::new(Content::from(event))).collect();
        for (number, at, endpoint, permit) in self.leased {
            let lease = first_lease(&self.deliveries[number]);
            let delivery = LeasedDelivery::local(lease, contents[at].clone(), endpoint, now, permit);
            emitted[at].leased.push(delivery);
        }
        Ok(emitted)
    }
}

fn first_lease(new: &NewDelivery) -> Lease {
    Lease {
        id: new.id,
        webhook_id: new.webhook,
        event: new.event,
        created_at: new.created_at,
        attempt: 1,
        retries_from: 0,
        in_order: false,
    }
}
