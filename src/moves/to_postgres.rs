//! From SQLite to PostgreSQL: rows and numbers as they are, compared one by one. The words by which leads are found
//! have another form there, and are made anew.

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::core::Core;
use crate::db::{Db, Found, Location, Moved, Step, Transfer};
use crate::domain::time::{Timestamp, from_microseconds};
use crate::maintenance::make_partitions::times_since;
use crate::store::lead_search::INDEX_ALL_AGAIN;
use crate::store::partitions::{self, PartitionedTable};
use crate::store::{counters, secret_key};

/// Tables that are not moved, and why.
pub const APART: &[(&str, &str)] = &[
    ("migrations", "each database has its own"),
    ("lead_search", "it is made anew: INDEX_ALL_AGAIN"),
    ("backup", "it says who made a copy, and is in copies alone"),
];
/// Tables that have rows as soon as they are made.
const FILLED_BY_MIGRATIONS: &[&str] = &["counters"];
/// Partitions that one transaction creates: each is locked until its end.
const PARTITIONS_AT_ONCE: usize = 50;

/// Copies all rows of `core`'s SQLite database into the PostgreSQL database `to`, and compares them; goes on where an earlier call was
/// cut off, or begins anew. No other process may work on either. Closes `core`'s database.
pub async fn move_to_postgres(
    core: &Core,
    to: &str,
    starts_over: bool,
    told: impl Fn(Step<'_>),
) -> anyhow::Result<Vec<Moved>> {
    let Location::Sqlite(file) = &core.config.database else {
        bail!("the database is PostgreSQL already: AURIX_DATABASE names the SQLite database that is moved");
    };
    let origin = origin(core).await?;
    core.db.close().await;
    let apart: Vec<_> = APART.iter().map(|(table, _)| *table).collect();
    let mut transfer = Transfer::open(file, to).await?;
    let mut found = transfer.found().await?;
    if starts_over && matches!(found, Found::Unfinished(_)) {
        transfer.forget(&apart).await?;
        found = transfer.found().await?;
    }
    match found {
        Found::Unfinished(known) => ensure!(
            known == origin,
            "the target has an unfinished move of another database, or of this one before a server worked on it again: \
             --start-over removes what was copied, and begins anew"
        ),
        Found::Filled(tables) => {
            let foreign: Vec<_> = tables
                .into_iter()
                .filter(|table| table != "migrations" && !FILLED_BY_MIGRATIONS.contains(&table.as_str()))
                .collect();
            ensure!(
                foreign.is_empty(),
                "the target has data that is not of this move, in {}: name an empty database",
                foreign.join(", ")
            );
            make_tables(&transfer, to, core.clock.now()).await?;
            transfer.begin(&origin, FILLED_BY_MIGRATIONS).await?;
        }
    }
    let moved = transfer.run(&apart, told).await?;
    transfer.end(&[INDEX_ALL_AGAIN]).await?;
    Ok(moved)
}

/// What tells a database from others, and from itself before a server worked on it again.
async fn origin(core: &Core) -> anyhow::Result<String> {
    let (canary, nodes) =
        core.db.read(async |conn| Ok((secret_key::canary(conn).await?, counters::nodes(conn).await?))).await?;
    let canary = canary.context("the database has no canary")?;
    Ok(format!("{}/{nodes}", hex::encode(Sha256::digest(canary.as_bytes()))))
}

/// Makes the tables of the target, and their partitions since the oldest row.
async fn make_tables(transfer: &Transfer, to: &str, now: Timestamp) -> anyhow::Result<()> {
    let db = Db::open(&Location::Postgres(to.to_owned())).await.context("making the tables of the target")?;
    for table in PartitionedTable::ALL {
        let (name, column) = table.times();
        let first = transfer.least(name, column)?.map_or(now, from_microseconds);
        for times in times_since(first.min(now), now).chunks(PARTITIONS_AT_ONCE) {
            let times = times.to_vec();
            db.write(async move |tx| Ok(partitions::create(tx, table, &times).await?)).await?;
        }
    }
    Ok(())
}
