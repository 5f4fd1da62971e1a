//! Makes the parts of what PostgreSQL divides by time, some weeks ahead.

use crate::core::Core;
use crate::domain::time::{Timestamp, from_microseconds};
use crate::store::partitions::{self, Divided};

/// The time of one part: a week from Monday to Sunday, in UTC, in microseconds.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;
/// A Monday: 5 January 1970.
const MONDAY: i64 = 4 * 24 * 3_600 * 1_000_000;
/// Parts that are there beside the one of now.
const AHEAD: i64 = 4;

/// Makes what is missing. Without it rows go to the part for all other times, and move when theirs is made.
pub async fn make_partitions(core: &Core) -> anyhow::Result<()> {
    let times = times(core.clock.now());
    for table in Divided::ALL {
        let times = times.clone();
        let made = core.db.write(async move |tx| Ok(partitions::make(tx, table, &times).await?)).await?;
        if made > 0 {
            tracing::debug!(?table, made, "parts for the next weeks");
        }
    }
    Ok(())
}

/// The week of `now` and those after it.
fn times(now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let week = (now.as_microsecond() - MONDAY).div_euclid(WEEK);
    let start = |week| from_microseconds(MONDAY + week * WEEK);
    (week..=week + AHEAD).map(|week| (start(week), start(week + 1))).collect()
}
