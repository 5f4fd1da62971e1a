//! Finds and drops the parts of what PostgreSQL divides by time that nobody needs any longer.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::time::Timestamp;
use crate::store::partitions::{self, Divided, Part};

/// The parts of a table of which no project keeps anything.
#[derive(Clone, Debug)]
pub struct Spent {
    table: Divided,
    /// Oldest first.
    pub parts: Vec<Part>,
    /// What is older is in no part of its own. `None` where the table is not divided.
    pub rest_before: Option<Timestamp>,
}

impl Spent {
    /// The parts that end at `before` or sooner; none where something is kept for ever.
    pub async fn find(core: &Core, table: Divided, before: Option<Timestamp>) -> anyhow::Result<Self> {
        let listed = core.db.read(async move |conn| Ok(partitions::list(conn, table).await?)).await?;
        let rest_before = listed.as_ref().map(|parts| parts.first().map_or(Timestamp::MAX, |part| part.starts));
        let mut parts = listed.unwrap_or_default();
        parts.retain(|part| before.is_some_and(|before| part.ends <= before));
        Ok(Self { table, parts, rest_before })
    }

    /// Rows older than this are removed one by one, of what goes when it is older than `before`: the others go with a part.
    pub fn rows_before(&self, before: Timestamp) -> Timestamp {
        self.rest_before.map_or(before, |rest_before| rest_before.min(before))
    }

    /// Drops one of the parts, unless something in it is needed still; tells how many were dropped.
    pub async fn drop(tx: &Tx, table: Divided, part: &Part) -> anyhow::Result<u64> {
        let is_needed = async || match table {
            Divided::Deliveries => partitions::has_pending(tx, part).await,
            Divided::Events => partitions::has_deliveries(tx, part).await,
            Divided::Clicks | Divided::Attempts => Ok(false),
        };
        if is_needed().await? {
            return Ok(0);
        }
        partitions::lock(tx, table).await?;
        // One might have been resent meanwhile.
        if is_needed().await? {
            return Ok(0);
        }
        partitions::drop(tx, part).await?;
        Ok(1)
    }

    /// Which table it is of.
    pub fn table(&self) -> Divided {
        self.table
    }
}
