//! Hands deliveries that a node has just stored to its own lane of deliveries, claimed from the start: nobody has to look for
//! them, claim them or read what they carry. Whether the lane has room for them is known before they are stored.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::flows::claim_deliveries::{self, Due};
use crate::flows::post_event::Endpoint;
use crate::store::deliveries::Claimed;
use crate::store::events::Content;
use crate::store::webhooks::Webhook;

/// Webhooks with free places that are remembered.
const ROOMS_MAX: usize = 10_000;

/// The places that the lane has free. Cheap to clone.
#[derive(Clone, Default)]
pub struct HandOver(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    /// Leads to the lane, where one runs.
    lane: Option<mpsc::UnboundedSender<HandedOver>>,
    /// How many more deliveries the lane takes of all webhooks together.
    free: usize,
    /// Promised of `free`.
    promised: usize,
    of_webhook: HashMap<i64, Room>,
}

/// Places of one webhook.
#[derive(Default)]
struct Room {
    free: usize,
    promised: usize,
}

/// A place that is kept for a delivery until this is dropped.
pub struct Place {
    places: HandOver,
    webhook: i64,
}

/// A delivery that was stored as claimed.
pub struct Taken {
    /// Where it goes.
    pub webhook: Arc<Webhook>,
    /// The delivery.
    pub claimed: Claimed,
    /// What is sent.
    pub content: Arc<Content>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// Its place in the lane.
    pub place: Place,
}

/// A delivery on its way to the lane, and its place there.
pub struct HandedOver {
    /// The delivery.
    pub due: Due,
    /// Free again when the lane has counted it.
    pub place: Place,
}

impl HandOver {
    fn lock(&self) -> MutexGuard<'_, Places> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lane begins: what it knows counts from now on.
    pub fn open(&self) -> mpsc::UnboundedReceiver<HandedOver> {
        // It holds at most as many as places were promised.
        let (lane, handed_over) = mpsc::unbounded_channel();
        let mut places = self.lock();
        places.lane = Some(lane);
        places.free = 0;
        places.of_webhook.values_mut().for_each(|room| room.free = 0);
        handed_over
    }

    /// The lane ends: it takes nothing more.
    pub fn close(&self) {
        let mut places = self.lock();
        places.lane = None;
        places.free = 0;
    }

    /// The lane takes so many more of a webhook, and of all together. None of one whose deliveries wait for their turn: what
    /// comes now would pass them.
    pub fn set_free(&self, webhook: i64, free: usize, of_all: usize) {
        let mut places = self.lock();
        places.free = of_all;
        if free > 0 && (places.of_webhook.len() < ROOMS_MAX || places.of_webhook.contains_key(&webhook)) {
            places.of_webhook.entry(webhook).or_default().free = free;
        } else if let Some(room) = places.of_webhook.get_mut(&webhook) {
            room.free = 0;
            if room.promised == 0 {
                places.of_webhook.remove(&webhook);
            }
        }
    }

    /// A place for a delivery of `webhook`, where one is free.
    pub fn reserve(&self, webhook: i64) -> Option<Place> {
        let mut guard = self.lock();
        let places = &mut *guard;
        let room = places.of_webhook.get_mut(&webhook)?;
        if room.promised >= room.free || places.promised >= places.free {
            return None;
        }
        room.promised += 1;
        places.promised += 1;
        Some(Place { places: self.clone(), webhook })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock();
        places.promised = places.promised.saturating_sub(1);
        if let Some(room) = places.of_webhook.get_mut(&self.webhook) {
            room.promised = room.promised.saturating_sub(1);
            if room.promised == 0 && room.free == 0 {
                places.of_webhook.remove(&self.webhook);
            }
        }
    }
}

/// Hands what was stored over to the lane. What it does not take any more is given back.
pub async fn hand_over(app: &App, taken: Vec<Taken>) {
    let lane = app.hand_over.lock().lane.clone();
    let mut left = Vec::new();
    for Taken { webhook, claimed, content, claimed_at, place } in taken {
        let id = webhook.id;
        match Endpoint::open(app, (*webhook).clone()) {
            Ok(endpoint) => {
                let due = Due::at_once(claimed, content, Arc::new(endpoint), claimed_at);
                let handed_over = HandedOver { due, place };
                match &lane {
                    Some(lane) => left.extend(lane.send(handed_over).err().map(|refused| refused.0.due)),
                    None => left.push(handed_over.due),
                }
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(webhook = id, error, "a delivery cannot be signed; it is tried again");
            }
        }
    }
    if !left.is_empty()
        && let Err(error) = claim_deliveries::give_back(app, left).await
    {
        tracing::warn!(error = %format!("{error:#}"), "claimed deliveries wait until their leases run out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: i64 = 7;

    #[test]
    fn no_more_is_promised_than_is_free() {
        let places = HandOver::default();
        assert!(places.reserve(WEBHOOK).is_none(), "no lane runs");
        let _lane = places.open();
        assert!(places.reserve(WEBHOOK).is_none(), "the lane has said nothing yet");
        places.set_free(WEBHOOK, 2, 10);
        let (first, second) = (places.reserve(WEBHOOK), places.reserve(WEBHOOK));
        assert!(first.is_some() && second.is_some() && places.reserve(WEBHOOK).is_none());
        drop(first);
        assert!(places.reserve(WEBHOOK).is_some());
    }

    #[test]
    fn all_webhooks_share_what_is_free_of_all() {
        let places = HandOver::default();
        let _lane = places.open();
        places.set_free(WEBHOOK, 2, 2);
        places.set_free(WEBHOOK + 1, 2, 2);
        let held = [places.reserve(WEBHOOK), places.reserve(WEBHOOK + 1)];
        assert!(held.iter().all(Option::is_some) && places.reserve(WEBHOOK + 1).is_none());
    }

    #[test]
    fn a_lane_that_ended_gets_nothing() {
        let places = HandOver::default();
        let _lane = places.open();
        places.set_free(WEBHOOK, 2, 2);
        let held = places.reserve(WEBHOOK);
        places.close();
        assert!(held.is_some() && places.reserve(WEBHOOK).is_none());
        drop(held);
        let _next = places.open();
        assert!(places.reserve(WEBHOOK).is_none(), "what the lane before had free is no longer known");
    }

    #[test]
    fn the_webhooks_with_free_places_that_are_remembered_are_bounded() {
        let places = HandOver::default();
        let _lane = places.open();
        let most = i64::try_from(ROOMS_MAX).expect("a small number");
        (0..=most).for_each(|webhook| places.set_free(webhook, 1, usize::MAX));
        assert_eq!(places.lock().of_webhook.len(), ROOMS_MAX);
        assert!(places.reserve(most - 1).is_some() && places.reserve(most).is_none());
    }
}
