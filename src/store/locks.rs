//! Locks on what may have no row yet.

use crate::db::{Result, Sql, Tx};

/// Keeps others that lock one of these names out until the end of the transaction. A name stands for itself within its owner, a
/// row key.
pub async fn lock_names(tx: &Tx, names: &[(i64, &str)]) -> Result<()> {
    const LOCK: Sql = Sql {
        // There is one writer.
        sqlite: "",
        // In the order of the locks' numbers, so that two batches never wait for each other.
        postgres: "SELECT pg_advisory_xact_lock(number)
                   FROM (
                       SELECT DISTINCT hashtextextended(name, owner) AS number
                       FROM unnest($1::bigint[], $2::text[]) AS names (owner, name)
                       ORDER BY number
                   ) AS numbers",
    };
    let rows: Vec<_> = names.iter().map(|(owner, name)| [(*owner).into(), (*name).into()]).collect();
    tx.query_rows(LOCK, &rows, |_| Ok(())).await.map(|_| ())
}
