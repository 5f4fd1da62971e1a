//! Numbers of the whole database: how many processes opened it, and when it was last checked.

use crate::db::{Conn, Result, Sql, Tx};
use crate::domain::time::Timestamp;
use crate::params;

/// A number for a process that starts: no other one has it.
pub async fn next_node(tx: &Tx) -> Result<i64> {
    tx.get("UPDATE counters SET value = value + 1 WHERE name = 'node' RETURNING value", &[], |row| row.get(0)).await
}

/// How many processes have numbered themselves by [`next_node`].
pub async fn nodes(conn: &Conn) -> Result<i64> {
    conn.get("SELECT value FROM counters WHERE name = 'node'", &[], |row| row.get(0)).await
}

/// Notes when it was last tried whether a write is possible: a commit like any other.
pub async fn record_check(tx: &Tx, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO counters (name, value)
         VALUES ('checked_at', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![now],
    )
    .await
    .map(|_| ())
}

/// What the clock of the database's server shows; `None` where it is this machine's.
pub async fn database_time(conn: &Conn) -> Result<Option<Timestamp>> {
    const TIME: Sql = Sql {
        sqlite: "SELECT NULL",
        postgres: "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    };
    conn.get(TIME, &[], |row| row.get(0)).await
}
