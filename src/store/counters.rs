//! Numbers that only grow, of the whole database.

use crate::db::{Result, Tx};

/// A number for a process that starts: no other one has it.
pub async fn next_node(tx: &Tx) -> Result<i64> {
    tx.get("UPDATE counters SET value = value + 1 WHERE name = 'node' RETURNING value", &[], |row| row.get(0)).await
}
