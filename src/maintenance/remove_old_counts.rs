//! Removes counts of attempts that no page shows any more.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::counts::quarter_of;
use crate::domain::time::SignedDuration;
use crate::store::delivery_counts;

/// How long counts are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);
/// Rows that one transaction removes.
const ROWS_PER_WRITE: u32 = 500;
/// Transactions of one run: the next run goes on.
const WRITES_MAX: usize = 1_000;

/// Removes what is older than 35 days, and returns how many rows.
pub async fn remove_old_counts(core: &Core) -> anyhow::Result<u64> {
    let before = quarter_of(core.clock.now() - KEPT);
    let mut removed = 0;
    for _ in 0..WRITES_MAX {
        let remove = async move |tx: &Tx| Ok(delivery_counts::remove_old(tx, before, ROWS_PER_WRITE).await?);
        let rows = core.db.write(remove).await?;
        removed += rows;
        if rows < ROWS_PER_WRITE.into() {
            break;
        }
    }
    Ok(removed)
}
