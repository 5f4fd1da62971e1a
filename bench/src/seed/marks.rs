//! How far a seed is, in the table of counters: written in the transaction of what was made, so that a seed that was killed goes
//! on where it was.

use anyhow::ensure;

use super::Asked;
use aurix::db::{Conn, Tx};
use aurix::params;

/// A number that a seed remembers.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    /// The time of the seed, in microseconds since 1970.
    Now,
    /// The clicks that were asked for.
    Clicks,
    /// The leads.
    Leads,
    /// The deliveries.
    Deliveries,
    /// The block in which the first delivery is.
    WindowBlock,
    /// Deliveries that are left out at the beginning of that block.
    WindowSkipped,
    /// The row key of the first conversation and lead.
    FirstLead,
    /// Blocks that were made.
    Blocks,
    /// Steps of the project's history that were made.
    Steps,
    /// Whether counting was begun.
    Counted,
}

impl Mark {
    fn name(self) -> &'static str {
        match self {
            Self::Now => "seed_now",
            Self::Clicks => "seed_clicks",
            Self::Leads => "seed_leads",
            Self::Deliveries => "seed_deliveries",
            Self::WindowBlock => "seed_window_block",
            Self::WindowSkipped => "seed_window_skipped",
            Self::FirstLead => "seed_first_lead",
            Self::Blocks => "seed_blocks",
            Self::Steps => "seed_steps",
            Self::Counted => "seed_counted",
        }
    }

    /// What it remembers.
    pub async fn find(self, conn: &Conn) -> anyhow::Result<Option<i64>> {
        let value = "SELECT value FROM counters WHERE name = $1";
        Ok(conn.find(value, params![self.name()], |row| row.get(0)).await?)
    }

    /// What it remembers: 0 where that is nothing yet.
    pub async fn get(self, conn: &Conn) -> anyhow::Result<i64> {
        Ok(self.find(conn).await?.unwrap_or_default())
    }

    /// Remembers a number.
    pub async fn set(self, tx: &Tx, value: i64) -> anyhow::Result<()> {
        tx.execute(
            "INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![self.name(), value],
        )
        .await?;
        Ok(())
    }
}

/// Fails where a seed of other numbers was begun in this database.
pub async fn ensure_same(conn: &Conn, asked: &Asked) -> anyhow::Result<()> {
    if Mark::Now.find(conn).await?.is_none() {
        return Ok(());
    }
    let (clicks, leads) = (Mark::Clicks.get(conn).await?, Mark::Leads.get(conn).await?);
    let deliveries = Mark::Deliveries.get(conn).await?;
    let is_same = clicks == i64::try_from(asked.clicks)?
        && leads == i64::try_from(asked.leads)?
        && asked.deliveries.is_none_or(|asked| i64::try_from(asked).is_ok_and(|asked| asked == deliveries));
    ensure!(
        is_same,
        "this database has a seed of --clicks {clicks} --leads {leads} --deliveries {deliveries}: ask for the same numbers \
         to go on with it, or name another folder or database"
    );
    Ok(())
}
