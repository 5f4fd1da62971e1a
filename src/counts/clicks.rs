//! Counts clicks in the transaction that stores them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use crate::core::Core;
use crate::db::Tx;
use crate::domain::counts::{At, Deltas};
use crate::domain::ids::{AdId, ProjectId, SessionId, SourceId};
use crate::domain::time::Timestamp;
use crate::store::counts;

/// A click that is stored.
#[derive(Clone, Copy, Debug)]
pub struct CountedClick {
    /// Its project.
    pub project: ProjectId,
    /// Its session.
    pub session: SessionId,
    /// Where its session came from.
    pub source: SourceId,
    /// The ad that its session came by.
    pub ad: Option<AdId>,
    /// When it happened.
    pub at: Timestamp,
    /// Whether it began its session.
    pub begins: bool,
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
