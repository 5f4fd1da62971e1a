//! Layer 4: deliveries. Emits events with a delivery for each subscribed webhook, claims what is due, attempts, settles and
//! resends. A delivery is a `NewDelivery` when it is stored, a [`LeasedDelivery`] while a node holds it, and a
//! [`DeliveryResult`] after its attempt.

pub mod attempt;
pub mod claim;
pub mod dispatcher;
pub mod emit;
pub mod endpoint;
mod endpoint_limiter;
mod give_back;
mod leased;
pub mod local_dispatch;
pub mod log_filter;
mod permits;
pub mod reschedule;
pub mod resend;
pub mod resend_matching;
pub mod samples;
pub mod sent_body;
pub mod settle;
pub mod test_webhook;

use std::time::Duration;

pub use self::attempt::DeliveryResult;
pub use self::give_back::give_back;
pub use self::leased::LeasedDelivery;
use self::local_dispatch::LocalDispatch;
use self::settle::{SettleDeliveries, Slots};
use crate::core::Core;
use crate::db::BatchWriter;

/// The delivery engine. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    /// The shared parts.
    pub core: Core,
    /// Takes deliveries that this node leases as it stores them.
    pub local_dispatch: LocalDispatch,
    results: BatchWriter<SettleDeliveries>,
}

impl Deliveries {
    /// An engine on the database of `core`, whose results linger for `linger` to share a transaction.
    pub fn new(core: Core, linger: Duration) -> Self {
        let settle = SettleDeliveries {
            clock: core.clock.clone(),
            schedule: core.config.retry_schedule.clone(),
            slots: Slots::of_node(core.row_keys.node(), core.db.has_peers()),
        };
        Self {
            results: BatchWriter::with_linger(core.db.clone(), settle, linger),
            local_dispatch: LocalDispatch::default(),
            core,
        }
    }
}
