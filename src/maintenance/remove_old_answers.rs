//! Removes what calls with an `Idempotency-Key` were answered, a day after.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::time::SignedDuration;
use crate::store::idempotency_keys;

/// How long an answer is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Rows that one transaction removes.
const ROWS_PER_WRITE: u32 = 500;
/// Transactions of one run: the next run goes on.
const WRITES_MAX: usize = 1_000;

/// Removes what is older than [`KEPT`], and returns how many rows.
pub async fn remove_old_answers(core: &Core) -> anyhow::Result<u64> {
    let before = core.clock.now() - KEPT;
    let mut removed = 0;
    for _ in 0..WRITES_MAX {
        let remove = async move |tx: &Tx| Ok(idempotency_keys::remove_old(tx, before, ROWS_PER_WRITE).await?);
        let rows = core.db.write(remove).await?;
        removed += rows;
        if rows < ROWS_PER_WRITE.into() {
            break;
        }
    }
    Ok(removed)
}
