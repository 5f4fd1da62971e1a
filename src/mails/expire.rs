//! Gives up mails that nobody sends, and removes old ones.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::time::SignedDuration;
use crate::store::mails;

/// A mail that waits for longer is given up: no node has a mail server, or it is away for good.
const WAITS_MAX: SignedDuration = SignedDuration::from_hours(48);
/// The longest wait between two attempts, with its jitter and a lease: what is due later was put off by a clock that was ahead.
const DUE_MAX: SignedDuration = SignedDuration::from_hours(14);
/// How long a mail is kept after it was written.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Rows that one transaction removes.
const ROWS_PER_WRITE: u32 = 200;
/// Transactions of one run: the next run goes on.
const WRITES_MAX: usize = 1_000;
/// What is said of a mail that was given up without an attempt.
const NOT_SENT: &str = "not sent within two days";

/// Gives up what waits for too long, and removes what was written 30 days ago.
pub async fn remove_old_mails(core: &Core) -> anyhow::Result<u64> {
    let now = core.clock.now();
    let mut removed = 0;
    for _ in 0..WRITES_MAX {
        let remove = async move |tx: &Tx| {
            mails::give_up(tx, now - WAITS_MAX, NOT_SENT, now).await?;
            mails::bring_forward(tx, now + DUE_MAX).await?;
            Ok(mails::remove_old(tx, now - KEPT, ROWS_PER_WRITE).await?)
        };
        let rows = core.db.write(remove).await?;
        removed += rows;
        if rows < ROWS_PER_WRITE.into() {
            break;
        }
    }
    Ok(removed)
}
