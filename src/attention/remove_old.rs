//! Removes items that were closed long ago.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::time::SignedDuration;
use crate::store::attention;

/// How long an item is kept after it was closed.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Rows that one transaction removes.
const ROWS_PER_WRITE: u32 = 200;
/// Transactions of one run: the next run goes on.
const WRITES_MAX: usize = 1_000;

/// Removes what was closed 30 days ago, and returns how many items.
pub async fn remove_old_attention(core: &Core) -> anyhow::Result<u64> {
    let before = core.clock.now() - KEPT;
    let mut removed = 0;
    for _ in 0..WRITES_MAX {
        let remove = async move |tx: &Tx| Ok(attention::remove_old(tx, before, ROWS_PER_WRITE).await?);
        let rows = core.db.write(remove).await?;
        removed += rows;
        if rows < ROWS_PER_WRITE.into() {
            break;
        }
    }
    Ok(removed)
}
