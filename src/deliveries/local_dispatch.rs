//! Sends deliveries that a node has just stored to its own dispatcher, leased from the start: nobody has to look for them, claim
//! them or read what they carry. A permit of the dispatcher is acquired before they are stored.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::permits::{Permit, Permits};
use super::{Deliveries, LeasedDelivery, give_back};
use crate::domain::ids::WebhookId;

/// The way to this node's dispatcher, and the permits that it has free. Cheap to clone.
#[derive(Clone, Default)]
pub struct LocalDispatch {
    permits: Permits,
    /// Leads to the dispatcher, where one runs.
    dispatcher: Arc<Mutex<Option<mpsc::UnboundedSender<LeasedDelivery>>>>,
}

impl LocalDispatch {
    fn dispatcher(&self) -> MutexGuard<'_, Option<mpsc::UnboundedSender<LeasedDelivery>>> {
        // Nothing panics while it is held; a poisoned lock would still guard a usable value.
        self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A dispatcher begins: what it knows counts from now on.
    pub fn open(&self) -> mpsc::UnboundedReceiver<LeasedDelivery> {
        // It holds at most as many as permits were acquired.
        let (dispatcher, local) = mpsc::unbounded_channel();
        self.permits.close();
        *self.dispatcher() = Some(dispatcher);
        local
    }

    /// The dispatcher ends: it takes nothing more.
    pub fn close(&self) {
        self.permits.close();
        *self.dispatcher() = None;
    }

    /// The dispatcher takes so many more of a webhook, and of all together. None of one whose deliveries wait for their turn: what
    /// comes now would pass them.
    pub fn set_free(&self, webhook: WebhookId, free: usize, of_all: usize) {
        self.permits.set_free(webhook, free, of_all);
    }

    /// A permit for a delivery of `webhook`, where one is free.
    pub fn try_acquire(&self, webhook: WebhookId) -> Option<Permit> {
        self.permits.try_acquire(webhook)
    }
}

/// Sends what was stored to the dispatcher, with the current span as its cause. Leases that it does not take any more are given
/// back.
pub async fn dispatch(deliveries: &Deliveries, mut leased: Vec<LeasedDelivery>) {
    leased.iter_mut().for_each(LeasedDelivery::set_cause);
    let dispatcher = deliveries.local_dispatch.dispatcher().clone();
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

    #[test]
    fn permits_end_with_their_dispatcher() {
        let webhook = WebhookId(7);
        let local = LocalDispatch::default();
        for end in [LocalDispatch::close, |local: &LocalDispatch| drop(local.open())] {
            let _dispatcher = local.open();
            local.set_free(webhook, 1, 1);
            assert!(local.try_acquire(webhook).is_some());
            end(&local);
            assert!(local.try_acquire(webhook).is_none());
        }
    }
}
