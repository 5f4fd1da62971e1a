//! Permits for deliveries that this node leases as it stores them: how many more the dispatcher takes, of each webhook and of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::ids::WebhookId;

/// Webhooks with free permits that are remembered.
const WEBHOOKS_MAX: usize = 10_000;

/// The permits that the dispatcher has free. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Permits(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    /// Of all webhooks together.
    all: Count,
    of_webhook: HashMap<WebhookId, Count>,
}

#[derive(Default)]
struct Count {
    free: usize,
    /// Acquired of `free`.
    acquired: usize,
}

/// A permit that is kept for a delivery until this is dropped.
pub struct Permit {
    permits: Permits,
    webhook: WebhookId,
}

impl Permits {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None is free any more; those that were acquired are still kept.
    pub(super) fn close(&self) {
        let mut counts = self.lock();
        counts.all.free = 0;
        counts.of_webhook.retain(|_, of_one| {
            of_one.free = 0;
            of_one.acquired > 0
        });
    }

    /// So many are free of a webhook, and of all together.
    pub(super) fn set_free(&self, webhook: WebhookId, free: usize, of_all: usize) {
        let mut counts = self.lock();
        counts.all.free = of_all;
        if free > 0 && (counts.of_webhook.len() < WEBHOOKS_MAX || counts.of_webhook.contains_key(&webhook)) {
            counts.of_webhook.entry(webhook).or_default().free = free;
        } else if let Some(of_one) = counts.of_webhook.get_mut(&webhook) {
            of_one.free = 0;
            if of_one.acquired == 0 {
                counts.of_webhook.remove(&webhook);
            }
        }
    }

    /// A permit for a delivery of `webhook`, where one is free.
    pub(super) fn try_acquire(&self, webhook: WebhookId) -> Option<Permit> {
        let mut guard = self.lock();
        let counts = &mut *guard;
        let of_one = counts.of_webhook.get_mut(&webhook)?;
        if of_one.acquired >= of_one.free || counts.all.acquired >= counts.all.free {
            return None;
        }
        of_one.acquired += 1;
        counts.all.acquired += 1;
        Some(Permit { permits: self.clone(), webhook })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.permits.lock();
        counts.all.acquired = counts.all.acquired.saturating_sub(1);
        if let Some(of_one) = counts.of_webhook.get_mut(&self.webhook) {
            of_one.acquired = of_one.acquired.saturating_sub(1);
            if of_one.acquired == 0 && of_one.free == 0 {
                counts.of_webhook.remove(&self.webhook);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: WebhookId = WebhookId(7);
    const OTHER_WEBHOOK: WebhookId = WebhookId(8);

    #[test]
    fn no_more_permits_are_acquired_than_are_free() {
        let permits = Permits::default();
        assert!(permits.try_acquire(WEBHOOK).is_none(), "the dispatcher has said nothing yet");
        permits.set_free(WEBHOOK, 2, 10);
        let (first, second) = (permits.try_acquire(WEBHOOK), permits.try_acquire(WEBHOOK));
        assert!(first.is_some() && second.is_some() && permits.try_acquire(WEBHOOK).is_none());
        drop(first);
        assert!(permits.try_acquire(WEBHOOK).is_some());
    }

    #[test]
    fn all_webhooks_share_the_free_permits() {
        let permits = Permits::default();
        permits.set_free(WEBHOOK, 2, 2);
        permits.set_free(OTHER_WEBHOOK, 2, 2);
        let held = [permits.try_acquire(WEBHOOK), permits.try_acquire(OTHER_WEBHOOK)];
        assert!(held.iter().all(Option::is_some) && permits.try_acquire(OTHER_WEBHOOK).is_none());
    }

    #[test]
    fn a_dispatcher_that_ended_leaves_no_free_permits() {
        let permits = Permits::default();
        permits.set_free(WEBHOOK, 2, 2);
        let held = permits.try_acquire(WEBHOOK);
        permits.close();
        assert!(held.is_some() && permits.try_acquire(WEBHOOK).is_none());
        permits.set_free(OTHER_WEBHOOK, 1, 2);
        assert!(permits.try_acquire(WEBHOOK).is_none(), "what the dispatcher before had free is no longer known");
        drop(held);
        assert_eq!(permits.lock().of_webhook.len(), 1);
    }

    #[test]
    fn the_webhooks_with_free_permits_that_are_remembered_are_bounded() {
        let permits = Permits::default();
        let most = i64::try_from(WEBHOOKS_MAX).expect("a small number");
        (0..=most).for_each(|webhook| permits.set_free(WebhookId(webhook), 1, usize::MAX));
        assert_eq!(permits.lock().of_webhook.len(), WEBHOOKS_MAX);
        assert!(permits.try_acquire(WebhookId(most - 1)).is_some() && permits.try_acquire(WebhookId(most)).is_none());
    }
}
