//! Partitions by time of tables on PostgreSQL (docs/decisions/0011). On SQLite there are none.

use crate::db::{Conn, Result, Row, Sql, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// A table that is partitioned by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionedTable {
    /// Clicks of sessions that are not linked.
    Clicks,
    /// Events.
    Events,
    /// Deliveries that ended, by the time of their event.
    Deliveries,
    /// Attempts.
    Attempts,
}

impl PartitionedTable {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Clicks, Self::Events, Self::Deliveries, Self::Attempts];

    /// The table that statements name, the table that is the parent of the partitions, and the column that they are bounded by.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Clicks => ("clicks", "clicks_unlinked", "created_at"),
            Self::Events => ("events", "events", "created_at"),
            Self::Deliveries => ("deliveries", "deliveries_ended", "created_at"),
            Self::Attempts => ("attempts", "attempts", "started_at"),
        }
    }
}

impl PartitionedTable {
    /// The table that statements name, and the column that its partitions are bounded by.
    pub fn times(self) -> (&'static str, &'static str) {
        let (table, _, column) = self.names();
        (table, column)
    }
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name as a table.
    pub name: String,
    /// Its first microsecond.
    pub starts: Timestamp,
    /// The first microsecond after it.
    pub ends: Timestamp,
}

/// Creates the missing ones of the partitions with these bounds, `(starts, ends)`; returns how many.
pub async fn create(tx: &Tx, table: PartitionedTable, times: &[(Timestamp, Timestamp)]) -> Result<usize> {
    const LOCK: Sql = Sql {
        sqlite: "",
        // Two nodes that start at the same time create them one after the other.
        postgres: "SELECT 1 FROM pg_advisory_xact_lock(4702111234474983747)",
    };
    const CREATE: Sql = Sql {
        sqlite: "",
        postgres: "SELECT make_partition(parent, time_column, starts, ends)
                   FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS parts (parent, time_column, starts, ends)",
    };
    tx.query(LOCK, &[], |_| Ok(())).await?;
    let (_, parent, column) = table.names();
    let rows: Vec<_> =
        times.iter().map(|&(starts, ends)| [parent.into(), column.into(), starts.into(), ends.into()]).collect();
    let created = tx.query_rows(CREATE, &rows, |row| row.get::<bool>(0)).await?;
    Ok(created.into_iter().filter(|created| *created).count())
}

/// The partitions, oldest first, without the default partition; `None` where no table is partitioned.
pub async fn list(conn: &Conn, table: PartitionedTable) -> Result<Option<Vec<Partition>>> {
    const IS_PARTITIONED: Sql = Sql { sqlite: "SELECT FALSE", postgres: "SELECT TRUE" };
    const LIST: Sql = Sql {
        sqlite: "",
        postgres: "SELECT name, CAST(bounds[1] AS BIGINT) AS starts, CAST(bounds[2] AS BIGINT)
                   FROM (
                       SELECT part.relname::text AS name,
                              regexp_match(pg_get_expr(part.relpartbound, part.oid), 'FROM \\(''(-?\\d+)''\\) TO \\(''(-?\\d+)''\\)') AS bounds
                       FROM pg_inherits JOIN pg_class AS part ON part.oid = pg_inherits.inhrelid
                       WHERE pg_inherits.inhparent = to_regclass($1)
                   ) AS parts
                   WHERE bounds IS NOT NULL
                   ORDER BY starts",
    };
    if !conn.get(IS_PARTITIONED, &[], |row| row.get(0)).await? {
        return Ok(None);
    }
    let partition = |row: &Row<'_>| Ok(Partition { name: row.get(0)?, starts: row.get(1)?, ends: row.get(2)? });
    conn.query(LIST, params![table.names().1], partition).await.map(Some)
}

/// Locks a table exclusively until the end of the transaction, which must be short.
pub async fn lock(tx: &Tx, table: PartitionedTable) -> Result<()> {
    const LOCK: Sql = Sql { sqlite: "", postgres: "SELECT lock_divided($1)" };
    tx.query(LOCK, params![table.names().0], |_| Ok(())).await.map(|_| ())
}

/// Whether a delivery within the bounds of a partition is pending.
pub async fn has_pending(conn: &Conn, partition: &Partition) -> Result<bool> {
    conn.exists(
        "SELECT 1
             FROM webhooks
             WHERE EXISTS (
                 SELECT 1
                 FROM deliveries
                 WHERE deliveries.status = 'pending' AND deliveries.webhook_id = webhooks.id
                   AND deliveries.created_at >= $1 AND deliveries.created_at < $2
             )
             LIMIT 1",
        params![partition.starts, partition.ends],
    )
    .await
}

/// Whether an event of a partition has a delivery: a delivery has the time of its event.
pub async fn has_deliveries(conn: &Conn, partition: &Partition) -> Result<bool> {
    conn.exists(
            "SELECT 1
             FROM webhooks
             WHERE EXISTS (
                 SELECT 1
                 FROM deliveries
                 WHERE deliveries.webhook_id = webhooks.id AND deliveries.created_at >= $1 AND deliveries.created_at < $2
             )
             LIMIT 1",
            params![partition.starts, partition.ends])
        .await
}

/// Drops a partition with all its rows.
pub async fn drop(tx: &Tx, partition: &Partition) -> Result<()> {
    const DROP: Sql = Sql { sqlite: "", postgres: "SELECT drop_partition($1)" };
    tx.query(DROP, params![&partition.name], |_| Ok(())).await.map(|_| ())
}

/// Removes up to `most` attempts that are older than `before` from the default partition.
pub async fn remove_other_attempts(tx: &Tx, before: Timestamp, most: u32) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "",
        postgres: "DELETE FROM attempts_rest
                   WHERE ctid = ANY (ARRAY(SELECT ctid FROM attempts_rest WHERE started_at < $1 LIMIT $2))",
    };
    tx.execute(REMOVE, params![before, most]).await
}
