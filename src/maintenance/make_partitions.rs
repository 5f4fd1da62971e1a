//! Creates the weekly partitions of tables on PostgreSQL, some weeks ahead.

use crate::core::Core;
use crate::domain::time::{Timestamp, from_microseconds};
use crate::store::partitions::{self, PartitionedTable};

/// The length of a partition: a week from Monday to Sunday, in UTC, in microseconds.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;
/// A Monday: 5 January 1970.
const MONDAY: i64 = 4 * 24 * 3_600 * 1_000_000;
/// Partitions after the current one.
const AHEAD: i64 = 4;
/// Partitions before the current one, for rows that are moved in: ten years. What is older goes to the default partition.
const WEEKS_MAX: i64 = 522;

/// Creates missing partitions. A row without one goes to the default partition, and moves when its own is created.
pub async fn make_partitions(core: &Core) -> anyhow::Result<()> {
    let times = times(core.clock.now());
    for table in PartitionedTable::ALL {
        let times = times.clone();
        let created = core.db.write(async move |tx| Ok(partitions::create(tx, table, &times).await?)).await?;
        if created > 0 {
            tracing::debug!(?table, created, "partitions created");
        }
    }
    Ok(())
}

/// The week of `now` and those after it.
fn times(now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    times_since(now, now)
}

/// The weeks from that of `first` to those after that of `now`, at most ten years before it.
pub fn times_since(first: Timestamp, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let week = |time: Timestamp| (time.as_microsecond() - MONDAY).div_euclid(WEEK);
    let start = |week| from_microseconds(MONDAY + week * WEEK);
    let (first, now) = (week(first).clamp(week(now) - WEEKS_MAX, week(now)), week(now));
    (first..=now + AHEAD).map(|week| (start(week), start(week + 1))).collect()
}
