//! Layer 4: deliveries. Emits events with a delivery for each subscribed webhook, claims what is due, attempts, settles and
//! resends.

pub mod attempt;
pub mod claim;
pub mod emit;
pub mod endpoint;
pub mod local_dispatch;
pub mod resend;
pub mod settle;
pub mod test_webhook;

use std::time::Duration;

use self::local_dispatch::LocalDispatch;
use self::settle::SettleDeliveries;
use crate::core::Core;
use crate::db::BatchWriter;

/// The delivery engine. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    /// The shared parts.
    pub core: Core,
    /// Takes deliveries that this node claims as it stores them.
    pub local_dispatch: LocalDispatch,
    settlements: BatchWriter<SettleDeliveries>,
}

impl Deliveries {
    /// An engine on the database of `core`, whose results linger for `linger` to share a transaction.
    pub fn new(core: Core, linger: Duration) -> Self {
        let settle = SettleDeliveries { clock: core.clock.clone(), schedule: core.config.retry_schedule.clone() };
        Self {
            settlements: BatchWriter::with_linger(core.db.clone(), settle, linger),
            local_dispatch: LocalDispatch::default(),
            core,
        }
    }
}
