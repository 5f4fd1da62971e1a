//! Finds and drops partitions on PostgreSQL whose rows are past the retention of every project.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::time::Timestamp;
use crate::store::partitions::{self, Partition, PartitionedTable};

/// The partitions of a table whose rows are past the retention of every project.
#[derive(Clone, Debug)]
pub struct ExpiredPartitions {
    table: PartitionedTable,
    /// Oldest first.
    pub partitions: Vec<Partition>,
    /// Older rows are in the default partition. `None` where the table is not partitioned.
    pub default_before: Option<Timestamp>,
}

impl ExpiredPartitions {
    /// The partitions that end at `before` or sooner; none where a project keeps its rows for ever.
    pub async fn find(core: &Core, table: PartitionedTable, before: Option<Timestamp>) -> anyhow::Result<Self> {
        let listed = core.db.read(async move |conn| Ok(partitions::list(conn, table).await?)).await?;
        let default_before = listed.as_ref().map(|all| all.first().map_or(Timestamp::MAX, |first| first.starts));
        let mut partitions = listed.unwrap_or_default();
        partitions.retain(|partition| before.is_some_and(|before| partition.ends <= before));
        Ok(Self { table, partitions, default_before })
    }

    /// Of the rows older than `before`, those older than this are removed one by one. The others are dropped with a partition.
    pub fn rows_before(&self, before: Timestamp) -> Timestamp {
        self.default_before.map_or(before, |default_before| default_before.min(before))
    }

    /// Drops one of the partitions, unless a row in it is still needed; returns how many were dropped.
    pub async fn drop(tx: &Tx, table: PartitionedTable, partition: &Partition) -> anyhow::Result<u64> {
        let is_needed = async || match table {
            PartitionedTable::Deliveries => partitions::has_pending(tx, partition).await,
            PartitionedTable::Events => partitions::has_deliveries(tx, partition).await,
            PartitionedTable::Clicks | PartitionedTable::Attempts => Ok(false),
        };
        if is_needed().await? {
            return Ok(0);
        }
        partitions::lock(tx, table).await?;
        // A delivery may have been resent meanwhile.
        if is_needed().await? {
            return Ok(0);
        }
        partitions::drop(tx, partition).await?;
        Ok(1)
    }

    /// The table of the partitions.
    pub fn table(&self) -> PartitionedTable {
        self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::from_microseconds;

    #[test]
    fn rows_of_the_default_partition_go_one_by_one() {
        let rows_before = |default_before: Option<i64>, before: i64| {
            let default_before = default_before.map(from_microseconds);
            let expired = ExpiredPartitions { table: PartitionedTable::Clicks, partitions: Vec::new(), default_before };
            expired.rows_before(from_microseconds(before)).as_microsecond()
        };
        assert_eq!(rows_before(None, 5), 5, "the table is not partitioned");
        assert_eq!(rows_before(Some(3), 5), 3);
        assert_eq!(rows_before(Some(9), 5), 5);
    }
}
