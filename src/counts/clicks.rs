//! Counts clicks: noted in the transaction that stores them, and added to their counts soon after, many at once.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use crate::core::Core;
use crate::db::Tx;
use crate::domain::counts::{At, Deltas};
use crate::domain::ids::ProjectId;
use crate::store::counts;
use crate::store::uncounted_clicks::{self, CountedClick};

/// Clicks of one transaction that counts them: it holds the only writer of SQLite for some milliseconds.
const COUNTED_AT_ONCE: u32 = 1_000;

/// Notes clicks that are to be counted, in the transaction that stores them: one row each at the end of a table. What they add to is
/// scattered, and written once for many of them.
pub async fn note_clicks(tx: &Tx, clicks: &[CountedClick]) -> anyhow::Result<()> {
    uncounted_clicks::insert(tx, clicks).await?;
    Ok(())
}

/// Counts some of the clicks that were noted; `false` where there are none.
pub async fn count_noted(core: &Core) -> anyhow::Result<bool> {
    let project = core.db.read(async |conn| Ok(uncounted_clicks::first_project(conn).await?)).await?;
    let Some(project) = project else { return Ok(false) };
    let inside = core.clone();
    let counted = core.db.write(async move |tx| {
        let clicks = uncounted_clicks::take(tx, project, COUNTED_AT_ONCE).await?;
        count_clicks(tx, &inside, &clicks, 1).await?;
        Ok(clicks.len())
    });
    Ok(counted.await? > 0)
}

/// Counts clicks, `times` once, or minus once where they are not to be counted any more. The last that a transaction does but for what
/// waits for nothing.
pub async fn count_clicks(tx: &Tx, core: &Core, clicks: &[CountedClick], times: i64) -> anyhow::Result<()> {
    if clicks.is_empty() {
        return Ok(());
    }
    let zones = zones(tx, clicks.iter().map(|click| click.project)).await?;
    let mut deltas = Deltas::default();
    for click in clicks {
        let at = At::of(click.at, zone_of(&zones, click.project)?);
        deltas.add_clicks(click.project, (click.source, click.ad), at, (times, times * i64::from(click.begins)));
    }
    Ok(counts::add(tx, &deltas, slot(tx, core)).await?)
}

/// The zones of projects whose counts change.
pub(super) async fn zones(
    tx: &Tx,
    projects: impl Iterator<Item = ProjectId>,
) -> anyhow::Result<BTreeMap<ProjectId, TimeZone>> {
    let projects: Vec<_> = projects.collect::<BTreeSet<_>>().into_iter().collect();
    let zones = counts::zones(tx, &projects).await?;
    zones.into_iter().map(|(project, name)| Ok((project, TimeZone::get(&name)?))).collect()
}

/// The zone of a project of a batch.
pub(super) fn zone_of(zones: &BTreeMap<ProjectId, TimeZone>, project: ProjectId) -> anyhow::Result<&TimeZone> {
    zones.get(&project).with_context(|| format!("project {project} is not there any more"))
}

/// Who writes: on PostgreSQL a node never waits for another's row.
pub(super) fn slot(tx: &Tx, core: &Core) -> i64 {
    if tx.is_postgres() { core.row_keys.node() } else { 0 }
}
