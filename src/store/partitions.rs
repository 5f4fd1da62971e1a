//! The parts of tables that PostgreSQL divides by time (docs/decisions/0011). On SQLite there are none.

use crate::db::{Conn, Result, Row, Sql, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// What is divided by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divided {
    /// Clicks of sessions that are not linked.
    Clicks,
    /// Events.
    Events,
    /// Deliveries that ended, by the time of their event.
    Deliveries,
    /// Attempts.
    Attempts,
}

impl Divided {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Clicks, Self::Events, Self::Deliveries, Self::Attempts];

    /// The table that statements name, the table that its parts are of, and the column that says to which one a row belongs.
    fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Clicks => ("clicks", "clicks_unlinked", "created_at"),
            Self::Events => ("events", "events", "created_at"),
            Self::Deliveries => ("deliveries", "deliveries_ended", "created_at"),
            Self::Attempts => ("attempts", "attempts", "started_at"),
        }
    }
}

/// A part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name as a table.
    pub name: String,
    /// Its first microsecond.
    pub starts: Timestamp,
    /// The first microsecond after it.
    pub ends: Timestamp,
}

/// Makes the parts with these times, `(starts, ends)`, that are not there yet; tells how many.
pub async fn make(tx: &Tx, table: Divided, times: &[(Timestamp, Timestamp)]) -> Result<usize> {
    const LOCK: Sql = Sql {
        sqlite: "",
        // Two nodes that start at the same time make them one after the other.
        postgres: "SELECT 1 FROM pg_advisory_xact_lock(4702111234474983747)",
    };
    const MAKE: Sql = Sql {
        sqlite: "",
        postgres: "SELECT make_partition(parent, time_column, starts, ends)
                   FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS parts (parent, time_column, starts, ends)",
    };
    tx.query(LOCK, &[], |_| Ok(())).await?;
    let (_, parent, column) = table.names();
    let rows: Vec<_> =
        times.iter().map(|&(starts, ends)| [parent.into(), column.into(), starts.into(), ends.into()]).collect();
    let made = tx.query_rows(MAKE, &rows, |row| row.get::<bool>(0)).await?;
    Ok(made.into_iter().filter(|made| *made).count())
}

/// The parts, oldest first, without the one for all other times; `None` where no table is divided.
pub async fn list(conn: &Conn, table: Divided) -> Result<Option<Vec<Part>>> {
    const IS_DIVIDED: Sql = Sql { sqlite: "SELECT FALSE", postgres: "SELECT TRUE" };
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
    if !conn.get(IS_DIVIDED, &[], |row| row.get(0)).await? {
        return Ok(None);
    }
    let part = |row: &Row<'_>| Ok(Part { name: row.get(0)?, starts: row.get(1)?, ends: row.get(2)? });
    conn.query(LIST, params![table.names().1], part).await.map(Some)
}

/// Keeps everybody else out of a table until the end of the transaction, which is to be short.
pub async fn lock(tx: &Tx, table: Divided) -> Result<()> {
    const LOCK: Sql = Sql { sqlite: "", postgres: "SELECT lock_divided($1)" };
    tx.query(LOCK, params![table.names().0], |_| Ok(())).await.map(|_| ())
}

/// Whether a delivery of the time of a part is due.
pub async fn has_pending(conn: &Conn, part: &Part) -> Result<bool> {
    let found = conn
        .find(
            "SELECT 1
             FROM webhooks
             WHERE EXISTS (
                 SELECT 1
                 FROM deliveries
                 WHERE deliveries.status = 'pending' AND deliveries.webhook_id = webhooks.id
                   AND deliveries.created_at >= $1 AND deliveries.created_at < $2
             )
             LIMIT 1",
            params![part.starts, part.ends],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Whether an event of a part has a delivery: these have its time.
pub async fn has_deliveries(conn: &Conn, part: &Part) -> Result<bool> {
    let found = conn
        .find(
            "SELECT 1
             FROM webhooks
             WHERE EXISTS (
                 SELECT 1
                 FROM deliveries
                 WHERE deliveries.webhook_id = webhooks.id AND deliveries.created_at >= $1 AND deliveries.created_at < $2
             )
             LIMIT 1",
            params![part.starts, part.ends],
            |_| Ok(()),
        )
        .await?;
    Ok(found.is_some())
}

/// Drops a part with all its rows.
pub async fn drop(tx: &Tx, part: &Part) -> Result<()> {
    const DROP: Sql = Sql { sqlite: "", postgres: "SELECT drop_partition($1)" };
    tx.query(DROP, params![&part.name], |_| Ok(())).await.map(|_| ())
}

/// Removes up to `most` attempts that are older than `before` and in no part of their own.
pub async fn remove_other_attempts(tx: &Tx, before: Timestamp, most: u32) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "",
        postgres: "DELETE FROM attempts_rest
                   WHERE ctid = ANY (ARRAY(SELECT ctid FROM attempts_rest WHERE started_at < $1 LIMIT $2))",
    };
    tx.execute(REMOVE, params![before, most]).await
}
