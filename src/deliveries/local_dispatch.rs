//! Sends deliveries that a node has just stored to its own dispatcher, leased from the start: nobody has to look for them, claim
//! them or read what they carry. A permit of the dispatcher is acquired before they are stored.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::{Deliveries, LeasedDelivery, give_back};
use crate::domain::ids::WebhookId;

/// Webhooks with free permits that are remembered.
const WEBHOOKS_MAX: usize = 10_000;

/// The permits that the dispatcher has free. Cheap to clone.
#[derive(Clone, Default)]
pub struct LocalDispatch(Arc<Mutex<Permits>>);

#[derive(Default)]
struct Permits {
    /// Leads to the dispatcher, where one runs.
    dispatcher: Option<mpsc::UnboundedSender<LeasedDelivery>>,
    /// How many more deliveries the dispatcher takes of all webhooks together.
    free: usize,
    /// Acquired of `free`.
    acquired: usize,
    of_webhook: HashMap<WebhookId, WebhookPermits>,
}

/// Permits of one webhook.
#[derive(Default)]
struct WebhookPermits {
    free: usize,
    acquired: usize,
}

/// A permit that is kept for a delivery until this is dropped.
pub struct Permit {
    permits: LocalDispatch,
    webhook: WebhookId,
}

impl LocalDispatch {
    fn lock(&self) -> MutexGuard<'_, Permits> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A dispatcher begins: what it knows counts from now on.
    pub fn open(&self) -> mpsc::UnboundedReceiver<LeasedDelivery> {
        // It holds at most as many as permits were acquired.
        let (dispatcher, local) = mpsc::unbounded_channel();
        let mut permits = self.lock();
        permits.dispatcher = Some(dispatcher);
        permits.free = 0;
        permits.of_webhook.values_mut().for_each(|of_one| of_one.free = 0);
        local
    }

    /// The dispatcher ends: it takes nothing more.
    pub fn close(&self) {
        let mut permits = self.lock();
        permits.dispatcher = None;
        permits.free = 0;
    }

    /// The dispatcher takes so many more of a webhook, and of all together. None of one whose deliveries wait for their turn: what
    /// comes now would pass them.
    pub fn set_free(&self, webhook: WebhookId, free: usize, of_all: usize) {
        let mut permits = self.lock();
        permits.free = of_all;
        if free > 0 && (permits.of_webhook.len() < WEBHOOKS_MAX || permits.of_webhook.contains_key(&webhook)) {
            permits.of_webhook.entry(webhook).or_default().free = free;
        } else if let Some(of_one) = permits.of_webhook.get_mut(&webhook) {
            of_one.free = 0;
            if of_one.acquired == 0 {
                permits.of_webhook.remove(&webhook);
            }
        }
    }

    /// A permit for a delivery of `webhook`, where one is free.
    pub fn try_acquire(&self, webhook: WebhookId) -> Option<Permit> {
        let mut guard = self.lock();
        let permits = &mut *guard;
        let of_one = permits.of_webhook.get_mut(&webhook)?;
        if of_one.acquired >= of_one.free || permits.acquired >= permits.free {
            return None;
        }
        of_one.acquired += 1;
        permits.acquired += 1;
        Some(Permit { permits: self.clone(), webhook })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut permits = self.permits.lock();
        permits.acquired = permits.acquired.saturating_sub(1);
        if let Some(of_one) = permits.of_webhook.get_mut(&self.webhook) {
            of_one.acquired = of_one.acquired.saturating_sub(1);
            if of_one.acquired == 0 && of_one.free == 0 {
                permits.of_webhook.remove(&self.webhook);
            }
        }
    }
}

/// Sends what was stored to the dispatcher, with the current span as its cause. Leases that it does not take any more are given
/// back.
pub async fn dispatch(deliveries: &Deliveries, mut leased: Vec<LeasedDelivery>) {
    leased.iter_mut().for_each(LeasedDelivery::set_cause);
    let dispatcher = deliveries.local_dispatch.lock().dispatcher.clone();
    let refused = match dispatcher {
        Some(dispatcher) => {
            leased.into_iter().filter_map(|one| dispatcher.send(one).err().map(|error| error.0)).collect()
        }
        None => leased,
    };
    if !refused.is_empty()
        && let Err(error) = give_back(&deliveries.core, refused).await
    {
        tracing::warn!(error = %format!("{error:#}"), "leases cannot be given back; they expire");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: WebhookId = WebhookId(7);
    const OTHER_WEBHOOK: WebhookId = WebhookId(8);

    #[test]
    fn no_more_permits_are_acquired_than_are_free() {
        let permits = LocalDispatch::default();
        assert!(permits.try_acquire(WEBHOOK).is_none(), "no dispatcher runs");
        let _dispatcher = permits.open();
        assert!(permits.try_acquire(WEBHOOK).is_none(), "the dispatcher has said nothing yet");
        permits.set_free(WEBHOOK, 2, 10);
        let (first, second) = (permits.try_acquire(WEBHOOK), permits.try_acquire(WEBHOOK));
        assert!(first.is_some() && second.is_some() && permits.try_acquire(WEBHOOK).is_none());
        drop(first);
        assert!(permits.try_acquire(WEBHOOK).is_some());
    }

    #[test]
    fn all_webhooks_share_the_free_permits() {
        let permits = LocalDispatch::default();
        let _dispatcher = permits.open();
        permits.set_free(WEBHOOK, 2, 2);
        permits.set_free(OTHER_WEBHOOK, 2, 2);
        let held = [permits.try_acquire(WEBHOOK), permits.try_acquire(OTHER_WEBHOOK)];
        assert!(held.iter().all(Option::is_some) && permits.try_acquire(OTHER_WEBHOOK).is_none());
    }

    #[test]
    fn a_dispatcher_that_ended_gets_nothing() {
        let permits = LocalDispatch::default();
        let _dispatcher = permits.open();
        permits.set_free(WEBHOOK, 2, 2);
        let held = permits.try_acquire(WEBHOOK);
        permits.close();
        assert!(held.is_some() && permits.try_acquire(WEBHOOK).is_none());
        drop(held);
        let _next = permits.open();
        assert!(permits.try_acquire(WEBHOOK).is_none(), "what the dispatcher before had free is no longer known");
    }

    #[test]
    fn the_webhooks_with_free_permits_that_are_remembered_are_bounded() {
        let permits = LocalDispatch::default();
        let _dispatcher = permits.open();
        let most = i64::try_from(WEBHOOKS_MAX).expect("a small number");
        (0..=most).for_each(|webhook| permits.set_free(WebhookId(webhook), 1, usize::MAX));
        assert_eq!(permits.lock().of_webhook.len(), WEBHOOKS_MAX);
        assert!(permits.try_acquire(WebhookId(most - 1)).is_some() && permits.try_acquire(WebhookId(most)).is_none());
    }
}
