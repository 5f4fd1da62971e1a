//! Gives back the leases of deliveries that this node will not attempt.

use super::LeasedDelivery;
use crate::core::Core;
use crate::store::deliveries::{self, Lease};

/// Gives back leases of deliveries that were not attempted: another node can claim them at once.
pub async fn give_back(core: &Core, leased: Vec<LeasedDelivery>) -> anyhow::Result<()> {
    give_back_leases(core, leased.into_iter().map(|delivery| delivery.lease).collect()).await
}

/// [`give_back`] by their leases.
pub(super) async fn give_back_leases(core: &Core, leases: Vec<Lease>) -> anyhow::Result<()> {
    let now = core.clock.now();
    core.db
        .write(async move |tx| {
            deliveries::give_back(tx, &leases, now).await?;
            Ok(())
        })
        .await
}
